"""Dotted paths and projections."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.paths import compile_one, compile_projection, compile_values, parse_path

HOST = {
    "host": {"os": {"version": "1"}, "interfaces": [{"ipv4": ["a", "b"]}, {"ipv4": "c"}, {}, 7, {"ipv4": None}]},
    "a.b": {"c": "dotted"},
    "Order No": "5",
    "one": {"x": "single"},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("host.os.version", ["1"]),
        ("host.interfaces[].ipv4[]", ["a", "b", "c"]),
        ('"a.b".c', ["dotted"]),
        ("Order No", ["5"]),
        ("one[].x", ["single"]),
        ("host.os.version.deeper", []),
        ("nothing.at.all", []),
        ("host.interfaces.ipv4", []),
    ],
)
def test_paths_find_all_values_in_order(path: str, values: list[Any]) -> None:
    """A path gives what is there, nothing where it leads nowhere; what is no list counts as a list of one."""
    assert compile_values(parse_path(path))(HOST) == values


def test_null_and_absence_can_be_told_apart() -> None:
    """JSON null is None; where nothing is, the getter says what it was told to say."""
    get = compile_one(parse_path("a.b.c"), "absent")
    assert get({"a": {"b": {"c": None}}}) is None
    assert get({"a": {"b": 3}}) == "absent"


@pytest.mark.parametrize(
    "path", ["", "a..b", ".a", "a.", "a[0]", "a]b", '"a', "a .b", "a[][][][][]", ".".join("a" * 17)]
)
def test_what_is_no_path_is_refused(path: str) -> None:
    """Errors say so before any payload is seen."""
    with pytest.raises(ValueError):
        parse_path(path)


def test_a_list_index_is_refused_with_the_way_out() -> None:
    """Who writes `a[0]` learns of `first:`."""
    with pytest.raises(ValueError, match="first:"):
        parse_path("disks[0].size")


def test_projection_keeps_mapped_paths_only() -> None:
    """Everything else goes, siblings inside lists included; objects where a scalar was expected lose their content."""
    project = compile_projection([parse_path("a"), parse_path("b[].c"), parse_path("d.e")], [parse_path("w")])
    payload = {
        "a": {"secret": 1}, "b": [{"c": 1, "secret": 2}, {"c": {"secret": 3}}, "secret"], "d": {"e": None, "secret": 4},
        "w": {"all": [1]}, "secret": 5,
    }  # fmt: skip
    assert project(payload) == {"a": {}, "b": [{"c": 1}, {"c": {}}, None], "d": {"e": None}, "w": {"all": [1]}}
