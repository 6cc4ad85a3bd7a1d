"""The sync as a Prefect flow: one task per source, one for identification, one per target.

Parameters are configured names only. Where the configuration lies is said by the environment variable
`SYNCHUB_CONFIG` (default `synchub.yaml`), so that nobody can point a deployment at another file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.blocks.system import Secret
from prefect.runtime import flow_run
from prefect.tasks import exponential_backoff

from synchub.errors import ConfigError, HubError, Recovery
from synchub.report import report_markdown
from synchub.steps import begin_run, chosen, end_run, exclusive, identify_all, pull_source, run_state, sync_target
from synchub.wiring import Hub, Selection, open_hub


def secret_block(name: str) -> str:
    """Read a Secret block of the Prefect server.

    Raises:
        ConfigError: There is no such block.
    """
    try:
        block: Any = Secret.load(name)
    except ValueError as exc:
        raise ConfigError(
            f"Prefect has no Secret block {name!r}.", where=f"prefect:{name}", fix="Create it, or change the reference."
        ) from exc
    return str(block.get())


def _hub(lease: str | None = None) -> Hub:
    """Open the hub; with the owner of the flow's lease it writes only as long as that is held."""
    hub = open_hub(Path(os.environ.get("SYNCHUB_CONFIG", "synchub.yaml")), blocks=secret_block)
    if lease is not None:
        hub.state.runs.work_under("sync", lease)
    return hub


def _may_retry(_task: Any, _run: Any, state: Any) -> bool:
    """Retry what may work later; a wrong password stays wrong."""
    try:
        state.result()
    except HubError as exc:
        return exc.recovery is Recovery.RETRY_LATER
    except Exception:  # noqa: BLE001 - whatever it is, Prefect records it; only its retry is decided here
        return False
    return False


_RETRIES: dict[str, Any] = {
    "retries": 3, "retry_delay_seconds": exponential_backoff(backoff_factor=5), "retry_jitter_factor": 0.5,
    "retry_condition_fn": _may_retry,
}  # fmt: skip


@task(name="pull", task_run_name="pull {source}", **_RETRIES)
def pull_task(source: str, run: int, lease: str, limit: int | None) -> dict[str, dict[str, Any]]:
    """Read one source into the ledger."""
    hub = _hub(lease)
    try:
        result = pull_source(hub, source, run, limit=limit)
    finally:
        hub.close()
    for stream, counts in result.items():
        get_run_logger().info(
            "%s %s: read %d, new %d, changed %d", source, stream, counts["read"], counts["new"], counts["changed"]
        )
    return result


@task(name="identify", **_RETRIES)
def identify_task(run: int, lease: str) -> dict[str, Any]:
    """Identify and reconcile what changed."""
    hub = _hub(lease)
    try:
        return identify_all(hub, run)
    finally:
        hub.close()


@task(name="deliver", task_run_name="deliver {target}", **_RETRIES)
def deliver_task(target: str, run: int, lease: str) -> dict[str, Any]:
    """Plan one target and deliver the plan as far as its mode allows."""
    hub = _hub(lease)
    try:
        return sync_target(hub, target, run, Selection()).as_dict()
    finally:
        hub.close()


@flow(name="sync", log_prints=False, persist_result=False)
def sync(
    sources: list[str] | None = None, targets: list[str] | None = None, limit: int | None = None
) -> dict[str, Any]:
    """Bring every target up to what the sources say.

    Args:
        sources: Configured names of sources; all when absent.
        targets: Configured names of targets; all when absent.
        limit: Read at most so many records of each stream; then nothing counts as complete.
    """
    hub = _hub()
    try:
        settings = hub.loaded.settings
        read = chosen(list(settings.sources), frozenset(sources or ()), "source")
        write = chosen(list(settings.targets), frozenset(targets or ()), "target")
        with exclusive(hub) as lease:
            run = begin_run(hub, "sync", flow_run.get_id())
            state = "failed"
            try:
                pulled = {name: pull_task(name, run, lease, limit) for name in read}
                identified = identify_task(run, lease)
                reports = {name: deliver_task(name, run, lease) for name in write}
                state = run_state(pulled, reports)
            finally:
                end_run(hub, run, state)
        result = {"run": run, "state": state, "pulled": pulled, "identified": identified, "targets": reports}
        create_markdown_artifact(report_markdown(result), key="sync-report", description=f"Run {run}")
        return result
    finally:
        hub.close()
