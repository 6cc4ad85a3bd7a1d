"""Puts the estate's ServiceNow rows into a simulated instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from simulators.estate.model import Estate, Row

_CATEGORY = "cmdb_model_category"
# What nobody types at a CI: an instance carries it over from the asset (`simulators.servicenow.assets`).
_CARRIED = ("cost", "cost_center", "vendor", "order_date", "delivery_date", "po_number", "invoice_number")


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

    Model categories come with an instance, so the estate's are replaced by those of the same name that are there. CIs
    hold what the instance has carried over from their assets.
    """
    there = {row["name"]: row["sys_id"] for row in instance.dump(_CATEGORY)}
    same = {row["sys_id"]: there[row["name"]] for row in estate.servicenow[_CATEGORY] if row["name"] in there}
    assets = {row["sys_id"]: row for row in estate.servicenow.get("alm_hardware", ())}
    count = 0
    for table, rows in estate.servicenow.items():
        wanted = [
            {name: same.get(value, value) for name, value in (row | _carried(row, assets)).items()}
            for row in rows
            if row["sys_id"] not in same
        ]
        count += len(instance.seed(table, wanted))
    return count


def _carried(row: Row, assets: Mapping[str, Row]) -> Row:
    """Return what a CI holds because its asset does; nothing for other rows."""
    asset = assets.get(row.get("asset", ""))
    return {name: asset[name] for name in _CARRIED if asset.get(name)} if asset else {}
