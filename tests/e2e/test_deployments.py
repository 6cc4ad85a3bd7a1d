"""Deployments on a real Prefect server with real workers, one of which is killed in the middle of a sync."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from flows.revival import HEARTBEAT_S
from simulators.servicenow import ServiceNow
from synchub.cli.scheduler import own_server

_ROOT = Path(__file__).resolve().parents[2]
_DEVICES = 120
_QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_LOGGING_LEVEL": "WARNING", "DO_NOT_TRACK": "1",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false", "PYTHONWARNINGS": "ignore",
}  # fmt: skip


@pytest.fixture
def sim() -> Iterator[ServiceNow]:
    """An instance that takes its time, so that a kill meets a delivery."""
    with ServiceNow(seed=5) as running:
        [dell] = running.seed("core_company", [{"name": "Dell", "manufacturer": "true"}])
        running.seed("cmdb_hardware_product_model", [{"name": "Latitude 7450", "manufacturer": dell}])
        running.faults.add("latency", path="/api/now", seconds=0.2)
        yield running


@pytest.fixture
def environ(tmp_path: Path, sim: ServiceNow) -> dict[str, str]:
    """A configuration of one source and one target, and the environment of server, workers and commands."""
    rows = [
        {"id": f"d-{n}", "deviceName": f"NB-{n:04}", "operatingSystem": "Windows", "osVersion": "10.0.22631.3593",
         "manufacturer": "Dell Inc.", "model": "Latitude 7450", "serialNumber": f"5CG7K{n:04}QX",
         "lastSyncDateTime": "2026-11-20T00:28:15Z", "managementState": "managed", "managedDeviceOwnerType": "company"}
        for n in range(_DEVICES)
    ]  # fmt: skip
    (tmp_path / "devices.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    stream = {"glob": "devices.ndjson", "complete_when": "always"}
    target = {"connector": "servicenow", "url": sim.url, "auth": {"user": "hub", "password": "env:SNOW_PASSWORD"}}
    config = {
        "version": 1, "hub": {"id": "acme-test"}, "state": "sqlite:///state.db", "guards": {"default": {}},
        "sources": {"mdm": {"connector": "files", "root": ".", "role": "mdm", "streams": {"devices": stream}}},
        "targets": {"snow": {**target, "mode": "write", "batch": 10}},
    }  # fmt: skip
    (tmp_path / "synchub.yaml").write_text(yaml.safe_dump(config))
    return {
        **os.environ, **_QUIET, "PREFECT_HOME": str(tmp_path / "prefect"), "SNOW_PASSWORD": "hub-password",
        "SYNCHUB_CONFIG": str(tmp_path / "synchub.yaml"),
    }  # fmt: skip


@contextmanager
def worker(environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of the pool, with everything it starts in one session."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "synchub", "--type", "process"]
    running = subprocess.Popen(
        command, env=environ, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield running
    finally:
        kill(running)


def kill(running: subprocess.Popen[bytes]) -> None:
    """Kill a process and all that descend from it, as a power cut does."""
    everyone = [running.pid]
    for pid in everyone:
        for task in Path(f"/proc/{pid}/task").glob("*/children"):
            everyone += [int(child) for child in task.read_text().split()]
    for pid in everyone:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    running.wait()


def until(what: str, look: Callable[[], Any], seconds: float = 240) -> Any:
    """Wait for something to be true."""
    limit = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < limit, f"waited for {what}"
        time.sleep(0.2)
    return found


def deploy(environ: dict[str, str]) -> None:
    """What `synchub deploy` does, with less patience for silent runs; then the same from prefect.yaml."""
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.deployments import make

    with temporary_settings({PREFECT_API_URL: environ["PREFECT_API_URL"]}):
        for _ in range(2):
            make("synchub", environ["SYNCHUB_CONFIG"], {}, "UTC", silent_s=HEARTBEAT_S + 5)
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"], cwd=_ROOT, env=environ,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.prefect
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_killed_worker_s_run_is_retried_to_the_end(
    environ: dict[str, str], sim: ServiceNow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while it delivers, found dead and run again by itself on another worker: every device is there once."""
    for name in ("PREFECT_HOME", *_QUIET):
        monkeypatch.setenv(name, environ[name])
    with own_server() as url, httpx.Client(base_url=f"{url}/", timeout=30) as api:
        environ["PREFECT_API_URL"] = url
        deploy(environ)
        deployed = {item["name"]: item for item in api.post("deployments/filter", json={}).json()}
        assert {"sync", "pull", "deliver"} == deployed.keys()
        automations = [item["name"] for item in api.post("automations/filter", json={}).json()]
        assert 2 == len(automations) == len(set(automations))
        run = api.post(f"deployments/{deployed['sync']['id']}/create_flow_run", json={}).json()["id"]

        def state() -> str:
            return str(api.get(f"flow_runs/{run}").json()["state"]["type"])

        with worker(environ) as first:
            until("the first write", lambda: sim.log.count(writes=True) > 2)
            kill(first)
        killed_at = sim.log.count(writes=True)
        assert state() == "RUNNING"  # nobody has told Prefect
        with worker(environ):
            ended = until("the retry", lambda: state() in ("COMPLETED", "FAILED", "CANCELLED") and state())
        names = [item["name"] for item in api.get("flow_run_states/", params={"flow_run_id": run}).json()]
        runs = api.get(f"flow_runs/{run}").json()["run_count"]

    assert ended == "COMPLETED"
    told = [name for name in names if name in ("Running", "Crashed", "AwaitingRetry", "Completed")]
    assert ["Running", "Crashed", "AwaitingRetry", "Running", "Completed"] == told
    assert 2 == runs
    assert 0 < killed_at < sim.log.count(writes=True)
    serials = sorted(row.get("serial_number", "") for row in sim.dump("cmdb_ci_computer"))
    assert serials == [f"5CG7K{n:04}QX" for n in range(_DEVICES)]
    assert len(sim.dump("alm_hardware")) == _DEVICES
