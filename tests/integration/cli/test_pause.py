"""`synchub pause` and `resume` over real commands."""

from __future__ import annotations

from simulators.servicenow import ServiceNow
from tests.integration.cli.conftest import Desk


def test_nothing_is_written_until_somebody_resumes(desk: Desk, sim: ServiceNow) -> None:
    """Every command that would write says who paused; status shows it; afterwards the sync does everything."""
    desk.mode = "write"
    desk.write()
    before = len(sim.dump("sys_user"))
    assert desk.run("pause", "--as", "bob", "--reason", "change freeze").code == 0

    ran = desk.run("sync")
    assert ran.code == 4
    assert "paused by bob: change freeze" in ran.out
    assert desk.run("apply", desk.token()).code == 4
    assert len(sim.dump("sys_user")) == before
    assert "paused: all targets by bob (change freeze)" in desk.run("status").out

    assert desk.run("resume").out.strip() == "No longer paused: all targets."
    assert desk.run("sync").code == 0
    assert len(sim.dump("sys_user")) > before
    assert desk.run("resume").out.strip() == "Nothing was paused."


def test_only_a_configured_target_can_be_paused(desk: Desk) -> None:
    """A wrong name stops nothing, and says so."""
    ran = desk.run("pause", "--target", "snwo")
    assert ran.code == 2
    assert "snow" in ran.err
    assert desk.run("pause", "--target", "snow", "--json").document["paused"] == "snow"
    assert desk.run("status", "--json").document["paused"][0]["target"] == "snow"
