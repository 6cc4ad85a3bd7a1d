"""What a rollback restored, and stays until the hub wants something else than what was undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

WHOLE = "*"  # as a field: the object as a whole, which is not created, linked or written again

# (entity, facet) -> field -> the value that was undone.
Pinned = Mapping[tuple[int, str], Mapping[str, Any]]


class Pins(Protocol):
    """Values that a rollback restored."""

    def any(self, target: int) -> bool:
        """Tell whether there are pins in a target."""
        ...

    def of(self, target: int, entities: Sequence[int]) -> Pinned:
        """Return the pins of some entities."""
        ...

    def end(self, target: int, ended: Sequence[tuple[int, str, str]]) -> None:
        """Take away pins: (entity, facet, field)."""
        ...

    def count(self) -> dict[str, int]:
        """Count the pins by name of the target."""
        ...

    def unpin(self, run: int) -> int:
        """Take away what was pinned when a run was undone, and have its entities planned again; returns how many."""
        ...
