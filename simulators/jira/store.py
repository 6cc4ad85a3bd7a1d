"""What an Assets workspace holds: schemas, object types, attributes, objects and their history."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from simulators.clock import SimClock
from simulators.jira.errors import JiraError, not_found

DEFAULT, REFERENCE, USER, GROUP, STATUS = 0, 1, 2, 4, 7
KINDS = {DEFAULT, REFERENCE, USER, GROUP, STATUS}
DEFAULT_TYPES = {
    -1: "None", 0: "Text", 1: "Integer", 2: "Boolean", 3: "Double", 4: "Date", 5: "Time", 6: "DateTime", 7: "Url",
    8: "Email", 9: "Textarea", 10: "Select", 11: "IP Address",
}  # fmt: skip
TEXT, DATE_TIME = 0, 6
STATUSES = (
    ("Action Needed", 2), ("Active", 1), ("Closed", 0), ("In Service", 2), ("Running", 1), ("Stopped", 0),
    ("Support Requested", 2),
)  # fmt: skip
CREATED, UPDATED = 0, 1


@dataclass(slots=True)
class Schema:
    """An object schema."""

    id: int
    name: str
    key: str
    description: str = ""
    created: float = 0.0
    updated: float = 0.0


@dataclass(slots=True)
class ObjectType:
    """An object type; `parent` is 0 for none."""

    id: int
    schema: int
    name: str
    icon: str = "1"
    description: str = ""
    parent: int = 0
    inherited: bool = False
    abstract: bool = False
    position: int = 0
    created: float = 0.0
    updated: float = 0.0


@dataclass(slots=True)
class Attribute:
    """An attribute of an object type.

    Attributes:
        kind: 0 default, 1 object reference, 2 user, 4 group, 7 status.
        default_type: Key of `DEFAULT_TYPES`, for kind 0.
        target: Id of the referenced object type, for kind 1.
        most: Maximum cardinality; -1 for no limit.
        system: Kept by Assets itself: Key, Created, Updated.
    """

    id: int
    type: int
    name: str
    kind: int = DEFAULT
    default_type: int = TEXT
    target: int = 0
    reference_type: str = ""
    label: bool = False
    description: str = ""
    least: int = 0
    most: int = 1
    unique: bool = False
    hidden: bool = False
    editable: bool = True
    system: bool = False
    removable: bool = True
    with_children: bool = False
    options: str = ""
    regex: str = ""
    suffix: str = ""
    query: str = ""
    position: int = 0


@dataclass(slots=True)
class Obj:
    """An object; `values` holds strings per attribute id, for references object ids, for users account ids."""

    id: int
    key: str
    type: int
    values: dict[int, list[str]] = field(default_factory=dict)
    created: float = 0.0
    updated: float = 0.0


@dataclass(slots=True)
class Event:
    """One entry of an object's history; `attribute` is empty when the object itself came to be."""

    id: int
    object: int
    kind: int
    time: float
    actor: str
    attribute: str = ""
    old: str = ""
    new: str = ""


@dataclass(slots=True)
class StatusType:
    """A status; `schema` is 0 for one that all schemas share. Category: 0 inactive, 1 active, 2 pending."""

    id: int
    name: str
    category: int
    schema: int = 0
    description: str = ""


