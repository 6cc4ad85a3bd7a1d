"""Absence: missed by rule and clock; replaced keys change nothing, outages say nothing."""

from __future__ import annotations

from typing import Any

from state.store import SqlState
from tests.support.world import World

DAY = 86_400


def device(n: int, **more: Any) -> dict[str, Any]:
    """Return the fields of one device."""
    return {
        "serial_number": f"5CG81F0{n:04}",
        "manufacturer": "HP",
        "model": "EliteBook 840",
        "hostname": f"nb-{n}",
    } | more


def missing(world: World) -> set[str]:
    """Return the host names of the entities that are missing."""
    import orjson

    rows = world.query("select doc from entity where missing_at is not null and state='live'")
    return {orjson.loads(doc)["hostname"] for (doc,) in rows}


def days(world: World, count: int) -> None:
    """Read and identify once a day."""
    for _ in range(count):
        world.clock.time += DAY
        world.update()


def test_missing_only_after_enough_snapshots_and_enough_time(state: SqlState) -> None:
    """Three snapshots within an hour are too soon, seven days with two snapshots too few; back again is back."""
    world = World(state)
    for n in range(3):
        world.say("mdm", str(n), **device(n))
    world.update()
    world.forget("mdm", "2")
    for _ in range(5):
        world.clock.time += 60
        world.update()
    assert missing(world) == set()
    days(world, 6)
    assert missing(world) == set()
    days(world, 1)
    assert missing(world) == {"nb-2"}
    before = world.dump()
    days(world, 2)
    assert {k: v for k, v in world.dump().items() if k != "absence"} == {
        k: v for k, v in before.items() if k != "absence"
    }
    world.say("mdm", "2", **device(2))
    world.update()
    assert missing(world) == set()


def test_few_snapshots_over_a_long_time_are_not_enough(state: SqlState) -> None:
    """Two complete snapshots in thirty days."""
    world = World(state)
    world.say("mdm", "1", **device(1))
    world.say("mdm", "2", **device(2))
    world.update()
    world.forget("mdm", "2")
    for _ in range(2):
        world.clock.time += 15 * DAY
        world.update()
    assert missing(world) == set()
    days(world, 1)
    assert missing(world) == {"nb-2"}


def test_one_presence_authority_that_still_lists_it_is_enough(state: SqlState) -> None:
    """Orders say nothing about presence, neither that a thing is there nor that it is gone."""
    world = World(state)
    for source in ("mdm", "scan", "erp"):
        world.say(source, "1", **device(1))
        world.say(source, "2", **device(2))
    world.update()
    world.forget("mdm", "2")
    world.forget("erp", "1")
    days(world, 9)
    assert missing(world) == set()
    world.forget("scan", "2")
    days(world, 9)
    assert missing(world) == {"nb-2"}


def test_a_thing_only_ordered_and_people_are_never_missing(state: SqlState) -> None:
    """Whatever vanishes from procurement and from people's directories."""
    world = World(state)
    world.say("erp", "1", **device(1))
    world.say("erp", "2", **device(2))
    for n in (1, 2):
        world.say("mdm", f"p{n}", "person", email=f"p{n}@x.example", worker_id=f"E{n}")
        world.say("hr", f"p{n}", "person", email=f"p{n}@x.example", worker_id=f"E{n}")
    world.update()
    for source, key in (("erp", "2"), ("mdm", "p2"), ("hr", "p2")):
        world.forget(source, key)
    days(world, 20)
    assert world.query("select count(*) from entity where missing_at is not null") == [(0,)]


def test_fifteen_percent_of_native_keys_replaced_change_nothing(state: SqlState) -> None:
    """The new record speaks, the old one no more, no entity is made and none is missing, however long it lasts."""
    world = World(state)
    for n in range(100):
        world.say("mdm", str(n), **device(n, os_version="10.0.1"))
    world.sync()
    log = len(world.target.log)
    for n in range(15):
        world.forget("mdm", str(n))
        world.say("mdm", f"zz{n}", **device(n, os_version="10.0.1"))
    for _ in range(12):
        world.clock.time += DAY
        report = world.sync()
        assert report.summary["counts"] == {}
    assert len(world.target.log) == log
    assert missing(world) == set()
    assert world.query("select count(*) from entity where state='live'") == [(100,)]
    assert world.query("select count(*) from entity_change") == [(0,)]


def test_the_record_that_is_listed_speaks_for_its_source(state: SqlState) -> None:
    """Whichever key sorts first and whoever was seen last; when the old one is back both speak again."""
    world = World(state)
    world.say("mdm", "a", at=200, **device(1, os_version="old"))
    world.say("mdm", "z", **device(9))
    world.update()
    world.forget("mdm", "a")
    world.say("mdm", "b", at=100, **device(1, os_version="new"))
    world.update()
    assert versions(world) == {"new"}
    world.say("mdm", "a", at=200, **device(1, os_version="old"))
    world.update()
    assert versions(world) == {"old"}
    world.forget("mdm", "a")
    world.update()
    assert versions(world) == {"new"}
    world.forget("mdm", "b")  # both gone: what was said last stands
    world.update()
    assert versions(world) == {"old"}


def versions(world: World) -> set[str]:
    """Return the versions that entities have."""
    import orjson

    docs = (orjson.loads(doc) for (doc,) in world.query("select doc from entity where state='live'"))
    return {doc["os_version"] for doc in docs if "os_version" in doc}


def test_an_outage_of_forty_percent_makes_nothing_missing(state: SqlState) -> None:
    """A snapshot that proves itself complete and lost much at once counts for nothing, for weeks."""
    world = World(state)
    for n in range(60):
        world.say("mdm", str(n), **device(n))
    world.update()
    for n in range(24):
        world.forget("mdm", str(n))
    days(world, 14)
    assert missing(world) == set()
    for n in range(24):
        world.say("mdm", str(n), **device(n))
    days(world, 1)
    assert world.query("select count(*) from absence") == [(0,)]


def test_the_order_in_which_records_arrive_does_not_matter_for_what_is_missing(state: SqlState) -> None:
    """A record that joins a missing thing brings it back; one that leaves it lets it be missing again."""
    world = World(state)
    world.say("mdm", "1", **device(1))
    world.say("mdm", "2", **device(2))
    world.update()
    world.forget("mdm", "1")
    days(world, 8)
    assert missing(world) == {"nb-1"}
    world.say("scan", "s", **device(1))
    days(world, 1)
    assert missing(world) == set()
    world.say("scan", "s", **device(7))
    days(world, 1)
    assert missing(world) == {"nb-1"}
