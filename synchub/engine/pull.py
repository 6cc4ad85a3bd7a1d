"""Read one stream of a source into the ledger.

A record whose content did not change costs one hash and one look-up. One that only checked in is told by its essence
(the payload without what volatile fields read) and not mapped as a whole. One of which nothing but volatile fields
moved is mapped and stored, and stops there. Everything else becomes dirty for identification.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import xxhash

from synchub.domain.guards import Limit
from synchub.domain.jsonfault import why_no_json
from synchub.domain.packed import packed
from synchub.domain.records import End, Page
from synchub.engine.pace import seldom_collected
from synchub.engine.remap import remap
from synchub.engine.slice import Mapped, PullCounts, Slice, digest
from synchub.engine.unseen import judge
from synchub.errors import MappingError, Unavailable
from synchub.mapports import DriftObserver, Mapper
from synchub.ports import Clock, Progress, Source, StreamInfo
from synchub.reconcile.absence import VANISHED
from synchub.stores import CheckedIn, Essence, Known, Ledger, StreamState

__all__ = ["PullCounts", "PullJob", "pull"]

_BATCH = 4000  # changed records stored in one transaction
_FEW = 16  # essences are loaded when more than one stored record of so many is to be looked at; else all are mapped


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
        vanished: So many records may vanish at once before the snapshot is not believed.
        gone: (records, moment) that a person said are gone, seconds since 1970 UTC; None: nobody did.
    """

    name: str
    source: Source
    info: StreamInfo
    mapper: Mapper
    observe: Callable[[dict[str, Any]], DriftObserver] | None = None
    limit: int | None = None
    silent_after: int = 0
    newest: bool = False
    vanished: Limit = VANISHED
    gone: tuple[int, int] | None = None


