"""XLSX through openpyxl, read-only: values as they were stored, formulas never executed, macros and links never opened.

A workbook is a ZIP of XML, so it is measured before it is unpacked; XML with a DTD or entities is refused by
defusedxml, which openpyxl uses when it is installed.
"""

from __future__ import annotations

import math
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import orjson
from defusedxml import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.workbook import Workbook

from connectors.files.reading import Batch, Reading
from connectors.files.table import Table
from synchub.domain.records import Page
from synchub.errors import InputError

_EXACT = 10**15  # a spreadsheet keeps 15 digits; beyond, a number is no longer what somebody typed
_MAX_ROWS = 1_048_576  # the format's own limit; a row number beyond would be filled up with empty rows


def read(reading: Reading) -> Iterator[Page]:
    """Yield pages of rows as JSON objects, with the number of the row.

    Whole numbers are integers up to 15 digits and floats beyond; dates are `YYYY-MM-DD`, moments `YYYY-MM-DDTHH:MM:SS`
    in the spreadsheet's own (unknown) time zone; an empty cell or an error value (`#N/A`) is null.
    """
    batch = Batch(reading)
    try:
        yield from _read(reading, batch)
    except InputError as exc:
        batch.cut_off(0, exc.context.get("reason", "bad_workbook"), f"{exc.message} {exc.fix}", "is no usable workbook")
    except (zipfile.BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, TypeError, AttributeError,
            IndexError, EOFError, NotImplementedError, RuntimeError, OSError, OverflowError, zlib.error,
            struct.error) as exc:  # fmt: skip
        # openpyxl lets whatever its parser stumbles over through; the file is one dead letter, the rest goes on.
        code, why = _complaint(exc)
        batch.cut_off(0, code, f"the workbook cannot be read: {why}. Save it again as .xlsx.", "is no usable workbook")
    yield batch.flush()


def _read(reading: Reading, batch: Batch) -> Iterator[Page]:
    check_archive(reading)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and extensions that openpyxl does not know are none of ours
        book = openpyxl.load_workbook(reading.file.handle, read_only=True, data_only=True, keep_links=False)
    try:
        table, cells = Table(reading, batch), 0
        for number, values in enumerate(_rows(book, reading), 1):
            cells += len(values)
            if cells > reading.limits.cells or number > _MAX_ROWS:
                raise InputError(
                    f"the sheet has more than {reading.limits.cells:,} cells or {_MAX_ROWS:,} rows.",
                    fix="Deliver CSV.", reason="too_large",
                )  # fmt: skip
            row = _fit(values, table)
            if number > reading.stream.skip_rows and any(value is not None for value in row):
                table.row(row, number, partial(orjson.dumps, row))
            if batch.is_full():
                yield batch.flush()
        table.finish()
    finally:
        book.close()


def _complaint(error: BaseException) -> tuple[str, str]:
    """Tell why a workbook cannot be read; openpyxl wraps what it does not like in errors of its own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, DefusedXmlException):
            return "dtd_refused", "it holds a DTD or entities"
        cause = cause.__cause__ or cause.__context__
    return "bad_workbook", type(error).__name__


def check_archive(reading: Reading) -> None:
    """Measure a workbook by its table of contents, before anything is unpacked.

    Raises:
        InputError: Too many or too large members, compressed beyond belief, or encrypted.
    """
    limits = reading.limits
    with zipfile.ZipFile(reading.file.handle) as archive:
        members = archive.infolist()
    total = sum(member.file_size for member in members)
    problem = ""
    if len(members) > limits.zip_entries:
        problem = f"it has {len(members):,} members, the limit is {limits.zip_entries:,}"
    elif total > limits.unpacked_bytes:
        problem = f"it unpacks to {total:,} bytes, the limit is {limits.unpacked_bytes:,}"
    elif any(m.file_size > limits.strings_bytes and m.filename.endswith("sharedStrings.xml") for m in members):
        problem = f"its text table is larger than {limits.strings_bytes:,} bytes"
    elif any(m.file_size > limits.ratio_from and m.file_size > limits.ratio * max(m.compress_size, 1) for m in members):
        problem = f"a part of it is compressed more than {limits.ratio} times"
    elif any(m.flag_bits & 1 for m in members):
        problem = "it is encrypted"
    if problem:
        raise InputError(
            f"the workbook is refused: {problem}.", fix="Deliver CSV, or smaller files.", reason="zip_bomb"
        )


def _rows(book: Workbook, reading: Reading) -> Iterator[Sequence[Any]]:
    name = reading.stream.sheet
    if name is not None and name not in book.sheetnames:
        raise InputError(
            f"there is no sheet {name!r}; there are {', '.join(map(repr, book.sheetnames[:20]))}.",
            fix="Correct `sheet`.", reason="no_sheet",
        )  # fmt: skip
    sheet = book[name] if name is not None else book.worksheets[0]
    sheet.reset_dimensions()  # what the file claims of its size pads every row
    yield from sheet.iter_rows(values_only=True)


def _fit(values: Sequence[Any], table: Table) -> list[Any]:
    """Convert a row; empty cells at its end are not stored in the file, so they are not counted as missing."""
    row = [_value(value) for value in values]
    while row and row[-1] is None:
        row.pop()
    return row + [None] * (table.width - len(row))


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < _EXACT else float(value)
    if isinstance(value, str):
        return None if value.startswith("#") and value in _ERRORS else value
    if isinstance(value, float):
        return (int(value) if value.is_integer() and abs(value) < _EXACT else value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time.min else value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value.total_seconds()) if isinstance(value, timedelta) else str(value)


_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#GETTING_DATA"})
