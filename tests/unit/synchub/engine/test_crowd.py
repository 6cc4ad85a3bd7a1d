"""First contact in a crowd: things that share names, cards and numbers with objects of other things."""

from __future__ import annotations

from typing import Any

from state.store import SqlState
from synchub.domain.plan import Value
from tests.support.world import World

_CARD = "00:1b:63:84:45:e6"
HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}


def test_a_host_name_of_two_entities_links_neither(state: SqlState) -> None:
    """Also where the two are planned in different runs: nobody takes over an object by a name that is not his alone."""
    world = World(state)
    world.target.put("ci_computer", name="nb-1")
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.say("mdm", "2", serial_number="PF1ABCDE77", hostname="nb-1", **HP)
    world.sync()
    values: list[Value] = [item.fields.get("serial") for item in world.target.of("ci_computer") if item.by == "people"]
    assert values == [None]
    world.say("mdm", "3", serial_number="MJ0XYZ1234", hostname="nb-1", **HP)
    world.clock.time += 60
    world.sync()
    untouched = [item for item in world.target.of("ci_computer") if item.by == "people"]
    assert [item.fields for item in untouched] == [{"name": "nb-1"}]


def test_what_another_things_object_carries_is_not_created_a_second_time(state: SqlState) -> None:
    """Somebody typed a tag into a linked object; an order line with that tag becomes a question, no second object."""
    world = World(state)
    world.target.put("ci_computer", "ci-1", serial="5CG81F02QX", tag="A1001")
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", manufacturer="HP")
    world.sync()
    world.say("erp", "9", asset_tag="A1001", price="10", manufacturer="HP")
    world.update()
    plan = world.plan()
    assert [(r.op.value, r.state.value) for r in world.state.plans.rows(plan.id)] == [("link", "conflict")]
    assert "same asset_tag as an object of another thing: ci-1" in world.state.plans.rows(plan.id)[0].note
    world.deliver(plan)
    assert len(world.target.of("ci_computer")) == 1
    assert [item.fields.get("tag") for item in world.target.held.values() if item.fields.get("tag")] == ["A1001"]


def test_card_and_name_of_another_things_object_are_not_created_a_second_time(state: SqlState) -> None:
    """An order line has the number, an agent that cannot read it has card and name; the object has all three."""
    world = World(state)
    world.target.put("ci_computer", "ci-1", name="nb-1", serial="5CG81F02QX", mac=_CARD)
    world.say("erp", "9", serial_number="5CG81F02QX", price="10", manufacturer="HP")
    world.sync()
    world.say("scan", "1", hostname="nb-1", mac_addresses=[_CARD])
    world.update()
    plan = world.plan()
    assert [r.state.value for r in world.state.plans.rows(plan.id)] == ["conflict"]
    assert "same mac+hostname as an object of another thing: ci-1" in world.state.plans.rows(plan.id)[0].note
    world.deliver(plan)
    assert len(world.target.of("ci_computer")) == 1


def test_a_thing_with_a_number_of_its_own_is_created_beside_its_namesake(state: SqlState) -> None:
    """A machine that took over name and card of another has its own serial number: it is no second of that one."""
    world = World(state)
    world.target.put("ci_computer", "ci-1", name="nb-1", tag="A1001", mac=_CARD)
    world.say("erp", "9", asset_tag="A1001", price="10", manufacturer="HP")
    world.sync()
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", mac_addresses=[_CARD], manufacturer="HP")
    world.sync()
    assert len(world.target.of("ci_computer")) == 2
