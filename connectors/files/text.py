"""Which encoding a text file has, and its lines as text.

`auto` believes a byte order mark, then the zeros that UTF-16 puts between Latin letters, then UTF-8. What is no UTF-8
is read line by line as Windows-1252, so that one line with broken accents costs the others nothing.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HEAD = 4096


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a file is decoded.

    Attributes:
        name: Python's name of the encoding.
        mark: Bytes of the byte order mark to skip.
        repair: Lines that do not fit are read as Windows-1252.
    """

    name: str
    mark: int = 0
    repair: bool = False


def detect(handle: BinaryIO, configured: str = "auto") -> Encoding:
    """Tell the encoding from the first 4 KiB and rewind.

    A byte order mark of the configured encoding is skipped; another one is left to fail in the decoder.
    """
    head = handle.read(_HEAD)
    handle.seek(0)
    for mark, name in _MARKS:
        if head.startswith(mark) and (configured == "auto" or _same_family(configured, name)):
            return Encoding(name, len(mark), repair=configured == "auto" and name == "utf-8")
    if configured != "auto":
        return Encoding(configured)
    return Encoding(_utf16_without_mark(head) or "utf-8", repair=True)


def _same_family(configured: str, marked: str) -> bool:
    plain = codecs.lookup(configured).name.removesuffix("-sig")
    return marked == plain or marked.startswith(f"{plain}-")


def _utf16_without_mark(head: bytes) -> str | None:
    """Tell UTF-16 by where its zeros are; in text of Latin letters they make up nearly half of the bytes."""
    pairs = len(head) // 2
    if pairs < 2:
        return None
    even, odd = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if odd > 0.7 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    if even > 0.7 * pairs and odd < 0.1 * pairs:
        return "utf-16-be"
    return None


class Lines:
    r"""The physical lines of a text file with their ends, one at a time.

    Args:
        handle: Binary file; stays open.
        encoding: How it is decoded.
        max_chars: Longest line.
        newline: As in `open`: empty for all three line ends (`\n`, `\r\n`, lone `\r`), or the only one.

    Attributes:
        repaired: Lines that were no UTF-8 and were read as Windows-1252.
        lost: Characters that no encoding explained; they stand as U+FFFD.
    """

    def __init__(self, handle: BinaryIO, encoding: Encoding, max_chars: int, newline: str = "") -> None:
        handle.seek(encoding.mark)
        errors = "surrogateescape" if encoding.name == "utf-8" else "replace"
        # The file stays its owner's: a text layer must not close it when it is collected.
        raw = io.BufferedReader(_Borrowed(handle), 1 << 18)
        self._text = io.TextIOWrapper(raw, encoding=encoding.name, errors=errors, newline=newline)
        self._repair = encoding.repair
        self._check = encoding.name != "utf-8"
        self._max = max_chars
        self.repaired = 0
        self.lost = 0

    def __iter__(self) -> Iterator[str | None]:
        """Yield each line; None for one that is longer than the limit, whose rest is skipped."""
        read = partial(self._text.readline, self._max + 1)
        for line in iter(read, ""):
            if len(line) > self._max and line[-1] not in "\r\n":
                self._skip_rest()
                yield None
            else:
                yield line if line.isascii() else self._decoded(line)

    def _skip_rest(self) -> None:
        while (rest := self._text.readline(self._max)) and rest[-1] not in "\r\n":
            pass

    def _decoded(self, line: str) -> str:
        if self._check:
            self.lost += line.count("\ufffd")
            return line
        try:
            line.encode()
        except UnicodeEncodeError:
            raw = line.encode("utf-8", "surrogateescape")
            line = raw.decode("cp1252" if self._repair else "utf-8", "replace")
            self.repaired += self._repair
            self.lost += line.count("\ufffd")
        return line

    def warnings(self) -> list[str]:
        """Say what was wrong with the encoding so far."""
        found = []
        if self.repaired:
            found.append(
                f"{self.repaired:,} lines are no UTF-8 and were read as Windows-1252; set `encoding` if that is wrong"
            )
        if self.lost:
            found.append(f"{self.lost:,} characters fit no encoding and stand as U+FFFD; set `encoding`")
        return found


class _Borrowed(io.RawIOBase):
    """A raw file that belongs to somebody else: closing this closes nothing."""

    def __init__(self, handle: BinaryIO) -> None:
        super().__init__()
        self._handle = handle

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._handle.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)
