"""After a plan's rows were sent: what the target answered, and what both sides agree on from now on (the base)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from synchub.domain.hubkey import hub_of
from synchub.domain.plan import Op, Outcome, PlanRow, RowState, TargetObject, Value
from synchub.engine.contact import TargetJob
from synchub.engine.duplicates import marks
from synchub.engine.gone import ABSENCE, kept
from synchub.engine.hubkeys import HubKeys
from synchub.mapports import ObjectIdentity
from synchub.ports import Clock
from synchub.stores import DeliveryBatch, ObjectRow, PlanState, State

_CREATE, _INSERT = Op.CREATE, Op.INSERT  # looking members up costs more
_APPLIED, _UNCHANGED = RowState.APPLIED, RowState.UNCHANGED


@dataclass(slots=True)
class DeliveryCounts:
    """What became of a plan's rows, by state, and by operation for those that were applied; see `note`.

    `paused` says who stopped the delivery before its end; empty: nobody did.
    """

    states: dict[str, int] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    written_over: dict[str, int] = field(default_factory=dict)
    paused: str = ""

    def note(self, what: str, count: int = 1) -> None:
        """Count values of other people that were written over (`policy`, `race`), or put back (`back`)."""
        if count:
            self.written_over[what] = self.written_over.get(what, 0) + count

    def add(self, row: PlanRow, state: RowState) -> None:
        """Count one row."""
        name = state._value_
        self.states[name] = self.states.get(name, 0) + 1
        if state is _APPLIED:
            op = "create" if row.op is _INSERT else row.op._value_
            self.applied[op] = self.applied.get(op, 0) + 1


class Outcomes:
    """What became of the rows of one delivery.

    Attributes:
        counts: So far.
        keys: What the objects carry; learned for each slice.
        done: Rows whose object holds what they wanted.
        echoes: Rows about objects that the target made itself on the hub's account; what stands there nobody typed.
    """

    def __init__(self, job: TargetJob, state: State, plan: PlanState, clock: Clock, run: int) -> None:
        self.job, self.state, self.plan, self.clock, self.run = job, state, plan, clock, run
        self.counts = DeliveryCounts()
        self.keys = HubKeys(job.hub_id, state.entities)
        self.done = 0
        self.echoes: set[int] = set()
        self._facets: dict[tuple[str, str], ObjectIdentity] = {
            (cls, f.facet): f for cls in job.classes for f in job.maps.facets(cls)
        }
        self._bases: dict[tuple[int, str | None], dict[str, Any] | None] = {}
        self._refusals: dict[tuple[int, str | None], dict[str, Any]] = {}
        self._gone: dict[tuple[int, str | None], dict[str, Value]] = {}
        self._signed: dict[tuple[int, str | None], tuple[str, int]] = {}
        self._seen: dict[str, dict[str, Any]] = {}  # object id -> what the plan saw, of rows that link and write

    def link(self, rows: Sequence[PlanRow]) -> None:
        """Adopt objects that need no write: the base is what both sides agree on."""
        if not rows:
            return
        batch = DeliveryBatch()
        known = self.state.targets.by_object_id(self.plan.target, [r.object_id for r in rows if r.object_id])
        self.learn_bases(rows)
        for row in rows:
            item = known.get(row.object_id or "")
            if item is None or item.entity not in (None, row.entity):
                note = (
                    "the object is not known any more" if item is None else "the object belongs to another thing by now"
                )
                self.missed(batch, row, RowState.DRIFTED, note)
            else:
                self._seen[item.object_id] = item.fields
                self.applied(batch, row, _as_target(item), {}, {}, item.origin)
        self.store(batch)

    def unlink(self, rows: Sequence[PlanRow]) -> list[PlanRow]:
        """Let go of objects that a run adopted; returns the rows that do something else."""
        some = [r for r in rows if r.op is Op.UNLINK]
        known = self.state.targets.by_object_id(self.plan.target, [r.object_id for r in some if r.object_id])
        batch = DeliveryBatch()
        for row in some:
            item = known.get(row.object_id or "")
            if item is None or item.entity != row.entity:
                self.missed(batch, row, RowState.DRIFTED, "the object belongs to another thing by now")
            else:
                batch.unlinked.append((item.object_id, item.kind))
                batch.states.append((row.n, _APPLIED, ""))
                self.counts.add(row, _APPLIED)
        if some:
            self.store(batch)
        return [r for r in rows if r.op is not Op.UNLINK]

    def missed(self, batch: DeliveryBatch, row: PlanRow, state: RowState, note: str) -> None:
        """Note a row that was not sent, count it, and have its entity planned again."""
        batch.states.append((row.n, state, note))
        batch.replan.append((row.entity, state.value))
        self.counts.add(row, state)

    def outcome(
        self,
        batch: DeliveryBatch,
        row: PlanRow,
        outcome: Outcome,
        sent: dict[str, Value],
        existing: TargetObject | None,
        now: int,
    ) -> None:
        """Note what the target answered to one row.

        Args:
            batch: Gathers what is stored together.
            row: The plan row.
            outcome: The answer.
            sent: What was sent.
            existing: The object as it was read right before; None for creates.
            now: Seconds since 1970 UTC.
        """
        if row.op is Op.DELETE and outcome.state in (_APPLIED, _UNCHANGED):
            batch.deleted.append((str(row.object_id), self.facet(row).read_kind))
            batch.states.append((row.n, outcome.state, outcome.message[:500]))
            self.counts.add(row, outcome.state)
            return
        if (outcome.state is _APPLIED or outcome.state is _UNCHANGED) and outcome.object_id:
            fields, counterpart = sent, outcome.counterpart
            if existing is not None:
                fields, counterpart = {**existing.fields, **sent}, counterpart or existing.counterpart
            if outcome.fields or outcome.refused:
                fields = {**fields, **outcome.fields}
            refused = {}
            for name, reason in outcome.refused.items():
                refused[name] = {"reason": reason, "wanted": sent.get(name)}
                if name not in outcome.fields:
                    fields.pop(name, None)
            item = TargetObject(
                self.facet(row).read_kind, outcome.object_id, fields, outcome.version, now, None, counterpart, row.kind
            )
            origin = "created" if row.op is _CREATE or row.op is _INSERT else "found"
            item.mark = self.keys.of(row.entity) if origin == "created" else existing.mark if existing else None
            self.applied(batch, row, item, sent, refused, origin, outcome.state, outcome.message)
            return
        if outcome.state is RowState.REFUSED and outcome.refused and existing is not None:
            # Nothing was taken: kept with the object, so that it is not tried again until the wanted value changes.
            refused = {n: {"reason": reason, "wanted": sent.get(n)} for n, reason in outcome.refused.items()}
            self.applied(batch, row, existing, {}, refused, "found", outcome.state, outcome.message)
            return
        batch.states.append((row.n, outcome.state, outcome.message[:500] or "the target gave no reason"))
        self.counts.add(row, outcome.state)
        if outcome.state is RowState.FAILED and not outcome.retryable:
            batch.failed.append((row.entity, row.cls, outcome.message or "the target gave no reason"))
        elif outcome.state in (RowState.FAILED, RowState.DRIFTED, RowState.CONFLICT):
            batch.replan.append((row.entity, outcome.state.value))

    def applied(
        self,
        batch: DeliveryBatch,
        row: PlanRow,
        item: TargetObject,
        sent: dict[str, Value],
        refused: dict[str, dict[str, Any]],
        origin: str,
        state: RowState = RowState.APPLIED,
        note: str = "",
    ) -> None:
        """Note that an object holds what a row wanted: link, base, state, counts.

        Args:
            batch: Gathers what is stored together.
            row: The plan row.
            item: The object as it is now.
            sent: What was written.
            refused: Field -> reason and value, for what the target did not take.
            origin: `created` by the hub (or by the target on its account), or `found`.
            state: State of the row.
            note: Words for the row.
        """
        facet = self.facet(row)
        if (
            item.kind != facet.read_kind
        ):  # one object is one row: later reads of other people's edits come under this kind
            item = replace(item, kind=facet.read_kind, cls=item.cls or row.kind)
        if hub_of(item.mark) == self.job.hub_id:
            origin = "created"
        if row.op is _CREATE or row.op is _INSERT:
            base = item.fields if not refused else {n: v for n, v in item.fields.items() if n not in refused}
        else:
            base = self._agreed(row, item) | self._base(row, facet, item, sent, refused)
            earlier = self._refusals.get((row.entity, row.facet)) or {}
            refused = {**{n: said for n, said in earlier.items() if n not in sent}, **refused}
        entity: int | None = row.entity
        if marks(facet, row):
            entity, base = None, self._marked(item, sent)
        batch.objects.append((entity, row.facet, item, base, refused, origin))  # type: ignore[arg-type]
        self._keep_gone(batch, row, item, sent, refused)
        batch.states.append((row.n, state, note[:500]))
        self.counts.add(row, state)
        self.done += 1

    def agree(self, batch: DeliveryBatch, row: PlanRow, item: TargetObject, sent: dict[str, Value]) -> dict[str, Value]:
        """Note what an object holds of a write whose answer was lost: else the hub's own value would be an edit.

        Returns:
            What it holds of it.
        """
        facet = self.facet(row)
        held = {n: v for n, v in sent.items() if n in item.fields and facet.same(n, v, item.fields[n])}
        key = (row.entity, row.facet)
        if held and key in self._bases and not marks(facet, row):
            refused = self._refusals.get(key) or {}
            item = replace(item, kind=facet.read_kind, cls=item.cls or row.kind)
            batch.objects.append((*key, item, self._base(row, facet, item, held, {}), refused, "found"))
            self._keep_gone(batch, row, item, held, refused)
        return held

    def _marked(self, item: TargetObject, sent: dict[str, Value]) -> dict[str, Any]:
        """Say what is agreed on about a duplicate: what was before the merge, and the mark."""
        known = self.state.targets.by_object_id(self.plan.target, [item.id]).get(item.id)
        return {**((known.base if known else None) or {}), **sent}

    def _keep_gone(
        self, batch: DeliveryBatch, row: PlanRow, item: TargetObject, sent: dict[str, Value], refused: dict[str, Any]
    ) -> None:
        """Keep what absence was written over, until the thing is listed again."""
        key = (row.entity, row.facet)
        before = self._gone.get(key) or {}
        if not before and not any(change.source == ABSENCE for change in row.changes.values()):
            return
        took = {n: c for n, c in row.changes.items() if n in sent and n not in refused}
        after = kept(before, self._bases.get(key), took)
        if after != before:
            batch.gone.append((item.id, item.kind, after))

    def learn_bases(self, rows: Sequence[PlanRow]) -> None:
        """Load bases and earlier refusals of a slice of rows at once; `applied` needs them."""
        entities = list({r.entity for r in rows if r.op not in (Op.CREATE, Op.INSERT)})
        linked = self.state.targets.linked(self.plan.target, entities) if entities else {}
        self._bases = {(e, o.facet): o.base for e, objects in linked.items() for o in reversed(objects)}
        self._refusals = {(e, o.facet): o.refused for e, objects in linked.items() for o in objects if o.refused}
        self._gone = {(e, o.facet): dict(o.gone) for e, objects in linked.items() for o in objects if o.gone}
        self._signed = {
            (e, o.facet): (o.updated_by, o.updated_at) for e, objects in linked.items() for o in objects if o.updated_by
        }
        ids = [r.object_id for r in rows if r.agreed and r.object_id]
        known = self.state.targets.by_object_id(self.plan.target, ids) if ids else {}
        self._seen = {object_id: item.fields for object_id, item in known.items()}

    def base(self, row: PlanRow) -> dict[str, Any]:
        """Return what hub and target last agreed on about a row's object; see `learn_bases`."""
        return self._bases.get((row.entity, row.facet)) or {}

    def signed(self, row: PlanRow) -> tuple[str, int] | None:
        """Return who edited a row's object last, and when, as the last look at the target told; see `learn_bases`."""
        return self._signed.get((row.entity, row.facet))

    def _agreed(self, row: PlanRow, item: TargetObject) -> dict[str, Value]:
        """Return what an adopted object held when the plan found that it is what the hub wants."""
        fields: Mapping[str, Value] = self._seen.get(item.id, item.fields)
        return {name: fields[name] for name in row.agreed if name in fields}

    def _base(
        self, row: PlanRow, facet: ObjectIdentity, item: TargetObject, sent: dict[str, Value], refused: dict[str, Any]
    ) -> dict[str, Value]:
        """Say what hub and target agree on after a write: the old base, what was written, and what is equal anyway."""
        base = dict(self._bases.get((row.entity, row.facet)) or {})
        for name, value in sent.items():
            if (
                (name in facet.fields or name == facet.duplicate)
                and name not in refused
                and facet.same(name, value, item.fields.get(name, value))
            ):
                base[name] = item.fields.get(name, value)
        return base

    def store(self, batch: DeliveryBatch) -> None:
        """Store what has gathered, in one transaction."""
        self.state.plans.deliver(self.plan.target, self.plan.id, self.clock.now(), self.run, batch)

    def knows(self, cls: str, facet: str) -> bool:
        """Tell whether objects of a class and facet are delivered."""
        return (cls, facet) in self._facets

    def facet(self, row: PlanRow) -> ObjectIdentity:
        """Return the target map's say about a row's object."""
        return self._facets[row.cls, row.facet]


def _as_target(row: ObjectRow) -> TargetObject:
    return TargetObject(
        row.kind, row.object_id, row.fields, row.version, row.updated_at, row.updated_by, row.counterpart, row.cls,
        row.mark,
    )  # fmt: skip
