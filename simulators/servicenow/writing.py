"""Values on their way in: what the platform accepts, cuts, ignores or refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from simulators.servicenow import errors
from simulators.servicenow.access import Access, User
from simulators.servicenow.render import from_zone
from simulators.servicenow.schema import Column, Table
from simulators.servicenow.store import Row, Store, to_text

_DATETIME = re.compile(r"^\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?$")
UNIQUE = {"sys_user": ("user_name",), "sys_properties": ("name",)}
_DEFAULTS = {
    "sys_user": {"active": "true"},
    "cmdb_ci": {"install_status": "1", "operational_status": "1"},
    "cmdb_ci_hardware": {"hardware_status": "installed"},
    "alm_asset": {"quantity": "1"},
    "task": {"state": "1", "active": "true"},
}


class Writer:
    """Cleans and commits writes of one instance."""

    def __init__(self, store: Store, access: Access) -> None:
        self._store = store
        self._access = access

    def clean(
        self, table: Table, values: Mapping[str, Any], user: User, row: Row | None, *, display: bool = False
    ) -> dict[str, str]:
        """Bring values into stored form.

        Unknown, dot-walked, computed and `sys_` fields are ignored; so are fields that an ACL protects, unless it is
        loud. Text is cut at the column's length; dates and numbers that cannot be read become empty; an empty value
        does not clear a choice field (docs_rest/c_RESTAPI.md, special data handling).

        Raises:
            SnowError: 403 by a loud ACL.
        """
        refused = self._access.fields(user, "write" if row else "create", table.line, row)
        if row is not None:
            refused |= self._access.fields(user, "write", table.line, row)
        cleaned: dict[str, str] = {}
        for name, value in values.items():
            column = table.columns.get(name)
            if column is None or column.locked or name.startswith("sys_"):
                continue
            if name in refused:
                if refused[name].loud:
                    raise errors.forbidden(f"ACL Exception Update Failed due to security constraints: {name}")
                continue
            text = self._text(column, value, user, display=display)
            if text or column.kind != "choice":
                cleaned[name] = text
        return cleaned

    def _text(self, column: Column, value: Any, user: User, *, display: bool) -> str:
        text = orjson.dumps(value).decode() if isinstance(value, list) else to_text(value)
        if display and text:
            text = self._from_display(column, text, user)
        if column.kind in ("datetime", "date") and text:
            if not _DATETIME.match(text):
                return ""
            return text[:10] if column.kind == "date" else text if len(text) == 19 else f"{text} 00:00:00"
        if column.kind in ("number", "money") and text:
            try:
                float(text.replace(",", "").lstrip("$"))
            except ValueError:
                return ""
            return text.replace(",", "").lstrip("$")
        if column.kind == "boolean" and text:
            return "true" if text.lower() in ("true", "1", "yes") else "false"
        return text[: column.length]

    def _from_display(self, column: Column, text: str, user: User) -> str:
        if column.kind == "choice":
            labels = self._store.schema.choices.get(column.table, {})
            return next((value for value, label in labels.items() if label == text), text)
        if column.kind == "datetime":
            return from_zone(text, user.zone)
        if column.kind == "reference" and self._store.get(column.table, text) is None:
            field = self._store.schema.display_field(column.table)
            found = self._store.find(column.table, field, [text])
            return found[0]["sys_id"] if found else ""
        return text

    def create_ci(self, table: str, values: Mapping[str, str], user: str) -> Row:
        """Insert a CI for the identification engine: defaults of the class, no data policies."""
        row: dict[str, str] = {}
        for name in reversed(self._store.schema.tables[table].line):
            row |= _DEFAULTS.get(name, {})
        return self._store.insert(table, {**row, **values}, user)

    def create(self, table: Table, values: Mapping[str, str], user: User) -> Row:
        """Insert a record after policies and unique keys.

        Raises:
            SnowError: 403.
        """
        row: dict[str, str] = {}
        for name in reversed(table.line):
            row |= _DEFAULTS.get(name, {})
        row |= values
        if table.root == "task" and not row.get("number"):
            prefix = {"incident": "INC", "problem": "PRB"}.get(table.name, "TASK")
            row["number"] = f"{prefix}{10000 + self._store.count('task') + 1:07d}"
        self._access.check_policies("insert", table.line, row)
        self._unique(table, row, "")
        return self._store.insert(table.name, row, user.name)

    def change(self, table: Table, row: Row, values: Mapping[str, str], user: User) -> bool:
        """Update a record after policies and unique keys; says whether anything changed.

        Raises:
            SnowError: 403.
        """
        self._access.check_policies("update", self._store.schema.tables[row["sys_class_name"]].line, {**row, **values})
        self._unique(table, values, row["sys_id"])
        before = row["sys_mod_count"]
        self._store.update(table.name, row["sys_id"], values, user.name)
        return row["sys_mod_count"] != before

    def _unique(self, table: Table, values: Mapping[str, str], own: str) -> None:
        for field in UNIQUE.get(table.root, ()):
            value = values.get(field, "")
            if value and any(other["sys_id"] != own for other in self._store.find(table.root, field, [value])):
                detail = f"Unique Key violation detected by database (Duplicate entry '{value}' for key '{field}')"
                raise errors.forbidden(detail)
