"""Two targets, one truth: the same things in ServiceNow and Assets, compared field by field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.jira import Jira
from simulators.servicenow import ServiceNow
from tests.contract.jira_assets_case import contract
from tests.integration.cli.conftest import Desk


class Twins(Desk):
    """A desk with both targets."""

    def __init__(self, folder: Path, snow: ServiceNow, jira: Jira) -> None:
        self.snow, self.jira = snow, jira
        super().__init__(folder, snow.url)
        self.mode = "write"
        self.write()

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        mine = super().settings()
        assets = {
            "connector": "jira_assets", "url": self.jira.url, "api": self.jira.url, "schema": "ITAM", "icon": "1",
            "mode": self.mode, "requests_per_minute": 100_000, "searches_per_minute": 100_000,
            "auth": {"email": "hub@acme.example", "token": "env:JIRA_TOKEN"},
        }  # fmt: skip
        return {**mine, "targets": {**mine["targets"], "assets": assets}}

    def pair(self) -> dict[str, Any]:
        """Return the report's only pair."""
        ran = self.run_group("report", "parity", "--json")
        [pair] = ran.document["pairs"]
        found: dict[str, Any] = pair
        return found

    def run_group(self, *arguments: str) -> Any:
        """Run a command of a group with this configuration."""
        from tests.integration.cli.conftest import synchub

        ran = synchub(*arguments[:2], "--config", str(self.config), *arguments[2:])
        assert ran.code == 0, f"{ran.code}: {ran.out[-2000:]}{ran.err[-2000:]}"
        return ran


@pytest.fixture
def twins(tmp_path: Path, sim: ServiceNow, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twins]:
    """Both targets, synced once."""
    monkeypatch.setenv("SNOW_PASSWORD", "hub-password")
    monkeypatch.setenv("JIRA_TOKEN", "hub-token")
    with Jira(seed=5, checks=[contract()]) as jira:
        desk = Twins(tmp_path, sim, jira)
        desk.run("sync", "--json")
        yield desk


def _why(pair: dict[str, Any]) -> dict[str, tuple[int, dict[str, str]]]:
    return {item["field"]: (item["count"], item["why"]) for item in pair["differences"]}


def test_after_a_sync_what_both_could_take_is_equal(twins: Twins) -> None:
    """Names, serial numbers, systems, users: equal in both; what one could not take is named with the reason."""
    pair = twins.pair()

    assert pair["targets"] == ["snow", "assets"]
    assert pair["entities"] == 5
    assert pair["only"] == {"snow": 0, "assets": 0}
    assert pair["equal"] > 40
    differing = _why(pair)
    assert {"hostname", "serial_number", "os_version", "assigned_to", "email"}.isdisjoint(differing)
    assert differing["cost_centre"] == (3, {"snow": "not yet delivered"}), "ServiceNow has no such cost centre"
    assert differing["operational_status"] == (1, {"snow": "unknown to the hub"}), "set by ServiceNow itself"


def test_an_edit_in_one_target_is_named_with_its_side(twins: Twins) -> None:
    """Somebody types over a value in ServiceNow: one field differs, edited by people there, with both values."""
    [ci] = [r["sys_id"] for r in twins.snow.dump("cmdb_ci_computer") if r["name"].lower() == "nb-test1"]
    twins.snow.edit("cmdb_ci_computer", ci, {"os_version": "11"}, "h.brandt")
    before = _why(twins.pair())
    twins.run("sync", "--json")

    pair = twins.pair()

    assert "os_version" not in before, "known from the next look on"
    [found] = [item for item in pair["differences"] if item["field"] == "os_version"]
    assert found["count"] == 1
    assert found["why"] == {"snow": "edited by people"}
    assert found["example"]["label"] == "nb-test1"
    assert (found["example"]["snow"], found["example"]["assets"]) == ("11", "10.0.22631.3593")


def test_what_a_target_refuses_is_named(twins: Twins) -> None:
    """A field that ServiceNow does not let the hub write."""
    twins.snow.deny("write", "cmdb_ci_computer", "os_version", loud=True)
    twins.rows["devices"][0]["osVersion"] = "10.0.26100.1"
    twins.write()
    twins.run("sync", "--json")

    assert _why(twins.pair())["os_version"] == (1, {"snow": "refused by the target"})


def test_what_waits_to_be_delivered_is_named(twins: Twins) -> None:
    """A change that is pulled but not written yet differs in neither target from the other: both are behind alike."""
    twins.rows["devices"][0]["osVersion"] = "10.0.26100.1"
    twins.write()
    twins.run("pull", "--json")
    twins.run("plan", "--json")

    assert "os_version" not in _why(twins.pair())


def test_differences_come_largest_first(twins: Twins) -> None:
    """And the text says how much is equal."""
    pair = twins.pair()
    counts = [item["count"] for item in pair["differences"]]
    text = twins.run_group("report", "parity").out

    assert counts == sorted(counts, reverse=True)
    assert [item["number"] for item in pair["differences"]] == list(range(1, len(counts) + 1))
    assert text.startswith("snow and assets: 5 things in both, ")
    assert len(text.splitlines()) <= 27
