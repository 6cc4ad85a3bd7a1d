"""Pins: what a rollback's rows restored, in the transaction that notes them as done."""

from __future__ import annotations

from state.links import hand_over
from state.store import SqlState
from synchub.domain.plan import FieldChange, Op, PlanRow, RowState, TargetObject
from synchub.stores import WHOLE, DeliveryBatch

NOW = 1_800_000_000


def _row(n: int, entity: int, op: Op, **changes: FieldChange) -> PlanRow:
    return PlanRow(n, entity, "computer", "ci", "ci_computer", op, f"id-{entity}", dict(changes), f"NB-{entity}")


def _undone(state: SqlState, *rows: PlanRow, outcome: RowState = RowState.APPLIED) -> int:
    """Deliver a plan that undoes run 7; returns the target."""
    target = state.targets.target("snow").id
    plan = state.plans.create(target, 9, NOW, "cfg", undoes=7)
    state.plans.add(plan, rows)
    state.plans.seal(plan, "abc", NOW + 60, 0, {}, state.plans.digest(plan))
    state.plans.deliver(target, plan, NOW, 9, DeliveryBatch(states=[(r.n, outcome, "") for r in rows]))
    return target


def test_restored_fields_are_pinned_with_what_was_undone(state: SqlState) -> None:
    """The value that was undone is the one the row found; objects that are given up are pinned as a whole."""
    target = _undone(
        state,
        _row(1, 11, Op.UPDATE, os=FieldChange("Windows 11", None), ram=FieldChange(8192, 4096)),
        _row(2, 12, Op.UNLINK),
        _row(3, 13, Op.RETIRE, status=FieldChange("1", "7")),
    )
    assert state.pins.any(target)
    assert state.pins.of(target, [11, 12, 13, 14]) == {
        (11, "ci"): {"os": "Windows 11", "ram": 8192},
        (12, "ci"): {WHOLE: None},
        (13, "ci"): {WHOLE: None},
    }
    assert state.pins.count() == {"snow": 4}


def test_what_was_not_restored_is_not_pinned(state: SqlState) -> None:
    """A row whose object changed in the meantime leaves no pin."""
    target = _undone(state, _row(1, 11, Op.UPDATE, os=FieldChange("a", "b")), outcome=RowState.DRIFTED)
    assert not state.pins.any(target)


def test_an_ordinary_plan_pins_nothing(state: SqlState) -> None:
    """Only plans that undo a run do."""
    target = state.targets.target("snow").id
    plan = state.plans.create(target, 9, NOW, "cfg")
    state.plans.add(plan, [_row(1, 11, Op.UPDATE, os=FieldChange("a", "b"))])
    state.plans.deliver(target, plan, NOW, 9, DeliveryBatch(states=[(1, RowState.APPLIED, "")]))
    assert not state.pins.any(target)


def test_pins_end_one_by_one_or_with_their_run(state: SqlState) -> None:
    """Unpinning has the entities planned again."""
    rows = [_row(1, 11, Op.UPDATE, os=FieldChange("a", "b"), ram=FieldChange(1, 2)), _row(2, 12, Op.UNLINK)]
    target = _undone(state, *rows)
    state.pins.end(target, [(11, "ci", "os")])
    assert state.pins.of(target, [11]) == {(11, "ci"): {"ram": 1}}
    assert state.pins.unpin(6) == 0
    assert state.pins.unpin(7) == 2
    assert state.pins.count() == {}
    assert state.parking.due(target, NOW) == [11, 12]


def test_an_unlinked_object_is_nobodys(state: SqlState) -> None:
    """It stays known, with what it holds, and without a base."""
    target = state.targets.target("snow").id
    plan = state.plans.create(target, 9, NOW, "cfg", undoes=7)
    state.plans.add(plan, [_row(1, 11, Op.UNLINK)])
    item = TargetObject("ci_computer", "id-11", {"os": "x"}, "3")
    state.plans.deliver(target, plan, NOW, 8, DeliveryBatch(objects=[(11, "ci", item, {"os": "x"}, {}, "found")]))
    state.plans.deliver(
        target, plan, NOW, 9, DeliveryBatch(states=[(1, RowState.APPLIED, "")], unlinked=[("id-11", "ci_computer")])
    )
    assert state.targets.linked(target, [11]) == {}
    found = state.targets.by_object_id(target, ["id-11"])["id-11"]
    assert (found.entity, found.base, found.fields) == (None, None, {"os": "x"})


def test_the_digest_is_of_what_rows_do_not_of_what_became_of_them(state: SqlState) -> None:
    """Delivering leaves it, another value changes it; the order in which rows were stored does not matter."""
    target = state.targets.target("snow").id
    rows = [_row(1, 11, Op.UPDATE, os=FieldChange("a", "b")), _row(2, 12, Op.UPDATE, os=FieldChange("a", "b"))]
    digests = []
    for some in ([rows], [rows[1:], rows[:1]]):
        plan = state.plans.create(target, 9, NOW, "cfg")
        for part in some:
            state.plans.add(plan, part)
        digests.append(state.plans.digest(plan))
    state.plans.deliver(target, plan, NOW, 9, DeliveryBatch(states=[(1, RowState.FAILED, "no")]))
    digests.append(state.plans.digest(plan))
    assert len(set(digests)) == 1
    other = state.plans.create(target, 9, NOW, "cfg")
    state.plans.add(other, [rows[0], _row(2, 12, Op.UPDATE, os=FieldChange("a", "c"))])
    assert state.plans.digest(other) not in digests


def test_pins_follow_a_thing_into_the_one_it_went_into(state: SqlState) -> None:
    """Those of the survivor come first; of a thing that is simply gone nothing moves."""
    rows = [
        _row(1, 11, Op.UPDATE, os=FieldChange("a", "b"), ram=FieldChange(1, 2)),
        _row(2, 12, Op.UPDATE, os=FieldChange("x", "y")),
        _row(3, 13, Op.UNLINK),
    ]
    target = _undone(state, *rows)
    with state.database.begin() as tx:
        hand_over(tx, {11: 12, 13: None})
    assert state.pins.of(target, [12]) == {(12, "ci"): {"os": "x", "ram": 1}}
    assert state.pins.of(target, [13]) == {(13, "ci"): {WHOLE: None}}
