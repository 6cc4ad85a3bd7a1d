"""`synchub serve` as people run it: agents send, Prefect's own scheduler runs the sync, and a signal ends it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from synchub.wiring import open_hub
from tests.unit.connectors.agent_inventory.reads import agent

_WAIT_S = 150
_CONFIG = """
version: 1
hub: {id: acme-test}
state: sqlite:///state.db
serve: {listen: "127.0.0.1:%d"}
schedules: {sync: "* * * * *", pull: "0 5 * * *"}
sources:
  scan:
    connector: agent_inventory
    root: drops
    receive: {token: env:AGENT_TOKEN}
    streams: {inventories: {timezone: UTC}}
"""


@pytest.fixture
def port() -> int:
    """A free port."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@pytest.fixture
def process(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`synchub serve` with a Prefect home of its own."""
    (tmp_path / "synchub.yaml").write_text(_CONFIG % port)
    settings = {
        "AGENT_TOKEN": "a-token-of-some-length", "PREFECT_HOME": str(tmp_path / "prefect"), "PREFECT_API_URL": "",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    }  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            [Path(sys.executable).with_name("synchub"), "serve", "--json", "--config", str(tmp_path / "synchub.yaml")],
            env=os.environ | settings, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
        yield running
        running.terminate()  # so that it ends its own Prefect server too
        try:
            running.wait(60)
        finally:
            running.kill()
            running.communicate()


def _get(url: str, data: bytes | None = None, kind: str = "application/octet-stream") -> bytes:
    headers = {"Authorization": "Bearer a-token-of-some-length", "Content-Type": kind}
    request = urllib.request.Request(url, data, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
        return bytes(reply.read())


@pytest.mark.slow
@pytest.mark.prefect
def test_agent_to_scheduled_sync(process: subprocess.Popen[str], port: int, tmp_path: Path) -> None:
    """What an agent sent is in the state after the next scheduled run, without anybody's help."""
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    url = f"http://127.0.0.1:{port}"
    answer = json.loads(_get(f"{url}/agents/scan", agent()))
    limit = time.monotonic() + _WAIT_S
    hub = open_hub(tmp_path / "synchub.yaml")
    while [1] != [stream["records"] for stream in hub.state.reports.streams()]:
        assert time.monotonic() < limit, (tmp_path / "log").read_text()[-3000:]
        assert process.poll() is None
        time.sleep(1)
    hub.close()
    deployed = json.loads(_get(said["prefect"] + "/deployments/filter", b"{}", "application/json"))
    process.send_signal(signal.SIGTERM)
    process.wait(60)

    schedules = {"sync": "* * * * *", "pull": "0 5 * * *"}
    assert said == {"listen": url, "schedules": schedules, "timezone": "UTC", "prefect": said["prefect"]}
    assert schedules == {item["name"]: item["schedules"][0]["schedule"]["cron"] for item in deployed}
    assert "ok" == answer["status"]
    with pytest.raises(OSError, match="refused"):
        _get(said["prefect"] + "/health")
