"""The state is lost and made anew from the sources: what the hub created is found by the hub keys that it carries."""

from __future__ import annotations

from typing import Any

from state.store import SqlState
from synchub.domain.hubkey import token
from tests.support.states import Databases
from tests.support.world import World

HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}


def world_of(state: SqlState) -> World:
    """Open a world over an empty state."""
    world = World(state)
    world.target.lookups["company", "name"] = {"HP": "c1"}
    return world


def rebuilt(world: World, databases: Databases) -> World:
    """Lose the state, a little later; sources and target stay."""
    again = world_of(databases.open())
    again.said, again.target, again.clock = world.said, world.target, world.clock
    again.clock.time += 60
    world.target.log.clear()
    return again


def keys(world: World) -> list[str]:
    """List the tokens of all entities."""
    return [row[0] for row in world.query("select hub_key from entity order by id")]


def nameless(world: World, key: str = "1") -> None:
    """Let the device management hold something that the target shows no identity of."""
    world.say("mdm", key, management_id=f"0f7e2ca0-1d1c-4a8e-9d8e-0000000000{int(key):02}", os_name="Windows 11")


def test_what_has_no_identity_in_the_target_is_found_again(state: SqlState, databases: Databases) -> None:
    """Neither serial number, tag, card nor name: the hub key alone says whose it is."""
    world = world_of(state)
    nameless(world)
    nameless(world, "2")
    world.say("hr", "7", "person", worker_id="E7", email="e7@x.example")
    world.sync()
    world.target.edit(world.target.of("user")[0].id, number=None, email=None)
    again = rebuilt(world, databases)
    again.classes = ("computer",)
    report = again.sync()

    assert (world.target.log, report.states.get("applied")) == ([], 2)
    assert set(again.query("select origin from target_object where entity is not null")) == {("created",)}


def test_a_person_is_found_whose_number_and_address_changed(state: SqlState, databases: Databases) -> None:
    """Whoever has another address and number in the target by now is still the one that was created."""
    world = world_of(state)
    world.say("hr", "7", "person", worker_id="E7", email="e7@x.example", given_name="Ada")
    world.sync()
    world.target.edit(world.target.of("user")[0].id, number="X1", email="ada@x.example")
    rebuilt(world, databases).sync()

    assert world.target.log == []
    assert len(world.target.of("user")) == 1


def test_things_that_are_one_by_now_take_one_object_and_leave_the_other(state: SqlState, databases: Databases) -> None:
    """Two objects were created; from the lost state nobody knows that: the older one is linked, none is created."""
    world = world_of(state)
    nameless(world)
    world.say("scan", "9", uuid="4c4c4544-0042-3510-8054-b4c04f4a4831", os_name="Windows 11")
    world.sync()
    world.said["scan"]["9"]["fields"]["management_id"] = world.said["mdm"]["1"]["fields"]["management_id"]
    again = rebuilt(world, databases)
    again.sync()

    assert world.target.log == []
    assert len(again.query("select id from target_object where entity is not null")) == 1


def test_what_is_certainly_another_thing_is_not_taken(state: SqlState, databases: Databases) -> None:
    """Somebody put another machine's serial number into the object: the key does not outweigh that."""
    world = world_of(state)
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="nb-1", **HP)
    world.sync()
    world.target.edit(world.target.of("ci_computer")[0].id, serial="5CG81F0002")
    again = rebuilt(world, databases)
    again.update()
    plan = again.plan()

    assert [row[0] for row in again.rows(plan)] == ["create"]


def test_edits_of_people_stay_and_what_agreed_follows_the_sources(state: SqlState, databases: Databases) -> None:
    """After the rebuild a field that somebody changed is theirs; the others are written when a source changes."""
    world = world_of(state)
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="nb-1", os_name="Windows 10", **HP)
    world.sync()
    item = world.target.of("ci_computer")[0]
    world.target.edit(item.id, name="ada-laptop")
    again = rebuilt(world, databases)
    again.sync()
    assert world.target.log == []
    world.said["mdm"]["1"]["fields"].update(os_name="Windows 11", hostname="nb-2")
    again.clock.time += 60
    again.sync()

    assert (item.fields["os"], item.fields["name"]) == ("Windows 11", "ada-laptop")


