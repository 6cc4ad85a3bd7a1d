"""What identification would do under other rules, found out by doing it without writing.

The stores that identification writes to are replaced by ones that read through to the state and only note what would be
written. So this foretells exactly what `identify` does next: it is the same code. Memory grows with what would change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import orjson

from synchub.engine.decided import decided
from synchub.engine.identify import Identification, IdentifyCounts
from synchub.engine.pace import seldom_collected
from synchub.ports import Clock, Progress
from synchub.reconcile.rules import Rules
from synchub.stores import EntityBatch, EntityRow, NewEntity, State

_EXAMPLES = 3
_SLICE = 3000
_READ_THROUGH = frozenset({"any_dispute", "changes", "disputes", "frozen", "taken"})
_PROVISIONAL = 1 << 50  # numbers of entities that would be new; none of the state is as high


class Turn(NamedTuple):
    """A field of a thing that would follow another source, or have another value.

    Attributes:
        entity: The thing.
        was: Value now; None: none.
        becomes: Value then.
        before: Source that wins now; empty: none.
        after: Source that would win.
    """

    entity: int
    was: Any
    becomes: Any
    before: str
    after: str


@dataclass(slots=True)
class FieldTurns:
    """How one field of a class would turn.

    Attributes:
        winners: Things in which another source would win.
        values: Things in which the value would be another one.
        ways: (source now, source then) -> things, empty for none.
        examples: At most three, those with another value first.
    """

    winners: int = 0
    values: int = 0
    ways: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: list[Turn] = field(default_factory=list)


@dataclass(slots=True)
class Foretold:
    """What identification would do.

    Attributes:
        counts: As `identify` would return them.
        merges: (entity, the one it would become part of).
        splits: Entity -> the entities its records would be in, its own number first; a number that is no entity's yet
            is in `founded`.
        founded: Entity that would be new -> (its family, the entity that most of its records are in now or None).
        fields: (class, field) -> how it turns, in things that neither merge nor split.
        classes: (class now, class then) -> things.
        states: (`live` or `parked` now, the same then) -> things.
        proposed: All merges that would be proposed.
    """

    counts: IdentifyCounts
    merges: list[tuple[int, int]] = field(default_factory=list)
    splits: dict[int, list[int]] = field(default_factory=dict)
    founded: dict[int, tuple[str, int | None]] = field(default_factory=dict)
    fields: dict[tuple[str, str], FieldTurns] = field(default_factory=dict)
    classes: Counter[tuple[str, str]] = field(default_factory=Counter)
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    proposed: list[tuple[int, int, str]] = field(default_factory=list)


@seldom_collected
def rehearse(
    state: State, rules: Rules, clock: Clock, *, progress: Progress | None = None, slice_size: int = _SLICE
) -> Foretold:
    """Tell what identification would do under these rules with all records that are stored; nothing is written.

    It says what `identify` does where the rules are others than those of the last time. Records that were read since
    are looked at as well; absences that come of age only with the next identification are not.

    Args:
        state: All stores.
        rules: The rules to try.
        clock: Time.
        progress: Told how far it is.
        slice_size: Records whose components are looked at together.
    """
    identity = _Identity(state)
    entities = _Entities(state, identity)
    stage = cast("State", _Stage(identity, entities, state.decisions))
    work = Identification(stage, rules, clock.now(), 0, decided(state), progress, slice_size)
    work.absent = state.ledger.absences()
    work.everything(state.identity.last_record(), known=True)
    entities.found.counts = work.counts
    return entities.found


class _Stage(NamedTuple):
    """As much of `State` as identification uses; whatever else it asked for would be an error, not a write."""

    identity: _Identity
    entities: _Entities
    decisions: Any


class _Identity:
    """Identifiers as stored, and members as they would be."""

    def __init__(self, state: State) -> None:
        self._real = real = state.identity
        self.moved: dict[int, int] = {}
        self.joined: dict[int, set[int]] = {}
        self.rules, self.last_record = real.rules, real.last_record
        self.groups, self.groups_proposing = real.groups, real.groups_proposing
        self.contributions, self.came_from = real.contributions, real.came_from

    def replace_shared(self, shared: Sequence[tuple[int, int]]) -> None:
        """Let it be: identification has its own list."""

    def entities_of(self, records: Sequence[int]) -> dict[int, int]:
        """See `Identity.entities_of`."""
        found = self._real.entities_of(records)
        found.update((r, self.moved[r]) for r in records if r in self.moved)
        return found

    def members_of(self, entities: Sequence[int]) -> dict[int, list[int]]:
        """See `Identity.members_of`."""
        found: dict[int, list[int]] = {}
        for entity, records in self._real.members_of([e for e in entities if e < _PROVISIONAL]).items():
            found[entity] = [r for r in records if self.moved.get(r, entity) == entity]
        for entity in entities:
            if entity in self.joined:
                found[entity] = sorted({*found.get(entity, ()), *self.joined[entity]})
        return {entity: records for entity, records in found.items() if records}

    def move(self, members: Iterable[tuple[int, int]]) -> None:
        """Note where records would be."""
        for record, entity in members:
            self.moved[record] = entity
            self.joined.setdefault(entity, set()).add(record)


class _Entities:
    """Entities as stored; what would be written goes to `found`."""

    def __init__(self, state: State, identity: _Identity) -> None:
        self._real, self._identity = state.entities, identity
        self._before = state.identity.entities_of
        self._rows: dict[int, EntityRow] = {}
        self._sources: dict[int, str] = {}
        self._next = _PROVISIONAL
        self.found = Foretold(IdentifyCounts())

    def __getattr__(self, name: str) -> Any:
        """Let what only reads through to the state."""
        if name in _READ_THROUGH:
            return getattr(self._real, name)
        raise AttributeError(name)

    def get(self, ids: Sequence[int]) -> dict[int, EntityRow]:
        """See `Entities.get`; what was loaded last is what the next write is compared with."""
        self._rows = self._real.get(ids)
        return self._rows

    def allocate(self, count: int) -> int:
        """Number entities that would be new."""
        first = self._next
        self._next += count
        return first

    def allocate_rev(self, _count: int) -> int:
        """Number nothing."""
        return 0

    def sources(self, ids: Iterable[int]) -> list[tuple[int, str]]:
        """See `Entities.sources`."""
        wanted = set(ids)
        stored = self._real.sources([e for e in wanted if e not in self._sources])
        return [*stored, *((e, self._sources[e]) for e in wanted if e in self._sources)]

    def propose(self, _run: int, proposals: Iterable[tuple[int, int, str]], _touched: Sequence[int] | None) -> None:
        """Note what would be proposed."""
        self.found.proposed = list(proposals)

    def write(self, _run: int, _at: int, batch: EntityBatch) -> None:
        """Note what a slice would change."""
        before = self._before([record for record, _ in batch.members])
        gone = dict(batch.gone)
        self.found.merges += [(entity, into) for entity, into in batch.gone if into is not None]
        regrouped = {*gone, *gone.values()}
        for entity, parts in _parts(batch.members, before, gone).items():
            regrouped.update((entity, *parts))
            if len(parts) > 1:
                self.found.splits[entity] = parts
        self._identity.move(batch.members)
        mostly = _mostly(batch.members, before)
        for new in batch.entities:
            old = self._rows.get(new.id)
            if old is None:
                self.found.founded[new.id] = new.family, mostly.get(new.id)
            if old is None or old.sources != new.sources:
                self._sources[new.id] = new.sources
            if old is not None and new.id not in regrouped:
                self._compare(old, new)

    def _compare(self, old: EntityRow, new: NewEntity) -> None:
        if old.cls != new.cls:
            self.found.classes[old.cls, new.cls] += 1
        if old.state != new.state:
            self.found.states[old.state, new.state] += 1
        for name, turn in _turns(old, new):
            found = self.found.fields.setdefault((new.cls, name), FieldTurns())
            found.winners += turn.before != turn.after
            found.values += turn.was != turn.becomes
            found.ways[turn.before, turn.after] += 1
            if turn.was != turn.becomes:
                found.examples.insert(min(found.values, _EXAMPLES) - 1, turn)
            else:
                found.examples.append(turn)
            del found.examples[_EXAMPLES:]


def _parts(
    members: Iterable[tuple[int, int]], before: dict[int, int], gone: dict[int, int | None]
) -> dict[int, list[int]]:
    """Say for each entity that records would leave where its records would be, itself first where it stays."""
    found: dict[int, dict[int, None]] = {}
    for record, entity in members:
        if record in before:
            old = before[record]
            found.setdefault(old, {} if old in gone else {old: None})[entity] = None
    return {entity: list(parts) for entity, parts in found.items()}


def _mostly(members: Iterable[tuple[int, int]], before: dict[int, int]) -> dict[int, int]:
    counts: dict[int, Counter[int]] = {}
    for record, entity in members:
        if record in before:
            counts.setdefault(entity, Counter())[before[record]] += 1
    return {entity: some.most_common(1)[0][0] for entity, some in counts.items()}


def _turns(old: EntityRow, new: NewEntity) -> Iterator[tuple[str, Turn]]:
    """Yield (field, how) of the fields that another source wins, or that have another value."""
    if old.winners == new.winners and old.doc == new.doc:
        return
    before, after = orjson.loads(old.winners), orjson.loads(new.winners)
    was, becomes = orjson.loads(old.doc), orjson.loads(new.doc)
    for name in sorted(before.keys() | after.keys() | was.keys() | becomes.keys()):
        turn = Turn(new.id, was.get(name), becomes.get(name), before.get(name, ""), after.get(name, ""))
        if turn.before != turn.after or turn.was != turn.becomes:
            yield name, turn


__all__ = ["FieldTurns", "Foretold", "Turn", "rehearse"]
