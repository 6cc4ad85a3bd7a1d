"""The ServiceNow that others filled: its shape, its links, its dirt."""

from __future__ import annotations

import pytest

from simulators.estate import Estate, build, load
from simulators.estate.model import Row, plain
from simulators.servicenow import ServiceNow


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build(seed=12, people=600, devices=900)


def cis(estate: Estate) -> dict[str, Row]:
    return {r["sys_id"]: r for table, rows in estate.servicenow.items() if table.startswith("cmdb_ci_") for r in rows}


def test_loads_into_the_simulator(estate: Estate) -> None:
    """Every table and column is one the instance has; categories are the instance's own."""
    instance = ServiceNow()
    load(estate, instance)
    categories = [row["name"] for row in instance.dump("cmdb_model_category")]
    assets = instance.dump("alm_hardware")

    assert len(instance.dump("cmdb_ci_hardware")) == len(cis(estate))
    assert len(assets) == len(estate.servicenow["alm_hardware"])
    assert len(categories) == len(set(categories))
    known = {row["sys_id"] for row in instance.dump("cmdb_model_category")}
    assert {asset["model_category"] for asset in assets} <= known


def test_references_lead_somewhere(estate: Estate) -> None:
    """Every reference is the sys_id of a row that exists; an asset and its CI point at each other."""
    every = {row["sys_id"] for rows in estate.servicenow.values() for row in rows}
    all_cis = cis(estate)
    for row in all_cis.values():
        for name in ("model_id", "manufacturer", "assigned_to", "location", "department", "asset"):
            assert not row[name] or row[name] in every
    for asset in estate.servicenow["alm_hardware"]:
        assert all_cis[asset["ci"]]["asset"] == asset["sys_id"]
        assert estate.truth.assets[asset["sys_id"]] == estate.truth.cis[asset["ci"]]


def test_share_of_devices_and_people(estate: Estate) -> None:
    """40 % of the hardware has a CI, 40 % of the people a user; the truth knows whose."""
    hardware = {d.id for d in estate.devices if d.kind != "vm" and not d.personal}
    known = set(estate.truth.cis.values()) & hardware

    assert len(known) == round(0.4 * len(hardware))
    assert len(estate.truth.users) == 240
    assert set(estate.truth.cis) == set(cis(estate))


def test_dirt_is_there(estate: Estate) -> None:
    """Blank, placeholder and respelled serials, duplicates, comments, foreign devices, two names for one company."""
    rows = cis(estate)
    true = {d.id: d for d in estate.devices}
    owners = list(estate.truth.cis.values())
    respelled = [
        row
        for sys_id, row in rows.items()
        if (device := true.get(estate.truth.cis[sys_id]))
        and row["serial_number"] != device.serial
        and plain(row["serial_number"]) == plain(device.serial)
    ]
    companies = {row["name"] for row in estate.servicenow["core_company"]}

    assert 10 < sum(1 for r in rows.values() if not r["serial_number"]) < 60
    assert len(respelled) > 20
    assert len(owners) - len(set(owners)) == round(0.03 * len(set(owners) & set(true)))
    assert sum(1 for owner in owners if owner.startswith("XF")) > 5
    assert any(r["comments"] for r in rows.values())
    assert {"HP", "Hewlett-Packard"} <= companies


def test_retired_cis_hold_names_of_new_devices(estate: Estate) -> None:
    """A retired CI with a serial of its own carries the host name of a device that has no CI."""
    with_ci = set(estate.truth.cis.values())
    true = {d.id: d for d in estate.devices}
    holders = [r for i, r in cis(estate).items() if estate.truth.cis[i].startswith("XN")]

    assert len(holders) >= 5
    for row in holders:
        assert row["install_status"] == "7"
        new = true["D" + estate.truth.cis[row["sys_id"]][2:]]
        assert new.id not in with_ci
        assert row["name"] == new.host
        assert row["serial_number"].startswith("ZZ")
