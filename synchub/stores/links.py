"""What merges leave over at a target: further objects of what has become one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from synchub.stores.targets import ObjectRow


class Links(Protocol):
    """Which of several objects of one thing is its own, and which are duplicates."""

    def duplicates(self, target: int) -> list[tuple[int, ObjectRow]]:
        """Return (entity, object) of what merges left over: objects of things that are part of the entity by now."""
        ...

    def swap(self, target: int, entity: int, linked: Sequence[ObjectRow], instead: Sequence[ObjectRow]) -> None:
        """Link left over objects of an entity instead of its linked ones, which become the duplicates."""
        ...
