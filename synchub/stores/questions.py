"""What waits for a person: conflicts as they stand in the state, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

IDENTITY = "identity"  # which object of a target a thing is
SOURCES = "sources"  # sources disagree and no rule decides; it is about no target
DUPLICATE = "duplicate"  # a further object of what has become one thing


class Question(NamedTuple):
    """One open conflict.

    Attributes:
        id: Number in the state.
        target: Name of the target; empty where it is about none.
        entity: The thing.
        cls: Its class.
        facet: Which of its objects.
        field: Target field; of a duplicate the object's id; else empty.
        kind: `ask`, `theirs`, `race`, `identity`, `duplicate` or `sources`.
        detail: Both sides, or what there is to choose from.
        run: The run that saw it first.
        state: `open` or `closed`.
    """

    id: int
    target: str
    entity: int
    cls: str
    facet: str
    field: str
    kind: str
    detail: dict[str, Any]
    run: int
    state: str


class Questions(Protocol):
    """Conflicts as they stand in the state."""

    def see(self, target: int, entities: Sequence[int], found: Sequence[tuple[int, str, bytes]], run: int) -> None:
        """Store which things of a plan could be one of several objects; what is settled by now is closed.

        Args:
            target: Number of the target.
            entities: Those that were planned.
            found: (entity, facet, JSON detail).
            run: The run that plans.
        """
        ...

    def any_identity(self, target: int) -> bool:
        """Tell whether it is open of any thing which object of a target it is."""
        ...

    def open(
        self, count: int, *, kind: str = "", cls: str = "", target: str = "", field: str = "", entity: int | None = None
    ) -> list[Question]:
        """Return open conflicts, oldest first, at most `count`; empty filters let all pass."""
        ...

    def counts(self) -> list[tuple[str, str, str, str, int]]:
        """Count the open conflicts by (kind, target, class, field); the field only where it is one."""
        ...

    def get(self, number: int) -> Question | None:
        """Return one conflict, closed ones too."""
        ...

    def close(self, number: int) -> None:
        """Close a conflict."""
        ...
