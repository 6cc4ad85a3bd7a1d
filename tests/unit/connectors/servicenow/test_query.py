"""Encoded queries: no value leaves its place, no query is too long."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.servicenow import query

HOSTILE = st.text(alphabet=st.sampled_from("ab^,=ORNQINDERBYjs:'\"\n\\ \t>< é%&#"), min_size=1, max_size=24)
VALUES = st.one_of(HOSTILE, st.text(min_size=1, max_size=24))


def terms_of(text: str) -> list[str]:
    """Split an encoded query as the platform does: at single carets; two of them are one caret of a value."""
    return [part.replace("\0", "^") for part in text.replace("^^", "\0").split("^")]


def read_one_of(field: str, text: str) -> set[str]:
    """Read a query made by `one_of` independently of how it was made."""
    found: set[str] = set()
    for n, term in enumerate(terms_of(text)):
        if n:
            assert term.startswith("OR"), f"term {n} is no alternative: {term!r}"
            term = term[2:]
        assert term.startswith(field)
        rest = term[len(field) :]
        if rest.startswith("IN"):
            found |= set(rest[2:].split(","))
        else:
            assert rest.startswith("=")
            found.add(rest[1:])
    return found


@given(st.lists(VALUES.filter(query.is_safe), min_size=1, max_size=8, unique=True))
def test_one_of_asks_for_exactly_these_values(values: list[str]) -> None:
    """Whatever the values hold, the query asks for them and for nothing else."""
    assert read_one_of("name", query.one_of("name", values)) == set(values)


@given(VALUES.filter(query.is_safe))
def test_equals_is_one_term(value: str) -> None:
    """A value never ends its term or begins another."""
    assert terms_of(query.equals("name", value)) == [f"name={value}"]


@given(st.lists(VALUES, max_size=60))
def test_chunks_keep_every_safe_value_and_the_limit(values: list[str]) -> None:
    """No safe value is lost, none is added, and each chunk fits into an address."""
    parts = list(query.chunks(values))
    assert [v for part in parts for v in part] == [v for v in values if query.is_safe(v)]
    for part in parts:
        assert len(part) == 1 or len(quote(query.one_of("name", part), safe="")) < 1700


@pytest.mark.parametrize("value", ["javascript:gs.sleep(9)", " JavaScript:x", "a javascript:b", "", "  ", "a\x00b"])
def test_value_that_would_be_evaluated_or_match_all_is_refused(value: str) -> None:
    """There is no escape for a script marker, so such a value is never sent."""
    with pytest.raises(query.UnsafeValueError) as caught:
        query.equals("name", value)
    assert value.strip() == "" or value not in str(caught.value)


@pytest.mark.parametrize("name", ["", "name^active", "a=b", "name,sys_id", "x" * 90, "a..b", "Name", "a/b", "1a"])
def test_what_is_no_field_name_is_refused(name: str) -> None:
    """Names come from maps: they are checked as values are."""
    with pytest.raises(query.UnsafeValueError):
        query.field_name(name)


@pytest.mark.parametrize("name", ["../sys_user", "a/b", "a?b", "", "a.b"])
def test_what_is_no_table_name_is_refused(name: str) -> None:
    """A table becomes part of a path."""
    with pytest.raises(query.UnsafeValueError):
        query.table_name(name)


def test_since_is_utc() -> None:
    """Stamps of the instance are UTC, whatever the local zone."""
    assert query.since(1_795_000_000) == "sys_updated_on>=2026-11-18 07:46:40" or re.fullmatch(
        r"sys_updated_on>=2026-11-18 \d\d:\d\d:\d\d", query.since(1_795_000_000)
    )
