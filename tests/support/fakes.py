"""Hand-written sources, mappers, targets and a clock that do exactly what a test tells them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from synchub.domain.model import VOLATILE
from synchub.domain.plan import Foreseen, Op, Outcome, RowState, TargetObject, Value, Write
from synchub.domain.records import CanonicalRecord, CheckIn, End, FieldWarning, Page, Rejected
from synchub.errors import ConnectorError, MappingError, Unavailable
from synchub.ports import Capabilities, StreamInfo

NOW = 1_800_000_000


class FakeClock:
    """Time that moves only when told, or by sleeping."""

    def __init__(self, now: int = NOW) -> None:
        self.time = now
        self.slept = 0.0

    def now(self) -> int:
        """Return the set time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move on without waiting."""
        self.slept += seconds
        self.time += int(seconds)


class PlainMapper:
    """Maps payloads that are canonical already: `{"key", "cls", "at", "fields"}`.

    Args:
        fingerprint: Change it to say that the map changed.
        rename: Canonical field -> field of the payload it is taken from instead.
        paths: Paths it claims to read; what `project` keeps of `fields`.
        drop: Records for which this field is set to a true value are dropped by the filter.
    """

    def __init__(
        self,
        fingerprint: str = "map 1",
        *,
        rename: Mapping[str, str] | None = None,
        paths: Sequence[str] = ("fields",),
        drop: str = "",
    ) -> None:
        self.fingerprint = fingerprint
        self.paths: Sequence[str] = tuple(paths)
        self._rename = dict(rename or {})
        self._drop = drop
        self.mapped = 0

    def map(self, payload: dict[str, Any]) -> CanonicalRecord | None:
        """Map one payload."""
        self.mapped += 1
        if self._drop and payload.get(self._drop):
            return None
        if not payload.get("key"):
            msg = "the record has no key."
            raise MappingError(msg, code="no_key")
        fields = dict(payload.get("fields") or {})
        for name, source in self._rename.items():
            fields.pop(name, None)
            if source in payload:
                fields[name] = payload[source]
        warnings = [FieldWarning(name, "?", "not understood") for name in payload.get("odd", ())]
        return CanonicalRecord(
            str(payload["key"]), payload.get("cls", "computer"), fields, payload.get("at", 0), warnings
        )

    def key_of(self, payload: dict[str, Any]) -> str:
        """Return the key of a dropped record."""
        return str(payload["key"])

    def essence(self, payload: dict[str, Any]) -> bytes:
        """Blank the moment and the volatile fields."""
        stamps = self._stamps(payload)
        blank = {name: "" for name in stamps if name != "fields"}
        inner = {**payload["fields"], **dict.fromkeys(stamps["fields"], "")} if "fields" in stamps else None
        return json.dumps(payload | blank | ({} if inner is None else {"fields": inner})).encode()

    def check_in(self, payload: dict[str, Any]) -> CheckIn | None:
        """Read the moment and the volatile fields."""
        if payload.get("odd"):
            return None
        record = self.map(payload)
        assert record is not None
        said = {name: record.fields.get(name) for name in VOLATILE[record.cls]}
        return CheckIn(said, record.observed_at, self._stamps(payload))

    def _stamps(self, payload: dict[str, Any]) -> dict[str, Any]:
        fields = payload.get("fields") or {}
        inner = {n: v for n, v in fields.items() if n in VOLATILE["server"] and n not in self._rename}
        at = {"at": payload["at"]} if "at" in payload else {}
        return at | ({"fields": inner} if inner else {})

    def project(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Keep what the map reads."""
        kept = {"key", "cls", "at", *self.paths, *self._rename.values()}
        return {name: value for name, value in payload.items() if name in kept}


