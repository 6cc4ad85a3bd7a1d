"""Through the wire: an instance whose clock is off is told of by check and sync, and is read whole."""

from __future__ import annotations

from simulators.servicenow import ServiceNow
from tests.integration.cli.conftest import Desk


def test_an_instance_an_hour_ahead_is_told_and_read_whole(desk: Desk, sim: ServiceNow) -> None:
    """Check and sync name the difference; an edit made while the clock is wrong, and after it is right, is seen."""
    desk.mode = "write"
    desk.write()
    assert desk.run("sync").code == 0
    sim.set_skew(3600)
    assert "3600 s ahead of ours, so everything is read" in desk.run("check").out
    whole = desk.run("sync", "--json").document["targets"]["snow"]["read"]
    assert whole > len(sim.dump("cmdb_ci_computer")) > 0
    ran = desk.run("sync")
    assert "snow: its clock is 3600 s ahead of ours, so everything is read" in ran.out
    sim.set_skew(0)
    right = desk.run("sync", "--json").document["targets"]["snow"]
    assert (right["read"], right["skew"] in range(-5, 6)) == (whole, True), "a moment of the wrong clock was read by"


def test_two_minutes_are_told_and_change_nothing(desk: Desk, sim: ServiceNow) -> None:
    """Beyond a minute a person is told; what changed is still read by the instance's clock."""
    desk.mode = "write"
    desk.write()
    sim.set_skew(-120)
    desk.run("sync")
    sim.seed("cmdb_ci_computer", [{"name": f"old-{n}", "sys_updated_on": "2020-01-01 00:00:00"} for n in range(30)])
    again = desk.run("sync", "--json").document["targets"]["snow"]
    assert again["skew"] in range(-125, -115)
    assert again["read"] < 30, "everything was read"
