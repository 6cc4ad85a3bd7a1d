"""Rows as the Table API shows them (docs_rest/c_TableAPI.md, c_RESTAPI.md; shapes of examples.json)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from simulators.servicenow.query import value_of
from simulators.servicenow.schema import Column
from simulators.servicenow.store import Row, Store

_DEFAULTS = {"sys_domain": "global", "sys_domain_path": "/"}
Getter = Callable[[Row], Any]


class Renderer:
    """Turns rows into answers.

    Args:
        store: For display values and dot-walking.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def fields(self, table: str, wanted: str, hidden: Iterable[str] = ()) -> list[tuple[str, tuple[Column, ...]]]:
        """List the field paths of an answer: those asked for that exist, or all columns, without hidden ones."""
        schema = self._store.schema
        gone = set(hidden)
        if not wanted:
            return [(name, (column,)) for name, column in schema.tables[table].columns.items() if name not in gone]
        paths = dict.fromkeys(part.strip() for part in wanted.split(","))
        found = ((path, schema.column(table, path)) for path in paths if path.split(".")[0] not in gone)
        return [(path, tuple(columns)) for path, columns in found if columns]

    def compile(
        self,
        fields: list[tuple[str, tuple[Column, ...]]],
        base: str,
        *,
        display: str = "false",
        links: bool = True,
        zone: str = "UTC",
    ) -> Callable[[Row], dict[str, Any]]:
        """Make the function that renders one row.

        Args:
            fields: From `fields`.
            base: Origin for links.
            display: `false`, `true` or `all`.
            links: Whether references carry links.
            zone: Time zone of display values.
        """
        if display == "false":
            getters = [(path, self._value(path, columns, base, links=links)) for path, columns in fields]
        else:
            both = display == "all"
            getters = [
                (path, self._display(path, columns, base, zone, links=links, both=both)) for path, columns in fields
            ]
        return lambda row: {path: get(row) for path, get in getters}

    def _raw(self, path: str, columns: tuple[Column, ...]) -> Callable[[Row], str]:
        empty = "false" if columns[-1].kind == "boolean" else _DEFAULTS.get(columns[-1].name, "")
        if "." not in path:
            return lambda row: row.get(path) or empty
        store = self._store
        return lambda row: value_of(store, row, path, columns)

    def _value(self, path: str, columns: tuple[Column, ...], base: str, *, links: bool) -> Getter:
        raw = self._raw(path, columns)
        last = columns[-1]
        if last.kind != "reference" or not links:
            return raw
        prefix = f"{base}/api/now/table/{last.table}/"

        def reference(row: Row) -> Any:
            value = raw(row)
            return {"link": prefix + value, "value": value} if value else ""

        return reference

    def _display(
        self, path: str, columns: tuple[Column, ...], base: str, zone: str, *, links: bool, both: bool
    ) -> Getter:
        raw = self._raw(path, columns)
        last = columns[-1]
        prefix = f"{base}/api/now/table/{last.table}/"
        reference = last.kind == "reference"

        def shown(row: Row) -> Any:
            value = raw(row)
            text = self.display(last, value, zone) if value else ""
            if both:
                answer = {"display_value": text, "value": value}
                return {**answer, "link": prefix + value} if reference and links and value else answer
            return {"display_value": text, "link": prefix + value} if reference and links and value else text

        return shown

    def display(self, column: Column, value: str, zone: str) -> str:
        """Render one value for people."""
        if column.kind == "reference":
            return self.name(column.table, value)
        if column.kind == "choice":
            return self._store.schema.choices.get(column.table, {}).get(value, value)
        if column.kind == "datetime":
            return to_zone(value, zone)
        if column.kind == "money":
            return f"${float(value):,.2f}"
        if column.name == "sys_class_name" and value in self._store.schema.tables:
            return self._store.schema.tables[value].label
        return value

    def name(self, table: str, sys_id: str) -> str:
        """Name a referenced record; the id itself for the global domain, empty for a record that is gone."""
        if sys_id == "global" or table not in self._store.schema.tables:
            return sys_id
        row = self._store.get(table, sys_id)
        return row.get(self._store.schema.display_field(table), "") if row else ""


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def to_zone(value: str, zone: str) -> str:
    """Shift a UTC `YYYY-MM-DD HH:MM:SS` into a time zone; other text is left alone."""
    if zone == "UTC" or len(value) != 19:
        return value
    moment = datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    return moment.astimezone(_zone(zone)).strftime("%Y-%m-%d %H:%M:%S")


def from_zone(value: str, zone: str) -> str:
    """Shift a local `YYYY-MM-DD HH:MM:SS` of a time zone to UTC; other text is left alone."""
    if zone == "UTC" or len(value) != 19:
        return value
    moment = datetime.strptime(value, "%Y-%m-%d %H:%M:%S").replace(tzinfo=_zone(zone))
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
