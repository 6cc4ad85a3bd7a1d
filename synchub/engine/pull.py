"""Read one stream of a source into the ledger.

A record whose content did not change costs one hash and one look-up. One of which only volatile fields moved is mapped
and stored, and stops there. Everything else becomes dirty for identification.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import xxhash

from synchub.domain.model import VOLATILE
from synchub.domain.records import CLEAR, CanonicalRecord, End, Page, Rejected
from synchub.engine.pace import seldom_collected
from synchub.errors import HubError, MappingError, Unavailable
from synchub.ports import Clock, DriftObserver, Mapper, Progress, Source, StreamInfo
from synchub.reconcile.identifiers import hashes_of
from synchub.reconcile.merge import moment
from synchub.stores import Known, Ledger, LedgerBatch, Moved, NewRecord, StreamState

_BATCH = 4000  # changed records stored in one transaction
_SORTED = orjson.OPT_SORT_KEYS
_digest: Callable[[bytes], bytes] = xxhash.xxh3_128_digest
_UTC_NOON_9999 = 253_402_300_799


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
        remapped: Stored records that a changed map maps differently.
        absent: Stored records that a complete snapshot did not hold.
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
    complete: bool = False
    proof: str = ""
    drift: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PullJob:
    """What is to be read.

    Attributes:
        name: Configured name of the source.
        source: The open source.
        info: The stream.
        mapper: Its field map.
        observe: Makes a drift observer from what the last one remembered.
        limit: Stop after so many records; the snapshot then proves nothing.
        silent_after: Seconds of silence after which the source loses its place somewhere; 0: never.
        newest: Some rule prefers the newest observation.
    """

    name: str
    source: Source
    info: StreamInfo
    mapper: Mapper
    observe: Callable[[dict[str, Any]], DriftObserver] | None = None
    limit: int | None = None
    silent_after: int = 0
    newest: bool = False


@seldom_collected
def pull(job: PullJob, ledger: Ledger, clock: Clock, run: int, progress: Progress | None = None) -> PullCounts:
    """Read a stream to its end and store what changed.

    Raises:
        ConnectorError: The source failed; what was read before is stored, cursor and completeness are not.
    """
    state = ledger.stream(job.name, job.info.name)
    reader = _Reader(job, state, ledger, clock, run)
    if state.fingerprint and state.fingerprint != job.mapper.fingerprint:
        reader.reprocess()
    reader.load()
    end: End | None = None
    try:
        for page in job.source.read(job.info.name, cursor=reader.cursor, limit=job.limit):
            reader.page(page)
            if progress:
                progress(f"{job.name} {job.info.name}", reader.counts.read, None)
            end = page.end or end
    finally:
        reader.flush()
    if end is None:
        raise Unavailable(
            f"stream {job.info.name!r} ended without the source's own end signal.",
            where=job.name,
            fix="Run again; nothing was concluded.",
        )
    return reader.finish(end)


class _Reader:
    """The reading of one stream."""

    def __init__(self, job: PullJob, state: StreamState, ledger: Ledger, clock: Clock, run: int) -> None:
        self._job, self._state, self._ledger, self._run = job, state, ledger, run
        self._now = clock.now()
        self._batch = LedgerBatch()
        self._fresh: list[tuple[bytes, bytes, Page, int]] = []
        self._known: dict[bytes, int] = {}
        self._observer = job.observe(state.shape) if job.observe else None
        self._dropped: list[str] = []
        self._unread = 0  # rows of which not even the key is known: any stored record may be one of them
        self._unread_keys: list[str] = []
        self.counts = PullCounts()
        # A personal stream keeps only mapped paths, so a newly mapped one needs the source again.
        grown = job.info.personal and bool(state.fingerprint) and not set(job.mapper.paths) <= set(state.paths)
        self._reread = grown
        self.cursor = None if grown or not state.fingerprint else state.cursor

    def load(self) -> None:
        """Load the hashes of what is stored."""
        if self._state.records:
            self._known = self._ledger.hashes(self._state.id)
            if self._reread:
                # Every payload is to be read as changed; what is not seen again is still recognised as absent.
                self._known = {b"\0" + raw: record for raw, record in self._known.items()}

    def page(self, page: Page) -> None:
        """Take in one page."""
        pop, fresh = self._known.pop, self._fresh
        for index, body in enumerate(page.payloads):
            raw = _digest(body)
            if pop(raw, None) is None:
                fresh.append((body, raw, page, index))
        count = len(page.payloads)
        self.counts.read += count + len(page.rejected)
        for letter in page.rejected:
            self._batch.rejected.append(replace(letter, payload=b"") if self._job.info.personal else letter)
            self._missed(letter.key)
        self.counts.warnings.extend(page.warnings)
        if len(fresh) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Map and store what has gathered."""
        fresh, self._fresh = self._fresh, []
        if fresh:
            self._store([m for m in (self._map(*item) for item in fresh) if m])
            self._drop()
        self.counts.rejected += len(self._batch.rejected)
        batch, self._batch = self._batch, LedgerBatch()
        self._ledger.write(self._job.name, self._job.info.name, self._run, self._now, batch)

    def finish(self, end: End) -> PullCounts:
        """Close the stream."""
        counts = self.counts
        counts.unchanged = counts.read - counts.rejected - counts.dropped - counts.new - counts.changed - counts.moved
        counts.complete, counts.proof = end.complete, end.proof
        absent: list[int] = []
        if end.complete and self._job.info.presence and (not self._state.scope or self._state.scope == end.scope):
            absent = self._absent()
            counts.absent = len(absent)
        shape = self._state.shape
        if self._observer:
            counts.drift = [
                f"{note.where}: {note.message} ({note.count:,} records)" for note in self._observer.finish()
            ]
            shape = self._observer.state()
        self._ledger.finish(
            self._state.id, self._run, self._now, end,
            fingerprint=self._job.mapper.fingerprint, shape=shape, absent=absent,
            # What a limited read did not reach is still to be read again for the newly mapped path.
            paths=self._state.paths if self._reread and self._job.limit is not None else self._job.mapper.paths,
        )  # fmt: skip
        return counts

    def _absent(self) -> list[int]:
        """List the stored records that were not seen; none where a row that could not be read may be any of them."""
        if self._unread:
            return []
        unread = {known.record for known in self._ledger.known(self._state.id, self._unread_keys).values()}
        return [record for record in self._known.values() if record not in unread]

    def _missed(self, key: str | None) -> None:
        if key is None:
            self._unread += 1
        else:
            self._unread_keys.append(key)

    def _drop(self) -> None:
        """Take out stored records that the map's filter keeps out now."""
        keys, self._dropped = self._dropped, []
        for old in self._ledger.known(self._state.id, keys).values() if keys else ():
            self._known.pop(old.raw_hash, None)
            self._known.pop(b"\0" + old.raw_hash, None)
            self._batch.dropped.append(old.record)

    def _reject(self, where: str, code: str, message: str, body: bytes, key: str | None = None) -> None:
        kept = b"" if self._job.info.personal else bytes(body[:65_536])
        self._batch.rejected.append(Rejected(where, code, message, kept, key))

    def _map(self, body: bytes, raw: bytes, page: Page, index: int) -> tuple[CanonicalRecord, bytes, bytes, str] | None:
        where = page.where(index)
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError as exc:
            self._reject(where, "not_json", f"not valid JSON: {exc}. Repair the line at the source.", body)
            self._missed(None)
            return None
        if not isinstance(payload, dict):
            self._reject(where, "not_an_object", "a record must be a JSON object. Repair the line at the source.", body)
            self._missed(None)
            return None
        try:
            record = self._job.mapper.map(payload)
            if record is None:
                self.counts.dropped += 1
                if self._state.records:
                    self._dropped.append(self._job.mapper.key_of(payload))
                return None
            if "\0" in record.key:
                raise MappingError("the native key holds a NUL character.", code="bad_key")
        except MappingError as exc:
            self._reject(where, exc.context.get("code", "unmappable"), str(exc), body)
            self._missed(None)
            return None
        if self._observer:
            self._observer.observe(payload, record)
        if self._job.info.personal:
            body = orjson.dumps(self._job.mapper.project(payload))
        return record, raw, body, where

    def _store(self, mapped: Sequence[tuple[CanonicalRecord, bytes, bytes, str]]) -> None:
        best: dict[str, tuple[CanonicalRecord, bytes, bytes, str]] = {}
        for item in mapped:
            other = best.get(item[0].key)
            if other is not None:
                item, loser = (item, other) if _rank(item) > _rank(other) else (other, item)
                self._duplicate(loser)
            best[item[0].key] = item
        known = self._ledger.known(self._state.id, list(best)) if self._state.records or self.counts.new else {}
        fresh = [item for item in best.values() if item[0].key not in known]
        first = self._ledger.allocate(len(fresh)) if fresh else 0
        for number, item in enumerate(fresh, first):
            self._add(number, *item)
        if known:
            for key, old in known.items():
                self._update(old, *best[key])

    def _duplicate(self, item: tuple[CanonicalRecord, bytes, bytes, str]) -> None:
        record, _, body, where = item
        self._reject(
            where,
            "duplicate_key",
            f"native key {record.key!r} comes more than once; the newest is kept.",
            body,
            record.key,
        )

    def _add(self, number: int, record: CanonicalRecord, raw: bytes, body: bytes, _where: str) -> None:
        batch = self._batch
        doc, doc_hash = _document(record)
        batch.new.append(
            NewRecord(number, self._state.id, record.key, raw, doc_hash, record.cls, doc, record.observed_at, self._run)
        )
        batch.payloads.append((number, body))
        joined, proposed = hashes_of(record.cls, record.fields)
        batch.joined += [(hash_, number) for hash_ in joined]
        batch.proposed += [(hash_, number) for hash_ in proposed]
        if record.warnings:
            self._warn(number, record, known=False)
        self.counts.new += 1

    def _update(self, old: Known, record: CanonicalRecord, raw: bytes, body: bytes, where: str) -> None:
        seen_in_this_read = (
            self._known.pop(old.raw_hash, None) is None and self._known.pop(b"\0" + old.raw_hash, None) is None
        )
        doc, doc_hash = _document(record)
        if record.observed_at < old.observed_at <= self._now and record.observed_at and where:
            self._reject(
                where,
                "older_observation",
                f"{record.key!r} was observed later than this before; the newer stays.",
                body,
                record.key,
            )
            return
        if seen_in_this_read:
            if old.raw_hash == raw or (old.observed_at, bytes(old.doc)) >= (record.observed_at, doc):
                self._duplicate((record, raw, body, where))
                return
            self._reject(
                where,
                "duplicate_key",
                f"native key {record.key!r} comes more than once; the newest is kept.",
                b"",
                record.key,
            )
            self.counts.rejected -= 1  # this row is counted as what it changes
        batch, number = self._batch, old.record
        batch.payloads.append((number, body))
        if doc_hash == old.doc_hash and not self._matters(old, record, doc):
            # Who of several records of one source is newer goes by what was last said, not by the last check-in:
            # else every check-in would have to be identified again (docs/decisions/0006).
            batch.moved.append(Moved(raw, doc, old.observed_at, number))
            self.counts.moved += 1
            return
        batch.changed.append(
            NewRecord(number, self._state.id, record.key, raw, doc_hash, record.cls, doc, record.observed_at, self._run)
        )
        had, proposed = map(set, hashes_of(old.cls, orjson.loads(old.doc)))
        has, proposes = map(set, hashes_of(record.cls, record.fields))
        batch.left += [(hash_, number) for hash_ in sorted(had - has)]
        batch.joined += [(hash_, number) for hash_ in sorted(has - had)]
        batch.withdrawn += [(hash_, number) for hash_ in sorted(proposed - proposes)]
        batch.proposed += [(hash_, number) for hash_ in sorted(proposes - proposed)]
        self._warn(number, record, known=True)
        self.counts.changed += 1

    def _matters(self, old: Known, record: CanonicalRecord, doc: bytes) -> bool:
        """Tell whether a mere check-in may change what the entity is: who is newest, or who had fallen silent."""
        if self._job.newest and record.observed_at != old.observed_at:
            return True
        if self._job.silent_after and doc != old.doc:
            seen = orjson.loads(old.doc).get("last_seen_at")
            if seen and seen != CLEAR and moment(seen) + self._job.silent_after < self._now:
                return True
        return False

    def _warn(self, number: int, record: CanonicalRecord, *, known: bool) -> None:
        if record.warnings:
            self.counts.warned += 1
            self._batch.warnings.append((number, orjson.dumps([(w.field, w.raw, w.message) for w in record.warnings])))
        elif known:
            self._batch.unwarned.append(number)

    def reprocess(self) -> None:
        """Map the stored payloads again, because the map changed."""
        after = 0
        while rows := self._ledger.payloads(self._state.id, after, _BATCH):
            after = rows[-1][0]
            known = self._ledger.known(self._state.id, [row[1] for row in rows])
            for number, key, raw, body in rows:
                try:
                    record = self._job.mapper.map(orjson.loads(body))
                except HubError as exc:
                    self._reject(f"stored record {number}", "unmappable", str(exc), body, key)
                    continue
                if record is None:
                    self._batch.dropped.append(number)
                    continue
                if record.key != key:
                    continue
                before = self.counts.changed
                self._remap(known[key], record, raw)
                self.counts.remapped += self.counts.changed - before
            batch, self._batch = self._batch, LedgerBatch()
            self._ledger.write(self._job.name, self._job.info.name, self._run, self._now, batch)
        self._ledger.remap(self._state.id, self._job.mapper.fingerprint)
        self.counts.changed = self.counts.moved = 0

    def _remap(self, old: Known, record: CanonicalRecord, raw: bytes) -> None:
        payloads = self._batch.payloads
        size = len(payloads)
        self._known = {old.raw_hash: old.record}
        self._update(old, record, raw, b"", "")
        del payloads[size:]  # the payload stays as it is
        self._known = {}


def _rank(item: tuple[CanonicalRecord, bytes, bytes, str]) -> tuple[int, bytes]:
    return item[0].observed_at, _document(item[0])[0]


def _document(record: CanonicalRecord) -> tuple[bytes, bytes]:
    """Return the stored document of a record and the hash of its meaning (class and non-volatile fields)."""
    fields, volatile = record.fields, VOLATILE[record.cls]
    doc = orjson.dumps(fields, option=_SORTED)
    if volatile.isdisjoint(fields):
        return doc, _digest(record.cls.encode() + doc)
    stable = dict(fields)
    for name in volatile:
        stable.pop(name, None)
    return doc, _digest(record.cls.encode() + orjson.dumps(stable, option=_SORTED))
