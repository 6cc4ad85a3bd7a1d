"""Undoing runs over real files and two simulated targets, whose own tables are the judge."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulators.jira import Jira
from simulators.servicenow import ServiceNow
from tests.contract.jira_assets_case import contract
from tests.integration.cli.conftest import Desk

_TABLES = ("cmdb_ci_computer", "alm_hardware", "sys_user")
_STAMPS = {"sys_mod_count", "sys_updated_on", "sys_updated_by", "last_discovered", "Updated", "Last Seen"}


class TwoTargets(Desk):
    """The desk with ServiceNow and Jira Assets as targets."""

    def __init__(self, folder: Path, snow: ServiceNow, jira: Jira) -> None:
        self.snow, self.jira = snow, jira
        self.mode = "write"
        super().__init__(folder, snow.url)
        self.mode = "write"
        self.rows = {name: [dict(row) for row in rows] for name, rows in self.rows.items()}
        self.write()

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        found = super().settings()
        found["targets"]["assets"] = {
            "connector": "jira_assets", "url": self.jira.url, "api": self.jira.url, "schema": "ITAM",
            "mode": self.mode, "icon": "1", "classes": ["computer", "person"], "requests_per_minute": 100_000,
            "searches_per_minute": 100_000, "auth": {"email": "hub@acme.example", "token": "env:JIRA_TOKEN"},
        }  # fmt: skip
        return found

    def sync(self) -> dict[str, Any]:
        """Sync; returns the document."""
        ran = self.run("sync", "--json")
        assert ran.code == 0, ran.out[-2000:] + ran.err[-2000:]
        return dict(ran.document)

    def held(self) -> dict[str, dict[str, Any]]:
        """Dump what both targets hold, without what counts and stamps writes; empty is empty."""
        found: dict[str, dict[str, Any]] = {}
        for table in _TABLES:
            for row in self.snow.dump(table):
                found[f"snow {table} {row['sys_id']}"] = row
        for item in self.jira.store.objects.values():
            found[f"assets {item.key}"] = self.jira.row(item)
        return {
            key: {n: v for n, v in row.items() if n not in _STAMPS and v not in (None, "", [], [None])}
            for key, row in found.items()
        }

    def change(self) -> None:
        """Let sources change values, fill what was empty, and give a device to somebody else."""
        self.rows["devices"][0] |= {"osVersion": "10.0.26100.1", "totalStorageSpaceInBytes": 512 * 10**9}
        self.rows["devices"][1] |= {"userPrincipalName": "ben.kim@corp.example"}
        self.rows["orders"][0] |= {"unit_price": "400.00", "cost_center": "CC1018"}
        self.rows["people"][0] |= {"job_title": "Controller", "department": "Controlling"}
        self.write()


@pytest.fixture
def jira() -> Iterator[Jira]:
    """A running site with an empty workspace."""
    with Jira(seed=5, checks=[contract()]) as running:
        yield running
        assert running.log.problems() == []


@pytest.fixture
def both(tmp_path: Path, sim: ServiceNow, jira: Jira, monkeypatch: pytest.MonkeyPatch) -> TwoTargets:
    """A desk that may write to both."""
    monkeypatch.setenv("SNOW_PASSWORD", "hub-password")
    monkeypatch.setenv("JIRA_TOKEN", "hub-token")
    return TwoTargets(tmp_path, sim, jira)


def _written(document: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {name: report["applied"] for name, report in document["targets"].items()}


def _planned(document: dict[str, Any]) -> list[str]:
    return [f"{c['target']} {c['op']} {c['field']} {c['old']} -> {c['new']}" for c in document["causes"]]


def test_a_run_of_changes_is_undone_field_for_field_and_stays_undone(both: TwoTargets) -> None:
    """Both targets hold what they held; the next sync plans zero; what is new at a source is written as ever."""
    both.sync()
    both.sync()
    before = both.held()
    both.change()
    changed = both.sync()
    after = both.held()
    fields = {name for key, row in after.items() for name in row if row.get(name) != before[key].get(name)}
    assert {"os_version", "assigned_to", "cost", "title", "OS Version", "Assigned To"} <= fields

    looked = both.run("rollback", str(changed["run"]), "--json")
    assert looked.code == 0, looked.err
    assert both.held() == after
    undone = both.run("rollback", str(changed["run"]), "--apply", "--as", "anna", "--json")
    assert undone.code == 0, undone.out + undone.err

    assert both.held() == before
    again = both.run("plan", "--json").document
    assert _planned(again) == []
    assert not any(_written(both.sync()).values())
    assert both.held() == before

    both.rows["devices"][0] |= {"osVersion": "10.0.26100.2"}
    both.write()
    both.sync()
    rows = [
        row for row in both.held().values() if "10.0.26100.2" in (row.get("os_version"), *row.get("OS Version", ()))
    ]
    assert len(rows) == 2


def test_the_first_run_is_undone_as_far_as_it_goes(both: TwoTargets) -> None:
    """What it created is retired, what somebody worked on since is kept and told, and nothing comes again."""
    first = both.sync()
    [edited] = [r for r in both.snow.dump("cmdb_ci_computer") if r["name"] == "nb-test1"]
    both.snow.edit("cmdb_ci_computer", edited["sys_id"], {"os_version": "typed"})
    ran = both.run("rollback", str(first["run"]), "--apply", "--json")
    told = {name: report["summary"]["undoes"] for name, report in ran.document["targets"].items()}
    assert told["assets"]["retired"] > 0
    computers = {row["name"]: row for row in both.snow.dump("cmdb_ci_computer")}
    assert computers["nb-test1"]["operational_status"] != "6"
    assert computers["nb-test2"]["operational_status"] == "6"
    assert "7" in {row["install_status"] for row in both.snow.dump("alm_hardware")}
    assert [k["why"] for k in told["snow"]["kept"]] == ["created objects that were edited since"]
    before, count = both.held(), both.snow.log.count(writes=True) + both.jira.log.count(writes=True)
    assert not any(_written(both.sync()).values())
    assert both.held() == before
    assert both.snow.log.count(writes=True) + both.jira.log.count(writes=True) == count

    ended = both.run("rollback", str(first["run"]), "--unpin", "--json").document
    assert ended["unpinned"] > 0
    both.sync()
    assert "7" not in {row["install_status"] for row in both.snow.dump("alm_hardware")}


def test_a_run_that_wrote_nothing_or_is_unknown_is_told(both: TwoTargets) -> None:
    """With the way out, and in one line."""
    both.sync()
    both.sync()
    runs = both.run("status", "--json").document["runs"]
    ran = both.run("rollback", str(runs[0]["id"]))
    assert (ran.code, ran.out) == (1, "")
    assert "wrote nothing" in ran.err
    assert both.run("rollback", "4711").code == 1


def test_what_is_not_kept_any_more_cannot_be_undone(both: TwoTargets) -> None:
    """The reason is told."""
    first = both.sync()
    from synchub.wiring import open_hub

    hub = open_hub(both.config)
    with hub.state.database.begin() as tx:
        tx.run("delete from plan_row")
    hub.close()
    ran = both.run("rollback", str(first["run"]))
    assert ran.code == 1
    assert "not kept any more" in ran.err


def test_in_mode_preview_nothing_is_undone(both: TwoTargets) -> None:
    """The way back is shown, and refused."""
    both.sync()
    both.change()
    changed = both.sync()
    before = both.held()
    both.mode = "preview"
    both.write()
    assert both.run("rollback", str(changed["run"])).code == 0
    assert both.run("rollback", str(changed["run"]), "--apply").code == 1
    assert both.held() == before


def test_history_tells_what_was_written_by_which_run_and_undone(both: TwoTargets) -> None:
    """Each write with the run that delivered it, its source and the target's answer; the way back names its run."""
    both.sync()
    both.change()
    token = both.run("plan", "--json").document["targets"]["snow"]["plan"]
    applied = both.run("apply", token, "--json").document["run"]
    both.run("rollback", str(applied), "--apply")

    events = both.run("history", "nb-test1", "--field", "os_version", "--json").document["events"]
    told = [
        (e["run"], e["undoes"], c["old"], c["new"], c["source"])
        for e in events if e["kind"] == "plan" and e["target"] == "snow" and e["op"] == "update" for c in e["changes"]
    ]  # fmt: skip
    assert told == [
        (applied, None, "10.0.22631.3593", "10.0.26100.1", "mdm"),
        (applied + 1, applied, "10.0.26100.1", "10.0.22631.3593", ""),
    ]
    assert f"undoes run {applied}" in both.run("history", "nb-test1").out
