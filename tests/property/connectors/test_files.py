"""Whatever the csv module writes is read back, and no bytes make a reader fail."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.agent_inventory.derived import derive
from connectors.agent_inventory.payloads import parse
from connectors.files.limits import DEFAULT, Limits
from synchub.errors import InputError
from tests.unit.connectors.agent_inventory.reads import agent
from tests.unit.connectors.agent_inventory.test_payloads import XML
from tests.unit.connectors.files.reads import read_file

# NUL makes a dead letter on purpose; surrogates cannot be written.
cells = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)
tables = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=0, max_size=8)
)


@settings(max_examples=150, deadline=None)
@given(
    rows=tables,
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    quote=st.sampled_from(['"', "'"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_the_csv_module_writes_is_read_back(
    rows: list[list[str]], delimiter: str, quote: str, quoting: int, end: str, encoding: str
) -> None:
    """Every cell comes back as it was written; rows of nothing but empty cells included."""
    if quoting != csv.QUOTE_ALL and len(end) == 1:  # the module leaves the other line end unquoted, which is no CSV
        rows = [[cell.replace("\r" if end == "\n" else "\n", " ") for cell in row] for row in rows]
    width = len(rows[0]) if rows else 2
    header = [f"c{index}" for index in range(width)]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quotechar=quote, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows([header, *rows])

    with tempfile.TemporaryDirectory() as folder:
        got = read_file(Path(folder), "a.csv", out.getvalue().encode(encoding), delimiter=delimiter, quote=quote)

    assert [list(record.values()) for record in got.records] == rows
    assert got.rejected == []


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400), kind=st.sampled_from(["csv", "ndjson", "json", "xml", "xlsx"]))
def test_no_bytes_make_a_reader_fail(data: bytes, kind: str) -> None:
    """Noise gives records, dead letters or both, never an error out of the reader."""
    with tempfile.TemporaryDirectory() as folder:
        got = read_file(Path(folder), f"a.{kind}", data)

    assert got.tally is not None
    assert got.tally.records == len(got.payloads)
    assert got.tally.rejected == len(got.rejected)


@settings(max_examples=100, deadline=None)
@given(
    lines=st.lists(
        st.text(st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]), min_size=1, max_size=20)
    ),
    block=st.integers(1, 50),
)
def test_ndjson_loses_no_line(lines: list[str], block: int) -> None:
    """Lines that are not blank come out in order with their numbers, whatever the size of the blocks."""
    raw = [line.encode() for line in lines]
    expected = [(n, line) for n, line in enumerate(raw, 1) if line.strip()]

    with tempfile.TemporaryDirectory() as folder:
        data = b"".join(line + b"\n" for line in raw)
        got = read_file(
            Path(folder), "a.ndjson", data, encoding="utf-8", limits=Limits(block_bytes=block, page_records=3)
        )

    assert got.payloads == [line for _, line in expected]
    assert got.places == [f"a.ndjson:{n}" for n, _ in expected]


_ROWS: list[list[Any]] = [["id", "day", "text"], [1, 2.5, "a"], [2, None, "b"]]


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in _ROWS:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


_WORKBOOK = _workbook()


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, len(_WORKBOOK) - 1), new=st.binary(min_size=1, max_size=8), cut=st.booleans())
def test_a_damaged_workbook_makes_no_reader_fail(at: int, new: bytes, cut: bool) -> None:
    """Bytes overwritten or cut off anywhere: records that are still there, or a dead letter that says so."""
    data = _WORKBOOK[:at] if cut else _WORKBOOK[:at] + new + _WORKBOOK[at + len(new) :]

    with tempfile.TemporaryDirectory() as folder:
        got = read_file(Path(folder), "a.xlsx", data)

    assert got.tally is not None
    assert len(got.records) == got.tally.records
    assert got.records or got.tally.cut, "a workbook that lost all its rows must say so"


@settings(max_examples=150, deadline=None)
@given(at=st.integers(0, 400), new=st.binary(max_size=8), kind=st.sampled_from(["xml", "json", "gz"]))
def test_a_damaged_inventory_makes_no_parser_fail(at: int, new: bytes, kind: str) -> None:
    """It is read or refused with a reason."""
    honest = XML.encode() if kind == "xml" else agent(networks=[{"mac": "00:50:56:bf:bb:17"}], users=[{"login": "x"}])
    data = gzip.compress(honest, mtime=0) if kind == "gz" else honest

    problem = None
    try:
        devices = list(parse(data[:at] + new + data[at + len(new) :], DEFAULT))
    except InputError as refused:
        problem, devices = refused, []

    assert problem is None or problem.context["reason"]
    assert all(isinstance(derive(device), dict) for device in devices)
