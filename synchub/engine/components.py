"""Groups, slices and union-find over record numbers: the arithmetic of components."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any


def between(groups: Iterable[tuple[int, list[int]]], entity_of: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
    """Leave out the groups within one entity: most of them."""
    for group in groups:
        records = group[1]
        if len(records) > 1:
            first = entity_of[records[0]]
            if any(entity_of[record] != first for record in records):
                yield group


def grouped(entities: dict[int, int]) -> dict[int, list[int]]:
    """Turn record -> entity round."""
    result: dict[int, list[int]] = {}
    for record, entity in entities.items():
        result.setdefault(entity, []).append(record)
    return result


def slices(values: Iterable[int], size: int) -> Iterator[list[int]]:
    """Yield values in lists of at most `size`."""
    part: list[int] = []
    for value in values:
        part.append(value)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def find(parent: Any, item: int) -> int:
    """Return the root of an item in a union-find forest, shortening the way."""
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


def unite(parent: Any, items: Sequence[int]) -> None:
    """Join the trees of some items; the smallest root stays."""
    if len(items) < 2:
        return
    first = find(parent, items[0])
    for item in items[1:]:
        other = find(parent, item)
        if other != first:
            low, high = (first, other) if first < other else (other, first)
            parent[high] = low
            first = low