@seldom_collected
def pull(job: PullJob, ledger: Ledger, clock: Clock, run: int, progress: Progress | None = None) -> PullCounts:
    """Read a stream to its end and store what changed.

    Raises:
        ConnectorError: The source failed; what was read before is stored, cursor and completeness are not.
    """
    state = ledger.stream(job.name, job.info.name)
    changes = Slice(
        source=job.name, stream=job.info.name, personal=job.info.personal, state=state, ledger=ledger,
        now=clock.now(), run=run, silent_after=job.silent_after, newest=job.newest,
    )  # fmt: skip
    reader = _Reader(job, state, changes)
    if state.fingerprint and state.fingerprint != job.mapper.fingerprint:
        remap(changes, job.mapper)
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

    def __init__(self, job: PullJob, state: StreamState, changes: Slice) -> None:
        self._job, self._state, self._changes, self._ledger = job, state, changes, changes.ledger
        self._fresh: list[tuple[bytes, bytes, Page, int]] = []
        self._known: dict[bytes, int] = {}
        self._essences: dict[bytes, Essence] | None = None
        self._seed = xxhash.xxh3_64_intdigest(job.mapper.fingerprint.encode())  # another map, other essences
        self._looked_at = 0
        self._observer = job.observe(state.shape) if job.observe else None
        self._dropped: list[str] = []
        self._unread = 0  # rows of which not even the key is known: any stored record may be one of them
        self._unread_keys: list[str] = []
        self.counts = changes.counts
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
            raw = digest(body)
            if pop(raw, None) is None:
                fresh.append((body, raw, page, index))
        count = len(page.payloads)
        self.counts.read += count + len(page.rejected)
        for letter in page.rejected:
            self._changes.batch.rejected.append(replace(letter, payload=b"") if self._job.info.personal else letter)
            self._missed(letter.key)
        self.counts.warnings.extend(page.warnings)
        if len(fresh) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Map and store what has gathered."""
        fresh, self._fresh = self._fresh, []
        if fresh:
            essences = self._load_essences(len(fresh))
            mapped = [item for item in (self._look(essences, *item) for item in fresh) if item]
            if mapped and self._changes.batch.checked:
                self._changes.write()  # a second record of one key is judged by what is stored
            self._store(mapped)
            self._drop()
        self._changes.write()

    def finish(self, end: End) -> PullCounts:
        """Close the stream."""
        counts = self.counts
        counts.unchanged = counts.read - counts.rejected - counts.dropped - counts.new - counts.changed - counts.moved
        counts.complete, counts.proof = end.complete, end.proof
        claimed = self._absent() if end.complete and self._job.info.presence else []
        unseen = judge(
            self._state, end, self._known.values(), claimed, self._ledger, self._job.vanished, self._approved()
        )
        counts.absent = len(unseen.missed) + sum(counted for _, _, counted in unseen.fresh)
        counts.withheld = unseen.withheld
        shape = self._state.shape
        if self._observer:
            counts.drift = [
                f"{note.where}: {note.message} ({note.count:,} records)" for note in self._observer.finish()
            ]
            shape = self._observer.state()
        self._ledger.finish(
            self._state.id, self._changes.run, self._changes.now, end,
            fingerprint=self._job.mapper.fingerprint, shape=shape, unseen=unseen,
            whole=end.complete or (self.cursor is None and self._job.limit is None),
            # What a limited read did not reach is still to be read again for the newly mapped path.
            paths=self._state.paths if self._reread and self._job.limit is not None else self._job.mapper.paths,
        )  # fmt: skip
        return counts

    def _approved(self) -> int:
        """Return how many a person said are gone; what was said before they vanished says nothing of these."""
        since, said = self._state.withheld_at, self._job.gone
        return said[0] if since is not None and said is not None and said[1] >= since else 0

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
            self._seen_before(old.raw_hash)
            self._changes.batch.dropped.append(old.record)

    def _seen_before(self, raw: bytes) -> bool:
        """Note that a stored record was seen; tell whether it was already, in this read."""
        return self._known.pop(raw, None) is None and self._known.pop(b"\0" + raw, None) is None

    def _load_essences(self, count: int) -> dict[bytes, Essence]:
        """Return what check-ins are told by; nothing where that does not pay, or any check-in may be news."""
        self._looked_at += count
        if self._essences is None:
            if self._reread or self._job.newest or self._looked_at * _FEW < self._state.records or not self._known:
                return {}
            stored = self._ledger.essences(self._state.id, docs=bool(self._job.silent_after))
            self._essences = {item.essence: item for item in stored if item.essence}
        return self._essences

    def _look(
        self, essences: Mapping[bytes, Essence], body: bytes, raw: bytes, page: Page, index: int
    ) -> Mapped | None:
        """Map a payload; None when it is rejected, dropped, or only checks in."""
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError as exc:
            message = f"not valid JSON: {why_no_json(exc, body)}. Repair the line at the source."
            self._changes.reject(page.where(index), "not_json", message, body)
            self._missed(None)
            return None
        if payload.__class__ is not dict:
            message = "a record must be a JSON object. Repair the line at the source."
            self._changes.reject(page.where(index), "not_an_object", message, body)
            self._missed(None)
            return None
        text = self._job.mapper.essence(payload)
        essence = digest(text, self._seed) if text else b""
        if essence in essences and self._checks_in(essences[essence], payload, raw):
            return None
        return self._map(payload, essence, body, raw, page, index)

    def _checks_in(self, old: Essence, payload: dict[str, Any], raw: bytes) -> bool:
        """Take in a payload that only checks in; False where it is to be looked at as a whole."""
        if old.raw_hash not in self._known:
            return False  # its record was seen in this read before
        said = self._job.mapper.check_in(payload)
        if said is None or (said.observed_at and said.observed_at < old.observed_at <= self._changes.now):
            return False
        if old.doc is not None and self._changes.was_silent(old.doc):
            return False
        del self._known[old.raw_hash]
        fields = packed(said.fields) if said.fields else None
        self._changes.batch.checked.append(
            CheckedIn(raw, fields, packed(said.stamps), said.observed_at, self._state.id, old.record)
        )
        self.counts.moved += 1
        return True

    def _map(
        self, payload: dict[str, Any], essence: bytes, body: bytes, raw: bytes, page: Page, index: int
    ) -> Mapped | None:
        mapper = self._job.mapper
        try:
            record = mapper.map(payload)
            if record is None:
                self.counts.dropped += 1
                if self._state.records:
                    self._dropped.append(mapper.key_of(payload))
                return None
            if "\0" in record.key:
                raise MappingError("the native key holds a NUL character.", code="bad_key")
        except MappingError as exc:
            code = exc.context.get("code", "unmappable")
            self._changes.reject(page.where(index), code, str(exc), body)
            self._missed(None)
            return None
        if self._observer:
            self._observer.observe(payload, record)
        if self._job.info.personal:
            body = packed(mapper.project(payload))
        return Mapped(record, raw, essence, body, page, index)

    def _store(self, mapped: Sequence[Mapped]) -> None:
        best: dict[str, Mapped] = {}
        for item in mapped:
            other = best.setdefault(item.record.key, item)
            if other is not item:
                item, loser = (item, other) if item.rank > other.rank else (other, item)
                self._changes.duplicate(loser.where, loser.record.key, loser.body)
                best[item.record.key] = item
        known = self._ledger.known(self._state.id, list(best)) if self._state.records or self.counts.new else {}
        fresh = [item for key, item in best.items() if key not in known]
        fresh = self._unerased(fresh) if fresh else fresh
        first = self._ledger.allocate(len(fresh)) if fresh else 0
        for number, item in enumerate(fresh, first):
            self._changes.add(number, item)
        for key, old in known.items():
            self._update(old, best[key])

    def _unerased(self, fresh: list[Mapped]) -> list[Mapped]:
        """Leave the records of erased people out."""
        stream = f"{self._job.name}/{self._job.info.name}"
        gone = self._ledger.erased([f"{stream}/{item.record.key}" for item in fresh])
        if not gone:
            return fresh
        self.counts.dropped += len(gone)
        return [item for item in fresh if f"{stream}/{item.record.key}" not in gone]

    def _update(self, old: Known, item: Mapped) -> None:
        record, changes = item.record, self._changes
        again = self._seen_before(old.raw_hash)
        if record.observed_at and record.observed_at < old.observed_at <= changes.now:
            message = f"{record.key!r} was observed later than this before; the newer stays."
            changes.reject(item.where, "older_observation", message, item.body, record.key)
            return
        if again:
            if old.raw_hash == item.raw or (old.checked_at, old.doc) >= item.rank:
                changes.duplicate(item.where, record.key, item.body)
                return
            changes.duplicate(item.where, record.key, b"")
            self.counts.rejected -= 1  # this row is counted as what it changes
        changes.revise(old, item)
