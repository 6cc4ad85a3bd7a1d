"""Lists of managed devices: what they hide, how they page, what they refuse."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from simulators.intune import HIDDEN_IN_LIST
from tests.contract.simulators.conftest import Serve
from tests.contract.simulators.graph import DEVICES, device, ids


def test_list_hides_seven_properties(serve: Serve) -> None:
    """A LIST shows null, '' or 0 for them, even when they are selected."""
    graph = serve(1)
    plain = graph.get(DEVICES).json()["value"][0]
    asked = graph.get(DEVICES, select="id,notes,physicalMemoryInBytes").json()["value"][0]

    assert {name: plain[name] for name in HIDDEN_IN_LIST} == HIDDEN_IN_LIST
    assert asked == {"id": device(0)["id"], "notes": None, "physicalMemoryInBytes": 0}


def test_get_by_id_shows_hidden_properties_only_when_selected(serve: Serve) -> None:
    """GET by id needs $select to show them."""
    graph, wanted = serve(1), device(0)
    without = graph.get(f"{DEVICES}/{wanted['id']}").json()
    names = ",".join(HIDDEN_IN_LIST)
    selected = graph.get(f"{DEVICES}/{wanted['id']}", select=names).json()

    assert {name: without[name] for name in HIDDEN_IN_LIST} == HIDDEN_IN_LIST
    assert {name: selected[name] for name in HIDDEN_IN_LIST} == {name: wanted[name] for name in HIDDEN_IN_LIST}
    assert set(selected) == {"@odata.context", *HIDDEN_IN_LIST}


def test_unset_moments_are_year_one(serve: Serve) -> None:
    """What has never happened is 0001-01-01T00:00:00Z, other moments carry seven fractional digits."""
    found = serve(1).get(DEVICES).json()["value"][0]

    assert found["easActivationDateTime"] == "0001-01-01T00:00:00Z"
    assert re.fullmatch(r"2026-11-\d\dT08:14:00\.\d{7}Z", found["lastSyncDateTime"])


@pytest.mark.parametrize("style", ["skiptoken", "skip"])
def test_next_link_leads_through_all(serve: Serve, style: str) -> None:
    """Following next links verbatim yields every device once; the link keeps the query and its own origin."""
    graph = serve(23, page_size=10, next_link=style)
    pages = graph.pages(top="5", select="id,deviceName")
    link = urlsplit(pages[0]["@odata.nextLink"])

    assert ids(pages) == [device(n)["id"] for n in range(23)]
    assert [len(page["value"]) for page in pages] == [5, 5, 5, 5, 3]
    assert f"{link.scheme}://{link.netloc}" == graph.server.url
    assert {"$top": ["5"], "$select": ["id,deviceName"]}.items() <= parse_qs(link.query).items()
    assert f"${style}" in parse_qs(link.query)


def test_empty_pages_in_the_middle_do_not_end_the_list(serve: Serve) -> None:
    """A page can be empty and still have a next link."""
    pages = serve(25, page_size=10, empty_pages=(1, 3)).pages()

    assert [len(page["value"]) for page in pages] == [0, 10, 0, 10, 5]
    assert sorted(ids(pages)) == [device(n)["id"] for n in range(25)]


def test_foreign_next_link_is_served_on_request(serve: Serve) -> None:
    """Hostile tests can have links that lead elsewhere."""
    page = serve(20, page_size=10, next_link_origin="http://127.0.0.1:9").get(DEVICES).json()

    assert page["@odata.nextLink"].startswith("http://127.0.0.1:9/v1.0/")


def test_page_drift_loses_and_repeats_devices(serve: Serve) -> None:
    """Positions move when devices come and go between pages: one is read twice, one not at all."""
    graph = serve(6, page_size=3)
    graph.tenant.between_pages(lambda page: graph.tenant.put(device(99), first=True) if page == 1 else None)
    repeated = ids(graph.pages())
    graph.tenant.replace([device(n) for n in range(6)])
    graph.tenant.between_pages(lambda page: graph.tenant.remove(device(0)["id"]) if page == 1 else None)
    lost = ids(graph.pages())

    assert repeated.count(device(2)["id"]) == 2
    assert device(3)["id"] not in lost


def test_count_is_the_total_of_the_filter(serve: Serve) -> None:
    """$count=true tells how many match, on any page; without it nothing is told."""
    graph = serve(12, page_size=5)

    assert graph.get(DEVICES, count="true").json()["@odata.count"] == 12
    assert graph.get(DEVICES, count="true", filter="serialNumber eq 'SN000003'").json()["@odata.count"] == 1
    assert "@odata.count" not in graph.get(DEVICES).json()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("serialNumber eq 'SN000003'", {3}),
        ("serialNumber eq 'SN000003' or serialNumber eq 'SN000004'", {3, 4}),
        ("contains(deviceName,'nb-000')", set(range(10))),
        ("lastSyncDateTime gt 2026-11-09T00:00:00Z", {8, 9, 10, 11}),
        ("lastSyncDateTime lt 2026-11-02T09:14:00.5+01:00", {0, 1}),
        ("(manufacturer eq 'HP') and contains(osVersion, '.22631.7')", {7}),
        ("userPrincipalName ne ''", set()),
        ("deviceName eq 'O''Brien'", set()),
    ],
)
def test_documented_filters_work(serve: Serve, text: str, found: set[int]) -> None:
    """Every documented operator selects what it says; text compares without case."""
    answer = serve(12).get(DEVICES, filter=text)

    assert ids([answer.json()]) == [device(n)["id"] for n in sorted(found)]


@pytest.mark.parametrize(
    "params",
    [
        {"orderby": "deviceName"}, {"search": "x"}, {"expand": "users"}, {"skip": "5"}, {"deltatoken": "x"},
        {"select": "nonsense"}, {"select": ""}, {"top": "0"}, {"top": "1001"}, {"top": "x"}, {"count": "yes"},
        {"skiptoken": "made-up"}, {"filter": "nonsense eq 'x'"}, {"filter": "osVersion eq '10'"},
        {"filter": "lastSyncDateTime ge 2026-01-01T00:00:00Z"}, {"filter": "deviceName eq 'a' or model eq 'b'"},
        {"filter": "deviceName eq"}, {"filter": "deviceName eq 'a'x"}, {"filter": ""}, {"filter": "(" * 60},
        {"filter": "azureADDeviceId eq 'x'", "count": "true"}, {"filter": "managedDeviceOwnerType eq 'company'"},
    ],
)  # fmt: skip
def test_what_is_not_documented_is_refused(serve: Serve, params: dict[str, str]) -> None:
    """Other options, properties, operators and malformed values answer 400 in Graph's error shape."""
    answer = serve(1).get(DEVICES, **params)
    error = answer.json()["error"]

    assert answer.status_code == 400
    assert error["code"] and error["message"]
    assert {"date", "request-id", "client-request-id"} == set(error["innerError"])


