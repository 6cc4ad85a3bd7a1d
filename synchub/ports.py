"""What the engine needs from the outside world, as protocols. Implementations live in `connectors` and `state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, Protocol

from synchub.domain.plan import Filled, Foreseen, Outcome, TargetObject, Value, Write
from synchub.domain.records import CanonicalRecord, Page

CursorKind = Literal["snapshot", "updated_since", "sequence"]


class Clock(Protocol):
    """Time as an input."""

    def now(self) -> int:
        """Seconds since 1970 UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; a test clock only moves on."""
        ...


class RateBudget(Protocol):
    """One request budget per credential, shared by everything that uses it."""

    def take(self, count: int = 1) -> None:
        """Wait until `count` requests may be sent."""
        ...

    def pause(self, wait: timedelta) -> None:
        """The system asked everybody to wait (429, `Retry-After`)."""
        ...


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a connector declares about one stream.

    Attributes:
        name: As in the configuration.
        map: Path of the shipped field map, relative to the connector's `maps/`.
        cursor: How the next read starts.
        personal: Holds people: projected to mapped fields before anything is stored.
        presence: A complete snapshot may say that something is absent.
    """

    name: str
    map: str
    cursor: CursorKind = "snapshot"
    personal: bool = False
    presence: bool = True


class Source(Protocol):
    """The reading side of a connector. Opened with its settings; closed by `close`."""

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the streams this connection is configured to read."""
        ...

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:
        """Yield pages until the vendor's own end signal; the last page carries `end`.

        Pages are requested as the caller consumes them; one is held at a time. With `limit` the stream stops after so
        many records and says `complete=False`. A failure is an exception: what was yielded before stays valid.

        Raises:
            ConnectorError: The system, or the way to it, failed.
            InputError: The source as a whole cannot be read (no such root, unreadable file list).
        """
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target can do.

    Attributes:
        batch: How many rows one `write` call should be given.
        workers: How many `write` calls may run at once.
        foresees: `foresee` asks the target's own identification.
        counterparts: The target creates and synchronises a second object by itself (asset of a CI).
        history: Other people's edits can be read with author and time.
    """

    batch: int = 100
    workers: int = 4
    foresees: bool = False
    counterparts: bool = False
    history: bool = False


class Target(Protocol):
    """The writing side of a connector."""

    def identity(self) -> str:
        """Name the instance or tenant that really answers; pinned at first contact.

        Raises:
            ConnectorError: It cannot be told.
        """
        ...

    def capabilities(self) -> Capabilities:
        """Say what this target can do."""
        ...

    def server_time(self) -> int:
        """The target's clock, seconds since 1970 UTC; cursors use it."""
        ...

    def objects(self, kind: str, fields: Sequence[str], *, since: int | None = None) -> Iterator[list[TargetObject]]:
        """Yield pages of the objects of a type, all or those changed at or after a moment, each object once.

        Raises:
            ConnectorError: The read failed; nothing may be concluded from the pages before.
        """
        ...

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Re-read objects by id; those that are gone or hidden are missing from the answer."""
        ...

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find objects by the hub key they carry, for rows whose answer was lost."""
        ...

    def lookup(self, kind: str, by: str, values: Sequence[str]) -> dict[str, str]:
        """Resolve names to ids of reference objects (company, model, location); ambiguous and unknown ones are missing.

        `by` is the field compared. Of `cmdb_model`-like kinds a value may be manufacturer, U+001F, name.
        """
        ...

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:
        """Ask what the target's own identification would match, committing nothing. Empty when it cannot be asked."""
        ...

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes; one outcome per write, in any order.

        Never raises for a single row: a row that failed is an outcome. Idempotent under retry.

        Raises:
            AuthError: Nothing was sent, nothing will be.
            PermissionDenied: As above.
            WrongInstance: As above.
        """
        ...

    def close(self) -> None:
        """Give connections back."""
        ...


class Mapper(Protocol):
    """A compiled field map (implemented in `mapping`)."""

    @property
    def fingerprint(self) -> str:
        """Changes exactly when the map, a normaliser or a dictionary it uses would map something differently."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """Payload paths that the map reads."""
        ...

    def map(self, payload: dict[str, Any]) -> CanonicalRecord | None:
        """Map one payload; None when the map's filter drops it.

        Raises:
            MappingError: Key or class cannot be told.
        """
        ...

    def key_of(self, payload: dict[str, Any]) -> str:
        """Return the native key of a payload, whether or not the filter drops it.

        Raises:
            MappingError: It cannot be told.
        """
        ...

    def project(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Keep only what the map reads."""
        ...


class DriftNote(Protocol):
    """One thing about the payloads that is different for the first time."""

    @property
    def where(self) -> str:
        """Place of the rule concerned."""
        ...

    @property
    def message(self) -> str:
        """What is different, one sentence."""
        ...

    @property
    def count(self) -> int:
        """Records in which it was seen."""
        ...


class DriftObserver(Protocol):
    """Watches the shape of changed payloads (implemented in `mapping.drift`)."""

    def observe(self, payload: dict[str, Any], record: CanonicalRecord) -> None:
        """Look at one payload and what became of it."""
        ...

    def finish(self) -> Sequence[DriftNote]:
        """Close the run and say what drifted in it."""
        ...

    def state(self) -> dict[str, Any]:
        """Return what to remember for the next run, as JSON."""
        ...


class FilledField(Protocol):
    """What a target map says about one field."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Canonical fields that fill it."""
        ...


class ObjectIdentity(Protocol):
    """What a target map offers for one facet of a class (implemented in `mapping.target`)."""

    @property
    def facet(self) -> str:
        """`ci`, `asset` or `record`."""
        ...

    @property
    def kind(self) -> str:
        """Target object type that is created."""
        ...

    @property
    def read_kind(self) -> str:
        """Target object type in which existing objects are looked for."""
        ...

    @property
    def counterpart(self) -> str | None:
        """Facet whose object the target keeps in step with this one."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """Every target field to read."""
        ...

    @property
    def fields(self) -> Mapping[str, FilledField]:
        """Target field -> how it is filled."""
        ...

    def desired(self, doc: Mapping[str, Any]) -> dict[str, Filled]:
        """Target field -> value the entity asks for; absent where nothing is known."""
        ...

    def identity(self, fields: Mapping[str, Value]) -> dict[str, Any]:
        """Turn a target object's fields back into canonical identity fields, normalised as sources are."""
        ...

    def same(self, field: str, desired: Value, actual: Value) -> bool:
        """Compare in the target's terms (`"8192"` is 8192)."""
        ...

    def discovered(self, doc: Mapping[str, Any]) -> bool:
        """Whether the entity has shown a sign of life, so that its CI is created rather than its asset."""
        ...


class Facets(Protocol):
    """A target map: which objects a class has in a target."""

    @property
    def fingerprint(self) -> str:
        """Changes when the map does."""
        ...

    def facets(self, cls: str) -> Sequence[ObjectIdentity]:
        """List the objects of a class, in the order in which they are created; empty: not taken."""
        ...


Progress = Callable[[str, int, int | None], None]  # what, done, total

Rows = Iterable[tuple[Value, ...]]
