"""The golden records, their history and proposed merges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from synchub.domain.frozen import Frozen


class EntityRow(NamedTuple):
    """An entity as stored."""

    id: int
    family: str
    cls: str
    doc: bytes
    winners: bytes
    hash: bytes
    sources: str
    rev: int
    state: str
    merged_into: int | None = None
    due_at: int | None = None
    hub_key: str | None = None
    missing_at: int | None = None


class NewEntity(NamedTuple):
    """An entity to be written, in the order of the columns; `hub_key` only where it is new, and never changed."""

    id: int
    family: str
    cls: str
    doc: bytes
    winners: bytes
    hash: bytes
    sources: str
    rev: int
    run: int
    due_at: int | None
    merged_into: int | None
    state: str
    hub_key: str | None = None
    missing_at: int | None = None


class Dispute(NamedTuple):
    """A field about which sources disagree and no rule decides.

    Attributes:
        id: Number in the state; 0: not stored yet.
        entity: The thing.
        field: Canonical field.
        said: JSON: `source` that wins, `says` (source, value) of each, `rule` in words.
        at: Since when they say so, seconds since 1970 UTC.
        open: They still do.
    """

    id: int
    entity: int
    field: str
    said: bytes
    at: int
    open: bool


@dataclass(slots=True)
class EntityBatch:
    """What identification and reconciliation of a slice of components changes, written in one transaction.

    Attributes:
        entities: New and changed entities.
        members: (record, entity) that are new or moved.
        changes: (entity, JSON {field: [old, new]}) for changed ones.
        gone: Entities that have no member any more: (id, merged into or None).
        done: Records that are dirty no more.
        revived: Entities among the changed ones that had been merged into others and are themselves again.
        frozen: (entity, field, how) of fields that keep their value from now on.
        thawed: (entity, field) that follow their rule again.
        disputes: New ones, and those that are others now.
        settled: Numbers of disputes that are over.
    """

    entities: list[NewEntity] = field(default_factory=list)
    members: list[tuple[int, int]] = field(default_factory=list)
    changes: list[tuple[int, bytes]] = field(default_factory=list)
    gone: list[tuple[int, int | None]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    revived: list[int] = field(default_factory=list)
    frozen: list[tuple[int, str, Frozen]] = field(default_factory=list)
    thawed: list[tuple[int, str]] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)
    settled: list[int] = field(default_factory=list)


class Entities(Protocol):
    """The golden records."""

    def allocate(self, count: int) -> int:
        """Reserve `count` entity ids; returns the first."""
        ...

    def allocate_rev(self, count: int) -> int:
        """Reserve `count` revisions; returns the first."""
        ...

    def get(self, ids: Sequence[int]) -> dict[int, EntityRow]:
        """Load entities."""
        ...

    def hub_keys(self, ids: Sequence[int]) -> dict[int, str]:
        """Return entity -> token of its hub key."""
        ...

    def taken(self, tokens: Sequence[str]) -> set[str]:
        """Return which tokens of hub keys are an entity's already, those of entities that are gone included."""
        ...

    def sources(self, ids: Iterable[int]) -> list[tuple[int, str]]:
        """Return (entity, names of the sources that contribute to it, sorted and joined by commas)."""
        ...

    def write(self, run: int, at: int, batch: EntityBatch) -> None:
        """Store a slice."""
        ...

    def changed_after(self, rev: int, count: int, *, family: str | None = None) -> list[EntityRow]:
        """Return entities with a higher revision (of one family), ascending, at most `count`."""
        ...

    def due(self, now: int) -> list[int]:
        """Return the records of entities whose reconciliation may have another result now, though no record changed."""
        ...

    def propose(self, run: int, proposals: Iterable[tuple[int, int, str]], touched: Sequence[int] | None) -> None:
        """Replace the open proposals that concern touched entities (None: all) by these (a, b, reason).

        A person's answers stay.
        """
        ...

    def proposed(self, entities: Sequence[int]) -> list[tuple[int, int, str]]:
        """Return the open merge proposals (a, b, reason) that concern one of the entities."""
        ...

    def answer(self, a: int, b: int, state: str) -> None:
        """Note a person's answer to a proposal (`accepted`, `rejected`); empty: it may be proposed again.

        What waited for the answer is planned again.
        """
        ...

    def frozen(self) -> dict[int, dict[str, Frozen]]:
        """Return entity -> field -> how, of all fields that keep their value against their rule."""
        ...

    def any_dispute(self) -> bool:
        """Tell whether sources ever disagreed about a field."""
        ...

    def disputes(self, entities: Sequence[int]) -> dict[tuple[int, str], Dispute]:
        """Return (entity, field) -> dispute of some entities, those that are over too."""
        ...

    def changes(self, entities: Sequence[int], since: int) -> list[tuple[int, int, dict[str, Any]]]:
        """Return (entity, when, field -> [old, new]) of what changed since a moment, oldest first."""
        ...

    def names(self) -> dict[str, int]:
        """Return the host names (else names), in lower case, that more than one live thing has, and how many do."""
        ...

    def count(self) -> dict[str, int]:
        """Count the live entities by family."""
        ...
