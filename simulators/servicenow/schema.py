"""Table definitions: classes, inheritance, columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from simulators.servicenow.schema_data import CHOICES, DISPLAY, LABELS, TABLES

_COLUMN = re.compile(r"^([a-z0-9_]+)(>[a-z_]+)?(#[a-z_]+)?(@@|@|%|\?|\$)?(=\d+)?(!)?(~)?$")
_KINDS = {"@": "datetime", "@@": "date", "%": "number", "?": "boolean", "$": "money", "": "string", None: "string"}
_SYSTEM = (
    "sys_id=32~ sys_class_name=80 sys_created_by=40~ sys_created_on@~ sys_mod_count%~ sys_updated_by=40~ "
    "sys_updated_on@~ sys_tags~"
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: As in the API.
        kind: `string`, `reference`, `choice`, `datetime`, `date`, `number`, `boolean` or `money`.
        table: Referenced table, or name of the choice list.
        length: Longest stored value; longer ones are cut.
        mandatory: Must be filled on insert where a data policy says so.
        locked: Kept by the platform; a written value is ignored.
    """

    name: str
    kind: str = "string"
    table: str = ""
    length: int = 255
    mandatory: bool = False
    locked: bool = False


def parse_column(text: str) -> Column:
    """Read one column of the notation in `schema_data`.

    Raises:
        ValueError: The notation is broken.
    """
    match = _COLUMN.match(text)
    if match is None:
        msg = f"bad column {text!r}"
        raise ValueError(msg)
    name, reference, choice, sign, length, mandatory, locked = match.groups()
    kind = "reference" if reference else "choice" if choice else _KINDS[sign]
    return Column(
        name,
        kind,
        (reference or choice or " ")[1:].strip(),
        32 if reference else int(length[1:]) if length else 255,
        bool(mandatory),
        bool(locked),
    )


@dataclass(slots=True)
class Table:
    """One table, a class of the root table it extends.

    Attributes:
        name: As in the API.
        parent: Extended table, empty for a root.
        root: The root of its hierarchy; rows are kept there.
        columns: All columns, inherited ones included.
        classes: This table and all that extend it.
        line: This table and all that it extends, nearest first.
        label: What people see.
    """

    name: str
    parent: str
    root: str
    columns: dict[str, Column]
    classes: set[str] = field(default_factory=set)
    line: list[str] = field(default_factory=list)
    label: str = ""


class Schema:
    """All tables of an instance; others can be added."""

    def __init__(self) -> None:
        self.tables: dict[str, Table] = {}
        self.choices: dict[str, dict[str, str]] = {name: dict(values) for name, values in CHOICES.items()}
        for line in TABLES.strip().splitlines():
            head, _, columns = line.partition(":")
            name, _, parent = head.partition("<")
            self.add_table(name.strip(), parent.strip(), columns.split())

    def add_table(self, name: str, parent: str = "", columns: list[str] | None = None) -> Table:
        """Add a table; columns in the notation of `schema_data`.

        Raises:
            ValueError: Unknown parent or broken column.
        """
        if parent and parent not in self.tables:
            msg = f"table {name}: unknown parent {parent!r}"
            raise ValueError(msg)
        above = self.tables[parent] if parent else None
        own = [parse_column(text) for text in (columns or []) + ([] if above else _SYSTEM.split())]
        merged = {**(above.columns if above else {}), **{column.name: column for column in own}}
        label = LABELS.get(name, name.removeprefix("cmdb_ci_").replace("_", " ").title())
        table = Table(name, parent, above.root if above else name, merged, label=label)
        table.line = [name, *(above.line if above else [])]
        self.tables[name] = table
        for ancestor in table.line:
            self.tables[ancestor].classes.add(name)
        return table

    def add_column(self, table: str, column: str) -> None:
        """Add a column to a table and all that extend it."""
        parsed = parse_column(column)
        for name in self.tables[table].classes:
            self.tables[name].columns[parsed.name] = parsed

    def add_choice(self, choices: str, value: str, label: str = "") -> None:
        """Add a value to a choice list (`discovery_source` …)."""
        self.choices.setdefault(choices, {})[value] = label or value

    def display_field(self, table: str) -> str:
        """Name the column that stands for a record of this table."""
        return next((DISPLAY[name] for name in self.tables[table].line if name in DISPLAY), "name")

    def column(self, table: str, path: str) -> list[Column] | None:
        """Resolve a (dot-walked) field path; `None` when any part is unknown."""
        found: list[Column] = []
        for part in path.split("."):
            known = self.tables.get(table)
            column = known.columns.get(part) if known else None
            if column is None or (found and found[-1].kind != "reference"):
                return None
            found.append(column)
            table = column.table
        return found
