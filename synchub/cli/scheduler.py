"""A Prefect server of one's own for `synchub serve`: the one that Prefect starts by itself runs no schedules."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from synchub.errors import Unavailable

_START_S = 180  # the first start makes its database
_QUIET = {"PREFECT_SERVER_LOGGING_LEVEL": "WARNING", "PREFECT_LOGGING_LEVEL": "WARNING"}


@contextmanager
def own_server() -> Iterator[str]:
    """Run a Prefect server on loopback; yields the URL of its API, for `PREFECT_API_URL`. Its state is Prefect's home.

    Raises:
        Unavailable: It did not come up.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}/api"
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - our own interpreter, no words of anybody else
        command, env=os.environ | _QUIET | {"PREFECT_API_URL": url}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        _wait(url, process)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    limit = time.monotonic() + _START_S
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5):  # noqa: S310 - a URL of our own
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > limit:
                raise Unavailable(
                    "the Prefect server did not start.", where="serve",
                    fix="Run `prefect server start` to see why, or name one that runs by PREFECT_API_URL.",
                ) from None  # fmt: skip
            time.sleep(0.5)
