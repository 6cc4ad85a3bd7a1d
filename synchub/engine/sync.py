"""One sync: pull every source, identify, plan and deliver every target; the flow runs the same steps as tasks."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from synchub.engine.contact import Contact, TargetJob, pinned
from synchub.engine.deliver import deliver
from synchub.engine.heartbeat import count_due, send_heartbeats
from synchub.engine.identify import IdentifyCounts, identify
from synchub.engine.plan import make_plan
from synchub.errors import Paused
from synchub.ports import Clock, Progress
from synchub.reconcile.rules import Rules
from synchub.stores import PlanState, State


@dataclass(slots=True)
class TargetReport:
    """What a sync did to one target.

    Attributes:
        plan: Token of the plan.
        summary: The plan's summary.
        read: Objects read.
        first: It was the first contact.
        changed_by_others: Linked objects that somebody else changed since the last run.
        states: Rows by final state.
        applied: Applied rows by operation.
        mode: The target's mode.
        written_over: Values of other people that were written over (`policy`, `race`), and put back (`back`).
        heartbeats: Objects that were told when their thing was last seen (`HeartbeatCounts`); they are no writes.
        paused: Who stopped the writes, and why; empty: nobody did.
        skew: Seconds that the target's clock is ahead of ours.
    """

    plan: str
    summary: dict[str, Any]
    read: int
    first: bool
    changed_by_others: int
    mode: str
    states: dict[str, int] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)
    written_over: dict[str, int] = field(default_factory=dict)
    heartbeats: dict[str, int] = field(default_factory=dict)
    paused: str = ""
    skew: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def identify_step(
    state: State, rules: Rules, clock: Clock, run: int, progress: Progress | None = None
) -> IdentifyCounts:
    """Identify and reconcile, and note it in the run."""
    counts = identify(state, rules, clock, run, progress=progress)
    state.runs.note(run, {"identify": asdict(counts)})
    return counts


def plan_step(
    job: TargetJob,
    state: State,
    rules: Rules,
    clock: Clock,
    run: int,
    progress: Progress | None = None,
    *,
    select: frozenset[int] | None = None,
) -> tuple[PlanState, TargetReport]:
    """Finish what an earlier run began, then plan a target."""
    unfinished = state.plans.unfinished(state.targets.target(job.name).id)
    if unfinished is not None and job.mode != "preview":
        pinned(job, state)
        deliver(job, state, unfinished, clock, run, progress)
    planned = make_plan(job, state, rules, clock, run, progress, select=select)
    return planned.plan, _report(job, planned.plan, planned.contact)


def deliver_step(
    job: TargetJob,
    state: State,
    plan: PlanState,
    report: TargetReport,
    clock: Clock,
    run: int,
    progress: Progress | None = None,
) -> TargetReport:
    """Deliver a plan as far as the target's mode allows, and note it in the run."""
    if job.mode != "preview":
        counts = deliver(job, state, plan, clock, run, progress)
        report.states, report.applied, report.written_over = counts.states, counts.applied, counts.written_over
        report.paused = counts.paused
    noted = {key: value for key, value in report.as_dict().items() if key != "summary"}
    state.runs.note(run, {"targets": {job.name: {**noted, "counts": report.summary["counts"]}}})
    return report


def heartbeat_step(
    job: TargetJob, state: State, report: TargetReport, clock: Clock, run: int, progress: Progress | None = None
) -> TargetReport:
    """Tell a target in mode write when things were last seen; elsewhere only count, and note it in the run."""
    work = send_heartbeats if job.mode == "write" else count_due
    try:
        report.heartbeats = asdict(work(job, state, clock, progress))
    except Paused as exc:
        report.paused = exc.message.removesuffix(".")
    state.runs.note(run, {"heartbeats": {job.name: report.heartbeats}})
    return report


def target_step(
    job: TargetJob, state: State, rules: Rules, clock: Clock, run: int, progress: Progress | None = None
) -> TargetReport:
    """Plan a target, deliver the plan, and tell when things were last seen."""
    plan, report = plan_step(job, state, rules, clock, run, progress)
    report = deliver_step(job, state, plan, report, clock, run, progress)
    return heartbeat_step(job, state, report, clock, run, progress)


def _report(job: TargetJob, plan: PlanState, seen: Contact) -> TargetReport:
    return TargetReport(plan.token, plan.summary, seen.read, seen.first, seen.changed, job.mode, skew=seen.skew)
