"""What the flows share: the open hub, retries, and the hand-over of a run to flows that take part in it.

Parameters are configured names and numbers only. Where the configuration lies is said by the environment variable
`SYNCHUB_CONFIG` (default `synchub.yaml`), so that nobody can point a deployment at another file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prefect.blocks.system import Secret
from prefect.runtime import flow_run
from prefect.tasks import exponential_backoff

from synchub.errors import ConfigError, HubError, Recovery, StateError
from synchub.sharing import SharedRun, read_ticket
from synchub.steps import begin_run, end_run, exclusive
from synchub.wiring import Hub, open_hub

MOST_RUNS = 5  # of one flow run; what kills it each time (memory) is nothing that another run heals
LEASE_WAIT = 90  # seconds; a killed run's lease ends within 60, and whoever retries it waits so long


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


def open_configured(lease: str | None = None) -> Hub:
    """Open the hub; with the owner of a run's lease it writes only as long as that is held."""
    hub = open_hub(Path(os.environ.get("SYNCHUB_CONFIG", "synchub.yaml")), blocks=secret_block)
    if lease is not None:
        hub.state.runs.work_under("sync", lease)
    return hub


def may_retry(_task: Any, _run: Any, state: Any) -> bool:
    """Retry what may work later; a wrong password stays wrong."""
    try:
        state.result()
    except HubError as exc:
        return exc.recovery is Recovery.RETRY_LATER
    except Exception:  # noqa: BLE001 - whatever it is, Prefect records it; only its retry is decided here
        return False
    return False


RETRIES: dict[str, Any] = {
    "retries": 3, "retry_delay_seconds": exponential_backoff(backoff_factor=5), "retry_jitter_factor": 0.5,
    "retry_condition_fn": may_retry,
}  # fmt: skip


@contextmanager
def taking(kind: str, under: str | None) -> Iterator[SharedRun]:
    """Open a run of its own, or take part in the one that a ticket names.

    Raises:
        ConfigError: The ticket is none.
        LeaseHeld: Another run works on the state and does not end in time.
        StateError: The flow run died too often.
    """
    if flow_run.run_count > MOST_RUNS:
        raise StateError(
            f"this run was started {MOST_RUNS} times and never came to an end.", where=f"flow run {flow_run.get_id()}",
            fix="See why its process dies (memory, the worker's machine); the next run goes on where it stopped.",
        )  # fmt: skip
    if under is not None:
        run, lease = read_ticket(under)
        hub = open_configured(lease)
        try:
            yield SharedRun(hub, run, lease)
        finally:
            hub.close()
        return
    hub = open_configured()
    try:
        with exclusive(hub, wait=LEASE_WAIT) as lease:
            taken = SharedRun(hub, begin_run(hub, kind, flow_run.get_id()), lease)
            try:
                yield taken
            finally:
                end_run(hub, taken.run, taken.state)
    finally:
        hub.close()
