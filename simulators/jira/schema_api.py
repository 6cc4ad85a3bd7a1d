"""Assets REST: object schemas, object types, attributes, status types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulators.http import Response
from simulators.jira.access import MANAGER, READER, WRITER, Account
from simulators.jira.call import Call, Routes, page
from simulators.jira.errors import JiraError, forbidden, not_found
from simulators.jira.store import (
    DEFAULT,
    DEFAULT_TYPES,
    KINDS,
    REFERENCE,
    Attribute,
    ObjectType,
    Schema,
    StatusType,
    number_of,
    wanted,
    whole,
)

if TYPE_CHECKING:
    from simulators.jira.app import Jira

_KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}")
_PLAIN = {
    "name": "name", "label": "label", "description": "description", "minimumCardinality": "least",
    "maximumCardinality": "most", "suffix": "suffix", "includeChildObjectTypes": "with_children", "hidden": "hidden",
    "uniqueAttribute": "unique", "regexValidation": "regex", "qlQuery": "query", "iql": "query", "options": "options",
}  # fmt: skip
_FLAGS = {"label", "includeChildObjectTypes", "hidden", "uniqueAttribute"}
_NUMBERS = ("minimumCardinality", "maximumCardinality")
_IGNORED = {"typeValueMulti", "summable"}


class SchemaApi:
    """Answers for the structure of one workspace."""

    def __init__(self, sim: Jira) -> None:
        self._sim = sim
        self._store = sim.store

    def routes(self, routes: Routes) -> None:
        """Add what is served."""
        read, write = "read:cmdb-schema:jira", "write:cmdb-schema:jira"
        routes.add("GET", "/objectschema/list", self.schemas, read)
        routes.add("POST", "/objectschema/create", self.create_schema, write)
        routes.add("GET", "/objectschema/{}", self.schema, read)
        routes.add("PUT", "/objectschema/{}", self.update_schema, write)
        routes.add("GET", "/objectschema/{}/attributes", self.schema_attributes, read, "read:cmdb-attribute:jira")
        routes.add("GET", "/objectschema/{}/objecttypes", self.types, read, "read:cmdb-type:jira")
        routes.add("GET", "/objectschema/{}/objecttypes/flat", self.types_flat, read, "read:cmdb-type:jira")
        routes.add("POST", "/objecttype/create", self.create_type, "write:cmdb-type:jira")
        routes.add("GET", "/objecttype/{}", self.type, "read:cmdb-type:jira")
        routes.add("PUT", "/objecttype/{}", self.update_type, "write:cmdb-type:jira")
        routes.add("GET", "/objecttype/{}/attributes", self.attributes, "read:cmdb-attribute:jira")
        routes.add("POST", "/objecttypeattribute/{}", self.create_attribute, "write:cmdb-attribute:jira")
        routes.add("PUT", "/objecttypeattribute/{}/{}", self.update_attribute, "write:cmdb-attribute:jira")
        routes.add("DELETE", "/objecttypeattribute/{}", self.delete_attribute, "delete:cmdb-attribute:jira")
        routes.add("GET", "/icon/global", self.icons, "read:cmdb-icon:jira")
        routes.add("GET", "/config/statustype", self.statuses, "read:cmdb-config:jira")
        routes.add("POST", "/config/statustype", self.create_status, "write:cmdb-config:jira")
        routes.add("GET", "/config/statustype/{}", self.status, "read:cmdb-config:jira")

    # -- schemas ----------------------------------------------------------

    def schemas(self, call: Call) -> Response:
        """`GET /objectschema/list`."""
        reader(call.account)
        start, size = call.number("startAt", 0), call.number("maxResults", 25)
        values, last = page(list(self._store.schemas.values()), start, size)
        counts = call.flag("includeCounts")
        manages = call.account.may(MANAGER)
        shown = [self._sim.renderer.schema(schema, manages=manages, counts=counts) for schema in values]
        total = len(self._store.schemas)
        answer = {"startAt": start, "maxResults": size, "total": total, "values": shown, "isLast": last, "last": last}
        return Response.json(answer)

    def create_schema(self, call: Call) -> Response:
        """`POST /objectschema/create`."""
        manager(call.account)
        data = call.body()
        wanted(data, "name", "objectSchemaKey")
        key = str(data["objectSchemaKey"])
        if not _KEY.fullmatch(key):
            raise JiraError(400, "", {"objectSchemaKey": "The key must be 2 to 10 upper case letters and digits"})
        for schema in self._store.schemas.values():
            if schema.key == key:
                raise JiraError(400, "", {"objectSchemaKey": "The key is already in use"})
            if schema.name.lower() == str(data["name"]).lower():
                raise JiraError(400, "", {"name": "The name is already in use"})
        schema = self._store.add_schema(str(data["name"]), key, str(data.get("description") or ""))
        call.wrote()
        return Response.json(self._sim.renderer.schema(schema, manages=True), 201)

    def schema(self, call: Call) -> Response:
        """`GET /objectschema/{id}`."""
        reader(call.account)
        return Response.json(self._sim.renderer.schema(self._schema(call.ids[0]), manages=call.account.may(MANAGER)))

    def update_schema(self, call: Call) -> Response:
        """`PUT /objectschema/{id}`: name and description."""
        manager(call.account)
        schema, data = self._schema(call.ids[0]), call.body()
        schema.name = str(data.get("name") or schema.name)
        schema.description = str(data.get("description") or schema.description)
        schema.updated = self._store.clock.now()
        call.wrote()
        return Response.json(self._sim.renderer.schema(schema, manages=True))

    def schema_attributes(self, call: Call) -> Response:
        """`GET /objectschema/{id}/attributes`."""
        reader(call.account)
        schema = self._schema(call.ids[0])
        found = [a for a in self._store.attributes.values() if self._store.types[a.type].schema == schema.id]
        return Response.json(self._shown(call, found, with_type=call.flag("extended")))

    # -- types ------------------------------------------------------------

    def types(self, call: Call) -> Response:
        """`GET /objectschema/{id}/objecttypes`: may be empty for those who do not manage the schema."""
        reader(call.account)
        schema = self._schema(call.ids[0])
        return Response.json({"entries": self._types(schema) if call.account.may(MANAGER) else []})

    def types_flat(self, call: Call) -> Response:
        """`GET /objectschema/{id}/objecttypes/flat`."""
        reader(call.account)
        count = call.flag("includeObjectCounts")
        return Response.json(self._types(self._schema(call.ids[0]), count=count))

    def create_type(self, call: Call) -> Response:
        """`POST /objecttype/create`."""
        manager(call.account)
        data = call.body()
        wanted(data, "name", "iconId", "objectSchemaId")
        schema = self._schema(str(data["objectSchemaId"]))
        parent = self._type(str(data["parentObjectTypeId"])).id if data.get("parentObjectTypeId") else 0
        same = [t for t in self._store.types.values() if t.schema == schema.id and t.parent == parent]
        if any(t.name.lower() == str(data["name"]).lower() for t in same):
            raise JiraError(400, "", {"name": "An object type with this name exists on this level"})
        kind = self._store.add_type(
            schema.id, str(data["name"]), icon=str(data["iconId"]), parent=parent,
            description=str(data.get("description") or ""), inherited=bool(data.get("inherited")),
            abstract=bool(data.get("abstractObjectType")),
        )  # fmt: skip
        call.wrote()
        return Response.json(self._sim.renderer.kind(kind), 201)

    def type(self, call: Call) -> Response:
        """`GET /objecttype/{id}`."""
        reader(call.account)
        return Response.json(self._sim.renderer.kind(self._type(call.ids[0]), count=True))

    def update_type(self, call: Call) -> Response:
        """`PUT /objecttype/{id}`: name, description, icon."""
        manager(call.account)
        kind, data = self._type(call.ids[0]), call.body()
        kind.name = str(data.get("name") or kind.name)
        kind.description = str(data.get("description") or kind.description)
        kind.icon = str(data.get("iconId") or kind.icon)
        kind.updated = self._store.clock.now()
        call.wrote()
        return Response.json(self._sim.renderer.kind(kind, count=True))

    # -- attributes -------------------------------------------------------

    def attributes(self, call: Call) -> Response:
        """`GET /objecttype/{id}/attributes`."""
        reader(call.account)
        kind = self._type(call.ids[0])
        found = self._store.attributes_of(kind.id)
        if call.flag("excludeParentAttributes"):
            found = [about for about in found if about.type == kind.id]
        if call.flag("orderByName"):
            found.sort(key=lambda about: about.name.lower())
        return Response.json(self._shown(call, found, with_type=True))

    def create_attribute(self, call: Call) -> Response:
        """`POST /objecttypeattribute/{objectTypeId}`."""
        manager(call.account)
        kind, data = self._type(call.ids[0]), call.body()
        wanted(data, "name", "type")
        if any(about.name.lower() == str(data["name"]).lower() for about in self._store.attributes_of(kind.id)):
            raise JiraError(400, "", {"name": "An attribute with this name exists on this object type"})
        settings = self._settings(data, Attribute(0, kind.id, str(data["name"])))
        about = self._store.add_attribute(kind.id, settings.pop("name"), **settings)
        call.wrote()
        return Response.json(self._sim.renderer.attribute(about), 201)

    def update_attribute(self, call: Call) -> Response:
        """`PUT /objecttypeattribute/{objectTypeId}/{id}`: only what is sent changes."""
        manager(call.account)
        kind = self._type(call.ids[0])
        about, data = self._attribute(call.ids[1]), call.body()
        if about.type != kind.id:
            raise not_found(f"Attribute {about.id} of object type {kind.id}")
        if about.system:
            raise JiraError(400, f"{about.name} is kept by Assets and cannot be changed")
        if whole(data.get("type", about.kind), "type") != about.kind:
            raise JiraError(400, "", {"type": "The type of an attribute with values cannot be changed"})
        settings = self._settings(data, about)
        if settings.get("unique") and not self._store.is_unique(about):
            raise JiraError(400, "", {"uniqueAttribute": "There are objects with the same value"})
        for name, value in settings.items():
            setattr(about, name, value)
        call.wrote()
        return Response.json(self._sim.renderer.attribute(about))

    def delete_attribute(self, call: Call) -> Response:
        """`DELETE /objecttypeattribute/{id}`."""
        manager(call.account)
        about = self._attribute(call.ids[0])
        if not about.removable:
            raise JiraError(400, f"{about.name} cannot be removed")
        self._store.remove_attribute(about)
        call.wrote()
        return Response(200)

    def _settings(self, data: Mapping[str, Any], about: Attribute) -> dict[str, Any]:
        """Translate what a client sends into fields of `Attribute`.

        Raises:
            JiraError: 400 with what is wrong per field.
        """
        unknown = set(data) - set(_PLAIN) - _IGNORED - {"type", "defaultTypeId", "typeValue", "additionalValue"}
        if unknown:
            raise JiraError(400, "", dict.fromkeys(sorted(unknown), "unknown property"))
        found = {_PLAIN[name]: value for name, value in data.items() if name in _PLAIN and value is not None}
        kinds = {_PLAIN[name]: bool if name in _FLAGS else str for name in _PLAIN if name not in _NUMBERS}
        wrong = [name for name, value in found.items() if name in kinds and not isinstance(value, kinds[name])]
        if wrong:
            raise JiraError(400, "", dict.fromkeys(wrong, "value of a wrong type"))
        for name in _NUMBERS:
            if name in data:
                found[_PLAIN[name]] = whole(data[name], name)
        if found.get("regex") and not _compiles(found["regex"]):
            raise JiraError(400, "", {"regexValidation": "not a regular expression"})
        kind = whole(data.get("type", about.kind), "type")
        if kind not in KINDS:
            raise JiraError(400, "", {"type": f"{kind} is no type of attribute"})
        found["kind"] = kind
        if kind == DEFAULT and ("type" in data or "defaultTypeId" in data):
            if "defaultTypeId" not in data:
                raise JiraError(400, "", {"defaultTypeId": "mandatory if type = Default"})
            found["default_type"] = whole(data["defaultTypeId"], "defaultTypeId")
            if found["default_type"] not in DEFAULT_TYPES:
                raise JiraError(400, "", {"defaultTypeId": "unknown default type"})
        if kind == REFERENCE and ("type" in data or "typeValue" in data):
            wanted(dict(data), "typeValue", "additionalValue")
            found["target"] = self._type(str(data["typeValue"])).id
            found["reference_type"] = str(data["additionalValue"])
            if whole(data["additionalValue"], "additionalValue") not in self._store.reference_types:
                raise JiraError(400, "", {"additionalValue": "unknown reference type"})
        return found

    def icons(self, call: Call) -> Response:
        """`GET /icon/global`."""
        reader(call.account)
        return Response.json(self._sim.renderer.icons())

    # -- status -----------------------------------------------------------

    def statuses(self, call: Call) -> Response:
        """`GET /config/statustype`: those all schemas share, or with `objectSchemaId` those of the schema."""
        reader(call.account)
        schema = call.number("objectSchemaId", 0)
        found = [s for s in self._store.statuses.values() if s.schema == schema]
        return Response.json([_status(one) for one in found])

    def create_status(self, call: Call) -> Response:
        """`POST /config/statustype`."""
        manager(call.account)
        data = call.body()
        wanted(data, "name", "category")
        category = whole(data["category"], "category")
        if category not in (0, 1, 2):
            raise JiraError(400, "", {"category": "unknown category"})
        schema = self._schema(str(data["objectSchemaId"])).id if data.get("objectSchemaId") else 0
        if any(s.name.lower() == str(data["name"]).lower() and s.schema == schema for s in self._all_statuses()):
            raise JiraError(400, "", {"name": "A status with this name exists"})
        status = self._store.add_status(str(data["name"]), category, schema, str(data.get("description") or ""))
        call.wrote()
        return Response.json(_status(status), 201)

    def status(self, call: Call) -> Response:
        """`GET /config/statustype/{id}`."""
        reader(call.account)
        found = next((s for s in self._all_statuses() if str(s.id) == call.ids[0]), None)
        if found is None:
            raise not_found("Status")
        return Response.json(_status(found))

    # -- look-ups ---------------------------------------------------------

    def _all_statuses(self) -> list[StatusType]:
        return list(self._store.statuses.values())

    def _types(self, schema: Schema, *, count: bool = False) -> list[dict[str, Any]]:
        kinds = [kind for kind in self._store.types.values() if kind.schema == schema.id]
        return [self._sim.renderer.kind(kind, count=count) for kind in kinds]

    def _shown(self, call: Call, found: list[Attribute], *, with_type: bool) -> list[dict[str, Any]]:
        query = call.params.get("query", "").strip('"').lower()
        editable = call.flag("onlyValueEditable")
        return [
            self._sim.renderer.attribute(about, with_type=with_type)
            for about in found
            if query in about.name.lower() and (about.editable or not editable)
        ]

    def _schema(self, number: str) -> Schema:
        schema = self._store.schemas.get(number_of(number))
        if schema is None:
            raise not_found(f"Object schema {number[:40]}")
        return schema

    def _type(self, number: str) -> ObjectType:
        kind = self._store.types.get(number_of(number))
        if kind is None:
            raise not_found(f"Object type {number[:40]}")
        return kind

    def _attribute(self, number: str) -> Attribute:
        about = self._store.attributes.get(number_of(number))
        if about is None:
            raise not_found(f"Object type attribute {number[:40]}")
        return about


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def reader(account: Account) -> None:
    """Refuse who may not see Assets.

    Raises:
        JiraError: 403.
    """
    if not account.may(READER, WRITER, MANAGER):
        raise forbidden()


def manager(account: Account) -> None:
    """Refuse who may not change the structure.

    Raises:
        JiraError: 403.
    """
    if not account.may(MANAGER):
        raise forbidden()


def _status(status: StatusType) -> dict[str, Any]:
    found: dict[str, Any] = {"id": str(status.id), "name": status.name, "category": status.category}
    if status.description:
        found["description"] = status.description
    return found | {"objectSchemaId": str(status.schema)} if status.schema else found
