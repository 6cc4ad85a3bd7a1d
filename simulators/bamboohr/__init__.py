"""A simulator of BambooHR: the part of its API that reads employees.

Real HTTP on loopback, written from the vendor's OpenAPI description (bhr-api-python `specs/public.yaml`, 2026-06-01)
and documentation (technical overview, field names and types, tabular data, datasets, planned changes; read
2026-11-22). Sketch of use:

    bamboo = BambooHR([{"id": "101", "firstName": "Anna", "lastName": "Novak", "employeeNumber": "E100213",
                        "workEmail": "anna.novak@corp.example", "hireDate": "2021-04-01",
                        "employmentStatus": [{"date": "2021-04-01", "employmentStatus": "Full-Time"}],
                        "jobInfo": [{"date": "2021-04-01", "department": "Finance", "jobTitle": "Analyst",
                                     "location": "BER-01", "supervisorEId": "100"}]}])
    with bamboo.serve() as server:                       # simulators.http.Server: url, log, faults
        # {server.url}/api/v1/…  or  {server.url}/api/gateway.php/acme/v1/…   basic: API key as user, any password
    bamboo.company.update("101", {"workPhone": "+49 30 1"})
    bamboo.company.add_row("101", "employmentStatus", {"date": "2026-12-31", "employmentStatus": "Terminated"})
    bamboo.company.delete("101")                         # a mistake; who leaves is terminated

Answered are `v1/meta/fields` and `tables`, `v1/employees/directory` (active people only), `employees/{id}`,
`employees/changed`, `employees/changed/tables/{table}`, `employees/{id|all}/tables/{table}`, `v1_2/datasets` with their
fields, `v2/datasets/employee/data` (everybody: active, left, still to come) and `v1/custom-reports`. Everything else is
refused, `v1/employees` with 401 because it takes OAuth only. All values are texts; unset dates are `0000-00-00`. What
is in the future in `employmentStatus` and `jobInfo` shows in the tables only, until its day in the company's time zone;
that day moves no change stamp. `python -m simulators.bamboohr` serves a small estate's people alone.
"""

from __future__ import annotations

from simulators.bamboohr.app import DEFAULT_COMPANY, DEFAULT_KEY, BambooHR
from simulators.bamboohr.fields import ZERO_DATE, custom

__all__ = ["DEFAULT_COMPANY", "DEFAULT_KEY", "ZERO_DATE", "BambooHR", "custom"]
