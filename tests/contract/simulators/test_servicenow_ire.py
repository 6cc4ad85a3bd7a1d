"""The simulated identification engine keeps what the vendor's documents say, seen through HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulators.servicenow import ServiceNow

JSON = {"Accept": "application/json", "Content-Type": "application/json"}
SOURCE = "?sysparm_data_source=SCCM"


@pytest.fixture
def sim() -> Iterator[ServiceNow]:
    with ServiceNow(seed=1, start="2026-11-22 08:00:00", frozen=True, validate=True, sync=False) as instance:
        yield instance


@pytest.fixture
def client(sim: ServiceNow) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=sim.url, auth=("hub", "hub-password"), headers=JSON, trust_env=False) as http:
        yield http


def send(client: httpx.Client, *items: dict[str, Any], path: str = "", query: str = SOURCE, **more: Any) -> Any:
    body = {"items": list(items), **more}
    response = client.post(f"/api/now/identifyreconcile{path}{query}", json=body)
    assert response.status_code == 200, response.text
    return response.json()["result"]


def computer(name: str = "", serial: str = "", **more: Any) -> dict[str, Any]:
    values = {key: value for key, value in (("name", name), ("serial_number", serial)) if value}
    return {"className": "cmdb_ci_computer", "values": values, **more}


def test_insert_then_no_change_then_update(sim: ServiceNow, client: httpx.Client) -> None:
    """The three outcomes; a mere check-in moves last_discovered but no version."""
    [made] = send(client, computer("pc", "S1"))["items"]
    assert (made["operation"], made["errorCount"]) == ("INSERT", 0)
    sim.clock.advance(100)
    [same] = send(client, computer("pc", "S1"))["items"]
    assert (same["operation"], same["sysId"]) == ("NO_CHANGE", made["sysId"])
    row = sim.get("cmdb_ci_computer", made["sysId"])
    assert row is not None
    assert (row["last_discovered"], row["sys_mod_count"]) == ("2026-11-22 08:01:40", "0")
    assert (row["first_discovered"], row["discovery_source"]) == ("2026-11-22 08:00:00", "SCCM")
    [changed] = send(client, computer("pc", "S1", values={"serial_number": "S1", "ram": 4096}))["items"]
    assert changed["operation"] == "UPDATE"
    assert [entry.writes for entry in sim.log.entries] == [1, 0, 1]


def test_query_commits_nothing(sim: ServiceNow, client: httpx.Client) -> None:
    """Asking what would happen leaves the tables alone and is no write."""
    [asked] = send(client, computer("pc", "S1"), path="/query")["items"]
    assert asked["operation"] == "INSERT"
    assert sim.dump("cmdb_ci_computer") == []
    [ci] = sim.seed("cmdb_ci_computer", [{"name": "pc", "serial_number": "S1"}])
    [asked] = send(client, computer("other", "S1"), path="/queryEnhanced")["items"]
    assert (asked["operation"], asked["sysId"]) == ("UPDATE", ci)
    assert sim.get("cmdb_ci_computer", ci) == sim.dump("cmdb_ci_computer")[0]
    assert sim.log.count(writes=True) == 0


def test_identifiers_in_their_order(sim: ServiceNow, client: httpx.Client) -> None:
    """Serial table, serial attribute, name, network adapter: the first that finds wins."""
    by_lookup, by_serial, by_name, by_mac = sim.seed(
        "cmdb_ci_computer",
        [{"name": "a"}, {"name": "b", "serial_number": "S1"}, {"name": "pc"}, {"name": "d"}],
    )
    serial = {"serial_number": "S1", "serial_number_type": "system", "valid": "true"}
    adapter = {"mac_address": "aa:bb:cc:00:11:22", "ip_address": "10.0.0.1", "name": "eth0"}
    sim.seed("cmdb_serial_number", [{**serial, "cmdb_ci": by_lookup}])
    sim.seed("cmdb_ci_network_adapter", [{**adapter, "cmdb_ci": by_mac}])
    lookups = [
        {"className": "cmdb_serial_number", "values": serial},
        {"className": "cmdb_ci_network_adapter", "values": adapter},
    ]
    cases = [
        (computer("pc", "S1", lookup=lookups), by_lookup),
        (computer("pc", "S1", lookup=lookups[1:]), by_serial),
        (computer("pc", "S9", lookup=lookups[1:]), by_name),
        (computer(lookup=lookups[1:]), by_mac),
    ]
    found = [send(client, item, path="/query")["items"][0]["sysId"] for item, _ in cases]
    assert found == [sys_id for _, sys_id in cases]
    attempts = send(client, cases[2][0], path="/query")["items"][0]["identificationAttempts"]
    assert [a["attemptResult"] for a in attempts] == ["SKIPPED", "NO_MATCH", "MATCHED"]


def test_native_key_beats_identifiers(sim: ServiceNow, client: httpx.Client) -> None:
    """The Source table is asked first, and older news of the same source is ignored."""
    info = {"source_name": "SCCM", "source_native_key": "K1", "source_recency_timestamp": "2026-11-20 10:00:00"}
    [made] = send(client, computer("pc", "S1", sys_object_source_info=info))["items"]
    [moved] = send(client, computer("renamed", "S2", sys_object_source_info=info))["items"]
    assert (moved["operation"], moved["sysId"]) == ("UPDATE", made["sysId"])
    assert moved["identificationAttempts"][0]["info"] == "sys_object_source MATCHED"
    old = {**info, "source_recency_timestamp": "2026-11-19 10:00:00"}
    [stale] = send(client, computer("older", "S2", sys_object_source_info=old))["items"]
    assert stale["operation"] == "NO_CHANGE"
    row = sim.get("cmdb_ci_computer", made["sysId"])
    assert row is not None
    assert row["name"] == "renamed"
    assert len(sim.dump("sys_object_source")) == 1


def test_data_source_must_be_a_choice(sim: ServiceNow, client: httpx.Client) -> None:
    """No source, an unknown one, and one in other letters are errors inside HTTP 200; nothing is committed."""
    for query in ("", "?sysparm_data_source=Nobody", "?sysparm_data_source=sccm"):
        [item] = send(client, computer("pc", "S1"), query=query)["items"]
        assert item["errors"][0]["error"] == "INVALID_INPUT_DATA"
        assert item["sysId"] == "Unknown"
        assert item["errorCount"] == 1
    [item] = send(client, computer("pc", "S1"), path="/enhanced", query="")["items"]
    assert item["operation"] == "INSERT_AS_INCOMPLETE"
    assert sim.dump("cmdb_ci") == []
    sim.add_data_source("Nobody")
    [item] = send(client, computer("pc", "S1"), query="?sysparm_data_source=Nobody")["items"]
    assert item["operation"] == "INSERT"


def test_duplicates_in_the_table(sim: ServiceNow, client: httpx.Client) -> None:
    """A few duplicates: the oldest wins and the others are tagged; many, or the property off: an error."""
    rows = [{"name": "pc", "serial_number": "S1", "sys_created_on": f"2020-01-0{n} 00:00:00"} for n in (2, 1)]
    ids = sim.seed("cmdb_ci_computer", rows)
    sim.set_property("glide.identification_engine.skip_duplicates", "false")
    [item] = send(client, computer("pc", "S1"))["items"]
    assert item["errors"][0]["error"] == "MULTIPLE_DUPLICATE_RECORDS"
    assert item["identificationAttempts"][-1]["attemptResult"] == "MULTI_MATCH"
    sim.set_property("glide.identification_engine.skip_duplicates", "true")
    [item] = send(client, computer("pc2", "S1"))["items"]
    assert (item["operation"], item["sysId"]) == ("UPDATE", ids[1])
    other = sim.get("cmdb_ci_computer", ids[0])
    assert other is not None
    assert other["duplicate_of"] == ids[1]


@pytest.mark.parametrize(
    ("now", "wanted", "flag", "operation"),
    [
        ("cmdb_ci_computer", "cmdb_ci_linux_server", "updateWithoutUpgrade", "UPGRADE"),
        ("cmdb_ci_linux_server", "cmdb_ci_computer", "updateWithoutDowngrade", "DOWNGRADE"),
        ("cmdb_ci_linux_server", "cmdb_ci_win_server", "updateWithoutSwitch", "SWITCH"),
    ],
)
def test_class_changes(sim: ServiceNow, client: httpx.Client, now: str, wanted: str, flag: str, operation: str) -> None:
    """Skipped by the item's flag, refused by the property, else carried out."""
    [ci] = sim.seed(now, [{"name": "srv", "serial_number": "S1"}])
    item = {"className": wanted, "values": {"serial_number": "S1", "ip_address": "10.0.0.1"}}
    [kept] = send(client, {**item, "settings": {flag: True}})["items"]
    assert kept["operation"] == "UPDATE"
    assert kept["info"][0]["code"] == f"SKIPPED_CLASS_{operation}"
    sim.set_property(f"glide.class.{operation.lower()}.enabled", "false")
    [refused] = send(client, item)["items"]
    assert refused["errors"][0]["error"] == "RECLASSIFICATION_NOT_ALLOWED"
    sim.set_property(f"glide.class.{operation.lower()}.enabled", "true")
    [changed] = send(client, item)["items"]
    assert changed["operation"] == f"UPDATE_WITH_{operation}"
    row = sim.get("cmdb_ci", ci)
    assert row is not None
    assert row["sys_class_name"] == wanted


