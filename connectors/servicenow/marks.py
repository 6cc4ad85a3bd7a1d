"""The hub key in the instance: in which field it is carried, and finding objects by it.

`cmdb_ci` has `correlation_id` and `sys_user` has `source` in the base system (Table API and CMDB Instance API
examples, column list of a developer instance, read 2026-11-22). `alm_asset` has no such field: where one was added it
is used, else an asset is recognised by its serial number or tag.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from connectors.servicenow.client import ServiceNowClient
from connectors.servicenow.table import TableReader, plain, read_fields, root_of, to_object
from synchub.domain.plan import TargetObject
from synchub.errors import Rejected

_BASE_SYSTEM = frozenset({("cmdb_ci", "correlation_id"), ("sys_user", "source")})


class Marks:
    """Knows per base table which field carries the hub key. Safe to use from several threads."""

    def __init__(self, client: ServiceNowClient, reader: TableReader) -> None:
        self._client = client
        self._reader = reader
        self._known: dict[str, str | None] = {}
        self._lock = threading.Lock()

    def field(self, kind: str) -> str | None:
        """Return the field that carries the hub key in a table; None when the table has none.

        An empty table shows no columns: there the configured field is taken for granted, and looked at again next time.
        """
        root = root_of(kind)
        name = self._client.settings.marks.get(root) or self._client.settings.marks.get(kind)
        if name is None or (root, name) in _BASE_SYSTEM:
            return name
        with self._lock:
            if root in self._known:
                return self._known[root]
        params: dict[str, str | int] = {"sysparm_fields": f"sys_id,{name}", "sysparm_limit": 5}
        rows, _ = self._client.get(f"/api/now/table/{root}", params)
        if not isinstance(rows, list) or not rows:
            return name
        found = name if any(name in row for row in rows if isinstance(row, dict)) else None
        with self._lock:
            self._known[root] = found
        return found

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find objects by the hub key they carry; of several with one key (a copy made by a person) the oldest."""
        field = self.field(kind)
        if field is None or not hub_keys:
            return {}
        root = root_of(kind)
        wanted = [*read_fields(kind, fields), "sys_created_on"]
        rows = self._reader.by(root, field, hub_keys, [field, *wanted])
        rows.sort(key=lambda row: (str(row.get("sys_created_on", "")), row["sys_id"]), reverse=True)
        by_key = {str(plain(row.get(field))): row for row in rows}
        if root == kind:
            return {key: to_object(kind, row, [*fields, field]) for key, row in by_key.items() if key in hub_keys}
        ids = {row["sys_id"]: key for key, row in by_key.items() if key in hub_keys}
        return {ids[i]: found for i, found in self._reader.fetch(kind, [*fields, field], list(ids)).items()}

    def twins(self, kind: str, field: str, values: Sequence[str]) -> dict[str, str]:
        """Map the values of an identifying field to the objects that hold them (upper case), ids only.

        Raises:
            Rejected: The table has no such field.
        """
        rows = self._reader.by(root_of(kind), field, values, [field])
        if rows and field not in rows[0]:
            raise Rejected(f"{field!r} cannot be read.", where=f"{self._client.name}: {kind}")
        return {str(plain(row.get(field))).upper(): row["sys_id"] for row in rows}
