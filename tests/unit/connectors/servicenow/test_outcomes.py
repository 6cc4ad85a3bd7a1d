"""Comparing in the instance's terms."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.servicenow.outcomes import compare, same, to_wire
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Op, RowState, TargetObject, Write


@pytest.mark.parametrize(
    ("sent", "held", "expected"),
    [
        ("8192", "8192", True),
        ("1249", "1249.0000", True),
        ("1249.00", "1249.01", False),
        ("2024-03-01", "2024-03-01 00:00:00", True),
        ("2024-03-01 08:00:00", "2024-03-01", False),
        (None, None, True),
        ("false", None, True),
        ("true", None, False),
        (None, "x", False),
        ("007", "7", False),
        ("A", "a", False),
        ("1.10", "1.1", True),
        (" x ", "x", True),
    ],
)
def test_same(sent: Any, held: Any, expected: bool) -> None:
    """Formats of the instance are no differences; other text is."""
    assert same(sent, held) is expected


@pytest.mark.parametrize(
    ("value", "wire"), [(None, ""), (True, "true"), (8192, "8192"), (["a", "b"], "a,b"), ("x", "x")]
)
def test_everything_is_text_on_the_wire(value: Any, wire: str) -> None:
    """The API takes and gives strings."""
    assert to_wire(value) == wire


@pytest.mark.parametrize(
    ("mark", "owner"),
    [
        ("acme:1", None), ("other:1", "other"), ("other:c-12", "other"), (None, None), ("", None),
        ("ldap:CN=x,DC=y", None), ("INC0010001", None), ("a:b:1", None),
    ],
)  # fmt: skip
def test_other_hub(mark: str | None, owner: str | None) -> None:
    """Only what looks like a hub key of another hub is one."""
    assert other_hub(mark, "acme:7") == owner


def test_create_with_a_refused_field_is_still_created() -> None:
    """The object is there: not saying so would create it again."""
    write = Write(1, "sys_user", Op.CREATE, None, {"title": "x"}, "acme:1")
    got = compare(write, TargetObject("sys_user", "0" * 32, {"title": None}, "0"))
    assert (got.state, set(got.refused)) == (RowState.APPLIED, {"title"})


def test_update_of_which_nothing_took_hold_is_refused() -> None:
    """A write without effect is no success."""
    write = Write(1, "sys_user", Op.UPDATE, "0" * 32, {"title": "x"}, "acme:1")
    got = compare(write, TargetObject("sys_user", "0" * 32, {"title": "y"}, "0"))
    assert got.state is RowState.REFUSED
    assert got.message
