"""Two things become one and come apart again: the oldest object stays linked, the other is marked, both come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import connectors.servicenow
from mapping.target import load_target_map
from simulators.servicenow import ServiceNow
from state.store import SqlState
from synchub.stores.decisions import TOGETHER, pair
from tests.integration.servicenow.conftest import Open
from tests.support.fakes import NOW
from tests.support.world import World

HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}


def _world(state: SqlState, connect: Open, sim: ServiceNow) -> World:
    sim.seed("core_company", [{"name": "HP"}])
    world = World(state)
    world.target = connect()  # type: ignore[assignment]
    world.maps = load_target_map([Path(connectors.servicenow.__file__).parent / "maps" / "hardware.yaml"])
    world.classes = ("computer",)
    return world


def _links(world: World) -> dict[tuple[int, str], str]:
    rows = world.query("select entity, facet, object_id from target_object where entity is not null")
    return {(entity, facet): object_id for entity, facet, object_id in rows}


def _settle(world: World) -> None:
    for _ in range(3):
        world.clock.time += 100
        world.sync()
    assert world.rows(world.plan()) == []


def _duplicates(sim: ServiceNow) -> dict[str, str]:
    return {row["sys_id"]: row["duplicate_of"] for row in sim.dump("cmdb_ci_computer") if row.get("duplicate_of")}


@pytest.mark.parametrize("first", ["mdm", "scan"])
def test_a_merge_keeps_the_oldest_object_and_a_split_gives_back_all(
    state: SqlState, connect: Open, sim: ServiceNow, first: str
) -> None:
    """Whichever was made first; nothing is deleted, and the plan after each step is empty."""
    world = _world(state, connect, sim)
    things: dict[str, dict[str, Any]] = {
        "mdm": {"serial_number": "5CG81F02QX", "hostname": "nb-1", **HP},
        "scan": {"serial_number": "MXL2290KTR", "hostname": "nb-2", **HP},
    }
    for source in sorted(things, key=lambda s: s != first):
        world.say(source, "1", **things[source])
        _settle(world)
        sim.clock.advance(86_400)
    before = _links(world)
    assert {facet for _, facet in before} == {"ci", "asset"}
    objects = {row["sys_id"] for row in sim.dump("cmdb_ci_computer")}
    assert len(before) == 4

    number = state.decisions.decide(TOGETHER, pair("mdm/s/1", "scan/s/1"), None, "anna", NOW, "")
    _settle(world)

    assert _links(world) == {key: before[key] for key in ((1, "ci"), (1, "asset"))}
    assert _duplicates(sim) == {before[2, "ci"]: before[1, "ci"]}
    assert {row["sys_id"] for row in sim.dump("cmdb_ci_computer")} == objects

    state.decisions.revoke(number, NOW + 1)
    _settle(world)

    assert _links(world) == before
    assert _duplicates(sim) == {}
    assert world.query("select count(*) from conflict where state='open'") == [(0,)]


def test_the_older_object_is_linked_though_its_thing_is_the_younger_one(
    state: SqlState, connect: Open, sim: ServiceNow
) -> None:
    """The hub knew the object of other people later than its own; after a split both are as they were."""
    world = _world(state, connect, sim)
    row = {"name": "nb-2", "serial_number": "MXL2290KTR", "asset_tag": "A2"}
    [older] = sim.seed("cmdb_ci_computer", [row])
    sim.clock.advance(86_400)
    world.say("mdm", "1", serial_number="5CG81F02QX", hostname="nb-1", **HP)
    _settle(world)
    world.say("scan", "1", serial_number="MXL2290KTR", hostname="nb-2", **HP)
    _settle(world)
    before = _links(world)
    assert before[2, "ci"] == older

    number = state.decisions.decide(TOGETHER, pair("mdm/s/1", "scan/s/1"), None, "anna", NOW, "")
    _settle(world)
    assert _links(world)[1, "ci"] == older
    assert _duplicates(sim) == {before[1, "ci"]: older}

    state.decisions.revoke(number, NOW + 1)
    _settle(world)
    assert _links(world) == before
    assert _duplicates(sim) == {}
