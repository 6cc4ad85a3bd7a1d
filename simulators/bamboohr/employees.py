"""The employees of one company: current values, tables with history, and what changed when.

An employee is given as the employee endpoints name things: `id`, plain fields, and under `employmentStatus` and
`jobInfo` lists of dated rows. What a table tracks (status, department, title …) follows from its rows and the day:
the row with the latest date up to today holds, later ones are in the future. Today is a day of the company's time
zone. Whom somebody reports to stands as `supervisorEId` in the rows of `jobInfo`, which show the name only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulators.bamboohr.fields import TABLES, ZERO_DATE
from simulators.clock import SimClock

Row = dict[str, str]
_TRACKED = {"department": "department", "division": "division", "location": "location", "jobTitle": "jobTitle"}
TERMINATED = "Terminated"  # one of two employment statuses that no account can rename ("Tabular data")


@dataclass(slots=True)
class Employee:
    """One employee as stored."""

    id: str
    plain: dict[str, str]
    tables: dict[str, list[Row]] = field(default_factory=dict)
    inserted: int = 0
    changed: int = 0

    def same(self, other: Employee) -> bool:
        """Tell whether both say the same, stamps aside."""
        return (self.plain, self.tables) == (other.plain, other.tables)


class Company:
    """Employees of one company.

    Args:
        clock: Simulated time.
        timezone: Of the company; decides which day it is.
    """

    def __init__(self, clock: SimClock, timezone: str) -> None:
        self._clock, self._zone = clock, ZoneInfo(timezone)
        self.employees: dict[str, Employee] = {}
        self.deleted: dict[str, int] = {}
        self._row = 0

    def now(self) -> int:
        """Seconds since 1970 UTC, whole ones: change stamps have no fractions."""
        return int(self._clock.now())

    def today(self) -> str:
        """The company's day, `YYYY-MM-DD`."""
        return datetime.fromtimestamp(self._clock.now(), self._zone).strftime("%Y-%m-%d")

    def put(self, given: Mapping[str, Any], *, at: int | None = None) -> None:
        """Add or overwrite an employee; only a real change moves the stamp."""
        tables = {name: [self._numbered(row) for row in given.get(name, ())] for name in TABLES}
        plain = {k: str(v) for k, v in given.items() if k not in TABLES and k != "id"}
        new = Employee(str(given["id"]), plain, tables)
        old = self.employees.get(new.id)
        if old is not None:
            for name in TABLES:  # rows that stay keep their id
                ids = {_content(row): row["id"] for row in old.tables.get(name, ())}
                for row in new.tables[name]:
                    row["id"] = ids.get(_content(row), row["id"])
        when = self.now() if at is None else at
        if old is None or not old.same(new):
            new.inserted, new.changed = (old.inserted if old else when), when
            self.employees[new.id] = new
            self.deleted.pop(new.id, None)

    def replace(self, employees: Iterable[Mapping[str, Any]], *, at: int | None = None) -> None:
        """Set all employees; those that are gone count as deleted."""
        given = {str(e["id"]): e for e in employees}
        for key in [key for key in self.employees if key not in given]:
            self.delete(key)
        for employee in given.values():
            self.put(employee, at=at)

    def update(self, key: str, values: Mapping[str, Any]) -> None:
        """Change plain fields of one employee."""
        employee = self.employees[key]
        employee.plain |= {k: str(v) for k, v in values.items()}
        employee.changed = self.now()

    def add_row(self, key: str, table: str, row: Mapping[str, str]) -> None:
        """Add a row to a table of an employee (a termination is a row of `employmentStatus`)."""
        employee = self.employees[key]
        employee.tables.setdefault(table, []).append(self._numbered(row))
        employee.changed = self.now()

    def drop_rows(self, key: str, table: str, date: str) -> None:
        """Remove the rows of one date (a termination that is rescinded)."""
        employee = self.employees[key]
        employee.tables[table] = [row for row in employee.tables[table] if row["date"] != date]
        employee.changed = self.now()

    def delete(self, key: str) -> None:
        """Remove an employee, as for a record that was a mistake; leavers are terminated instead."""
        if self.employees.pop(key, None) is not None:
            self.deleted[key] = self.now()

    def values(self, employee: Employee, *, future: bool = False) -> dict[str, str]:
        """Work out all fields by alias; `future` takes rows of days to come as well (`onlyCurrent=false`)."""
        today = "9999-12-31" if future else self.today()
        status, job = _row_of(employee, "employmentStatus", today), _row_of(employee, "jobInfo", today)
        found = {"hireDate": ZERO_DATE, "originalHireDate": ZERO_DATE, "dateOfBirth": ZERO_DATE, **employee.plain}
        found["id"] = employee.id
        found["displayName"] = f"{found.get('firstName', '')} {found.get('lastName', '')}".strip()
        found["employmentHistoryStatus"] = status.get("employmentStatus", "")
        ended = status.get("employmentStatus") == TERMINATED
        found["terminationDate"] = status.get("date", ZERO_DATE) if ended else ZERO_DATE
        found["status"] = "Active" if self.is_active(employee) else "Inactive"
        found |= {alias: job.get(column, found.get(alias, "")) for alias, column in _TRACKED.items()}
        found["supervisorEId"] = job.get("supervisorEId", "")
        boss = self.employees.get(found["supervisorEId"])
        found["supervisorId"] = boss.plain.get("employeeNumber", "") if boss else ""
        found["supervisor"] = f"{boss.plain.get('firstName', '')} {boss.plain.get('lastName', '')}" if boss else ""
        return found

    def is_active(self, employee: Employee) -> bool:
        """Work out the status: future hires and leavers are inactive."""
        today = self.today()
        status = _row_of(employee, "employmentStatus", today)
        return status.get("employmentStatus") != TERMINATED and employee.plain.get("hireDate", ZERO_DATE) <= today

    def rows(self, employee: Employee, table: str) -> list[dict[str, str]]:
        """List all rows of a table, those to come included, as an answer shows them."""
        shown = []
        for row in employee.tables.get(table, ()):
            boss = self.employees.get(row.get("supervisorEId", ""))
            values = {**row, "reportsTo": f"{boss.plain['firstName']} {boss.plain['lastName']}" if boss else ""}
            columns = {name: values.get(name, ZERO_DATE if kind == "date" else "") for name, kind in TABLES[table]}
            shown.append({"id": row["id"], "employeeId": employee.id} | columns)
        return shown

    def _numbered(self, row: Mapping[str, str]) -> Row:
        self._row += 1
        return {"id": str(self._row), **row}


def stamp(moment: int) -> str:
    """Write a moment as the API does: ISO 8601 in UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def _content(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, v) for k, v in row.items() if k != "id"))


def _row_of(employee: Employee, table: str, day: str) -> Row:
    """Return the row that holds on a day: the latest date up to it, of equal dates the last written."""
    rows = [row for row in employee.tables.get(table, ()) if row.get("date", ZERO_DATE) <= day]
    return max(rows, key=lambda row: (row.get("date", ZERO_DATE), int(row["id"])), default={})
