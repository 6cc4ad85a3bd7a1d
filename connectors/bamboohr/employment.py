"""From dated rows to facts: does somebody work here, since when, until when.

The dataset shows what holds today. What is to come (a termination that is already decided, a rehire) stands only in the
table `employmentStatus`, one row per date ("Tabular data" and "Get Employee" of the vendor's documentation, read
2026-11-22). Whoever left is told by a row `Terminated`, never by being absent from a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

TERMINATED = "terminated"  # compared in lower case; one of two statuses that no account can rename
_DATE = re.compile(r"[12]\d{3}-\d\d-\d\d")


class Row(NamedTuple):
    """One row of `employmentStatus`.

    Attributes:
        date: From when it holds, `YYYY-MM-DD`; "" where the row has no date.
        number: Its id, to order rows of one date.
        status: Employment status, in lower case.
    """

    date: str
    number: int
    status: str


def row_of(item: Mapping[str, Any]) -> Row:
    """Read a row as the table endpoints send it."""
    number = str(item.get("id") or "")
    return Row(
        day(item.get("date")), int(number) if re.fullmatch(r"[0-9]{1,18}", number) else 0,
        str(item.get("employmentStatus") or "").strip().lower(),
    )  # fmt: skip


def day(value: Any) -> str:
    """Return a date as `YYYY-MM-DD`; "" for `0000-00-00`, empty values and everything else."""
    text = str(value or "").strip()[:10]
    return text if _DATE.fullmatch(text) else ""


def ends_on(rows: Sequence[Row]) -> str:
    """Tell on which day the employment ends or ended; "" while none is known.

    It is the first of the rows `Terminated` with which the history closes: a later row of another status is a rehire,
    and takes the end away.
    """
    ending = ""
    for row in sorted(rows):
        if row.status != TERMINATED:
            ending = ""
        elif not ending:
            ending = row.date
    return ending


def facts(
    fields: Mapping[str, Any], rows: Sequence[Row], *, today: tuple[str, str], leave: Collection[str]
) -> dict[str, str]:
    """Work out `state` (active, leave, prehire, terminated, inactive), `startsOn` and `endsOn` of one employee.

    `inactive` is somebody whom BambooHR calls inactive without a termination and without a start to come: no fact, so
    the map says nothing about it.

    Args:
        fields: The employee's values from the dataset.
        rows: The employee's rows of `employmentStatus`; empty where the key may not see the table.
        today: Yesterday and tomorrow of the server's day in UTC: the company's own day is one of the days between.
        leave: Employment statuses that mean leave, in lower case.
    """
    active = str(fields.get("status") or "").strip().lower() == "active"
    start, end = day(fields.get("hireDate")), ends_on(rows)
    if not end and not active:
        end = day(fields.get("terminationDate"))
    if active:
        state = "leave" if str(fields.get("employmentStatus") or "").strip().lower() in leave else "active"
    elif start > today[0] and not (end and end <= start):
        state = "prehire"
    elif end and end <= today[1]:
        state = "terminated"
    else:
        state = "inactive"
    return {"state": state, **({"startsOn": start} if start else {}), **({"endsOn": end} if end else {})}
