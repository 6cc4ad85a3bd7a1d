"""Fields in which a target's people and the hub differ, as the plans see them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

ASK = "ask"  # the policy says that a person decides; nothing is written until then
THEIRS = "theirs"  # both sides differ and the target's value stands by policy
RACE = "race"  # an edit fell between look and write
FIELD_KINDS = (ASK, THEIRS, RACE)


class Conflicts(Protocol):
    """Conflicts over fields of objects."""

    def any(self, target: int) -> bool:
        """Tell whether conflicts over fields of a target are open."""
        ...

    def see(
        self, target: int, entities: Sequence[int], found: Sequence[tuple[int, str, str, str, bytes]], run: int
    ) -> None:
        """Store what a plan saw of some entities: what is there is open, what is there no more is closed.

        A race stays open until a plan sees the field in question in another way, or somebody closes it.

        Args:
            target: Number of the target.
            entities: Those that were planned.
            found: (entity, facet, field, kind, JSON detail) of kinds `ask` and `theirs`.
            run: The run that plans.
        """
        ...
