"""What people decided: which records are or are not one thing, whose value a field keeps.

A decision names what it is about by names that outlive a rebuilt state (`record_name`, `about`), never by the numbers
of entities or records.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

TOGETHER = "together"  # two records are one thing
APART = "apart"  # two records are two things
LINK = "link"  # which object of a target an entity is; about = [target, record name, facet], answer = object id
FIELD = "field"  # whose value a field of a target object keeps; about = [target, kind, object id, field]
GONE = "gone"  # what vanished from a stream all at once is gone indeed; about = [source, stream], answer = how many
SOURCE = "source"  # which source wins a field; about = [record name, field], answer = source


class Decision(NamedTuple):
    """One decision of a person.

    Attributes:
        id: Number in the state.
        kind: What was decided; see the constants of this module.
        about: What it is about, as made by `about` or `pair`.
        answer: JSON value; its shape goes with the kind.
        who: Who decided.
        at: When, seconds since 1970 UTC.
        reason: Why, in words.
        revoked_at: When it was taken back or replaced; None while it holds.
    """

    id: int
    kind: str
    about: str
    answer: Any
    who: str
    at: int
    reason: str
    revoked_at: int | None = None

    @property
    def names(self) -> list[str]:
        """Return the parts of `about`; empty where an erased person was named in it."""
        try:
            parts = orjson.loads(self.about)
        except orjson.JSONDecodeError:
            return []
        return [str(part) for part in parts] if isinstance(parts, list) else []


class Decisions(Protocol):
    """What people decided."""

    def decide(self, kind: str, about: str, answer: Any, who: str, at: int, reason: str) -> int:
        """Store a decision; an earlier one of this kind about the same is revoked. Returns its number."""
        ...

    def revoke(self, number: int, at: int) -> None:
        """Take a decision back; one that was taken back already stays as it is."""
        ...

    def active(self, kind: str) -> list[Decision]:
        """Return the decisions of a kind that hold, oldest first."""
        ...

    def get(self, kind: str, about: str) -> Decision | None:
        """Return the decision of a kind that holds about something."""
        ...

    def events(self) -> int:
        """Return the number of the last decision or revocation; 0 before the first."""
        ...

    def since(self, event: int) -> list[Decision]:
        """Return the decisions that were made or revoked after an event, oldest first."""
        ...

    def records(self, names: Collection[str]) -> dict[str, int]:
        """Return record name -> ledger id of the records that are there."""
        ...

    def names(self, records: Sequence[int]) -> dict[int, str]:
        """Return ledger id -> record name."""
        ...


def record_name(source: str, stream: str, key: str) -> str:
    """Name a record; sources and streams hold no slash, a key may."""
    return f"{source}/{stream}/{key}"


def record_parts(name: str) -> tuple[str, str, str]:
    """Return (source, stream, key) of a record's name."""
    source, stream, key = name.split("/", 2)
    return source, stream, key


def about(parts: Sequence[str]) -> str:
    """Write down what a decision is about."""
    return orjson.dumps(list(parts)).decode()


def pair(a: str, b: str) -> str:
    """Write down a pair of record names, in one order."""
    return about(sorted((a, b)))