def test_unknown_device_is_404(serve: Serve) -> None:
    """A device that is gone answers 404 with Graph's error."""
    answer = serve(1).get(f"{DEVICES}/nope")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "ResourceNotFound")


@pytest.mark.parametrize("path", ["/v1.0/deviceManagement/nonsense", "/v1.0/groups", "/beta/users", "/"])
def test_unknown_paths_are_refused(serve: Serve, path: str) -> None:
    """Resources the simulator does not have answer 400, not an empty list."""
    assert serve(1).get(path).status_code == 400


def test_writing_is_refused(serve: Serve) -> None:
    """Devices are read-only here."""
    graph = serve(1)

    assert graph.http.patch(f"{DEVICES}/{device(0)['id']}", json={"notes": "x"}).status_code == 405


def test_unknown_fields_pass_through(serve: Serve) -> None:
    """A property Graph may add tomorrow is shown, and can be selected."""
    graph = serve(items=[device(0, chassisType="laptop")])

    assert graph.get(DEVICES).json()["value"][0]["chassisType"] == "laptop"
    assert graph.get(DEVICES, select="chassisType").json()["value"] == [{"chassisType": "laptop"}]


def test_request_ids_come_back(serve: Serve) -> None:
    """The client's own request id is echoed in header and error."""
    graph = serve(1)
    answer = graph.http.get(f"{DEVICES}/nope", headers={"client-request-id": "mine"})
    inner: dict[str, Any] = answer.json()["error"]["innerError"]

    assert answer.headers["client-request-id"] == inner["client-request-id"] == "mine"
    assert answer.headers["request-id"] == inner["request-id"]
