"""Identifiers, and which record belongs to which entity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from synchub.domain.records import Contribution


class Dirty(NamedTuple):
    """How much identification has to do."""

    records: int
    total: int


class Identity(Protocol):
    """Identifiers, and which record belongs to which entity."""

    def pending(self) -> Dirty:
        """Count the records that identification has to look at again, and all records."""
        ...

    def last_record(self) -> int:
        """Return the highest record id."""
        ...

    def groups(self) -> Iterator[tuple[int, list[int]]]:
        """Yield (hash, records ascending) of the joining identifiers that more than one record holds, by hash."""
        ...

    def groups_proposing(self) -> Iterator[tuple[int, list[int]]]:
        """Yield (hash, records ascending) of the proposing keys that more than one record holds, by hash."""
        ...

    def replace_shared(self, shared: Sequence[tuple[int, int]]) -> None:
        """Replace the list of shared identifiers by (hash, holders)."""
        ...

    def shared(self) -> set[int]:
        """Return the identifiers that are held too often to identify anything."""
        ...

    def counts(self, hashes: Sequence[int]) -> dict[int, int]:
        """Return how many records hold each identifier now."""
        ...

    def flip(self, gained: Sequence[tuple[int, int]], lost: Sequence[int]) -> None:
        """Note identifiers that became shared (with holders) or stopped being so; their holders become dirty."""
        ...

    def dirty(self, count: int) -> list[int]:
        """Return the next dirty records, at most `count`."""
        ...

    def removed(self) -> list[int]:
        """Return hashes, joining and proposing, that lost a holder since the last run."""
        ...

    def holders(self, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """Return (hash, record) of the holders of joining identifiers."""
        ...

    def proposing(self, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """Return (hash, record) of the holders of proposing keys."""
        ...

    def contributions(self, records: Sequence[int]) -> list[Contribution]:
        """Load what records say."""
        ...

    def entities_of(self, records: Sequence[int]) -> dict[int, int]:
        """Return record -> entity."""
        ...

    def came_from(self, records: Sequence[int]) -> dict[int, int]:
        """Return record -> the entity it belonged to before that became part of its present one."""
        ...

    def members_of(self, entities: Sequence[int]) -> dict[int, list[int]]:
        """Return entity -> records."""
        ...

    def native_keys(self, entities: Sequence[int] | None = None) -> Iterator[tuple[int, str, str, str]]:
        """Yield (entity, source, stream, native key) of the records of some entities, or of all there are."""
        ...

    def unsettle(self) -> bool:
        """Note that identification has begun; tells whether an earlier one was cut off before it settled."""
        ...

    def rules(self) -> str:
        """Return the fingerprint of the rules under which identification was last settled; empty before the first."""
        ...

    def decided(self) -> int:
        """Return the number of the last event (`Decisions.events`) that identification took into account."""
        ...

    def settle(self, upto: int, rules: str, decided: int = 0) -> None:
        """Forget all dirt: identification is done for every record up to this id, under these rules and decisions."""
        ...
