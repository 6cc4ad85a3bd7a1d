"""Clocks that differ: everything is read, and no moment of such a clock is read by later."""

from __future__ import annotations

import pytest

from state.store import SqlState
from tests.support.fakes import NOW, FakeClock
from tests.support.world import World
from tests.unit.synchub.engine.test_absence import device


def office(state: SqlState, skew: int = 0) -> World:
    """Return a hub that has delivered a computer to a target whose clock is off."""
    world = World(state)
    world.target.clock = FakeClock(NOW + skew)
    world.say("mdm", "1", **device(1))
    world.sync()
    return world


def later(world: World, seconds: int = 3600) -> None:
    """Let time pass for both."""
    world.clock.time += seconds
    world.target.clock.time += seconds
    world.target.calls.clear()


def reads(world: World) -> set[str]:
    """Return from when on the target was read in the last sync."""
    return {call.rsplit(" ", 1)[1] for call in world.target.calls if call.startswith("objects ")}


@pytest.mark.parametrize("skew", [-300, 0, 300])
def test_a_near_clock_is_read_by_its_own_moments(state: SqlState, skew: int) -> None:
    """The cursor is the target's time, not ours."""
    world = office(state, skew)
    later(world)
    report = world.sync()
    assert reads(world) == {str(NOW + skew - 5)}
    assert report.skew == skew


@pytest.mark.parametrize("skew", [-301, 301, 86_400])
def test_beyond_five_minutes_everything_is_read(state: SqlState, skew: int) -> None:
    """And nothing of that clock is kept; the second look is no first contact all the same."""
    world = office(state, skew)
    later(world)
    report = world.sync()
    assert reads(world) == {"None"}
    assert (report.skew, report.first) == (skew, False)
    later(world)
    world.target.clock.time = world.clock.time  # somebody set it right
    world.sync()
    assert reads(world) == {"None"}, "a moment of the wrong clock was read by"
    later(world)
    world.sync()
    assert "None" not in reads(world)


def test_a_clock_set_back_loses_no_edit(state: SqlState) -> None:
    """Within five minutes, too: an edit stamped before what was last noted is seen."""
    world = office(state, 240)
    later(world, 60)
    world.target.clock.time = world.clock.time
    [item] = world.target.of("ci_computer")
    world.target.edit(item.id, name="typed by somebody")
    report = world.sync()
    assert report.changed_by_others == 1
