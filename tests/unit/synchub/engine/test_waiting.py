"""What waits costs no plan anything until something about it changes."""

from __future__ import annotations

from typing import Any

from state.store import SqlState
from tests.support.world import World

DELL: dict[str, Any] = {"manufacturer": "Dell", "model": "Precision"}


def looked_at(world: World) -> int:
    """Sync a little later; return how many things the plan looked at."""
    world.clock.time += 60
    world.update()
    plan = world.plan()
    world.deliver(plan)
    return int(plan.summary["looked_at"])


def alike(state: SqlState) -> World:
    """Two records that are probably one thing, which a person has to say."""
    world = World(state)
    world.target.lookups["company", "name"] = {"Dell": "c1"}
    world.say("erp", "o1", serial_number="001PROP0031", price="1.00", assigned_to="w1", **DELL)
    world.say("mdm", "o1", hostname="ws-1", assigned_to="w1@x.example", **DELL)
    return world


def test_what_waits_is_not_planned_again_for_nothing(state: SqlState) -> None:
    """Neither a company nor a user that is unknown, nor a proposed merge; each is looked at once it is there."""
    world = alike(state)
    world.sync()
    assert world.proposals()
    world.say("mdm", "2", serial_number="5CG81F0002", hostname="nb-2", manufacturer="Acer", assigned_to="a@x.example")
    assert looked_at(world) == 1
    assert looked_at(world) == 0
    world.target.lookups["company", "name"]["Acer"] = "c2"
    assert looked_at(world) == 1
    assert looked_at(world) == 1  # whether what was written was all
    assert looked_at(world) == 0
    world.say("hr", "1", "person", worker_id="E1", email="a@x.example")
    assert looked_at(world) == 2
    assert looked_at(world) == 1
    (item,) = [i for i in world.target.of("ci_computer") if i.fields["name"] == "nb-2"]
    assert (item.fields["maker"], item.fields["user"]) == ("c2", world.target.of("user")[0].id)
    assert looked_at(world) == 0


def test_an_edit_that_stands_for_a_time_is_looked_at_when_that_is_over(state: SqlState) -> None:
    """And not with every plan until then."""
    world = World(state)
    world.policies = {"os": "target_for: 30d"}
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="nb-1", os_name="Windows 11")
    world.sync()
    world.clock.time += 60
    world.target.edit(world.target.of("ci_computer")[0].id, os="edit")
    assert looked_at(world) == 1
    assert looked_at(world) == 0
    world.clock.time += 31 * 86_400
    assert looked_at(world) == 1
    assert world.target.of("ci_computer")[0].fields["os"] == "Windows 11"


def test_what_waits_for_a_person_stands_in_every_plan(state: SqlState) -> None:
    """It is listed and counted once, whatever else is planned, until the proposal is gone; then it is created."""
    world = alike(state)
    for _ in range(3):
        world.clock.time += 60
        world.update()
        plan = world.plan()
        held = [row for row in state.plans.rows(plan.id) if row.state == "held"]
        assert len(held) == 1
        assert held[0].note.startswith("merge proposed")
        assert plan.summary["counts"]["computer"]["held"] == 1
        assert [need["count"] for need in plan.summary["needs"]] == [1]
        assert state.plans.outcomes(plan.id)["computer", "create", "held"] == 1
        assert state.watch.held() == [("snow", plan.token, 1)]
        world.deliver(plan)
    assert len(world.target.of("ci_computer")) == 1
    world.said["mdm"]["o1"]["fields"]["assigned_to"] = "somebody.else@x.example"
    world.clock.time += 60
    world.update()
    assert not world.proposals()
    plan = world.plan()
    assert "held" not in plan.summary["counts"]["computer"]
    assert ("create", "asset", "pending") in world.rows(plan)
    assert state.watch.held() == []
    world.deliver(plan)
    assert [item.fields["price"] for item in world.target.of("asset_computer")] == ["1.00"]


def test_an_undelivered_plan_loses_nothing_of_what_was_woken(state: SqlState) -> None:
    """A company appears, the plan is only looked at, and made again: the field is in it until it is written."""
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="nb-1", manufacturer="Acer", assigned_to="no@x.example")
    world.sync()
    assert looked_at(world) == 0
    world.target.lookups["company", "name"] = {"Acer": "c2"}
    for _ in range(3):
        world.clock.time += 60
        assert world.plan().summary["cost"]["writes"] == 1
    world.deliver(world.plan())
    assert world.target.of("ci_computer")[0].fields["maker"] == "c2"
    assert looked_at(world) == 1  # whether the write was all there was to do
    assert looked_at(world) == 0
