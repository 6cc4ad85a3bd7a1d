"""Values of other people that the hub wrote over: by policy, or because an edit fell between look and write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

POLICY, RACE = "policy", "race"  # how
STANDS = "stands"  # the hub's value stands
DUE = "due"  # theirs is to be put back
BACK = "back"  # theirs was put back, or somebody has changed the field again since
REFUSED = "refused"  # the target did not take it back


class Overwritten(NamedTuple):
    """One value that was written over.

    Attributes:
        entity: Entity of the object.
        facet: Which of its objects.
        kind: Object type as it is written.
        object_id: The target's id.
        field: Target field.
        theirs: What stood there.
        ours: What the hub wrote.
        how: `policy` or `race`.
        edited_by: Who had put theirs there, where the target tells.
        edited_at: When, seconds since 1970 UTC, where the target tells.
        state: `stands`, `due`, `back` or `refused`.
        id: Number in the state; 0 before it is stored.
        target: Number of the target.
        at: When it was written over, seconds since 1970 UTC.
        run: In which run.
        put_back_at: When theirs was put back; None: it was not.
    """

    entity: int
    facet: str
    kind: str
    object_id: str
    field: str
    theirs: Any
    ours: Any
    how: str
    edited_by: str | None = None
    edited_at: int | None = None
    state: str = STANDS
    id: int = 0
    target: int = 0
    at: int = 0
    run: int = 0
    put_back_at: int | None = None


class Overwrites(Protocol):
    """What was written over; new ones come with `DeliveryBatch.overwritten`."""

    def of_entity(self, entity: int) -> list[Overwritten]:
        """Return what was written over in the objects of an entity, oldest first."""
        ...

    def due(self, target: int) -> list[Overwritten]:
        """Return what is still to be put back in a target, oldest first."""
        ...

    def settle(self, numbers: Sequence[int], state: str, at: int) -> None:
        """Say what became of values that were due; `back` notes the moment."""
        ...

    def count(self, run: int) -> dict[tuple[int, str, str], int]:
        """Count what a run wrote over, by (target, how, state)."""
        ...
