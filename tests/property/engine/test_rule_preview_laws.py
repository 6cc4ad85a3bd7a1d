"""What a rule change is said to do is what it then does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import strategies as st

from synchub.domain.model import VOLATILE
from synchub.engine.identify import IdentifyCounts
from synchub.engine.rehearse import Foretold, rehearse
from tests.property.engine.histories import History, histories
from tests.property.engine.laws import hold
from tests.support.states import Databases
from tests.support.world import World

Members = dict[int, frozenset[tuple[str, str]]]
Make = Callable[..., World]

_RULES: list[dict[str, Any] | None] = [
    None,
    {"hardware": {"identify": ["asset_tag", "uuid"]}},
    {"hardware": {"identify": ["hostname+model", "propose:owner+model"]}},
    {"hardware": {"identify": ["serial+manufacturer", "mac+hostname", "propose:serial~1", "propose:hostname+domain"]}},
    {"hardware": {"fields": {"default": ["scan", "erp", "mdm"], "hostname": "newest"}}},
    {"hardware": {"fields": {"price": ["mdm"]}, "silent_after": "10d"}, "person": {"identify": ["email"]}},
]
_TWO = st.permutations(range(len(_RULES))).map(lambda order: order[:2])


def _split(before: Members, after: Members) -> dict[int, set[int]]:
    """Return the entities whose records are several now, and which."""
    found = {e: {n for n, members in after.items() if members & records} for e, records in before.items()}
    return {entity: parts for entity, parts in found.items() if len(parts) > 1}


def _rows(world: World) -> dict[int, tuple[str, dict[str, Any], dict[str, Any], str]]:
    found = world.query("select id, cls, doc, winners, state from entity where state<>'gone'")
    return {row[0]: (row[1], orjson.loads(row[2]), orjson.loads(row[3]), row[4]) for row in found}


def _turned(before: Any, after: Any, regrouped: set[int]) -> dict[tuple[str, str], tuple[int, int]]:
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for entity in before.keys() & after.keys() - regrouped:
        _, was, old, _ = before[entity]
        cls, becomes, new, _ = after[entity]
        for name in {*was, *becomes, *old, *new}:
            winner, value = old.get(name) != new.get(name), was.get(name) != becomes.get(name)
            if winner or value:
                winners, values = found.get((cls, name), (0, 0))
                found[cls, name] = (winners + winner, values + value)
    return found


def test_a_rehearsal_says_what_identification_then_does(databases: Databases) -> None:
    """Merges, splits, turned fields and proposals are those that activating the rules brings, and nothing is written.

    In slices of any size, and from any rules to any others.
    """

    def law(make: Make, history: History, order: list[int], size: int) -> None:
        world = make(rules=_RULES[order[0]])
        world.slice = size
        history.play(world)
        before, rows = world.members(), _rows(world)
        stored = {row[0] for row in world.query("select id from entity")}
        dump = world.dump()
        world.configure(_RULES[order[1]])
        told = rehearse(world.state, world.rules, world.clock, slice_size=size)
        assert world.dump() == dump
        counts = world.identify()
        after = world.members()
        assert told.counts == _without_new(counts)
        number = _numbers(told, world, stored)
        assert {entity for entity, _ in told.merges} == before.keys() - after.keys()
        assert all(before[entity] & after[number(into)] for entity, into in told.merges)
        assert {e: {number(p) for p in parts} for e, parts in told.splits.items()} == _split(before, after)
        assert len(told.splits) == counts.split
        regrouped = {e for e in before if after.get(e) != before[e]} | (after.keys() - before.keys())
        turned = _turned(rows, _rows(world), regrouped)
        said = {key: (f.winners, f.values) for key, f in told.fields.items()}
        assert {k: v for k, v in said.items() if k[1] not in VOLATILE[k[0]]} == {
            k: v for k, v in turned.items() if k[1] not in VOLATILE[k[0]]
        }
        asked = world.query("select a, b from proposal where state='open'")
        assert {(number(a), number(b)) for a, b, _ in told.proposed} == set(asked)

    hold(databases, law, histories(max_batches=3), _TWO, st.sampled_from([1, 2, 3000]), examples=50)


def _without_new(counts: IdentifyCounts) -> IdentifyCounts:
    return replace(counts, new_rules=False)


def _numbers(told: Foretold, world: World, stored: set[int]) -> Callable[[int], int]:
    """Return what turns the numbers of things that would be new into those that they got, in the same order."""
    new = sorted({row[0] for row in world.query("select id from entity")} - stored)
    given = dict(zip(sorted(told.founded), new, strict=True))
    return lambda entity: given.get(entity, entity)
