"""When each object of a target was last told that its thing was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Beat(NamedTuple):
    """A linked object that may be told when its thing was last seen.

    Attributes:
        object: Number in the state.
        entity: The thing.
        cls: Its canonical class.
        facet: Which of its objects.
        kind: Target object type.
        object_id: The target's id.
        seen: What the object was last told; empty: nothing yet.
    """

    object: int
    entity: int
    cls: str
    facet: str
    kind: str
    object_id: str
    seen: str


class Heartbeats(Protocol):
    """When each object of a target was last told that its thing was seen."""

    def due(self, target: int, facets: Sequence[str], before: int, *, after: int = -1, count: int = 1000) -> list[Beat]:
        """Return linked objects of some facets that were told nothing since `before`, ascending from above `after`."""
        ...

    def told(self, at: int, beats: Sequence[tuple[int, str]]) -> None:
        """Note that objects were told (object, last seen) at a moment."""
        ...
