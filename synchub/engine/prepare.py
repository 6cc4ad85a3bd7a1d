"""Before a plan's rows are sent: what they will write over is read again, and what they refer to is put in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from synchub.domain.plan import Op, PlanRow, RowState, TargetObject, Value, Write
from synchub.engine.outcomes import Outcomes
from synchub.stores import DeliveryBatch

_CREATE, _INSERT, _UPDATE = Op.CREATE, Op.INSERT, Op.UPDATE  # looking members up costs more


class Preparation:
    """Makes a slice of rows ready to be sent."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes
        self._job, self._state, self._plan = outcomes.job, outcomes.state, outcomes.plan

    def located(self, rows: Sequence[PlanRow], batch: DeliveryBatch) -> list[PlanRow]:
        """Find the objects of rows that were planned before their object existed."""
        loose = [r for r in rows if r.object_id is None and r.op is _UPDATE]
        if not loose:
            return list(rows)
        ids = self._state.targets.object_ids(self._plan.target, [r.entity for r in loose])
        for row in loose:
            row.object_id = ids.get((row.entity, row.facet))
            if row.object_id is None:
                self._outcomes.missed(batch, row, RowState.FAILED, "the object it belongs to was not created")
        return [r for r in rows if r.op is not Op.UPDATE or r.object_id is not None]

    def existing(self, rows: Sequence[PlanRow]) -> dict[int, TargetObject]:
        """Read again what is about to be overwritten."""
        kinds: dict[str, list[PlanRow]] = {}
        for row in rows:
            if row.object_id is not None:
                kinds.setdefault(row.kind, []).append(row)
        result: dict[int, TargetObject] = {}
        for kind, some in kinds.items():
            reads = tuple(sorted({name for row in some for name in self._outcomes.facet(row).reads}))
            found = self._job.target.fetch(kind, reads, [row.object_id for row in some if row.object_id])
            result.update({row.n: found[row.object_id] for row in some if row.object_id in found})
        return result

    def own(self, rows: Sequence[PlanRow], batch: DeliveryBatch) -> list[PlanRow]:
        """Keep everything but deletions of what the hub did not create: whatever a plan says, those are refused."""
        ids = [row.object_id for row in rows if row.op is Op.DELETE and row.object_id]
        known = self._state.targets.by_object_id(self._plan.target, ids) if ids else {}
        ready = []
        for row in rows:
            item = known.get(row.object_id or "")
            if row.op is not Op.DELETE:
                ready.append(row)
            elif item is None or item.entity != row.entity:
                self._outcomes.missed(batch, row, RowState.DRIFTED, "the object belongs to another thing by now")
            elif item.origin != "created":
                batch.states.append((row.n, RowState.REFUSED, "the hub did not create it, so it is never deleted"))
                self._outcomes.counts.add(row, RowState.REFUSED)
            else:
                ready.append(row)
        return ready

    def fresh(self, rows: Sequence[PlanRow], existing: dict[int, TargetObject], batch: DeliveryBatch) -> list[PlanRow]:
        """Keep the rows whose target still holds what the plan saw; the others are drifted."""
        ready = []
        for row in rows:
            if row.object_id is None:
                ready.append(row)
                continue
            now = existing.get(row.n)
            if now is None and row.op is Op.DELETE:
                note = ""  # the target is asked all the same; that it is gone is what is wanted
            elif now is None:
                note = "the object is gone, or hidden from this user"
            else:
                facet = self._outcomes.facet(row)
                moved = [
                    n
                    for n, c in row.changes.items()
                    if n in now.fields
                    and not facet.same(n, c.old, now.fields[n])
                    and not facet.same(n, c.new, now.fields[n])
                ]
                if row.op is Op.DELETE:  # whatever differs from what the plan saw, somebody cares about
                    saw = {n: c.old for n, c in row.changes.items()}
                    moved = [n for n, v in now.fields.items() if n in facet.fields and not facet.same(n, saw.get(n), v)]
                note = f"changed since the plan: {', '.join(moved)}" if moved else ""
            if note:
                self._outcomes.missed(batch, row, RowState.DRIFTED, note)
            else:
                ready.append(row)
        return ready

    def resolve(
        self, rows: Sequence[PlanRow], batch: DeliveryBatch
    ) -> tuple[list[PlanRow], dict[int, dict[str, Value]]]:
        """Put ids in for objects that had to be created first; what is still missing is left out and planned again.

        Returns:
            The rows that still have something to write, and row number -> what.
        """
        values: dict[int, dict[str, Value]] = {}
        wanted: list[tuple[PlanRow, str, tuple[int, str]]] = []
        for row in rows:
            fields = values[row.n] = {} if row.op is Op.DELETE else row.values or row.wanted()
            if dict in map(type, fields.values()):
                values[row.n] = dict(fields)
                for name, value in fields.items():
                    if value.__class__ is dict:
                        wanted.append((row, name, (value["$entity"], value.get("$facet", "record"))))
        if not wanted:
            return list(rows), values
        objects = self._state.targets.object_ids(self._plan.target, list({key[0] for _, _, key in wanted}))
        empty = set()
        for row, name, key in wanted:
            found = objects.get(key)
            if found:
                values[row.n][name] = found
                continue
            del values[row.n][name]
            batch.replan.append((row.entity, f"reference: {name}"))
            if not values[row.n] and row.op is _UPDATE:
                batch.states.append((row.n, RowState.UNCHANGED, "what it refers to is not there yet"))
                self._outcomes.counts.add(row, RowState.UNCHANGED)
                empty.add(row.n)
        return [row for row in rows if row.n not in empty], values

    def write(self, row: PlanRow, fields: dict[str, Value], existing: TargetObject | None) -> Write:
        """Make what is sent for a row: `fields` with ids for references, and the version it is based on."""
        extra: dict[str, Any] = {"cls": row.cls, "facet": row.facet}
        if row.op is _INSERT:
            extra["direct"] = True
        if row.changes:
            extra["expected"] = {name: change.old for name, change in row.changes.items()}
        creating = row.op is _CREATE or row.op is _INSERT
        return Write(
            row.n,
            row.kind,
            _CREATE if creating else Op.DELETE if row.op is Op.DELETE else _UPDATE,
            None if creating else row.object_id,
            fields,
            self._outcomes.keys.of(row.entity),
            existing.version if existing else None,
            extra,
        )
