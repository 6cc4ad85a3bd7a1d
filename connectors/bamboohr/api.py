"""BambooHR's API as far as it is used: the dataset `employee`, what changed, and the table `employmentStatus`.

Sources (read 2026-11-22): OpenAPI description of the vendor's SDK (bhr-api-python, 2026-06-01), "Get Data from Dataset
(v2)", "Get Changed Employee IDs", "Tabular data", "Technical Overview", "Planned Changes to the API".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from connectors import retry
from connectors.bamboohr.employment import Row, row_of
from connectors.http import HttpClient
from connectors.status import parse_date
from synchub.errors import ContractChanged, NotFound, PermissionDenied

DATASET = "/v2/datasets/employee/data"
BATCH = 50  # employees asked for by number in one filter
_FIELDS = "/v1_2/datasets/employee/fields"
_CHANGED = "/v1/employees/changed"
_TABLE = "employmentStatus"
_MOST_FIELD_PAGES = 20
_MOST_EMPTY = 100  # pages in a row that hold nothing
_NUMBER = re.compile(r"[0-9]{1,18}")
_CHECK_URL = "Check `url` and `company`."


class DataPage(NamedTuple):
    """One page of the dataset.

    Attributes:
        items: The rows as they came; may be empty though more pages follow.
        total: How many rows match in all, as the server says; None when it does not say.
        where: The request, for messages.
        last: There is no further page.
    """

    items: list[Any]
    total: int | None
    where: str
    last: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a moment.

    Attributes:
        present: Numbers of employees that were inserted or updated, ascending.
        deleted: Numbers of employees whose record was deleted.
    """

    present: list[str]
    deleted: list[str]


def said(body: bytes) -> str:
    """Pick the words out of an error body: an RFC 7807 problem, or `{"error": {"message"}}`; "" for other shapes."""
    try:
        found = orjson.loads(body)
        error = found.get("error")
        if isinstance(error, dict):
            return str(error.get("message") or "")
        words = [found.get("code"), found.get("detail") or found.get("title")]
        return ": ".join(str(word) for word in words if word)
    except (orjson.JSONDecodeError, AttributeError):
        return ""


def any_of(numbers: Sequence[str]) -> str:
    """Write the filter that matches employees by number.

    Several values in one `in` are for options only, and `and` does not go with `or` ("Get Data from Dataset (v2)"), so
    the numbers are joined by `or`.

    Raises:
        ContractChanged: A number is something else; it does not become part of a query.
    """
    for number in numbers:
        if not _NUMBER.fullmatch(number):
            raise ContractChanged("an employee id is no number.", where="filter", fix=_CHECK_URL)
    return " or ".join(f"eeid eq {number}" for number in numbers)


