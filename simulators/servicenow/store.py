"""Rows of the simulated instance: in memory, indexed on demand, with journal and audit."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from simulators.clock import SimClock
from simulators.servicenow.schema import Schema, Table

Row = dict[str, str]
Listener = Callable[["Change"], None]
_AUDITED = ("cmdb", "alm_asset", "sys_user", "cmdb_model", "task")


@dataclass(slots=True)
class Change:
    """One change of one record.

    Attributes:
        n: Number, from 1.
        time: Simulated time, seconds since 1970 UTC.
        operation: `insert`, `update` or `delete`.
        table: Class of the record (`sys_class_name`).
        sys_id: The record.
        user: Who did it; `system` for what the instance did by itself.
        fields: Field -> (old, new).
        echo: Made by asset and CI synchronisation.
    """

    n: int
    time: float
    operation: str
    table: str
    sys_id: str
    user: str
    fields: dict[str, tuple[str, str]]
    echo: bool = False


class Store:
    """All rows. A row holds strings, only the fields that are not empty; all rows of a class tree live under its root.

    Args:
        schema: The tables.
        clock: For the stamps.
        seed: Of the sys_ids.
    """

    def __init__(self, schema: Schema, clock: SimClock, seed: int = 0) -> None:
        self.schema = schema
        self.clock = clock
        self.version = 0
        self.audit = True
        self.skew = 0.0
        self.journal: list[Change] = []
        self.listeners: list[Listener] = []
        self._random = random.Random(seed)
        self._rows: dict[str, dict[str, Row]] = {}
        self._classes: dict[str, dict[str, Row]] = {}
        self._indexes: dict[tuple[str, str], dict[str, dict[str, None]]] = {}
        self._indexed: dict[str, list[str]] = {}

    def new_id(self) -> str:
        """Make a sys_id: 32 hexadecimal digits."""
        return f"{self._random.getrandbits(128):032x}"

    def get(self, table: str, sys_id: str) -> Row | None:
        """Find a row by id; `None` when it is of another class."""
        known = self.schema.tables.get(table)
        if known is None:
            return None
        row = self._rows.get(known.root, {}).get(sys_id)
        return row if row is not None and (table == known.root or row["sys_class_name"] in known.classes) else None

    def rows(self, table: str) -> list[Row]:
        """List all rows of a table and those that extend it, oldest first within a class."""
        known = self.schema.tables[table]
        if table == known.root:
            return list(self._rows.get(table, {}).values())
        return [row for name in sorted(known.classes) for row in self._classes.get(name, {}).values()]

    def count(self, table: str) -> int:
        """Count the rows of a table and those that extend it."""
        return sum(len(self._classes.get(name, ())) for name in self.schema.tables[table].classes)

    def find(self, table: str, field: str, values: Iterable[str]) -> list[Row]:
        """List rows whose field (not dot-walked) has one of the values, through an index made at first use."""
        known = self.schema.tables[table]
        home = self._rows.get(known.root, {})
        if field == "sys_id":
            found = [home[value] for value in dict.fromkeys(values) if value in home]
        else:
            index = self._index(known.root, field)
            found = [home[sys_id] for value in dict.fromkeys(values) for sys_id in index.get(value, ())]
        if table == known.root:
            return found
        return [row for row in found if row["sys_class_name"] in known.classes]

    def _index(self, root: str, field: str) -> dict[str, dict[str, None]]:
        index = self._indexes.get((root, field))
        if index is None:
            index = self._indexes[root, field] = {}
            self._indexed.setdefault(root, []).append(field)
            for sys_id, row in self._rows.get(root, {}).items():
                index.setdefault(row.get(field, ""), {})[sys_id] = None
        return index

    def seed(self, table: str, rows: Iterable[Mapping[str, object]], user: str = "admin") -> list[str]:
        """Put rows in as they are, without rules, synchronisation or audit; returns their sys_ids.

        `sys_id`, `sys_class_name` and the stamps are kept where given, made up where not. Values become strings
        (`None` empty, true/false lower case); unknown fields are an error.

        Raises:
            ValueError: Unknown table or field.
        """
        made = []
        stamp = self.clock.text()
        for given in rows:
            name = str(given.get("sys_class_name") or table)
            known = self.schema.tables.get(name)
            if known is None or table not in known.line:
                msg = f"cannot seed {table}: {name!r} is no table that extends it"
                raise ValueError(msg)
            row = {key: to_text(value) for key, value in given.items() if to_text(value)}
            unknown = [key for key in row if key not in known.columns]
            if unknown:
                msg = f"cannot seed {name}: unknown field {unknown[0]!r}"
                raise ValueError(msg)
            row["sys_class_name"] = name
            for key, value in (
                ("sys_id", ""), ("sys_created_on", stamp), ("sys_created_by", user), ("sys_updated_on", stamp),
                ("sys_updated_by", user), ("sys_mod_count", "0"),
            ):  # fmt: skip
                if key not in row:
                    row[key] = value or self.new_id()
            compute(known, row, self)
            self._put(known, row)
            made.append(row["sys_id"])
        return made

    def _put(self, table: Table, row: Row) -> None:
        sys_id = row["sys_id"]
        self._rows.setdefault(table.root, {})[sys_id] = row
        self._classes.setdefault(row["sys_class_name"], {})[sys_id] = row
        for field in self._indexed.get(table.root, ()):
            self._indexes[table.root, field].setdefault(row.get(field, ""), {})[sys_id] = None
        self.version += 1

    def insert(self, table: str, values: Mapping[str, str], user: str, *, sys_id: str = "", echo: bool = False) -> Row:
        """Create a record; values are cleaned by `clean` before."""
        known = self.schema.tables[table]
        stamp = self.clock.text(self.skew)
        row = {key: value for key, value in values.items() if value}
        row |= {
            "sys_id": sys_id or self.new_id(), "sys_class_name": table, "sys_created_on": stamp, "sys_created_by": user,
            "sys_updated_on": stamp, "sys_updated_by": user, "sys_mod_count": "0",
        }  # fmt: skip
        compute(known, row, self)
        self._put(known, row)
        self._record("insert", row, user, {key: ("", value) for key, value in values.items() if value}, echo=echo)
        return row

    def update(self, table: str, sys_id: str, values: Mapping[str, str], user: str, *, echo: bool = False) -> Row:
        """Change a record; an update that changes nothing moves no stamp. The row object stays the same."""
        known = self.schema.tables[table]
        row = self._rows[known.root][sys_id]
        before = dict(row)
        for key, value in values.items():
            if value:
                row[key] = value
            else:
                row.pop(key, None)
        compute(self.schema.tables[row["sys_class_name"]], row, self)
        changed = {
            key: (before.get(key, ""), row.get(key, ""))
            for key in {*values, *row}
            if before.get(key, "") != row.get(key, "")
        }
        if not changed:
            return row
        row["sys_updated_on"] = self.clock.text(self.skew)
        row["sys_updated_by"] = user
        row["sys_mod_count"] = str(int(row.get("sys_mod_count", "0")) + 1)
        self._moved(known, before, row)
        self._record("update", row, user, changed, echo=echo)
        return row

    def touch(self, row: Row, values: Mapping[str, str]) -> None:
        """Change a record without stamps, journal or audit, as the platform's batch updates of `last_discovered` do."""
        before = dict(row)
        row.update(values)
        self._moved(self.schema.tables[row["sys_class_name"]], before, row)

    def _moved(self, table: Table, before: Row, row: Row) -> None:
        sys_id = row["sys_id"]
        if before["sys_class_name"] != row["sys_class_name"]:
            self._classes[before["sys_class_name"]].pop(sys_id, None)
            self._classes.setdefault(row["sys_class_name"], {})[sys_id] = row
        for field in self._indexed.get(table.root, ()):
            old, new = before.get(field, ""), row.get(field, "")
            if old != new:
                index = self._indexes[table.root, field]
                index[old].pop(sys_id, None)
                index.setdefault(new, {})[sys_id] = None
        self.version += 1

    def delete(self, table: str, sys_id: str, user: str = "admin") -> bool:
        """Remove a record; false when there is none."""
        row = self.get(table, sys_id)
        if row is None:
            return False
        root = self.schema.tables[table].root
        del self._rows[root][sys_id]
        self._classes[row["sys_class_name"]].pop(sys_id, None)
        for field in self._indexed.get(root, ()):
            self._indexes[root, field][row.get(field, "")].pop(sys_id, None)
        self.version += 1
        self._record("delete", row, user, {})
        return True

    def _record(
        self, operation: str, row: Row, user: str, fields: dict[str, tuple[str, str]], *, echo: bool = False
    ) -> None:
        now = self.clock.now()
        change = Change(len(self.journal) + 1, now, operation, row["sys_class_name"], row["sys_id"], user, fields, echo)
        self.journal.append(change)
        if operation == "update" and self.audit and self.schema.tables[change.table].root in _AUDITED:
            for key, (old, new) in fields.items():
                self._audit(change, key, old, new, row["sys_mod_count"])
        for listener in self.listeners:
            listener(change)

    def _audit(self, change: Change, key: str, old: str, new: str, checkpoint: str) -> None:
        stamp = self.clock.text(self.skew)
        entry = {
            "sys_id": self.new_id(), "sys_class_name": "sys_audit", "tablename": change.table, "fieldname": key,
            "documentkey": change.sys_id, "user": change.user, "record_checkpoint": checkpoint,
            "sys_created_on": stamp, "sys_created_by": change.user,
        }  # fmt: skip
        if old:
            entry["oldvalue"] = old
        if new:
            entry["newvalue"] = new
        self._put(self.schema.tables["sys_audit"], entry)


def to_text(value: object) -> str:
    """Turn a JSON value into the string the platform stores."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return to_text(value.get("value"))
    return str(value)


def compute(table: Table, row: Row, store: Store) -> None:
    """Fill the columns that the platform computes: display names of assets, models and people."""
    if table.root == "sys_user" and ("first_name" in row or "last_name" in row):
        row["name"] = " ".join(row[key] for key in ("first_name", "last_name") if row.get(key))
    elif table.root == "cmdb_model" and row.get("name"):
        maker = store.get("core_company", row.get("manufacturer", ""))
        row["display_name"] = f"{maker['name']} {row['name']}" if maker and maker.get("name") else row["name"]
    elif table.root == "alm_asset":
        model = store.get("cmdb_model", row.get("model", ""))
        parts = [row.get("asset_tag", ""), model.get("display_name", "") if model else ""]
        row["display_name"] = " - ".join(part for part in parts if part)
        if not row["display_name"]:
            del row["display_name"]
