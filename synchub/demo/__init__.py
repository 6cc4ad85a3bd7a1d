"""The demo: a dirty estate, two targets that others filled, three runs of the Prefect flow, audits, and the way back.

Four kinds of source are read: purchase orders as files, people from BambooHR and devices from Intune over HTTP, and the
inventories of agents. ServiceNow and Jira Assets are written. The figures are the auditors', which read only the
simulators and their request logs; records, entities and states come from the run's own report and from Prefect's API.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from synchub.demo.back import undo
from synchub.demo.say import Say
from synchub.demo.show import Show
from synchub.demo.world import world
from synchub.errors import ConfigError

PEOPLE, DEVICES = 2000, 3000
_RUNS = ("first", "unchanged", "one_percent")
_TOLD = ("name", "records", "changed", "entities", "seconds", "targets")


def run(json_output: bool, keep: Path | None = None, *, people: int = PEOPLE, devices: int = DEVICES) -> int:
    """Run the demo.

    Args:
        json_output: Print one JSON line at the end and nothing else on stdout.
        keep: Folder in which everything stays afterwards; a temporary one, which stays too, when absent.
        people: Size of the estate.
        devices: Size of the estate.

    Returns:
        Exit code: 0 when every run did its job, the unchanged one wrote nothing to any target, and the rollback brought
        back every field and was left alone by the next sync, else 1.

    Raises:
        ConfigError: The simulators are not installed, or the folder is not empty.
    """
    folder = (keep or Path(tempfile.mkdtemp(prefix="synchub-demo-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ConfigError(f"{folder} is not empty.", where="demo", fix="Name an empty folder, or leave --keep out.")
    say = Say(sys.stderr if json_output else sys.stdout)
    started = time.monotonic()
    with world(folder, people, devices, say) as systems, _prefect(folder, say):
        show = Show(systems, say)
        results = []
        before = {}
        for name in _RUNS:
            if name == "one_percent":
                before = systems.held()
                say(f"    changed at the sources: {systems.change(percent=1):,} records")
            results.append(_run(name, systems.auditors, show, say))
        show.looks()
        undone = undo(systems, results[-1]["run"], before, say, lambda: _flow()[0])
        show.closing(results, started)
    if json_output:
        told = {"runs": [{key: r[key] for key in _TOLD} for r in results], "rollback": undone}
        sys.stdout.write(json.dumps(told) + "\n")
    wrote = any(target["writes"] for target in results[1]["targets"].values())
    again = any(undone["differences"].values()) or any(n for t in undone["next"].values() for n in t.values())
    return 1 if wrote or again or any(r["state"] == "failed" for r in results) else 0


def _run(name: str, auditors: dict[str, Any], show: Show, say: Say) -> dict[str, Any]:
    """Run the flow once and audit it."""
    for auditor in auditors.values():
        auditor.begin()
    begun = time.monotonic()
    with say.busy(f"run '{name}': the Prefect flow `sync`"):
        result, flow_run, flow_state = _flow()
    seconds = round(time.monotonic() - begun, 2)
    with say.busy("auditing both targets"):
        audits = {target: auditor.end(name) for target, auditor in auditors.items()}
    return show.run(name, result, f"Prefect flow run {flow_run}: {flow_state}", audits, seconds)


@contextlib.contextmanager
def _prefect(folder: Path, say: Say) -> Iterator[None]:
    """Start one Prefect server for all runs, with a home of its own and without analytics."""
    os.environ.update(
        PREFECT_HOME=str(folder / "prefect"),
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS="180",
        PREFECT_LOGGING_LEVEL="ERROR",
        PREFECT_LOGGING_TO_API_ENABLED="false",
        PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY="false",
        DO_NOT_TRACK="1",
    )
    os.environ.pop("PREFECT_API_URL", None)
    with say.busy("starting a Prefect server (loopback only)"):
        from prefect.server.api.server import SubprocessASGIServer
        from prefect.settings import PREFECT_API_URL, temporary_settings

        server = SubprocessASGIServer()
        server.start(timeout=180)
    try:
        with temporary_settings({PREFECT_API_URL: server.api_url}):
            yield
    finally:
        server.stop()


def _flow() -> tuple[dict[str, Any], str, str]:
    """Run the flow and read its state from Prefect's API."""
    from prefect.client.orchestration import get_client

    from flows.sync import sync

    state = sync(return_state=True)
    result: dict[str, Any] = state.result()
    flow_run_id = state.state_details.flow_run_id
    assert flow_run_id is not None
    with get_client(sync_client=True) as client:
        flow_run = client.read_flow_run(flow_run_id)
    return result, str(flow_run.id), str(flow_run.state.name if flow_run.state else "unknown")
