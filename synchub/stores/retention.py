"""How long what was done is kept."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Before(NamedTuple):
    """What is older goes; seconds since 1970 UTC.

    Attributes:
        history: What changed on things, what was written over, answered holds, runs.
        pre_images: Delivered plans with the values they replaced; without them nothing can be rolled back.
        dead_letters: Records that could not be read; those that a source still holds come again with its next read.
    """

    history: int
    pre_images: int
    dead_letters: int


class Retention(Protocol):
    """Letting go of what has been kept long enough. The audit log, decisions and links are kept."""

    def due(self, before: Before) -> dict[str, int]:
        """Count what would go: kind -> rows."""
        ...

    def prune(self, before: Before) -> dict[str, int]:
        """Delete it, in short transactions; returns what went: kind -> rows."""
        ...
