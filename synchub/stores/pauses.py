"""Pauses: nothing is written to a target, or to any, until somebody resumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Pause(NamedTuple):
    """A stop of all writes.

    Attributes:
        target: Configured name of the target; empty: all of them.
        who: Who paused.
        at: When, seconds since 1970 UTC.
        reason: Why, in words.
    """

    target: str
    who: str
    at: int
    reason: str


class Pauses(Protocol):
    """Stops of all writes; every process that delivers looks here before each batch."""

    def pause(self, pause: Pause) -> None:
        """Stop writes; replaces an earlier pause of the same target."""
        ...

    def resume(self, target: str) -> bool:
        """End a pause of one target, or with an empty name that of all; tells whether there was one."""
        ...

    def of(self, target: str) -> Pause | None:
        """Return what stops a target; a pause of all before its own."""
        ...

    def all(self) -> Mapping[str, Pause]:
        """Return all pauses: target (empty: all) -> pause."""
        ...
