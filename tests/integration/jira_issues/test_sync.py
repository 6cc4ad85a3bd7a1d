"""Tickets of one project become issues of another, once, from `check` to a second sync that writes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulators.jira import Jira
from tests.integration.cli.conftest import synchub

HUB = {"email": "hub@acme.example", "token": "env:JIRA_TOKEN"}


def _settings(sim: Jira) -> dict[str, Any]:
    site = {"connector": "jira_issues", "url": sim.url, "auth": HUB}
    return {
        "version": 1,
        "hub": {"id": "acme", "timezone": "Europe/Berlin"},
        "state": "sqlite:///state.db",
        "sources": {"desk": {**site, "project": "OPS"}},
        "targets": {"tasks": {**site, "project": "ITOPS", "mode": "write", "classes": ["ticket"]}},
    }


def _writes(sim: Jira) -> int:
    """Count what changed something: all but reads of many issues, which are a POST."""
    return sum(e.method != "GET" and not e.path.endswith("bulkfetch") for e in sim.log.entries)


def test_tickets_become_issues_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Summary, text and status category arrive; what is done is moved there; nothing is written a second time."""
    monkeypatch.setenv("JIRA_TOKEN", "hub-token")
    config = tmp_path / "synchub.yaml"
    with Jira(seed=1) as sim:
        ops, tasks = sim.project("OPS"), sim.project("ITOPS")
        anna = sim.access.add("anna@corp.example", "Anna").account_id
        for number in range(3):
            sim.issue(ops, f"Laptop {number}", by=anna, description="It *is*\n[broken|http://x]", labels=["hw"])
        sim.do("OPS-3", "Resolve", by=sim.admin.account_id)
        config.write_text(json.dumps(_settings(sim)))
        checked = synchub("check", "--config", str(config))
        first = synchub("sync", "--config", str(config))
        made = [issue for issue in sim.issues.issues.values() if issue.project == tasks.id]
        before = _writes(sim)
        second = synchub("sync", "--config", str(config))

        assert (checked.code, first.code, second.code) == (0, 0, 0), checked.out + first.err + second.err
        assert sorted((i.values["summary"], i.status) for i in made) == [
            ("Laptop 0", "1"), ("Laptop 1", "1"), ("Laptop 2", "5"),
        ]  # fmt: skip
        assert all(issue.values["labels"][1] == "hw" and len(issue.values["labels"]) == 2 for issue in made)
        assert "nothing to write" in second.out
        assert _writes(sim) == before
