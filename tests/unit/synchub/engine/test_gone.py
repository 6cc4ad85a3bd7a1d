"""What becomes of missing things in a target: flagged, retired, deleted; nothing twice, nothing of others, and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from state.store import SqlState
from synchub.domain.plan import Op, PlanRow, RowState
from synchub.ports import Capabilities
from tests.support.fakes import Held, PlainMapper
from tests.support.world import World
from tests.unit.synchub.engine.test_absence import DAY, days, device


def office(state: SqlState, then: str, **fields: Any) -> World:
    """Return a hub that has delivered three computers, with CI and asset, and misses the first since."""
    world = World(state, rules={"hardware": {"absent": {"then": then}}})
    world.target.can = Capabilities(batch=5, workers=1, counterparts=True, deletes=True)
    world.target.twin = {"ci_computer": "asset_computer"}
    for n in range(3):
        world.say("mdm", str(n), **device(n), **fields)
    for _ in range(3):
        world.sync()
    world.forget("mdm", "0")
    days(world, 8)
    return world


def of(world: World, name: str) -> tuple[Held, Held]:
    """Return CI and asset of a computer."""
    ci = next(item for item in world.target.of("ci_computer") if item.fields.get("name") == name)
    return ci, world.target.held[str(ci.counterpart)]


def settled(world: World) -> bool:
    """Tell whether another sync plans nothing."""
    world.clock.time += DAY
    return not world.sync().summary["counts"]


def test_flagged_things_get_the_status_that_the_target_has_for_it(state: SqlState) -> None:
    """An ordinary update, explained by the rule; listed again, the status is what it was before."""
    world = office(state, "flag")
    _, asset = of(world, "nb-0")
    asset.fields["stage"] = "on loan"  # typed before the hub ever wrote the field
    report = world.sync()
    assert report.summary["counts"] == {}  # first contact with a value of theirs: it wins
    world = world_again(world, asset)
    assert of(world, "nb-0")[1].fields["stage"] == "missing"
    assert settled(world)
    world.say("mdm", "0", **device(0))
    world.sync()
    assert of(world, "nb-0")[1].fields["stage"] is None
    assert settled(world)


def world_again(world: World, asset: Held) -> World:
    """Empty the status as its owner, and sync."""
    world.target.edit(asset.id, stage=None)
    world.sync()
    return world


def test_retired_once_and_back_as_it_was(state: SqlState) -> None:
    """One row of its own kind, nothing afterwards; listed again, an update takes it back to what was there."""
    world = office(state, "retire", lifecycle="in_stock")
    report = world.sync()
    assert report.summary["counts"] == {"computer": {"retire": 1}}
    assert report.applied == {"retire": 1}
    assert of(world, "nb-0")[1].fields["stage"] == "retired"
    assert settled(world)
    world.say("mdm", "0", **device(0), lifecycle="in_stock")
    report = world.sync()
    assert report.applied == {"update": 1}
    assert of(world, "nb-0")[1].fields["stage"] == "in_stock"
    assert settled(world)


def test_what_no_source_says_comes_back_from_what_was_there(state: SqlState) -> None:
    """A status that people keep is put back; one that somebody changed meanwhile stays."""
    world = office(state, "retire")
    for name in ("nb-0", "nb-1"):
        world.target.edit(of(world, name)[1].id, stage="in use")
    world.forget("mdm", "1")
    world.sync()
    days(world, 8)
    world.sync()
    assert [of(world, name)[1].fields["stage"] for name in ("nb-0", "nb-1")] == ["retired", "retired"]
    assert settled(world)
    world.target.edit(of(world, "nb-1")[1].id, stage="lent")
    for n in (0, 1):
        world.say("mdm", str(n), **device(n))
    world.sync()
    assert [of(world, name)[1].fields["stage"] for name in ("nb-0", "nb-1")] == ["in use", "lent"]
    assert settled(world)


def test_their_edit_of_the_status_stands(state: SqlState) -> None:
    """Somebody who takes a retired thing back into use is not overruled by the next sync."""
    world = office(state, "retire", lifecycle="deployed")
    world.sync()
    world.target.edit(of(world, "nb-0")[1].id, stage="deployed")
    world.sync()
    assert settled(world)
    assert of(world, "nb-0")[1].fields["stage"] == "deployed"


def test_deleted_only_what_the_hub_created_and_nobody_edited(state: SqlState) -> None:
    """The CI goes, the plan keeps what it held; the asset, which the target made, is retired; back is made anew."""
    world = office(state, "delete", lifecycle="deployed")
    report = world.sync()
    assert report.summary["counts"] == {"computer": {"delete": 1, "retire": 1}}
    rows = world.query("select changes from plan_row where op='delete'")
    assert any(b"nb-0" in bytes(row[0]) for row in rows)
    assert {item.fields.get("name") for item in world.target.of("ci_computer")} == {"nb-1", "nb-2"}
    assert sorted(str(item.fields["stage"]) for item in world.target.of("asset_computer")) == [
        "deployed", "deployed", "retired",
    ]  # fmt: skip
    assert settled(world)
    world.say("mdm", "0", **device(0))
    world.sync()
    assert "nb-0" in {item.fields.get("name") for item in world.target.of("ci_computer")}


def test_an_edited_object_is_retired_instead(state: SqlState) -> None:
    """Whatever somebody typed into it is worth more than tidiness."""
    world = office(state, "delete", lifecycle="deployed")
    ci, asset = of(world, "nb-0")
    world.target.edit(ci.id, note="typed by hand")
    report = world.sync()
    assert report.summary["counts"] == {"computer": {"retire": 1}}
    assert ci.id in world.target.held
    assert world.target.held[asset.id].fields["stage"] == "retired"
    assert settled(world)


def test_an_edit_between_plan_and_apply_keeps_the_object(state: SqlState) -> None:
    """It is read again right before, and what differs in any field is not deleted."""
    world = office(state, "delete", lifecycle="deployed")
    plan = world.plan()
    ci, asset = of(world, "nb-0")
    world.target.edit(ci.id, note=None, os="by hand")
    report = world.deliver(plan)
    assert report.states == {"drifted": 1, "applied": 1}
    assert ci.id in world.target.held
    assert asset.fields["stage"] == "retired"


def test_found_objects_are_retired_and_never_deleted(state: SqlState) -> None:
    """Not by the planner, and not by the delivery, whatever a plan says."""
    world = World(state, rules={"hardware": {"absent": {"then": "delete"}}})
    world.target.can = Capabilities(batch=5, workers=1, deletes=True)
    theirs = world.target.put("ci_computer", name="nb-0", serial=device(0)["serial_number"], maker="HP")
    for n in range(3):
        world.say("mdm", str(n), **device(n))
    for _ in range(2):
        world.sync()
    world.forget("mdm", "0")
    days(world, 8)
    assert "delete" not in str(world.sync().summary["counts"])
    assert theirs in world.target.held
    entity = world.query("select entity from target_object where object_id=?", theirs)[0][0]
    plan = world.plan()
    row = PlanRow(7, entity, "computer", "ci", "ci_computer", Op.DELETE, theirs)
    world.state.plans.add(plan.id, [row])
    report = world.deliver(replace(plan))
    assert report.states == {RowState.REFUSED.value: 1}
    assert theirs in world.target.held


def test_nothing_is_created_for_what_is_missing(state: SqlState) -> None:
    """Neither by a target that is added later, nor where an object was deleted."""
    world = World(state, rules={"hardware": {"absent": {"then": "flag"}}})
    for n in range(3):
        world.say("mdm", str(n), **device(n))
    world.update()
    world.forget("mdm", "0")
    days(world, 8)
    world.sync()
    assert {item.fields.get("name") for item in world.target.of("ci_computer")} == {"nb-1", "nb-2"}
    assert settled(world)


def test_deletion_is_done_when_the_object_is_gone_already(state: SqlState) -> None:
    """After a lost answer, or when somebody was faster."""
    world = office(state, "delete", lifecycle="deployed")
    plan = world.plan()
    ci, _ = of(world, "nb-0")
    del world.target.held[ci.id]
    world.target.answers = ["lost"]
    report = world.deliver(plan)
    assert report.states == {"applied": 2}
    assert settled(world)


def test_objects_of_records_that_a_filter_drops_stay_and_are_told(state: SqlState) -> None:
    """Nothing is deleted or retired because a map keeps less: the plan says how many belong to nothing any more."""
    world = office(state, "delete")
    world.sync()
    held = set(world.target.held)
    world.mappers["mdm"] = PlainMapper("map 2", drop="byod")
    world.said["mdm"]["1"]["byod"] = True
    report = world.sync()
    assert (report.summary["counts"], report.summary["orphans"]) == ({}, 1)
    assert set(world.target.held) == held


def test_a_target_that_cannot_delete_retires(state: SqlState) -> None:
    """The rule says delete; what the target can do is said by its capabilities."""
    world = office(state, "delete", lifecycle="deployed")
    world.target.can = Capabilities(batch=5, workers=1, counterparts=True)
    assert world.sync().applied == {"retire": 1}
