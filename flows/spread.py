"""Work that is done by several workers at once: each piece is a flow run that any worker may take."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.deployments import run_deployment

from synchub.errors import Unavailable

_LOOK_S = 1.0
_AGAIN_S = 60  # a crashed piece is run again by an automation of the server, where it has one (`flows.revival`)


def spread(deployment: str, pieces: Sequence[Mapping[str, Any]]) -> None:
    """Run a deployment once for each piece, all at once, and wait for them.

    Raises:
        Unavailable: A piece failed, crashed or was cancelled; the others have ended all the same. What they did is in
            the state, and the next run goes on from there.
    """
    runs: list[Any] = [run_deployment(deployment, parameters=dict(piece), timeout=0) for piece in pieces]
    with get_client(sync_client=True) as client:
        for started, piece in zip(runs, pieces, strict=True):
            found = _ended(client, started.id)
            if not found.state.is_completed():
                named = {name: value for name, value in piece.items() if name != "under"}
                raise Unavailable(
                    f"{deployment} {named} ended as {found.state.name}.", where=f"flow run {started.id}",
                    fix="Look at that run in Prefect; then run the sync again.",
                )  # fmt: skip


def _ended(client: SyncPrefectClient, run: Any) -> Any:
    """Wait for the end of a flow run; a crash is one when nobody runs it again soon."""
    crashed = 0.0
    while True:
        found = client.read_flow_run(run)
        if found.state is not None and found.state.is_final():
            if not found.state.is_crashed():
                return found
            crashed = crashed or time.monotonic()
            if time.monotonic() - crashed > _AGAIN_S:
                return found
        else:
            crashed = 0.0
        time.sleep(_LOOK_S)
