"""One per cent later: exactly so many records of each source change in one meaningful field."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from simulators.estate import dirt
from simulators.estate.catalogue import DEPARTMENTS, SITES, TITLES
from simulators.estate.model import Agent, Change, Estate, Row

_COMPLIANCE = ("compliant", "noncompliant", "inGracePeriod")


def mutate(estate: Estate, percent: float = 1.0, seed: int = 7) -> Estate:
    """Return a copy in which exactly `round(percent / 100 * n)` records of each source differ in one field.

    Stamps that a source moves with every change (`updated_at`, `lastSyncDateTime`, `logdate`) move along. ServiceNow,
    broken rows and the truth's answers stay; new identity values are added to the truth. The given estate is not
    touched.
    """
    result = replace(
        estate,
        procurement=copy.deepcopy(estate.procurement),
        hr=copy.deepcopy(estate.hr),
        intune_devices=copy.deepcopy(estate.intune_devices),
        agents=copy.deepcopy(estate.agents),
        truth=copy.deepcopy(estate.truth),
        changes=[],
    )
    parts: tuple[tuple[str, list[Any], Callable[[Random, Any, str], Change]], ...] = (
        ("procurement", result.procurement, _order_line),
        ("hr", result.hr, _employee),
        ("mdm", result.intune_devices, _managed),
        ("discovery", result.agents, _inventory),
    )
    day = estate.today.isoformat()
    for source, records, change in parts:
        rng = Random(f"{estate.seed}/{seed}/{source}")
        for i in sorted(rng.sample(range(len(records)), round(len(records) * percent / 100))):
            done = change(rng, records[i], day)
            result.changes.append(done)
            device = result.truth.device_of(source, done.key)
            if device and done.field in ("deviceName", "content.hardware.name", "content.network_device.name"):
                result.truth.learn(device, "name", [done.after])
    return result


def _other(rng: Random, choices: Any, now: object) -> Any:
    return rng.choice([c for c in choices if c != now])


def _set(record: dict[str, Any], source: str, key: str, field: str, after: Any) -> Change:
    before, record[field] = record[field], after
    return Change(source, key, field, str(before), str(after))


def _order_line(rng: Random, row: Row, day: str) -> Change:
    field = "status" if row["status"] == "ordered" else rng.choice(("unit_price", "cost_center"))
    if field == "status":
        after = "received"
    elif field == "unit_price":
        after = dirt.german(100_001 + rng.randrange(100_000))
    else:
        after = _other(rng, DEPARTMENTS.values(), row[field])
    row["updated_at"] = f"{day}T12:00:00Z"
    return _set(row, "procurement", row["po_line_id"], field, after)


def _employee(rng: Random, record: dict[str, Any], day: str) -> Change:
    field = rng.choice(("department", "location", "job_title"))
    choices: Any = {"department": DEPARTMENTS, "location": SITES, "job_title": TITLES}[field]
    record["updated_at"] = f"{day}T12:00:00Z"
    return _set(record, "hr", record["employee_id"], field, _other(rng, choices, record[field]))


def _managed(rng: Random, record: dict[str, Any], day: str) -> Change:
    field = rng.choice(("osVersion", "deviceName", "complianceState"))
    if field == "osVersion":
        after = f"{record[field]}.{1 + rng.randrange(9)}"
    elif field == "deviceName":
        after = f"NB-{dirt.text(rng, 7)}"
    else:
        after = _other(rng, _COMPLIANCE, record[field])
    record["lastSyncDateTime"] = f"{day}T12:00:00.{dirt.digits(rng, 7)}Z"
    return _set(record, "mdm", record["id"], field, after)


def _inventory(rng: Random, agent: Agent, day: str) -> Change:
    content, key = agent.document["content"], agent.document["deviceid"]
    if "accesslog" in content:
        content["accesslog"]["logdate"] = f"{day} 12:00:00"
    if "network_device" in content:
        part, field = "network_device", rng.choice(("firmware", "name"))
        after: Any = f"{content[part][field]}-{rng.randrange(1, 99)}"
    else:
        part, field = rng.choice((("operatingsystem", "version"), ("hardware", "memory"), ("hardware", "name")))
        now = content[part][field]
        if field == "memory":
            after = now + 8192
        elif field == "name":
            after = f"lt-{dirt.text(rng, 7).lower()}"
        else:
            after = f"{now}.{rng.randrange(1, 9)}"
    change = _set(content[part], "discovery", key, field, after)
    return replace(change, field=f"content.{part}.{field}")
