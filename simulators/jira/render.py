"""JSON of schemas, object types, attributes and objects, as the examples of the Assets specification show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulators.jira.call import stamp
from simulators.jira.store import DEFAULT, DEFAULT_TYPES, REFERENCE, Attribute, Event, Obj, ObjectType, Schema, Store
from simulators.jira.values import Values

_ICONS = {"1": "Other", "13": "Building", "28": "Cottage", "37": "Laptop", "47": "Employee"}
_SIZES = (16, 48, 72, 144, 288)


class Renderer:
    """Renders what one workspace holds.

    Args:
        store: The workspace.
        values: Renders values.
        base: Address that links start with.
    """

    def __init__(self, store: Store, values: Values, base: Callable[[], str]) -> None:
        self._store = store
        self._values = values
        self._base = base

    def _root(self) -> str:
        return f"{self._base()}/jsm/assets/workspace/{self._store.workspace}/v1"

    def _ids(self, number: int | str) -> dict[str, str]:
        workspace = self._store.workspace
        return {"workspaceId": workspace, "globalId": f"{workspace}:{number}", "id": str(number)}

    def schema(self, schema: Schema, *, manages: bool, counts: bool = True) -> dict[str, Any]:
        """Render an object schema; `manages` says whether the caller may change it; without counts both are 0."""
        kinds = [kind.id for kind in self._store.types.values() if kind.schema == schema.id]
        found = self._ids(schema.id) | {
            "name": schema.name, "objectSchemaKey": schema.key, "status": "Ok", "created": stamp(schema.created),
            "updated": stamp(schema.updated), "objectCount": len(self._store.of_type(kinds)) if counts else 0,
            "objectTypeCount": len(kinds) if counts else 0, "canManage": manages,
        }  # fmt: skip
        return found | {"description": schema.description} if schema.description else found

    def kind(self, kind: ObjectType, *, count: bool = False) -> dict[str, Any]:
        """Render an object type; without `count` its `objectCount` is 0."""
        icon = f"{self._root()}/objecttype/{kind.id}/icon.png?size="
        found: dict[str, Any] = self._ids(kind.id) | {
            "name": kind.name, "type": 0,
            "icon": {
                "id": kind.icon, "name": _ICONS.get(kind.icon, "Other"), "url16": f"{icon}16", "url48": f"{icon}48",
            },
            "position": kind.position, "created": stamp(kind.created), "updated": stamp(kind.updated),
            "objectCount": len(self._store.of_type([kind.id])) if count else 0, "objectSchemaId": str(kind.schema),
            "inherited": kind.inherited, "abstractObjectType": kind.abstract,
            "parentObjectTypeInherited": self._store.passes_on(kind.parent),
        }  # fmt: skip
        if kind.description:
            found["description"] = kind.description
        if kind.parent:
            found["parentObjectTypeId"] = kind.parent
        return found

    def attribute(self, about: Attribute, *, with_type: bool = False) -> dict[str, Any]:
        """Render an attribute of an object type."""
        found: dict[str, Any] = self._ids(about.id) | {
            "name": about.name, "label": about.label, "type": about.kind, "editable": about.editable,
            "system": about.system, "sortable": True, "summable": False, "indexed": True,
            "minimumCardinality": about.least, "maximumCardinality": about.most, "removable": about.removable,
            "hidden": about.hidden, "includeChildObjectTypes": about.with_children, "uniqueAttribute": about.unique,
            "options": about.options, "position": about.position,
        }  # fmt: skip
        if with_type:
            found["objectType"] = self.kind(self._store.types[about.type])
        if about.kind == DEFAULT:
            found["defaultType"] = {"id": about.default_type, "name": DEFAULT_TYPES[about.default_type]}
        if about.kind == REFERENCE:
            found["referenceObjectTypeId"] = str(about.target)
            if about.target in self._store.types:
                found["referenceObjectType"] = self.kind(self._store.types[about.target])
            found["referenceType"] = self.reference_type(about.reference_type)
        further = {
            "description": about.description, "regexValidation": about.regex, "suffix": about.suffix,
            "qlQuery": about.query,
        }  # fmt: skip
        return found | {name: value for name, value in further.items() if value}

    def icons(self) -> list[dict[str, str]]:
        """Render the icons object types may have."""
        root = f"{self._root()}/icon"
        return [
            {"id": i, "name": name, "url16": f"{root}/{i}/icon.png?size=16", "url48": f"{root}/{i}/icon.png?size=48"}
            for i, name in _ICONS.items()
        ]

    def reference_type(self, number: str) -> dict[str, Any]:
        """Render a reference type."""
        name = self._store.reference_types.get(int(number or 4), "Reference")
        return self._ids(number or "4") | {"name": name, "description": "", "color": "#dfe1e5", "removable": True}

    def obj(
        self,
        obj: Obj,
        visible: Callable[[Obj], bool],
        *,
        attributes: bool = True,
        definitions: bool = False,
    ) -> dict[str, Any]:
        """Render an object; `definitions` puts each attribute's definition beside its values."""
        kind = self._store.types[obj.type]
        icon = f"{self._root()}/objecttype/{kind.id}/icon.png?size="
        avatar: dict[str, Any] = self._ids(obj.id) | {f"url{size}": f"{icon}{size}" for size in _SIZES}
        label = self._store.label(obj)
        found = self._ids(obj.id) | {
            "label": label, "objectKey": obj.key, "avatar": avatar | {"objectId": str(obj.id)},
            "objectType": self.kind(kind), "created": stamp(obj.created), "updated": stamp(obj.updated),
            "hasAvatar": False, "timestamp": int(obj.created * 1000),
            "_links": {"self": f"{self._root()}/object/{obj.id}"}, "name": label,
        }  # fmt: skip
        if attributes:
            found["attributes"] = self.attributes(obj, visible, definitions=definitions)
        return found

    def attributes(
        self, obj: Obj, visible: Callable[[Obj], bool], *, definitions: bool = False, empty: bool = False
    ) -> list[dict[str, Any]]:
        """Render the attributes of an object; those without a value only where `empty` is set."""
        found = []
        for about in self._store.attributes_of(obj.type):
            texts = self._values.of(obj, about)
            if not texts and not empty:
                continue
            shown = [self._values.render(about, text, visible, self._reference) for text in texts]
            number = f"{obj.id}{about.id:04d}"
            one: dict[str, Any] = self._ids(number) | {"objectTypeAttributeId": str(about.id)}
            if definitions:
                one["objectTypeAttribute"] = self.attribute(about)
            one["objectAttributeValues"] = [value for value in shown if value is not None]
            found.append(one | {"objectId": str(obj.id)})
        return found

    def _reference(self, obj: Obj) -> dict[str, Any]:
        return self.obj(obj, lambda _obj: True, attributes=False)

    def event(self, event: Event) -> dict[str, Any]:
        """Render an entry of an object's history."""
        found: dict[str, Any] = {
            "id": str(event.id), "actor": self._values.user(event.actor), "type": event.kind,
            "created": stamp(event.time), "objectId": str(event.object),
        }  # fmt: skip
        if event.attribute:
            found |= {"affectedAttribute": event.attribute}
            found |= {name: text for name, text in (("oldValue", event.old), ("newValue", event.new)) if text}
        return found
