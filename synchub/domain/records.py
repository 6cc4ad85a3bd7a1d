"""What travels from a source to the ledger: pages of payloads, canonical records, dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Rejected:
    """A dead letter: something a source holds that could not become a record.

    Attributes:
        where: File and line, or request and item: enough to find it again.
        code: Short machine word (`ragged_row`, `not_json`, `no_key` …).
        message: Why, and what to do about it. Holds no payload.
        payload: What was read, at most 64 KiB; empty where the stream is personal.
        key: Native key, when it could be told.
    """

    where: str
    code: str
    message: str
    payload: bytes = b""
    key: str | None = None


CHANGES_ONLY = "only what changed"  # a proof that begins so: the read was meant to be partial, nothing went wrong


@dataclass(frozen=True, slots=True)
class End:
    """What a stream says at its end; without one the stream has not ended.

    Attributes:
        complete: Everything in scope was read and the source proved it (manifest, trailer, count, total, end signal).
        proof: How it was proved, or why it was not; shown in the plan, e.g. `"server total 9,902"`. Of a read of
            changes it begins with `CHANGES_ONLY`.
        cursor: Where the next incremental read starts; opaque to all but the connector. None for snapshots.
        scope: What was asked for (filter, root, path). Absence is judged only between equal scopes.
        as_of: How old the newest of what was read is, seconds since 1970 UTC (the newest file); None where what was
            read is as old as the reading. Judged against `fresh_within`.
    """

    complete: bool
    proof: str
    cursor: str | None = None
    scope: str = ""
    as_of: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A batch of payloads in the order in which the source gave them; may be empty.

    Attributes:
        payloads: One JSON document per record, as UTF-8 bytes without a line end. Bytes may be invalid JSON where the
            source only splits lines (NDJSON): parsing happens only for changed records.
        origin: File or request, for messages.
        positions: Line or item number of each payload; empty means `first`, `first + 1`, ….
        first: Number of the first payload when `positions` is empty.
        rejected: What could not be turned into a payload.
        warnings: What a person should know of (clock skew, odd encoding …).
        end: Present on the last page, and only there.
    """

    payloads: Sequence[bytes] = ()
    origin: str = ""
    positions: Sequence[int] = ()
    first: int = 1
    rejected: Sequence[Rejected] = ()
    warnings: Sequence[str] = ()
    end: End | None = None

    def where(self, index: int) -> str:
        """Name the place of one payload, for example `"po_2026.csv line 17"`."""
        number = self.positions[index] if self.positions else self.first + index
        return (
            f"{self.origin} item {number}" if "://" in self.origin or " " in self.origin else f"{self.origin}:{number}"
        )


@dataclass(frozen=True, slots=True)
class FieldWarning:
    """A value that was not understood: the field stays unknown, the record lives.

    Attributes:
        field: Canonical field.
        raw: The raw value as text, at most 200 characters; empty where the field is personal.
        message: What was expected.
    """

    field: str
    raw: str
    message: str


@dataclass(slots=True)
class CanonicalRecord:
    """A record after mapping and normalisation.

    Attributes:
        key: Native key: unique within the stream, opaque.
        cls: Canonical class, a key of `synchub.domain.model.CLASSES`.
        fields: Canonical field -> JSON value (str, int, float, bool, list of str). Unknown fields are absent,
            never None. The value `CLEAR` means that the source says *empty* on purpose.
        observed_at: When the source saw this, seconds since 1970 UTC; 0 when it does not say.
        warnings: Values that were not understood.
    """

    key: str
    cls: str
    fields: dict[str, Any]
    observed_at: int = 0
    warnings: list[FieldWarning] = field(default_factory=list)


class CheckIn(NamedTuple):
    """What is volatile in a payload of which nothing else changed.

    Attributes:
        fields: Every volatile field of the class that the map fills -> JSON value; None when it is unknown.
        observed_at: As in `CanonicalRecord`.
        stamps: The payload reduced to what changed: laid over the earlier payload it gives this one.
    """

    fields: dict[str, Any]
    observed_at: int
    stamps: dict[str, Any]


CLEAR = "\x00clear"  # as a field value: the source says on purpose that there is none


class Contribution(NamedTuple):
    """What one stored record says about one entity.

    Attributes:
        record: Ledger id. Says nothing about the record but its identity: never sort or decide by it.
        source: Configured name of the source.
        stream: Name of the stream within the source.
        key: Native key; opaque, used only to break ties.
        cls: Canonical class.
        fields: As in `CanonicalRecord`.
        observed_at: Seconds since 1970 UTC; 0 when the source does not say.
    """

    record: int
    source: str
    stream: str
    key: str
    cls: str
    fields: dict[str, Any]
    observed_at: int
