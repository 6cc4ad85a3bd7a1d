"""Erasing people, and who must not be erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from synchub.domain.mentions import Mentions


class LegalHold(NamedTuple):
    """Why a person must not be erased, who said so, and when."""

    reason: str
    who: str
    at: int


class Erased(NamedTuple):
    """What became of erasing a person.

    Attributes:
        rows: Table -> rows that went or were cleared.
        objects: (target, kind, object id) of their objects in the targets, which the hub lets go and does not delete.
    """

    rows: dict[str, int]
    objects: list[tuple[str, str, str]]


class Erasure(Protocol):
    """Erasing people."""

    def hold(self, entity: int, reason: str, who: str, at: int) -> None:
        """Keep a person from being erased."""
        ...

    def release(self, entity: int) -> bool:
        """End that; tells whether there was anything to end."""
        ...

    def held(self, entity: int) -> LegalHold | None:
        """Tell whether a person must not be erased."""
        ...

    def leavers(self, before: str) -> list[int]:
        """Return the people whose work ended before a date (`YYYY-MM-DD`) and who may be erased."""
        ...

    def erased(self, keys: Sequence[str]) -> set[str]:
        """Return which of some records (`source/stream/key`) or objects (`target/kind/id`) are of erased people."""
        ...

    def erase(self, entity: int, mentions: Mentions) -> Erased:
        """Delete a person's records, empty their entity, and clear every mention of them, in one transaction.

        Their records and objects are remembered by salted digests, so that they are not stored again.
        """
        ...

    def clean(self, tables: Sequence[str]) -> None:
        """Give free what was deleted from some tables, so that the files do not hold it any more."""
        ...

    def mentioned(self, mentions: Mentions) -> dict[str, int]:
        """Count the rows that mention a person: table -> rows."""
        ...
