"""CSV as it really comes."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.files.csv_rows import guess_delimiter
from connectors.files.limits import Limits
from tests.unit.connectors.files.reads import read_file

TWO = [{"id": "1", "name": "Zoë"}, {"id": "2", "name": "Jürgen"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_any_line_end_in_any_encoding_gives_the_same_rows(tmp_path: Path, encoding: str, end: str) -> None:
    """Encoding and line ends are told from the file."""
    text = end.join(["id;name", "1;Zoë", "2;Jürgen", ""])

    got = read_file(tmp_path, "a.csv", text.encode(encoding))

    assert got.records == TWO
    assert got.rejected == []


def test_rows_name_the_line_they_start_on(tmp_path: Path) -> None:
    """Blank lines and line ends inside quotes count as lines of the file."""
    got = read_file(tmp_path, "a.csv", b'id,name\n\n1,"two\nlines"\n\n2,x\n')

    assert got.records == [{"id": "1", "name": "two\nlines"}, {"id": "2", "name": "x"}]
    assert got.places == ["a.csv:3", "a.csv:6"]


def test_a_ragged_row_is_a_dead_letter_and_the_rest_goes_on(tmp_path: Path) -> None:
    """The dead letter names file, line, expected and seen columns, and what to do."""
    got = read_file(tmp_path, "a.csv", b"id,name\n1,a\n2\n3,b,c\n4,d\n")

    assert [r["id"] for r in got.records] == ["1", "4"]
    assert got.codes == [("a.csv:3", "ragged_row"), ("a.csv:4", "ragged_row")]
    assert "expected 2 columns, seen 3" in got.rejected[1].message
    assert got.rejected[1].payload == b"3,b,c\n"


def test_an_open_quote_costs_one_row(tmp_path: Path) -> None:
    """What an unclosed quote swallowed is read again as rows."""
    body = b"".join(b"%d,x\n" % n for n in range(3000))

    got = read_file(tmp_path, "a.csv", b'id,name\n1,"open\n' + body)

    assert len(got.records) == 3000
    assert got.codes == [("a.csv:2", "bad_quoting")]


def test_an_open_quote_on_the_last_line_is_told(tmp_path: Path) -> None:
    """A file that was cut inside a quoted value does not end in silence."""
    got = read_file(tmp_path, "a.csv", b'id,name\n1,a\n2,"cut')

    assert got.codes == [("a.csv:3", "bad_quoting")]
    assert len(got.records) == 1


def test_mixed_line_ends_in_one_file(tmp_path: Path) -> None:
    """Files glued together from several systems are read."""
    got = read_file(tmp_path, "a.csv", b"id,name\r1,a\n2,b\r\n3,c\r\r4,d")

    assert [r["id"] for r in got.records] == ["1", "2", "3", "4"]


def test_nul_bytes_make_a_dead_letter(tmp_path: Path) -> None:
    """A damaged row never reaches the database with a NUL in it; a backslash-u in a value is none."""
    got = read_file(tmp_path, "a.csv", b"id,name\n1,a\x00b\n2,c:\\u0000\n")

    assert got.records == [{"id": "2", "name": "c:\\u0000"}]
    assert got.codes == [("a.csv:2", "nul_byte")]


def test_broken_accents_cost_only_their_line(tmp_path: Path) -> None:
    """Windows-1252 beside UTF-8 in one file: each line is read by its own bytes, with a warning."""
    got = read_file(tmp_path, "a.csv", b"id,name\n" + "1,Zoë\n".encode("cp1252") + "2,Jürgen\n".encode())

    assert got.records == TWO
    assert got.warnings == [
        "a.csv: 1 lines are no UTF-8 and were read as Windows-1252; set `encoding` if that is wrong"
    ]


def test_bytes_of_no_encoding_are_told(tmp_path: Path) -> None:
    """0x81 is neither UTF-8 nor Windows-1252: the record lives, with the character marked and a warning."""
    got = read_file(tmp_path, "a.csv", b"id,name\n1,\x81x\n")

    assert got.records == [{"id": "1", "name": "\ufffdx"}]
    assert any("U+FFFD" in text for text in got.warnings)


def test_a_spreadsheet_s_number_stays_as_it_stands(tmp_path: Path) -> None:
    """`6.37702E+15` is kept raw; judging it is the map's business."""
    assert read_file(tmp_path, "a.csv", b"part,n\n6.37702E+15,1\n").records == [{"part": "6.37702E+15", "n": "1"}]


