"""A field that keeps its value against its rule, because it flipped to and fro between sources."""

from __future__ import annotations

from typing import Any, NamedTuple


class Frozen(NamedTuple):
    """A field that keeps its value though the rule would choose another.

    Attributes:
        value: What it keeps.
        source: Source that said so last.
        rival: Source whose value is kept out.
        other: That value.
        rule: The rule in words with its place, as it was then.
        at: Since when, seconds since 1970 UTC.
    """

    value: Any
    source: str
    rival: str
    other: Any
    rule: str
    at: int

    def settle(self, field: str) -> str:
        """Return the line of the configuration that would settle it, ready to paste below `fields:`."""
        return f"{field}: [{self.source}, {self.rival}]"
