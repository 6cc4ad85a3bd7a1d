"""Which entity id a cluster keeps.

The id follows the greatest part of its old members, then the older entity; membership is never decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from synchub.reconcile.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Assignment:
    """Entity ids of new clusters.

    Attributes:
        ids: One per cluster, in the order given; None asks for a new id.
        merged: Old entity that got no cluster -> the entity that took the greatest part of its records.
        split: Old entity -> indices of all clusters that hold records of it, its own first; only where there are two.
    """

    ids: list[int | None]
    merged: dict[int, int | None] = field(default_factory=dict)
    split: dict[int, list[int]] = field(default_factory=dict)


def assign(clusters: Sequence[Cluster], old_entity_of: Mapping[int, int], age: Mapping[int, int]) -> Assignment:
    """Give old entity ids to new clusters: greatest overlap first, then the oldest entity; each id once.

    Args:
        clusters: Clusters of whole components, so that all records of the old entities concerned are among them, or
            have lost their identity.
        old_entity_of: Ledger id -> entity id so far; records that are new are missing.
        age: Entity id -> when it was made (seconds, or any number that ascends); missing counts as youngest.

    Returns:
        The ids, and which old entities went into others or apart.
    """
    overlaps: list[tuple[int, float, int, tuple[str, str, str], int]] = []
    parts: dict[int, list[tuple[int, int]]] = {}
    for i, c in enumerate(clusters):
        first = c.members[0]
        tie = (first.source, first.stream, first.key)
        counts = Counter(old_entity_of[r.record] for r in c.members if r.record in old_entity_of)
        for entity, count in counts.items():
            overlaps.append((-count, age.get(entity, float("inf")), entity, tie, i))
            parts.setdefault(entity, []).append((-count, i))
    ids: list[int | None] = [None] * len(clusters)
    given: dict[int, int] = {}
    for _, _, entity, _, i in sorted(overlaps):
        if ids[i] is None and entity not in given:
            ids[i] = entity
            given[entity] = i
    result = Assignment(ids)
    for entity, where in sorted(parts.items()):
        ordered = [i for _, i in sorted(where, key=lambda part: (part[1] != given.get(entity), part))]
        if entity not in given:
            result.merged[entity] = ids[ordered[0]]
        if len(ordered) > 1:
            result.split[entity] = ordered
    return result
