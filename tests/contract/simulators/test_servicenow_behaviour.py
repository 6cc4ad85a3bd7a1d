"""What the simulated instance does by itself, under faults, in batches, and how it is watched and controlled."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulators.servicenow import ServiceNow
from simulators.servicenow.contract import validate_request, validate_response

JSON = {"Accept": "application/json", "Content-Type": "application/json"}
HARDWARE = "/api/now/table/alm_hardware"
COMPUTER = "/api/now/table/cmdb_ci_computer"


@pytest.fixture
def sim() -> Iterator[ServiceNow]:
    with ServiceNow(seed=1, start="2026-11-22 08:00:00", frozen=True, validate=True) as instance:
        yield instance


@pytest.fixture
def client(sim: ServiceNow) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, auth=("hub", "hub-password"), headers=JSON, trust_env=False) as http:
        yield http


def category(sim: ServiceNow, name: str = "Computer") -> str:
    return sim.dump("cmdb_model_category", f"name={name}")[0]["sys_id"]


# -- asset and CI ---------------------------------------------------------


def test_a_ci_gets_its_asset_and_they_follow_each_other(sim: ServiceNow, client: httpx.Client) -> None:
    """The counterpart has both references, the model's category and the fields; edits follow both ways."""
    computer = category(sim)
    [model] = sim.seed("cmdb_model", [{"name": "Latitude", "cmdb_model_category": computer}])
    made = client.post(COMPUTER, json={"name": "pc", "serial_number": "S1", "model_id": model}).json()["result"]
    [asset] = sim.dump("alm_asset")
    assert asset["sys_class_name"] == "alm_hardware"
    assert (asset["ci"], asset["serial_number"], asset["model"]) == (made["sys_id"], "S1", model)
    assert (asset["model_category"], asset["install_status"]) == (computer, "1")
    row = sim.get("cmdb_ci", made["sys_id"])
    assert row is not None
    assert row["asset"] == asset["sys_id"]
    client.patch(f"{HARDWARE}/{asset['sys_id']}", json={"asset_tag": "A1", "install_status": "6"})
    ci = client.get(f"{COMPUTER}/{made['sys_id']}").json()["result"]
    assert (ci["asset_tag"], ci["install_status"], ci["hardware_status"]) == ("A1", "6", "in_stock")
    client.patch(f"{COMPUTER}/{made['sys_id']}", json={"hardware_status": "retired"})
    after = sim.get("alm_asset", asset["sys_id"])
    assert after is not None
    assert after["install_status"] == "7"
    assert int(after["sys_mod_count"]) == 2
    assert len(sim.dump("alm_asset")) == len(sim.dump("cmdb_ci")) == 1


def test_an_asset_gets_its_ci(sim: ServiceNow, client: httpx.Client) -> None:
    """An asset with a model category gets a CI of the category's class; one without gets none."""
    body = {"serial_number": "S1", "asset_tag": "A1", "install_status": "2", "model_category": category(sim, "Printer")}
    asset = client.post(HARDWARE, json=body).json()["result"]
    client.post(HARDWARE, json={"serial_number": "S2"})
    [ci] = sim.dump("cmdb_ci")
    assert (ci["sys_class_name"], ci["asset"], ci["serial_number"]) == ("cmdb_ci_printer", asset["sys_id"], "S1")
    assert (ci["install_status"], ci["hardware_status"]) == ("2", "on_order")


def test_the_install_status_of_a_hardware_ci_does_not_reach_the_asset(sim: ServiceNow, client: httpx.Client) -> None:
    """Documented: for hardware, install status goes from the asset to the CI only."""
    made = client.post(COMPUTER, json={"name": "pc"}).json()["result"]
    client.patch(f"{COMPUTER}/{made['sys_id']}", json={"install_status": "7"})
    assert sim.dump("alm_asset")[0]["install_status"] == "1"


