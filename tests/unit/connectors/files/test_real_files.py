"""Every row of real files is accounted for, by a count made without the connector."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from connectors.files import CONNECTOR
from mapping.loader import load_map
from tests.unit.connectors.files.reads import read_stream


@pytest.mark.parametrize(
    ("folder", "name", "rows"),
    [
        ("hr-proc-adventureworks", "PurchaseOrderDetail.csv", 8845),
        ("hr-proc-adventureworks", "PurchaseOrderHeader.csv", 4012),
        ("hr-proc-adventureworks", "Employee.csv", 290),
        ("hr-proc-adventureworks", "Vendor.csv", 104),
        ("hr-oracle", "employees.csv", 107),
        ("hr-oracle", "departments.csv", 27),
    ],
)
def test_every_row_is_a_record(shared: Path, folder: str, name: str, rows: int) -> None:
    """The counts are those of the data's own description; no dead letter, no warning, every value as it stands."""
    with (shared / "data" / folder / name).open(newline="", encoding="utf-8-sig") as handle:
        expected = list(csv.DictReader(handle))

    got = read_stream(shared / "data" / folder, glob=name, complete_when="always")

    assert len(expected) == rows
    assert got.records == expected
    assert got.rejected == []
    assert got.warnings == []
    assert got.end.complete
    assert got.end.proof == f"file set {rows:,}"


def test_all_tables_of_a_folder_are_counted(shared: Path) -> None:
    """The whole folder as one stream, file by file."""
    folder = shared / "data" / "hr-proc-adventureworks"
    expected = 0
    for path in folder.glob("*.csv"):
        with path.open(newline="", encoding="utf-8-sig") as handle:
            expected += sum(1 for row in csv.reader(handle) if row) - 1

    got = read_stream(folder, glob="*.csv", complete_when="always")

    assert len(got.records) + len(got.rejected) == expected
    assert got.rejected == []


@pytest.mark.parametrize(
    ("folder", "name", "map_name", "rows"),
    [
        ("hr-proc-adventureworks", "PurchaseOrderDetail.csv", "aw_purchase_order_lines", 8845),
        ("hr-proc-adventureworks", "Employee.csv", "aw_employees", 290),
        ("hr-oracle", "employees.csv", "oracle_employees", 107),
    ],
)
def test_every_row_is_mapped(shared: Path, folder: str, name: str, map_name: str, rows: int) -> None:
    """Through the shipped maps: as many records as rows, each with a key of its own."""
    field_map = load_map(CONNECTOR.maps / f"{map_name}.yaml")

    got = read_stream(shared / "data" / folder, glob=name, complete_when="always", map=map_name)

    records = [field_map.map(payload) for payload in got.records]
    assert len({record.key for record in records if record is not None}) == rows
