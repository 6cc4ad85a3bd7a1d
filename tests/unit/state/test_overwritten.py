"""Values that were written over, and conflicts as plans see them."""

from __future__ import annotations

import orjson

from state.store import SqlState
from synchub.domain.plan import RowState
from synchub.stores import DeliveryBatch
from synchub.stores.overwritten import BACK, DUE, RACE, Overwritten
from tests.support.fakes import NOW

_ROW = Overwritten(7, "ci", "computer", "x-1", "ram", "16", "32", RACE, "anna", NOW - 5, DUE)


def _deliver(state: SqlState, *found: Overwritten, run: int = 3) -> int:
    target = state.targets.target("snow").id
    plan = state.plans.create(target, run, NOW, "cfg")
    batch = DeliveryBatch(states=[(1, RowState.APPLIED, "")], overwritten=list(found))
    state.plans.deliver(target, plan, NOW, run, batch)
    return target


def test_what_was_written_over_is_kept_whole(state: SqlState) -> None:
    """Both values, who and when, in which run; missing authors stay missing."""
    target = _deliver(
        state, _ROW, _ROW._replace(field="os", theirs=None, edited_by=None, edited_at=None, state="stands")
    )
    first, second = state.overwritten.of_entity(7)

    assert first._replace(id=0) == _ROW._replace(target=target, at=NOW, run=3)
    assert (second.field, second.theirs, second.edited_by, second.edited_at) == ("os", None, None, None)
    assert state.overwritten.of_entity(8) == []
    assert state.overwritten.count(3) == {(target, RACE, DUE): 1, (target, RACE, "stands"): 1}


def test_what_is_due_is_listed_until_it_is_settled(state: SqlState) -> None:
    """Only what was put back has a moment."""
    target = _deliver(state, _ROW, _ROW._replace(object_id="x-2"))
    one, two = state.overwritten.due(target)
    state.overwritten.settle([one.id], BACK, NOW + 9)
    state.overwritten.settle([two.id], "refused", NOW + 9)

    assert state.overwritten.due(target) == []
    assert [(o.state, o.put_back_at) for o in state.overwritten.of_entity(7)] == [(BACK, NOW + 9), ("refused", None)]


def _open(state: SqlState) -> set[tuple[str, str]]:
    return {(c["field"], c["kind"]) for c in state.reports.conflicts()}


def test_conflicts_are_open_as_long_as_plans_see_them(state: SqlState) -> None:
    """What a plan of the same entity sees no more is closed; entities that were not planned keep theirs."""
    target = state.targets.target("snow").id
    detail = orjson.dumps({"theirs": 1, "hub": 2})
    state.conflicts.see(target, [1, 2], [(1, "ci", "ram", "ask", detail), (2, "ci", "os", "theirs", detail)], 1)
    assert _open(state) == {("ram", "ask"), ("os", "theirs")}

    state.conflicts.see(target, [1], [], 2)
    assert _open(state) == {("os", "theirs")}

    state.conflicts.see(target, [1], [(1, "ci", "ram", "ask", detail)], 3)
    assert _open(state) == {("ram", "ask"), ("os", "theirs")}


def test_a_race_stays_open_until_a_plan_sees_its_field(state: SqlState) -> None:
    """Nobody has to look the moment it happens."""
    target = state.targets.target("snow").id
    plan = state.plans.create(target, 1, NOW, "cfg")
    detail = orjson.dumps({"theirs": 1, "hub": 2})
    state.plans.deliver(target, plan, NOW, 1, DeliveryBatch(conflicts=[(1, "ci", "ram", "race", detail)]))
    state.conflicts.see(target, [1], [], 2)
    assert _open(state) == {("ram", "race")}

    state.conflicts.see(target, [1], [(1, "ci", "ram", "theirs", detail)], 3)
    assert _open(state) == {("ram", "theirs")}
