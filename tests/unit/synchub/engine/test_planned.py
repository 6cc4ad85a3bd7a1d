"""What counts as planned: everything a plan covered, under the map, policies and classes it was made with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mapping.target import TargetMap, load_target_map
from state.store import SqlState
from synchub.engine.plan import make_plan
from synchub.stores import PlanState
from tests.support import world as world_module
from tests.support.world import World
from tests.unit.synchub.engine.test_deliver import changed, make

_FIRST = frozenset({1})


@pytest.fixture
def more(tmp_path: Path) -> TargetMap:
    """Return the target map of these tests with a field more."""
    path = tmp_path / "more.yaml"
    path.write_text("version: 1\nclasses: {computer: {ci: {fields: {cores: {from: cpu_cores, to: number}}}}}\n")
    return load_target_map([Path(world_module.__file__).with_name("target.yaml")], [path])


def only(world: World, some: frozenset[int]) -> PlanState:
    """Plan some entities."""
    return make_plan(world.job(), world.state, world.rules, world.clock, world.begin(), select=some).plan


def held(world: World, field: str) -> list[object]:
    """Return what the computers hold in a field, in the order in which they were made."""
    return [item.fields.get(field) for item in world.target.of("ci_computer")]


def test_after_a_part_under_a_new_map_the_rest_is_still_planned(state: SqlState, more: TargetMap) -> None:
    """A plan of one thing, delivered after the map changed, does not count as a plan of all."""
    world = make(state, 3, cpu_cores=8)
    world.sync()
    world.maps = more
    world.clock.time += 60
    world.deliver(only(world, _FIRST))
    assert held(world, "cores") == ["8", None, None]
    world.clock.time += 60
    world.sync()
    assert held(world, "cores") == ["8"] * 3


def test_a_part_leaves_what_changed_elsewhere_to_the_next_plan(state: SqlState) -> None:
    """A plan of one thing, delivered, does not hide what changed in others."""
    world = make(state, 3)
    world.sync()
    for key in ("0", "1", "2"):
        world.said["mdm"][key]["fields"]["os_name"] = "Windows 12"
    world.clock.time += 60
    world.update()
    world.deliver(only(world, _FIRST))
    assert held(world, "os") == ["Windows 12", "Windows 11", "Windows 11"]
    world.clock.time += 60
    world.sync()
    assert held(world, "os") == ["Windows 12"] * 3


def test_a_plan_of_some_classes_leaves_the_others_to_be_planned(state: SqlState) -> None:
    """Planned for computers, delivered by a hub that takes people too: the people are planned next."""
    world = make(state)
    world.sync()
    world.say("hr", "1", "person", worker_id="E1", email="a@x.example")
    changed(world, os_name="Windows 12")
    world.clock.time += 60
    world.update()
    computers = replace(world.job(), classes=("computer",))
    plan = make_plan(computers, world.state, world.rules, world.clock, world.begin()).plan
    world.deliver(plan)
    assert not world.target.of("user")
    world.clock.time += 60
    world.sync()
    assert len(world.target.of("user")) == 1


def test_a_plan_that_is_older_than_the_map_does_not_count_for_the_new_one(state: SqlState, more: TargetMap) -> None:
    """Planned, then the map changes, then delivered: the next plan goes by the new map."""
    world = make(state, 2, cpu_cores=8)
    world.sync()
    changed(world, os_name="Windows 12")
    world.clock.time += 60
    world.update()
    plan = world.plan()
    world.maps = more
    world.deliver(plan)
    world.clock.time += 60
    world.sync()
    assert held(world, "cores") == ["8"] * 2
    world.clock.time += 60
    assert world.sync().summary["looked_at"] == 0  # and that was all there was


# --- what has to be read for it -----------------------------------------------------------------------------------


def test_a_field_that_the_map_takes_in_later_is_read_and_written_everywhere(state: SqlState, more: TargetMap) -> None:
    """What objects hold in it was never read; it is, and nobody's value counts as an edit."""
    world = make(state, 3, cpu_cores=8)
    world.sync()
    world.clock.time += 3600
    world.sync()
    world.target.of("ci_computer")[1].fields["cores"] = "8"
    world.maps = more
    world.clock.time += 3600
    report = world.sync()
    assert held(world, "cores") == ["8"] * 3
    assert (report.applied, report.changed_by_others) == ({"update": 2}, 0)


def test_a_class_that_is_taken_in_later_is_looked_for_first(state: SqlState) -> None:
    """People come into play long after first contact: the users that are there are found, not made twice."""
    world = make(state)
    world.classes = ("computer",)
    world.say("hr", "1", "person", worker_id="E1", email="a@x.example", given_name="Anna", family_name="Novak")
    world.target.put("user", "u1", number="E1", email="a@x.example", first="Anna", last="Novak")
    world.sync()
    world.clock.time += 3600
    world.sync()
    world.classes = ("computer", "person")
    world.clock.time += 3600
    report = world.sync()
    assert report.applied == {"link": 1}
    assert len(world.target.of("user")) == 1


def test_edits_of_objects_that_a_part_did_not_look_at_are_seen_later(state: SqlState) -> None:
    """A plan of computers alone does not count as a look at people."""
    world = make(state)
    world.say("hr", "1", "person", worker_id="E1", email="a@x.example", job_title="Analyst")
    world.sync()
    world.clock.time += 3600
    (user,) = world.target.of("user")
    world.target.edit(user.id, title="Clerk")
    world.clock.time += 3600
    world.classes = ("computer",)
    world.plan()
    world.classes = ("computer", "person")
    world.clock.time += 3600
    assert world.sync().changed_by_others == 1
