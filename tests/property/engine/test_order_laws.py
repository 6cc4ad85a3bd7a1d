"""Laws of the order in which people are written: once each, whoever reports to whom, circles included."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from synchub.engine.order import levels
from synchub.ports import Capabilities
from tests.property.engine.laws import hold
from tests.support.states import Databases
from tests.support.world import World

Make = Callable[..., World]
_GRAPHS = st.dictionaries(st.integers(1, 12), st.lists(st.integers(1, 14), max_size=3), max_size=12)
# Person -> manager; 8 and 9 are unknown to everybody.
_MANAGERS = st.dictionaries(st.integers(0, 7), st.none() | st.integers(0, 9), max_size=8)


def _in_circles(references: Mapping[int, list[int]]) -> set[int]:
    """Return the things that refer to themselves, directly or through others."""
    found = set()
    for first in references:
        seen: set[int] = set()
        reached = list(references[first])
        while reached:
            thing = reached.pop()
            if thing not in seen and thing in references:
                seen.add(thing)
                reached += references[thing]
        if first in seen:
            found.add(first)
    return found


@given(_GRAPHS)
def test_what_is_referred_to_comes_first(references: dict[int, list[int]]) -> None:
    """Every reference that was not cut leads to a lower level; only circles are cut, and each of them is."""
    level, cut = levels(references)
    assert level.keys() == references.keys()
    circles = _in_circles(references)
    for thing, others in references.items():
        for other in others:
            if (thing, other) in cut:
                assert {thing, other} <= circles
            elif other in references:
                assert level[other] < level[thing]
    assert levels(references) == (level, cut)


@given(_GRAPHS, st.integers(0, 3))
def test_no_chain_is_deeper_than_allowed(references: dict[int, list[int]], deepest: int) -> None:
    """What stands deeper is cut, so that a long chain does not make a batch of each of its links."""
    level, cut = levels(references, deepest)
    assert max(level.values(), default=0) <= deepest
    kept = [(a, b) for a, others in references.items() for b in others if b in references and (a, b) not in cut]
    assert all(level[b] < level[a] for a, b in kept)


def test_a_long_chain_is_no_deep_call() -> None:
    """Ten thousand people, each the manager of the next."""
    level, cut = levels({n: [n - 1] for n in range(10_000, 0, -1)}, 10_000)
    assert (level[10_000], cut) == (9_999, set())


def test_each_person_is_created_once_and_refers_rightly(databases: Databases) -> None:
    """Whoever reports to whom and in whatever order they come: as many writes as people, and one for each circle more.

    Batches stay as full as the levels allow, and the next sync has nothing to write.
    """

    def law(make: Make, managers: dict[int, int | None], order: list[int], batch: int, split: int) -> None:
        world = make()
        world.target.can = Capabilities(batch=batch, workers=1)
        people = [n for n in order if n in managers]
        for part in (people[:split], people[split:]):
            for n in part:
                manager: dict[str, Any] = {} if managers[n] is None else {"manager": f"E{managers[n]}"}
                world.say("hr", str(n), "person", worker_id=f"E{n}", email=f"p{n}@x.example", **manager)
            known = {n: [managers[n]] for n in people if n in part or n in people[:split]}
            before, calls = len(world.target.log), len(world.target.calls)
            world.clock.time += 60
            world.sync()
            written = world.target.log[before:]
            assert len([row for row in written if row[0] == "create"]) == len(part)
            users = {str(u.fields["number"]): u for u in world.target.of("user")}
            for n in known:
                boss = users.get(f"E{managers[n]}")
                assert users[f"E{n}"].fields.get("manager") == (boss.id if boss else None)
            if part is people[:split] or not people[:split]:
                inside: dict[int, list[int]] = {n: [m for m in (managers[n],) if m is not None] for n in part}
                level, cut = levels(inside)
                assert len(written) == len(part) + len({a for a, _ in cut})
                assert {a for a, _ in cut} <= _in_circles(inside)
                sends = [call for call in world.target.calls[calls:] if call.startswith("write")]
                sizes = [sum(1 for x in level.values() if x == depth) for depth in set(level.values())]
                assert len(sends) <= sum(math.ceil(size / batch) for size in sizes) + math.ceil(len(cut) / batch)
        written_all = len(world.target.log)
        world.clock.time += 60
        world.sync()
        assert len(world.target.log) == written_all

    hold(
        databases, law, _MANAGERS, st.permutations(range(8)), st.sampled_from([1, 2, 5]), st.integers(0, 8), examples=60
    )