def test_counterparts_come_late(sim: ServiceNow, client: httpx.Client) -> None:
    """With a delay the counterpart appears some requests later, by the system, moving the version."""
    sim.assets.requests = 2
    made = client.post(COMPUTER, json={"name": "pc"}).json()["result"]
    assert client.get(f"{COMPUTER}/{made['sys_id']}").json()["result"]["asset"] == ""
    late = client.get(f"{COMPUTER}/{made['sys_id']}").json()["result"]
    assert late["asset"]["value"] == sim.dump("alm_asset")[0]["sys_id"]
    assert (late["sys_mod_count"], late["sys_updated_by"]) == ("1", "system")
    sim.assets.requests, sim.assets.seconds = 0, 60.0
    client.patch(f"{COMPUTER}/{made['sys_id']}", json={"asset_tag": "A1"})
    assert "asset_tag" not in sim.dump("alm_asset")[0]
    sim.clock.advance(61)
    client.get(HARDWARE)
    assert sim.dump("alm_asset")[0]["asset_tag"] == "A1"


def test_the_journal_tells_echoes_from_writes(sim: ServiceNow, client: httpx.Client) -> None:
    """Every change is on record with author, old and new values; echoes are marked."""
    client.post(COMPUTER, json={"name": "pc"})
    assert [(c.operation, c.table, c.echo) for c in sim.store.journal] == [
        ("insert", "cmdb_ci_computer", False),
        ("insert", "alm_hardware", True),
        ("update", "cmdb_ci_computer", True),
    ]
    assert sim.store.journal[0].fields["name"] == ("", "pc")


# -- faults ---------------------------------------------------------------


