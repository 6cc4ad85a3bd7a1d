"""A desk with a Request Tracker behind it, simulated or real, and what both have to go through."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from simulators.http import Server
from tests.integration.cli.conftest import Desk, people_and_devices

PEOPLE, DEVICES, USERS = 12, 30, 8
SERIAL = "Serial Number"


class System(Protocol):
    """An RT as the tests look at it: past the hub."""

    @property
    def server(self) -> Server:
        """What counts the hub's requests."""
        ...

    def assets(self) -> dict[str, dict[str, Any]]:
        """Return id -> fields of the assets."""
        ...

    def edit(self, number: str, fields: Mapping[str, Any]) -> None:
        """Change an asset as a person would."""
        ...

    def user(self, name: str, mail: str) -> str:
        """Make sure that there is a user; return its name."""
        ...


class RtDesk(Desk):
    """The desk of the command line's tests, with RT as its only target."""

    def __init__(self, folder: Path, server: Server, catalog: str, hub: str = "acme-test") -> None:
        self.server, self.catalog, self.hub = server, catalog, hub
        self.own: dict[str, Any] = {}
        super().__init__(folder, server.url)
        self.rows = copy.deepcopy(self.rows)
        self.mode = "write"
        self.write()

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        target = {
            "connector": "rt", "url": self.url, "token": "env:RT_TOKEN", "catalog": self.catalog, "mode": self.mode,
            "classes": ["computer"], "requests_per_minute": 100_000, **self.own,
        }  # fmt: skip
        base = super().settings()
        return {**base, "hub": {**base["hub"], "id": self.hub}, "targets": {"rt": target}}

    def sync(self, code: int = 0) -> dict[str, Any]:
        """Sync and return the target's report."""
        ran = self.run("sync", "--json")
        assert ran.code == code, f"{ran.code}: {ran.out[-2000:]}{ran.err[-2000:]}"
        report: dict[str, Any] = ran.document["targets"]["rt"]
        return report

    def writes(self) -> int:
        """Count the requests that changed something."""
        return int(self.server.log.counters()["records_written"])


def keeps_every_edit(desk: RtDesk, rt: System) -> dict[str, int]:
    """Sync, edit by hand, sync again: every edit is kept and nothing is written. Returns the figures."""
    users = [rt.user(f"peer-p{n:03}", f"p{n:03}@corp.example") for n in range(USERS)]
    people_and_devices(desk, PEOPLE, DEVICES)
    desk.sync()
    first, written = len(desk.server.log.entries), desk.writes()
    made = rt.assets()
    assert len(made) == DEVICES
    assert written == DEVICES, "one request writes one asset"
    held = [row for row in made.values() if row["HeldBy"]]
    # A real RT may know more of them from earlier tests.
    assert len(held) >= sum(n % PEOPLE < USERS for n in range(DEVICES)), "who is a user holds the asset"

    edits: list[dict[str, Any]] = [
        {"Status": "stolen"}, {"Description": "typed by hand"}, {"HeldBy": [users[-1]]}, {"HeldBy": []},
        {"Name": "renamed", "Operating System": "BeOS"}, {"Model": ""}, {"Warranty End": "2030-01-31"},
        {"Serial Number": "HAND-1"},
    ]  # fmt: skip
    numbers = sorted(made, key=int)[: len(edits)]
    for number, fields in zip(numbers, edits, strict=True):
        rt.edit(number, fields)
    edited = rt.assets()
    desk.sync()

    assert rt.assets() == edited, "an edit was written over"
    assert edited != made
    second = len(desk.server.log.entries)
    assert desk.writes() == written, "the second sync wrote"
    desk.sync()
    assert desk.writes() == written
    return {"assets": DEVICES, "edits": len(edits), "first sync": first, "second sync": second - first,
            "third sync": len(desk.server.log.entries) - second, "writes of the first": written}  # fmt: skip
