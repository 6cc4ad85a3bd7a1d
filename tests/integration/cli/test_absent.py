"""Missing things in ServiceNow: retired or deleted by rule, back as they were, and told on the command line."""

from __future__ import annotations

import time
from typing import Any

import pytest

from simulators.servicenow import ServiceNow
from tests.integration.cli.conftest import Desk, people_and_devices


def settle(desk: Desk) -> dict[str, Any]:
    """Sync until the assets that ServiceNow makes are linked, too; return the last document."""
    desk.run("sync")
    return dict(desk.run("sync", "--json").document)


def writes(document: dict[str, Any]) -> dict[str, int]:
    """Add up what a sync applied."""
    return dict(document["targets"]["snow"]["applied"])


def lose(desk: Desk) -> dict[str, Any]:
    """Let the first device vanish, and wait until that counts; return the document of the sync that acts on it."""
    desk.rows["devices"], desk.rows["gone"] = desk.rows["devices"][1:], desk.rows["devices"][:1]
    desk.write()
    desk.run("sync")
    time.sleep(1.1)  # `at_least: 1s` of real time
    return dict(desk.run("sync", "--json").document)


@pytest.fixture
def office(desk: Desk) -> Desk:
    """Three devices in ServiceNow, with users and orders; what is missed once for a second is missing."""
    people_and_devices(desk, 1, 3)
    return desk


def absent(desk: Desk, then: str) -> None:
    """Set the rule, and deliver everything."""
    desk.changes = {
        "rules": {"hardware": {"absent": {"missing_after": 1, "at_least": "1s", "then": then}}},
        "guards": {"delete": {"max": 5}},
    }
    desk.write()
    settle(desk)


def test_retired_by_rule_in_servicenow_and_back(office: Desk, sim: ServiceNow) -> None:
    """Operational status of the CI, state of the asset; nothing afterwards; listed again, both are as they were."""
    absent(office, "retire")
    before = {r["sys_id"]: dict(r) for r in held(sim)}
    done = lose(office)
    assert writes(done) == {"retire": 2}
    changed = {r["sys_id"]: r for r in held(sim) if r != before[r["sys_id"]]}
    assert sorted(
        (r["sys_class_name"], r.get("operational_status"), r["install_status"]) for r in changed.values()
    ) == [("alm_hardware", None, "7"), ("cmdb_ci_computer", "6", changed_status(changed))]
    told = office.run("absent", "list")
    assert "NB-00000".lower() in told.out.lower()
    assert "retire" in told.out
    explained = office.run("explain", "nb-00000")
    assert "MISSING since" in explained.out
    assert writes(dict(office.run("sync", "--json").document)) == {}
    office.rows["devices"] = office.rows["gone"] + office.rows["devices"]
    office.write()
    assert writes(dict(office.run("sync", "--json").document)) == {"update": 2}
    for r in held(sim):
        for name in ("operational_status", "install_status", "substatus"):
            assert r.get(name) == before[r["sys_id"]].get(name), (r["sys_class_name"], name)
    assert writes(dict(office.run("sync", "--json").document)) == {}


def held(sim: ServiceNow) -> list[dict[str, Any]]:
    """List CIs and assets."""
    return [dict(r) for table in ("cmdb_ci_computer", "alm_hardware") for r in sim.store.rows(table)]


def changed_status(changed: dict[str, dict[str, Any]]) -> str:
    """Return the installation status that the instance itself gave the CI."""
    return next(str(r["install_status"]) for r in changed.values() if r["sys_class_name"] == "cmdb_ci_computer")


def test_deleted_by_rule_in_servicenow(office: Desk, sim: ServiceNow) -> None:
    """The CI that the hub created goes, its asset is retired; found objects would stay; the next sync does nothing."""
    absent(office, "delete")
    assert writes(lose(office)) == {"delete": 1, "retire": 1}
    assert len(sim.store.rows("cmdb_ci_computer")) == 2
    assert max(r["install_status"] for r in sim.store.rows("alm_hardware")) == "7"
    assert writes(dict(office.run("sync", "--json").document)) == {}


def test_a_stream_that_lost_most_of_it_waits_for_an_answer(offline: Desk) -> None:
    """It is told with what to do, and nothing is missing; approved, absence counts from the next snapshot on."""
    people_and_devices(offline, 2, 40)
    offline.changes |= {"rules": {"hardware": {"absent": {"missing_after": 1, "at_least": "1s"}}}}
    offline.write()
    offline.run("sync")
    offline.rows["devices"] = offline.rows["devices"][:10]
    offline.write()
    for _ in range(2):
        assert "mdm devices: 30 records vanished at once" in offline.run("sync").out
        time.sleep(1.1)
    listed = offline.run("absent", "list", "--json")
    assert (listed.code, listed.document["withheld"][0]["records"], listed.document["missing"]) == (4, 30, [])
    assert offline.run("absent", "approve", "mdm/people").code != 0
    assert offline.run("absent", "approve", "mdm/devices", "--as", "anna", "--reason", "sold").code == 0
    offline.run("sync")
    time.sleep(1.1)
    offline.run("sync")
    listed = offline.run("absent", "list", "--json")
    assert (listed.code, listed.document["missing_in_all"]) == (0, 30)
