"""A small desk with a simulated Assets workspace behind it, and the command line in this process."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.jira import Jira
from simulators.jira.store import Obj
from tests.contract.jira_assets_case import contract
from tests.integration.cli.conftest import Desk


class AssetsDesk(Desk):
    """The desk of the command line's tests, with Assets as its only target."""

    def __init__(self, folder: Path, sim: Jira) -> None:
        self.sim = sim
        self.own: dict[str, Any] = {}
        super().__init__(folder, sim.url)
        self.rows = copy.deepcopy(self.rows)

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        target = {
            "connector": "jira_assets", "url": self.url, "api": self.url, "schema": "ITAM", "mode": self.mode,
            "icon": "1", "classes": ["computer", "person"], "requests_per_minute": 100_000,
            "searches_per_minute": 100_000,
            "auth": {"email": "hub@acme.example", "token": "env:JIRA_TOKEN"}, **self.own,
        }  # fmt: skip
        return {**super().settings(), "targets": {"assets": target}}

    def sync(self, code: int = 0) -> dict[str, Any]:
        """Sync and return the target's report."""
        ran = self.run("sync", "--json")
        assert ran.code == code, f"{ran.code}: {ran.out[-2000:]}{ran.err[-2000:]}"
        report: dict[str, Any] = ran.document["targets"]["assets"]
        return report

    def objects(self, kind: str) -> dict[str, Obj]:
        """Return the objects of a type by their label."""
        types = {t.id: t.name for t in self.sim.store.types.values()}
        found = [o for o in self.sim.store.objects.values() if types[o.type] == kind]
        return {self.sim.row(o)["Name"][0]: o for o in found}

    def writes(self) -> int:
        """Count the requests that changed something."""
        return self.sim.log.count(writes=True)


@pytest.fixture
def sim() -> Iterator[Jira]:
    """A running site with an empty workspace; every request and answer is held to the specification."""
    with Jira(seed=5, checks=[contract()]) as running:
        yield running
        assert running.log.problems() == []


@pytest.fixture
def desk(tmp_path: Path, sim: Jira, monkeypatch: pytest.MonkeyPatch) -> AssetsDesk:
    """A desk that may write."""
    monkeypatch.setenv("JIRA_TOKEN", "hub-token")
    desk = AssetsDesk(tmp_path, sim)
    desk.mode = "write"
    desk.write()
    return desk
