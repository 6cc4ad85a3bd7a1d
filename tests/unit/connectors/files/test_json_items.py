"""JSON documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.files.limits import Limits
from tests.unit.connectors.files.reads import read_file


def test_a_list_gives_its_items_as_they_were_written(tmp_path: Path) -> None:
    """Numbers keep their digits and keys their order: the payload is the text of the file."""
    got = read_file(tmp_path, "a.json", b'[ {"price": 1.10, "a":1},\n {"b":2} ]')

    assert got.payloads == [b'{"price": 1.10, "a":1}', b'{"b":2}']
    assert got.places == ["a.json:1", "a.json:2"]


def test_an_indented_item_becomes_one_line(tmp_path: Path) -> None:
    """A payload has no line end."""
    assert read_file(tmp_path, "a.json", b'[{\n  "a": 1\n}]').payloads == [b'{"a":1}']


def test_a_list_at_a_path(tmp_path: Path) -> None:
    """What stands beside the list is skipped, strings that look like it included."""
    data = b'{"note": "\\"data\\": [", "data": {"x": [[]], "items": [{"a":1},{"b":2}], "y": 1}}'

    assert read_file(tmp_path, "a.json", data, item="data.items").payloads == [b'{"a":1}', b'{"b":2}']


def test_an_object_is_one_record(tmp_path: Path) -> None:
    """Without a list there is one record."""
    assert read_file(tmp_path, "a.json", b'\xef\xbb\xbf {"a": [1]} ').payloads == [b'{"a": [1]}']


@pytest.mark.parametrize(
    ("data", "item", "code"),
    [
        (b"", None, "not_json"),
        (b"[", None, "not_json"),
        (b'[{"a":1}', None, "not_json"),
        (b'[{"a":1} {"b":2}]', None, "not_json"),
        (b'[{"a":1}]\n[{"b":2}]', None, "not_json"),
        (b'[{"a":1},{"b":NaN}]', None, "not_json"),
        (b"{'a':1}", None, "not_json"),
        (b'{"a":1}', "data", "no_item"),
        (b"[1]", "data", "no_item"),
        (b"[" * 100_000, None, "too_deep"),
    ],
)
def test_a_broken_document_is_one_dead_letter(tmp_path: Path, data: bytes, item: str | None, code: str) -> None:
    """What came before the break is kept, and the file proves nothing."""
    got = read_file(tmp_path, "a.json", data, item=item)

    assert [c for _, c in got.codes] == [code]
    assert got.tally is not None and got.tally.cut == "is no whole JSON"


def test_items_before_a_break_are_kept(tmp_path: Path) -> None:
    """The dead letter names the item and the line where it broke."""
    got = read_file(tmp_path, "a.json", b'[{"a":1},\n{"b":2},\n{"c":')

    assert got.payloads == [b'{"a":1}', b'{"b":2}']
    assert got.codes == [("a.json:3", "not_json")]
    assert "line 3" in got.rejected[0].message


def test_an_item_that_is_no_object_is_one_dead_letter(tmp_path: Path) -> None:
    """The others live."""
    got = read_file(tmp_path, "a.json", b'[1, {"a":1}, null, []]')

    assert got.payloads == [b'{"a":1}']
    assert got.codes == [("a.json:1", "not_an_object"), ("a.json:3", "not_an_object"), ("a.json:4", "not_an_object")]


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    """Deeper than the limit but not deep enough to stop the decoder: one dead letter, the rest goes on."""
    deep = b'{"a":' + b"[" * 300 + b"]" * 300 + b"}"

    got = read_file(tmp_path, "a.json", b"[" + deep + b',{"b":"[[[["}]')

    assert got.codes == [("a.json:1", "too_deep")]
    assert got.payloads == [b'{"b":"[[[["}']


def test_a_document_over_the_limit_is_not_read(tmp_path: Path) -> None:
    """It would have to be held in memory."""
    got = read_file(tmp_path, "a.json", b'[{"a":1}]', limits=Limits(document_bytes=5))

    assert [code for _, code in got.codes] == ["file_too_large"]


def test_windows_1252_is_read_with_a_warning(tmp_path: Path) -> None:
    """JSON should be UTF-8; some exports are not."""
    got = read_file(tmp_path, "a.json", '[{"a":"Zoë"}]'.encode("cp1252"))

    assert got.records == [{"a": "Zoë"}]
    assert "Windows-1252" in got.warnings[0]


def test_utf_16_is_read(tmp_path: Path) -> None:
    """With its mark."""
    assert read_file(tmp_path, "a.json", '[{"a":"Zoë"}]'.encode("utf-16")).records == [{"a": "Zoë"}]
