"""The way back of a run: exactly what it wrote, nothing that was edited since, and it stays undone."""

from __future__ import annotations

from typing import Any

import pytest

from state.store import SqlState
from synchub.engine.undo import plan_undo
from synchub.stores import PlanState
from tests.support.world import World


@pytest.fixture
def world(state: SqlState) -> World:
    """Three computers and a person in a target that the hub filled."""
    world = World(state)
    world.target.lookups["company", "name"] = {"HP": "c-hp", "Dell": "c-dell"}
    for n in (1, 2, 3):
        world.say("mdm", f"k{n}", hostname=f"NB-{n}", serial_number=f"5CG0000{n}", os_name="Windows 10", ram_mib=8192)
    world.say("hr", "p1", cls="person", worker_id="E1", email="anna@x.example", given_name="Anna")
    world.sync()
    return world


def _fields(world: World) -> dict[str, Any]:
    return {i.id: {n: v for n, v in i.fields.items() if v is not None} for i in world.target.held.values()}


def _undo(world: World, run: int) -> PlanState:
    return plan_undo(world.job(), world.state, world.clock, world.begin(), run)


def _changed(world: World) -> int:
    """Let two computers change and sync; returns the run."""
    world.say("mdm", "k1", hostname="NB-1", serial_number="5CG00001", os_name="Windows 11", ram_mib=16384)
    world.say("mdm", "k2", hostname="NB-2", serial_number="5CG00002", os_name="Windows 11", ram_mib=8192,
              manufacturer="HP")  # fmt: skip
    world.clock.time += 60
    world.sync()
    return world.runs


def test_the_way_back_brings_every_field_back(world: World) -> None:
    """What the run filled is empty again; the next sync plans nothing; a new value is written as ever."""
    before = _fields(world)
    run = _changed(world)
    assert _fields(world) != before
    plan = _undo(world, run)
    assert plan.summary["undoes"]["restored"] == 4
    world.deliver(plan)
    assert _fields(world) == before
    written = len(world.target.log)
    world.clock.time += 60
    assert world.rows(world.plan()) == []
    world.sync()
    assert len(world.target.log) == written
    world.say("mdm", "k1", hostname="NB-1", serial_number="5CG00001", os_name="Windows 12", ram_mib=16384)
    world.sync()
    assert [entry[3] for entry in world.target.log[written:]] == [{"os": "Windows 12"}]
    assert world.state.pins.count() == {"snow": 3}  # that of the operating system has ended


def test_looking_at_the_way_back_changes_nothing(world: World) -> None:
    """Nothing is written and nothing pinned until it is applied."""
    run = _changed(world)
    before, written = _fields(world), len(world.target.log)
    _undo(world, run)
    assert (_fields(world), len(world.target.log)) == (before, written)
    assert world.state.pins.count() == {}


def test_what_was_edited_since_is_kept_and_told(world: World) -> None:
    """By a person, or by a later run."""
    run = _changed(world)
    world.clock.time += 60
    world.target.edit(world.target.of("ci_computer")[0].id, ram=32768)
    world.say("mdm", "k2", hostname="NB-2", serial_number="5CG00002", os_name="Windows 12", ram_mib=8192,
              manufacturer="HP")  # fmt: skip
    world.sync()
    plan = _undo(world, run)
    [kept] = plan.summary["undoes"]["kept"]
    assert (kept["why"], kept["count"]) == ("fields that were edited since", 2)
    assert sorted(kept["examples"]) == ["NB-1 (ci_computer) ram", "NB-2 (ci_computer) os"]
    world.deliver(plan)
    one, two = (world.target.of("ci_computer")[n].fields for n in (0, 1))
    assert (one["os"], one["ram"]) == ("Windows 10", 32768)
    assert (two["os"], two.get("maker")) == ("Windows 12", None)


def test_an_edit_after_the_look_is_refused_as_drift(world: World) -> None:
    """What is about to be overwritten is read again."""
    plan = _undo(world, _changed(world))
    world.target.edit(world.target.of("ci_computer")[0].id, os="Linux")
    world.deliver(plan)
    assert world.target.of("ci_computer")[0].fields["os"] == "Linux"
    assert sorted({state for _, _, state in world.rows(plan)}) == ["applied", "drifted"]
    assert {field for fields in world.state.pins.of(plan.target, [1, 2, 3, 4]).values() for field in fields} == {
        "os", "maker"
    }  # fmt: skip


def test_an_adopted_object_is_let_go_and_not_adopted_again(state: SqlState) -> None:
    """Its fields get back what they held, and the thing is left alone in this target."""
    world = World(state)
    object_id = world.target.put("ci_computer", name="NB-9", serial="5CG00009", ram=None)
    world.say("mdm", "k9", hostname="NB-9", serial_number="5CG00009", ram_mib=8192, manufacturer="HP")
    world.sync()
    assert world.target.held[object_id].fields["ram"] == "8192"
    plan = _undo(world, world.runs)
    assert plan.summary["undoes"]["unlinked"] == 1
    world.deliver(plan)
    assert world.target.held[object_id].fields["ram"] is None
    assert state.targets.by_object_id(plan.target, [object_id])[object_id].entity is None
    world.clock.time += 60
    world.say("mdm", "k9", hostname="NB-9", serial_number="5CG00009", ram_mib=16384, manufacturer="HP")
    world.sync()
    assert len(world.target.of("ci_computer")) == 1
    assert world.target.held[object_id].fields["ram"] is None
    assert state.pins.unpin(plan.undoes or 0) > 0
    world.sync()
    assert world.target.held[object_id].fields["ram"] == "16384"


def test_a_created_object_without_a_retired_state_is_told(state: SqlState) -> None:
    """This target's map has no field for it, so it stays."""
    world = World(state)
    world.classes = ("person",)
    world.say("hr", "p1", cls="person", worker_id="E1", email="anna@x.example")
    world.sync()
    told = _undo(world, world.runs).summary["undoes"]
    assert [(c["why"], c["count"]) for c in told["cannot"]] == [
        ("created objects of a kind that has no field for `retired`", 1)
    ]
