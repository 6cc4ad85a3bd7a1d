"""Compiled conditions say what the jmespath library says."""

from __future__ import annotations

from typing import Any

import jmespath
import jmespath.exceptions
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mapping.filters import _OPTIONS, FilterError, compile_filter

LEAVES = ["a", "b", "a.b", "`1`", "`0`", "'x'", "`true`", "`null`", '`[1, "x"]`', "''", "a[0]", "a[].b"]
ONE = ["!({0})", "lower({0})", "upper({0})", "to_number({0})", "length({0})", "({0}) | a", "({0}) | contains(@, 'x')"]
TWO = ["({0}) || ({1})", "({0}) && ({1})", "({0}) == ({1})", "({0}) != ({1})", "({0}) < ({1})", "({0}) >= ({1})",
       "contains({0}, {1})", "starts_with({0}, {1})", "ends_with({0}, {1})"]  # fmt: skip
EXPRESSIONS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.builds(lambda form, x: form.format(x), st.sampled_from(ONE), inner),
        st.builds(lambda form, x, y: form.format(x, y), st.sampled_from(TWO), inner, inner),
    ),
    max_leaves=5,
)
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, 1, 2.5, "", "x", "xy", "1", "b"]),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)),
    max_leaves=5,
)


def by_library(text: str, payload: Any) -> Any:
    """Say what the library says; `"error"` where it cannot."""
    try:
        found = jmespath.search(text, payload, options=_OPTIONS)
    except jmespath.exceptions.JMESPathError:
        return "error"
    except TypeError:
        # The library trips over `1 < 'x'` and `contains('x', null)`, on which the specification is not in doubt.
        assume(False)
    return not (found is None or found is False or found in ("", [], {}))


@settings(max_examples=600, deadline=None)
@given(text=EXPRESSIONS, payload=st.dictionaries(st.sampled_from("ab"), VALUES, max_size=2))
def test_closures_and_library_agree(text: str, payload: dict[str, Any]) -> None:
    """Also about what cannot be told."""
    try:
        found: Any = compile_filter(text).holds(payload)
    except FilterError:
        found = "error"
    assert found == by_library(text, payload)
