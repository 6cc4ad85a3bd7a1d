"""What a target fails to take run after run becomes a dead letter; it is tried again on request, or when it changes."""

from __future__ import annotations

import pytest

from state.store import SqlState
from synchub.errors import Rejected, Unavailable
from synchub.stores.letters import RUNS
from tests.support.world import World


@pytest.fixture
def world(state: SqlState) -> World:
    """One computer."""
    world = World(state)
    world.say("mdm", "d1", serial_number="SER-0001", manufacturer="Dell", hostname="pc1")
    return world


def fail(world: World, runs: int, error: Exception) -> int:
    """Sync while the target fails; returns how often it was asked to write."""
    for _ in range(runs):
        world.target.answers = [error] * 3
        world.sync()
    asked = sum(call.startswith("write") for call in world.target.calls)
    world.target.calls.clear()
    world.target.answers = []
    return asked


def letters(world: World) -> list[str]:
    return [item["message"] for item in world.state.reports.dead_letters()]


def test_what_fails_too_often_is_left_alone_until_somebody_asks(world: World) -> None:
    """Five runs try; the sixth does not; a retry does, and ends the dead letter."""
    assert fail(world, RUNS, Rejected("no such choice.", where="snow")) == RUNS
    assert letters(world) == ["failed in 5 runs, left alone: snow: no such choice."]
    assert fail(world, 2, Rejected("no such choice.", where="snow")) == 0

    assert world.state.letters.retry_rows(["snow"]) == {"snow": 1}
    assert world.sync().applied == {"create": 1}
    assert letters(world) == []
    assert world.sync().applied == {}


def test_a_change_at_the_source_is_a_reason_to_try(world: World) -> None:
    """What succeeds is no dead letter any more."""
    fail(world, RUNS, Rejected("no such choice.", where="snow"))
    world.say("mdm", "d1", serial_number="SER-0001", manufacturer="Dell", hostname="pc1-new")
    assert world.sync().applied == {"create": 1}
    assert letters(world) == []


def test_a_target_that_is_away_makes_no_dead_letters(world: World) -> None:
    """Waiting helps: it is tried in every run."""
    fail(world, RUNS + 2, Unavailable("no answer.", where="snow"))
    assert letters(world) == []
    assert world.sync().applied == {"create": 1}


def test_streams_with_dead_letters_are_read_whole_again(world: World) -> None:
    """The cursor goes; the next pull looks at everything."""
    world.said["mdm"]["bad"] = {"key": "", "cls": "computer", "at": 0, "fields": {}}
    world.pull()
    assert world.state.letters.retry_reads(["mdm", "hr"]) == {"mdm/s": 1}
    assert world.state.ledger.stream("mdm", "s").cursor is None
    assert world.state.letters.retry_reads(["hr"]) == {}
