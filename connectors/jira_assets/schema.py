"""The object schema as it is: types, attributes, statuses; read when needed, kept until somebody asks for it anew.

Source: *Assets REST API*, object schema, object type, attribute and status resources (OpenAPI document of 2025-12, read
2026-11-22). `/objecttypes/flat` also answers non-administrators, where `/objecttypes` may be empty.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.jira_assets import aql
from connectors.jira_assets.client import AssetsClient
from connectors.pagination import LoopGuard
from synchub.errors import ContractChanged

PLAIN, REFERENCE, USER, GROUP, STATUS = 0, 1, 2, 4, 7  # `type` of an attribute
TEXT, INTEGER, BOOLEAN, DOUBLE, DATE, DATETIME, TEXTAREA = 0, 1, 2, 3, 4, 6, 9  # `defaultType` of a plain one


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an object type.

    Attributes:
        id: Its id, with which values are written.
        name: As people see it.
        type: `PLAIN`, `REFERENCE`, `USER`, `GROUP` or `STATUS`; others are passed through as text.
        form: For a plain one: `TEXT`, `INTEGER` …
        writable: Editable and not of the system.
        unique: No two objects of a type hold the same value.
        least: Values an object has at least.
        most: Values an object has at most; -1 for any number.
    """

    id: str
    name: str
    type: int = PLAIN
    form: int = TEXT
    writable: bool = True
    unique: bool = False
    least: int = 0
    most: int = 1


@dataclass(frozen=True, slots=True)
class ObjectType:
    """An object type of the schema."""

    id: str
    name: str
    parent: str | None
    icon: str
    inherited: bool


@dataclass(frozen=True, slots=True)
class View:
    """What the schema looked like at one moment.

    Attributes:
        id: Its id; None where there is no such schema.
        names: Names of all schemas this login sees.
        manages: This login may change the schema; None when the system does not say.
        types: Object type id -> type.
    """

    id: str | None
    names: tuple[str, ...]
    manages: bool | None
    types: Mapping[str, ObjectType] = field(default_factory=dict)

    def type_of(self, kind: str) -> ObjectType | None:
        """Find an object type by name, exactly or else without regard to case; of several the oldest."""
        some = [t for t in self.types.values() if t.name == kind]
        some = some or [t for t in self.types.values() if t.name.casefold() == kind.casefold()]
        return min(some, key=lambda t: int(t.id)) if some else None

    def family(self, kind: str) -> list[str]:
        """List the ids of an object type and of all below it; empty when there is none."""
        first = self.type_of(kind)
        return self.below(first.id) if first else []

    def below(self, type_id: str) -> list[str]:
        """List the ids of an object type and of all below it."""
        found = [type_id]
        for identifier in found:  # grows while it is read
            found += [t.id for t in self.types.values() if t.parent == identifier and t.id not in found]
        return found

    def is_below(self, kind: str, parent: str) -> bool:
        """Tell whether an object type is another one or stands below it."""
        own = self.type_of(kind)
        return own is not None and own.id in self.family(parent)


