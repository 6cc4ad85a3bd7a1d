"""What counts as following the sources."""

from __future__ import annotations

import pytest

from simulators.estate.model import Change, Truth
from simulators.followed import Followed

TRUTH = Truth(records={("procurement", "PO-1"): "D1", ("mdm", "m-1"): "D1"}, people={"E1": "P1"})


def _change(after: str, before: str = "1643,45", key: str = "PO-1") -> Change:
    return Change("procurement", key, "unit_price", before, after)


@pytest.mark.parametrize(("before", "after", "follows"), [
    ("1643.45", "1468.56", True), ("1643.45", "1.468,56", True), ("1643.4500", "1468.56", True),
    ("1643.45", "1468.57", False), ("1643.46", "1468.56", False), ("1468.56", "1643.45", False),
    ("1643.45", "1643,45", False), ("", "1468.56", False), ("1643.45", "", False),
])  # fmt: skip
def test_amounts_in_whatever_form(before: str, after: str, follows: bool) -> None:
    """An amount is the same in German and in plain form; another one, and the way back, is not the source's."""
    assert Followed(TRUTH, [_change("1468,56")]).explains("D1", before, after) is follows


def test_several_steps_of_the_same_thing() -> None:
    """Changes add up, of one thing only."""
    followed = Followed(TRUTH, [_change("B", "A"), Change("mdm", "m-1", "name", "B", "C"), _change("D", "C", "PO-2")])

    assert [followed.explains("D1", "A", value) for value in ("B", "C", "D", "A")] == [True, True, False, False]
    assert not followed.explains("D2", "A", "B") and not followed.explains("", "C", "D")


def test_people_by_their_number() -> None:
    """HR's changes belong to the person."""
    followed = Followed(TRUTH, [Change("hr", "E1", "job_title", "Manager", "Director")])

    assert followed.explains("P1", "manager", "Director") and not followed.explains("E1", "Manager", "Director")
