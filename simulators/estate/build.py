"""Puts an estate together. Every part has a generator of its own: a change in one leaves the others as they were."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from simulators.estate import agents, assets, brownfield, desk, dirt, intune, procurement
from simulators.estate import people as staffing
from simulators.estate.brownfield import Holdings
from simulators.estate.devices import make_devices
from simulators.estate.model import Device, Estate, Row, Truth, plain

TODAY = date(2026, 11, 22)


def build(
    seed: int = 42,
    people: int = 2000,
    devices: int = 3000,
    *,
    filled: float = 0.4,
    broken_rows: int = 6,
    hr_format: str = "ndjson",
    holdings: Holdings | None = None,
) -> Estate:
    """Make an estate.

    Args:
        seed: Everything follows from it and the other arguments.
        people: People, with leavers and joiners; the rehired count once.
        devices: True devices; about 2.5 source records come out per device.
        filled: Share of the devices and people that ServiceNow already holds; of others so much in Jira Assets.
        broken_rows: Procurement rows that are no record.
        hr_format: `"ndjson"`, `"csv"`, or `"none"` where HR is asked over HTTP (`simulators.estate.bamboohr`).
        holdings: What ServiceNow holds, by exact counts instead of `filled`.
    """

    def rng(part: str) -> Random:
        return Random(f"{seed}/{part}")

    staff = staffing.make_people(rng("people"), people, TODAY)
    things = make_devices(rng("devices"), devices, staff, TODAY)
    users = staffing.graph_users(rng("users"), staff)
    directory = {user["mail"]: user["id"] for user in users}
    dock_rng = rng("docks")
    docks = ["0050b6" + dirt.hexa(dock_rng, 6) for _ in range(max(3, devices // 30))]
    truth = Truth(kinds={d.id: d.kind for d in things}, personal=frozenset(d.id for d in things if d.personal))
    lines = procurement.order_lines(rng("procurement"), things, TODAY, truth)
    managed = intune.managed_devices(rng("intune"), things, directory, docks, TODAY, truth)
    found = agents.inventories(rng("agents"), things, docks, TODAY, truth)
    if holdings is None:
        tables = desk.fill(rng("desk"), things, staff, filled, TODAY, truth)
    else:
        tables = brownfield.fill(rng("desk"), things, staff, holdings, TODAY, truth)
    estate = Estate(
        seed=seed,
        today=TODAY,
        people=staff,
        devices=things,
        procurement=lines,
        broken=procurement.broken_lines(rng("broken"), lines, broken_rows),
        hr=staffing.hr_records(rng("hr"), staff, TODAY, truth),
        intune_devices=managed,
        intune_users=users,
        agents=found,
        servicenow=tables,
        truth=truth,
        hr_format=hr_format,
        assets=assets.shelve(rng("assets"), things, staff, filled, TODAY),
    )
    _learn(estate, things)
    truth.anonymous = frozenset(_anonymous(estate))
    return estate


def _learn(estate: Estate, devices: list[Device]) -> None:
    """Tell the truth under which identity values each device is known anywhere."""
    truth = estate.truth
    for person in estate.people:
        truth.learn(person.id, "email", [person.email])
        truth.learn(person.id, "login", [person.email, person.email.split("@")[0]])
        truth.learn(person.id, "employee_id", [person.employee_id, person.former_id])
    for d in devices:
        truth.learn(d.id, "serial", [d.serial])
        truth.learn(d.id, "asset_tag", [d.asset_tag])
        truth.learn(d.id, "name", [d.host])
        truth.learn(d.id, "mac", [d.wifi, d.ethernet])
        truth.learn(d.id, "uuid", [d.uuid, dirt.swapped(d.uuid) if d.uuid else ""])
        truth.learn(d.id, "imei", [d.imei])
    for row in estate.procurement:
        if (device := truth.device_of("procurement", row["po_line_id"])) is not None:
            truth.learn(device, "serial", [row["serial_number"]])
    for record in estate.intune_devices:
        device = truth.records["mdm", record["id"]]
        truth.learn(device, "serial", [record["serialNumber"]])
        truth.learn(device, "name", [record["deviceName"], record["managedDeviceName"]])
    for agent in estate.agents:
        _learn_agent(truth, agent.document)
    for table, rows in estate.servicenow.items():
        if table.startswith("cmdb_ci_"):
            _learn_rows(truth, rows)


def _learn_agent(truth: Truth, document: dict[str, Any]) -> None:
    device, content = truth.records["discovery", document["deviceid"]], document["content"]
    if "network_device" in content:
        truth.learn(device, "serial", [content["network_device"]["serial"]])
        truth.learn(device, "name", [content["network_device"]["name"]])
    else:
        truth.learn(device, "serial", [content["bios"]["ssn"]])
        truth.learn(device, "name", [content["hardware"]["name"]])


def _learn_rows(truth: Truth, rows: list[Row]) -> None:
    for row in rows:
        device = truth.cis[row["sys_id"]]
        truth.learn(device, "serial", [row["serial_number"]])
        truth.learn(device, "name", [row["name"]])
        truth.learn(device, "asset_tag", [row["asset_tag"]])


def _anonymous(estate: Estate) -> set[str]:
    """List the devices that only order lines know, none of them with the true serial or an asset tag."""
    only_ordered = {d.id: d for d in estate.devices if d.sources == "p"}
    for row in estate.procurement:
        device = only_ordered.get(estate.truth.device_of("procurement", row["po_line_id"]) or "")
        if device is not None and (row["asset_tag"] or plain(row["serial_number"]) == plain(device.serial)):
            del only_ordered[device.id]
    return set(only_ordered)
