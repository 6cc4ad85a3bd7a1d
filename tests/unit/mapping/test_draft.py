"""Drafted field maps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mapping.draft import draft
from mapping.loader import load_map

LAPTOPS: list[dict[str, Any]] = [
    {"id": f"d{n}", "serialNumber": f"5CG81F0{n}QX", "computer": {"name": f"NB-{n}", "memoryBytes": 17179869184},
     "nics": [{"mac": f"00:50:56:bf:bb:1{n}"}], "vendor name": "Dell Inc.", "lastSeen": f"2026-11-2{n}T08:00:00Z"}
    for n in range(3)
]  # fmt: skip
PEOPLE = [{"Employee Number": n, "First Name": "Anna", "Last Name": "Novak", "Work Email": f"a{n}@corp.example",
           "Hire Date": "2021-07-22"} for n in range(3)]  # fmt: skip


def test_a_draft_is_a_map_that_maps(tmp_path: Path) -> None:
    """The drafted text loads, and its fields are filled without a warning."""
    made = draft("laptops", LAPTOPS)
    path = tmp_path / "laptops.yaml"
    path.write_text(made.text)

    record = load_map(path).map(LAPTOPS[0])

    assert record is not None
    assert record.warnings == []
    assert (record.cls, record.key) == ("computer", "d0")
    assert record.fields == {
        "serial_number": "5CG81F00QX", "hostname": "nb-0", "mac_addresses": ["00:50:56:bf:bb:10"],
        "manufacturer": "Dell", "ram_mib": 16384, "last_seen_at": "2026-11-20T08:00:00Z",
    }  # fmt: skip


def test_people_are_told_from_devices(tmp_path: Path) -> None:
    """Keys with blanks are quoted, and the class is that of most telling fields."""
    made = draft("staff", PEOPLE)
    path = tmp_path / "staff.yaml"
    path.write_text(made.text)

    record = load_map(path).map(PEOPLE[1])

    assert record is not None
    assert (record.cls, record.key) == ("person", "1")
    assert record.fields["starts_on"] == "2021-07-22"
    assert record.fields["worker_id"] == "1"


def test_no_value_is_written_into_a_draft() -> None:
    """A draft may be committed: it holds names of paths only."""
    text = draft("staff", PEOPLE).text

    assert "Anna" not in text
    assert "corp.example" not in text


def test_a_path_whose_values_are_something_else_fills_nothing() -> None:
    """A column called serial that holds dates is left over."""
    made = draft("x", [{"id": n, "mac": "a sentence about a computer", "hostname": f"nb{n}"} for n in range(4)])

    assert "mac_addresses" not in made.fields
    assert made.left == ["mac"]


@pytest.mark.parametrize("key", ["a'b", 'a"b', "a.b", "a: {b}", "x\ny", "\\", "äö", "#", "- a", "[]", ""])
def test_hostile_names_of_columns_stay_names(key: str, tmp_path: Path) -> None:
    """Whatever a column is called, the draft loads or leaves it out."""
    made = draft("x", [{key: f"5CG81F0{n}QX", "serial": f"5CG81F0{n}QX", "id": n} for n in range(3)])
    path = tmp_path / "x.yaml"
    path.write_text(made.text)

    load_map(path)
