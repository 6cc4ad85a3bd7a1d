"""Fields that flip between sources are frozen; fields follow the source that a person chose."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import strategies as st

from state.store import SqlState
from synchub.stores.decisions import SOURCE, about
from tests.property.engine.laws import hold
from tests.support.fakes import NOW
from tests.support.states import Databases
from tests.support.world import World

HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840", "serial_number": "5CG81F02QX"}
NEWEST = {"hardware": {"fields": {"os_name": "newest"}}}
DAY = 86_400


def _world(state: SqlState, rules: dict[str, Any] | None = None) -> World:
    world = World(state, rules=rules or NEWEST)
    world.target.twin["ci_computer"] = "asset_computer"
    _say(world, "mdm", "Windows 11", NOW - 10)
    _say(world, "scan", "Windows 10", NOW - 20)
    for _ in range(2):
        world.clock.time += 100
        world.sync()
    return world


def _say(world: World, source: str, value: str, at: int) -> None:
    # Something else changes as well: a mere check-in would not be looked at.
    world.say(source, "1", at=at, os_name=value, hostname="nb-1", description=f"{at}", **HP)


def _os(world: World) -> Any:
    [(doc,)] = world.query("select doc from entity where state='live'")
    return orjson.loads(doc)["os_name"]


def _written(world: World) -> int:
    return sum("os" in fields for _, _, _, fields in world.target.log)


def _flip(world: World, times: int, step: int = 3600) -> None:
    """Let the sources speak in turn; each is the newest when it does."""
    for n in range(times):
        world.clock.time += step
        source, value = (("scan", "Windows 10"), ("mdm", "Windows 11"))[n % 2]
        _say(world, source, value, world.clock.time)
        world.sync()


def test_a_field_is_frozen_at_its_third_turn(state: SqlState) -> None:
    """It keeps what it has, and the state knows both sides and the rule."""
    world = _world(state)
    before = _written(world)
    _flip(world, 9)
    assert _written(world) == before + 2
    assert _os(world) == "Windows 11"
    [fields] = state.entities.frozen().values()
    frozen = fields["os_name"]
    assert (frozen.source, frozen.rival, frozen.other) == ("mdm", "scan", "Windows 10")
    assert frozen.rule.startswith("newest observation (")
    assert frozen.settle("os_name") == "os_name: [mdm, scan]"


def test_turns_far_apart_do_not_count(state: SqlState) -> None:
    """Fifteen days between two of them."""
    world = _world(state)
    _flip(world, 4, step=15 * DAY)
    assert state.entities.frozen() == {}
    assert _os(world) == "Windows 11"


def test_a_source_that_changes_its_own_mind_is_followed(state: SqlState) -> None:
    """Nobody else says anything about the field."""
    world = _world(state, rules={"hardware": {"fields": {"os_name": ["mdm"]}}})
    for n in range(6):
        world.clock.time += 3600
        _say(world, "mdm", f"Windows {10 + n % 2}", world.clock.time)
        world.sync()
    assert state.entities.frozen() == {}
    assert _os(world) == "Windows 11"


def test_it_thaws_when_the_sources_agree(state: SqlState) -> None:
    """And follows its rule from then on."""
    world = _world(state)
    _flip(world, 5)
    assert state.entities.frozen()
    world.clock.time += 60
    _say(world, "mdm", "Windows 10", world.clock.time)
    _say(world, "scan", "Windows 10", world.clock.time)
    world.sync()
    assert state.entities.frozen() == {}
    assert _os(world) == "Windows 10"


def test_it_thaws_when_the_rule_changes(state: SqlState) -> None:
    """The line that was offered settles it."""
    world = _world(state)
    _flip(world, 5)
    world.configure({"hardware": {"fields": {"os_name": ["scan", "mdm"]}}})
    world.identify()
    assert state.entities.frozen() == {}
    assert _os(world) == "Windows 10"
    _flip(world, 6)
    assert state.entities.frozen() == {}


def test_a_person_chooses_the_source_of_a_field(state: SqlState) -> None:
    """The choice thaws it, holds against the rule, and is forgotten when it is taken back."""
    world = _world(state)
    _flip(world, 5)
    number = state.decisions.decide(SOURCE, about(["mdm/s/1", "os_name"]), "scan", "anna", NOW, "")
    counts = world.identify()
    assert counts.records == 2
    assert _os(world) == "Windows 10"
    assert state.entities.frozen() == {}
    _flip(world, 6)
    assert _os(world) == "Windows 10"
    assert state.entities.frozen() == {}
    state.decisions.revoke(number, NOW + 1)
    world.identify()
    assert _os(world) == "Windows 11"


def test_a_choice_holds_for_a_thing_that_is_read_later(state: SqlState) -> None:
    """As after a rebuilt state."""
    world = World(state, rules=NEWEST)
    state.decisions.decide(SOURCE, about(["mdm/s/1", "os_name"]), "scan", "anna", NOW, "")
    _say(world, "mdm", "Windows 11", NOW - 10)
    _say(world, "scan", "Windows 10", NOW - 20)
    world.update()
    assert _os(world) == "Windows 10"


def test_two_sources_that_never_agree_write_at_most_twice(databases: Databases) -> None:
    """However they take turns within the window; what each says stays the same."""

    def law(make: Any, turns: list[str]) -> None:
        world = _world_of(make)
        before = _written(world)
        for source in turns:
            world.clock.time += 1800
            _say(world, source, {"mdm": "Windows 11", "scan": "Windows 10"}[source], world.clock.time)
            world.sync()
        assert _written(world) <= before + 2

    turns = st.lists(st.sampled_from(["mdm", "scan"]), min_size=4, max_size=12)
    hold(databases, law, turns, examples=20)


def _world_of(make: Any) -> World:
    world: World = make(rules=NEWEST)
    _say(world, "mdm", "Windows 11", NOW - 10)
    _say(world, "scan", "Windows 10", NOW - 20)
    world.sync()
    return world