def test_a_column_named_twice_keeps_both_values(tmp_path: Path) -> None:
    """The second one gets a number and a warning; nothing is overwritten."""
    got = read_file(tmp_path, "a.csv", b"id,name,name,name_2\n1,a,b,c\n")

    assert got.records == [{"id": "1", "name": "a", "name_2": "b", "name_2_2": "c"}]
    assert len(got.warnings) == 2


def test_a_delimiter_at_the_end_of_each_row_loses_nothing(tmp_path: Path) -> None:
    """Empty cells beyond the header are left out with a warning."""
    got = read_file(tmp_path, "a.csv", b"id,name\n1,a,\n2,b,,\n")

    assert [r["id"] for r in got.records] == ["1", "2"]
    assert got.warnings == ["a.csv: 2 rows end with empty cells beyond the header, which were left out"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_told(tmp_path: Path, data: bytes) -> None:
    """Not even a header: that is no empty delivery."""
    got = read_file(tmp_path, "a.csv", data)

    assert [code for _, code in got.codes] == ["no_header"]
    assert got.tally is not None and got.tally.cut


def test_columns_and_skipped_rows(tmp_path: Path) -> None:
    """A headerless file gets its columns from the configuration; a title above is skipped."""
    got = read_file(tmp_path, "a.csv", b"Export of today\n1|a\n", columns=["id", "name"], skip_rows=1, delimiter="|")

    assert got.records == [{"id": "1", "name": "a"}]


def test_a_single_line_of_ten_megabytes_is_refused_and_the_rest_goes_on(tmp_path: Path) -> None:
    """The limit bounds memory; the line after it is read."""
    data = b"id,name\n1," + b"x" * 10_000_000 + b"\n2,b\n"

    got = read_file(tmp_path, "a.csv", data, limits=Limits(record_bytes=1_000_000))

    assert got.codes == [("a.csv:2", "line_too_long")]
    assert [r["id"] for r in got.records] == ["2"]


def test_a_field_too_long_for_the_csv_reader_is_one_dead_letter(tmp_path: Path) -> None:
    """131,072 characters are its own limit per field."""
    got = read_file(tmp_path, "a.csv", b"id,name\n1," + b"x" * 200_000 + b"\n2,b\n")

    assert got.codes == [("a.csv:2", "bad_quoting")]
    assert [r["id"] for r in got.records] == ["2"]


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    """A header of thousands of columns is a wrong delimiter or an attack."""
    got = read_file(tmp_path, "a.csv", b",".join(b"c%d" % n for n in range(50)) + b"\n", limits=Limits(columns=10))

    assert got.codes == [("a.csv", "bad_header")]


def test_dead_letters_of_people_hold_no_payload(tmp_path: Path) -> None:
    """What could not be read of a person is not stored either."""
    assert read_file(tmp_path, "a.csv", b"id,name\n1\n", personal=True).rejected[0].payload == b""


def test_a_large_file_comes_in_pages(tmp_path: Path) -> None:
    """No page holds more than the limit; none is lost at the seams."""
    body = b"".join(b"%d,x\n" % n for n in range(4567))

    got = read_file(tmp_path, "a.csv", b"id,name\n" + body, limits=Limits(page_records=100))

    assert max(len(page.payloads) for page in got.pages) == 100
    assert [int(r["id"]) for r in got.records] == list(range(4567))


@pytest.mark.parametrize(
    ("header", "expected"),
    [("a,b,c", ","), ("a;b,c;d", ";"), ("a\tb", "\t"), ('"a,b,c"|d', "|"), ("serial", ",")],
)
def test_the_delimiter_is_told_from_the_header(header: str, expected: str) -> None:
    """Delimiters inside quotes do not count."""
    assert guess_delimiter(header) == expected