class Store:
    """One workspace.

    Args:
        clock: For stamps.
        seed: Of the workspace id.
    """

    def __init__(self, clock: SimClock, seed: int = 0) -> None:
        self.clock = clock
        self.workspace = str(UUID(int=random.Random(seed ^ 0xCB).getrandbits(128), version=4))
        self.schemas: dict[int, Schema] = {}
        self.types: dict[int, ObjectType] = {}
        self.attributes: dict[int, Attribute] = {}
        self.objects: dict[int, Obj] = {}
        self.by_key: dict[str, int] = {}
        self.statuses: dict[int, StatusType] = {}
        self.reference_types: dict[int, str] = dict(enumerate(("Dependency", "Installed", "Link", "Reference"), 1))
        self.history: dict[int, list[Event]] = defaultdict(list)
        self.journal: list[Event] = []
        self.version = 0
        self._of_type: dict[int, set[int]] = defaultdict(set)
        self._own: dict[int, list[int]] = defaultdict(list)
        self._index: dict[tuple[int, str], set[int]] = defaultdict(set)
        self._last: dict[str, int] = defaultdict(int)
        for name, category in STATUSES:
            self.add_status(name, category)

    def number(self, kind: str) -> int:
        """Hand out the next id of a kind."""
        self._last[kind] += 1
        return self._last[kind]

    # -- schema -----------------------------------------------------------

    def add_schema(self, name: str, key: str, description: str = "") -> Schema:
        """Add an object schema."""
        now = self.clock.now()
        schema = Schema(self.number("schema"), name, key, description, now, now)
        self.schemas[schema.id] = schema
        return schema

    def add_type(self, schema: int, name: str, /, **settings: object) -> ObjectType:
        """Add an object type with its system attributes; under a parent that passes its attributes on, without."""
        now = self.clock.now()
        count = sum(1 for found in self.types.values() if found.schema == schema)
        kind = ObjectType(self.number("type"), schema, name, position=count, created=now, updated=now)
        for setting, value in settings.items():
            setattr(kind, setting, value)
        self.types[kind.id] = kind
        if not self.passes_on(kind.parent):
            self.add_attribute(kind.id, "Key", least=1, system=True, editable=False, removable=False)
            self.add_attribute(
                kind.id, "Name", least=1, label=True, removable=False, description="The name of the object"
            )
            for stamp in ("Created", "Updated"):
                self.add_attribute(
                    kind.id, stamp, default_type=DATE_TIME, least=1, system=True, editable=False, removable=False
                )
        return kind

    def add_attribute(self, kind: int, name: str, /, **settings: object) -> Attribute:
        """Add an attribute to an object type."""
        found = Attribute(self.number("attribute"), kind, name, position=len(self.attributes_of(kind)))
        for setting, value in settings.items():
            setattr(found, setting, value)
        self.attributes[found.id] = found
        self._own[kind].append(found.id)
        return found

    def remove_attribute(self, attribute: Attribute) -> None:
        """Remove an attribute and its values."""
        for obj in self.objects.values():
            if attribute.id in obj.values:
                self._put(obj, attribute.id, [])
        del self.attributes[attribute.id]
        self._own[attribute.type].remove(attribute.id)
        self.version += 1

    def passes_on(self, kind: int) -> bool:
        """Say whether an object type passes its attributes on to its children."""
        return kind in self.types and self.types[kind].inherited

    def attributes_of(self, kind: int) -> list[Attribute]:
        """List the attributes of an object type, those of its parents first."""
        found: list[Attribute] = []
        if kind in self.types and self.passes_on(self.types[kind].parent):
            found = self.attributes_of(self.types[kind].parent)
        return found + [self.attributes[number] for number in self._own[kind]]

    def named(self, name: str) -> list[Attribute]:
        """List the attributes of any type with this name, whatever its case."""
        wanted = name.lower()
        return [found for found in self.attributes.values() if found.name.lower() == wanted]

    def children(self, kind: int) -> Iterator[int]:
        """Walk an object type and everything below it."""
        yield kind
        for found in list(self.types.values()):
            if found.parent == kind:
                yield from self.children(found.id)

    def add_status(self, name: str, category: int, schema: int = 0, description: str = "") -> StatusType:
        """Add a status."""
        status = StatusType(self.number("status"), name, category, schema, description)
        self.statuses[status.id] = status
        return status

    # -- objects ----------------------------------------------------------

    def add_object(self, kind: int, values: dict[int, list[str]], actor: str, moment: float | None = None) -> Obj:
        """Add an object with values that are valid already."""
        now = self.clock.now() if moment is None else moment
        number = self.number("object")
        obj = Obj(number, f"{self.schemas[self.types[kind].schema].key}-{number}", kind, {}, now, now)
        self.objects[number] = obj
        self.by_key[obj.key] = number
        self._of_type[kind].add(number)
        for attribute, texts in values.items():
            self._put(obj, attribute, texts)
        self._note(Event(self.number("event"), number, CREATED, now, actor))
        return obj

    def change(
        self,
        obj: Obj,
        values: dict[int, list[str]],
        actor: str,
        shown: Callable[[Attribute, list[str]], str],
        moment: float | None = None,
    ) -> int:
        """Put values in place of others, the last writer wins; returns how many attributes changed.

        Each change is one entry of the history, with the values as people see them (`shown`).
        """
        now = self.clock.now() if moment is None else moment
        changed = 0
        for attribute, texts in values.items():
            before = obj.values.get(attribute, [])
            if before == texts:
                continue
            about = self.attributes[attribute]
            old, new = shown(about, before), shown(about, texts)
            self._put(obj, attribute, texts)
            self._note(Event(self.number("event"), obj.id, UPDATED, now, actor, about.name, old, new))
            changed += 1
        if changed:
            obj.updated = max(obj.updated, now)
        return changed

    def remove(self, obj: Obj) -> None:
        """Remove an object; references to it go with it."""
        for attribute in list(obj.values):
            self._put(obj, attribute, [])
        for about in self.attributes.values():
            if about.kind == REFERENCE:
                for holder in list(self._index.get((about.id, str(obj.id)), ())):
                    other = self.objects[holder]
                    self._put(other, about.id, [text for text in other.values[about.id] if text != str(obj.id)])
        self._of_type[obj.type].discard(obj.id)
        del self.objects[obj.id]
        del self.by_key[obj.key]
        self.version += 1

    def find(self, number: str) -> Obj:
        """Find an object by its id.

        Raises:
            JiraError: 404.
        """
        obj = self.objects.get(number_of(number))
        if obj is None:
            raise not_found(f"Object {number[:40]}")
        return obj

    def of_type(self, kinds: Iterable[int]) -> set[int]:
        """List the ids of objects of these types."""
        return set().union(*(self._of_type[kind] for kind in kinds))

    def holders(self, attribute: int, text: str) -> set[int]:
        """List the ids of objects that hold a stored value, whatever its case."""
        return self._index.get((attribute, text.lower()), set())

    def is_unique(self, about: Attribute) -> bool:
        """Say whether no two objects hold the same value of an attribute."""
        return all(len(ids) < 2 for (number, _text), ids in self._index.items() if number == about.id)

    def label(self, obj: Obj) -> str:
        """Return the value of the attribute that is the label."""
        for attribute in self.attributes_of(obj.type):
            if attribute.label and obj.values.get(attribute.id):
                return obj.values[attribute.id][0]
        return obj.key

    def _put(self, obj: Obj, attribute: int, texts: list[str]) -> None:
        for text in obj.values.get(attribute, ()):
            self._index[attribute, text.lower()].discard(obj.id)
        if texts:
            obj.values[attribute] = texts
            for text in texts:
                self._index[attribute, text.lower()].add(obj.id)
        else:
            obj.values.pop(attribute, None)
        self.version += 1

    def _note(self, event: Event) -> None:
        self.history[event.object].append(event)
        self.journal.append(event)


def number_of(text: object) -> int:
    """Read an id; 0 for what is none."""
    plain = str(text)
    return int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 12 else 0


def whole(value: object, name: str) -> int:
    """Read an id or number that clients send as text or number.

    Raises:
        JiraError: 400.
    """
    text = str(value)
    if isinstance(value, bool) or not text.lstrip("-").isdigit() or not text.isascii() or len(text) > 12:
        raise JiraError(400, "", {name: f"{name} is no number"})
    return int(text)


def wanted(data: dict[str, object], *names: str) -> None:
    """Check that all names are there and not empty.

    Raises:
        JiraError: 400 with an entry per missing name.
    """
    missing = {name: f"{name} is required" for name in names if data.get(name) in (None, "")}
    if missing:
        raise JiraError(400, "", missing)
