"""Foreign text on its way to a person."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from synchub.domain.records import CLEAR
from synchub.visible import ago, cell, columns, markdown, moment, visible

VALUES = st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.lists(st.text()), st.floats())


@given(st.text())
def test_nothing_that_moves_a_cursor_gets_through(text: str) -> None:
    """Whatever a record holds, what is shown prints and can be written as UTF-8."""
    shown = visible(text)

    assert shown.isprintable()
    shown.encode()


@given(VALUES, st.integers(1, 40))
def test_a_cell_is_never_wider_than_asked(value: object, width: int) -> None:
    """Wide characters count twice."""
    assert columns(cell(value, width)) <= width


@given(st.text(alphabet="<>|*_`[]()#!&\\~a\n\x1b"))
def test_every_markup_character_is_escaped(text: str) -> None:
    """Each one that could start something stands behind a backslash, on one line."""
    shown = markdown(text)

    assert "\n" not in shown
    i = 0
    while i < len(shown):
        if shown[i] == "\\":
            i += 2
            continue
        assert shown[i] not in "<>|*_`[]()#!&~"
        i += 1


def test_an_empty_value_says_so() -> None:
    """Nothing known, an empty text, and empty on purpose."""
    assert cell(None) == cell("") == cell(CLEAR) == cell([]) == "(empty)"


@given(st.integers())
def test_any_moment_can_be_shown(at: int) -> None:
    """Also one outside the calendar."""
    assert moment(at, "Europe/Berlin")


def test_ages_are_told_in_their_largest_unit() -> None:
    """Seconds to words."""
    assert [ago(n) for n in (0, 59, 60, 7200, 172_800, -5)] == [
        "just now", "just now", "1 min ago", "2 h ago", "2 d ago", "in the future",
    ]  # fmt: skip
