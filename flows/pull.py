"""Reading sources as a flow: on a schedule of its own, or as a part of a sync on another worker."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger, task

from flows.common import RETRIES, open_configured, taking
from synchub.steps import chosen, pull_source, run_state


@task(name="pull", task_run_name="pull {source}", **RETRIES)
def pull_task(source: str, run: int, lease: str, limit: int | None) -> dict[str, dict[str, Any]]:
    """Read one source into the ledger."""
    hub = open_configured(lease)
    try:
        result = pull_source(hub, source, run, limit=limit)
    finally:
        hub.close()
    for stream, counts in result.items():
        get_run_logger().info(
            "%s %s: read %d, new %d, changed %d", source, stream, counts["read"], counts["new"], counts["changed"]
        )
    return result


@flow(name="pull", log_prints=False, persist_result=False)
def pull(
    sources: list[str] | None = None, limit: int | None = None, under: str | None = None
) -> dict[str, dict[str, dict[str, Any]]]:
    """Read sources into the state; no target is touched.

    Args:
        sources: Configured names of sources; all when absent.
        limit: Read at most so many records of each stream; then nothing counts as complete.
        under: Ticket of the run this is a part of; only flows hand it on.
    """
    with taking("pull", under) as taken:
        read = chosen(list(taken.hub.loaded.settings.sources), frozenset(sources or ()), "source")
        pulled = {name: pull_task(name, taken.run, taken.lease, limit) for name in read}
        taken.state = run_state(pulled, {})
    return pulled