def test_plain_payloads_are_all_or_nothing_and_enhanced_ones_are_not(sim: ServiceNow, client: httpx.Client) -> None:
    """One bad item rejects a plain payload; the enhanced one commits the rest."""
    bad: dict[str, Any] = {"className": "cmdb_ci_computer", "values": {"ram": 1}}
    result = send(client, computer("pc", "S1"), bad)
    assert [item["errorCount"] for item in result["items"]] == [1, 1]
    assert sim.dump("cmdb_ci") == []
    result = send(client, computer("pc", "S1"), bad, path="/enhanced")
    assert [item["operation"] for item in result["items"]] == ["INSERT", "INSERT_AS_INCOMPLETE"]
    off = SOURCE + "&options=partial_payloads:false,partial_commits:false"
    result = send(client, computer("p2", "S2"), bad, path="/enhanced", query=off)
    assert result["items"][0]["errors"][0]["error"] == "ABANDONED"


def test_partial_payloads_are_completed_later(sim: ServiceNow, client: httpx.Client) -> None:
    """An item with only a native key waits and is merged with the one that completes it."""
    info = {"source_name": "SCCM", "source_native_key": "K1"}
    partial = {"className": "cmdb_ci_computer", "values": {"ram": "8192"}, "sys_object_source_info": info}
    [waiting] = send(client, partial, path="/enhanced")["items"]
    assert (waiting["operation"], waiting["errorCount"], waiting["warningCount"]) == ("INSERT_AS_PARTIAL", 0, 1)
    [done] = send(client, computer("pc", "S1", sys_object_source_info=info), path="/enhanced")["items"]
    assert (done["operation"], done["mergedPayloadIds"]) == ("INSERT", waiting["partialSysIds"])
    row = sim.get("cmdb_ci_computer", done["sysId"])
    assert row is not None
    assert row["ram"] == "8192"


