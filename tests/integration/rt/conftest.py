"""A small desk with a simulated Request Tracker behind it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulators.http import Server
from simulators.rt import Rt
from tests.contract.rt_case import CATALOG, furnish
from tests.integration.rt.desk import RtDesk


class Simulated:
    """The simulator, as `desk.System`."""

    def __init__(self, sim: Rt) -> None:
        self.sim = sim

    @property
    def server(self) -> Server:
        """What counts the hub's requests."""
        return self.sim.server

    def assets(self) -> dict[str, dict[str, Any]]:
        """Return id -> fields of the assets that are not deleted."""
        return {str(a.id): self.sim.row(a) for a in self.sim.store.assets.values() if a.status != "deleted"}

    def edit(self, number: str, fields: Mapping[str, Any]) -> None:
        """Change an asset as Jane would."""
        self.sim.edit(int(number), dict(fields), by="jane")

    def user(self, name: str, mail: str) -> str:
        """Add a user."""
        self.sim.store.user(name, mail)
        return name

    def named(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return id and fields of the asset of a name."""
        return next((i, row) for i, row in self.assets().items() if row["Name"] == name)


@pytest.fixture
def rt() -> Iterator[Simulated]:
    """A running RT with the custom fields of the shipped map."""
    with Rt(seed=5) as running:
        furnish(running)
        running.store.user("jane", "jane@acme.example")
        yield Simulated(running)


@pytest.fixture
def desk(tmp_path: Path, rt: Simulated, monkeypatch: pytest.MonkeyPatch) -> RtDesk:
    """A desk that may write."""
    monkeypatch.setenv("RT_TOKEN", rt.sim.token)
    return RtDesk(tmp_path, rt.server, CATALOG)
