"""Put back what people typed while the hub was writing. What is due is stored first: a crash forgets nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from synchub.domain.plan import FieldChange, Op, Outcome, PlanRow, RowState, TargetObject
from synchub.engine.outcomes import Outcomes
from synchub.engine.prepare import Preparation
from synchub.engine.races import Races
from synchub.engine.sending import Sender
from synchub.stores import DeliveryBatch
from synchub.stores.overwritten import BACK, REFUSED, Overwritten

_ROUNDS = 3  # people may edit again while their value is put back
_KEPT = (RowState.APPLIED, RowState.UNCHANGED)


@dataclass(slots=True)
class _Back:
    """The values of one object that are put back with one write."""

    row: PlanRow
    values: dict[str, Overwritten] = field(default_factory=dict)
    older: list[int] = field(default_factory=list)  # of the same fields: a newer one stands for them


class PutBack:
    """Gives people their values back."""

    def __init__(self, outcomes: Outcomes, preparation: Preparation, sender: Sender, races: Races) -> None:
        self._outcomes, self._preparation, self._sender, self._races = outcomes, preparation, sender, races
        self._state, self._target = outcomes.state, outcomes.plan.target

    def run(self) -> None:
        """Write every value that is due; what the target does not take just now stays due for the next delivery."""
        for _ in range(_ROUNDS):
            self._races.due = False
            backs = self._due()
            if not backs or not self._round(backs):
                return

    def _due(self) -> list[_Back]:
        due = self._state.overwritten.due(self._target)
        classes = {n: e.cls for n, e in self._state.entities.get(list({o.entity for o in due})).items()}
        backs: dict[str, _Back] = {}
        for one in due:
            cls = classes.get(one.entity)
            if cls is None or not self._outcomes.knows(cls, one.facet):
                continue  # the entity is part of another one by now, or its class is not delivered any more
            back = backs.get(one.object_id)
            if back is None:
                row = PlanRow(-len(backs) - 1, one.entity, cls, one.facet, one.kind, Op.UPDATE, one.object_id)
                back = backs[one.object_id] = _Back(row)
            if one.field in back.values:
                back.older.append(back.values[one.field].id)
            back.values[one.field] = one
            back.row.changes[one.field] = FieldChange(one.ours, one.theirs)
        return list(backs.values())

    def _round(self, backs: Sequence[_Back]) -> bool:
        """Put back once; returns whether somebody edited again meanwhile."""
        rows = [back.row for back in backs]
        existing = self._preparation.existing(rows)
        for back in backs:
            self._settle(back.older, BACK)
            self._drop_changed(back, existing.get(back.row.n))
        ready = [back for back in backs if back.row.changes]
        if not ready:
            return False
        by_number = {back.row.n: back for back in ready}
        some = [back.row for back in ready]
        sent = {row.n: row.wanted() for row in some}
        self._races.before(some, existing)
        answers = self._sender.send([self._preparation.write(r, sent[r.n], existing.get(r.n)) for r in some])
        self._races.after({row.n: row for row in some}, answers, sent)
        batch, done = DeliveryBatch(), list[int]()
        refused: list[int] = []
        for outcome in answers:
            back = by_number[outcome.row]
            outcome, _ = self._races.settle(batch, back.row, outcome, sent[outcome.row], back=True)
            if outcome.state in _KEPT:
                refused += [back.values[n].id for n in outcome.refused]
                kept = {name: one for name, one in back.values.items() if name not in outcome.refused}
                done += [one.id for one in kept.values()]
                self._store(batch, back.row, outcome, kept)
            elif not outcome.retryable:
                refused += [one.id for one in back.values.values()]
        self._outcomes.store(batch)
        self._settle(done, BACK)
        self._settle(refused, REFUSED)
        self._outcomes.counts.note(BACK, len(done))
        return self._races.due

    def _drop_changed(self, back: _Back, now: TargetObject | None) -> None:
        """Leave out what somebody changed again, or what is gone: what stands there now is theirs."""
        facet = self._outcomes.facet(back.row)
        for name, one in list(back.values.items()):
            if now is None or name not in now.fields or not facet.same(name, one.ours, now.fields[name]):
                self._settle([one.id], BACK if now is not None else REFUSED)
                del back.values[name], back.row.changes[name]

    def _store(self, batch: DeliveryBatch, row: PlanRow, outcome: Outcome, kept: dict[str, Overwritten]) -> None:
        """Note that the object holds theirs; the base stays, so that it counts as an edit."""
        known = self._state.targets.by_object_id(self._target, [str(row.object_id)]).get(str(row.object_id))
        if known is None:
            return
        newest = max(kept.values(), key=lambda one: one.edited_at or 0, default=None)
        item = TargetObject(
            known.kind, known.object_id, {**known.fields, **{n: o.theirs for n, o in kept.items()}}, outcome.version,
            (newest.edited_at if newest else None) or known.updated_at, newest.edited_by if newest else None,
            known.counterpart, known.cls,
        )  # fmt: skip
        batch.objects.append((row.entity, row.facet, item, known.base or {}, known.refused, known.origin))
        batch.replan.append((row.entity, "put back"))

    def _settle(self, numbers: Sequence[int], state: str) -> None:
        if numbers:
            self._state.overwritten.settle(numbers, state, self._outcomes.clock.now())
