"""What each source last said, as the engine reads and writes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from synchub.domain.records import End, Rejected


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where the reading of one stream stands.

    Attributes:
        id: Number of the stream in the state.
        fingerprint: Of the map under which the stored records were mapped; empty before the first read.
        cursor: Where the next incremental read starts.
        scope: Scope of the last complete snapshot.
        shape: What the drift observer knew after the last read.
        paths: Payload paths that were kept of a personal stream.
        records: How many records are stored.
        withheld_at: Since when its snapshots miss so much that they are not believed; None: they are.
    """

    id: int
    fingerprint: str
    cursor: str | None
    scope: str
    shape: dict[str, Any]
    paths: tuple[str, ...]
    records: int
    withheld_at: int | None = None


@dataclass(slots=True)
class Unseen:
    """What a read that has ended says about stored records that it did not hold.

    Attributes:
        records: All of them; whatever else is stored was seen.
        fresh: (record, scope under which it was seen last, 1 where this snapshot counts else 0) of those that are
            noted as absent from now on, or again.
        missed: Those noted before that this snapshot counts against once more.
        withheld: How many vanished at once, so that they are not counted; 0: none.
    """

    records: Collection[int] = ()
    fresh: list[tuple[int, str, int]] = field(default_factory=list)
    missed: list[int] = field(default_factory=list)
    withheld: int = 0


class Known(NamedTuple):
    """A stored record, as far as the next read of it needs to know.

    Attributes:
        record: The record.
        raw_hash: Of what was read last.
        doc_hash: Of its meaning.
        cls: Canonical class.
        doc: Its document, what check-ins said since included.
        observed_at: When its meaning changed last.
        checked_at: When it was observed last.
    """

    record: int
    raw_hash: bytes
    doc_hash: bytes
    cls: str
    doc: bytes
    observed_at: int
    checked_at: int


class NewRecord(NamedTuple):
    """A record for the ledger; `essence` as in `Essence`, empty where there is none."""

    record: int
    stream: int
    key: str
    raw_hash: bytes
    doc_hash: bytes
    cls: str
    doc: bytes
    observed_at: int
    run: int
    essence: bytes = b""


class Moved(NamedTuple):
    """A record of which only volatile fields moved, mapped as a whole."""

    stream: int
    record: int
    raw_hash: bytes
    essence: bytes
    doc: bytes
    observed_at: int


class Essence(NamedTuple):
    """What a check-in of a stored record needs to know.

    Attributes:
        essence: Hash of the payload without its stamps.
        record: The record.
        raw_hash: Of what was read last.
        observed_at: When its meaning changed last.
        doc: Its document; None unless asked for.
    """

    essence: bytes
    record: int
    raw_hash: bytes
    observed_at: int
    doc: bytes | None


class CheckedIn(NamedTuple):
    """A record that only checked in: its document and payload stay, what is said here lies over them.

    Attributes:
        raw_hash: Of what was read.
        fields: JSON of the volatile fields, null where unknown; None where the map fills none.
        stamps: JSON of what changed in the payload.
        observed_at: When it was observed.
        stream: Number of the stream.
        record: The record.
    """

    raw_hash: bytes
    fields: bytes | None
    stamps: bytes
    observed_at: int
    stream: int
    record: int


@dataclass(slots=True)
class LedgerBatch:
    """Everything that a slice of a stream changes, written in one transaction.

    Attributes:
        new: Records seen for the first time.
        changed: Records whose meaning changed (same columns as `new`).
        moved: Records of which only volatile fields or the raw form moved.
        payloads: (record, payload) of all of the above.
        checked: Records that only checked in.
        rekeyed: (key, record): native keys that a changed map tells differently. Stored after what is dropped.
        joined: (hash, record) of identifiers gained.
        left: (hash, record) of identifiers lost.
        proposed: (hash, record) of proposing keys gained.
        withdrawn: (hash, record) of proposing keys lost.
        warnings: (record, JSON list) for records with values that were not understood.
        unwarned: Records whose warnings are gone.
        dropped: Stored records that the map's filter keeps out now: they go with all they contributed.
        rejected: Dead letters.
    """

    new: list[NewRecord] = field(default_factory=list)
    changed: list[NewRecord] = field(default_factory=list)
    moved: list[Moved] = field(default_factory=list)
    payloads: list[tuple[int, bytes]] = field(default_factory=list)
    checked: list[CheckedIn] = field(default_factory=list)
    rekeyed: list[tuple[str, int]] = field(default_factory=list)
    joined: list[tuple[int, int]] = field(default_factory=list)
    left: list[tuple[int, int]] = field(default_factory=list)
    proposed: list[tuple[int, int]] = field(default_factory=list)
    withdrawn: list[tuple[int, int]] = field(default_factory=list)
    warnings: list[tuple[int, bytes]] = field(default_factory=list)
    unwarned: list[int] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


class Ledger(Protocol):
    """What each source last said."""

    def stream(self, source: str, stream: str) -> StreamState:
        """Return the state of a stream; created when it is read for the first time."""
        ...

    def erased(self, keys: Sequence[str]) -> set[str]:
        """Return which of some records (`source/stream/key`) are of erased people and are not stored."""
        ...

    def hashes(self, stream: int) -> dict[bytes, int]:
        """Return raw hash -> record of everything stored for a stream."""
        ...

    def essences(self, stream: int, *, docs: bool) -> list[Essence]:
        """Return what check-ins are told by, of everything stored for a stream; documents only where `docs`."""
        ...

    def known(self, stream: int, keys: Sequence[str]) -> dict[str, Known]:
        """Return the stored records with these native keys."""
        ...

    def absent(self, stream: int) -> dict[int, tuple[str, int]]:
        """Return the records that are noted as absent -> (scope under which they were seen last, snapshots counted)."""
        ...

    def absences(self) -> dict[int, int | None]:
        """Return all records that are noted as absent -> since when that counts; None: not yet."""
        ...

    def age(self, now: int, limits: Mapping[str, tuple[int, int]]) -> int:
        """Let absences count that were noted often and long enough; their records are to be identified again.

        Args:
            now: Seconds since 1970 UTC.
            limits: Class of the entity -> (snapshots, seconds).

        Returns:
            How many came of age.
        """
        ...

    def allocate(self, count: int) -> int:
        """Reserve `count` record ids, ascending; returns the first."""
        ...

    def write(self, source: str, stream: str, run: int, at: int, batch: LedgerBatch) -> None:
        """Store a slice of a stream."""
        ...

    def remap(self, stream: int, fingerprint: str) -> None:
        """Note under which map the stored records are mapped now."""
        ...

    def payloads(self, stream: int, after: int, count: int) -> list[tuple[int, str, bytes, bytes]]:
        """Return (record, key, raw hash, payload with the newest stamps) of the next records above a record id."""
        ...

    def finish(
        self,
        stream: int,
        run: int,
        at: int,
        end: End,
        *,
        fingerprint: str,
        shape: Mapping[str, Any],
        paths: Sequence[str],
        unseen: Unseen,
        whole: bool,
    ) -> None:
        """Close a read: cursor, scope, completeness, and which stored records it did not hold.

        Records that were noted as absent and are there again are so no more. Whatever is identified otherwise because
        of that, or will be, is to be looked at again.

        After a `whole` read, one of everything and not only of changes or of some records, only the dead letters of
        this run remain: the others were repaired or are gone, whether or not something proves the read complete.
        """
        ...
