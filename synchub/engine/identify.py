"""Identify and reconcile what changed: stored, incremental, in flat memory.

Components of records that share an eligible identifier are whole units: each is clustered from scratch by the pure
`cluster`, so the result depends neither on order nor on how the changes arrived. Only components that a change touches
are loaded. A first load, or a change of a large share, goes through the identifier table once instead.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

import orjson
import xxhash

from synchub.domain.model import CLASSES, VOLATILE
from synchub.domain.packed import packed_sorted
from synchub.domain.records import Contribution
from synchub.engine.components import between, find, grouped, slices, unite
from synchub.engine.damping import Damping
from synchub.engine.decided import Decided, decided
from synchub.engine.disputes import Disputes
from synchub.engine.hubkeys import found as found_keys
from synchub.engine.pace import seldom_collected
from synchub.ports import Clock, Progress
from synchub.reconcile.absence import Absent, missing_since, speaking
from synchub.reconcile.assign import Assignment, assign
from synchub.reconcile.cluster import NONE, Cluster, cluster, plainly_one
from synchub.reconcile.identifiers import JOINING, identifiable, joining_hashes, kind_of, limit
from synchub.reconcile.merge import Golden, merge
from synchub.reconcile.rules import Rules
from synchub.stores import EntityBatch, EntityRow, NewEntity, State

_SLICE = 3000  # records whose components are resolved in one transaction
_EVERYTHING = 0.3  # share of dirty records beyond which one pass over all identifiers is cheaper
_SORTED = orjson.OPT_SORT_KEYS
_digest = xxhash.xxh3_128_digest


@dataclass(slots=True)
class IdentifyCounts:
    """What identification and reconciliation did.

    Attributes:
        records: Records looked at.
        entities: Entities looked at.
        created: New entities.
        changed: Entities of which a value changed.
        merged: Entities that became part of another one.
        parked: Entities without identity, or of a class that none of their sources may create: not delivered.
        shared: Identifiers held too often to identify anything.
        missing: Entities that are missing now and were not.
        split: Entities whose records are several entities now.
        new_rules: The rules are others than the last time, so that everything was looked at again.
    """

    records: int = 0
    entities: int = 0
    created: int = 0
    changed: int = 0
    merged: int = 0
    parked: int = 0
    shared: int = 0
    missing: int = 0
    split: int = 0
    new_rules: bool = False


@seldom_collected
def identify(
    state: State,
    rules: Rules,
    clock: Clock,
    run: int,
    *,
    progress: Progress | None = None,
    slice_size: int = _SLICE,
) -> IdentifyCounts:
    """Bring the entities up to what the ledger says now, and to what people decided.

    Returns at once when nothing is dirty, nothing fell due, nobody decided anything and the rules are those of the last
    time; under other rules everything is looked at again.

    Args:
        state: All stores.
        rules: Identification and reconciliation rules.
        clock: Time.
        run: The run.
        progress: Told how far it is.
        slice_size: Records whose components are resolved in one transaction; fewer changes than this never make a
            pass over all records.
    """
    now = clock.now()
    state.ledger.age(now, rules.absence.limits())
    pending = state.identity.pending()
    due = state.entities.due(now)
    before = state.identity.rules()
    ruled = before in ("", rules.fingerprint)
    decisions = decided(state)
    work = Identification(state, rules, now, run, decisions, progress, slice_size)
    if not pending.records and not due and ruled and not decisions.changed:
        return work.counts
    cut_off = state.identity.unsettle()
    work.counts.new_rules = not ruled
    work.absent = state.ledger.absences()
    last = state.identity.last_record()
    if not ruled or pending.records > max(slice_size, pending.total * _EVERYTHING):
        work.everything(last, known=cut_off or before != "")
    else:
        # What an identification that was cut off had touched is not known any more.
        work.incremental(due, propose_all=cut_off)
    state.identity.settle(last, rules.fingerprint, decisions.upto)
    work.counts.shared = len(work.shared)
    return work.counts


class Identification:
    """One pass of identification."""

    def __init__(
        self,
        state: State,
        rules: Rules,
        now: int,
        run: int,
        decisions: Decided,
        progress: Progress | None,
        slice_size: int,
    ) -> None:
        self.state, self.rules, self.now, self.run, self.decisions = state, rules, now, run, decisions
        self.progress = progress
        self.shared: set[int] = set()
        self.absent: Absent = {}
        self.touched: set[int] = set()  # entities whose proposals may be others now
        self.fresh: set[int] = set()  # records that are new or changed, where changes are looked at one by one
        self.entity_of = array("q")  # record -> entity, where all records are looked at
        self.slice = slice_size
        self.damping = Damping(state, rules, now, decisions, calm=state.identity.rules() in ("", rules.fingerprint))
        self.disputes = Disputes(state, rules, now)
        self.known = True  # there may be entities already
        self.counts = IdentifyCounts()

    # --- all records --------------------------------------------------------------------------------------------------

    def everything(self, last: int, *, known: bool) -> None:
        """Go through all identifiers once and resolve all components.

        Args:
            last: The highest record.
            known: There may be entities already.
        """
        identity = self.state.identity
        self.known = known
        self.entity_of = array("q", bytes(8 * (last + 1)))
        parent = array("q", range(last + 1))
        shared: list[tuple[int, int]] = []
        for hash_, records in identity.groups():
            if len(records) > limit(kind_of(hash_)):
                shared.append((hash_, len(records)))
            else:
                unite(parent, records)
        identity.replace_shared(shared)
        self.shared = {hash_ for hash_, _ in shared}
        if known:  # members of one entity stay together, so that only one component can claim its id
            self._unite_members(parent, last)
        for pair in self.decisions.pairs():
            if max(pair) <= last:
                unite(parent, pair)
        roots = array("q", [find(parent, i) for i in range(last + 1)])
        order = sorted(range(1, last + 1), key=roots.__getitem__)
        part: list[int] = []
        for position, record in enumerate(order):
            if len(part) >= self.slice and roots[record] != roots[order[position - 1]]:
                self._load_and_resolve(part, roots, known)
                part = []
                if self.progress:
                    self.progress("identify", position, last)
            part.append(record)
        if part:
            self._load_and_resolve(part, roots, known)
        self._propose_everything()

    def _unite_members(self, parent: array[int], last: int) -> None:
        for start in range(1, last + 1, 20_000):
            entities = self.state.identity.entities_of(range(start, min(start + 20_000, last + 1)))
            by_entity: dict[int, int] = {}
            for record, entity in entities.items():
                first = by_entity.setdefault(entity, record)
                if first != record:
                    unite(parent, (first, record))
            for entity, records in self.state.identity.members_of(list(by_entity)).items():
                unite(parent, (by_entity[entity], *records))

    def _load_and_resolve(self, records: Sequence[int], roots: Sequence[int], known: bool) -> None:
        components: dict[int, list[Contribution]] = {}
        for item in self.state.identity.contributions(records):
            components.setdefault(roots[item.record], []).append(item)
        self._resolve(list(components.values()), self.state.identity.entities_of(records) if known else {})

    # --- what changed -------------------------------------------------------------------------------------------------

    def incremental(self, due: Sequence[int], *, propose_all: bool = False) -> None:
        """Resolve the components that changes touch."""
        identity = self.state.identity
        self.shared = identity.shared()
        pending = array("q", identity.dirty(10**9))
        removed = identity.removed()
        if self._flip(pending, removed):
            pending = array("q", identity.dirty(10**9))
        pending.extend(self.decisions.changed)
        self.fresh.update(pending)
        pending.extend(due)
        gone = [h for h in removed if h not in self.shared and kind_of(h) in JOINING]
        for start in range(0, len(gone), 10_000):
            pending.extend(record for _, record in identity.holders(gone[start : start + 10_000]))
        done: set[int] = set()
        position = 0
        while position < len(pending):
            part: dict[int, None] = {}
            while position < len(pending) and len(part) < self.slice:
                if pending[position] not in done:
                    part[pending[position]] = None
                position += 1
            if part:
                done.update(self._closure(list(part)))
            if self.progress:
                self.progress("identify", position, len(pending))
        if propose_all:
            self._propose_everything()
        else:
            self._propose_touched([h for h in removed if kind_of(h) not in JOINING])

    def _flip(self, pending: array[int], removed: Sequence[int]) -> bool:
        """Find identifiers that became shared or stopped being so; their holders become dirty."""
        gained: list[tuple[int, int]] = []
        lost: list[int] = []
        for hashes in slices(self._joining_hashes(pending, removed), 20_000):
            for hash_, holders in self.state.identity.counts(hashes).items():
                over = holders > limit(kind_of(hash_))
                if over != (hash_ in self.shared):
                    gained.append((hash_, holders)) if over else lost.append(hash_)
        if gained or lost:
            self.state.identity.flip(gained, lost)
            self.shared.update(hash_ for hash_, _ in gained)
            self.shared.difference_update(lost)
        return bool(gained or lost)

    def _joining_hashes(self, pending: array[int], removed: Sequence[int]) -> Iterator[int]:
        yield from (h for h in removed if kind_of(h) in JOINING)
        for start in range(0, len(pending), _SLICE):
            found: set[int] = set()
            for item in self.state.identity.contributions(pending[start : start + _SLICE].tolist()):
                found.update(_joining(item))
            yield from found

    def _closure(self, records: list[int]) -> set[int]:
        """Load the whole components around some records and resolve them; returns every record looked at."""
        identity, shared = self.state.identity, self.shared
        loaded: dict[int, Contribution] = {}
        entities: dict[int, int] = {}
        holders: dict[int, list[int]] = {}
        frontier = records
        while frontier:
            fresh = identity.contributions(frontier)
            loaded.update((item.record, item) for item in fresh)
            hashes = {h for item in fresh for h in _joining(item) if h not in shared and h not in holders}
            for hash_, record in identity.holders(list(hashes)):
                holders.setdefault(hash_, []).append(record)
            entities.update(identity.entities_of(frontier))
            mates = identity.members_of(list({entities[r] for r in frontier if r in entities}))
            near = {r for h in hashes for r in holders.get(h, ())} | {r for group in mates.values() for r in group}
            near |= self.decisions.partners(frontier)
            frontier = sorted(near - loaded.keys())
        parent = {record: record for record in loaded}
        for group in (*holders.values(), *grouped(entities).values(), *self.decisions.among(loaded).together):
            unite(parent, [r for r in group if r in parent])
        components: dict[int, list[Contribution]] = {}
        for record, item in loaded.items():
            components.setdefault(find(parent, record), []).append(item)
        self._resolve(list(components.values()), entities)
        return set(loaded) | set(records)

    # --- both ---------------------------------------------------------------------------------------------------------

    def _resolve(self, components: Sequence[Sequence[Contribution]], entity_of: dict[int, int]) -> None:
        batch = EntityBatch()
        goldens: list[tuple[int | None, Cluster, Golden]] = []
        merged: dict[int, int | None] = {}
        for component in components:
            clusters = self._cluster(component)
            ids: Sequence[int | None] = [None] * len(clusters)
            if entity_of:
                old = {item.record: entity_of[item.record] for item in component if item.record in entity_of}
                if old:
                    given = assign(clusters, old, {entity: entity for entity in old.values()})
                    if given.split:
                        self.counts.split += len(given.split)
                        given = self._apart(clusters, old, given)
                        batch.revived += [e for e in given.ids if e is not None and e not in old.values()]
                    ids = given.ids
                    merged.update((e, into) for e, into in given.merged.items() if e in old.values())
            for entity, found in zip(ids, clusters, strict=True):
                goldens.append((entity, found, merge(speaking(found.members, self.absent), self.rules, self.now)))
            self.counts.records += len(component)
        self._collect(batch, goldens, merged, entity_of)
        batch.done = [item.record for component in components for item in component] if entity_of else []
        self.state.entities.write(self.run, self.now, batch)

    def _apart(self, clusters: Sequence[Cluster], old: dict[int, int], given: Assignment) -> Assignment:
        """Give the parts of what comes apart the ids that they had before they were merged."""
        were = self.state.identity.came_from([r for r, entity in old.items() if entity in given.split])
        return assign(clusters, old | were, {e: e for e in {*old.values(), *were.values()}}) if were else given

    def _cluster(self, component: Sequence[Contribution]) -> list[Cluster]:
        if len(component) == 1:
            return [Cluster(tuple(component))]
        hardware = self.rules.identify["hardware"]
        decisions = self.decisions.among(item.record for item in component)
        if decisions is NONE and plainly_one(component, shared=self.shared, rules=hardware):
            return [Cluster(tuple(sorted(component, key=_place)))]
        families: dict[str, list[Contribution]] = {}
        for item in component:
            families.setdefault(CLASSES[item.cls].family, []).append(item)
        result: list[Cluster] = []
        for family, items in sorted(families.items()):
            result += cluster(items, shared=self.shared, rules=self.rules.identify[family], decisions=decisions)
        return result

    def _collect(
        self,
        batch: EntityBatch,
        goldens: Sequence[tuple[int | None, Cluster, Golden]],
        merged: dict[int, int | None],
        entity_of: dict[int, int],
    ) -> None:
        """Compare golden records with what is stored and gather what has to be written."""
        entities = self.state.entities
        stored = entities.get([entity for entity, _, _ in goldens if entity is not None])
        goldens = self._damped(batch, goldens, stored)
        founded = [found.members for entity, found, _ in goldens if entity is None]
        keys = iter(found_keys(entities, founded, known=self.known) if founded else ())
        number = entities.allocate(len(founded)) if founded else 0
        drafts: list[tuple[Any, ...]] = []
        judged: list[tuple[int, Sequence[Contribution], Golden, frozenset[str]]] = []
        for entity, found, golden in goldens:
            fresh = entity is None
            if entity is None:
                entity, number = number, number + 1
                self.counts.created += 1
            self.counts.entities += 1
            members = found.members
            if self.entity_of:
                for m in members:
                    self.entity_of[m.record] = entity
            if len(members) > 1:
                judged.append((entity, speaking(members, self.absent), golden, self.damping.kept(entity, members)))
            moved = [(m.record, entity) for m in members if fresh or entity_of.get(m.record) != entity]
            if moved:
                batch.members.extend(moved)
                self.touched.add(entity)
                self.touched.update(entity_of[record] for record, _ in moved if record in entity_of)
            doc, hash_ = _document(golden)
            status = self._status(golden, members)
            self.counts.parked += status == "parked"
            sources = ",".join(sorted({m.source for m in members})) if len(members) > 1 else members[0].source
            missing = missing_since(golden.cls, members, self.absent, self.rules.absence)
            old = stored.get(entity)
            was = old.missing_at if old is not None else None
            winners = _sources(golden, members)
            if fresh or not self.fresh.isdisjoint(m.record for m in members):
                self.touched.add(entity)
            if old is not None and (old.hash, old.sources, old.state, old.due_at, old.winners, was) == (
                hash_, sources, status, golden.due_at, winners, missing
            ):  # fmt: skip
                continue
            turned = (was is None) != (missing is None)
            self.counts.missing += turned and missing is not None
            meaning = old is None or old.hash != hash_ or old.state != status or turned
            if old is not None and old.hash != hash_:
                self.counts.changed += 1
                batch.changes.append((entity, _changes(old.doc, golden)))
            drafts.append(
                (
                    entity,
                    golden,
                    doc,
                    hash_,
                    sources,
                    status,
                    old.rev if old is not None and not meaning else None,
                    winners,
                    next(keys) if fresh else None,
                    missing,
                )
            )
        revs = sum(1 for draft in drafts if draft[6] is None)
        rev = entities.allocate_rev(revs) if revs else 0
        for entity, golden, doc, hash_, sources, status, kept, winners, key, missing in drafts:
            mine = kept if kept is not None else rev
            rev += kept is None
            batch.entities.append(
                NewEntity(
                    entity, CLASSES[golden.cls].family, golden.cls, doc, winners, hash_, sources, mine, self.run,
                    golden.due_at, None, status, key, missing,
                )
            )  # fmt: skip
        batch.gone = list(merged.items())
        self.disputes.judge(
            batch, judged, [*merged, *(e for e, c, _ in goldens if e is not None and len(c.members) == 1)]
        )
        self.touched.difference_update(merged)
        self.counts.merged += sum(1 for _, into in batch.gone if into is not None)

    def _damped(
        self,
        batch: EntityBatch,
        goldens: Sequence[tuple[int | None, Cluster, Golden]],
        stored: dict[int, EntityRow],
    ) -> Sequence[tuple[int | None, Cluster, Golden]]:
        """Put in what people chose and what is frozen; see `Damping`."""
        if not stored and not self.decisions.source:
            return goldens
        judged = [(e, c.members, g, _sources(g, c.members)) for e, c, g in goldens]
        others = self.damping.judge(batch, judged, stored)
        return [(e, c, others.get(i, g)) for i, (e, c, g) in enumerate(goldens)] if others else goldens

    def _status(self, golden: Golden, members: Sequence[Contribution]) -> str:
        rules = self.rules.identify[CLASSES[golden.cls].family]
        if not any(rules.creates(m.source, golden.cls) for m in members):
            return "parked"
        if len(members) == 1 and not identifiable(members[0].cls, members[0].fields):
            return "parked"
        return "live"

    def _propose_everything(self) -> None:
        from synchub.engine.propose import propose_groups

        found = self.state.identity.groups_proposing()
        if self.entity_of:
            found = between(found, self.entity_of)
        propose_groups(self.state, self.rules, self.run, found, None, self.decisions)

    def _propose_touched(self, withdrawn: Sequence[int]) -> None:
        from synchub.engine.propose import propose_near

        propose_near(self.state, self.rules, self.run, self.touched, withdrawn, self.decisions)


_place = attrgetter("source", "stream", "key")


def _joining(item: Contribution) -> list[int]:
    return joining_hashes(item.cls, item.fields)


def _document(golden: Golden) -> tuple[bytes, bytes]:
    """Return the document and its hash without what changes all the time; that stands at the end of the document."""
    fields, volatile = golden.fields, VOLATILE[golden.cls]
    head = golden.cls.encode()
    if volatile.isdisjoint(fields):
        doc = packed_sorted(fields)
        return doc, _digest(head + doc)
    stable = dict(fields)
    moving = {name: stable.pop(name) for name in volatile if name in stable}
    doc, tail = orjson.dumps(stable, option=_SORTED), orjson.dumps(moving, option=_SORTED)
    return (doc[:-1] + b"," + tail[1:] if stable else tail), _digest(head + doc)


def _sources(golden: Golden, members: Sequence[Contribution]) -> bytes:
    """Say as JSON which source won each field."""
    winners = golden.winners
    if len(members) == 1:
        return _as_json(tuple(winners), (members[0].source,) * len(winners))
    name = {m.record: m.source for m in members}
    return _as_json(tuple(winners), tuple([name[record] for record in winners.values()]))


@lru_cache(8192)
def _as_json(fields: tuple[str, ...], sources: tuple[str, ...]) -> bytes:
    return packed_sorted(dict(zip(fields, sources, strict=True)))


def _changes(old_doc: bytes, golden: Golden) -> bytes:
    old = orjson.loads(old_doc)
    volatile = VOLATILE[golden.cls]
    names = sorted(name for name in old.keys() | golden.fields.keys() if name not in volatile)
    return orjson.dumps(
        {name: (old.get(name), golden.fields.get(name)) for name in names if old.get(name) != golden.fields.get(name)}
    )
