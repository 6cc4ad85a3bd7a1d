"""What the engine needs from the state, as protocols; implemented in `state`.

Each method that writes is one transaction: after it the state is whole, killed anywhere the next run goes on from the
last one. Moments are seconds since 1970 UTC; documents are JSON bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from synchub.domain.plan import PlanRow, TargetObject
from synchub.domain.records import Contribution, End, Rejected


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
    """

    id: int
    fingerprint: str
    cursor: str | None
    scope: str
    shape: dict[str, Any]
    paths: tuple[str, ...]
    records: int


class Known(NamedTuple):
    """A stored record, as far as the next read of it needs to know."""

    record: int
    raw_hash: bytes
    doc_hash: bytes
    cls: str
    doc: bytes
    observed_at: int


class NewRecord(NamedTuple):
    """A row for the ledger, in the order of its columns."""

    record: int
    stream: int
    key: str
    raw_hash: bytes
    doc_hash: bytes
    cls: str
    doc: bytes
    observed_at: int
    run: int


class Moved(NamedTuple):
    """A record of which only volatile fields moved."""

    raw_hash: bytes
    doc: bytes
    observed_at: int
    record: int


@dataclass(slots=True)
class LedgerBatch:
    """Everything that a slice of a stream changes, written in one transaction.

    Attributes:
        new: Records seen for the first time.
        changed: Records whose meaning changed (same columns as `new`).
        moved: Records of which only volatile fields or the raw form moved.
        payloads: (record, payload) of all of the above.
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

    def hashes(self, stream: int) -> dict[bytes, int]:
        """Return raw hash -> record of everything stored for a stream."""
        ...

    def known(self, stream: int, keys: Sequence[str]) -> dict[str, Known]:
        """Return the stored records with these native keys."""
        ...

    def siblings(self, stream: int) -> set[int]:
        """Return the records of a stream that share their entity with another record of the same source."""
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
        """Return (record, key, raw hash, payload) of the next stored payloads above a record id."""
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
        absent: Sequence[int],
    ) -> None:
        """Close a read: cursor, scope, completeness, and which stored records a complete snapshot did not hold.

        After a complete snapshot only the dead letters of this run remain: the others were repaired or are gone.
        """
        ...


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

    def scan(self) -> Iterator[tuple[int, int]]:
        """Yield (hash, record) of all joining identifiers, ordered by hash."""
        ...

    def scan_proposing(self) -> Iterator[tuple[int, int]]:
        """Yield (hash, record) of all proposing keys, ordered by hash."""
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

    def members_of(self, entities: Sequence[int]) -> dict[int, list[int]]:
        """Return entity -> records."""
        ...

    def unsettle(self) -> bool:
        """Note that identification has begun; tells whether an earlier one was cut off before it settled."""
        ...

    def rules(self) -> str:
        """Return the fingerprint of the rules under which identification was last settled; empty before the first."""
        ...

    def settle(self, upto: int, rules: str) -> None:
        """Forget all dirt: identification is done for every record up to this id, under these rules."""
        ...


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


class NewEntity(NamedTuple):
    """An entity to be written, in the order of the columns."""

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


@dataclass(slots=True)
class EntityBatch:
    """What identification and reconciliation of a slice of components changes, written in one transaction.

    Attributes:
        entities: New and changed entities.
        members: (record, entity) that are new or moved.
        changes: (entity, JSON {field: [old, new]}) for changed ones.
        gone: Entities that have no member any more: (id, merged into or None).
        done: Records that are dirty no more.
    """

    entities: list[NewEntity] = field(default_factory=list)
    members: list[tuple[int, int]] = field(default_factory=list)
    changes: list[tuple[int, bytes]] = field(default_factory=list)
    gone: list[tuple[int, int | None]] = field(default_factory=list)
    done: list[int] = field(default_factory=list)


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

    def write(self, run: int, at: int, batch: EntityBatch) -> None:
        """Store a slice."""
        ...

    def changed_after(self, rev: int, count: int) -> list[EntityRow]:
        """Return entities with a higher revision, ascending, at most `count`."""
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

    def count(self) -> dict[str, int]:
        """Count the live entities by family."""
        ...


class ObjectRow(NamedTuple):
    """A target object as stored. `base` is what hub and target last agreed on; None: never."""

    id: int
    kind: str
    object_id: str
    entity: int | None
    facet: str | None
    fields: dict[str, Any]
    base: dict[str, Any] | None
    version: str | None
    updated_at: int
    updated_by: str | None
    counterpart: str | None
    cls: str | None
    refused: dict[str, Any]
    origin: str


@dataclass(frozen=True, slots=True)
class TargetState:
    """Where one target stands.

    Attributes:
        id: Number in the state.
        identity: The instance that was pinned at first contact; None before it.
        planned_rev: Entities up to this revision are planned.
        read_since: Server time up to which other people's edits are known; None before first contact.
        fingerprint: Of the target map and the policies under which was planned.
    """

    id: int
    identity: str | None
    planned_rev: int
    read_since: int | None
    fingerprint: str


@dataclass(slots=True)
class DeliveryBatch:
    """What a slice of outcomes changes, written in one transaction.

    Attributes:
        states: (row, state, note) of plan rows.
        objects: (entity, facet, object as it is now, base, refused, origin) of objects written or linked.
        counterparts: (entity, facet, kind, object id) found through the target's own reference.
        replan: Entities that need another plan, with the reason.
        conflicts: (entity, facet, field, kind, JSON detail).
    """

    states: list[tuple[int, str, str]] = field(default_factory=list)
    objects: list[tuple[int, str, TargetObject, dict[str, Any], dict[str, str], str]] = field(default_factory=list)
    replan: list[tuple[int, str]] = field(default_factory=list)
    conflicts: list[tuple[int, str, str, str, bytes]] = field(default_factory=list)


class Targets(Protocol):
    """Objects of targets: links, bases, and what other people's objects look like."""

    def target(self, name: str) -> TargetState:
        """Return the state of a target; created at first use."""
        ...

    def pin(self, target: int, identity: str) -> None:
        """Pin the instance."""
        ...

    def saw(self, target: int, since: int) -> None:
        """Other people's edits are known up to this server time."""
        ...

    def planned(self, target: int, rev: int, fingerprint: str) -> None:
        """Entities up to this revision are planned."""
        ...

    def observe(
        self, target: int, objects: Sequence[TargetObject], identifiers: Sequence[Sequence[int]]
    ) -> list[tuple[int, TargetObject]]:
        """Store what objects look like now, with the hashes they can be found by.

        Returns:
            (entity, object) of linked ones that changed.
        """
        ...

    def linked(self, target: int, entities: Sequence[int]) -> dict[int, list[ObjectRow]]:
        """Return entity -> its objects in the target."""
        ...

    def object_ids(self, target: int, entities: Sequence[int]) -> dict[tuple[int, str], str]:
        """Return (entity, facet) -> id of its object in the target."""
        ...

    def objects(self, target: int, ids: Sequence[int]) -> list[ObjectRow]:
        """Load objects by their number in the state."""
        ...

    def by_object_id(self, target: int, object_ids: Sequence[str]) -> dict[str, ObjectRow]:
        """Load objects by the target's own id."""
        ...

    def candidates(self, target: int, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """Return (hash, object) of unlinked or linked objects that carry one of the identifiers."""
        ...

    def people(self, target: int, hashes: Sequence[int]) -> dict[int, tuple[int, str | None]]:
        """Return identifier hash -> (entity, object id in the target or None) of persons who carry it."""
        ...

    def to_replan(self, target: int) -> list[tuple[int, str]]:
        """Return the entities that need a plan though they did not change: (entity, reason)."""
        ...

    def replan(self, target: int, entities: Sequence[tuple[int, str]], *, done: Sequence[int] = ()) -> None:
        """Note entities that need another plan, and those that got it."""
        ...

    def is_empty(self, target: int) -> bool:
        """Tell whether no object of other people is known in a target."""
        ...


@dataclass(frozen=True, slots=True)
class PlanState:
    """A stored plan.

    Attributes:
        id: Number in the state.
        token: What people type.
        target: Number of the target.
        state: `open`, `applying`, `applied`, `superseded` or `expired`.
        created_at: When it was made.
        expires_at: When apply refuses it.
        config: Fingerprint of the configuration it was made under.
        upto_rev: Entities up to this revision are in it.
        summary: Counts and causes, for display.
        run: Run that made it.
    """

    id: int
    token: str
    target: int
    state: str
    created_at: int
    expires_at: int
    config: str
    upto_rev: int
    summary: dict[str, Any]
    run: int


class Plans(Protocol):
    """Plans and their rows; the pending rows are the outbox."""

    def create(self, target: int, run: int, at: int, config: str) -> int:
        """Open a plan and supersede the target's earlier unapplied ones; returns its number."""
        ...

    def add(self, plan: int, rows: Sequence[PlanRow]) -> None:
        """Store rows."""
        ...

    def seal(self, plan: int, token: str, expires_at: int, upto_rev: int, summary: Mapping[str, Any]) -> None:
        """Give a plan its token; from here on it is what apply applies."""
        ...

    def get(self, token: str | int) -> PlanState | None:
        """Load a plan by token (or an unambiguous beginning of it) or number."""
        ...

    def unfinished(self, target: int) -> PlanState | None:
        """Return the plan whose delivery was begun and not ended, if any."""
        ...

    def latest(self, target: int) -> PlanState | None:
        """Return the newest sealed plan of a target."""
        ...

    def mark(self, plan: int, state: str) -> None:
        """Set a plan's state."""
        ...

    def rows(self, plan: int, *, states: Sequence[str] = (), after: int = -1, count: int = 1000) -> list[PlanRow]:
        """Return rows in the order of delivery."""
        ...

    def rewrite(self, plan: int, row: PlanRow) -> None:
        """Store another operation, object and values for a row that waited."""
        ...

    def send(self, plan: int, first: int, last: int, states: Sequence[str]) -> None:
        """Mark rows as handed to the wire, before they are."""
        ...

    def deliver(self, target: int, plan: int, at: int, run: int, batch: DeliveryBatch) -> None:
        """Store the outcomes of a slice."""
        ...

    def outcomes(self, plan: int) -> dict[tuple[str, str, str], int]:
        """Count rows by (class, op, state)."""
        ...


class Runs(Protocol):
    """Runs, leases and the audit log."""

    def begin(self, kind: str, at: int, config: str, flow_run: str | None = None) -> int:
        """Open a run."""
        ...

    def note(self, run: int, counts: Mapping[str, Any]) -> None:
        """Add to a run's counts (merged by key)."""
        ...

    def end(self, run: int, at: int, state: str) -> None:
        """Close a run."""
        ...

    def acquire(self, scope: str, owner: str, seconds: int) -> None:
        """Take or renew a lease in the database's time.

        Raises:
            LeaseHeld: Another owner holds it.
        """
        ...

    def release(self, scope: str, owner: str) -> None:
        """Give a lease back."""
        ...

    def audit(self, at: int, run: int | None, actor: str, action: str, detail: Mapping[str, Any]) -> None:
        """Append to the audit log."""
        ...


class State(Protocol):
    """All stores of one state database."""

    @property
    def ledger(self) -> Ledger:
        """See `Ledger`."""
        ...

    @property
    def identity(self) -> Identity:
        """See `Identity`."""
        ...

    @property
    def entities(self) -> Entities:
        """See `Entities`."""
        ...

    @property
    def targets(self) -> Targets:
        """See `Targets`."""
        ...

    @property
    def plans(self) -> Plans:
        """See `Plans`."""
        ...

    @property
    def runs(self) -> Runs:
        """See `Runs`."""
        ...