class MemorySource:
    """A source that gives the records it holds.

    Attributes:
        records: Stream -> payloads; bytes are given as they are.
        ends: Stream -> what it says at its end; None: nothing.
        fails: Stream -> (records after which it fails, the error).
        rejected: Stream -> dead letters of the source itself.
        cursors: What it was asked for.
    """

    def __init__(self, name: str = "src", *, personal: bool = False, presence: bool = True, page: int = 3) -> None:
        self.name = name
        self.records: dict[str, list[Any]] = {}
        self.ends: dict[str, End | None] = {}
        self.fails: dict[str, tuple[int, Exception]] = {}
        self.rejected: dict[str, list[Rejected]] = {}
        self.cursors: list[str | None] = []
        self._personal, self._presence, self._page = personal, presence, page

    def streams(self) -> dict[str, StreamInfo]:
        """List the streams that hold something."""
        return {name: self.info(name) for name in self.records}

    def info(self, stream: str) -> StreamInfo:
        """Describe one stream."""
        return StreamInfo(stream, "x.yaml", personal=self._personal, presence=self._presence)

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:
        """Yield small pages, then the end."""
        self.cursors.append(cursor)
        rows = self.records[stream]
        stop, error = self.fails.get(stream, (len(rows), None))
        if limit is not None and limit < stop:
            stop, error = limit, None
        for start in range(0, stop, self._page):
            part = rows[start : min(start + self._page, stop)]
            yield Page([r if isinstance(r, bytes) else json.dumps(r).encode() for r in part], stream, first=start + 1)
        if error is not None:
            raise error
        end = self.ends.get(stream, End(complete=True, proof="all of them", scope="all"))
        if limit is not None and end is not None:
            end = End(complete=False, proof="limit")
        yield Page(rejected=self.rejected.get(stream, ()), end=end)

    def close(self) -> None:
        """Nothing to give back."""


@dataclass
class Held:
    """An object in the target."""

    kind: str
    id: str
    fields: dict[str, Value]
    version: int = 1
    at: int = 0
    by: str = "people"
    hub_key: str = ""
    counterpart: str | None = None


