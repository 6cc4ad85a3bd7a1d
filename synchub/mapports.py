"""What the engine needs from compiled field maps and target maps, as protocols. Implemented in `mapping`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from synchub.domain.plan import Filled, Link, Lookup, Value
from synchub.domain.records import CanonicalRecord, CheckIn
from synchub.domain.shape import AttributeShape


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

    @property
    def essence(self) -> Callable[[dict[str, Any]], bytes]:
        """Write a payload without its stamps (what only volatile fields read); empty where that cannot be done.

        Two payloads of one essence map to records that differ in volatile fields at most.
        """
        ...

    def check_in(self, payload: dict[str, Any]) -> CheckIn | None:
        """Read what is volatile in a payload whose essence is known; None where `map` has more to say."""
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

    @property
    def carries(self) -> str | None:
        """The canonical field that a person would look for here; None for a constant."""
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

    @property
    def created(self) -> str | None:
        """Target field that says since when an object exists; None when the map names none."""
        ...

    @property
    def duplicate(self) -> str | None:
        """Target field in which a duplicate names the object that is kept; None: the target has none."""
        ...

    @property
    def heartbeat(self) -> str | None:
        """Target field that says when the thing was last seen; it takes no part in plans. None: there is none."""
        ...

    def seen(self, doc: Mapping[str, Any]) -> Value:
        """When the thing was last seen, in the form of the field `heartbeat`."""
        ...

    def desired(self, doc: Mapping[str, Any]) -> dict[str, Filled]:
        """Target field -> value the entity asks for; absent where nothing is known."""
        ...

    def parts(self, doc: Mapping[str, Any]) -> tuple[dict[str, Value], dict[str, Lookup | Link]]:
        """The same apart: plain values, and references to be resolved."""
        ...

    def links(self, doc: Mapping[str, Any]) -> list[Link]:
        """The references to other things' objects among them."""
        ...

    def attributes(self, kind_of: Callable[[str], str | None]) -> tuple[AttributeShape, ...]:
        """Say what the object type needs; `kind_of` tells the object type of a family's objects."""
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
