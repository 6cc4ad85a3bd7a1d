"""The simulator as a program of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx


def test_serves_alone() -> None:
    """`python -m simulators.intune` says where it answers, answers there, and ends quietly."""
    command = [sys.executable, "-m", "simulators.intune", "--port", "0", "--devices", "20"]
    root = Path(__file__).resolve().parents[3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().split()[1]
            status = httpx.get(url, trust_env=False).status_code
        finally:
            process.terminate()

    assert url.startswith("http://127.0.0.1:")
    assert status == 401
