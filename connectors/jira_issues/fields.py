"""Fields of issues: which value they hold, and how it is written.

Source: `GET /field` of the Jira Cloud platform REST API v3 (`schema.type`, `items`, `custom`, `system`; OpenAPI
document of 2025-12) and *Assets objects field* (`[{"workspaceId", "id": "workspace:object", "objectId"}]`), read
2026-11-22.

Beside the fields of Jira a target map may name these: `key`, `site`, `status_category` (written by a transition),
`comment` (the hub's latest one; written by adding one) and `assets` (the configured field with Assets objects).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.jira_issues import adf, jql
from connectors.jira_issues.client import IssuesClient, Raw
from synchub.domain.plan import Value
from synchub.errors import ConfigError

CATEGORY, COMMENT, ASSETS = "status_category", "comment", "assets"
CATEGORIES = ("new", "indeterminate", "done")
_ALWAYS = ("updated", "issuetype", "project", "status")
_ASKED = {"key": (), "site": (), CATEGORY: ("status",), COMMENT: ("comment",)}
_DOCUMENTS = ("description", "environment")
_INNER = {"user": "accountId", "named": "name", "option": "value"}
_NAMED = ("priority", "issuetype", "project", "status", "resolution")


class RefusedValueError(ValueError):
    """A value that a field cannot hold; the message says why and never holds the value."""


class Fields:
    """Reads and writes fields of one site's issues.

    Args:
        client: Knows the fields by name.
    """

    def __init__(self, client: IssuesClient) -> None:
        self._client = client

    def id(self, name: str) -> str | None:
        """Return the id of the field behind a name of the target map; None where there is none."""
        if name == ASSETS:
            block = self._client.settings.assets
            if block is None:
                return None
            name = block.field
        found = self._client.field(name)
        return str(found["id"]) if found else None

    def mark(self) -> str:
        """Return the id of the field that carries the hub key.

        Raises:
            ConfigError: There is no such field, or it holds no labels.
        """
        name = self._client.settings.hub_key
        number = self._client.field_id(name)
        if self.kind(number) != "labels":
            raise ConfigError(
                f"the field {name!r} holds no labels; only whole labels can be looked up.",
                where=f"{self._client.name}: hub_key", fix="Use `labels`, or a custom field of type Labels.",
            )  # fmt: skip
        return number

    def kind(self, number: str) -> str:
        """Tell what a field holds: text, document, labels, objects, user, named, option, number, date or other."""
        schema = (self._client.field(number) or {}).get("schema") or {}
        type_, items, custom = schema.get("type"), schema.get("items"), str(schema.get("custom") or "")
        if items == "cmdb-object-field" or custom.endswith(":cmdb-object-cftype"):
            return "objects"
        if type_ == "string":
            return "document" if schema.get("system") in _DOCUMENTS or custom.endswith(":textarea") else "text"
        if type_ == "array":
            return "labels" if items == "string" else "other"
        if type_ in _NAMED:
            return "named"
        return str(type_) if type_ in ("user", "option", "number", "date") else "other"

    def asked(self, names: Sequence[str]) -> list[str]:
        """List the ids to ask for so that some fields can be told."""
        wanted = {*_ALWAYS, self.mark()}
        for name in names:
            if name in _ASKED:
                wanted.update(_ASKED[name])
            else:
                number = self.id(name)
                wanted.update([number] if number else [])
        return sorted(wanted)

    # --- out of Jira --------------------------------------------------------------------------------------------------

    def value(self, issue: Raw, name: str) -> Value:
        """Return what an issue holds in a field of the target map; None for nothing and for fields unknown."""
        held = issue.get("fields") or {}
        if name == "key":
            return str(issue.get("key") or "") or None
        if name == "site":
            return self._client.host
        if name == CATEGORY:
            return category(issue) or None
        if name == COMMENT:
            return self.comment(held.get("comment"))
        number = self.id(name)
        return None if number is None else self._plain(number, held.get(number))

    def _plain(self, number: str, value: Any) -> Value:
        kind = self.kind(number)
        if value in (None, "", []):
            return None
        if kind == "document":
            return adf.plain(value) or None
        if kind == "labels":
            return sorted(str(v) for v in value if not jql.is_mark(str(v))) or None
        if kind == "objects":
            ids = sorted(str(v.get("objectId") or "") for v in value if isinstance(v, dict))
            return ids[0] if len(ids) == 1 else ids
        if kind in _INNER:
            return str(value.get(_INNER[kind]) or "") or None if isinstance(value, dict) else None
        return value if isinstance(value, (str, int, float, bool)) else None

    def marks(self, issue: Raw) -> list[str]:
        """List the hub keys that an issue carries."""
        value = (issue.get("fields") or {}).get(self.mark())
        return [str(v) for v in value if jql.is_mark(str(v))] if isinstance(value, list) else []

    def comment(self, page: Any) -> str | None:
        """Return the text of this login's newest comment among those that came with an issue."""
        listed = page.get("comments") if isinstance(page, dict) else None
        texts = [
            (str(c.get("created") or ""), int(c["id"]), adf.plain(c.get("body")))
            for c in (listed if isinstance(listed, list) else ())
            if isinstance(c, dict) and str(c.get("id")).isdecimal() and author(c) == self._client.account()
        ]
        return max(texts)[2] if texts else None

    # --- into Jira ----------------------------------------------------------------------------------------------------

    def wire(self, name: str, value: Value, held: Raw | None) -> tuple[str, Any]:
        """Bring a value into the API's form: (field id, what is sent).

        Args:
            name: Field of the target map.
            value: None empties the field.
            held: The issue as it is; its hub keys are kept.

        Raises:
            RefusedValueError: The field cannot hold it, or is not there.
        """
        number = self.id(name)
        if number is None or name in ("key", "site"):
            raise RefusedValueError("there is no such field to write")
        kind = self.kind(number)
        if kind == "labels":
            texts = value if isinstance(value, list) else [str(value)] if value not in (None, "") else []
            kept = self.marks(held) if held and number == self.mark() else []
            return number, [*(t for t in texts if not jql.is_mark(t)), *kept]
        if value in (None, "", []):
            return number, [] if kind == "objects" else None
        if kind == "objects":
            return number, self._objects(value if isinstance(value, list) else [str(value)])
        return number, _one(kind, value)

    def _objects(self, ids: Sequence[str]) -> list[dict[str, str]]:
        if not all(i.isdecimal() and i.isascii() for i in ids):
            raise RefusedValueError("no id of an Assets object")
        workspace = self._client.assets.workspace()
        return [{"workspaceId": workspace, "id": f"{workspace}:{i}", "objectId": i} for i in ids]


