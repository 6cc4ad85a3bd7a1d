"""From dated rows to facts."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.bamboohr.employment import TERMINATED, Row, day, ends_on, facts, row_of

TODAY = ("2026-11-21", "2026-11-23")
HIRED = Row("2020-01-01", 1, "full-time")


def _facts(status: str, hired: str, *rows: Row, leave: tuple[str, ...] = (), **fields: str) -> dict[str, str]:
    return facts({"status": status, "hireDate": hired, **fields}, rows, today=TODAY, leave=leave)


def _left(date: str, number: int = 9) -> Row:
    return Row(date, number, TERMINATED)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-31", "2026-03-31"), ("2026-03-31T00:00:00Z", "2026-03-31"), ("0000-00-00", ""), ("", ""), (None, ""),
        ("31.03.2026", ""), ("soon", ""), (20260331, ""), ("x" * 100_000, ""),
    ],
)  # fmt: skip
def test_day(value: object, expected: str) -> None:
    """Zero dates and what is no date say nothing."""
    assert expected == day(value)


def test_row_of_an_odd_row() -> None:
    """A row without a date, with a hostile id or a missing status is still a row."""
    assert Row("", 0, "") == row_of({"id": "1 or 1", "date": "0000-00-00", "employmentStatus": None})
    assert Row("2026-01-01", 7, TERMINATED) == row_of(
        {"id": 7, "date": "2026-01-01", "employmentStatus": " Terminated "}
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], ""),
        ([HIRED], ""),
        ([HIRED, _left("2026-03-31")], "2026-03-31"),
        ([_left("2026-03-31"), HIRED], "2026-03-31"),
        ([HIRED, _left("2024-01-01"), Row("2025-01-01", 10, "part-time")], ""),
        ([HIRED, _left("2024-01-01"), Row("2025-01-01", 10, "part-time"), _left("2026-12-31", 11)], "2026-12-31"),
        ([HIRED, _left("2026-03-31"), _left("2026-04-30", 10)], "2026-03-31"),
        ([HIRED, _left(""), Row("2025-01-01", 10, "contractor")], ""),
    ],
)
def test_ends_on(rows: list[Row], expected: str) -> None:
    """The closing run of terminations counts from its first day; a later status takes it away."""
    assert expected == ends_on(rows)


_ROWS = st.lists(
    st.builds(
        Row,
        st.dates(date(1900, 1, 1), date(2999, 12, 31)).map(str),
        st.integers(0, 9),
        st.sampled_from([TERMINATED, "full-time", "contractor"]),
    ),
    max_size=8,
)


@given(rows=_ROWS, shuffled=st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows: list[Row], shuffled: object) -> None:
    """The vendor promises no order of rows."""
    other = list(rows)
    shuffled.shuffle(other)  # type: ignore[attr-defined]

    assert ends_on(rows) == ends_on(other)


@given(rows=_ROWS)
def test_an_end_is_a_termination_row(rows: list[Row]) -> None:
    """An end is never invented: it is the date of a row `Terminated`, with no other status after it."""
    end = ends_on(rows)

    assert not end or any(row.status == TERMINATED and row.date == end for row in rows)
    assert not end or all(row.status == TERMINATED for row in rows if row.date > end)


def test_active() -> None:
    """Active with a start; an end only when one is known, also in the future."""
    assert {"state": "active", "startsOn": "2020-01-01"} == _facts("Active", "2020-01-01", HIRED)
    assert "2026-12-31" == _facts("Active", "2020-01-01", HIRED, _left("2026-12-31"))["endsOn"]


def test_stale_termination_date_of_somebody_active() -> None:
    """A termination date that a rehire left behind is no end."""
    assert "endsOn" not in _facts("Active", "2020-01-01", terminationDate="2019-05-31")


def test_leave() -> None:
    """Only statuses that mean leave make a leave, and only of who is active."""
    assert "leave" == _facts("active", "2020-01-01", employmentStatus=" Furloughed ", leave=("furloughed",))["state"]
    assert "active" == _facts("Active", "2020-01-01", employmentStatus="Full-Time", leave=("furloughed",))["state"]
    assert "terminated" == _facts(
        "Inactive", "2020-01-01", _left("2026-01-31"), employmentStatus="Furloughed", leave=("furloughed",)
    )["state"]  # fmt: skip


@pytest.mark.parametrize(
    ("hired", "rows", "expected"),
    [
        ("2020-01-01", [HIRED, _left("2026-03-31")], "terminated"),
        ("2020-01-01", [HIRED, _left("2026-11-23")], "terminated"),  # the company's day may be ahead of UTC
        ("2026-11-22", [], "prehire"),  # or behind it
        ("2027-01-01", [], "prehire"),
        ("2027-01-01", [HIRED, _left("2024-01-01"), Row("2027-01-01", 10, "full-time")], "prehire"),
        ("2027-01-01", [_left("2026-11-01"), _left("2027-01-01", 10)], "terminated"),  # does not start after all
        ("2020-01-01", [HIRED], "inactive"),
        ("0000-00-00", [], "inactive"),
        ("2020-01-01", [HIRED, _left("2027-03-31")], "inactive"),
    ],
)
def test_inactive(hired: str, rows: list[Row], expected: str) -> None:
    """Who is inactive has left only with a termination that has come, and is to come only with a start to come."""
    assert expected == _facts("Inactive", hired, *rows)["state"]


def test_termination_date_where_the_table_is_hidden() -> None:
    """Of who is inactive the dataset's own date counts."""
    found = _facts("Inactive", "2020-01-01", terminationDate="2026-03-31")

    assert {"state": "terminated", "startsOn": "2020-01-01", "endsOn": "2026-03-31"} == found


@given(
    st.dictionaries(
        st.sampled_from(["status", "hireDate", "terminationDate", "employmentStatus"]),
        st.one_of(st.none(), st.text(max_size=30), st.integers(), st.lists(st.text(max_size=3))),
    ),
    _ROWS,
)
def test_any_values_give_facts(fields: dict[str, object], rows: list[Row]) -> None:
    """Whatever the answers hold, a state comes out, and dates are dates."""
    found = facts(fields, rows, today=TODAY, leave=())

    assert found["state"] in ("active", "leave", "prehire", "terminated", "inactive")
    assert all(day(found[name]) == found[name] for name in found if name != "state")
