"""The sync as a Prefect flow: one task per source, one for identification, one per target.

With `workers` above one, sources and parts of the plan are flow runs of their own, which any worker may take.
"""

from __future__ import annotations

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact

from flows.common import RETRIES, open_configured, taking
from flows.deliver import deliver_task
from flows.pull import pull_task
from flows.spread import spread
from synchub.report import report_markdown
from synchub.sharing import SharedRun, can_spread, finish_target, plan_for_parts, pulled_in
from synchub.steps import chosen, identify_all, run_state


@task(name="identify", **RETRIES)
def identify_task(run: int, lease: str) -> dict[str, Any]:
    """Identify and reconcile what changed."""
    hub = open_configured(lease)
    try:
        return identify_all(hub, run)
    finally:
        hub.close()


@task(name="plan", task_run_name="plan {target}", **RETRIES)
def plan_task(target: str, run: int, lease: str) -> str | None:
    """Plan one target; returns the token of the plan, None where there is nothing to spread."""
    hub = open_configured(lease)
    try:
        return plan_for_parts(hub, target, run)
    finally:
        hub.close()


@task(name="finish", task_run_name="finish {target}", **RETRIES)
def finish_task(target: str, run: int, lease: str, plan: str) -> dict[str, Any]:
    """Deliver what the parts left, and close the plan."""
    hub = open_configured(lease)
    try:
        return finish_target(hub, target, plan, run).as_dict()
    finally:
        hub.close()


@flow(name="sync", log_prints=False, persist_result=False)
def sync(
    sources: list[str] | None = None,
    targets: list[str] | None = None,
    limit: int | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Bring every target up to what the sources say.

    Args:
        sources: Configured names of sources; all when absent.
        targets: Configured names of targets; all when absent.
        limit: Read at most so many records of each stream; then nothing counts as complete.
        workers: Spread sources and parts of plans over so many workers; needs PostgreSQL and the deployments `pull` and
            `deliver`.
    """
    with taking("sync", None) as taken:
        settings = taken.hub.loaded.settings
        read = chosen(list(settings.sources), frozenset(sources or ()), "source")
        write = chosen(list(settings.targets), frozenset(targets or ()), "target")
        if workers > 1:
            can_spread(taken.hub)
        pulled = _pulled(taken, read, limit, workers)
        identified = identify_task(taken.run, taken.lease)
        reports = {name: _delivered(taken, name, workers) for name in write}
        taken.state = run_state(pulled, reports)
        result = {"run": taken.run, "state": taken.state, "pulled": pulled, "identified": identified}
    result["targets"] = reports
    create_markdown_artifact(report_markdown(result), key="sync-report", description=f"Run {result['run']}")
    return result


def _pulled(taken: SharedRun, read: list[str], limit: int | None, workers: int) -> dict[str, dict[str, dict[str, Any]]]:
    if workers == 1 or len(read) < 2:
        return {name: pull_task(name, taken.run, taken.lease, limit) for name in read}
    spread("pull/pull", [{"sources": [name], "limit": limit, "under": taken.ticket} for name in read])
    return pulled_in(taken.hub, taken.run)


def _delivered(taken: SharedRun, name: str, workers: int) -> dict[str, Any]:
    if workers == 1:
        return deliver_task(name, taken.run, taken.lease)
    token = plan_task(name, taken.run, taken.lease)
    if token is None:
        return deliver_task(name, taken.run, taken.lease)
    parts = [f"{n}/{workers}" for n in range(1, workers + 1)]
    spread("deliver/deliver", [{"plan": token, "part": part, "under": taken.ticket} for part in parts])
    return finish_task(name, taken.run, taken.lease, token)