def test_what_agreed_when_others_objects_were_linked_follows_the_sources(state: SqlState) -> None:
    """An object that somebody else made and that held the same is kept up to date from then on."""
    world = world_of(state)
    world.target.put("ci_computer", "x1", serial="5CG81F0001", name="nb-0", os="Windows 10", maker="c1")
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="nb-0", os_name="Windows 10", **HP)
    world.sync()
    world.said["mdm"]["1"]["fields"]["os_name"] = "Windows 11"
    world.clock.time += 60
    world.sync()

    assert world.target.held["x1"].fields["os"] == "Windows 11"


def test_a_reference_to_a_person_who_is_linked_by_the_same_plan_can_agree(state: SqlState) -> None:
    """Who holds the device is who the sources say: no conflict, and he is followed by the next holder."""
    world = world_of(state)
    for key, name in (("E1", "anna"), ("E2", "ben")):
        world.say("hr", key, "person", employee_id=key, email=f"{name}@x.example", family_name=name)
        world.target.put("user", f"u-{name}", number=key, email=f"{name}@x.example", last=name)
    for key, holder in (("1", "u-anna"), ("2", "u-ben")):
        world.target.put("ci_computer", f"x{key}", serial=f"5CG81F000{key}", name="nb", maker="c1", user=holder)
        world.say("mdm", key, serial_number=f"5CG81F000{key}", assigned_to="anna@x.example", **HP)
    world.sync()
    contested = {c["detail"]["theirs"] for c in state.reports.conflicts() if c["field"] == "user"}
    for said in world.said["mdm"].values():
        said["fields"]["assigned_to"] = "ben@x.example"
    world.clock.time += 60
    world.sync()

    assert (contested, world.target.held["x1"].fields["user"]) == ({"u-ben"}, "u-ben")


def test_objects_of_another_hub_are_not_recognised(state: SqlState, databases: Databases) -> None:
    """The same record known to another hub made another object: it is not this one's."""
    world = world_of(state)
    nameless(world)
    world.sync()
    item = world.target.of("ci_computer")[0]
    item.hub_key = item.hub_key.replace("hub1:", "hub2:")
    rebuilt(world, databases).sync()

    assert len(world.target.of("ci_computer")) == 2


def test_a_key_never_changes_and_is_never_given_twice(state: SqlState) -> None:
    """A record that founded one thing and is split off gets another key for its new one."""
    world = world_of(state)
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="a", **HP)
    world.say("scan", "2", serial_number="5CG81F0001", hostname="a", **HP)
    world.say("erp", "3", serial_number="5CG81F0001", **HP)
    world.update()
    before = keys(world)
    world.said["erp"]["3"]["fields"]["serial_number"] = "5CG81F0009"
    world.clock.time += 60
    world.update()

    assert before == [token("erp", "s", "3")]
    assert keys(world) == [*before, token("erp", "s", "3", 1)]


def test_the_object_of_what_was_split_off_is_told_from_the_one_it_came_from(
    state: SqlState, databases: Databases
) -> None:
    """Both objects carry keys of one record: the later key is that of the record's own thing."""
    world = world_of(state)
    world.say("mdm", "1", serial_number="5CG81F0001", hostname="a", **HP)
    world.say("scan", "2", serial_number="5CG81F0001", hostname="a", **HP)
    world.say("erp", "3", serial_number="5CG81F0001", **HP)
    world.sync()
    world.said["erp"]["3"]["fields"]["serial_number"] = "5CG81F0009"
    world.clock.time += 60
    world.sync()
    count = len(world.target.held)
    rebuilt(world, databases).sync()

    assert (len(world.target.held), world.target.log) == (count, [])


def test_what_the_target_pairs_with_an_object_of_the_hub_stays_as_it_is(state: SqlState) -> None:
    """The target puts the asset of an order beside a CI that somebody typed in: its values are not the hub's."""
    world = world_of(state)
    world.target.put("ci_computer", "x1", note="typed by Jane")
    world.target.twin["asset_computer"] = "ci_computer"
    world.target.twin_late = 1

    def pair(item: Any) -> None:
        world.target._waiting.pop(item.id, None)
        item.counterpart, world.target.held["x1"].counterpart = "x1", item.id

    world.target._make_twin = pair  # type: ignore[method-assign]
    world.say(
        "erp", "3", serial_number="5CG81F0001", description="Notebook HP", price="12.00", order_number="PO-1", **HP
    )
    world.sync()

    assert world.target.held["x1"].fields["note"] == "typed by Jane"
    assert world.query("select entity is not null, origin from target_object where object_id='x1'") == [(1, "found")]
