"""CSV: any delimiter, quote, encoding and line end; a bad row is a dead letter and the rest goes on.

All values stay text as they stand in the file, also those that a spreadsheet has turned into `6.37702E+15`: judging
them is the field map's business.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from connectors.files.reading import Batch, Reading
from connectors.files.table import Table
from connectors.files.text import Lines, detect
from synchub.domain.records import Page
from synchub.errors import InputError

_CANDIDATES = (",", ";", "\t", "|")
_MAX_ROW_LINES = 1_000  # one row; far more than any cell has, far less than what an open quote swallows


def read(reading: Reading) -> Iterator[Page]:
    """Yield pages of rows as JSON objects of text, with the number of the line where each row starts."""
    lines = Lines(
        reading.file.handle, detect(reading.file.handle, reading.stream.encoding), reading.limits.record_bytes
    )
    batch = Batch(reading)
    table = Table(reading, batch)
    feed = _Feed(lines, batch)
    try:
        for _ in range(reading.stream.skip_rows):
            feed.skip()
        for number, cells in _rows(reading, feed, batch):
            if any(cells) or len(cells) > 1:
                table.row(cells, number, feed.raw)
            if batch.is_full():
                yield batch.flush()
        table.finish()
    except InputError as exc:
        batch.cut_off(0, "bad_header", f"{exc.message} {exc.fix}", "has no usable header")
    for text in lines.warnings():
        batch.warn(text)
    yield batch.flush()


def _rows(reading: Reading, feed: _Feed, batch: Batch) -> Iterator[tuple[int, list[str]]]:
    """Yield rows; after a row that cannot be read, go on with the line behind the one where it started."""
    stream = reading.stream
    delimiter = stream.delimiter or guess_delimiter(feed.peek(), stream.quote)
    rows = csv.reader(feed, delimiter=delimiter, quotechar=stream.quote, doublequote=True, strict=True)
    while True:
        feed.start_row()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as exc:
            number = feed.first
            raw = feed.back_to_second_line()
            batch.reject(
                number, "bad_quoting",
                f"the row cannot be read ({exc}). Close the quote, double a quote inside a value, or check `quote`.",
                raw,
            )  # fmt: skip
            continue
        yield feed.first, cells


def guess_delimiter(header: str, quote: str = '"') -> str:
    """Tell the delimiter from a header line: the candidate that stands there most often outside quotes.

    >>> guess_delimiter('id;"name, first";site')
    ';'
    >>> guess_delimiter("serial")
    ','
    """
    plain = "".join(header.split(quote)[::2])
    return max(_CANDIDATES, key=plain.count)


class _Feed:
    """Hands lines to the CSV reader and remembers those of the present row, so that they can be read again."""

    def __init__(self, lines: Lines, batch: Batch) -> None:
        self._lines = iter(lines)
        self._batch = batch
        self._again: deque[tuple[int, str]] = deque()
        self._row: list[tuple[int, str]] = []
        self._number = 0
        self.first = 1

    def _next(self) -> tuple[int, str]:
        if self._again:
            return self._again.popleft()
        for line in self._lines:
            self._number += 1
            if line is not None:
                return self._number, line
            self._batch.reject(
                self._number, "line_too_long", "the line is longer than the limit. Check the line ends of the file."
            )
        raise StopIteration

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if len(self._row) >= _MAX_ROW_LINES:
            msg = f"it goes on for more than {_MAX_ROW_LINES:,} lines"
            raise csv.Error(msg)
        entry = self._next()
        if not self._row:
            self.first = entry[0]
        self._row.append(entry)
        return entry[1]

    def skip(self) -> None:
        """Drop one line; at the end of the file nothing happens."""
        try:
            self._next()
        except StopIteration:
            return

    def peek(self) -> str:
        """Return the next line that is not blank without taking it; empty at the end."""
        try:
            entry = self._next()
            while not entry[1].strip():
                entry = self._next()
        except StopIteration:
            return ""
        self._again.appendleft(entry)
        return entry[1]

    def start_row(self) -> None:
        """Forget the lines of the row before."""
        self._row = []

    def raw(self) -> bytes:
        """Return the lines of the present row."""
        return "".join(line for _, line in self._row).encode("utf-8", "replace")

    def back_to_second_line(self) -> bytes:
        """Give back all lines of the present row but the first; return that one."""
        first, *others = self._row or [(0, "")]
        self._again.extendleft(reversed(others))
        return first[1].encode("utf-8", "replace")
