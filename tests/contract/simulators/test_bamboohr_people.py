"""The simulated BambooHR: who is shown where, history, changes, permissions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from simulators.bamboohr import BambooHR, custom
from simulators.http import SimClock
from tests.conftest import SHARED
from tests.contract.bamboohr_case import employee
from tests.contract.bamboohr_contract import BambooContract


class _Served:
    """A company and a client of it."""

    def __init__(self, bamboo: BambooHR, http: httpx.Client) -> None:
        self.bamboo, self.http = bamboo, http

    def get(self, path: str, **params: Any) -> Any:
        """Read, whatever the status."""
        return self.http.get(path, params=params)

    def data(self, **body: Any) -> httpx.Response:
        """Query the dataset."""
        return self.http.post("/api/v2/datasets/employee/data", json=body)

    def rows(self, **body: Any) -> list[dict[str, str]]:
        """Query the dataset and return its rows."""
        return [row["fields"] for row in self.data(**body).raise_for_status().json()["data"]]


Serve = Callable[..., _Served]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve companies whose day is 22 November 2026; what they answer keeps to the specification."""
    with ExitStack() as stack:
        logs = []

        def start(*people: dict[str, Any], **options: Any) -> _Served:
            clock = SimClock("2026-11-22 12:00:00", frozen=True)
            bamboo = BambooHR(people or [employee(n) for n in range(3)], clock=clock, **options)
            server = bamboo.serve()
            server.checks = [BambooContract(SHARED / "contracts")] if SHARED.is_dir() else []
            stack.enter_context(server)
            logs.append(server.log)
            http = httpx.Client(
                base_url=server.url, auth=(bamboo.api_key, "x"), headers={"accept": "application/json"}, trust_env=False
            )
            stack.callback(http.close)
            return _Served(bamboo, http)

        yield start
        assert [p for log in logs for p in log.problems() if "answer" in p] == []


LEFT = [
    {"date": "2020-01-01", "employmentStatus": "Full-Time"},
    {"date": "2026-03-31", "employmentStatus": "Terminated"},
]
SOON = [
    {"date": "2020-01-01", "employmentStatus": "Full-Time"},
    {"date": "2026-12-31", "employmentStatus": "Terminated"},
]


def _company(serve: Serve, **options: Any) -> _Served:
    return serve(
        employee(0), employee(1, employmentStatus=LEFT), employee(2, hireDate="2027-01-01"),
        employee(3, employmentStatus=SOON), **options,
    )  # fmt: skip


def test_directory_holds_active_people_only(serve: Serve) -> None:
    """Leavers are in no directory; future hires only when asked for."""
    served = _company(serve)
    shown = {p["id"] for p in served.get("/api/v1/employees/directory").json()["employees"]}
    with_future = served.get("/api/v1/employees/directory", onlyCurrent="false").json()["employees"]

    assert {"100", "103"} == shown
    assert {"100", "102", "103"} == {p["id"] for p in with_future}


def test_directory_refusals(serve: Serve) -> None:
    """Not shared: 403; nobody in it: 404."""
    assert 403 == _company(serve, directory_shared=False).get("/api/v1/employees/directory").status_code
    assert 404 == serve(employee(1, employmentStatus=LEFT)).get("/api/v1/employees/directory").status_code


def test_dataset_holds_everybody(serve: Serve) -> None:
    """Active, left, to come; what is in the future shows only in the table."""
    served = _company(serve)
    found = served.rows(fields=["eeid", "status", "terminationDate", "employmentStatus"], orderBy="eeid asc")
    rows = served.get("/api/v1/employees/103/tables/employmentStatus").json()

    assert [("100", "Active"), ("101", "Inactive"), ("102", "Inactive"), ("103", "Active")] == [
        (row["eeid"], row["status"]) for row in found
    ]
    assert ["0000-00-00", "2026-03-31", "0000-00-00", "0000-00-00"] == [row["terminationDate"] for row in found]
    assert ["2020-01-01", "2026-12-31"] == [row["date"] for row in rows]


def test_the_day_is_the_companys(serve: Serve) -> None:
    """At 03:00 UTC it is still yesterday in Denver: the effective date comes later."""
    served = serve(employee(3, employmentStatus=SOON))
    served.bamboo.clock.advance(38.625 * 86_400)  # 31 December, 03:00 UTC
    before = served.rows(fields=["status"])
    served.bamboo.clock.advance(5 * 3600)

    assert ([{"status": "Active"}], [{"status": "Inactive"}]) == (before, served.rows(fields=["status"]))


def test_effective_date_moves_no_stamp(serve: Serve) -> None:
    """Nobody promises that an effective date which comes is a change."""
    served = serve(employee(3, employmentStatus=SOON))
    served.bamboo.clock.advance(60 * 86_400)

    assert {} == served.get("/api/v1/employees/changed", since="2026-11-22T12:00:01Z").json()["employees"]
    assert "Inactive" == served.get("/api/v1/employees/103", fields="status").json()["status"]


