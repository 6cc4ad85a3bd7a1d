"""Workbooks, honest and hostile."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from connectors.files.limits import Limits
from tests.unit.connectors.files.reads import read_file

MOMENT = dt.datetime.fromisoformat("2026-11-22T08:30:00")  # spreadsheets know no zones
STRINGS = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>text</t></si></sst>'


def workbook(rows: list[list[Any]], title: str = "Sheet", *others: str) -> bytes:
    """Make a workbook with one filled sheet and some empty ones behind it."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for name in others:
        book.create_sheet(name)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def replaced(data: bytes, member: str, old: bytes, new: bytes) -> bytes:
    """Change bytes inside a member of a workbook."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            body = source.read(item)
            target.writestr(item.filename, body.replace(old, new, 1) if item.filename == member else body)
    return out.getvalue()


def with_member(data: bytes, name: str, body: bytes) -> bytes:
    """Add a member to a workbook, or put another one in its place."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for item in source.infolist():
            if item.filename != name:
                target.writestr(item.filename, source.read(item))
        target.writestr(name, body)
    return out.getvalue()


def test_values_keep_their_types(tmp_path: Path) -> None:
    """Dates are dates, whole numbers are integers, empty cells are null."""
    head = ["text", "whole", "float", "yes", "day", "moment", "none"]
    row = ["Zoë", 5.0, 1.25, True, dt.date(2026, 11, 22), MOMENT, None]

    got = read_file(tmp_path, "a.xlsx", workbook([head, row]))

    assert got.records == [
        {"text": "Zoë", "whole": 5, "float": 1.25, "yes": True, "day": "2026-11-22", "moment": "2026-11-22T08:30:00",
         "none": None}
    ]  # fmt: skip


def test_a_long_number_keeps_the_look_of_what_happened_to_it(tmp_path: Path) -> None:
    """Beyond 15 digits a spreadsheet has rounded: the payload shows it, so that a map can warn."""
    got = read_file(tmp_path, "a.xlsx", workbook([["imei", "small"], [6377020000000000, 637702000000000]]))

    assert got.records == [{"imei": 6.37702e15, "small": 637702000000000}]
    assert b'"imei":6377020000000000.0,' in got.payloads[0]


def test_formulas_are_values_and_errors_are_nothing(tmp_path: Path) -> None:
    """A formula is never computed: without a stored value the cell is empty."""
    rows = [["a", "b"], ["=1+1", "#N/A"], ["x", "#hash"]]

    assert read_file(tmp_path, "a.xlsx", workbook(rows)).records == [{"a": "x", "b": "#hash"}]


def test_rows_are_numbered_as_the_spreadsheet_shows_them(tmp_path: Path) -> None:
    """Empty rows and skipped ones count."""
    got = read_file(tmp_path, "a.xlsx", workbook([["Export"], ["id"], [], [1], [2]]), skip_rows=1)

    assert got.places == ["a.xlsx:4", "a.xlsx:5"]


def test_a_row_beyond_the_header_is_ragged(tmp_path: Path) -> None:
    """Cells without a column would be lost."""
    got = read_file(tmp_path, "a.xlsx", workbook([["id"], [1, "x"], [2]]))

    assert got.codes == [("a.xlsx:2", "ragged_row")]
    assert got.records == [{"id": 2}]


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    """A missing one is named beside those that are there."""
    data = workbook([["id"], [1]], "Lines", "Notes")

    assert read_file(tmp_path, "a.xlsx", data, sheet="Lines").records == [{"id": 1}]
    missing = read_file(tmp_path, "a.xlsx", data, sheet="Rows")
    assert [code for _, code in missing.codes] == ["no_sheet"]
    assert "'Lines', 'Notes'" in missing.rejected[0].message


def test_a_zip_bomb_is_refused_unopened(tmp_path: Path) -> None:
    """50 MB of nothing in a few KB."""
    out = io.BytesIO(workbook([["id"], [1]]))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/bomb.xml", b"0" * 50_000_000)

    assert [code for _, code in read_file(tmp_path, "a.xlsx", out.getvalue()).codes] == ["zip_bomb"]


@pytest.mark.parametrize("limits", [Limits(zip_entries=3), Limits(unpacked_bytes=1000), Limits(strings_bytes=10)])
def test_a_workbook_over_a_limit_is_refused(tmp_path: Path, limits: Limits) -> None:
    """Members, unpacked size and the text table are bounded."""
    got = read_file(
        tmp_path, "a.xlsx", with_member(workbook([["id"], ["text"]]), "xl/sharedStrings.xml", STRINGS), limits=limits
    )

    assert [code for _, code in got.codes] == ["zip_bomb"]


def test_a_table_of_contents_that_lies_is_found_out(tmp_path: Path) -> None:
    """A member that claims to be small is read only as far as it claims."""
    data = bytearray(workbook([["id"], *[[n] for n in range(5000)]]))
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lie = bytes(data).replace(size.to_bytes(4, "little"), (500).to_bytes(4, "little"))

    got = read_file(tmp_path, "a.xlsx", lie)

    assert got.tally is not None and got.tally.cut
    assert len(got.records) < 5000


def test_too_many_cells_stop_the_file(tmp_path: Path) -> None:
    """What was read before is kept; the file proves nothing."""
    got = read_file(tmp_path, "a.xlsx", workbook([["a", "b"]] + [[1, 2]] * 100), limits=Limits(cells=50))

    assert len(got.records) == 24
    assert [code for _, code in got.codes] == ["too_large"]


def test_a_row_number_out_of_this_world_costs_no_time(tmp_path: Path) -> None:
    """Row 4,000,000,000 would be filled up with empty rows."""
    data = replaced(workbook([["id"], [1]]), "xl/worksheets/sheet1.xml", b'<row r="2"', b'<row r="4000000000"')

    assert [code for _, code in read_file(tmp_path, "a.xlsx", data).codes] == ["too_large"]


def test_a_claimed_size_of_the_sheet_does_not_pad_rows(tmp_path: Path) -> None:
    """`A1:XFD1048576` is what some writers claim for two cells."""
    data = replaced(workbook([["id"], [1]]), "xl/worksheets/sheet1.xml", b'ref="A1:A2"', b'ref="A1:XFD1048576"')

    assert read_file(tmp_path, "a.xlsx", data).records == [{"id": 1}]


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_entities_in_a_workbook_are_refused(tmp_path: Path, member: str) -> None:
    """Billion laughs, wherever it hides."""
    laughs = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    honest = workbook([["id"], ["text"]])
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        body = archive.read(member)

    got = read_file(tmp_path, "a.xlsx", with_member(honest, member, laughs + body))

    assert [code for _, code in got.codes] == ["dtd_refused"]


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"id,name\n1,a\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600]
)
def test_what_is_no_workbook_is_one_dead_letter(tmp_path: Path, data: bytes) -> None:
    """Text, a cut archive, an old .xls."""
    assert [code for _, code in read_file(tmp_path, "a.xlsx", data).codes] == ["bad_workbook"]


def test_a_workbook_with_a_missing_part_is_one_dead_letter(tmp_path: Path) -> None:
    """Whatever the library stumbles over stays in the file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook([["id"], [1]]))) as source, zipfile.ZipFile(out, "w") as target:
        for item in source.infolist():
            if item.filename != "xl/worksheets/sheet1.xml":
                target.writestr(item.filename, source.read(item))

    got = read_file(tmp_path, "a.xlsx", out.getvalue())

    assert got.tally is not None and got.tally.cut
    assert len(got.rejected) == 1
