"""The order of things that refer to each other: what is referred to comes first, so one write per thing suffices."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

DEEPEST = 64  # levels; each is at least one batch, so what stands deeper in a chain is written twice instead


def levels(
    references: Mapping[int, Collection[int]], deepest: int = DEEPEST
) -> tuple[dict[int, int], set[tuple[int, int]]]:
    """Give each thing a level above all that it refers to.

    Where things refer to each other in a circle one reference of the circle is cut; so is one that would need more than
    `deepest` levels. Linear in the references, and the same for the same input.

    Args:
        references: Thing -> what it refers to; what is no key itself does not count.
        deepest: The highest level.

    Returns:
        Thing -> level from 0, and the references that were cut.

    >>> levels({1: [2], 2: [3], 3: []})
    ({3: 0, 2: 1, 1: 2}, set())
    >>> levels({1: [2], 2: [1]})
    ({2: 0, 1: 1}, {(2, 1)})
    """
    level: dict[int, int] = {}
    cut: set[tuple[int, int]] = set()
    for first in references:
        if first in level:
            continue
        stack: list[tuple[int, Iterator[int]]] = [(first, iter(references[first]))]
        entered = {first}
        while stack:
            thing, others = stack[-1]
            for other in others:
                if other in entered:
                    cut.add((thing, other))
                elif other not in level and other in references:
                    stack.append((other, iter(references[other])))
                    entered.add(other)
                    break
            else:
                stack.pop()
                entered.discard(thing)
                level[thing] = _above(thing, references[thing], level, cut, deepest)
    return level, cut


def _above(
    thing: int, others: Collection[int], level: Mapping[int, int], cut: set[tuple[int, int]], deepest: int
) -> int:
    """Return the level of a thing whose references have theirs."""
    result = 0
    for other in others:
        if other in level and (thing, other) not in cut:
            if level[other] < deepest:
                result = max(result, level[other] + 1)
            else:
                cut.add((thing, other))
    return result
