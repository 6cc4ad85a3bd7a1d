"""NDJSON: lines go through untouched."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from connectors.files.limits import Limits
from tests.unit.connectors.files.reads import read_file


def test_lines_go_through_as_they_are(tmp_path: Path) -> None:
    """Not parsed: even a line that is no JSON is the engine's to judge, with its line number."""
    got = read_file(tmp_path, "a.ndjson", b'{"a": 1}\nnonsense\n{"b" :2}\n')

    assert got.payloads == [b'{"a": 1}', b"nonsense", b'{"b" :2}']
    assert got.places == ["a.ndjson:1", "a.ndjson:2", "a.ndjson:3"]


def test_mark_blank_lines_and_carriage_returns_are_left_out(tmp_path: Path) -> None:
    """Line numbers still count every line of the file."""
    got = read_file(tmp_path, "a.ndjson", b'\xef\xbb\xbf{"a":1}\r\n\r\n  \n{"b":2}\r\n')

    assert got.payloads == [b'{"a":1}', b'{"b":2}']
    assert got.places == ["a.ndjson:1", "a.ndjson:4"]


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path: Path) -> None:
    """U+2028, U+0085 and a vertical tab are data, as only a line feed ends a line."""
    line = '{"a":"x\u2028y\u0085z\x0bw"}'.encode()

    assert read_file(tmp_path, "a.ndjson", line + b"\n").payloads == [line]


def test_a_last_line_without_an_end_counts_if_it_is_whole(tmp_path: Path) -> None:
    """Many writers leave the last line end out."""
    assert read_file(tmp_path, "a.ndjson", b'{"a":1}\n{"b":2}').payloads == [b'{"a":1}', b'{"b":2}']


def test_a_cut_last_line_is_told(tmp_path: Path) -> None:
    """A file that was cut says so, and proves nothing."""
    got = read_file(tmp_path, "a.ndjson", b'{"a":1}\n{"b":')

    assert got.codes == [("a.ndjson:2", "cut_line")]
    assert got.tally is not None and got.tally.cut == "its last line is cut"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32"])
def test_other_encodings_are_recoded(tmp_path: Path, encoding: str) -> None:
    """Payloads are always UTF-8."""
    got = read_file(tmp_path, "a.ndjson", '{"a":"Zoë"}\n\n{"b":2}\n'.encode(encoding))

    assert got.payloads == ['{"a":"Zoë"}'.encode(), b'{"b":2}']
    assert got.places == ["a.ndjson:1", "a.ndjson:3"]


@pytest.mark.parametrize("block", [1, 2, 3, 7, 64])
def test_the_size_of_the_blocks_does_not_matter(tmp_path: Path, block: int) -> None:
    """Lines over block borders are whole."""
    lines = [b'{"n":%d,"x":"%s"}' % (n, b"y" * (n % 11)) for n in range(60)]

    got = read_file(tmp_path, "a.ndjson", b"\n".join(lines), limits=Limits(block_bytes=block, page_records=7))

    assert got.payloads == lines
    assert got.places == [f"a.ndjson:{n}" for n in range(1, 61)]


@pytest.mark.parametrize("block", [4, 16, 1000])
def test_a_line_over_the_limit_is_skipped_and_the_rest_goes_on(tmp_path: Path, block: int) -> None:
    """Also when the next lines come in the same block, or the file ends in it."""
    limits = Limits(record_bytes=100, block_bytes=block)

    got = read_file(tmp_path, "a.ndjson", b'{"a":1}\n' + b"x" * 5000 + b'\n{"b":2}\n{"c":3}', limits=limits)

    assert got.codes == [("a.ndjson:2", "line_too_long")]
    assert got.payloads[-2:] == [b'{"b":2}', b'{"c":3}']


def test_an_endless_line_is_bounded(tmp_path: Path) -> None:
    """Ten megabytes without a line end are one dead letter of at most 64 KiB."""
    got = read_file(tmp_path, "a.ndjson", b"x" * 10_000_000, limits=Limits(record_bytes=1_000_000))

    assert got.codes == [("a.ndjson:1", "line_too_long")]
    assert len(got.rejected[0].payload) == 65_536


def test_a_line_costs_less_than_a_microsecond_beyond_its_bytes(tmp_path: Path) -> None:
    """The fast path: 100,000 lines; the best of three runs, as the machine has other work too."""
    data = (b'{"k":"' + b"y" * 90 + b'"}\n') * 100_000
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        got = read_file(tmp_path, "a.ndjson", data)
        best = min(best, time.process_time() - start)

    assert sum(len(page.payloads) for page in got.pages) == 100_000
    assert best < 0.1
