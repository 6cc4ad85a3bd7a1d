"""A plan beyond its limits, over real commands: held, shown, answered, delivered."""

from __future__ import annotations

import pytest

from simulators.servicenow import ServiceNow
from synchub.errors import HubError
from synchub.holds import answer
from synchub.wiring import open_hub
from tests.integration.cli.conftest import Desk


@pytest.fixture
def guarded(desk: Desk) -> Desk:
    """A desk that lets one computer pass."""
    desk.mode = "write"
    desk.changes = {"guards": {"computer.create": {"max": 1}}}
    desk.write()
    return desk


def computers(sim: ServiceNow) -> int:
    return len(sim.dump("cmdb_ci_computer")) + len(sim.dump("alm_hardware"))


def test_a_hold_is_shown_approved_and_delivered(guarded: Desk, sim: ServiceNow) -> None:
    """The first load waits; everything else goes through; one approval is enough."""
    first = guarded.run("sync")
    assert first.code == 4
    assert "hold h-1   create" in first.out
    assert "cause: first load, nothing of it is linked in snow yet" in first.out
    assert computers(sim) == 0
    assert len(sim.dump("sys_user")) > 0

    listed = guarded.run("holds", "list")
    assert listed.code == 4
    assert "h-1    snow   create" in listed.out
    shown = guarded.run("holds", "show", "h-1")
    assert "create" in shown.out and "synchub holds approve h-1" in shown.out
    assert guarded.run("sync").code == 4
    assert [h["hold"] for h in guarded.run("holds", "list", "--json").document["holds"]] == ["h-1"]

    told = guarded.run("holds", "approve", "h-1", "--as", "bob", "--reason", "new office")
    assert "They go with the next plan" in told.out
    assert guarded.run("sync").code == 0
    assert computers(sim) > 1
    assert guarded.run("holds", "list").out.strip() == "Nothing is held."
    [past] = guarded.run("holds", "list", "--all", "--json").document["holds"]
    assert (past["state"], past["answered_by"], past["reason"]) == ("approved", "bob", "new office")


def test_an_approval_of_an_open_plan_goes_with_apply(guarded: Desk, sim: ServiceNow) -> None:
    """Nobody plans a second time."""
    assert guarded.run("plan", "--exit-code").code == 4
    told = guarded.run("holds", "approve", "1", "--json").document
    assert told["released"] >= 2
    assert guarded.run("apply", told["plan_token"]).code == 0
    assert computers(sim) > 1


def test_a_rejected_hold_is_quiet(guarded: Desk, sim: ServiceNow) -> None:
    """It is still listed, and can be approved."""
    guarded.run("sync")
    assert "They stay as they are" in guarded.run("holds", "reject", "h-1", "--reason", "wrong file").out
    assert guarded.run("sync").code == 0
    assert computers(sim) == 0
    assert "rejected" in guarded.run("holds", "list").out
    assert guarded.run("holds", "reject", "h-1").code == 1
    assert guarded.run("holds", "approve", "h-1").code == 0


def test_four_eyes_are_two_people(guarded: Desk) -> None:
    """Whoever ran the plan cannot approve it; it is in the audit log who did."""
    guarded.changes["hub"] = {"id": "acme-test", "timezone": "Europe/Berlin", "four_eyes": True}
    guarded.write()
    guarded.run("sync")
    [hold] = guarded.run("holds", "list", "--json").document["holds"]
    refused = guarded.run("holds", "approve", "h-1", "--as", hold["asked_by"])
    assert refused.code == 1
    assert "four eyes" in refused.err
    assert guarded.run("holds", "approve", "h-1", "--as", "bob").code == 0
    hub = open_hub(guarded.config)
    with hub.state.database.read() as tx:
        assert tx.rows("select actor, action from audit") == [("bob", "hold approve")]
    with pytest.raises(HubError, match="approved already"):
        answer(hub, "h-1", "approved", "eve", "")
    hub.close()


@pytest.mark.parametrize("word", ["h-7", "x", "h-", "99999999999999999999"])
def test_a_hold_that_there_is_not_is_told(guarded: Desk, word: str) -> None:
    """With the way to those that there are."""
    ran = guarded.run("holds", "show", word)
    assert ran.code == 1
    assert "synchub holds list" in ran.err


def test_a_kind_of_change_that_there_is_not_names_the_nearest(offline: Desk) -> None:
    """With file and line."""
    offline.changes |= {"guards": {"retir": {"max": 5}}}
    offline.write()
    ran = offline.run("check", "--offline")
    assert ran.code == 2
    assert "did you mean 'retire'?" in ran.out + ran.err
    assert "synchub.yaml:" in ran.out + ran.err
