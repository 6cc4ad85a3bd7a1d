"""Sources that disagree where no rule decides: listed once, with what each says, until it is settled."""

from __future__ import annotations

from typing import Any

import orjson

from state.store import SqlState
from synchub.stores.questions import SOURCES, Question
from tests.support.fakes import NOW
from tests.support.world import World

RULES = {"hardware": {"fields": {"description": "newest", "os_name": "most_reported", "manufacturer": ["erp", "*"]}}}
_TIED = {"hardware": {"fields": {"default": ["*"]}}}


def say(world: World, source: str, at: int = 0, **fields: Any) -> None:
    same = {"serial_number": "5CG81F02QX", "manufacturer": "HP", "model": "EliteBook 840", "hostname": "nb-1"}
    world.say(source, "1", at=at, **same, **fields)


def disputes(world: World) -> dict[str, Question]:
    return {q.field: q for q in world.state.questions.open(100, kind=SOURCES)}


def says(world: World) -> dict[str, list[list[Any]]]:
    return {name: q.detail["says"] for name, q in disputes(world).items()}


def test_sources_of_one_rank_that_disagree_are_listed(state: SqlState) -> None:
    """The one that wins for now comes first; what the order decides is not listed."""
    world = World(state, rules=_TIED)
    say(world, "mdm", at=5, description="A1", os_name="windows")
    say(world, "scan", at=9, description="A2", os_name="windows")
    world.update()
    assert says(world) == {"description": [["scan", "A2"], ["mdm", "A1"]]}
    assert disputes(world)["description"].detail["at"] == NOW
    world.configure({"hardware": {"fields": {"default": ["*"], "description": ["mdm", "scan"]}}})
    world.update()
    assert says(world) == {}


def test_newest_and_most_reported_that_cannot_decide(state: SqlState) -> None:
    """Equal moments, equal counts; a third voice, or a later moment, settles it."""
    world = World(state, rules=RULES)
    say(world, "mdm", at=5, description="A1", os_name="windows")
    say(world, "scan", at=5, description="A2", os_name="linux")
    world.update()
    assert set(says(world)) == {"description", "os_name"}
    say(world, "erp", at=4, os_name="linux")
    say(world, "scan", at=6, description="A2", os_name="linux", ram_mib=8192)
    world.update()
    assert says(world) == {}


def test_an_unchanged_run_writes_nothing_and_a_loser_that_changes_is_seen(state: SqlState) -> None:
    """The golden record stays the same when the one that loses says something else."""
    world = World(state, rules=_TIED)
    say(world, "mdm", at=5, description="A1")
    say(world, "scan", at=9, description="A1")
    world.update()
    assert says(world) == {}
    say(world, "mdm", at=5, description="A0")
    world.clock.time += 60
    world.update()
    assert says(world) == {"description": [["scan", "A1"], ["mdm", "A0"]]}
    before = world.query("select * from conflict")
    world.clock.time += 60
    world.update()
    say(world, "scan", at=9, description="A1", ram_mib=8192)
    world.clock.time += 60
    world.update()
    assert world.query("select * from conflict") == before
    assert orjson.loads(before[0][6])["at"] == NOW + 60


def test_what_is_over_is_closed_and_may_come_again(state: SqlState) -> None:
    """One row however often they disagree; the moment is that of the last time."""
    world = World(state, rules=_TIED)
    for step, model in enumerate(["A0", "A1", "A0"]):
        world.clock.time = NOW + step
        say(world, "mdm", at=5, description=model)
        say(world, "scan", at=9, description="A1")
        world.update()
    assert [q.detail["at"] for q in disputes(world).values()] == [NOW + 2]
    assert len(world.query("select id from conflict")) == 1
