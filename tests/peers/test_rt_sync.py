"""Whole syncs into a real Request Tracker: `RT5_URL=… RT5_TOKEN=… pytest -m peers -s` shows the figures."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulators.http import Server
from tests.integration.rt.desk import RtDesk, keeps_every_edit
from tests.peers import rt


class Peer:
    """One catalog of a real RT, as `tests.integration.rt.desk.System`."""

    def __init__(self, real: rt.Real, server: Server, catalog: str) -> None:
        self.real, self.catalog, self._server = real, catalog, server

    @property
    def server(self) -> Server:
        """What counts the hub's requests."""
        return self._server

    def assets(self) -> dict[str, dict[str, Any]]:
        """Return id -> fields of the assets."""
        return self.real.assets(self.catalog)

    def edit(self, number: str, fields: Mapping[str, Any]) -> None:
        """Change an asset."""
        self.real.edit(number, fields)

    def user(self, name: str, mail: str) -> str:
        """Make sure that there is a user."""
        answer = self.real.call("POST", "/user", {"Name": name, "EmailAddress": mail, "Privileged": 0})
        assert answer.status_code == 201 or "in use" in answer.text, answer.text
        return name


@pytest.fixture
def peer() -> Iterator[tuple[Peer, str]]:
    """A catalog of its own in the real RT, and its name."""
    real = rt.real()
    catalog, name = real.catalog()
    with real.proxy() as server:
        yield Peer(real, server, catalog), name
    real.clear(catalog)


@pytest.mark.peers
def test_a_sync_hand_edits_and_a_second_sync_keep_every_edit(
    tmp_path: Path, peer: tuple[Peer, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the simulator: every edit kept, nothing written the second and the third time."""
    monkeypatch.setenv("RT_TOKEN", peer[0].real.token)
    desk = RtDesk(tmp_path, peer[0].server, peer[1], hub=f"peers-{uuid.uuid4().hex[:8]}")

    figures = keeps_every_edit(desk, peer[0])

    sys.stderr.write(f"\n{figures}\n")
    assert figures["third sync"] <= figures["second sync"]
