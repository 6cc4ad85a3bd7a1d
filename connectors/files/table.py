"""What CSV and XLSX share: a header, rows that must fit it, a trailer row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from connectors.files.reading import Batch, Reading
from synchub.errors import InputError


class Table:
    """Turns rows into JSON objects by the header. The first row is the header unless `columns` are configured.

    Args:
        reading: The file and how it is read.
        batch: Takes records, dead letters and warnings.

    Attributes:
        is_headed: The names of the columns are known.
    """

    def __init__(self, reading: Reading, batch: Batch) -> None:
        self._reading = reading
        self._batch = batch
        self._trailer = reading.stream.trailer if reading.stream.complete_when == "trailer" else None
        self._columns: list[str] = []
        self._wide_rows = 0
        self.is_headed = False
        if reading.stream.columns:
            self._head(reading.stream.columns)

    @property
    def width(self) -> int:
        """Number of columns; 0 before the header is known."""
        return len(self._columns)

    def row(self, cells: Sequence[Any], number: int, raw: Callable[[], bytes]) -> None:
        """Take one row.

        Args:
            cells: JSON values, text for CSV.
            number: Line or row in the file.
            raw: Gives the row as it was read, for a dead letter.

        Raises:
            InputError: The header cannot be one (too many columns, all names empty).
        """
        if not self.is_headed:
            self._head(_names(cells))
        elif self._trailer is not None and cells and cells[0] == self._trailer:
            self._end(cells, number, raw)
        elif len(cells) == len(self._columns):
            self._add(cells, number, raw)
        elif len(cells) > len(self._columns) and not any(cells[len(self._columns) :]):
            self._wide_rows += 1  # a delimiter at the end of each row: nothing is lost
            self._add(cells, number, raw)
        else:
            self._ragged(cells, number, raw)

    def _head(self, names: list[str]) -> None:
        if len(names) > self._reading.limits.columns:
            raise InputError(
                f"the header has {len(names):,} columns, the limit is {self._reading.limits.columns:,}.",
                where=self._reading.name, fix="Check `delimiter` and `skip_rows`.",
            )  # fmt: skip
        seen: dict[str, int] = {}
        for index, name in enumerate(names):
            unique, again = name or f"column_{index + 1}", 1
            while unique in seen:
                again += 1
                unique = f"{name}_{again}"
            if again > 1:
                self._batch.warn(f"the header names {name!r} again; column {index + 1} is read as {unique!r}")
            seen[unique] = index
        self._columns = list(seen)
        self.is_headed = True

    def _add(self, cells: Sequence[Any], number: int, raw: Callable[[], bytes]) -> None:
        if self._reading.tally.trailer is not None:
            self._reading.tally.after_trailer += 1
        payload = orjson.dumps(dict(zip(self._columns, cells, strict=False)))
        if b"\\u0000" in payload and any(isinstance(cell, str) and "\0" in cell for cell in cells):
            self._batch.reject(
                number, "nul_byte", "the row holds NUL bytes: the file is damaged or in another encoding. Set "
                "`encoding`, or deliver it again.", raw(),
            )  # fmt: skip
            return
        self._batch.add(payload, number)

    def _ragged(self, cells: Sequence[Any], number: int, raw: Callable[[], bytes]) -> None:
        hint = (
            "A delimiter inside a value must be quoted" if len(cells) > len(self._columns) else "The row was cut, or a "
            "line end inside a value is not quoted"
        )  # fmt: skip
        self._batch.reject(
            number, "ragged_row",
            f"expected {len(self._columns)} columns, seen {len(cells)}. {hint}; correct the row, or check `delimiter` "
            "and `quote`.", raw(),
        )  # fmt: skip

    def _end(self, cells: Sequence[Any], number: int, raw: Callable[[], bytes]) -> None:
        text = str(cells[1]).strip() if len(cells) > 1 else ""
        if text.isascii() and text.isdigit() and len(text) < 16 and self._reading.tally.trailer is None:
            self._reading.tally.trailer = int(text)
        else:
            self._batch.reject(
                number, "bad_trailer",
                f"a trailer row is {self._trailer} and a count, once, at the end. Correct it, or set `trailer`.", raw(),
            )  # fmt: skip

    def finish(self) -> None:
        """Say what is known only at the end of the file."""
        if self._wide_rows:
            self._batch.warn(f"{self._wide_rows:,} rows end with empty cells beyond the header, which were left out")
        if not self.is_headed:
            self._batch.cut_off(0, "no_header", "the file is empty, not even a header. Deliver it again.", "is empty")


def _names(cells: Sequence[Any]) -> list[str]:
    names = ["" if cell is None else str(cell).strip().strip("\ufeff\0") for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise InputError("the header is empty.", fix="Check `skip_rows` and `delimiter`, or name the `columns`.")
    return names
