"""The documented request and answer pairs: reproduced where served, refused as the vendor does elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from simulators.servicenow import ServiceNow
from simulators.servicenow.contract import validate_response

SERVED = ("c_TableAPI", "c_IdentifyReconcileAPI", "c_AggregateAPI", "cmdb-meta-api", "inbound-REST-API-rate-limiting")
JSON = {"Accept": "application/json", "Content-Type": "application/json"}


@pytest.fixture
def examples(shared: Path) -> list[dict[str, Any]]:
    found = json.loads((shared / "contracts/servicenow/examples.json").read_text())
    assert len(found) == 47
    return list(found)


@pytest.fixture
def sim() -> Iterator[ServiceNow]:
    with ServiceNow(seed=1, sync=False) as instance:
        instance.ire.default_source = "ServiceNow"
        yield instance


@pytest.fixture
def client(sim: ServiceNow) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, auth=("hub", "hub-password"), headers=JSON, trust_env=False) as http:
        yield http


def kind(value: Any) -> Any:
    """Reduce a value to its shape."""
    if isinstance(value, dict):
        return {key: kind(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [kind(value[0])] if value else []
    return type(value).__name__


def target(example: dict[str, Any]) -> str:
    parts = urlsplit(str(example["request"]["url"]))
    return parts.path + (f"?{parts.query}" if parts.query else "")


def row_of(record: dict[str, Any]) -> dict[str, str]:
    return {key: value["value"] if isinstance(value, dict) else value for key, value in record.items()}


def test_table_answers_have_the_fields_and_shapes_of_the_documents(
    sim: ServiceNow, client: httpx.Client, examples: list[dict[str, Any]]
) -> None:
    """The five Table API pairs: every field of the document is there, as a string or a reference as there."""
    pairs = [example for example in examples if example["doc"] == "c_TableAPI"]
    assert len(pairs) == 5
    for example in pairs:
        method = example["endpoint"].split()[0]
        wanted = example["response"]["result"]
        record = wanted[0] if isinstance(wanted, list) else wanted
        path = target(example)
        table = path.split("/")[4].split("?")[0]
        if method != "POST" and sim.get(table, record["sys_id"]) is None:
            sim.seed(table, [{**row_of(record), "sys_class_name": table}])
        response = client.request(method, path, json=example["request"]["json"] if method != "GET" else None)
        assert response.status_code == (201 if method == "POST" else 200)
        answer = response.json()["result"]
        given = answer[0] if isinstance(wanted, list) else answer
        assert set(record) <= set(given)
        if method == "GET":
            assert {k: kind(given[k]) for k in record if record[k]} == {k: kind(v) for k, v in record.items() if v}
        for field, value in (example["request"]["json"] or {}).items():
            assert value == (given[field]["value"] if isinstance(given[field], dict) else given[field])


def test_identification_pairs(sim: ServiceNow, client: httpx.Client, examples: list[dict[str, Any]]) -> None:
    """The documented payloads give the documented operations, ids and attempts."""
    sim.seed("cmdb_ci_linux_server", [{"name": "lnux101", "sys_id": "539747cac0a801640163e60735fbbf6e"}])
    sim.seed("cmdb_ci_ip_switch", [{"name": "IP-Switch-1", "sys_id": "304481257f701200bee45f19befa915b"}])
    for number in (13, 10):
        response = client.post(target(examples[number]), json=examples[number]["request"]["json"])
        given, wanted = response.json()["result"], examples[number]["response"]["result"]
        for mine, theirs in zip(given["items"], wanted["items"], strict=True):
            assert set(theirs) <= set(mine)
            same = ("className", "operation", "sysId", "identifierEntrySysId", "inputIndices", "errorCount")
            assert {key: mine[key] for key in same} == {key: theirs[key] for key in same}
            results = [attempt["attemptResult"] for attempt in theirs["identificationAttempts"]]
            assert [attempt["attemptResult"] for attempt in mine["identificationAttempts"]] == results
        assert [r["operation"] for r in given["relations"]] == [r["operation"] for r in wanted["relations"]]


def test_partial_payload_pairs(sim: ServiceNow, client: httpx.Client, examples: list[dict[str, Any]]) -> None:
    """A payload without identifiers waits as partial; a second one with an adapter completes it, with a summary."""
    for number in (14, 11):
        response = client.post(target(examples[number]), json=examples[number]["request"]["json"])
        [mine], [theirs] = response.json()["result"]["items"], examples[number]["response"]["result"]["items"]
        assert set(mine) == set(theirs)
        same = ("className", "operation", "sysId", "identifierEntrySysId", "errors", "errorCount", "warningCount")
        assert {key: mine[key] for key in same} == {key: theirs[key] for key in same}
        assert mine["warnings"][0]["error"] == theirs["warnings"][0]["error"]
        assert [a["attemptResult"] for a in mine["identificationAttempts"]] == [
            a["attemptResult"] for a in theirs["identificationAttempts"]
        ]
    adapter = {"name": "eth0", "mac_address": "aa:bb:cc:00:11:22", "ip_address": "10.0.0.1"}
    item = {
        "className": "cmdb_ci_computer",
        "sys_object_source_info": examples[11]["request"]["json"]["items"][0]["sys_object_source_info"],
        "lookup": [{"className": "cmdb_ci_network_adapter", "values": adapter}],
    }
    for number in (15, 12):  # the documents give no body for these two
        response = client.post(target(examples[number]), json={"items": [item]})
        mine, theirs = response.json()["result"], examples[number]["response"]["result"]
        assert set(mine) == set(theirs)
        assert set(theirs["items"][0]) <= set(mine["items"][0])
        assert mine["summary"] == theirs["summary"]
        assert mine["items"][0]["operation"] == "INSERT"


def test_aggregate_pair(sim: ServiceNow, client: httpx.Client, examples: list[dict[str, Any]]) -> None:
    """Averages by group, as strings with four digits."""
    [example] = [e for e in examples if e["doc"] == "c_AggregateAPI"]
    groups = sim.seed("sys_user_group", [{"name": "a"}, {"name": "b"}])
    sim.seed(
        "incident",
        [
            {"assignment_group": group, "reassignment_count": n, "business_stc": 7 * n}
            for group in groups
            for n in (1, 2)
        ],
    )
    answer = client.get(target(example)).json()
    assert kind(answer) == kind({"result": example["response"]["result"][1:]})
    assert answer["result"][0]["stats"]["avg"] == {"reassignment_count": "1.5000", "business_stc": "10.5000"}


def test_meta_pair(client: httpx.Client, examples: list[dict[str, Any]]) -> None:
    """Class, parent, attributes and the identification rule in the documented shape."""
    [example] = [e for e in examples if e["doc"] == "cmdb-meta-api"]
    mine, theirs = client.get(target(example)).json()["result"], example["response"]["result"]
    assert set(mine) == set(theirs)
    assert (mine["name"], mine["parent"]) == (theirs["name"], theirs["parent"])
    assert set(mine["attributes"][0]) == set(theirs["attributes"][0])
    assert set(mine["identification_rules"]) == set(theirs["identification_rules"])
    mine_entries, entries = mine["identification_rules"]["identifiers"], theirs["identification_rules"]["identifiers"]
    for name in ("attributes", "table", "exact_count_match", "order", "referenced_field"):
        assert [e[name] for e in mine_entries] == [e[name] for e in entries]


def test_rate_limit_pair(sim: ServiceNow, client: httpx.Client, examples: list[dict[str, Any]]) -> None:
    """The refusal's body is the documented one."""
    sim.rate_limit(100, lag=0)
    answers = [client.get("/api/now/table/incident?sysparm_limit=1") for _ in range(101)]
    assert answers[-1].status_code == 429
    assert answers[-1].json() == examples[46]["response"]


def test_what_is_not_served_is_refused(client: httpx.Client, examples: list[dict[str, Any]]) -> None:
    """Documented APIs outside the simulator answer with the vendor's error."""
    others = [e for e in examples if e["doc"] not in SERVED and e["request"] and e["request"].get("url")]
    assert len(others) > 15
    for example in others:
        method = example["endpoint"].split()[0]
        response = client.request(method, target(example), json=example["request"]["json"] if method != "GET" else None)
        assert response.status_code == 400
        assert response.json()["error"]["message"] == "Requested URI does not represent any resource"


def test_the_validator_accepts_the_documents(examples: list[dict[str, Any]]) -> None:
    """The independent validator finds nothing wrong with the documented answers of what is served."""
    for example in examples:
        if example["doc"] not in SERVED or not example["request"]:
            continue
        url = urlsplit(example["request"]["url"])
        status = 201 if example["endpoint"].startswith("POST /now/table") else 200
        body = json.dumps(example["response"]).encode()
        headers = {"content-type": "application/json;charset=UTF-8"}
        method = example["endpoint"].split()[0]
        assert validate_response(method, url.path, status, headers, body, url.query) == [], example["endpoint"]
