"""Author and time of other people's edits, where the target keeps a history."""

from __future__ import annotations

from state.store import SqlState
from synchub.domain.plan import Edit
from synchub.engine import edits
from synchub.ports import Capabilities
from tests.support.fakes import MemoryTarget
from tests.support.world import World


class Recording(MemoryTarget):
    """A target with a history."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self.can = Capabilities(batch=5, workers=1, history=True)
        self.asked: list[str] = []

    def history(self, object_id: str) -> list[Edit]:
        """Tell of the hub's own write, of Jane's edit, and of the creation."""
        self.asked.append(object_id)
        return [
            Edit(300, "Hub", "os", None, "x", ours=True),
            Edit(200, "Jane", "os", "x", "typed by Jane"),
            Edit(100, "Bob", "", None, None),
        ]


def recording(state: SqlState, count: int = 1) -> tuple[World, Recording]:
    world = World(state)
    target = world.target = Recording(world)
    for n in range(count):
        world.say("mdm", str(n), serial_number=f"5CG81F0{n:03}", hostname=f"nb-{n}", os_name="Windows 11",
                  manufacturer="HP")  # fmt: skip
    world.sync()
    world.clock.time += 60
    return world, target


def test_the_newest_edit_of_somebody_else_signs_the_object(state: SqlState) -> None:
    """Not the hub's own, and not the creation."""
    world, target = recording(state)
    [item] = target.of("ci_computer")
    target.edit(item.id, os="typed by Jane")
    world.sync()

    assert world.query("select updated_by, updated_at from target_object where object_id=?", item.id) == [("Jane", 200)]


def test_what_did_not_change_costs_no_question(state: SqlState) -> None:
    """A second look at the hub's own writes asks for no history."""
    world, target = recording(state)
    world.sync()

    assert target.asked == []


def test_histories_are_read_up_to_a_limit(state: SqlState) -> None:
    """A mass edit does not use up the budget."""
    world, target = recording(state, 4)
    changed = [item for page in target.objects("ci_computer", ["name"]) for item in page]

    assert edits.sign(world.job(), state, state.targets.target("snow").id, changed, 3) == 3
    assert len(target.asked) == 3
