"""Objects of targets: links, bases, and what other people hold there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from synchub.domain.plan import TargetObject, Value
from synchub.stores.overwritten import Overwritten


class ObjectRow(NamedTuple):
    """A target object as stored. `base` is what hub and target last agreed on; None: never.

    `gone` is what fields held before it was written into them that the thing is missing.
    """

    id: int
    kind: str
    object_id: str
    entity: int | None
    facet: str | None
    fields: dict[str, Any]
    base: dict[str, Any] | None
    version: str | None
    updated_at: int
    updated_by: str | None
    counterpart: str | None
    cls: str | None
    refused: dict[str, Any]
    origin: str
    mark: str | None = None
    gone: Mapping[str, Value] = {}  # never changed


class Look(NamedTuple):
    """The last look at the objects of one type: up to which server time (0: by a clock that says nothing), and at what.

    Who reads more fields, or looks at a type for the first time, has to read all of its objects.
    """

    at: int
    fields: Sequence[str]


@dataclass(frozen=True, slots=True)
class TargetState:
    """Where one target stands.

    Attributes:
        id: Number in the state.
        identity: The instance that was pinned at first contact; None before it.
        planned_rev: Entities up to this revision are planned.
        read_since: Server time up to which other people's edits are known; None before first contact, 0 where the
            server's clock says nothing.
        fingerprint: Of the target map and the policies under which was planned.
        looks: Object type -> the last look at its objects.
    """

    id: int
    identity: str | None
    planned_rev: int
    read_since: int | None
    fingerprint: str
    looks: Mapping[str, Look]


@dataclass(slots=True)
class DeliveryBatch:
    """What a slice of outcomes changes, written in one transaction.

    Attributes:
        states: (row, state, note) of plan rows.
        objects: (entity, facet, object as it is now, base, refused, origin) of objects written or linked; entity None:
            marked as a duplicate, nobody's.
        counterparts: (entity, facet, kind, object id) found through the target's own reference.
        replan: Entities that need another plan, with the reason.
        failed: (entity, class, what was said) of things that no waiting helps; see `synchub.stores.letters`.
        conflicts: (entity, facet, field, kind, JSON detail).
        overwritten: Other people's values that were written over.
        unlinked: (object id, kind as it is read) of objects that are nobody's from now on.
        deleted: The same of objects that are no more.
        gone: (object id, kind as it is read, field -> what it held before absence was written into it).
    """

    states: list[tuple[int, str, str]] = field(default_factory=list)
    objects: list[tuple[int | None, str, TargetObject, dict[str, Any], dict[str, str], str]] = field(
        default_factory=list
    )
    replan: list[tuple[int, str]] = field(default_factory=list)
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    conflicts: list[tuple[int, str, str, str, bytes]] = field(default_factory=list)
    overwritten: list[Overwritten] = field(default_factory=list)
    unlinked: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    gone: list[tuple[str, str, dict[str, Value]]] = field(default_factory=list)


class Targets(Protocol):
    """Objects of targets: links, bases, and what other people's objects look like."""

    def target(self, name: str) -> TargetState:
        """Return the state of a target; created at first use."""
        ...

    def pin(self, target: int, identity: str) -> None:
        """Pin the instance."""
        ...

    def saw(self, target: int, since: int, looks: Mapping[str, Look]) -> None:
        """Other people's edits are known up to this server time, of the objects of each type as its look says."""
        ...

    def planned(self, target: int, rev: int, fingerprint: str) -> None:
        """Entities up to this revision are planned."""
        ...

    def observe(
        self, target: int, objects: Sequence[TargetObject], identifiers: Sequence[Sequence[int]]
    ) -> list[tuple[int, TargetObject]]:
        """Store what objects look like now, with the hashes they can be found by.

        Returns:
            (entity, object) of linked ones that changed.
        """
        ...

    def signed(self, target: int, edits: Sequence[tuple[str, str, str, int]]) -> None:
        """Note who edited objects last: (kind, object id, author, moment in seconds since 1970 UTC)."""
        ...

    def linked(self, target: int, entities: Sequence[int]) -> dict[int, list[ObjectRow]]:
        """Return entity -> its objects in the target."""
        ...

    def object_ids(self, target: int, entities: Sequence[int]) -> dict[tuple[int, str], str]:
        """Return (entity, facet) -> id of its object in the target."""
        ...

    def objects(self, target: int, ids: Sequence[int]) -> list[ObjectRow]:
        """Load objects by their number in the state."""
        ...

    def by_object_id(self, target: int, object_ids: Sequence[str]) -> dict[str, ObjectRow]:
        """Load objects by the target's own id."""
        ...

    def candidates(self, target: int, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """Return (hash, object) of unlinked or linked objects that carry one of the identifiers."""
        ...

    def has_marked(self, target: int) -> bool:
        """Tell whether an object that no entity is linked to carries a hub key, of this hub or another."""
        ...

    def marked(self, target: int, hub_keys: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """Return (hub key, object) of the objects that carry one and are linked to no entity: some keys, or any."""
        ...

    def people(self, target: int, hashes: Sequence[int]) -> dict[int, tuple[int, str | None]]:
        """Return identifier hash -> (entity, object id in the target or None) of persons who carry it."""
        ...

    def beside_linked(self, target: int, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """Return the entities to whose linked objects unlinked ones are counterparts, ascending.

        Args:
            target: The target.
            pairs: (object id, id of its counterpart) of objects that are known.
        """
        ...

    def replan(self, target: int, entities: Sequence[tuple[int, str]]) -> None:
        """Note entities that need another plan at once, with the reason; see `Parking`."""
        ...

    def orphans(self, target: int) -> int:
        """Count the objects that the hub created and whose thing no source gives any more, duplicates aside."""
        ...

    def is_empty(self, target: int) -> bool:
        """Tell whether no object of other people is known in a target."""
        ...
