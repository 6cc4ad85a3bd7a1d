"""A pause stops writes within one batch, whoever sends, and nothing is lost by it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from state.store import SqlState
from synchub.domain.plan import Outcome, Write
from synchub.stores.pauses import Pause
from tests.support.fakes import NOW, MemoryTarget
from tests.support.states import Databases
from tests.support.world import World


class PausedBy(MemoryTarget):
    """A target during whose n-th write somebody pauses, over a connection of their own."""

    def arrange(self, other: SqlState, after: int, target: str = "") -> None:
        """Say when."""
        self.other, self.after, self.stops = other, after, target

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Commit, and pause meanwhile."""
        self.after -= 1
        if self.after == 0:
            self.other.pauses.pause(Pause(self.stops, "bob", NOW, "freeze"))
        return super().write(writes)


def paused_world(databases: Databases, after: int, target: str = "") -> tuple[World, SqlState]:
    url = databases.url()
    world, other = World(databases.open(url)), databases.open(url)
    made = PausedBy(world.clock)
    made.arrange(other, after, target)
    world.target = made
    for n in range(17):  # four batches of five
        world.say("mdm", f"d{n}", serial_number=f"SER-{n:04}", manufacturer="Dell", hostname=f"pc{n}")
    return world, other


def written(world: World) -> list[Any]:
    return [entry for entry in world.target.log if entry[0] == "create"]


def test_a_pause_of_another_process_stops_a_running_delivery_within_one_batch(databases: Databases) -> None:
    """The batch on its way is finished, the next one is not sent; after the end of the pause nothing is doubled."""
    world, other = paused_world(databases, after=2)
    report = world.sync()
    assert len(written(world)) == 10
    assert report.paused == "paused by bob: freeze"

    again = world.sync()
    assert len(written(world)) == 10
    assert again.paused

    assert other.pauses.resume("")
    world.sync()
    assert len(written(world)) == 17
    assert len(world.target.of("ci_computer")) == 17
    assert world.sync().applied == {}


def test_a_pause_of_another_target_stops_nothing(databases: Databases) -> None:
    """Only the named one."""
    world, other = paused_world(databases, after=1, target="assets")
    assert world.sync().applied == {"create": 17}
    assert set(other.pauses.all()) == {"assets"}
    assert other.pauses.of("snow") is None


def test_a_paused_target_is_planned_all_the_same(databases: Databases) -> None:
    """Reading and planning go on; not even a batch is sent."""
    world, other = paused_world(databases, after=99)
    other.pauses.pause(Pause("snow", "bob", NOW, ""))
    report = world.sync()
    assert report.summary["counts"]["computer"]["create"] == 17
    assert world.target.log == []
    assert report.paused == "paused by bob: no reason given"
