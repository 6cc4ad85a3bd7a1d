"""The simulator itself: routing, the API key, limits, and the answers of the older endpoints."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from simulators.bamboohr.bulk import Bulk
from simulators.bamboohr.employees import Company, Employee, stamp
from simulators.bamboohr.errors import BambooError, Form
from simulators.bamboohr.fields import STANDARD, TABLES, Field
from simulators.http import Request, Response, Server, SimClock

DEFAULT_COMPANY = "acme"
DEFAULT_KEY = "simulated-bamboohr-key"
_WINDOW = 60.0  # seconds of the throttling window
_MOST_FIELDS = 400
_ACTIONS = {"inserted": "Inserted", "updated": "Updated", "deleted": "Deleted"}
_DIRECTORY = ("displayName", "firstName", "lastName", "preferredName", "jobTitle", "workPhone", "mobilePhone",
              "workEmail", "department", "location", "division", "supervisor")  # fmt: skip


class BambooHR:
    """One company's BambooHR. See the package for use and options; every method may be called while it is served.

    Args:
        employees: Employees as `simulators.bamboohr.employees` describes them.
        company: Subdomain of the company; part of the path at the API gateway.
        api_key: The key that is accepted; it goes as user name of basic authentication.
        timezone: Of the company; decides which day it is.
        custom_fields: Further fields of the account (`simulators.bamboohr.fields.custom`).
        hidden_fields: Aliases of fields that the key's owner may not see.
        hidden_employees: Ids that the key's owner may not see.
        hidden_tables: Tables that the key's owner may not see.
        directory_shared: Whether the directory is shared; 403 otherwise.
        datasets: Whether the key's owner may use the datasets.
        reports: Saved custom reports: id -> (name, dataset fields).
        throttle_limit: Requests per minute; 0 for no limit.
        throttle_status: 429 since 2026-09-16, 503 before that day ("Planned changes to the API").
        empty_pages: Pages of a dataset, from 1, that hold nothing though more follow.
        short_pages: Pages of a dataset that hold half of what was asked for.
        next_link_origin: Origin of next links, instead of the request's own.
        clock: Simulated time; the server's is the same.
        loaded_at: Moment at which `employees` were last changed; now when absent.
    """

    def __init__(
        self,
        employees: Iterable[Mapping[str, Any]] = (),
        *,
        company: str = DEFAULT_COMPANY,
        api_key: str = DEFAULT_KEY,
        timezone: str = "America/Denver",
        custom_fields: Collection[Field] = (),
        hidden_fields: Collection[str] = (),
        hidden_employees: Collection[str] = (),
        hidden_tables: Collection[str] = (),
        directory_shared: bool = True,
        datasets: bool = True,
        reports: Mapping[int, tuple[str, tuple[str, ...]]] | None = None,
        throttle_limit: int = 0,
        throttle_status: int = 429,
        empty_pages: Collection[int] = (),
        short_pages: Collection[int] = (),
        next_link_origin: str = "",
        clock: SimClock | None = None,
        loaded_at: int | None = None,
    ) -> None:
        self.clock = clock or SimClock()
        self.domain, self.api_key = company, api_key
        self.company = Company(self.clock, timezone)
        self.fields = [*STANDARD, *custom_fields]
        self.hidden_fields, self.hidden_employees = set(hidden_fields), set(hidden_employees)
        self.hidden_tables, self.directory_shared = set(hidden_tables), directory_shared
        self.throttle_limit, self.throttle_status = throttle_limit, throttle_status
        self.bulk = Bulk(self, datasets=datasets, reports=reports or {})
        self.bulk.empty_pages, self.bulk.short_pages = set(empty_pages), set(short_pages)
        self.next_link_origin = next_link_origin
        self._recent: deque[float] = deque()
        self.company.replace(employees, at=loaded_at)

    def serve(self, port: int = 0) -> Server:
        """Return a server for this company, not started yet."""
        return Server(self.handle, port=port, clock=self.clock, error=lambda status: of_status(status).response())

    def visible(self) -> list[Employee]:
        """List the employees that the key's owner may see, by id."""
        found = [e for key, e in self.company.employees.items() if key not in self.hidden_employees]
        return sorted(found, key=lambda e: int(e.id))

    def seen_fields(self) -> list[Field]:
        """List the fields that the key's owner may see."""
        return [f for f in self.fields if f.alias not in self.hidden_fields]

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        headers = [("X-Request-ID", request.headers.get("x-request-id", str(uuid.uuid4())))]
        try:
            parts = self._route(request.path)
            self._authorise(request)
            self._admit()
            if "json" not in request.headers.get("accept", "*/*") and "*/*" not in request.headers.get("accept", "*/*"):
                raise BambooError(406, "This simulator answers in JSON only.")
            if parts[0] in ("v1_2", "v2") or parts[:2] == ["v1", "custom-reports"]:
                return self.bulk.answer(request, parts, headers)
            return Response.json(self._answer(request, parts), headers=headers)
        except BambooError as refusal:
            response = refusal.response()
            response.headers += headers
            return response

    def _route(self, path: str) -> list[str]:
        """Take the way of the company's own domain, or of the gateway, off a path."""
        match path.strip("/").split("/"):
            case ["api", "gateway.php", company, *parts] if parts:
                if company != self.domain:
                    raise BambooError(404, "Company not found")
                return parts
            case ["api", *parts] if parts:
                return parts
        raise BambooError(404)

    def _authorise(self, request: Request) -> None:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        try:
            user = base64.b64decode(token, validate=True).decode().partition(":")[0] if kind == "Basic" else ""
        except (binascii.Error, UnicodeDecodeError):
            user = ""
        if user != self.api_key:
            raise BambooError(401)
        request.entry.user = self.domain

    def _admit(self) -> None:
        if not self.throttle_limit:
            return
        now = self.clock.now()
        while self._recent and self._recent[0] <= now - _WINDOW:
            self._recent.popleft()
        if len(self._recent) >= self.throttle_limit:
            wait = max(1, round(self._recent[0] + _WINDOW - now))
            raise BambooError(self.throttle_status, "Rate limit exceeded", retry_after=wait)
        self._recent.append(now)

    def _answer(self, request: Request, parts: list[str]) -> Any:
        """Answer one request to version 1."""
        if request.method != "GET":
            raise BambooError(405)
        params = request.params()
        match parts:
            case ["v1", "meta", "fields"]:
                return [{"id": f.number, "name": f.label, "type": f.type, "alias": f.alias} for f in self.seen_fields()]
            case ["v1", "meta", "tables"]:
                return [_table(name) for name in TABLES if name not in self.hidden_tables]
            case ["v1", "employees", "directory"]:
                return self._directory(_flag(params, "onlyCurrent"))
            case ["v1", "employees", "changed"]:
                return self._changed(params)
            case ["v1", "employees", "changed", "tables", table]:
                return self._changed_table(self._table(table), params)
            case ["v1", "employees", key, "tables", table]:
                chosen = self.visible() if key == "all" else [self._employee(key)]
                return [row for e in chosen for row in self.company.rows(e, self._table(table))]
            case ["v1", "employees", key]:
                return self._single(self._employee(key), params)
            case ["v1", "employees"]:
                raise BambooError(401)  # OAuth only, says the specification
        raise BambooError(404)

    def _directory(self, only_current: bool) -> dict[str, Any]:
        """Show who is active now; with `onlyCurrent=false` also who will be."""
        if not self.directory_shared:
            raise BambooError(403, "The company directory is not shared.")
        today = self.company.today()
        listed = [
            e
            for e in self.visible()
            if self.company.is_active(e) or (not only_current and e.plain.get("hireDate", "") > today)
        ]
        if not listed:
            raise BambooError(404)
        fields = [f for f in self.seen_fields() if f.alias in _DIRECTORY]
        people = []
        for employee in listed:
            values = self.company.values(employee)
            shown: dict[str, Any] = {f.alias: values.get(f.alias) or None for f in fields}
            people.append({"id": employee.id} | shown)
        return {"fields": [{"id": f.alias, "type": f.type, "name": f.label} for f in fields], "employees": people}

    def _single(self, employee: Employee, params: Mapping[str, str]) -> dict[str, Any]:
        asked = [name for name in params.get("fields", "firstName,lastName").split(",") if name]
        if len(asked) > _MOST_FIELDS:
            raise BambooError(400, f"The maximum number of fields is {_MOST_FIELDS}.")
        by_name = {key: f for f in self.seen_fields() for key in (f.alias, str(f.number))}
        values = self.company.values(employee, future=not _flag(params, "onlyCurrent"))
        shown: dict[str, Any] = {n: values.get(by_name[n].alias) or None for n in asked if n in by_name}
        return {"id": employee.id} | shown

    def _changed(self, params: Mapping[str, str]) -> dict[str, Any]:
        since, kind = _since(params), params.get("type", "all")
        if kind not in (*_ACTIONS, "all"):
            raise BambooError(400, "Invalid type parameter.")
        found: dict[str, tuple[str, int]] = {}
        for e in self.visible():
            if e.changed > since:
                action = "Inserted" if e.inserted > since else "Updated"
                found[e.id] = (action, e.changed)
        found |= {key: ("Deleted", when) for key, when in self.company.deleted.items() if when > since}
        found = {key: entry for key, entry in found.items() if kind == "all" or entry[0] == _ACTIONS[kind]}
        latest = max((when for _, when in found.values()), default=int(since))
        return {
            "latest": stamp(latest),
            "employees": {
                key: {"id": key, "action": action, "lastChanged": stamp(when)}
                for key, (action, when) in found.items()
            },
        }  # fmt: skip

    def _changed_table(self, table: str, params: Mapping[str, str]) -> dict[str, Any]:
        since = _since(params)
        rows = {
            e.id: {"lastChanged": stamp(e.changed), "rows": self.company.rows(e, table)}
            for e in self.visible()
            if e.changed > since
        }
        return {"table": table, "employees": rows}

    def _employee(self, key: str) -> Employee:
        employee = self.company.employees.get(key)
        if employee is None:
            raise BambooError(404)
        if key in self.hidden_employees:
            raise BambooError(403, "You do not have permission to see this employee.")
        return employee

    def _table(self, name: str) -> str:
        if name not in TABLES or name in self.hidden_tables:
            raise BambooError(404, "Table not found.")
        return name


def of_status(status: int) -> BambooError:
    """Return what BambooHR says with an HTTP status, for injected faults."""
    form: Form = "data" if status in (400, 404, 413, 422, 500) else "header"
    return BambooError(status, "" if status == 401 else f"Injected {status}", form=form)


def _table(name: str) -> dict[str, Any]:
    columns = [
        {"id": 5000 + n, "name": column, "alias": column, "type": kind} for n, (column, kind) in enumerate(TABLES[name])
    ]
    return {"alias": name, "fields": columns}


def _flag(params: Mapping[str, str], name: str) -> bool:
    return params.get(name, "true").lower() not in ("false", "0")


def _since(params: Mapping[str, str]) -> float:
    try:
        moment = datetime.fromisoformat(params.get("since", "").replace(" ", "+"))
    except ValueError:
        raise BambooError(400, "The since parameter is missing or is not a valid ISO 8601 date.") from None
    if moment.tzinfo is None:
        raise BambooError(400, "The since parameter is not a valid ISO 8601 date.")
    return moment.timestamp()
