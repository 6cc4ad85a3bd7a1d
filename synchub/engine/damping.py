"""Keep fields from flipping between sources, and give fields to the source that a person chose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from synchub.domain.frozen import Frozen
from synchub.domain.model import VOLATILE
from synchub.domain.records import CLEAR, Contribution
from synchub.engine.decided import Decided
from synchub.reconcile.damping import WINDOW, agreed, contested, rule_text, sayer, turns_back
from synchub.reconcile.merge import Golden
from synchub.reconcile.rules import Rules
from synchub.stores import EntityBatch, EntityRow, State

Members = Sequence[Contribution]


class _Turn(NamedTuple):
    """An entity of which fields changed value and winner: its place in the list, and what is stored."""

    place: int
    old: EntityRow
    members: Members
    golden: Golden
    fields: list[str]


class Damping:
    """Judges golden records before they are stored; asks for history only where a winner changed.

    Args:
        state: All stores.
        rules: Say what each field would follow.
        now: Seconds since 1970 UTC.
        decisions: What people chose.
        calm: The rules are those of the last time; when they are not, what turns was meant to.
    """

    def __init__(self, state: State, rules: Rules, now: int, decisions: Decided, *, calm: bool) -> None:
        self._calm, self._asked = calm, frozenset(decisions.changed)
        self._state, self._rules, self._now, self._decisions = state, rules, now, decisions
        self._frozen = state.entities.frozen()

    def judge(
        self,
        batch: EntityBatch,
        goldens: Sequence[tuple[int | None, Members, Golden, bytes]],
        stored: dict[int, EntityRow],
    ) -> dict[int, Golden]:
        """Return the golden records that are to be others, by their place in the list.

        Args:
            batch: Takes what is frozen and thawed.
            goldens: (entity or None for a new one, its records, golden record, its winners as they are stored).
            stored: What is stored of them.
        """
        result: dict[int, Golden] = {}
        turned: list[_Turn] = []
        for place, (entity, members, golden, winners) in enumerate(goldens):
            chosen = self._chosen(entity, members, golden, batch)
            if chosen is not golden:
                result[place] = chosen
            old = stored.get(entity) if entity is not None else None
            if old is None or len(members) == 1 or old.winners == winners or not self._calm:
                continue
            if not self._asked.isdisjoint(m.record for m in members):
                continue  # a person has just decided
            names = {m.record: m.source for m in members}
            after = {name: names[record] for name, record in chosen.winners.items() if record in names}
            fields = contested(orjson.loads(old.winners), after, orjson.loads(old.doc), chosen.fields)
            if fields:
                turned.append(_Turn(place, old, members, chosen, fields))
        if turned:
            self._freeze(batch, turned, result)
        return result

    def kept(self, entity: int, members: Members) -> frozenset[str]:
        """List the fields that people gave to a source, or that are frozen."""
        return frozenset([*self._decisions.sources(members), *self._frozen.get(entity, ())])

    def _chosen(self, entity: int | None, members: Members, golden: Golden, batch: EntityBatch) -> Golden:
        """Apply what people chose and what is frozen."""
        sources = self._decisions.sources(members)
        for name, source in sources.items():
            golden = _given(golden, name, sayer(name, members, source))
        if entity is None:
            return golden
        for name, frozen in self._frozen.get(entity, {}).items():
            rule = rule_text(self._rules.classes[golden.cls].rule(name))
            if name in sources or frozen.rule != rule or agreed(name, members, golden.fields.get(name)):
                batch.thawed.append((entity, name))
            else:
                golden = _held(golden, name, frozen, members)
        return golden

    def _freeze(self, batch: EntityBatch, turned: Sequence[_Turn], result: dict[int, Golden]) -> None:
        earlier: dict[tuple[int, str], list[tuple[Any, Any]]] = {}
        seen = {turn.old.id: self._seen(turn) for turn in turned}
        for entity, at, changes in self._state.entities.changes(sorted(seen), min(seen.values()) - WINDOW):
            if at >= seen[entity] - WINDOW:
                for name, (old, new) in changes.items():
                    earlier.setdefault((entity, name), []).append((old, new))
        for place, row, members, golden, fields in turned:
            doc, winners = orjson.loads(row.doc), orjson.loads(row.winners)
            names = {m.record: m.source for m in members}
            chosen = self._decisions.sources(members)
            for name in fields:
                old, new = doc[name], golden.fields[name]
                if (row.id, name) in batch.thawed or name in chosen or name in VOLATILE[golden.cls]:
                    continue
                if not turns_back(earlier.get((row.id, name), ()), old, new):
                    continue
                rule = rule_text(self._rules.classes[golden.cls].rule(name))
                frozen = Frozen(old, winners[name], names[golden.winners[name]], new, rule, self._now)
                batch.frozen.append((row.id, name, frozen))
                golden = result[place] = _held(golden, name, frozen, members)

    def _seen(self, turn: _Turn) -> int:
        """Return when the newest of the winning values was observed: the window is counted from there."""
        records = {turn.golden.winners[name] for name in turn.fields}
        return max((m.observed_at for m in turn.members if m.record in records), default=0) or self._now


def _held(golden: Golden, name: str, frozen: Frozen, members: Members) -> Golden:
    speaker = sayer(name, members, frozen.source) or members[0]
    fields = {**golden.fields, name: frozen.value}
    return golden._replace(fields=fields, winners={**golden.winners, name: speaker.record})


def _given(golden: Golden, name: str, speaker: Contribution | None) -> Golden:
    """Give a field to a record; where its source says nothing any more the rules go on deciding."""
    if speaker is None or golden.winners.get(name) == speaker.record:
        return golden
    fields = {**golden.fields, name: speaker.fields[name]}
    if speaker.fields[name] == CLEAR:
        del fields[name]
    return golden._replace(fields=fields, winners={**golden.winners, name: speaker.record})
