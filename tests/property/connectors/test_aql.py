"""Whatever a value holds, in AQL it stays one value: the reader below is independent of the builder."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira_assets import aql

_HOSTILE = st.sampled_from([
    '" OR Name like "', '\\" OR objectId = 1 OR "', "\\", "\\\\", '\\\\"', "') order by Key desc", "now(-1d)", "EMPTY",
    '"', "${x}", "a, b", ") AND (", "15\" Screen",
])  # fmt: skip
_TEXT = st.one_of(st.text(max_size=40), _HOSTILE, st.builds("".join, st.lists(_HOSTILE, max_size=3)))


def _terms(text: str) -> list[str]:
    """Read quoted terms separated by `, `: a quote ends a term unless a backslash stands before it."""
    found, position = [], 0
    while position < len(text):
        assert text[position] == '"', f"a term begins outside quotes in {text!r}"
        position += 1
        term = ""
        while text[position] != '"':
            if text[position] == "\\":
                position += 1
            term += text[position]
            position += 1
        found.append(term)
        position += 1
        if position < len(text):
            assert text[position : position + 2] == ", ", f"something follows a term in {text!r}"
            position += 2
    return found


@given(value=_TEXT)
def test_a_value_is_one_term_or_refused(value: str) -> None:
    """Read back, it is what it was; what cannot be written is refused without being shown."""
    if aql.is_safe(value):
        assert _terms(aql.quoted(value)) == [value]
    else:
        with pytest.raises(aql.UnsafeValueError):
            aql.quoted(value)


@given(name=_TEXT.filter(aql.is_safe), values=st.lists(_TEXT.filter(aql.is_safe), min_size=1, max_size=6))
def test_a_list_holds_its_values_and_nothing_else(name: str, values: list[str]) -> None:
    """As many terms as values, in their order, behind one attribute."""
    query = aql.one_of(name, values)
    head = aql.quoted(name)

    assert query.startswith(f"{head} in (")
    assert query.endswith(")")
    assert _terms(query[len(head) + 5 : -1]) == values


@given(value=st.one_of(st.text(max_size=12), st.from_regex(r"[0-9]{1,30}")))
def test_ids_are_digits_or_refused(value: str) -> None:
    """No text gets into a query as an id."""
    if value.isascii() and value.isdigit() and len(value) <= 19:
        assert aql.ids("objectId", [value]) == f"objectId in ({value})"
    else:
        with pytest.raises(aql.UnsafeValueError):
            aql.ids("objectId", [value])
