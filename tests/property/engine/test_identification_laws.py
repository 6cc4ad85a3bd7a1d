"""Laws of identification and reconciliation on the stored path: pull, ledger, identify, entities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.property.engine.histories import SLOTS, History, at_once, histories
from tests.property.engine.laws import hold
from tests.support.states import Databases
from tests.support.world import World

Make = Callable[..., World]
Members = frozenset[tuple[str, str]]


def _result(world: World) -> tuple[Any, ...]:
    return world.golden(), world.proposals(), world.shared()


def _frozen(world: World) -> set[tuple[Members, str]]:
    members = world.members()
    return {(members[entity], field) for entity, field in world.query("select entity, field from frozen")}


def _without(frozen: set[tuple[Members, str]], result: tuple[Any, ...]) -> tuple[Any, ...]:
    golden = {}
    for members, (cls, *parts, sources, status) in result[0].items():
        kept = [{name: value for name, value in part.items() if (members, name) not in frozen} for part in parts]
        golden[members] = (cls, *kept, sources, status)
    return golden, *result[1:]


def _person(given: str) -> tuple[str, dict[str, Any], int]:
    return "person", {"worker_id": "E1", "job_title": "Analyst", "family_name": "Novak", "given_name": given}, 0


# One number, two given names: the second one comes from the scanner, which takes it back, and then from HR.
_TO_AND_FRO = History(
    [
        [(("erp", "k0"), *_person("Ben"))],
        [(("scan", "k2"), *_person("Anna"))],
        [(("scan", "k2"), "computer", {}, 0)],
        [(("hr", "k0"), *_person("Anna"))],
    ]
)
_SLICES = st.sampled_from([1, 2, 3000])  # 1: changes of more than a third go through all records, slice by slice


def test_the_way_there_does_not_matter(databases: Databases) -> None:
    """Any batching of adds, changes and removals ends in the entities, values and proposals of one sync of the end.

    Whether all records are gone through or only what changed, and in which slices, makes no difference either. What
    went to and fro on the way is frozen, which is history by design: such a field is left out.
    """

    def law(make: Make, history: History, order: list[tuple[str, str]], slices: tuple[int, int]) -> None:
        there = make()
        there.slice = slices[0]
        history.play(there)
        final = history.final()
        once = make()
        once.slice = slices[1]
        at_once(final, [slot for slot in order if slot in final]).play(once)
        assert not _frozen(once)
        frozen = _frozen(there)
        assert _without(frozen, _result(there)) == _without(frozen, _result(once))

    values = (histories(), st.permutations(SLOTS), st.tuples(_SLICES, _SLICES))
    hold(databases, law, *values, examples=250, regressions=[(_TO_AND_FRO, SLOTS, (1, 1))])


def test_what_went_to_and_fro_on_the_way_is_frozen_and_nothing_else(databases: Databases) -> None:
    """The third turn of a field keeps it as it was; all other fields of the thing follow the rules."""
    state = databases.open()
    databases.wipe(state)
    world = World(state)
    _TO_AND_FRO.play(world)
    both = frozenset({("erp", "k0"), ("hr", "k0")})
    assert _frozen(world) == {(both, "given_name")}
    assert world.golden()[both][2] == {"family_name": "hr", "given_name": "erp", "job_title": "hr", "worker_id": "hr"}


def test_a_second_sync_changes_nothing(databases: Databases) -> None:
    """What was read is unchanged, no row of the state moves, nothing is planned and nothing is written."""

    def law(make: Make, history: History) -> None:
        world = make()
        world.target.twin["ci_computer"] = "asset_computer"
        for company in ("HP", "Hewlett-Packard", "Dell", "System manufacturer"):
            world.target.lookups.setdefault(("company", "name"), {})[company] = company
        history.play(world)
        world.sync()
        written = len(world.target.log)
        world.clock.time += 100
        world.sync()  # sees what it wrote itself, and links what the target made beside it
        assert len(world.target.log) == written
        world.clock.time += 100
        world.sync()  # looks once more at what it linked
        assert len(world.target.log) == written
        world.clock.time += 100
        before = world.dump()
        counts = world.pull()
        assert all(c.unchanged == c.read for c in counts.values())
        assert world.identify().records == 0
        plan = world.plan()
        # What waits for a person is listed every time; nothing is to be sent.
        assert {state for _, _, state in world.rows(plan)} <= {"held", "conflict"}
        world.deliver(plan)
        assert len(world.target.log) == written
        assert world.dump() == before

    hold(databases, law, histories(max_batches=3), examples=60)


def test_moving_only_the_clock_changes_what_falls_due(databases: Databases) -> None:
    """After a staleness window the entities are those of a sync made then, and nothing else was touched."""

    def law(make: Make, history: History, seconds: int) -> None:
        rules = {"hardware": {"silent_after": "10d"}}
        moved = make(rules=rules)
        moved.clock.time = 1_793_491_200  # 2026-11-01
        history.play(moved)
        revs = dict(moved.query("select id, rev from entity"))
        old = moved.golden()
        moved.clock.time += seconds
        moved.identify()
        then = make(rules=rules)
        then.clock.time = moved.clock.time
        history.play(then)
        assert moved.golden() == then.golden()
        touched = {entity for entity, rev in moved.query("select id, rev from entity") if revs.get(entity) != rev}
        members = moved.members()
        new = moved.golden()
        assert {members[e] for e in touched} == {m for m in new if new[m][:2] != old[m][:2]}
        assert moved.identify().records == 0  # what fell due has been dealt with

    later = st.sampled_from([86_400 * n for n in (1, 9, 11, 25, 40)])
    hold(databases, law, histories(max_batches=2), later, examples=60)


def test_other_rules_reach_every_entity(databases: Databases) -> None:
    """Changed rules give what a first sync under them gives, though no record changed."""

    def law(make: Make, history: History) -> None:
        rules = {"hardware": {"identify": ["asset_tag", "uuid"], "fields": {"default": ["scan", "erp", "mdm"]}}}
        changed = make()
        history.play(changed)
        changed.configure(rules)
        changed.identify()
        once = make(rules=rules)
        history.play(once)
        assert _result(changed) == _result(once)

    hold(databases, law, histories(max_batches=2), examples=60)