class Api:
    """Asks BambooHR; everything here is a read, so that each request may be repeated.

    Args:
        client: Client whose base URL ends in `/api` (or the company's part of the gateway).
        policy: How often a request is repeated.
    """

    def __init__(self, client: HttpClient, policy: retry.RetryPolicy | None = None) -> None:
        self.client = client
        self._policy = policy or retry.RetryPolicy()

    def fields(self) -> tuple[set[str], int]:
        """List the names of the dataset's fields that this key is offered, and tell the server's time (seconds, UTC).

        The time is 0 where no answer carries one (a proxy removed it).

        Raises:
            ContractChanged: The list has another form, or does not end.
            ConnectorError: As `HttpClient.request`.
        """
        names: set[str] = set()
        moment = 0
        for page in range(1, _MOST_FIELD_PAGES + 1):
            answer, now = self._ask("GET", _FIELDS, params={"page": page, "page_size": 1000})
            moment = moment or now
            listed = answer.get("fields")
            if not isinstance(listed, list):
                raise self._odd("the answer holds no list `fields`.", f"GET {_FIELDS}")
            names.update(str(item["name"]) for item in listed if isinstance(item, dict) and item.get("name"))
            pagination = answer.get("pagination")
            if not isinstance(pagination, dict) or not pagination.get("next_page"):
                return names, moment
        raise self._odd(f"the list of fields has more than {_MOST_FIELD_PAGES} pages.", f"GET {_FIELDS}")

    def pages(self, fields: Sequence[str], condition: str, size: int) -> Iterator[DataPage]:
        """Yield the pages of a query, by employee number ascending, until one comes without a next link.

        The next link only says that there is more: the page asked for stands in the body of the request.

        Raises:
            ContractChanged: No list, a link to another host, another page than was asked for, or no end.
            ConnectorError: As `HttpClient.request`.
        """
        number = empty = 0
        before: list[Any] = []
        while True:
            number += 1
            where = f"{self.client.connection}: POST {DATASET} page {number}"
            body = {
                "fields": list(fields),
                "filter": condition,
                "orderBy": "eeid asc",
                "page": number,
                "pageSize": size,
            }
            answer, _ = self._ask("POST", DATASET, json=orjson.dumps(body))
            items, meta = answer.get("data"), answer.get("meta")
            if not isinstance(items, list):
                raise ContractChanged("the answer holds no list `data`.", where=where, fix=_CHECK_URL)
            meta = meta if isinstance(meta, dict) else {}
            if meta.get("page", number) != number:
                raise ContractChanged("another page came than was asked for.", where=where, fix="Try again later.")
            total = meta.get("totalItems")
            total = total if type(total) is int else None
            links = answer.get("links")
            link = links.get("next") if isinstance(links, dict) else None
            if link is not None:
                if "//" in str(link):  # else a path or query of this host
                    self.client.own_url(str(link), where=where)
                empty = 0 if items else empty + 1
                if (items and items == before) or empty > _MOST_EMPTY:
                    raise ContractChanged("the list does not move on.", where=where, fix="Try again later.")
                before = items
            yield DataPage(items, total, where, last=link is None)
            if link is None:
                return

    def changed(self, since: int, kind: str = "all") -> Changes:
        """List who changed after a moment (seconds since 1970 UTC)."""
        answer, _ = self._ask("GET", _CHANGED, params={"since": _stamp(since), "type": kind})
        listed = _mapping(answer.get("employees"))
        if listed is None:
            raise self._odd("the answer holds no map `employees`.", f"GET {_CHANGED}")
        present: list[str] = []
        deleted: list[str] = []
        for key, entry in listed.items():
            action = str(entry.get("action") or "").lower() if isinstance(entry, dict) else ""
            (deleted if action == "deleted" else present).append(str(key))
        return Changes(sorted(present, key=lambda key: (len(key), key)), deleted)

    def history(self, since: int | None = None) -> dict[str, list[Row]] | None:
        """Read the rows of `employmentStatus`, of everybody or of those who changed; None where the key may not.

        Rows of days to come are among them.
        """
        try:
            if since is None:
                answer = self._any("GET", f"/v1/employees/all/tables/{_TABLE}")
                items = [(str(item.get("employeeId") or ""), item) for item in _objects(answer)]
            else:
                path = f"{_CHANGED}/tables/{_TABLE}"
                answer, _ = self._ask("GET", path, params={"since": _stamp(since)})
                by_employee = _mapping(answer.get("employees"))
                if by_employee is None:
                    raise self._odd("the answer holds no map `employees`.", f"GET {path}")
                entries = [(key, entry) for key, entry in by_employee.items() if isinstance(entry, dict)]
                items = [(str(key), item) for key, entry in entries for item in _objects(entry.get("rows"))]
        except (NotFound, PermissionDenied):
            return None
        found: dict[str, list[Row]] = {}
        for key, item in items:
            found.setdefault(key, []).append(row_of(item))
        return found

    def ahead(self, number: str, fields: Sequence[str]) -> dict[str, Any] | None:
        """Read fields of one employee as they will be, future rows of tables included; None where the key may not.

        Names are those of the employee endpoints, not of the dataset ("Get Employee").
        """
        if not _NUMBER.fullmatch(number):
            return None
        params = {"fields": ",".join(fields), "onlyCurrent": "false"}
        try:
            return self._ask("GET", f"/v1/employees/{number}", params=params)[0]
        except (NotFound, PermissionDenied):
            return None

    def _ask(self, method: str, path: str, **options: Any) -> tuple[dict[str, Any], int]:
        """Send a request and return the object it brings, and the server's time."""

        def once() -> tuple[Any, int]:
            answer = self.client.request(method, path, idempotent=True, retry=retry.NO_RETRY, **options)
            return answer.json(), parse_date(answer.headers.get("date")) or 0

        found, now = retry.call(once, policy=self._policy, clock=self.client.clock, idempotent=True)
        if not isinstance(found, dict):
            raise self._odd("the answer is no JSON object.", f"{method} {path}")
        return found, now

    def _any(self, method: str, path: str) -> Any:
        return self.client.request_json(method, path, retry=self._policy)

    def _odd(self, message: str, request: str) -> ContractChanged:
        return ContractChanged(message, where=f"{self.client.connection}: {request}", fix=_CHECK_URL)


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _mapping(value: Any) -> dict[str, Any] | None:
    """Return a map; an empty list is an empty map (the vendor's language writes both as `[]`)."""
    return {} if value == [] else value if isinstance(value, dict) else None


def _stamp(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
