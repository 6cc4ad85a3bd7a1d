"""Identification on the stored path: flips, merges, splits, due moments, what is parked."""

from __future__ import annotations

from typing import Any

import pytest

from state.store import SqlState
from synchub.reconcile.identifiers import Kind, limit
from tests.support.world import World

HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}
DOCK = "00:50:56:bf:bb:17"


def sets(world: World) -> set[frozenset[tuple[str, str]]]:
    """Return who is with whom."""
    return set(world.golden())


def test_a_mac_that_becomes_shared_lets_all_holders_go(state: SqlState) -> None:
    """And binds them again when it stops being shared, though only one of them changed."""
    world = World(state)
    for source in ("mdm", "scan"):
        world.say(source, "1", hostname="nb-1", mac_addresses=[DOCK])
    world.update()
    pair = frozenset({("mdm", "1"), ("scan", "1")})
    assert sets(world) == {pair}
    for n in range(2, limit(Kind.MAC) + 1):
        world.say("scan", str(n), hostname=f"nb-{n}", mac_addresses=[DOCK], assigned_to=f"u{n}@x.example")
    world.update()
    assert pair not in sets(world)
    assert len(world.shared()) == 1
    world.say("scan", "2", hostname="nb-2", at=9)
    world.update()
    assert pair in sets(world)
    assert world.shared() == set()


def test_a_lost_edge_splits_and_a_regained_one_merges(state: SqlState) -> None:
    """The part with most of the old members keeps the id; after the merge the older entity lives on."""
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F02QX", **HP)
    world.say("scan", "1", serial_number="5CG81F02QX", **HP)
    world.say("erp", "1", serial_number="5CG81F02QX", **HP)
    world.update()
    first = world.members()
    assert len(first) == 1
    world.say("erp", "1", serial_number="5CG81F03AB", **HP)
    world.update()
    members = world.members()
    assert members[1] == frozenset({("mdm", "1"), ("scan", "1")})
    assert members[2] == frozenset({("erp", "1")})
    world.say("erp", "1", serial_number="5CG81F02QX", **HP)
    counts = world.update()
    assert world.members() == first
    assert counts.merged == 1
    assert world.query("select state, merged_into from entity where id=2") == [("gone", 1)]


