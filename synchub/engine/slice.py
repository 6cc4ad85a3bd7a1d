"""What a slice of a stream changes in the ledger, gathered and written in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson
import xxhash

from synchub.domain.model import VOLATILE
from synchub.domain.packed import packed, packed_sorted
from synchub.domain.records import CLEAR, CanonicalRecord, Page, Rejected
from synchub.reconcile.identifiers import hashes_of
from synchub.reconcile.merge import moment
from synchub.stores import Known, Ledger, LedgerBatch, Moved, NewRecord, StreamState

_KEPT_BYTES = 65_536  # of the payload of a dead letter
_SORTED = orjson.OPT_SORT_KEYS
digest: Callable[..., bytes] = xxhash.xxh3_128_digest


@dataclass(slots=True)
class PullCounts:
    """What reading one stream found.

    Attributes:
        read: Records the source gave, dead letters included.
        unchanged: Equal to what is stored.
        new: Seen for the first time.
        changed: Their meaning changed.
        moved: Only volatile fields moved.
        dropped: Kept out by the map's filter.
        rejected: Dead letters.
        warned: Records with a value that was not understood.
        remapped: Stored records that a changed map maps differently, or under another key.
        absent: Stored records that a complete snapshot did not hold.
        withheld: Of these so many vanished at once that the snapshot is not believed; they are not counted as absent.
        complete: The stream proved that it was read as a whole.
        proof: How, or why not.
        drift: Changes of the payloads' shape, in words.
        warnings: What the source warns of.
    """

    read: int = 0
    unchanged: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    dropped: int = 0
    rejected: int = 0
    warned: int = 0
    remapped: int = 0
    absent: int = 0
    withheld: int = 0
    complete: bool = False
    proof: str = ""
    drift: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Mapped(NamedTuple):
    """A payload and what became of it.

    Attributes:
        record: The mapped record.
        raw: Hash of the bytes that were read.
        essence: Hash of the payload without its stamps; empty where check-ins cannot be told.
        body: What is stored of the payload.
        page: Where it was read; None where it was stored already.
        place: Its index in the page.
    """

    record: CanonicalRecord
    raw: bytes
    essence: bytes
    body: bytes
    page: Page | None
    place: int

    @property
    def where(self) -> str:
        """Name the place, for messages."""
        return self.page.where(self.place) if self.page else ""

    @property
    def rank(self) -> tuple[int, bytes]:
        """Of two records of one key the one of higher rank is kept."""
        return self.record.observed_at, document(self.record)[0]


@dataclass(slots=True)
class Slice:
    """Gathers changes of one stream.

    Attributes:
        source: Configured name of the source.
        stream: Name of the stream.
        personal: Dead letters keep no payload.
        state: Where the reading of the stream stands.
        ledger: Where it is written to.
        now: Seconds since 1970 UTC.
        run: Number of the run.
        silent_after: As in `PullJob`.
        newest: As in `PullJob`.
        counts: What was found so far.
        batch: What the next `write` stores.
    """

    source: str
    stream: str
    personal: bool
    state: StreamState
    ledger: Ledger
    now: int
    run: int
    silent_after: int
    newest: bool
    counts: PullCounts = field(default_factory=PullCounts)
    batch: LedgerBatch = field(default_factory=LedgerBatch)

    def write(self) -> None:
        """Store what has gathered."""
        batch, self.batch = self.batch, LedgerBatch()
        self.counts.rejected += len(batch.rejected)
        self.ledger.write(self.source, self.stream, self.run, self.now, batch)

    def reject(self, where: str, code: str, message: str, body: bytes, key: str | None = None) -> None:
        """Add a dead letter."""
        kept = b"" if self.personal else bytes(body[:_KEPT_BYTES])
        self.batch.rejected.append(Rejected(where, code, message, kept, key))

    def duplicate(self, where: str, key: str, body: bytes) -> None:
        """Add the dead letter of a record whose key another one has."""
        self.reject(where, "duplicate_key", f"native key {key!r} comes more than once; the newest is kept.", body, key)

    def add(self, number: int, item: Mapped) -> None:
        """Take in a record that is seen for the first time."""
        batch, record = self.batch, item.record
        cls, fields = record.cls, record.fields
        doc, doc_hash = document(record)
        batch.new.append(
            NewRecord(
                number, self.state.id, record.key, item.raw, doc_hash, cls, doc, record.observed_at, self.run,
                item.essence,
            )
        )  # fmt: skip
        batch.payloads.append((number, item.body))
        joined, proposed = hashes_of(cls, fields)
        batch.joined += [(hash_, number) for hash_ in joined]
        batch.proposed += [(hash_, number) for hash_ in proposed]
        if record.warnings:
            self._warn(number, record, known=False)
        self.counts.new += 1

    def revise(self, old: Known, item: Mapped) -> bool:
        """Take in a record that is stored already; tell whether it is news, and not just a check-in."""
        batch, record, number = self.batch, item.record, old.record
        doc, doc_hash = document(record)
        batch.payloads.append((number, item.body))
        if doc_hash == old.doc_hash and not self._matters(old, record, doc):
            # Who of several records of one source is newer goes by what was last said, not by the last check-in:
            # else every check-in would have to be identified again (docs/decisions/0006).
            batch.moved.append(Moved(self.state.id, number, item.raw, item.essence, doc, record.observed_at))
            self.counts.moved += 1
            return False
        batch.changed.append(
            NewRecord(
                number, self.state.id, record.key, item.raw, doc_hash, record.cls, doc, record.observed_at, self.run,
                item.essence,
            )
        )  # fmt: skip
        had, proposed = map(set, hashes_of(old.cls, orjson.loads(old.doc)))
        has, proposes = map(set, hashes_of(record.cls, record.fields))
        batch.left += [(hash_, number) for hash_ in sorted(had - has)]
        batch.joined += [(hash_, number) for hash_ in sorted(has - had)]
        batch.withdrawn += [(hash_, number) for hash_ in sorted(proposed - proposes)]
        batch.proposed += [(hash_, number) for hash_ in sorted(proposes - proposed)]
        self._warn(number, record, known=True)
        self.counts.changed += 1
        return True

    def _matters(self, old: Known, record: CanonicalRecord, doc: bytes) -> bool:
        """Tell whether a mere check-in may change what the entity is: who is newest, or who had fallen silent."""
        if self.newest and record.observed_at != old.observed_at:
            return True
        return doc != old.doc and self.was_silent(old.doc)

    def was_silent(self, doc: bytes) -> bool:
        """Tell whether a stored record had fallen silent."""
        if not self.silent_after:
            return False
        seen = orjson.loads(doc).get("last_seen_at")
        return bool(seen and seen != CLEAR and moment(seen) + self.silent_after < self.now)

    def _warn(self, number: int, record: CanonicalRecord, *, known: bool) -> None:
        if record.warnings:
            self.counts.warned += 1
            self.batch.warnings.append((number, packed([(w.field, w.raw, w.message) for w in record.warnings])))
        elif known:
            self.batch.unwarned.append(number)


def document(record: CanonicalRecord) -> tuple[bytes, bytes]:
    """Return the stored document of a record and the hash of its meaning (class and non-volatile fields)."""
    fields = record.fields
    moving = [name for name in VOLATILE[record.cls] if name in fields]
    doc = packed_sorted(fields)
    if not moving:
        return doc, digest(record.cls.encode() + doc)
    stable = dict(fields)
    for name in moving:
        del stable[name]
    return doc, digest(record.cls.encode() + orjson.dumps(stable, option=_SORTED))