class Schema:
    """The object schema that a connection writes. Safe to use from several threads."""

    def __init__(self, client: AssetsClient) -> None:
        self._client = client
        self._lock = threading.RLock()
        self._view: View | None = None
        self._attributes: dict[str, dict[str, Attribute]] = {}
        self._statuses: dict[str, str] | None = None

    def forget(self) -> None:
        """Read everything anew at the next question."""
        with self._lock:
            self._view, self._statuses = None, None
            self._attributes.clear()

    def forget_attributes(self) -> None:
        """Read attributes anew at the next question."""
        with self._lock:
            self._attributes.clear()

    def learn(self, type_id: str, answer: Any) -> bool:
        """Take a new attribute over from the answer to its creation, for its type and those that inherit it.

        Returns:
            False when the answer says too little; then attributes have to be read anew.
        """
        if not isinstance(answer, dict) or not aql.is_id(str(answer.get("id"))) or not answer.get("name"):
            return False
        with self._lock:
            view, added = self.view(), _attribute({**answer, "id": str(answer["id"])})
            for one in view.below(type_id) if view.types[type_id].inherited else [type_id]:
                if one in self._attributes:
                    self._attributes[one][added.name] = added
        return True

    def forget_statuses(self) -> None:
        """Read statuses anew at the next question."""
        with self._lock:
            self._statuses = None

    def view(self) -> View:
        """Return schema and object types."""
        with self._lock:
            if self._view is None:
                self._view = self._read()
            return self._view

    def plain(self, name: str) -> bool:
        """Tell whether what people are shown of an attribute is its value, in every object type known so far."""
        with self._lock:
            found = [a for some in self._attributes.values() if (a := some.get(name)) is not None]
        return bool(found) and all(
            a.most == 1 and (a.type == STATUS or (a.type == PLAIN and a.form not in (DATE, DATETIME))) for a in found
        )

    def attributes(self, type_id: str) -> dict[str, Attribute]:
        """Return the attributes of an object type, inherited ones included, by name."""
        with self._lock:
            if type_id not in self._attributes:
                rows = self._client.get(f"/objecttype/{type_id}/attributes")
                found = [_attribute(row) for row in _rows(rows, self._client.name, "attributes")]
                self._attributes[type_id] = {a.name: a for a in found if a.name}
            return self._attributes[type_id]

    def has(self, kind: str, name: str) -> bool:
        """Tell whether an object type or any below it has an attribute: asking for another one is an error."""
        return any(name in self.attributes(t) for t in self.view().family(kind))

    def statuses(self) -> dict[str, str]:
        """Return status name -> id: those of the schema before global ones."""
        with self._lock:
            if self._statuses is None:
                found: dict[str, str] = {}
                identifier = self.view().id
                for params in (None, {"objectSchemaId": identifier} if identifier else None):
                    rows = self._client.get("/config/statustype", params)
                    found |= {str(r.get("name")): str(r["id"]) for r in _rows(rows, self._client.name, "statuses")}
                self._statuses = found
            return self._statuses

    def status_id(self, name: str) -> str | None:
        """Find a status by name, exactly or else without regard to case."""
        known = self.statuses()
        folded = {k.casefold(): v for k, v in known.items()}
        return known.get(name) or folded.get(name.casefold())

    def any_icon(self) -> str:
        """Return the id of an icon: a new object type must have one."""
        if self._client.settings.icon:
            return self._client.settings.icon
        for known in self.view().types.values():
            if known.icon:
                return known.icon
        answer = self._client.get("/icon/global")
        rows = answer.get("Icons") if isinstance(answer, dict) else answer
        icons = [str(r["id"]) for r in _rows(rows, self._client.name, "icons")]
        if not icons:
            raise ContractChanged("the workspace names no icon, and an object type needs one.", where=self._client.name,
                                  fix="Create one object type by hand.")  # fmt: skip
        return icons[0]

    def _read(self) -> View:
        schemas = self._schemas()
        wanted = self._client.settings.schema_
        row = next((s for s in schemas if s.get("name") == wanted), None)
        row = row or next((s for s in schemas if str(s.get("name")).casefold() == wanted.casefold()), None)
        names = tuple(str(s.get("name")) for s in schemas)
        if row is None:
            return View(None, names, None)
        flat = self._client.get(f"/objectschema/{row['id']}/objecttypes/flat")
        types = [_type(r) for r in _rows(flat, self._client.name, "object types")]
        manages = row.get("canManage")
        return View(row["id"], names, manages if isinstance(manages, bool) else None, {t.id: t for t in types})

    def _schemas(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        guard = LoopGuard(f"{self._client.name}: list of object schemas")
        while True:
            page = self._client.get("/objectschema/list", {"startAt": guard.step(str(len(found))), "maxResults": 50})
            if not isinstance(page, dict):
                raise ContractChanged("the list of object schemas cannot be read.", where=self._client.name)
            found += _rows(page.get("values"), self._client.name, "object schemas")
            if is_last(page) or len(found) >= int(page.get("total") or 0):
                return found


def is_last(page: Mapping[str, Any]) -> bool:
    """Read the end signal of a page; the documentation's own example writes it as text."""
    return any(str(page.get(key)).lower() == "true" for key in ("isLast", "last"))


def _rows(rows: Any, connection: str, what: str) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(r, dict) and aql.is_id(str(r.get("id"))) for r in rows):
        raise ContractChanged(f"the list of {what} cannot be read.", where=connection, fix="Check `url` and `api`.")
    return [{**row, "id": str(row["id"])} for row in rows]


def _type(row: Mapping[str, Any]) -> ObjectType:
    parent, icon = row.get("parentObjectTypeId"), row.get("icon")
    icon_id = str(icon.get("id") or "") if isinstance(icon, dict) else ""
    return ObjectType(
        row["id"], str(row.get("name") or ""), str(parent) if parent else None, icon_id, row.get("inherited") is True
    )


def _attribute(row: Mapping[str, Any]) -> Attribute:
    form = row.get("defaultType")
    return Attribute(
        id=row["id"],
        name=str(row.get("name") or ""),
        type=_number(row.get("type"), PLAIN),
        form=_number(form.get("id"), TEXT) if isinstance(form, dict) else TEXT,
        writable=row.get("editable") is not False and row.get("system") is not True,
        unique=row.get("uniqueAttribute") is True,
        least=_number(row.get("minimumCardinality"), 0),
        most=_number(row.get("maximumCardinality"), 1),
    )


def _number(value: Any, default: int) -> int:
    try:
        return default if value is None else int(value)
    except (TypeError, ValueError):
        return default
