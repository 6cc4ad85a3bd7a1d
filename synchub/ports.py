"""What the engine needs from the outside world, as protocols. Implementations live in `connectors` and `state`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol, runtime_checkable

from synchub.domain.plan import Edit, Foreseen, Outcome, TargetObject, Value, Write
from synchub.domain.records import Page
from synchub.domain.shape import KindShape

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
        rows_per_request: Rows that travel in one write request; None: as many as `batch`.
        workers: How many `write` calls may run at once.
        foresees: `foresee` asks the target's own identification.
        counterparts: The target creates and synchronises a second object by itself (asset of a CI).
        history: Other people's edits can be read with author and time (`Historied`).
        deletes: Objects can be taken away (`Op.DELETE`).
        versions: What `TargetObject.version` tells: `step` counts the writes of an object, so that a gap betrays other
            people's; `opaque` only differs after each; `none`: there is none.
    """

    batch: int = 100
    workers: int = 4
    foresees: bool = False
    counterparts: bool = False
    history: bool = False
    deletes: bool = False
    rows_per_request: int | None = None
    versions: Literal["step", "opaque", "none"] = "none"


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


@runtime_checkable
class Shaped(Protocol):
    """A target whose own schema the hub adds to: object types and attributes it needs. Such changes are plan rows."""

    def shape(self, wanted: Sequence[KindShape]) -> list[Write]:
        """List what is missing, in the order in which it can be added; reads only.

        `Write.kind` is the kind of thing that is added, `fields` describe it, with `name`.

        Raises:
            ConnectorError: The schema cannot be read.
            ConfigError: It stands in the way of the target map.
        """
        ...

    def reshape(self, writes: Sequence[Write]) -> list[Outcome]:
        """Add it, one after the other; what is there already is UNCHANGED. Raises as `Target.write`."""
        ...


@runtime_checkable
class Historied(Protocol):
    """A target that records who changed what."""

    def history(self, object_id: str) -> list[Edit]:
        """List the edits of an object, newest first; empty where it is gone.

        Raises:
            ConnectorError: It cannot be read.
        """
        ...


@runtime_checkable
class Examined(Protocol):
    """A target or source that can say more about itself for `synchub check`."""

    def examine(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield what is looked at, and the look: it returns a note, or raises a `HubError` that names the way out."""
        ...


class Notifier(Protocol):
    """Tells somebody outside; implemented in `connectors.notify`."""

    def notify(self, title: str, text: str) -> None:
        """Send one message.

        Raises:
            Unavailable: Somebody it should reach could not be reached; it may be sent again later.
        """
        ...


@dataclass(frozen=True, slots=True)
class Post:
    """One request that another system sent to the hub, already authenticated, its body read whole.

    Attributes:
        method: `GET` or `POST`.
        headers: Lower-case names; of repeated headers the last.
        query: Decoded parameters of the query string.
        body: As received.
    """

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What the hub answers.

    Attributes:
        status: HTTP status.
        body: As sent.
        content_type: Of the body.
        outcome: Short word for counting (`stored`, `contact`, `refused` …).
    """

    status: int
    body: bytes
    content_type: str
    outcome: str


class Receiver(Protocol):
    """The side of a source that other systems send to, as `synchub serve` uses it. Never asks the state."""

    @property
    def path(self) -> str:
        """Path below the hub's address, unique among the receivers."""
        ...

    @property
    def max_bytes(self) -> int:
        """Largest body that is read."""
        ...

    def knows(self, authorization: str) -> bool:
        """Check an `Authorization` header, in a time that tells nothing about the secret."""
        ...

    def refuse(self, status: int, reason: str, headers: Mapping[str, str]) -> Reply:
        """Write a refusal in the sender's own form."""
        ...

    def receive(self, post: Post) -> Reply:
        """Take one request; called from several threads. Never raises for what was sent."""
        ...

    def waiting(self) -> int:
        """Count what lies in the spool."""
        ...

    def close(self) -> None:
        """Give everything back."""
        ...


Progress = Callable[[str, int, int | None], None]  # what, done, total

Rows = Iterable[tuple[Value, ...]]
