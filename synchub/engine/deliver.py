"""Deliver a plan: send exactly its rows, check each answer, and keep what the target holds now.

The plan's rows are the outbox: a row is marked `sent` before it is sent. A row whose answer was lost is looked for in
the target by the hub key it carries (creates) or sent again (updates set values, so twice is once). What is about to be
overwritten is read again first; a row whose target changed since the plan is refused as drifted and planned anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from synchub.domain.plan import Op, PlanRow, RowState
from synchub.engine.brake import Brake
from synchub.engine.contact import TargetJob
from synchub.engine.counterparts import Counterparts
from synchub.engine.outcomes import DeliveryCounts, Outcomes
from synchub.engine.pace import seldom_collected
from synchub.engine.parts import Part, wait_for_level
from synchub.engine.prepare import Preparation
from synchub.engine.putback import PutBack
from synchub.engine.races import Races
from synchub.engine.references import LEVEL, waits_for
from synchub.engine.sending import Sender
from synchub.engine.shape import deliver_shape
from synchub.errors import Paused, PlanError
from synchub.ports import Clock, Progress
from synchub.stores import DeliveryBatch, PlanState, State

_LINK, _FAILED, _PENDING = Op.LINK, RowState.FAILED, RowState.PENDING  # looking members up costs more
_TRIES = 3  # times a row is sent within one run while the target says that it may work later


@seldom_collected
def deliver(
    job: TargetJob, state: State, plan: PlanState, clock: Clock, run: int, progress: Progress | None = None
) -> DeliveryCounts:
    """Apply a sealed plan, or go on with one that was cut off.

    Raises:
        PlanError: The target is in mode preview, or the plan is expired or superseded; nothing was sent.
        AuthError: The target does not let the hub in; the rows stay in the outbox.
    """
    if job.mode == "preview":
        raise PlanError(
            f"{job.name} is in mode preview, so nothing is applied.",
            where=f"plan {plan.token}",
            fix="Set `mode: canary` in synchub.yaml.",
        )
    if plan.state == "open" and plan.expires_at < clock.now():
        state.plans.mark(plan.id, "expired")
        raise PlanError("the plan has expired.", where=f"plan {plan.token}", fix="Run `synchub plan` again.")
    if plan.state not in ("open", "applying"):
        raise PlanError(f"the plan is {plan.state}.", where=f"plan {plan.token}", fix="Run `synchub plan` again.")
    if words := Brake(job, state).words():
        return DeliveryCounts(paused=words)
    state.plans.mark(plan.id, "applying")
    work = Delivery(job, state, plan, clock, run, progress)
    try:
        work.run()
    except Paused as exc:  # the plan stays begun; the next run goes on from there
        work.outcomes.counts.paused = exc.message.removesuffix(".")
        return work.outcomes.counts
    if isinstance(job.only, Part):  # whoever shared the plan out closes it
        return work.outcomes.counts
    left = work.finish()
    partly = bool(left) and job.only is not None
    state.plans.mark(plan.id, "open" if partly else "applied")
    if plan.covers and ((job.mode == "write" and not partly) or not left):
        state.targets.planned(plan.target, plan.upto_rev, plan.covers)
    return work.outcomes.counts


class Delivery:
    """One delivery: the rows of a plan in order, slice by slice."""

    def __init__(
        self, job: TargetJob, state: State, plan: PlanState, clock: Clock, run: int, progress: Progress | None
    ) -> None:
        self.job, self.state, self.plan, self.clock, self.progress = job, state, plan, clock, progress
        self.can = job.target.capabilities()
        self.outcomes = Outcomes(job, state, plan, clock, run)
        self._preparation = Preparation(self.outcomes)
        self.brake = Brake(job, state)
        self._sender = Sender(job.target)
        self._races = Races(self.outcomes, self._sender)
        self._put_back = PutBack(self.outcomes, self._preparation, self._sender, self._races)
        self._left = job.canary if job.mode == "canary" else None
        self._total = sum(
            plan.summary.get("counts", {}).get(c, {}).get(o, 0)
            for c in plan.summary.get("counts", {})
            for o in ("create", "update", "link")
        )

    def run(self) -> None:
        """Send everything that is to be sent, in order."""
        part = self.job.only if isinstance(self.job.only, Part) else None
        if part is None or part.number == 1:
            deliver_shape(self)
            self.brake.check()
            self._put_back.run()
        self._recover()
        size = max(self.can.batch * self.can.workers, 1)
        after = -1
        entities: set[int] = set()
        states = ("pending", "failed")
        # What a row of one level refers to has its object when that level is sent.
        while rows := self.state.plans.rows(self.plan.id, states=states, after=after, count=size, within=LEVEL):
            after = rows[-1].n
            if part is not None:
                wait_for_level(self.state.plans, self.plan.id, after // LEVEL, self.clock)
                rows = [r for r in rows if part.takes(r)]
            elif self.job.only is not None:
                rows = [r for r in rows if r.entity in self.job.only]
            if self._left is not None:
                entities.update(r.entity for r in rows if len(entities) < self._left or r.entity in entities)
                rows = [r for r in rows if r.entity in entities]
            self.send(rows)
        Counterparts(self).run(entities if self._left is not None else self.job.only)

    def finish(self) -> int:
        """Return how many rows are left for a later run."""
        return len(self.state.plans.rows(self.plan.id, states=("pending", "sent"), count=1))

    # --- rows whose answer was lost -----------------------------------------------------------------------------------

    def _recover(self) -> None:
        after = -1
        while rows := self.state.plans.rows(self.plan.id, states=("sent",), after=after, count=1000):
            after = rows[-1].n
            if self.job.only is not None:  # another part's rows are on their way
                rows = [r for r in rows if r.entity in self.job.only]
            lost: dict[str, list[PlanRow]] = {}
            again = DeliveryBatch()
            for row in rows:
                if row.op in (Op.CREATE, Op.INSERT) and row.object_id is None:
                    lost.setdefault(row.kind, []).append(row)
                else:
                    again.states.append((row.n, RowState.PENDING, ""))
            self._races.lost_answers(r for r in rows if r.op not in (Op.CREATE, Op.INSERT))
            self.outcomes.store(again)
            keys = self.outcomes.keys
            keys.learn(r.entity for some in lost.values() for r in some)
            for kind, some in lost.items():
                found = self.job.target.find(
                    kind, self.outcomes.facet(some[0]).reads, [keys.of(r.entity) for r in some]
                )
                batch = DeliveryBatch()
                for row in some:
                    item = found.get(keys.of(row.entity))
                    if item is None:
                        batch.states.append((row.n, RowState.PENDING, ""))
                    else:
                        wrote = {
                            name: change.new for name, change in row.changes.items() if waits_for(change.new) is None
                        }
                        self.outcomes.applied(batch, row, item, wrote, {}, "created")
                self.outcomes.store(batch)

    # --- sending ------------------------------------------------------------------------------------------------------

    def send(self, rows: Sequence[PlanRow]) -> None:
        """Send rows in slices the target likes, and again what may work later."""
        if not rows:
            return
        if self.plan.undoes is not None:
            rows = self.outcomes.unlink(rows)
        writes = [r for r in rows if r.op is not _LINK or r.changes]
        if len(writes) < len(rows):
            self.outcomes.link([r for r in rows if r.op is _LINK and not r.changes])
        for attempt in range(_TRIES):
            if not writes:
                return
            if attempt:
                self.clock.sleep(2.0**attempt)
            writes = self._attempt(writes, last=attempt == _TRIES - 1)

    def _attempt(self, rows: Sequence[PlanRow], *, last: bool) -> list[PlanRow]:
        """Send rows once; returns those that may work later."""
        batch = DeliveryBatch()
        rows = self._preparation.located(rows, batch)
        rows = self._preparation.own(rows, batch)
        existing = self._preparation.existing(rows)
        ready = self._preparation.fresh(rows, existing, batch)
        if len(ready) < len(rows):
            stay = {row.n for row in ready}
            self.outcomes.learn_bases(rows)
            self._races.drifted(batch, [row for row in rows if row.n not in stay], existing)
        ready, values = self._preparation.resolve(ready, batch)
        if batch.states or batch.replan:
            self.outcomes.store(batch)
        if not ready:
            return []
        self.brake.check()
        self.state.plans.send(self.plan.id, [row.n for row in ready])
        self.outcomes.keys.learn(row.entity for row in ready)
        writes = [self._preparation.write(row, values[row.n], existing.get(row.n)) for row in ready]
        self._races.before(ready, existing)
        by_number = {row.n: row for row in ready}
        later: list[PlanRow] = []
        result = DeliveryBatch()
        self.outcomes.learn_bases(ready)
        now = self.clock.now()
        answers = self._sender.send(writes)
        self._races.after(by_number, answers, values)
        if last and (mute := [by_number[o.row] for o in answers if o.state is _FAILED and o.retryable]):
            self._races.unanswered(result, mute, self._preparation.existing)
        for outcome in answers:
            row = by_number[outcome.row]
            if outcome.retryable and outcome.state is _FAILED and not last:
                later.append(row)
                result.states.append((row.n, _PENDING, outcome.message[:500]))
                continue
            told, agreed = self._races.settle(result, row, outcome, values[row.n])
            self.outcomes.outcome(result, row, told, agreed, existing.get(row.n), now)
        self.outcomes.store(result)
        if self._races.due:
            self.brake.check()
            self._put_back.run()
        if self.progress:
            self.progress(f"{self.job.name} writing", self.outcomes.done, self._total)
        return later
