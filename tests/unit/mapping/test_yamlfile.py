"""YAML as data with line numbers."""

from __future__ import annotations

import pytest

from synchub.domain.yamlfile import MAX_BYTES, MAX_DEPTH, nearest, parse_yaml
from synchub.errors import ConfigError


def test_words_that_other_readers_turn_into_truth_values_stay_text() -> None:
    """`on`, `off`, `no`, dates, octals and versions with three parts are what was typed."""
    data = parse_yaml("a: [on, off, no, yes, 2024-01-01, 0123, 1.2.3, 1_000, .5, 0x1F, NaN]", "m.yaml").data
    assert data["a"] == ["on", "off", "no", "yes", "2024-01-01", "0123", "1.2.3", "1_000", ".5", "0x1F", "NaN"]


def test_numbers_truth_values_and_null_are_read_and_quotes_keep_text() -> None:
    """What YAML 1.2 calls a number, a boolean or null is one, unless it is quoted."""
    data = parse_yaml("a: [1, -2, 0.5, true, false, null, ~, '1', \"true\"]", "m.yaml").data
    assert data["a"] == [1, -2, 0.5, True, False, None, None, "1", "true"]


def test_keys_are_text_as_typed() -> None:
    """A key that looks like a number or a boolean stays text."""
    assert parse_yaml("1: a\ntrue: b\n0x1: c", "m.yaml").data == {"1": "a", "true": "b", "0x1": "c"}


def test_places_are_known_for_keys_and_items() -> None:
    """Every key and list item has its line; what has none takes that of what is around it."""
    document = parse_yaml("a: 1\nb:\n  c:\n    - x\n    - y: 2\n", "maps/m.yaml")
    assert document.where("b", "c") == "maps/m.yaml:3"
    assert document.where("b", "c", 1, "y") == "maps/m.yaml:5"
    assert document.where("b", "c", 1, "nowhere") == "maps/m.yaml:5"
    assert document.where("nowhere") == "maps/m.yaml:1"


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "'a' twice (first on line 1)"),
        ("a: &x 1\nb: *x\n", 1, "anchor or alias"),
        ("a: 1\nb: *x\n", 2, "anchor or alias"),
        ("a: !!python/object:os.system x\n", 1, "a tag"),
        ("a: 1\n---\nb: 2\n", 2, "second document"),
        ("a: 1\n? [x]\n: 2\n", 2, "a key that is not plain text"),
        ("a: 1\nb: [1\n", 3, "not valid YAML"),
        ("a:\n\t- 1\n", 2, "not valid YAML"),
        ("[" * (MAX_DEPTH + 5), 1, "levels"),
    ],
)
def test_refused_content_names_file_and_line(text: str, line: int, why: str) -> None:
    """What is refused is refused with its place."""
    with pytest.raises(ConfigError) as error:
        parse_yaml(text, "maps/m.yaml")
    assert error.value.where == f"maps/m.yaml:{line}"
    assert why in error.value.message


@pytest.mark.parametrize("content", [b"\xff\xfea", b"a: \x00", b"x" * (MAX_BYTES + 1)], ids=["bytes", "nul", "size"])
def test_files_that_are_no_text_are_refused(content: bytes) -> None:
    """Bytes that are not UTF-8, control characters and huge files are a configuration error."""
    with pytest.raises(ConfigError):
        parse_yaml(content, "m.yaml")


def test_a_billion_laughs_is_refused_at_its_first_anchor() -> None:
    """Entity bombs need anchors, and the first one is refused."""
    text = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50))
    with pytest.raises(ConfigError, match="anchor"):
        parse_yaml(text, "m.yaml")


def test_an_empty_file_is_nothing() -> None:
    """An empty file or one of comments only gives None."""
    assert parse_yaml("# nothing\n", "m.yaml").data is None


@pytest.mark.parametrize(("typed", "found"), [("serialNumber", "serial_number"), ("manufcturer", "manufacturer")])
def test_the_nearest_known_word_is_named(typed: str, found: str) -> None:
    """A typo or another spelling finds the word that was meant."""
    assert nearest(typed, ["serial_number", "manufacturer", "model"]) == f"did you mean {found!r}?"