def test_duplicates_in_the_payload(sim: ServiceNow, client: httpx.Client) -> None:
    """Refused by the plain endpoint, merged by the enhanced one."""
    twice = (computer("pc", "S1"), computer("pc", "S1", values={"serial_number": "S1", "ram": 1}))
    result = send(client, *twice)
    assert {item["errors"][0]["error"] for item in result["items"]} == {"DUPLICATE_PAYLOAD_RECORDS"}
    [item] = send(client, *twice, path="/enhanced")["items"]
    assert (item["operation"], item["inputIndices"]) == ("INSERT", [0, 1])


def test_references_must_be_sys_ids(sim: ServiceNow, client: httpx.Client) -> None:
    """A name in a reference field is not written."""
    [maker] = sim.seed("core_company", [{"name": "Dell"}])
    send(client, computer("a", "S1", values={"serial_number": "S1", "manufacturer": "Dell"}))
    send(client, computer("b", "S2", values={"serial_number": "S2", "manufacturer": maker}))
    rows = {row["serial_number"]: row.get("manufacturer") for row in sim.dump("cmdb_ci_computer")}
    assert rows == {"S1": None, "S2": maker}


def test_relations_references_and_dependents(sim: ServiceNow, client: httpx.Client) -> None:
    """Relations by index and by id, references between items, and a dependent item inside its host."""
    host = computer("pc", "S1", internal_id="h")
    adapter = {
        "className": "cmdb_ci_network_adapter",
        "internal_id": "n",
        "values": {"name": "eth0", "mac_address": "aa:bb:cc:00:11:22"},
    }
    relation = {"parent_id": "h", "child_id": "n", "type": "Owns::Owned by"}
    result = send(client, adapter, host, relations=[relation])
    assert [item["operation"] for item in result["items"]] == ["INSERT", "INSERT"]
    assert result["relations"][0]["operation"] == "INSERT"
    assert sim.dump("cmdb_ci_network_adapter")[0]["cmdb_ci"] == sim.dump("cmdb_ci_computer")[0]["sys_id"]
    again = send(client, adapter, host, relations=[relation])
    assert [item["operation"] for item in again["items"]] == ["NO_CHANGE", "NO_CHANGE"]
    assert again["relations"][0]["operation"] == "NO_CHANGE"
    [alone] = send(client, adapter)["items"]
    assert alone["errors"][0]["error"] == "MISSING_DEPENDENCY"
    broken = send(client, host, relations=[{"parent": 0, "child": 7, "type": "Owns::Owned by"}])
    assert broken["relations"][0]["errorCount"] == 1


