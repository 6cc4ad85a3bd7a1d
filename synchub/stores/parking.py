"""Entities that need another plan though they did not change: at once, at a moment, or when something else appears."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

NEVER = 2**62  # due when what it waits for appears, or when it changes


class Parked(NamedTuple):
    """An entity of which a plan could not settle everything.

    Attributes:
        entity: Entity id.
        reason: In words, for people.
        due_at: Seconds since 1970 UTC from which it is planned again; 0: with the next plan.
        keys: (kind, name) of what it waits for; `Parking.wake` makes it due.
    """

    entity: int
    reason: str
    due_at: int = 0
    keys: Collection[tuple[str, str]] = ()


class Parking(Protocol):
    """Entities that need another plan."""

    def any(self, target: int) -> bool:
        """Tell whether any entity is parked."""
        ...

    def due(self, target: int, now: int) -> list[int]:
        """Return the entities that have to be planned now, ascending."""
        ...

    def park(self, target: int, parked: Sequence[Parked], *, again: Sequence[int], settled: Sequence[int]) -> None:
        """Store what came of planning some entities.

        Args:
            target: Number of the target.
            parked: What has to be planned again, and when; replaces what was known.
            again: Of these rows were made: looked at again with the next plan, if they were parked.
            settled: Nothing is left to do.
        """
        ...

    def sleeping(self, target: int, entities: Sequence[int]) -> list[int]:
        """Return which of some entities wait for something else than time."""
        ...

    def awaited(self, target: int, kind: str) -> list[str]:
        """Return the names of a kind that entities wait for, each once."""
        ...

    def wake(self, target: int, kind: str, names: Sequence[str], *, identified: int | None = None) -> None:
        """Make the entities due that wait for something.

        Args:
            target: Number of the target.
            kind: What kind of thing is there now.
            names: Their names.
            identified: Up to which identification was asked; kept for `identified`.
        """
        ...

    def identified(self, target: int) -> tuple[int, int]:
        """Return the number of the last identification that changed anything, and up to which `wake` was told."""
        ...
