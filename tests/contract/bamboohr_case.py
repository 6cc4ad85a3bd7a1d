"""The BambooHR connector and its simulator, described for the conformance kit."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from connectors.bamboohr import CONNECTOR
from connectors.bamboohr.settings import BambooSettings
from connectors.kit import Fault, Sent, SourceCase, SourceRun
from connectors.registry import Context
from connectors.secrets import Resolver
from simulators.bamboohr import BambooHR
from simulators.bamboohr.app import of_status
from simulators.http import Check, Request, Response, Server, SimClock
from synchub.ports import Source
from tests.conftest import SHARED
from tests.contract.bamboohr_contract import BambooContract

PAGE = 10
KEY = "kit-bamboohr-key-Zq7"
ROOT = "/api/gateway.php/kit"
LIST = f"{ROOT}/v2/datasets/employee/data"
_PATHS = {"read": f"^{LIST}$", "login": "", "write": f"^{LIST}$"}


def employee(n: int, **values: Any) -> dict[str, Any]:
    """Make the n-th employee, active since 2020."""
    return {
        "id": str(100 + n), "employeeNumber": f"E{n:05d}", "firstName": f"Ada{n}", "lastName": "Byron",
        "workEmail": f"ada{n}@corp.example", "workPhone": "+49 30 1234567", "hireDate": "2020-01-01",
        "ssn": "never-ask",
        "employmentStatus": [{"date": "2020-01-01", "employmentStatus": "Full-Time"}],
        "jobInfo": [
            {"date": "2020-01-01", "department": "Finance", "location": "BER-01", "jobTitle": "Analyst",
             "supervisorEId": "100" if n else ""}
        ],
        **values,
    }  # fmt: skip


@cache
def _contract() -> BambooContract:
    return BambooContract(SHARED / "contracts")  # reading it takes longer than a test


class BambooUnderTest:
    """A company whose answers can be bent in ways the simulator itself has no switch for.

    Args:
        employees: How many it has.
        options: Of the simulator.
    """

    def __init__(self, employees: int, **options: Any) -> None:
        people = options.pop("people", None) or [employee(n) for n in range(employees)]
        self.bamboo = BambooHR(people, company="kit", api_key=KEY, **options)
        self.bent: dict[str, dict[str, Any]] = {}
        # The specifications are not part of the project; where they are absent, the rest is checked all the same.
        checks: list[Check] = [_contract()] if SHARED.is_dir() else []
        self.server = Server(self._handle, clock=self.bamboo.clock, error=self._error, checks=checks).start()

    @property
    def clock(self) -> SimClock:
        """The company's clock."""
        return self.bamboo.clock

    def _error(self, status: int) -> Response:
        return of_status(status).response()

    def _handle(self, request: Request) -> Response:
        response = self.bamboo.handle(request)
        if request.path == LIST and self.bent and response.status == 200:
            body = json.loads(response.body)
            for item in body["data"]:
                for name, value in self.bent.get(item["fields"].get("eeid", ""), {}).items():
                    if value is ...:
                        item["fields"].pop(name, None)
                    else:
                        item["fields"][name] = value
            response.body = json.dumps(body).encode()
            response.headers.append(("x-bent", "1"))  # no longer what the specification describes
        return response

    def inject(self, fault: Fault) -> None:
        """Misbehave."""
        if fault.kind == "short_page":
            self.bamboo.bulk.short_pages |= set(fault.nth)
        elif fault.kind == "empty_page":
            self.bamboo.bulk.empty_pages |= set(fault.nth)
        elif fault.kind == "foreign_link":
            self.bamboo.next_link_origin = "http://127.0.0.1:9"
        elif fault.kind == "skew":
            self.server.skew = fault.seconds
        else:
            kind = {"duplicate_page": "duplicate"}.get(fault.kind, fault.kind)
            self.server.faults.add(
                kind, path=_PATHS[fault.where], nth=fault.nth, status=fault.status or 503, text=fault.text,
                retry_after=-1 if fault.retry_after is None else fault.retry_after, http_date=fault.http_date,
                call=fault.call,
            )  # fmt: skip

    def change(self, key: str, fields: Mapping[str, Any]) -> None:
        """Set fields of an employee; what BambooHR cannot do (missing and unknown fields) is bent into the answers."""
        plain = {name: value for name, value in fields.items() if isinstance(value, str)}
        with self.server.lock():
            self.bamboo.company.update(key, plain)
        self.bent.setdefault(key, {}).update({k: v for k, v in fields.items() if k not in plain})

    def insert(self, count: int) -> None:
        """Hire people; numbers only grow, so they come last."""
        for n in range(900, 900 + count):
            self.bamboo.company.put(employee(n))

    def open(self, context: Context, **settings: Any) -> Source:
        """Open the connector."""
        values = {
            "company": "kit", "api_key": "env:KIT_KEY", "url": f"{self.server.url}{ROOT}", "page_size": PAGE, **settings
        }  # fmt: skip
        resolver = Resolver({"KIT_KEY": KEY}, context.base_dir)
        lent = Context(**{**{f: getattr(context, f) for f in context.__dataclass_fields__}, "resolve": resolver})
        opener: Callable[..., Source] | None = CONNECTOR.open_source
        assert opener is not None
        return opener("hr", BambooSettings.model_validate(values), lent)

    def sent(self) -> list[Sent]:
        """List the requests so far."""
        return [Sent(e.method, e.path, e.query, e.status) for e in self.server.log.entries]

    def asked(self, part: str) -> int:
        """Count the requests whose path holds a text."""
        return self.server.log.count(path=part)


def _start(employees: int) -> SourceRun:
    company = BambooUnderTest(employees)
    token = base64.b64encode(f"{KEY}:x".encode()).decode()
    return SourceRun(
        open=company.open, stream="employees", inject=company.inject,
        keys=lambda: set(company.bamboo.company.employees), change=company.change, insert=company.insert,
        delete=company.bamboo.company.delete, sent=company.sent, secrets=lambda: [KEY, token],
        stop=company.server.stop, problems=company.server.log.problems,
    )  # fmt: skip


BAMBOOHR = SourceCase(
    name="bamboohr",
    start=_start,
    page=PAGE,
    key_of=lambda payload: str(payload["eeid"]),
    key_field="eeid",
    text_field="firstName",
    optional_field="employeeNumber",
    is_list=lambda sent: sent.path == LIST,
    exempt={"token_expired": "an API key has no end that a new login could move: a 401 stays one"},
)