def test_throttling_with_both_forms_of_retry_after(sim: ServiceNow, client: httpx.Client) -> None:
    """Seconds and HTTP date, the given number of times."""
    sim.faults.add("throttle", nth=1, retry_after=7)
    sim.faults.add("throttle", nth=2, retry_after=7, http_date=True)
    answers = [client.get(HARDWARE) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert answers[1].headers["Retry-After"] == "Sun, 22 Nov 2026 08:00:07 GMT"


def test_timeouts_before_and_after_the_work(sim: ServiceNow, client: httpx.Client) -> None:
    """In both cases no answer comes; only in one the record exists."""
    sim.faults.add("timeout_before", method="POST", nth=1)
    sim.faults.add("timeout_after", method="POST", nth=2)
    for wanted in (0, 1):
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/api/now/table/core_company", json={"name": "Dell"})
        assert len(sim.dump("core_company")) == wanted
    assert [entry.status for entry in sim.log.entries] == [0, 0]
    assert [entry.writes for entry in sim.log.entries] == [0, 1]


def test_broken_answers(sim: ServiceNow, client: httpx.Client) -> None:
    """Truncated bodies, wrong types, 5xx, and a page that repeats the one before."""
    sim.seed("core_company", [{"name": f"c{n}"} for n in range(4)])
    url = "/api/now/table/core_company?sysparm_query=ORDERBYname&sysparm_limit=2"
    sim.faults.add("truncate", nth=1)
    sim.faults.add("content_type", nth=2)
    sim.faults.add("status", status=503, nth=3)
    sim.faults.add("duplicate", nth=5)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(url)
    assert client.get(url).headers["Content-Type"] == "text/html"
    assert client.get(url).status_code == 503
    first = client.get(url).json()
    assert client.get(url + "&sysparm_offset=2").json() == first
    assert client.get(url + "&sysparm_offset=2").json() != first


def test_cancelled_transactions_answer_200_with_an_error(sim: ServiceNow, client: httpx.Client) -> None:
    """Some rows, an error beside them; by fault, or because the page is too big for the instance."""
    sim.seed("core_company", [{"name": f"c{n}"} for n in range(8)])
    url = "/api/now/table/core_company?sysparm_limit="
    sim.faults.add("cancelled", times=1)
    hurt = client.get(url + "8")
    assert hurt.status_code == 200
    assert len(hurt.json()["result"]) == 4
    assert hurt.json()["error"]["message"].startswith("Transaction cancelled")
    sim.cancel_above_rows = 4
    assert "error" in client.get(url + "8").json()
    assert "error" not in client.get(url + "4").json()


def test_pages_drift(sim: ServiceNow, client: httpx.Client) -> None:
    """Rows come and go between two pages."""
    ids = sim.seed("core_company", [{"name": f"c{n}"} for n in range(4)])
    sim.faults.add(
        "drift", nth=2, options={"delete": {"core_company": ids[:1]}, "insert": {"sys_user_group": [{"name": "g"}]}}
    )
    url = "/api/now/table/core_company?sysparm_query=ORDERBYname&sysparm_fields=name&sysparm_limit=2&sysparm_offset="
    names = [row["name"] for offset in (0, 2) for row in client.get(url + str(offset)).json()["result"]]
    assert names == ["c0", "c1", "c3"]
    assert len(sim.dump("sys_user_group")) == 1


def test_clock_skew_and_probability(sim: ServiceNow, client: httpx.Client) -> None:
    """A skewed Date header; faults by seeded chance are the same each time."""
    sim.faults.add("skew", seconds=3600)
    assert client.get(HARDWARE).headers["Date"] == "Sun, 22 Nov 2026 09:00:00 GMT"
    hits = []
    for _ in range(2):
        sim.faults.clear()
        sim.faults.seed(4)
        sim.faults.add("status", status=500, probability=0.3)
        hits.append([client.get(HARDWARE).status_code for _ in range(20)])
    assert hits[0] == hits[1]
    assert {200, 500} == set(hits[0])


# -- batch ----------------------------------------------------------------


def part(name: str, method: str, url: str, body: Any = None) -> dict[str, Any]:
    headers = [{"name": key, "value": value} for key, value in JSON.items()]
    made: dict[str, Any] = {"id": name, "method": method, "url": url, "headers": headers}
    if body is not None:
        made["body"] = base64.b64encode(json.dumps(body).encode()).decode()
    return made


def test_batch_parts_have_their_own_status(sim: ServiceNow, client: httpx.Client) -> None:
    """The outer 200 says nothing about the parts; parts over the limit are unserviced and were not done."""
    sim.batch_parts = 3
    parts = [
        part("1", "POST", "/api/now/table/core_company", {"name": "Dell"}),
        part("2", "GET", "/api/now/table/nonsense"),
        part("3", "GET", "/api/now/table/core_company?sysparm_fields=name"),
        part("4", "POST", "/api/now/table/core_company", {"name": "HP"}),
    ]
    answer = client.post("/api/now/v1/batch", json={"batch_request_id": "b", "rest_requests": parts})
    assert answer.status_code == 200
    data = answer.json()
    assert [p["status_code"] for p in data["serviced_requests"]] == [201, 400, 200]
    assert json.loads(base64.b64decode(data["serviced_requests"][2]["body"])) == {"result": [{"name": "Dell"}]}
    assert data["unserviced_requests"] == ["4"]
    assert len(sim.dump("core_company")) == 1
    assert sim.log.count() == 1
    assert [(e.method, e.status, e.writes, e.via) for e in sim.log.entries][1] == ("POST", 201, 1, 1)
    assert sim.log.problems() == []


# -- watching and control -------------------------------------------------


def test_control_path(sim: ServiceNow) -> None:
    """Another process can seed, edit, inject faults, read the log and the journal."""
    with httpx.Client(base_url=sim.url + "/_sim", trust_env=False) as control:
        [ci] = control.post("/tables/cmdb_ci_computer", json=[{"name": "pc"}]).json()["sys_ids"]
        control.post(f"/edit/cmdb_ci_computer/{ci}?user=jane", json={"name": "renamed"})
        assert control.get("/tables/cmdb_ci_computer?query=name=renamed").json()[0]["sys_updated_by"] == "jane"
        assert control.get("/tables").json()["cmdb_ci_computer"] == 1
        assert control.get("/journal").json()[0]["fields"]["name"] == ["pc", "renamed"]
        control.post("/faults", json={"rules": [{"kind": "status", "status": 500, "times": 1}]})
        assert httpx.get(sim.url + HARDWARE).status_code == 500
        control.post(
            "/config", json={"rate_limit": 1, "rate_lag": 0, "properties": {"a": "b"}, "data_sources": ["Hub"]}
        )
        assert control.get("/counters").json()["by_status"] == {"500": 1}
        assert control.get("/log").json()[0]["path"] == HARDWARE
        assert control.post("/faults", json={"rules": [{"kind": "nonsense"}]}).status_code == 400
        assert control.post("/tables/nonsense", json=[{}]).status_code == 400
        assert control.get("/nonsense").status_code == 404
    assert sim.property("a") == "b"


def test_it_runs_alone() -> None:
    """As a process of its own it prints its address and answers."""
    command = [sys.executable, "-m", "simulators.servicenow", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            answer = httpx.get(f"{url}/api/now/table/sys_properties", auth=("hub", "hub-password"), trust_env=False)
            assert answer.status_code == 200
        finally:
            process.terminate()
        assert process.wait(10) == 0


def test_the_validators_find_what_the_documents_do_not_allow(sim: ServiceNow, client: httpx.Client) -> None:
    """Requests and answers that break the documents are named in the log."""
    table, ire = "/api/now/table/incident", "/api/now/identifyreconcile"
    bad = [
        ("GET", table, "sysparm_limits=1", b"", "unknown parameter"),
        ("GET", table, "sysparm_query=a=1&active=true", b"", "exclude each other"),
        ("GET", table, "sysparm_query=a%20strange%20term", b"", "no condition"),
        ("POST", table, "", b'{"sys_id": "1"}', "not updatable"),
        ("POST", table, "", b'{"caller_id": {"value": "1"}}', "scalar"),
        ("POST", table, "", b"[]", "no single record"),
        ("POST", ire, "", b'{"items": []}', "stored as incomplete"),
        ("POST", ire, "sysparm_data_source=S", b'{"items": [{"values": {}}]}', "className is required"),
        ("POST", "/api/now/v1/batch", "", b'{"rest_requests": [{"id": 1, "method": "GET", "url": "x"}]}', "relative"),
        ("PATCH", table, "", b"{}", "not documented"),
        ("GET", "/api/now/other", "", b"", "no documented resource"),
    ]
    for method, path, query, body, text in bad:
        found = validate_request(method, path, query, {"accept": "a", "content-type": "b"}, body)
        assert any(text in problem for problem in found), (path, query, found)
    head = {"content-type": "application/json"}
    wrong = [
        b'{"result": [{"a": 1}]}',
        b'{"result": {}}',
        b'{"rows": []}',
        b'{"result": [{"a": {"value": "x"}}]}',
        b"{",
    ]
    assert all(validate_response("GET", table, 200, head, body) for body in wrong)
    assert validate_response("GET", table, 404, head, b'{"message": "no"}')
    assert validate_response("GET", table, 200, {"content-type": "text/html"}, b"<html>")
    client.post(table, json={"sys_id": "1"})
    assert sim.log.problems() == ["POST /api/now/table/incident: sys_id is not updatable"]


def test_it_is_fast_enough_for_thirty_thousand(sim: ServiceNow) -> None:
    """With 30,000 CIs a look-up by key needs no scan of the table."""
    sim.seed("cmdb_ci_computer", ({"name": f"pc{n}", "serial_number": f"S{n}"} for n in range(30_000)))
    table = sim.schema.tables["cmdb_ci_hardware"]
    sim.tables.select(table, {"sysparm_query": "serial_number=S1"})
    started = time.process_time()
    for n in range(200):
        keys = ",".join(f"S{n + k}" for k in range(5))
        assert len(sim.tables.select(table, {"sysparm_query": f"serial_numberIN{keys}^ORDERBYsys_id"})) == 5
    assert time.process_time() - started < 1.0
