"""Other people's edits: left alone, and known with author and time."""

from __future__ import annotations

from simulators.jira import Jira
from tests.integration.jira_assets.conftest import AssetsDesk


def test_another_persons_edit_stays_and_explain_says_who_made_it(desk: AssetsDesk, sim: Jira) -> None:
    """A field typed by a person is not written over; author and time come from the object's history."""
    desk.sync()
    jane = sim.access.add("jane@acme.example", "Jane Doe").account_id
    computer = desk.objects("Computer")["nb-test1"]
    sim.edit(computer.key, {"OS Version": "typed by Jane"}, by=jane)
    before = desk.writes()

    desk.sync()
    told = desk.run("explain", "nb-test1", "os_version", "--json")

    assert sim.row(computer)["OS Version"] == ["typed by Jane"]
    assert desk.writes() == before
    assert "Jane Doe" in told.out
