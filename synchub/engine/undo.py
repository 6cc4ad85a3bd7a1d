"""Plan the way back of a run: what it overwrote is restored, what it linked let go, what it created retired.

The way back is a plan like any other, previewed, stored and applied by the same code. It is made from the rows that the
run delivered, each with the values it found (pre-images), and from what the objects hold now: a field that holds
something else than the run wrote was edited since, by a person or by a later run, and is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synchub.domain.plan import FieldChange, Op, PlanRow, RowState, TargetObject, Value
from synchub.engine.contact import TargetJob, pinned
from synchub.engine.gone import ABSENCE
from synchub.engine.plan import seal
from synchub.engine.references import PHASE, waits_for
from synchub.engine.shape import SCHEMA
from synchub.engine.summary import Summary
from synchub.mapports import ObjectIdentity
from synchub.ports import Clock
from synchub.stores import ObjectRow, PlanState, State

_CHUNK = 500
_EXAMPLES = 5  # shown of each reason
_GONE: dict[str, Any] = {"lifecycle": "retired", "operational_status": "retired", "status": "terminated"}


@dataclass(slots=True)
class Left:
    """What stays as it is, by reason: how many, and a few of them in words."""

    reasons: dict[str, tuple[int, list[str]]] = field(default_factory=dict)

    def add(self, why: str, what: str, count: int = 1) -> None:
        """Count something that stays."""
        number, examples = self.reasons.get(why, (0, []))
        self.reasons[why] = (number + count, examples if len(examples) == _EXAMPLES else [*examples, what])

    def as_list(self) -> list[dict[str, Any]]:
        """Return it as JSON, the most first."""
        ordered = sorted(self.reasons.items(), key=lambda item: (-item[1][0], item[0]))
        return [{"why": why, "count": count, "examples": examples} for why, (count, examples) in ordered]


def plan_undo(job: TargetJob, state: State, clock: Clock, run: int, undone: int) -> PlanState:
    """Plan the way back of what a run did to one target; nothing is written to it.

    Args:
        job: The target.
        state: All stores.
        clock: Time.
        run: The run that plans.
        undone: The run that is undone.

    Returns:
        A plan to be applied like any other. `summary["undoes"]` says what it restores (`restored` fields, `retired` and
        `unlinked` objects), what `cannot` be undone, and what is `kept` because it was edited since.

    Raises:
        WrongInstance: Another instance than the pinned one answers.
        ConnectorError: The target cannot be read.
    """
    target = pinned(job, state)
    number = state.plans.create(target.id, run, clock.now(), job.config, undoes=undone)
    can = job.target.capabilities()
    summary = Summary(job.name, can.rows_per_request or can.batch)
    work = _Undoing(job, state, target.id, undone)
    entities = state.plans.delivered_entities(target.id, undone)
    for start in range(0, len(entities), _CHUNK):
        rows = work.rows(entities[start : start + _CHUNK])
        summary.looked_at += len(entities[start : start + _CHUNK])
        summary.add_all(rows)
        state.plans.add(number, rows)
    told = {
        "run": undone,
        "cannot": work.cannot.as_list(),
        "kept": work.kept.as_list(),
        "restored": work.restored,
        "retired": work.counts[Op.RETIRE],
        "unlinked": work.counts[Op.UNLINK],
    }
    return seal(job, state, clock, number, run, target.planned_rev, {**summary.as_dict(), "undoes": told})


@dataclass(slots=True)
class _Deed:
    """What a run did to one object, over all of its rows.

    Attributes:
        row: The last of them.
        changes: Target field -> what it held before, and what the run left there.
        kind: How the object came to the thing: `created` or `adopted` by the run; empty: it was there.
    """

    row: PlanRow
    changes: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    kind: str = ""
    deleted: bool = False
    filled: bool = False  # a counterpart that the target made, or that was found beside another object

    def add(self, row: PlanRow) -> None:
        """Take one more row, in the order of delivery."""
        self.row = row
        if row.op in (Op.CREATE, Op.INSERT):
            self.kind = "created"
        elif row.op is Op.LINK:
            self.kind = self.kind or "adopted"
        self.deleted |= row.op is Op.DELETE
        self.filled |= row.object_id is None and row.op is Op.UPDATE
        for name, change in row.changes.items():
            first = self.changes[name][0] if name in self.changes else change.old
            self.changes[name] = (first, change.new)

    @property
    def label(self) -> str:
        """What a person calls the object."""
        return f"{self.row.label or self.row.entity} ({self.row.kind})"


class _Undoing:
    """Makes the rows of the way back and numbers them: fields first, then what the run created, then links."""

    def __init__(self, job: TargetJob, state: State, target: int, undone: int) -> None:
        self._job, self._state, self._target, self._undone = job, state, target, undone
        self._facets = {(cls, f.facet): f for cls in job.classes for f in job.maps.facets(cls)}
        self._next = {Op.UPDATE: 0, Op.RETIRE: PHASE, Op.UNLINK: 2 * PHASE}
        self.cannot, self.kept = Left(), Left()
        self.restored = 0
        self.counts = dict.fromkeys(self._next, 0)

    def rows(self, entities: Sequence[int]) -> list[PlanRow]:
        """Plan the way back of some entities."""
        deeds = self._deeds(entities)
        linked = {
            (entity, o.facet or ""): o
            for entity, objects in self._state.targets.linked(self._target, entities).items()
            for o in objects
        }
        meant = [d.changes[n][1] for d in deeds.values() for n in d.changes if waits_for(d.changes[n][1]) is not None]
        ids = self._state.targets.object_ids(self._target, sorted({e for v in meant if (e := waits_for(v))}))
        found = self._read([(d, linked[key]) for key, d in deeds.items() if key in linked])
        made: list[PlanRow] = []
        for key, deed in deeds.items():
            if deed.deleted:
                self.cannot.add("deleted objects", deed.label)
            elif key not in self._known(deeds, linked):
                self.cannot.add("objects that belong to another thing, or to none, by now", deed.label)
            elif key not in found:
                self.cannot.add("objects that are gone, or hidden from this user", deed.label)
            else:
                made += self._undo(deed, linked[key], found[key], ids)
        return made

    def _known(
        self, deeds: Mapping[tuple[int, str], _Deed], linked: Mapping[tuple[int, str], ObjectRow]
    ) -> set[tuple[int, str]]:
        return {
            key for key, deed in deeds.items()
            if key in linked and deed.row.object_id in (None, linked[key].object_id)
        }  # fmt: skip

    def _deeds(self, entities: Sequence[int]) -> dict[tuple[int, str], _Deed]:
        deeds: dict[tuple[int, str], _Deed] = {}
        for row in self._state.plans.delivered(self._target, self._undone, entities):
            if row.cls == SCHEMA:
                self.cannot.add("additions to the target's own schema", row.label or row.kind)
            elif (row.cls, row.facet) not in self._facets:
                self.cannot.add("classes that the target does not take any more", row.label)
            else:
                deeds.setdefault((row.entity, row.facet), _Deed(row)).add(row)
        return deeds

    def _read(self, some: Sequence[tuple[_Deed, ObjectRow]]) -> dict[tuple[int, str], TargetObject]:
        """Read what the objects hold now."""
        kinds: dict[str, list[tuple[_Deed, ObjectRow]]] = {}
        for deed, item in some:
            kinds.setdefault(item.cls or item.kind, []).append((deed, item))
        found: dict[tuple[int, str], TargetObject] = {}
        for kind, pairs in kinds.items():
            reads = tuple(sorted({name for deed, _ in pairs for name in self._facet(deed).reads}))
            objects = self._job.target.fetch(kind, reads, [item.object_id for _, item in pairs])
            found |= {
                (deed.row.entity, deed.row.facet): objects[item.object_id]
                for deed, item in pairs
                if item.object_id in objects
            }
        return found

    def _facet(self, deed: _Deed) -> ObjectIdentity:
        return self._facets[deed.row.cls, deed.row.facet]

    def _undo(
        self, deed: _Deed, linked: ObjectRow, now: TargetObject, ids: Mapping[tuple[int, str], str]
    ) -> Iterator[PlanRow]:
        if deed.filled and not deed.kind:
            deed.kind = "created" if linked.origin == "created" else "adopted"
        if deed.kind == "created":
            yield from self._retire(deed, linked, now)
            return
        if changes := self._restored(deed, now, ids):
            yield self._row(Op.UPDATE, deed, linked, changes)
        if deed.kind == "adopted":
            yield self._row(Op.UNLINK, deed, linked, {})

    def _restored(self, deed: _Deed, now: TargetObject, ids: Mapping[tuple[int, str], str]) -> dict[str, FieldChange]:
        facet = self._facet(deed)
        changes: dict[str, FieldChange] = {}
        for name, (old, new) in deed.changes.items():
            if waits_for(new) is not None:
                new = ids.get((waits_for(new) or 0, new.get("$facet", "record")))
            if name not in now.fields or name not in facet.fields:
                self.cannot.add("fields that are hidden, or not mapped any more", f"{deed.label} {name}")
            elif facet.same(name, old, now.fields[name]):
                continue  # it holds that already
            elif not facet.same(name, new, now.fields[name]):
                self.kept.add("fields that were edited since", f"{deed.label} {name}")
            elif deed.row.cls == "ticket" and name == "comment":
                self.cannot.add("comments", deed.label)
            else:
                changes[name] = FieldChange(now.fields[name], old, "", f"undoes run {self._undone}")
        self.restored += len(changes)
        return changes

    def _retire(self, deed: _Deed, linked: ObjectRow, now: TargetObject) -> Iterator[PlanRow]:
        """Retire what the run created, unless somebody worked on it since."""
        facet = self._facet(deed)
        if deed.row.cls == "ticket":
            self.cannot.add("tickets", deed.label)
            return
        base = linked.base or {}
        if any(n in now.fields and n in facet.fields and not facet.same(n, v, now.fields[n]) for n, v in base.items()):
            self.kept.add("created objects that were edited since", deed.label)
            return
        changes = {
            name: FieldChange(now.fields.get(name), value, ABSENCE, f"undoes run {self._undone}")
            for name, value in gone_values(facet).items()
            if name in now.fields and not facet.same(name, value, now.fields[name])
        }
        if changes:
            yield self._row(Op.RETIRE, deed, linked, changes)
        else:
            self.cannot.add("created objects of a kind that has no field for `retired`", deed.label)

    def _row(self, op: Op, deed: _Deed, linked: ObjectRow, changes: dict[str, FieldChange]) -> PlanRow:
        n = self._next[op]
        self._next[op] += 1
        self.counts[op] += 1
        row = deed.row
        kind = linked.cls or linked.kind
        return PlanRow(
            n, row.entity, row.cls, row.facet, kind, op, linked.object_id, changes, row.label, RowState.PENDING
        )  # fmt: skip


def gone_values(facet: ObjectIdentity) -> dict[str, Value]:
    """Return the target fields, with their values, by which an object says that its thing is retired."""
    desired = facet.desired(dict(_GONE))
    return {
        name: value
        for name, value in desired.items()
        if isinstance(value, str | int | bool) and _GONE.keys() & set(facet.fields[name].sources)
    }
