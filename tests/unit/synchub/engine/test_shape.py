"""Changes to a target's own schema: rows of the plan, delivered first, never in preview."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from state.store import SqlState
from synchub.domain.plan import Op, Outcome, RowState, Value, Write
from synchub.domain.shape import KindShape
from synchub.engine.shape import FIRST, wanted_shape
from tests.support.fakes import MemoryTarget
from tests.support.world import World


class Shapely(MemoryTarget):
    """A target that lacks an object type until it is told to add it."""

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self.lacks = True
        self.refuses_shape = False
        self.wanted: Sequence[KindShape] = ()
        self.order: list[str] = []

    def shape(self, wanted: Sequence[KindShape]) -> list[Write]:
        """Lack one thing."""
        self.wanted = wanted
        fields: dict[str, Value] = {"name": "Computer", "below": "Hardware"}
        return [Write(0, "object type", Op.CREATE, None, fields, "")] if self.lacks else []

    def reshape(self, writes: Sequence[Write]) -> list[Outcome]:
        """Add it, or refuse to."""
        self.order += [f"{w.kind} {w.fields['name']}" for w in writes]
        if self.refuses_shape:
            return [Outcome(w.row, RowState.REFUSED, message="not allowed") for w in writes]
        self.lacks = False
        return [Outcome(w.row, RowState.APPLIED, object_id="1") for w in writes]

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Note when objects are written."""
        self.order += ["object"] * len(writes)
        return super().write(writes)


@pytest.fixture
def world(state: SqlState) -> World:
    """A hub in a box."""
    return World(state)


def shapely(world: World) -> Shapely:
    target = world.target = Shapely(world)
    world.say("mdm", "k1", serial_number="5CG81F0001", hostname="nb-1", manufacturer="HP", os_name="Windows 11")
    return target


def test_rows_are_planned_counted_and_delivered_first(world: World) -> None:
    """The schema before any object; the next plan has none."""
    target = shapely(world)
    first = world.sync()
    second = world.sync()

    assert first.summary["counts"]["schema"] == {"create": 1}
    assert target.order[0] == "object type Computer"
    assert "object" in target.order
    assert "schema" not in second.summary["counts"]


def test_preview_adds_nothing(world: World) -> None:
    """The row is in the plan and stays pending; no walk over the rows of entities meets it."""
    target = shapely(world)
    world.mode = "preview"
    world.sync()
    plan = world.state.plans.latest(world.state.targets.target("snow").id)
    assert plan is not None

    shown = [r for r in world.state.plans.rows(plan.id, after=FIRST - 1) if r.n < 0]

    assert [(r.cls, r.kind, r.label, r.state) for r in shown] == [("schema", "object type", "Computer", "pending")]
    assert all(r.n >= 0 for r in world.state.plans.rows(plan.id))
    assert target.order == []


def test_a_refused_row_says_why_and_is_planned_again(world: World) -> None:
    """Nothing hangs on it: the other rows are delivered, and the plan ends."""
    target = shapely(world)
    target.refuses_shape = True
    report = world.sync()
    again = world.sync()

    assert report.states["refused"] == 1
    assert again.summary["counts"]["schema"] == {"create": 1}


def test_wanted_are_the_types_of_the_classes_and_what_they_refer_to(world: World) -> None:
    """With parents; referred types without attributes; the own key of the hub is the connector's business."""
    target = shapely(world)
    world.sync()
    kinds = {k.kind: k for k in target.wanted}

    assert list(target.wanted) == wanted_shape(world.job())
    assert set(kinds) == {"ci_computer", "asset_computer", "user", "company"}
    assert kinds["company"].attributes == ()
    assert {a.name: a.refers for a in kinds["ci_computer"].attributes if a.refers} == {
        "maker": "company", "user": "user",
    }  # fmt: skip
