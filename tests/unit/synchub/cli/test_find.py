"""Ids of things as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synchub.domain.model import FAMILY_PREFIX
from synchub.explain import display_id, parse_id
from synchub.find import label


@given(st.integers(1, 2**55), st.sampled_from(sorted(FAMILY_PREFIX)))
def test_an_id_is_read_back_as_it_was_shown(entity: int, family: str) -> None:
    """Whatever the case it is typed in."""
    shown = display_id(entity, family)

    assert parse_id(shown) == (entity, family)
    assert parse_id(shown.lower()) == (entity, family)


@given(st.text())
def test_any_word_is_an_id_or_none(word: str) -> None:
    """Nothing that can be typed raises."""
    found = parse_id(word)

    assert found is None or found[0] > 0


@pytest.mark.parametrize("word", ["", "c", "c-", "c-1", "c-0000", "x-0001", "c-U001", "nb-1234x", "c-" + "1" * 13])
def test_what_is_no_id(word: str) -> None:
    """Too short, another letter, a digit outside the alphabet, zero, too long."""
    assert parse_id(word) is None


def test_letters_that_look_like_digits_are_forgiven() -> None:
    """`O` is 0, `I` and `L` are 1."""
    assert parse_id("c-OOIL") == parse_id("c-0011")


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ({"hostname": "nb-1", "serial_number": "S1"}, "nb-1"),
        ({"serial_number": "S1"}, "S1"),
        ({"given_name": "Anna", "family_name": "Novak", "email": "a@b"}, "Anna Novak"),
        ({"order_number": "PO-1", "line_number": "3"}, "PO-1 / 3"),
        ({}, ""),
    ],
)
def test_what_people_call_a_thing(doc: dict[str, str], expected: str) -> None:
    """Host name before serial number; people by their names."""
    assert label(doc) == expected
