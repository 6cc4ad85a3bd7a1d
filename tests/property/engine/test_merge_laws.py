"""A merge that is taken back leaves everything as it was: numbers, links, and nothing to write."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from synchub.stores.decisions import TOGETHER, pair
from tests.property.engine.laws import hold
from tests.support.fakes import NOW
from tests.support.states import Databases
from tests.support.world import World

HP: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840"}
SERIALS = ("5CG81F02QX", "MXL2290KTR", "CND7041ZZP", "8CC0912BVW", "2UA5511HHD", "PF3EJK77AA")
_ORDERS = st.permutations(range(len(SERIALS)))


def _links(world: World) -> list[tuple[Any, ...]]:
    return sorted(world.query("select object_id, entity, facet from target_object"))


def _settle(world: World) -> None:
    for _ in range(2):
        world.clock.time += 100
        world.sync()
    assert {state for _, _, state in world.rows(world.plan())} <= {"held", "conflict"}


def test_a_split_gives_back_what_a_merge_took(databases: Databases) -> None:
    """Whichever pairs are put together, in whichever order they are made and taken apart again."""

    def law(make: Any, made: list[int], paired: list[int], back: list[int]) -> None:
        world: World = make()
        world.target.twin["ci_computer"] = "asset_computer"
        for n in made:
            source = ("mdm", "scan")[n % 2]
            world.say(source, str(n), hostname=f"nb-{n}", serial_number=SERIALS[n], **HP)
            world.update()
        _settle(world)
        before, things = _links(world), world.members()
        count = len(world.target.held)
        names = [f"{('mdm', 'scan')[n % 2]}/s/{n}" for n in range(len(SERIALS))]
        decided = []
        for a, b in zip(paired[::2], paired[1::2], strict=True):
            decided.append(world.state.decisions.decide(TOGETHER, pair(names[a], names[b]), None, "anna", NOW, ""))
            _settle(world)
        assert len(world.members()) == len(SERIALS) // 2
        assert len(world.target.held) == count
        for n in back:
            if n < len(decided):
                world.state.decisions.revoke(decided[n], NOW)
        _settle(world)
        assert world.members() == things
        assert _links(world) == before
        assert len(world.target.held) == count
        assert world.query("select count(*) from conflict where state='open'") == [(0,)]

    hold(databases, law, _ORDERS, _ORDERS, _ORDERS, examples=6)