def test_refusals(sim: ServiceNow, client: httpx.Client) -> None:
    """Role, options, body, class without a rule, blocked source."""
    sim.access.add_user("nobody", "x", set())
    body = {"items": [computer("pc", "S1")]}
    url = "/api/now/identifyreconcile"
    assert client.post(url + SOURCE, json=body, auth=("nobody", "x")).status_code == 403
    bad = client.post(url + "/enhanced?options=partial:maybe", json=body)
    assert bad.status_code == 500
    assert bad.json()["error"]["detail"] == "Chunk [partial:maybe] is not a valid entry"
    assert client.post(url + SOURCE, json={"item": []}).status_code == 500
    assert client.post(url + "/nonsense", json=body).status_code == 400
    [item] = send(client, {"className": "cmdb_ci_service", "values": {"name": "x"}})["items"]
    assert item["errors"][0]["error"] == "IDENTIFICATION_RULE_MISSING"
    sim.ire.blocked_inserts.add(("SCCM", "cmdb_ci_computer"))
    [item] = send(client, computer("pc", "S1"))["items"]
    assert item["errors"][0]["error"] == "INSERT_NOT_ALLOWED_FOR_SOURCE"


def test_reconciliation_rules_keep_other_sources_out(sim: ServiceNow, client: httpx.Client) -> None:
    """Only the authorised source updates the attribute; a stronger one is not overwritten; null does not win."""
    send(client, computer("pc", "S1"))
    sim.ire.reconciler.add("cmdb_ci_hardware", "ServiceNow", ("name",), priority=10)
    [item] = send(client, computer("other", "S1"))["items"]
    assert item["operation"] == "NO_CHANGE"
    [item] = send(client, computer("mine", "S1"), query="?sysparm_data_source=ServiceNow")["items"]
    assert item["operation"] == "UPDATE"
    sim.ire.reconciler.add("cmdb_ci_hardware", "SCCM", ("name",), priority=20)
    [item] = send(client, computer("weaker", "S1"))["items"]
    assert item["operation"] == "NO_CHANGE"
    empty = computer(values={"serial_number": "S1", "name": ""})
    [item] = send(client, empty, query="?sysparm_data_source=ServiceNow")["items"]
    assert (item["operation"], sim.dump("cmdb_ci")[0]["name"]) == ("NO_CHANGE", "mine")


def test_what_goes_through_leaves_no_finding(sim: ServiceNow, client: httpx.Client) -> None:
    """The validators find nothing in documented requests and their answers."""
    info = {"source_name": "SCCM", "source_native_key": "K1", "source_recency_timestamp": "2026-11-20 10:00:00"}
    lookup = [{"className": "cmdb_serial_number", "values": {"serial_number": "S1", "serial_number_type": "system"}}]
    item = computer("pc", "S1", sys_object_source_info=info, lookup=lookup, settings={"updateWithoutSwitch": True})
    for path in ("/query", "/queryEnhanced", "", "/enhanced"):
        send(client, item, path=path)
    send(client, item, path="/enhanced", query=SOURCE + "&options=generate_summary:true,partial_payloads:false")
    assert sim.log.problems() == []