def test_objects_of_a_merged_entity_go_to_the_survivor(state: SqlState) -> None:
    """One it has none of becomes its own; a second of the same facet is nobody's and noted as a duplicate."""
    world = World(state)
    world.target.twin["ci_computer"] = "asset_computer"
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.say("scan", "1", serial_number="5CG81F03AB", hostname="nb-2", **HP)
    world.sync()
    assert len(world.target.of("ci_computer")) == 2
    world.say("scan", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.sync()
    linked = world.query("select entity, kind, object_id from target_object where entity is not null order by id")
    assert {entity for entity, *_ in linked} == {1}
    assert sorted(kind for _, kind, _ in linked) == ["asset_computer", "ci_computer"]
    conflicts = world.query("select entity, facet, kind, field from conflict order by id")
    assert {(entity, kind) for entity, _, kind, _ in conflicts} == {(1, "duplicate")}
    assert len(world.target.of("ci_computer")) == 2  # nothing is deleted
    world.clock.time += 100
    assert world.sync().states == {}


def test_a_survivor_without_an_object_takes_over_the_other_ones(state: SqlState) -> None:
    """The older entity was refused by the target, the younger is there: after the merge the older one is linked."""
    world = World(state)
    world.target.rejects["name", "nb-1"] = "policy"
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.update()
    world.say("scan", "1", serial_number="5CG81F03AB", hostname="nb-2", **HP)
    world.sync()
    world.say("mdm", "1", serial_number="5CG81F03AB", hostname="nb-2", **HP)
    world.sync()
    assert world.query("select id from entity where state='live'") == [(1,)]
    (item,) = world.target.of("ci_computer")
    assert world.query("select entity, object_id from target_object where entity is not null") == [(1, item.id)]
    assert world.query("select * from conflict") == []


def test_a_split_finds_its_object_again(state: SqlState) -> None:
    """The entity that was merged away and comes back links the object it had; nothing is created."""
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.say("scan", "1", serial_number="5CG81F03AB", hostname="nb-2", **HP)
    world.sync()
    world.clock.time += 100
    for serial, name in (("5CG81F02QX", "nb-1"), ("5CG81F03AB", "nb-2")):
        world.say("scan", "1", serial_number=serial, hostname=name, **HP)
        world.sync()
        world.clock.time += 100
    assert len(world.target.of("ci_computer")) == 2
    linked = world.query("select entity, object_id from target_object where entity is not null")
    assert len({entity for entity, _ in linked}) == 2


def test_what_was_planned_for_a_merged_entity_is_not_sent(state: SqlState) -> None:
    """A plan that was cut off goes on without the entity that is gone by now."""
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.say("scan", "1", serial_number="5CG81F03AB", hostname="nb-2", **HP)
    world.update()
    plan = world.plan()
    world.say("scan", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    world.update()
    world.deliver(plan)
    assert len(world.target.of("ci_computer")) == 1


def test_a_silent_source_loses_its_place_and_regains_it(state: SqlState) -> None:
    """Both by the clock and by a mere check-in, without any other change."""
    world = World(state, rules={"hardware": {"silent_after": {"mdm": "14d"}}})
    world.clock.time = 1_793_491_200  # 2026-11-01
    serial = {"serial_number": "5CG81F02QX", **HP}
    world.say("mdm", "1", at=1_793_400_000, last_seen_at="2026-10-31T00:00:00Z", os_version="11", **serial)
    world.say("scan", "1", at=1_793_400_000, os_version="10", **serial)
    world.update()

    def version() -> str:
        return str(next(iter(world.golden().values()))[1]["os_version"])

    assert version() == "11"
    world.clock.time += 20 * 86_400
    assert world.identify().changed == 1
    assert version() == "10"
    assert world.identify().records == 0
    world.say("mdm", "1", at=1_795_132_800, last_seen_at="2026-11-20T00:00:00Z", os_version="11", **serial)
    world.update()
    assert version() == "11"


def test_parked_entities_are_not_delivered(state: SqlState) -> None:
    """A record without identity, and a class that no source of it may create, wait until they are somebody."""
    world = World(state, may_create={"hr": ["person"]})
    world.say("mdm", "1", manufacturer="HP")
    world.say("hr", "2", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    counts = world.update()
    assert counts.parked == 2
    plan = world.plan()
    assert world.rows(plan) == []
    world.deliver(plan)
    world.say("mdm", "1", serial_number="5CG81F02QX", **HP)
    world.sync()
    assert len(world.target.of("ci_computer")) == 1


def test_other_rules_are_applied_without_any_change_of_a_record(state: SqlState) -> None:
    """Once: with the same rules again nothing is looked at."""
    world = World(state)
    world.say("mdm", "1", serial_number="5CG81F02QX", location="MUC", **HP)
    world.say("erp", "1", serial_number="5CG81F02QX", location="BER", **HP)
    world.update()
    assert next(iter(world.golden().values()))[1]["location"] == "BER"
    world.configure({"hardware": {"fields": {"location": ["mdm"]}}})
    assert world.identify().changed == 1
    assert next(iter(world.golden().values()))[1]["location"] == "MUC"
    assert world.identify().records == 0


@pytest.mark.parametrize("after", range(1, 9))
def test_an_identification_that_was_cut_off_loses_no_proposal(state: SqlState, after: int) -> None:
    """Wherever it stops, the next one ends with the entities and proposals of one that was not."""
    world = World(state)
    for owner in ("", "@x.example"):  # known already, then changed: once resolved they are dirty no more
        for n in range(3):
            user: dict[str, Any] = {"assigned_to": f"u{n}{owner}"} if owner else {}
            world.say("mdm", f"a{n}", hostname=f"nb-{n}", **user, **HP)
            world.say("erp", f"b{n}", serial_number=f"5CG81F0{n}QX{n * 77}", **user, **HP)
        if not owner:
            world.update()
    world.pull()
    begin, left = state.database.begin, after

    class Stop(BaseException):
        pass

    def counted():  # type: ignore[no-untyped-def]
        nonlocal left
        left -= 1
        if left < 0:
            raise Stop
        return begin()

    state.database.begin = counted  # type: ignore[method-assign, assignment]
    try:
        world.identify()
    except Stop:
        pass
    finally:
        state.database.begin = begin  # type: ignore[method-assign]
    world.slice = 3000
    world.identify()
    assert len(world.proposals()) == 3
    assert len(world.golden()) == 6
