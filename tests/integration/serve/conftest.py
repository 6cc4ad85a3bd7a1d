"""A hub that serves on loopback, and a client that speaks HTTP by hand."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from synchub.web.limits import Limits
from synchub.web.server import serving
from synchub.wiring import Hub, open_hub

PASSWORD = "correct horse battery"
CANARY = "s3cr3t-canary-77aa"
LIMITS = Limits(head_s=0.4, body_s=0.6, fresh_s=0)


class Served:
    """A configuration in a folder; `start` serves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"AGENT_PASSWORD": PASSWORD, "METRICS_TOKEN": CANARY}
        self.changes: dict[str, Any] = {}
        self._stack = ExitStack()
        self.url = ""

    @property
    def config(self) -> Path:
        """The configuration file, written."""
        receive = {"password": "env:AGENT_PASSWORD", "max_mib": 1}
        settings: dict[str, Any] = {
            "version": 1,
            "hub": {"id": "acme-test", "timezone": "Europe/Berlin"},
            "state": "sqlite:///state.db",
            "serve": {"listen": "127.0.0.1:0"},
            "sources": {
                "scan": {
                    "connector": "agent_inventory", "root": "drops", "receive": receive,
                    "streams": {"inventories": {"fresh_within": "26h", "timezone": "Europe/Berlin"}},
                }
            },
        }  # fmt: skip
        path = self.folder / "synchub.yaml"
        path.write_text(yaml.safe_dump(settings | self.changes))
        return path

    def hub(self) -> Hub:
        """Open the configuration; closed at the end of the test."""
        hub = open_hub(self.config, environ=self.environ)
        self._stack.callback(hub.close)
        return hub

    def start(self, limits: Limits = LIMITS) -> httpx.Client:
        """Serve; returns a client without a password."""
        server = self._stack.enter_context(serving(self.hub(), limits))
        assert server is not None
        self.url = server.url
        return self._stack.enter_context(httpx.Client(base_url=server.url, trust_env=False, timeout=20))

    def stop(self) -> None:
        """End everything."""
        self._stack.close()

    def connect(self) -> socket.socket:
        """Open a bare connection."""
        url = httpx.URL(self.url)
        connection = socket.create_connection((url.host, url.port or 80), timeout=10)
        self._stack.callback(connection.close)
        return connection

    def files(self) -> list[Path]:
        """List the spool."""
        return sorted((self.folder / "drops" / "received").glob("*.gz"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A hub that receives inventories; not yet started."""
    found = Served(tmp_path)
    yield found
    found.stop()
