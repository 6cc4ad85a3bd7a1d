"""Puts the estate's ServiceNow rows into a simulated instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from simulators.estate.model import Estate, Row

_CATEGORY = "cmdb_model_category"


class Instance(Protocol):
    """What is needed of an instance: `simulators.servicenow.ServiceNow` has it."""

    def seed(self, table: str, rows: Iterable[Mapping[str, object]], user: str = "admin") -> list[str]:
        """Put rows in as they are."""
        ...

    def dump(self, table: str, query: str = "") -> list[Row]:
        """List rows."""
        ...


def load(estate: Estate, instance: Instance) -> int:
    """Seed all tables of `estate.servicenow`; returns the number of rows.

    Model categories come with an instance, so the estate's are replaced by those of the same name that are there.
    """
    there = {row["name"]: row["sys_id"] for row in instance.dump(_CATEGORY)}
    same = {row["sys_id"]: there[row["name"]] for row in estate.servicenow[_CATEGORY] if row["name"] in there}
    count = 0
    for table, rows in estate.servicenow.items():
        wanted = [
            {name: same.get(value, value) for name, value in row.items()} for row in rows if row["sys_id"] not in same
        ]
        count += len(instance.seed(table, wanted))
    return count
