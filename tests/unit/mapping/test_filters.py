"""JMESPath conditions."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.filters import FilterError, compile_filter


@pytest.mark.parametrize(
    ("text", "payload", "holds"),
    [
        ("os == 'iOS' || os == 'Android'", {"os": "Android"}, True),
        ("owner != 'personal'", {}, True),
        ("owner != 'personal'", {"owner": "personal"}, False),
        ("a.b.c == `1`", {"a": {"b": {"c": 1}}}, True),
        ("a == `1`", {"a": True}, False),
        ("!a", {"a": []}, True),
        ("to_number(n) > `1`", {"n": "2"}, True),
        ("to_number(n) > `1`", {"n": None}, False),
        ("lower(t || '') | contains(@, 'lap') || contains(@, 'note')", {"t": "NoteBook"}, True),
        ("lower(t || '') | contains(@, 'lap') || contains(@, 'note')", {}, False),
        ('contains(`["a", "b"]`, x)', {"x": "b"}, True),
        ("disks[?size > `100`] | length(@) == `1`", {"disks": [{"size": 1}, {"size": 200}]}, True),
        ("length(tags[*].k) > `0`", {"tags": [{"k": 1}]}, True),
    ],
)
def test_conditions_hold_as_jmespath_says(text: str, payload: dict[str, Any], holds: bool) -> None:
    """The language is JMESPath, with `lower` and `upper` of its community edition."""
    assert compile_filter(text).holds(payload) is holds


@pytest.mark.parametrize("text", ["contains(a, 'x')", "starts_with(a, 'x')", "lower(a)", "length(a)", "sum(a)"])
def test_a_function_that_meets_another_kind_of_value_cannot_be_told(text: str) -> None:
    """That is an error of its own, not a silent false."""
    with pytest.raises(FilterError):
        compile_filter(text).holds({})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a ==", "not JMESPath"),
        ("contain(a, 'x')", "did you mean 'contains'"),
        ("contains(a)", "takes 2 arguments"),
        ("@.a", "whole payload"),
        ("*.a", "whole payload"),
        ("a || " * 500 + "a", "longer"),
        ("(" * 150 + "a" + ")" * 150, ""),
    ],
)
def test_conditions_that_cannot_work_are_refused_at_load(text: str, why: str) -> None:
    """Mistakes show when the map is read."""
    if not why:
        compile_filter(text)
        return
    with pytest.raises(ValueError) as error:
        compile_filter(text)
    assert why in str(error.value)


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("a.b == 'x' && c", {("a", "b"), ("c",)}),
        ("lower(a || b) | contains(@, 'x')", {("a",), ("b",)}),
        ("a[?b == 'x'].c", {("a",)}),
        ("a[0].b == `1`", {("a",)}),
    ],
)
def test_what_a_condition_reads_is_known(text: str, paths: set[tuple[str, ...]]) -> None:
    """Projection of personal payloads keeps exactly that."""
    assert set(compile_filter(text).paths) == paths
