r"""NDJSON: one JSON document per line, split and not parsed.

Lines end with `\n` only (a `\r` before it is dropped), as RFC 8259 allows no raw line end inside a document. Whether
a line is JSON is found when it is mapped, and only if it changed; the one exception is a last line without an end,
which is parsed here because it is where a cut file shows.
"""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from connectors.files.reading import Reading
from connectors.files.text import Lines, detect
from synchub.domain.records import Page, Rejected


def read(reading: Reading) -> Iterator[Page]:
    """Yield pages of raw lines with their line numbers; blank lines are left out."""
    encoding = detect(reading.file.handle, reading.stream.encoding)
    if encoding.name == "utf-8":
        yield from _read_bytes(reading, encoding.mark)
    else:
        lines = Lines(reading.file.handle, encoding, reading.limits.record_bytes, newline="\n")
        yield from _read_recoded(reading, lines)


def _read_bytes(reading: Reading, skip: int) -> Iterator[Page]:
    handle, block = reading.file.handle, reading.limits.block_bytes
    handle.seek(skip)
    number, rest = 1, b""
    while data := handle.read(block):
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        yield from _pages(reading, lines, number)
        number += len(lines)
        while len(rest) > reading.limits.record_bytes:
            tail, dead = _skip_line(reading, rest, number)
            yield reading.page((), number, rejected=[dead])
            lines = tail.split(b"\n")
            rest = lines.pop()
            yield from _pages(reading, lines, number + 1)
            number += 1 + len(lines)
    if rest.strip():
        yield _last(reading, rest, number)


def _pages(reading: Reading, lines: list[bytes], first: int) -> Iterator[Page]:
    """Cut one block's lines into pages; the common case (no blank line, no carriage return) copies nothing."""
    size = reading.limits.page_records
    if lines and lines[0].endswith(b"\r"):  # the first line tells what ends lines here; JSON ignores a stray one
        lines = [line.rstrip(b"\r") for line in lines]
    for start in range(0, len(lines), size):
        part = lines[start : start + size]
        if all(part) and not any(map(bytes.isspace, part)):
            yield reading.page(part, first + start)
        else:
            kept = [(line, first + start + i) for i, line in enumerate(part) if line.strip()]
            yield reading.page([line for line, _ in kept], first + start, [n for _, n in kept])


def _skip_line(reading: Reading, start: bytes, number: int) -> tuple[bytes, Rejected]:
    """Drop a line that is longer than the limit; return what was read beyond its end."""
    size, tail, end = len(start), b"", b""
    while not end and (data := reading.file.handle.read(reading.limits.block_bytes)):
        head, end, tail = data.partition(b"\n")
        size += len(head)
    dead = reading.reject(
        number, "line_too_long",
        f"the line has {size:,} bytes, the limit is {reading.limits.record_bytes:,}. Check that each record stands on "
        "a line of its own.", start,
    )  # fmt: skip
    return tail, dead


def _last(reading: Reading, line: bytes, number: int) -> Page:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        dead = reading.cut_off(
            number, "cut_line", "the last line has no end and is no JSON: the file was cut. Deliver it again.",
            "its last line is cut",
        )  # fmt: skip
        return reading.page((), number, rejected=[dead])
    return reading.page((line.rstrip(b"\r"),), number)


def _read_recoded(reading: Reading, lines: Lines) -> Iterator[Page]:
    part: list[bytes] = []
    numbers: list[int] = []
    dead: list[Rejected] = []
    size = 0
    for number, line in enumerate(lines, 1):
        if line is None:
            dead.append(reading.reject(number, "line_too_long", "the line is longer than the limit. Split the record."))
        elif not line.isspace():
            part.append(line.strip("\r\n").encode())
            numbers.append(number)
            size += len(part[-1])
        if len(part) >= reading.limits.page_records or size >= reading.limits.page_bytes:
            yield reading.page(part, numbers[0], numbers, dead)
            part, numbers, dead, size = [], [], [], 0
    warnings = [f"{reading.name}: {text}" for text in lines.warnings()]
    if part or dead or warnings:
        yield reading.page(part, numbers[0] if numbers else 1, numbers, dead, warnings)