def same(wanted: Value, held: Value) -> bool:
    """Compare two values as Jira holds them: empty and unset are one, a list has no order, one in it is that one."""
    return bool(_comparable(wanted) == _comparable(held))


def _one(kind: str, value: Value) -> Any:
    if isinstance(value, list):
        raise RefusedValueError("the field holds one value")
    text = str(value)
    if kind == "document":
        return adf.document(text)
    if kind in ("text", "date"):
        return text
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            raise RefusedValueError("no number") from None
    if kind not in _INNER:
        raise RefusedValueError("fields of this type are not written")
    return {_INNER[kind]: text}


def _comparable(value: Value) -> Any:
    if value in (None, "", []):
        return None
    if isinstance(value, list):
        return _comparable(value[0]) if len(value) == 1 else tuple(sorted(value))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{float(value):g}"
    return str(value)


def category(issue: Mapping[str, Any]) -> str:
    """Return the key of an issue's status category (`new`, `indeterminate`, `done`); names are translated, keys not."""
    status = (issue.get("fields") or {}).get("status")
    return category_of(status)


def category_of(status: Any) -> str:
    """Return the key of a status' category."""
    found = status.get("statusCategory") if isinstance(status, dict) else None
    return str(found.get("key") or "") if isinstance(found, dict) else ""


def author(comment: Mapping[str, Any]) -> str:
    """Return the account id of a comment's author."""
    found = comment.get("author")
    return str(found.get("accountId") or "") if isinstance(found, dict) else ""
