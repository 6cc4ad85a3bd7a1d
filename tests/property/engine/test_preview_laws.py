"""Preview and apply are one engine: a plan foretells the target field by field, and then nothing is left to plan."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from synchub.domain.plan import Op, PlanRow
from synchub.stores import PlanState
from tests.property.engine.histories import History, histories
from tests.property.engine.laws import hold
from tests.property.reconcile.strategies import HOSTS, SERIALS, TAGS
from tests.support.states import Databases
from tests.support.world import World

Fields = dict[str, dict[str, Any]]

# What other people hold: some of it is about the hub's things, some about others, some empty where the hub knows more.
_COMPUTER = st.fixed_dictionaries(
    {"name": st.sampled_from(HOSTS)},
    optional={
        "serial": st.sampled_from(SERIALS), "tag": st.sampled_from(TAGS), "os": st.sampled_from(["Windows 10", None]),
        "note": st.sampled_from(["typed by hand", None]), "ram": st.sampled_from(["4096", None]),
    },
)  # fmt: skip
_USER = st.fixed_dictionaries(
    {"email": st.sampled_from(["a@x.example", "b@x.example"])}, optional={"title": st.sampled_from(["Boss", None])}
)
_THEIRS = st.lists(
    st.tuples(st.just("ci_computer"), _COMPUTER) | st.tuples(st.just("user"), _USER), max_size=4
)  # fmt: skip
_POLICIES = st.sampled_from(["hub", "target", "if_empty"])


def _held(world: World) -> Fields:
    """Return what the target holds; a field that holds nothing is no field."""
    return {i.id: {n: v for n, v in i.fields.items() if v is not None} for i in world.target.held.values()}


def _foretold(world: World, plan: PlanState, before: Fields) -> tuple[Fields, list[dict[str, Any]]]:
    """Return what the plan says that each object will hold, and the new objects, their references still open."""
    known, new = copy.deepcopy(before), []
    for row in _pending(world, plan):
        if row.op in (Op.CREATE, Op.INSERT):
            new.append(row.wanted())
        elif row.object_id is not None:
            known[row.object_id] |= row.wanted()
    return known, new


def _pending(world: World, plan: PlanState) -> list[PlanRow]:
    return world.state.plans.rows(plan.id, states=("pending",), count=100_000)


def _resolved(world: World, plan: PlanState, fields: dict[str, Any]) -> dict[str, Any]:
    """Put in the objects that references stand for, now that they exist; empty is no field."""
    found = {}
    for name, value in fields.items():
        if isinstance(value, dict):
            ids = world.state.targets.object_ids(plan.target, [value["$entity"]])
            value = ids.get((value["$entity"], value.get("$facet", "record")))
        if value is not None:
            found[name] = value
    return found


def _frozen(fields: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(sorted((name, str(value)) for name, value in fields.items()))


def test_applying_gives_exactly_what_was_foretold(databases: Databases) -> None:
    """Row by row the new values, and nothing else changed; planning again finds nothing to write."""

    def law(make: Callable[..., World], history: History, theirs: list[Any], policy: str) -> None:
        world = make()
        world.policies = {"default": policy}
        for company in ("HP", "Hewlett-Packard", "Dell", "System manufacturer"):
            world.target.lookups.setdefault(("company", "name"), {})[company] = company
        for kind, fields in theirs:
            world.target.put(kind, **fields)
        history.play(world)
        before = _held(world)
        plan = world.plan()
        assert _held(world) == before  # looking changes nothing
        known, new = _foretold(world, plan, before)
        waiting = world.state.plans.rows(plan.id, states=("waiting",), count=1)

        world.deliver(plan)

        after = _held(world)
        assert {i: after[i] for i in before} == {i: _resolved(world, plan, known[i]) for i in before}
        made = sorted(_frozen(fields) for i, fields in after.items() if i not in before)
        expected = sorted(_frozen(_resolved(world, plan, fields)) for fields in new)
        if waiting:  # the asset beside other people's CI is announced as waiting, and made once the target has not
            assert not [fields for fields in expected if fields not in made]
        else:
            assert made == expected

        world.clock.time += 100
        world.deliver(world.plan())  # links what it finds beside its own
        written = len(world.target.log)
        world.clock.time += 100
        again = world.plan()
        assert [r for r in _pending(world, again) if r.wanted()] == []
        assert len(world.target.log) == written

    hold(databases, law, histories(max_batches=2), _THEIRS, _POLICIES, examples=50)


def test_the_way_back_gives_exactly_what_was_there(databases: Databases) -> None:
    """Undoing a run of changes restores every field; what it created stays only where it cannot be retired."""

    def law(make: Callable[..., World], first: History, second: History, theirs: list[Any], policy: str) -> None:
        from synchub.engine.undo import plan_undo

        world = make()
        world.policies = {"default": policy}
        for company in ("HP", "Hewlett-Packard", "Dell", "System manufacturer"):
            world.target.lookups.setdefault(("company", "name"), {})[company] = company
        for kind, fields in theirs:
            world.target.put(kind, **fields)
        first.play(world)
        world.deliver(world.plan())
        second.play(world)
        before = _held(world)
        world.deliver(world.plan())
        after, run = _held(world), world.runs

        way_back = plan_undo(world.job(), world.state, world.clock, world.begin(), run)
        assert _held(world) == after
        world.deliver(way_back)

        restored = _held(world)
        assert {i: restored[i] for i in before} == before
        made = after.keys() - before.keys()
        assert {i: restored[i] | {"stage": ""} for i in made} == {i: after[i] | {"stage": ""} for i in made}
        assert all(restored[i].get("stage", "retired") == "retired" for i in made)
        written = len(world.target.log)
        world.clock.time += 100
        world.deliver(world.plan())
        assert world.target.log[written:] == []

    hold(databases, law, histories(max_batches=1), histories(max_batches=1), _THEIRS, _POLICIES, examples=40)
