"""A map whose `key:` changed: stored records move, nothing lingers, nothing is there twice."""

from __future__ import annotations

from typing import Any

from state.store import SqlState
from synchub.domain.records import CanonicalRecord
from tests.support.fakes import PlainMapper
from tests.support.world import World

SERIAL: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook"}


class KeyMapper(PlainMapper):
    """Takes the native key from another field of the payload."""

    def __init__(self, field: str) -> None:
        super().__init__(f"key {field}")
        self.field = field

    def map(self, payload: dict[str, Any]) -> CanonicalRecord | None:
        """Map with the other key."""
        return super().map(payload | {"key": payload.get(self.field)})

    def key_of(self, payload: dict[str, Any]) -> str:
        """Return the other key."""
        return str(payload[self.field])


def say(world: World, key: str, other: str, serial: str, at: int = 1) -> None:
    """Let the source hold a device with two keys."""
    world.say("mdm", key, at=at, **SERIAL, serial_number=serial)
    world.said["mdm"][key]["other"] = other


def keys(world: World) -> list[str]:
    """Return the stored keys."""
    return [row[0] for row in world.query("select key from record order by key")]


def test_records_take_their_new_keys_with_them(state: SqlState) -> None:
    """The source gives the same bytes; records, entities and links stay, also where keys change places."""
    world = World(state)
    for key, other, serial in (("a", "b", "5CG81F02QX"), ("b", "a", "5CG81F02QY"), ("c", "d", "5CG81F02QZ")):
        say(world, key, other, serial)
    world.sync()
    before = set(world.query("select m.record, m.entity from member m"))
    linked = world.query("select object_id, entity from target_object order by object_id")
    world.mappers["mdm"] = KeyMapper("other")
    counts = world.pull()["mdm"]
    assert (counts.unchanged, counts.new, counts.changed, counts.absent, counts.remapped) == (3, 0, 0, 0, 3)
    world.sync()
    assert keys(world) == ["a", "b", "d"]
    assert set(world.query("select m.record, m.entity from member m")) == before
    assert world.query("select object_id, entity from target_object order by object_id") == linked
    assert world.pull()["mdm"].remapped == 0


def test_of_two_that_come_to_one_key_the_newest_stays(state: SqlState) -> None:
    """The other is a dead letter, and what it contributed goes."""
    world = World(state)
    say(world, "a", "x", "5CG81F02QX", at=1)
    say(world, "b", "x", "5CG81F02QY", at=2)
    say(world, "x", "y", "5CG81F02QZ", at=3)
    world.update()
    world.mappers["mdm"] = KeyMapper("other")
    world.update()
    assert keys(world) == ["x", "y"]
    assert {golden["serial_number"] for _, golden, *_ in world.golden().values()} == {"5CG81F02QY", "5CG81F02QZ"}
    assert "duplicate_key" in {row[0] for row in world.query("select code from dead_letter")}
    counts = world.pull()["mdm"]
    assert (counts.new, counts.changed, counts.absent) == (0, 0, 0)
    assert keys(world) == ["x", "y"]


def test_a_finer_key_lets_records_in_that_were_twins(state: SqlState) -> None:
    """What was refused as a duplicate is new under the next map."""
    world = World(state)
    say(world, "a", "x", "5CG81F02QX", at=1)
    say(world, "b", "x", "5CG81F02QY", at=2)
    world.mappers["mdm"] = KeyMapper("other")
    world.update()
    assert keys(world) == ["x"]
    world.mappers["mdm"] = KeyMapper("key")
    counts = world.pull()["mdm"]
    assert (counts.new, counts.rejected) == (1, 0)
    assert keys(world) == ["a", "b"]


def test_a_move_cut_off_half_way_is_finished_by_the_next_run(state: SqlState) -> None:
    """Killed at any commit, the records end up under their new keys."""
    world = World(state)
    for key, other, serial in (("a", "b", "5CG81F02QX"), ("b", "a", "5CG81F02QY")):
        say(world, key, other, serial)
    world.update()
    world.mappers["mdm"] = KeyMapper("other")
    ledger = world.state.ledger
    write = ledger.write
    for allowed in range(4):
        calls = iter(range(allowed))

        def cut(*args: Any, calls: Any = calls) -> None:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            write(*args)

        ledger.write = cut  # type: ignore[method-assign, assignment]
        try:
            world.pull()
        except KeyboardInterrupt:
            pass
        finally:
            ledger.write = write  # type: ignore[method-assign]
    world.update()
    assert keys(world) == ["a", "b"]
    assert {golden["serial_number"] for _, golden, *_ in world.golden().values()} == {"5CG81F02QX", "5CG81F02QY"}