@dataclass
class MemoryTarget:
    """A target held in memory, with everything that may go wrong in one.

    Attributes:
        clock: The target's clock is this one.
        can: Its capabilities.
        refuses: (kind, field) -> reason: the write passes without the field.
        rejects: Field values for which a whole row is refused: (field, value) -> reason.
        hides: Fields that this user cannot see.
        lookups: (kind, by) -> value -> id.
        answers: One entry per `write` call to come: "ok", "lost" (commits, then no answer), "down" (no commit),
            an error to raise before the commit.
        twin: kind -> kind of the counterpart that the target makes by itself after `twin_late` reads.
        log: (op, kind, id, fields) of every write that was committed.
    """

    clock: FakeClock
    can: Capabilities = field(default_factory=lambda: Capabilities(batch=5, workers=1))
    name: str = "instance A"
    refuses: dict[tuple[str, str], str] = field(default_factory=dict)
    rejects: dict[tuple[str, Any], str] = field(default_factory=dict)
    hides: set[str] = field(default_factory=set)
    lookups: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    answers: list[Any] = field(default_factory=list)
    twin: dict[str, str] = field(default_factory=dict)
    twin_late: int = 0
    log: list[tuple[str, str, str, dict[str, Value]]] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    _waiting: dict[str, int] = field(default_factory=dict)

    # --- what other people do -----------------------------------------------------------------------------------------

    def put(self, kind: str, id_: str = "", **fields: Value) -> str:
        """Let somebody create an object."""
        id_ = id_ or f"{kind}-{len(self.held) + 1}"
        self.held[id_] = Held(kind, id_, dict(fields), at=self.clock.now())
        return id_

    def edit(self, id_: str, **fields: Value) -> None:
        """Let somebody change an object."""
        item = self.held[id_]
        item.fields.update(fields)
        item.version += 1
        item.at, item.by = self.clock.now(), "people"

    def of(self, kind: str) -> list[Held]:
        """List the objects of a kind."""
        return [item for item in self.held.values() if item.kind == kind]

    # --- the port -----------------------------------------------------------------------------------------------------

    def identity(self) -> str:
        """Name the instance."""
        return self.name

    def capabilities(self) -> Capabilities:
        """Say what it can do."""
        return self.can

    def server_time(self) -> int:
        """Return the clock's time."""
        return self.clock.now()

    def objects(self, kind: str, fields: Sequence[str], *, since: int | None = None) -> Iterator[list[TargetObject]]:
        """Yield the objects of a kind, two a page."""
        self.calls.append(f"objects {kind} {since}")
        found = [self._show(i, fields) for i in list(self.of(kind)) if since is None or i.at >= since]
        for start in range(0, len(found), 2):
            yield found[start : start + 2]

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Read by id; a counterpart appears after enough reads."""
        self.calls.append(f"fetch {kind} {len(ids)}")
        for id_ in ids:
            if id_ in self._waiting:
                self._waiting[id_] -= 1
                if self._waiting[id_] <= 0:
                    self._make_twin(self.held[id_])
        return {i: self._show(self.held[i], fields) for i in ids if i in self.held and self.held[i].kind == kind}

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find by hub key."""
        self.calls.append(f"find {kind} {len(hub_keys)}")
        return {i.hub_key: self._show(i, fields) for i in self.of(kind) if i.hub_key in hub_keys}

    def lookup(self, kind: str, by: str, values: Sequence[str]) -> dict[str, str]:
        """Resolve names."""
        known = self.lookups.get((kind, by), {})
        return {value: known[value] for value in values if value in known}

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:
        """Cannot be asked."""
        del writes
        return []

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Commit, unless told to fail."""
        self.calls.append(f"write {len(writes)}")
        answer = self.answers.pop(0) if self.answers else "ok"
        if isinstance(answer, ConnectorError):
            raise answer
        if answer == "down":
            msg = "no answer."
            raise Unavailable(msg, where="target")
        if isinstance(answer, int):  # the connection breaks after so many rows
            for write in writes[:answer]:
                self._commit(write)
            msg = "the connection broke."
            raise Unavailable(msg, where="target")
        outcomes = [self._commit(write) for write in writes]
        if answer == "killed":
            raise KeyboardInterrupt
        if answer == "lost":
            msg = "time-out."
            raise Unavailable(msg, where="target")
        return outcomes

    def close(self) -> None:
        """Nothing to give back."""

    # --- inside -------------------------------------------------------------------------------------------------------

    def _show(self, item: Held, fields: Sequence[str]) -> TargetObject:
        seen = {name: item.fields.get(name) for name in fields if name not in self.hides}
        mark = item.hub_key or None
        return TargetObject(item.kind, item.id, seen, str(item.version), item.at, item.by, item.counterpart, mark=mark)

    def _commit(self, write: Write) -> Outcome:
        for (name, value), reason in self.rejects.items():
            if name in write.fields and write.fields[name] == value:
                return Outcome(write.row, RowState.REFUSED, message=reason)
        refused = {n: self.refuses[write.kind, n] for n in write.fields if (write.kind, n) in self.refuses}
        fields = {n: v for n, v in write.fields.items() if n not in refused}
        item = next((i for i in self.of(write.kind) if i.hub_key == write.hub_key), None)
        if write.op is Op.DELETE:
            self.held.pop(str(write.object_id), None)
            self.log.append(("delete", write.kind, str(write.object_id), {}))
            return Outcome(write.row, RowState.APPLIED, write.object_id)
        if write.op is not Op.CREATE:
            item = self.held[str(write.object_id)]
        fresh = item is None
        if item is None:
            id_ = f"{write.kind}-{len(self.held) + 1}"
            item = self.held[id_] = Held(write.kind, id_, {}, version=0, hub_key=write.hub_key)
            if write.kind in self.twin:
                self._waiting[id_] = self.twin_late
                if not self.twin_late:
                    self._make_twin(item)
        item.fields.update(fields)
        item.version += 1
        item.at, item.by = self.clock.now(), "hub"
        self.log.append(("create" if fresh else "update", write.kind, item.id, dict(fields)))
        return Outcome(write.row, RowState.APPLIED, item.id, str(item.version), dict(fields), refused, item.counterpart)

    def _make_twin(self, item: Held) -> None:
        self._waiting.pop(item.id, None)
        other = self.put(self.twin[item.kind], by_target="yes")
        self.held[other].counterpart, item.counterpart = item.id, other
