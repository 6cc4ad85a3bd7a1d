"""A run that several workers share: pieces of it on other machines, over one PostgreSQL state."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from synchub.engine.deliver import deliver
from synchub.engine.parts import Part
from synchub.engine.sync import TargetReport, deliver_step, heartbeat_step, plan_step
from synchub.errors import ConfigError
from synchub.steps import stored_plan, target_of
from synchub.stores import PlanState
from synchub.wiring import Hub


@dataclass(slots=True)
class SharedRun:
    """A run while somebody works on it.

    Attributes:
        hub: Open, writing under the run's lease.
        run: Number of the run.
        lease: Owner of its lease.
        state: How it ends; `failed` until somebody says better.
    """

    hub: Hub
    run: int
    lease: str
    state: str = "failed"

    @property
    def ticket(self) -> str:
        """What another process needs to take part in this run."""
        return f"{self.run} {self.lease}"


def read_ticket(ticket: str) -> tuple[int, str]:
    """Return run and lease of a ticket.

    Raises:
        ConfigError: It is none.
    """
    number, _, lease = ticket.partition(" ")
    if not number.isdigit() or not lease:
        raise ConfigError("this is no ticket of a run.", where="under", fix="Leave it out; only flows hand it on.")
    return int(number), lease


def can_spread(hub: Hub) -> None:
    """Make sure that several workers can work on the state at once.

    Raises:
        ConfigError: It is SQLite.
    """
    if hub.state_url().startswith("sqlite"):
        raise ConfigError(
            "several workers need PostgreSQL.", where=hub.loaded.document.where("state"),
            fix="Set `state:` to a PostgreSQL URL, or leave `workers` at 1.",
        )  # fmt: skip


def pulled_in(hub: Hub, run: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Return source -> stream -> counts of what was read in a run, by whichever worker."""
    result: dict[str, dict[str, dict[str, Any]]] = {}
    for way, counts in hub.state.reports.counts(run).get("pull", {}).items():
        source, _, stream = way.partition("/")
        result.setdefault(source, {})[stream] = counts
    return result


def plan_for_parts(hub: Hub, name: str, run: int) -> str | None:
    """Plan a target for delivery in parts; returns the plan's token, None where the mode does not write everything."""
    with hub.target_job(name) as job:
        if job.mode != "write":
            return None
        plan, report = plan_step(job, hub.state, hub.rules(), hub.clock, run)
        noted = {"read": report.read, "first": report.first, "changed_by_others": report.changed_by_others}
        hub.state.runs.note(run, {"planned": {name: noted}})
        return plan.token


def deliver_part(hub: Hub, token: str, part: str, run: int) -> dict[str, int]:
    """Deliver one part of a stored plan (`"2/4"`); returns rows by final state."""
    plan, which = stored_plan(hub, token), Part.parse(part)
    with hub.target_job(target_of(hub, plan)) as job:
        return deliver(replace(job, only=which), hub.state, plan, hub.clock, run).states


def finish_target(hub: Hub, name: str, token: str, run: int) -> TargetReport:
    """Deliver what the parts of a plan left, close it, and report the whole."""
    with hub.target_job(name) as job:
        plan = stored_plan(hub, token)
        noted = hub.state.reports.counts(run).get("planned", {}).get(name, {})
        report = TargetReport(plan.token, plan.summary, mode=job.mode, **noted)
        report = deliver_step(job, hub.state, plan, report, hub.clock, run)
        report.states, report.applied = _outcome(hub, plan)
        return heartbeat_step(job, hub.state, report, hub.clock, run)


def _outcome(hub: Hub, plan: PlanState) -> tuple[dict[str, int], dict[str, int]]:
    """Count a delivered plan's rows by state, and by operation those that were applied."""
    states: dict[str, int] = {}
    applied: dict[str, int] = {}
    for (_, op, state), count in hub.state.plans.outcomes(plan.id).items():
        states[state] = states.get(state, 0) + count
        if state == "applied":
            name = "create" if op == "insert" else op
            applied[name] = applied.get(name, 0) + count
    return states, applied