def test_single_employee(serve: Serve) -> None:
    """Fields by alias or number, unknown ones left out, `onlyCurrent=false` looks ahead."""
    served = serve(
        employee(3, employmentStatus=SOON, customBadge="B-7"), custom_fields=[custom("customBadge", "Badge", 1)]
    )
    names = "firstName,4001,nope,terminationDate"

    assert {"id": "103", "firstName": "Ada3", "4001": "B-7", "terminationDate": "0000-00-00"} == served.get(
        "/api/v1/employees/103", fields=names
    ).json()
    ahead = served.get("/api/v1/employees/103", fields="terminationDate", onlyCurrent="false").json()
    assert "2026-12-31" == ahead["terminationDate"]
    assert 400 == served.get("/api/v1/employees/103", fields=",".join(["a"] * 401)).status_code
    assert 404 == served.get("/api/v1/employees/7").status_code


def test_supervisor_by_both_numbers(serve: Serve) -> None:
    """`supervisorId` is the supervisor's employee number, `supervisorEid` the number within BambooHR."""
    row = serve().rows(fields=["supervisorId", "supervisorEid", "supervisorName"], filter="eeid eq 101")

    assert [{"supervisorId": "E00000", "supervisorEid": "100", "supervisorName": "Ada0 Byron"}] == row


def test_changes(serve: Serve) -> None:
    """Inserted, updated and deleted since a moment, and each kind alone."""
    served = serve()
    served.bamboo.clock.advance(3600)
    company = served.bamboo.company
    company.update("100", {"workPhone": "1"})
    company.put(employee(9))
    company.delete("102")
    since = "2026-11-22T12:30:00Z"
    found = served.get("/api/v1/employees/changed", since=since).json()

    assert {"100": "Updated", "109": "Inserted", "102": "Deleted"} == {
        key: entry["action"] for key, entry in found["employees"].items()
    }
    assert "2026-11-22T13:00:00+00:00" == found["latest"]
    for kind, key in (("updated", "100"), ("inserted", "109"), ("deleted", "102")):
        assert [key] == list(served.get("/api/v1/employees/changed", since=since, type=kind).json()["employees"])
    table = served.get("/api/v1/employees/changed/tables/employmentStatus", since=since).json()
    assert {"100", "109"} == set(table["employees"])


def test_putting_the_same_again_changes_nothing(serve: Serve) -> None:
    """Only what differs is a change."""
    served = serve()
    served.bamboo.clock.advance(3600)
    served.bamboo.company.replace([employee(0), employee(1, workPhone="2"), employee(2)])

    assert ["101"] == list(served.get("/api/v1/employees/changed", since="2026-11-22T12:30:00Z").json()["employees"])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "since"), ({"since": "yesterday"}, "since"), ({"since": "2026-11-22"}, "since"),
        ({"since": "2026-11-22T00:00:00Z", "type": "moved"}, "type"),
    ],
)  # fmt: skip
def test_changes_asked_wrongly(serve: Serve, params: dict[str, str], words: str) -> None:
    """The older API says why in a header."""
    answer = serve().get("/api/v1/employees/changed", **params)

    assert (400, True) == (answer.status_code, words in answer.headers["x-bamboohr-error-message"])


def test_what_the_key_may_not_see(serve: Serve) -> None:
    """Hidden people, fields and tables."""
    served = serve(hidden_employees=["101"], hidden_fields=["workPhone"], hidden_tables=["jobInfo"])
    offered = served.get("/api/v1_2/datasets/employee/fields").json()["fields"]

    assert 403 == served.get("/api/v1/employees/101").status_code
    assert {"100", "102"} == {row["eeid"] for row in served.rows(fields=["eeid"])}
    assert "workPhone" not in {f["name"] for f in offered}
    assert 400 == served.data(fields=["eeid", "workPhone"]).status_code
    assert 404 == served.get("/api/v1/employees/all/tables/jobInfo").status_code
    assert 200 == served.get("/api/v1/employees/all/tables/employmentStatus").status_code


def test_datasets_not_allowed(serve: Serve) -> None:
    """Without access datasets are not there, and their fields are refused."""
    served = serve(datasets=False)
    statuses = [
        served.get("/api/v1_2/datasets").status_code,
        served.get("/api/v1_2/datasets/employee/fields").status_code,
        served.data(fields=["eeid"]).status_code,
    ]

    assert [403, 403, 404] == statuses


def test_key_and_company(serve: Serve) -> None:
    """The key is the user name; the gateway's path names the company; list-employees takes OAuth only."""
    served = serve()
    path = "/v1/meta/fields"

    assert 200 == served.get(f"/api{path}").status_code
    assert 200 == served.get(f"/api/gateway.php/acme{path}").status_code
    assert 404 == served.get(f"/api/gateway.php/other{path}").status_code
    assert 401 == served.http.get(f"/api{path}", auth=("wrong", "x")).status_code
    assert 401 == served.http.get(f"/api{path}", auth=("x", served.bamboo.api_key)).status_code
    assert 401 == served.get("/api/v1/employees").status_code
    assert 406 == served.http.get(f"/api{path}", headers={"accept": "application/xml"}).status_code
    assert 404 == served.get("/api/v9/anything").status_code


