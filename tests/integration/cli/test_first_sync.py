"""docs/first-sync.md, word for word."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "first-sync.md"


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def script(port: int) -> str:
    """Every command of the page, in order; it waits for the simulator before the first command that needs it."""
    blocks = re.findall(r"^```bash\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    connect = f'import socket; socket.create_connection(("127.0.0.1", {port}))'
    wait = f"until python -c '{connect}' 2>/dev/null; do sleep 0.1; done"
    return "\n".join(["set -eu", blocks[0], wait, *blocks[1:]]).replace("8901", str(port))


@pytest.mark.slow
def test_the_page_leads_from_nothing_to_a_canary_write(tmp_path: Path) -> None:
    """Each command of the page works as written, and the practice system holds what the page promises."""
    port, output = _free_port(), tmp_path / "output"
    environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    with output.open("wb") as out:
        shell = subprocess.Popen(
            ["bash", "-c", script(port)], cwd=tmp_path, env=environ, stdout=out, stderr=out, start_new_session=True
        )
    try:
        assert shell.wait(300) == 0, output.read_text()  # 20 commands; the limit is for a machine at work
        found = httpx.get(
            f"http://127.0.0.1:{port}/api/now/table/cmdb_ci_computer",
            params={"sysparm_fields": "name,serial_number,os_version,correlation_id"}, auth=("admin", "admin"),
        )  # fmt: skip
    finally:
        os.killpg(shell.pid, signal.SIGTERM)

    computers = {row["serial_number"]: row for row in found.json()["result"]}
    assert computers["5CG0001"]["name"] == "Anna's laptop"
    assert {"5CG0002", "5CG0003"} <= computers.keys()
    assert "to look at" not in output.read_text()  # `synchub check` has no warning for it
    assert all(computers[serial]["correlation_id"] for serial in ("5CG0002", "5CG0003"))
    assert len([row for row in found.json()["result"] if row["serial_number"] == "5CG0001"]) == 1
