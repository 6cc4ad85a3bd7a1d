"""Delivering as a flow: plan and deliver targets, or one part of a plan that a sync made."""

from __future__ import annotations

from typing import Any

from prefect import flow, task

from flows.common import RETRIES, open_configured, taking
from synchub.sharing import deliver_part
from synchub.steps import chosen, identify_all, run_state, sync_target
from synchub.wiring import Selection


@task(name="deliver", task_run_name="deliver {target}", **RETRIES)
def deliver_task(target: str, run: int, lease: str) -> dict[str, Any]:
    """Plan one target and deliver the plan as far as its mode allows."""
    hub = open_configured(lease)
    try:
        return sync_target(hub, target, run, Selection()).as_dict()
    finally:
        hub.close()


@task(name="deliver part", task_run_name="deliver {plan} {part}", **RETRIES)
def part_task(plan: str, part: str, run: int, lease: str) -> dict[str, int]:
    """Deliver one part of a stored plan."""
    hub = open_configured(lease)
    try:
        return deliver_part(hub, plan, part, run)
    finally:
        hub.close()


@flow(name="deliver", log_prints=False, persist_result=False)
def deliver(
    targets: list[str] | None = None, plan: str | None = None, part: str | None = None, under: str | None = None
) -> dict[str, Any]:
    """Bring targets up to what the state says, without reading any source.

    Args:
        targets: Configured names of targets; all when absent.
        plan: Token of a plan of which one part is delivered; then `part` and `under` are needed.
        part: `"2/4"` is the second of four parts.
        under: Ticket of the run this is a part of; only flows hand it on.
    """
    with taking("deliver", under) as taken:
        if plan is not None:
            return {"states": part_task(plan, part or "1/1", taken.run, taken.lease)}
        write = chosen(list(taken.hub.loaded.settings.targets), frozenset(targets or ()), "target")
        identify_all(taken.hub, taken.run)
        reports = {name: deliver_task(name, taken.run, taken.lease) for name in write}
        taken.state = run_state({}, reports)
    return reports