@pytest.mark.parametrize("status", [429, 503])
def test_limit(serve: Serve, status: int) -> None:
    """Beyond the limit: `Retry-After`; after the wait it goes on."""
    served = serve(throttle_limit=2, throttle_status=status)
    answers = [served.get("/api/v1/meta/tables") for _ in range(3)]
    served.bamboo.clock.advance(float(answers[2].headers["retry-after"]))

    assert [200, 200, status] == [answer.status_code for answer in answers]
    assert 200 == served.get("/api/v1/meta/tables").status_code


def test_filters(serve: Serve) -> None:
    """Comparisons, `in` on options, and `or`; texts compare without regard to case."""
    served = _company(serve)

    def ids(text: str) -> list[str]:
        return [row["eeid"] for row in served.rows(fields=["eeid"], filter=text, orderBy="eeid asc")]

    assert ["100", "101", "102", "103"] == ids("status in ('Active','Inactive')")
    assert ["102", "103"] == ids("eeid gt 101")
    assert ["100", "103"] == ids("eeid eq 100 or eeid eq 103")
    assert ["101"] == ids("eeid ge 101 and eeid lt 102")
    assert ["101"] == ids("terminationDate ge '2026-01-01'")
    assert ["100"] == ids("firstName eq 'ADA0'")
    assert ["101", "102", "103"] == ids("firstName ne 'Ada0'")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"fields": ["eeid"], "filter": "eeid eq 1 or eeid eq 2 and eeid eq 3"}, 422, "INVALID_FILTER"),
        ({"fields": ["eeid"], "filter": "eeid in (1,2)"}, 422, "INVALID_FILTER"),
        ({"fields": ["eeid"], "filter": "firstName gt 'a'"}, 422, "INVALID_FILTER"),
        ({"fields": ["eeid"], "filter": "nope eq 1"}, 422, "INVALID_FILTER"),
        ({"fields": ["eeid"], "filter": "eeid eq"}, 422, "INVALID_FILTER"),
        ({"fields": ["eeid"], "filter": "firstName eq 'O'Brien'"}, 422, "INVALID_FILTER"),
        ({"fields": ["firstName"], "orderBy": "eeid asc"}, 400, "UE-1001"),
        ({"fields": ["eeid"], "orderBy": "eeid"}, 422, "INVALID_ORDER_BY"),
        ({"fields": ["eeid"], "pageSize": 1001}, 422, "INVALID_PAGINATION"),
        ({"fields": ["eeid"], "page": 0}, 422, "INVALID_PAGINATION"),
        ({"fields": ["nope"]}, 400, "INVALID_FIELD"),
        ({"fields": []}, 400, "INVALID_REQUEST"),
    ],
)
def test_queries_that_are_refused(serve: Serve, body: dict[str, Any], status: int, code: str) -> None:
    """Each mistake has its status and code, as a problem."""
    answer = serve().data(**body)

    assert (status, code) == (answer.status_code, answer.json()["code"])


def test_pages(serve: Serve) -> None:
    """Pages are counted from 1, say how many there are, and the last has no next link."""
    served = serve(*[employee(n) for n in range(5)])
    pages = [served.data(fields=["eeid"], orderBy="eeid desc", pageSize=2, page=n).json() for n in (1, 2, 3)]

    assert [2, 2, 1] == [len(page["data"]) for page in pages]
    assert [True, True, False] == ["next" in page["links"] for page in pages]
    assert {"page": 3, "pageSize": 2, "totalPages": 3, "totalItems": 5} == pages[2]["meta"]
    assert "104" == pages[0]["data"][0]["fields"]["eeid"]


def test_custom_reports(serve: Serve) -> None:
    """Saved reports are listed and run; pages that do not exist are clamped."""
    served = serve(reports={4: ("New", ("firstName", "status"))})

    assert [{"id": 4, "name": "New"}] == served.get("/api/v1/custom-reports").json()["reports"]
    page = served.get("/api/v1/custom-reports/4", page=9, page_size=2).json()
    assert ({"firstName": "Ada2", "status": "Active"}, 2) == (page["data"][0], page["pagination"]["current_page"])
    assert 404 == served.get("/api/v1/custom-reports/5").status_code


def test_field_lists(serve: Serve) -> None:
    """Fields with numbers and aliases, tables with columns, custom fields among them."""
    served = serve(custom_fields=[custom("customBadge", "Badge", 1)])
    fields = {f["alias"]: f for f in served.get("/api/v1/meta/fields").json()}
    tables = {t["alias"]: [f["alias"] for f in t["fields"]] for t in served.get("/api/v1/meta/tables").json()}

    assert (4001, "Badge") == (fields["customBadge"]["id"], fields["customBadge"]["name"])
    assert "date" == tables["jobInfo"][0]
    assert 422 == served.get("/api/v1_2/datasets/people/fields").status_code
