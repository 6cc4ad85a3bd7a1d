"""Guards: how many changes of a kind a plan may make before a person has to approve them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# Kind -> what it counts, in words.
KINDS: dict[str, str] = {
    "create": "objects that the hub makes",
    "retire": "objects set to retired",
    "delete": "objects removed",
    "clear": "fields emptied",
    "unassign": "things taken from a person",
    "reassign": "things given to another person",
    "status": "things set to another status or lifecycle",
    "class": "objects written as things of another class than before",
    "merge": "objects marked as duplicates of things that became one",
    "wipe": "devices wiped",
}
EVERY = "default"
_NEVER_LOOSENED = frozenset({"delete", "wipe"})  # a `default` of the user does not reach these


@dataclass(frozen=True, slots=True)
class Limit:
    """How many are let through.

    Attributes:
        max: More than this many are held; None: no such limit.
        share: More than this part of the linked objects of the class are held, 0 to 1; None: no such limit.
        at_least: So many are never held because of their share.
    """

    max: int | None = None
    share: float | None = None
    at_least: int = 10

    def allows(self, count: int, total: int) -> bool:
        """Tell whether so many rows pass.

        Args:
            count: Rows of one kind and class in one plan.
            total: Linked objects of the class in the target.

        >>> Limit(max=50, share=0.02).allows(20, 1000), Limit(max=50, share=0.02).allows(21, 1000)
        (True, False)
        """
        if self.max is not None and count > self.max:
            return False
        return self.share is None or count <= max(self.at_least, self.share * total)

    @property
    def least(self) -> int:
        """So many pass however few objects there are: nothing has to be counted for them."""
        most = self.at_least if self.share is not None else 2**62
        return most if self.max is None else min(self.max, most)

    def words(self, total: int) -> str:
        """Say the limit.

        >>> Limit(max=50, share=0.02).words(1000)
        '20 (2% of 1,000)'
        """
        by_share = max(self.at_least, int((self.share or 0) * total))
        if self.max is not None and (self.share is None or self.max <= by_share):
            return f"{self.max:,}"
        part = f"{(self.share or 0) * 100:g}% of {total:,}"
        return f"{by_share:,} ({part})" if by_share > self.at_least else f"{by_share:,} ({part}, at least {by_share:,})"


SHIPPED: Mapping[str, Limit] = {
    EVERY: Limit(share=0.05, at_least=10),
    "create": Limit(share=0.10, at_least=50),
    "status": Limit(share=0.10, at_least=50),
    "delete": Limit(max=0),
    "wipe": Limit(max=0),
}


class Guards:
    """The limits of one target.

    Args:
        limits: Kind, `class.kind` or `default` -> limit, as configured; what is not said is as shipped.
        max_creates: The most objects a plan may create in all its classes; None: no such limit.
    """

    def __init__(self, limits: Mapping[str, Limit] | None = None, max_creates: int | None = None) -> None:
        self._limits = dict(limits or {})
        self.max_creates = max_creates

    def limit(self, cls: str, kind: str) -> Limit:
        """Return the limit of a kind of change for a class."""
        for key in (f"{cls}.{kind}", kind):
            if key in self._limits:
                return self._limits[key]
        if EVERY in self._limits and kind not in _NEVER_LOOSENED:
            return self._limits[EVERY]
        return SHIPPED.get(kind, SHIPPED[EVERY])
