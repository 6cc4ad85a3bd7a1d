"""Changes to the object schema: what is missing so that the hub's objects fit, and adding it.

Only additions: nothing that exists is changed, moved or removed. Source: *Assets REST API*, `objectschema/create`,
`objecttype/create`, `objecttypeattribute/{objectTypeId}`, `config/statustype` (OpenAPI document of 2025-12, read
2026-11-22). A reference attribute must name a reference type in `additionalValue`; clients report the ids 1 Dependency,
2 Financial, 3 Link, 4 Reference, 5 Technical, and that descriptions of types are at most 70 characters long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from connectors.jira_assets import schema as known
from connectors.jira_assets.client import AssetsClient, may_be_done
from connectors.jira_assets.outcomes import failed
from connectors.jira_assets.schema import Attribute, Schema
from synchub.domain.plan import Op, Outcome, RowState, Value, Write
from synchub.domain.shape import AttributeShape, KindShape
from synchub.errors import AuthError, ConfigError, ConnectorError, WrongInstance

SCHEMA, TYPE, ATTRIBUTE, STATUS = "object schema", "object type", "attribute", "status"
_DEFAULTS = frozenset({"Key", "Name", "Created", "Updated"})  # every new object type has them
_FORMS = {
    "integer": known.INTEGER, "number": known.DOUBLE, "bool": known.BOOLEAN, "date": known.DATE,
    "datetime": known.DATETIME,
}  # fmt: skip
_TEXT_LIMIT = 255
_ACTIVE, _INACTIVE, _PENDING = 1, 0, 2
_CATEGORIES = {
    "Deployed": _ACTIVE, "In Use": _ACTIVE, "Active": _ACTIVE, "Retired": _INACTIVE, "Disposed": _INACTIVE,
    "Missing": _INACTIVE, "Stolen": _INACTIVE, "Inactive": _INACTIVE,
}  # fmt: skip


class Shaper:
    """Compares the schema with what is wanted, and adds what is missing."""

    def __init__(self, client: AssetsClient, schema: Schema) -> None:
        self._client = client
        self._schema = schema

    def missing(self, wanted: Sequence[KindShape]) -> list[Write]:
        """List what has to be added, in the order in which it can be; reads only.

        Raises:
            ConfigError: An object type stands where its objects would not be found again.
            ConnectorError: The schema cannot be read.
        """
        self._schema.forget()
        parts = [*self._schemas(), *self._statuses(wanted), *self._types(wanted), *self._attributes(wanted)]
        return [Write(n, what, Op.CREATE, None, fields, "") for n, (what, fields) in enumerate(parts)]

    def _schemas(self) -> Iterator[tuple[str, dict[str, Value]]]:
        if self._schema.view().id is None:
            settings = self._client.settings
            key = settings.schema_key or re.sub("[^A-Z0-9]", "", settings.schema_.upper()).lstrip("0123456789")[:10]
            yield SCHEMA, {"name": settings.schema_, "key": key or "ITAM"}

    def _statuses(self, wanted: Sequence[KindShape]) -> Iterator[tuple[str, dict[str, Value]]]:
        names = dict.fromkeys(v for kind in wanted for a in kind.attributes for v in a.values if a.form == "status")
        for name in names:
            if self._schema.status_id(name) is None:
                yield STATUS, {"name": name, "category": _CATEGORIES.get(name, _PENDING)}

    def _types(self, wanted: Sequence[KindShape]) -> Iterator[tuple[str, dict[str, Value]]]:
        view = self._schema.view()
        parents = {k.parent for k in wanted if k.parent and k.parent != k.kind}
        ordered = dict.fromkeys(sorted(parents)) | {k.kind: k.parent for k in wanted if k.kind not in parents}
        for kind, parent in ordered.items():
            if view.type_of(kind) is None:
                yield TYPE, {"name": kind, "below": parent, "inherited": kind in parents}
            elif parent and view.type_of(parent) is not None and not view.is_below(kind, parent):
                raise ConfigError(
                    f"the object type {kind!r} does not stand below {parent!r}, where its objects are looked for.",
                    where=f"{self._client.name}: schema {self._client.settings.schema_}",
                    fix=f"Move it below {parent!r}, or set `kind` or `read` in a target map.",
                )  # fmt: skip

    def _attributes(self, wanted: Sequence[KindShape]) -> Iterator[tuple[str, dict[str, Value]]]:
        mark = AttributeShape(self._client.settings.hub_key)
        groups: dict[str, list[KindShape]] = {}
        for kind in wanted:
            if kind.attributes:
                groups.setdefault(kind.parent or kind.kind, []).append(kind)
        for parent, kinds in groups.items():
            common = self._common(parent, kinds)
            places = [(parent, common)] if common else []
            kinds.sort(key=lambda k: k.kind != parent)  # what the parent has, those below it inherit
            places += [(k.kind, [a for a in (mark, *k.attributes) if a not in common]) for k in kinds]
            for place, attributes in places:
                have = self._have(place)
                for shape in {a.name: a for a in attributes}.values():
                    if shape.name not in have:
                        yield ATTRIBUTE, self._described(place, shape, unique=shape is mark)

    def _common(self, parent: str, kinds: Sequence[KindShape]) -> list[AttributeShape]:
        """List what belongs on the parent type: what all types below it carry, where they inherit it."""
        own = self._schema.view().type_of(parent)
        if all(k.kind == parent for k in kinds) or (own is not None and not own.inherited):
            return []
        first, *others = kinds
        return [a for a in first.attributes if all(a in other.attributes for other in others)]

    def _have(self, kind: str) -> frozenset[str]:
        own = self._schema.view().type_of(kind)
        return frozenset(self._schema.attributes(own.id)) if own else _DEFAULTS

    def _described(self, place: str, shape: AttributeShape, *, unique: bool) -> dict[str, Value]:
        form = "text" if shape.form == "raw" else shape.form
        if shape.refers:
            form = "reference"
        elif form == "text" and (shape.longest or 0) > _TEXT_LIMIT:
            form = "long text"
        fields: dict[str, Value] = {"name": shape.name, "of": place, "form": form}
        if shape.refers:
            fields["refers to"] = shape.refers
        return fields | ({"unique": True} if unique else {})

    # --- adding -------------------------------------------------------------------------------------------------------

    def add(self, writes: Sequence[Write]) -> list[Outcome]:
        """Add what is still missing, one after the other; one outcome per row."""
        self._schema.forget()
        outcomes = []
        for write in writes:
            try:
                outcomes.append(self._add(write))
            except (AuthError, WrongInstance):
                raise
            except ConnectorError as error:
                outcomes.append(failed(write, error))
        return outcomes

    def _add(self, write: Write) -> Outcome:
        found = self._find(write)
        if found is not None:
            return Outcome(write.row, RowState.UNCHANGED, object_id=found)
        lacking = self._lacking(write)
        if lacking:
            return Outcome(write.row, RowState.REFUSED, message=f"{self._client.name}: {lacking} is not there.")
        path, body = self._request(write)
        answer = None
        try:
            answer = self._client.create(path, body)
        except ConnectorError as error:
            if not may_be_done(error):
                raise
        self._changed(write, answer)
        found = self._find(write)
        if found is None:
            message = f"{self._client.name}: {write.kind} {write.fields['name']!r} was sent, but is not there (yet)."
            return Outcome(write.row, RowState.FAILED, retryable=True, message=message)
        return Outcome(write.row, RowState.APPLIED, object_id=found, fields=dict(write.fields))

    def _changed(self, write: Write, answer: Any) -> None:
        """Have what a row touched read anew, and nothing else: requests are rationed."""
        if write.kind == ATTRIBUTE:
            if not self._schema.learn(self._type_id(write.fields["of"]), answer):
                self._schema.forget_attributes()
        elif write.kind == STATUS:
            self._schema.forget_statuses()
        else:
            self._schema.forget()

    def _find(self, write: Write) -> str | None:
        """Return the id of what a row adds, where it is there already."""
        view, name = self._schema.view(), str(write.fields["name"])
        if write.kind == SCHEMA or view.id is None:
            return view.id if write.kind == SCHEMA else None
        if write.kind == STATUS:
            return self._schema.status_id(name)
        if write.kind == TYPE:
            own = view.type_of(name)
            return own.id if own else None
        of = view.type_of(str(write.fields["of"]))
        attribute: Attribute | None = self._schema.attributes(of.id).get(name) if of else None
        return attribute.id if attribute else None

    def _lacking(self, write: Write) -> str:
        """Name what has to be there first, and is not: an earlier row failed."""
        view = self._schema.view()
        if write.kind != SCHEMA and view.id is None:
            return f"the object schema {self._client.settings.schema_!r}"
        needed = [write.fields.get(key) for key in ("below", "of", "refers to")]
        missing = [str(kind) for kind in needed if kind and view.type_of(str(kind)) is None]
        return f"the object type {missing[0]!r}" if missing else ""

    def _request(self, write: Write) -> tuple[str, dict[str, Any]]:
        fields, view = write.fields, self._schema.view()
        name = str(fields["name"])
        if write.kind == SCHEMA:
            return "/objectschema/create", {"name": name, "objectSchemaKey": fields["key"]}
        if write.kind == STATUS:
            return "/config/statustype", {"name": name, "category": fields["category"], "objectSchemaId": view.id}
        if write.kind == TYPE:
            body: dict[str, Any] = {
                "name": name, "objectSchemaId": view.id, "iconId": self._schema.any_icon(),
                "inherited": bool(fields.get("inherited")), "abstractObjectType": False,
            }  # fmt: skip
            if fields.get("below"):
                body["parentObjectTypeId"] = self._type_id(fields["below"])
            return "/objecttype/create", body
        return f"/objecttypeattribute/{self._type_id(fields['of'])}", self._attribute_body(name, fields)

    def _attribute_body(self, name: str, fields: dict[str, Value]) -> dict[str, Any]:
        form = fields["form"]
        body: dict[str, Any] = {"name": name}
        if form == "reference":
            body |= {
                "type": known.REFERENCE, "typeValue": self._type_id(fields["refers to"]),
                "additionalValue": self._client.settings.reference_type, "includeChildObjectTypes": True,
            }  # fmt: skip
        elif form == "status":
            body |= {"type": known.STATUS}
        else:
            plain = known.TEXTAREA if form == "long text" else _FORMS.get(str(form), known.TEXT)
            body |= {"type": known.PLAIN, "defaultTypeId": plain}
        return body | ({"uniqueAttribute": True} if fields.get("unique") else {})

    def _type_id(self, kind: Value) -> str:
        own = self._schema.view().type_of(str(kind))
        assert own is not None  # `_lacking` looked
        return own.id
