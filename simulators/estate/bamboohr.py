"""The estate's people as BambooHR keeps them: one employee per HR record, with the history of status and job.

The native key of BambooHR is a number of its own; the worker number stands in `employeeNumber`. Cost centres are a
custom field of the account. A leaver, also one still to go, is a row `Terminated` of `employmentStatus`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.estate.model import Estate

CUSTOM_FIELDS = (("customCostCenter", "Cost Center", 1, "options"),)  # arguments of `simulators.bamboohr.custom`
LEAVE = "Leave of Absence"


def native_id(employee_id: str) -> str:
    """Turn a worker number (`E100213`) into the employee's number within BambooHR."""
    return employee_id.removeprefix("E").lstrip("0") or "0"


def employees(estate: Estate) -> list[dict[str, Any]]:
    """Write down the people of an estate as `simulators.bamboohr.BambooHR` takes them."""
    return [_employee(record) for record in estate.hr]


def _employee(record: Mapping[str, Any]) -> dict[str, Any]:
    hired, ended = record["hire_date"], record["termination_date"]
    status = [{"date": hired, "employmentStatus": "Full-Time"}]
    if record["status"] == "leave":
        status.append({"date": record["updated_at"][:10], "employmentStatus": LEAVE})
    if ended:
        status.append({"date": ended, "employmentStatus": "Terminated"})
    manager = record["manager_employee_id"]
    job = {
        "date": hired, "location": record["location"], "department": record["department"], "division": "",
        "jobTitle": record["job_title"], "supervisorEId": native_id(manager) if manager else "",
    }  # fmt: skip
    return {
        "id": native_id(record["employee_id"]),
        "employeeNumber": record["employee_id"],
        "firstName": record["first_name"],
        "lastName": record["last_name"],
        "workEmail": record["email"],
        "workPhone": record["phone"],
        "hireDate": hired,
        "customCostCenter": record["cost_center"],
        "dateOfBirth": f"19{60 + int(native_id(record['employee_id'])) % 40}-01-01",
        "employmentStatus": status,
        "jobInfo": [job],
    }
