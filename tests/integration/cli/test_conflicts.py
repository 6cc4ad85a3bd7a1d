"""Conflicts over real commands: listed, shown, answered, taken back; hostile values as code points."""

from __future__ import annotations

import pytest

from simulators.servicenow import ServiceNow
from tests.integration.cli.conftest import HOSTILE, Desk


@pytest.fixture
def asked(desk: Desk, sim: ServiceNow) -> Desk:
    """A desk of which a technician and a source both changed the system version of one laptop."""
    desk.mode = "write"
    desk.changes = {"targets": {"snow": desk.settings()["targets"]["snow"] | {"theirs": {"default": "ask"}}}}
    desk.write()
    desk.run("sync")
    desk.run("sync")
    [row] = [r for r in sim.dump("cmdb_ci_computer") if r.get("serial_number") == "5CGTEST1"]
    sim.clock.advance(60)
    sim.edit("cmdb_ci_computer", row["sys_id"], {"os_version": HOSTILE[:30]})
    sim.clock.advance(60)
    desk.rows["devices"][0] = desk.rows["devices"][0] | {"osVersion": "10.0.26100.1"}
    desk.write()
    desk.run("sync")
    return desk


def _version(sim: ServiceNow) -> str:
    [row] = [r for r in sim.dump("cmdb_ci_computer") if r.get("serial_number") == "5CGTEST1"]
    return row["os_version"]


def test_a_person_decides_between_two_values(asked: Desk, sim: ServiceNow) -> None:
    """The list ends with 4; the answer is written with the next sync; taken back nothing is lost."""
    listed = asked.run("conflicts", "list", "--kind", "ask", "--json")
    assert listed.code == 4
    [item] = listed.document["conflicts"]
    assert (item["field"], item["target"], item["class"]) == ("os_version", "snow", "computer")
    assert item["detail"]["hub"] == "10.0.26100.1"
    name = item["conflict"]

    told = asked.run("conflicts", "list")
    assert name in told.out and "\x1b" not in told.out
    shown = asked.run("conflicts", "show", name)
    assert "mdm/devices/" in shown.out and "--keep hub" in shown.out and "\x1b" not in shown.out

    rule = asked.run("conflicts", "resolve", name, "--keep", "hub", "--as-rule")
    assert rule.out == "targets:\n  snow:\n    theirs:\n      computer: {os_version: hub}\n"
    assert asked.run("conflicts", "list", "--kind", "ask").code == 4  # nothing was decided

    done = asked.run("conflicts", "resolve", name, "--keep", "hub", "--as", "anna", "--reason", "typo")
    assert done.code == 0
    assert asked.run("sync").code == 0
    assert _version(sim) == "10.0.26100.1"
    assert asked.run("conflicts", "list").out.strip() == "Nothing waits for a decision."
    [decision] = asked.run("conflicts", "decisions", "--json").document["decisions"]
    assert (decision["who"], decision["reason"], decision["answer"]["keep"]) == ("anna", "typo", "hub")
    assert asked.run("conflicts", "revoke", str(decision["decision"])).code == 0
    assert asked.run("sync").code == 0
    assert _version(sim) == "10.0.26100.1"  # both sides agree by now


def test_all_of_one_kind_are_decided_at_once(asked: Desk, sim: ServiceNow) -> None:
    """Only what the filters leave, and never everything of every kind."""
    assert asked.run("conflicts", "resolve", "--all", "--keep", "target").code == 1
    assert asked.run("conflicts", "resolve", "--all", "--kind", "ask", "--field", "ram", "--keep", "target").code == 0
    assert asked.run("conflicts", "list").code == 4
    done = asked.run("conflicts", "resolve", "--all", "--kind", "ask", "--keep", "target", "--json")
    assert [one["answer"] for one in done.document["resolved"]] == ["--keep target"]
    asked.run("sync")
    assert _version(sim) == HOSTILE[:30]
    assert asked.run("conflicts", "list").code == 0


@pytest.mark.parametrize(
    "words", [("k-999", "--keep", "hub"), ("k-1",), ("k-1", "--keep", "hub", "--apart"), ("k-1", "--keep", "erp"), ()]
)
def test_what_is_no_answer_is_refused(asked: Desk, words: tuple[str, ...]) -> None:
    """In two lines, and nothing is decided."""
    ran = asked.run("conflicts", "resolve", *words)
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 2
    assert asked.run("conflicts", "decisions").out.strip() == "Nothing was decided."
