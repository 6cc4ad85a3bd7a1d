"""Whatever a value holds, in JQL it stays one value: the simulator's own reader of JQL judges, and finds that value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.jira_issues import jql
from simulators.jira.lexer import Reader, tokens

_HOSTILE = st.sampled_from([
    '" OR project = HR OR summary ~ "', '\\" OR key = HR-1 OR "', "\\", "\\\\", '\\\\"', '") ORDER BY created', "-1d",
    "currentUser()", "EMPTY", '"', "'", "a, b", ") AND (", "cf[1]", "x" * 300, "\ud800",
])  # fmt: skip
_TEXT = st.one_of(st.text(max_size=40), _HOSTILE, st.builds("".join, st.lists(_HOSTILE, max_size=3)))


def _read(text: str) -> list[tuple[str, str]]:
    """Read terms with a reader that shares nothing with the builder: (kind, text) of each token."""
    reader, found = Reader(tokens(text, quotes="\"'")), []
    while not reader.done():
        token = reader.next()
        found.append((token.kind, token.text))
    return found


@given(value=_TEXT)
def test_a_value_is_one_term_or_refused(value: str) -> None:
    """Read back, it is what it was; what cannot be written is refused without being shown."""
    if jql.is_safe(value):
        assert [text for _, text in _read(jql.quoted(value))] == [value]
    else:
        with pytest.raises(jql.UnsafeValueError) as refused:
            jql.quoted(value)
        assert len(value) < 4 or value not in str(refused.value)


@given(values=st.lists(_TEXT.filter(jql.is_safe), min_size=1, max_size=6))
def test_a_list_holds_its_values_and_nothing_else(values: list[str]) -> None:
    """As many terms as values, in their order, behind one field."""
    terms = _read(jql.one_of("labels", values))

    assert [text for _, text in terms[:3]] == ["labels", "in", "("]
    assert [text for _, text in terms[3:-1:2]] == values
    assert {text for _, text in terms[4:-1:2]} <= {","}
    assert terms[-1][1] == ")"


@given(name=_TEXT)
def test_a_field_is_a_word_or_refused(name: str) -> None:
    """No name of a field becomes syntax: custom fields are written by number."""
    try:
        written = jql.clause(name)
    except jql.UnsafeValueError:
        return
    assert written.isascii()
    assert written.isalpha() or written.startswith("cf[")


@given(value=st.one_of(_TEXT, st.from_regex(r"[A-Za-z0-9._:-]{3,20}")))
def test_a_mark_needs_no_quoting(value: str) -> None:
    """What passes for a hub key holds nothing that JQL or a label knows: it reads back as one term."""
    if jql.is_mark(value):
        assert jql.is_safe(value)
        assert not set(value) & set(' "\\,()')


@pytest.mark.parametrize("mark", ["acme:12", "acme:c-12", "a.b_c-d:1"])
def test_hub_keys_are_marks(mark: str) -> None:
    """The forms in which the hub gives them."""
    assert jql.is_mark(mark)


def test_changes_are_asked_for_by_age() -> None:
    """Never by a moment, which would be read in the zone of the account."""
    assert jql.changed_within(12) == 'updated >= "-12m"'
