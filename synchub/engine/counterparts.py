"""Objects that a target makes beside ours and keeps in step: the asset of a CI, the CI of an asset.

They are found through the target's own reference, linked, and get what only their side carries. Where other people made
one side alone, and the target adds nothing, the hub makes the asset.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from synchub.domain.plan import FieldChange, Op, PlanRow, RowState, TargetObject, Value
from synchub.engine.fellows import Fellows
from synchub.engine.references import waits_for
from synchub.mapports import ObjectIdentity
from synchub.stores import DeliveryBatch, ObjectRow

if TYPE_CHECKING:
    from synchub.engine.deliver import Delivery

_FOUND_WAIT = 8  # seconds to wait for the counterpart of an object that other people made without one
_UNRECOGNISED = "without a serial number or tag of its own the target could not tell to what a counterpart belongs"
_OWN_WAIT = 60  # seconds to wait for the counterpart of an object that the hub made


class Counterparts:
    """The counterparts of one delivery."""

    def __init__(self, delivery: Delivery) -> None:
        self._d = delivery
        self._outcomes = delivery.outcomes
        self._state = delivery.state
        self._plan = delivery.plan

    def run(self, only: Container[int] | None) -> None:
        """Handle every waiting row whose counterpart appears in time; the others wait for the next run.

        Args:
            only: Entities; None for all.
        """
        waited, pause = 0.0, 0.5
        while rows := self._waiting(only):
            missing = self._adopt(rows)
            if waited >= _FOUND_WAIT:
                missing = self._make(missing)
            if not missing:
                return
            if waited >= _OWN_WAIT:
                self._give_up(missing)
                return
            self._d.clock.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, 5.0)

    def _waiting(self, only: Container[int] | None) -> list[PlanRow]:
        rows: list[PlanRow] = []
        after = -1
        while part := self._state.plans.rows(self._plan.id, states=("waiting",), after=after, count=1000):
            after = part[-1].n
            rows += [r for r in part if only is None or r.entity in only]
        return rows

    def _mains(self, rows: Sequence[PlanRow]) -> dict[int, ObjectRow]:
        """Return row number -> the linked object on the other side."""
        linked = self._state.targets.linked(self._plan.target, [r.entity for r in rows])
        return {r.n: o for r in rows for o in linked.get(r.entity, []) if o.facet != r.facet}

    def _adopt(self, rows: Sequence[PlanRow]) -> list[PlanRow]:
        """Handle the rows whose counterpart is there; returns the others."""
        missing: list[PlanRow] = []
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            main = self._mains(part)
            ids = {o.object_id: o.counterpart for o in main.values() if o.counterpart}
            asked = [o for o in main.values() if o.counterpart is None]
            for kind in sorted({o.kind for o in asked}):
                found = self._d.job.target.fetch(kind, ("sys_id",), [o.object_id for o in asked if o.kind == kind])
                ids.update({i: item.counterpart for i, item in found.items() if item.counterpart})
            orphans = [r for r in part if r.n not in main]
            if orphans:
                batch = DeliveryBatch(
                    states=[(r.n, RowState.FAILED, "the object it belongs to was not created") for r in orphans]
                )
                batch.replan = [(r.entity, "failed") for r in orphans]
                self._outcomes.store(batch)
            ready = [(r, str(ids[main[r.n].object_id])) for r in part if r.n in main and ids.get(main[r.n].object_id)]
            missing += [r for r in part if r.n in main and not ids.get(main[r.n].object_id)]
            if ready:
                self._fill(ready, {r.n for r, _ in ready if main[r.n].origin == "created"})
        return missing

    def _fill(self, rows: Sequence[tuple[PlanRow, str]], ours: set[int]) -> None:
        """Link counterparts and write what they lack; what other people filled stays."""
        filled: list[PlanRow] = []
        batch = DeliveryBatch()
        by_kind: dict[str, list[tuple[PlanRow, str]]] = {}
        for row, object_id in rows:
            by_kind.setdefault(row.kind, []).append((row, object_id))
            row.object_id, row.op = object_id, Op.LINK
        taken = self._state.targets.by_object_id(self._plan.target, [i for _, i in rows])
        self._outcomes.learn_bases([row for row, _ in rows])
        for kind, some in by_kind.items():
            reads = tuple(sorted({name for row, _ in some for name in self._outcomes.facet(row).reads}))
            found = self._d.job.target.fetch(kind, reads, [i for _, i in some])
            for row, object_id in some:
                item = found.get(object_id)
                other = taken.get(object_id)
                if item is None or (other is not None and other.entity not in (None, row.entity)):
                    if item is None:
                        batch.states.append((row.n, RowState.FAILED, "its counterpart cannot be read"))
                        batch.replan.append((row.entity, "failed"))
                    else:  # two things share one pair of objects: a person has to say whether they are one
                        batch.states.append((row.n, RowState.CONFLICT, "its counterpart belongs to another thing"))
                        self._outcomes.counts.add(row, RowState.CONFLICT)
                    continue
                # What was there before is other people's, also where the target put it beside an object of ours.
                mine = row.n in ours and (other is None or other.origin == "created")
                self._changes(row, item, ours=mine)
                if mine:
                    self._outcomes.echoes.add(row.n)
                if row.changes:
                    filled.append(row)
                    if not mine:  # what it found there is what a rollback restores
                        self._state.plans.rewrite(self._plan.id, row)
                else:
                    self._outcomes.applied(batch, row, item, {}, {}, "created" if mine else "found")
        self._outcomes.store(batch)
        size = self._d.can.batch * self._d.can.workers
        for start in range(0, len(filled), size):
            self._d.send(filled[start : start + size])

    def _changes(self, row: PlanRow, item: TargetObject, *, ours: bool) -> None:
        facet = self._outcomes.facet(row)
        wanted, row.values = row.wanted(), {}
        row.changes = {
            name: FieldChange(item.fields.get(name), value)
            for name, value in wanted.items()
            if waits_for(value) is None and _may_fill(facet, item, name, value, ours=ours)
        }
        known = item.fields if ours else {n for n, v in wanted.items() if facet.same(n, v, item.fields.get(n))}
        row.agreed = [n for n in known if n not in row.changes and item.fields.get(n) not in (None, "")]

    def _make(self, rows: Sequence[PlanRow]) -> list[PlanRow]:
        """Create the assets of CIs that other people made without; returns the rows still to wait for.

        What both sides carry goes along, serial number and tag as the other side spells them, so that the target itself
        finds the object it belongs to. Where there is nothing by which it could, or it would find another one as well,
        it would make one of its own: then nothing is created. A row that only links waits no longer: the target may
        never make that side.
        """
        wait: list[PlanRow] = []
        for start in range(0, len(rows), 500):
            wait += self._make_some(rows[start : start + 500])
        return wait

    def _make_some(self, rows: Sequence[PlanRow]) -> list[PlanRow]:
        main = self._mains(rows)
        facets = {row.n: self._outcomes.facet(row) for row in rows}
        lacking = [r for r in rows if facets[r.n].counterpart and r.n in main and main[r.n].origin == "found"]
        fellows = Fellows(self._state.targets, self._plan.target, [(facets[r.n], main[r.n], r.values) for r in lacking])
        wait: list[PlanRow] = []
        make: list[PlanRow] = []
        batch = DeliveryBatch()
        for row in rows:
            facet = facets[row.n]
            if facet.counterpart is None:
                batch.states.append((row.n, RowState.UNCHANGED, "the target has made no counterpart"))
            elif row.n not in main or main[row.n].origin != "found":
                wait.append(row)
            else:
                values = fellows.values(facet, main[row.n], row.values)
                if self._d.can.counterparts and not fellows.only(facet, main[row.n], values):
                    batch.states.append((row.n, RowState.UNCHANGED, _UNRECOGNISED))
                    continue
                row.op, row.state, row.values = Op.CREATE, RowState.PENDING, values
                self._state.plans.rewrite(self._plan.id, row)
                make.append(row)
        self._outcomes.store(batch)
        self._d.send(make)
        return wait

    def _give_up(self, rows: Sequence[PlanRow]) -> None:
        batch = DeliveryBatch(
            states=[(r.n, RowState.WAITING, "the target has not made the counterpart yet") for r in rows]
        )
        batch.replan = [(r.entity, "waits for its counterpart") for r in rows]
        self._outcomes.store(batch)
        for row in rows:
            self._outcomes.counts.add(row, RowState.WAITING)


def _may_fill(facet: ObjectIdentity, item: TargetObject, name: str, value: Value, *, ours: bool) -> bool:
    """Tell whether a field is to be written: of what the hub brought about any that differs, else empty ones."""
    if name not in item.fields or facet.same(name, value, item.fields[name]):
        return False
    return ours or item.fields[name] in (None, "", "0")
