"""The shipped field map over inventories of both forms."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.agent_inventory import CONNECTOR
from connectors.agent_inventory.derived import derive
from mapping.engine import FieldMap
from mapping.loader import load_map
from synchub.domain.records import CanonicalRecord
from tests.unit.connectors.agent_inventory.reads import agent, read_folder


@pytest.fixture(scope="module")
def field_map() -> FieldMap:
    return load_map(CONNECTOR.maps / "inventories.yaml", options={"timezone": "UTC"})


def mapped(field_map: FieldMap, **content: Any) -> CanonicalRecord:
    """Map a small inventory with some sections."""
    device = orjson.loads(agent(**content))
    record = field_map.map({**device, "derived": derive(device)})
    assert record is not None
    return record


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({}, "computer"),
        ({"hardware": {"vmsystem": "VMware"}}, "virtual_machine"),
        ({"operatingsystem": {"full_name": "Microsoft Windows Server 2022"}}, "server"),
        ({"hardware": {"vmsystem": "Physical", "chassis_type": "Rack Mount Chassis"}}, "server"),
        ({"hardware": {"osname": "Android", "osversion": "12"}}, "mobile_device"),
        ({"network_device": {"type": "Printer"}}, "printer"),
        ({"network_device": {"type": "Networking"}}, "network_device"),
        ({"network_device": {"type": "Storage"}}, "storage"),
        ({"network_device": {"type": "Phone"}}, "telecom"),
    ],
)
def test_the_map_tells_the_class(field_map: FieldMap, content: dict[str, Any], expected: str) -> None:
    """From what the agent is, or what it found."""
    assert mapped(field_map, **content).cls == expected


def test_a_serial_as_asset_tag_is_none(field_map: FieldMap) -> None:
    """HP fills the tag with the serial number; a tag of the organisation stays."""
    same = {"ssn": "CZC0479792", "assettag": "CZC0479792"}

    assert "asset_tag" not in mapped(field_map, bios=same).fields
    assert mapped(field_map, bios={"ssn": "CZC0479792", "assettag": "A204117"}).fields["asset_tag"] == "A204117"
    assert "asset_tag" not in mapped(field_map, bios={"ssn": "x", "assettag": "release-keys"}).fields


def test_who_is_logged_in_to_a_server_does_not_own_it(field_map: FieldMap) -> None:
    """Only workstations have a user."""
    users = [{"login": "anna", "domain": "CORP"}]
    server = {"full_name": "Microsoft Windows Server 2022"}

    assert mapped(field_map, users=users).fields["assigned_to"] == "anna"
    assert "assigned_to" not in mapped(field_map, users=users, operatingsystem=server).fields


def test_every_real_inventory_is_mapped(field_map: FieldMap, shared: Path) -> None:
    """29 records of 14 XML and 15 JSON files, by class; what a partial inventory leaves out it does not take away."""
    got = read_folder(shared / "data" / "hw-glpi-inventory-format")

    records = [field_map.map(payload) for payload in got.records]

    assert None not in records
    found = [record for record in records if record is not None]
    # Counted by hand: 12 agents of computers, one of a phone; the rest was asked over the network.
    assert Counter(record.cls for record in found) == {
        "computer": 12, "mobile_device": 1, "printer": 5, "network_device": 10, "hardware": 1
    }  # fmt: skip
    assert len({record.key for record in found}) == len(found) == 29
    by_place = dict(zip(got.places, found, strict=True))
    full = by_place["examples/computer_1.json:1"].fields
    for name in ("batteries", "cpu", "memory", "softs", "volumes"):
        part = by_place[f"examples/computer_1_partial_{name}.json:1"].fields
        assert {k: v for k, v in part.items() if full.get(k) != v} == {}
    assert full == {
        "serial_number": "640HP72", "manufacturer": "Dell", "model": "XPS 13 9350", "name": "glpixps",
        "form_factor": "laptop", "uuid": "4c4c4544-0034-3010-8048-b6c04f503732", "hostname": "glpixps",
        "mac_addresses": ["00:e0:4c:68:01:db", "44:85:00:2b:90:bc"], "ip_addresses": ["192.168.1.118", "192.168.1.142"],
        "os_name": "Fedora Linux", "os_version": "31 (Workstation Edition)",
        "cpu_model": "Intel(R) Core(TM) i5-6200U CPU @ 2.30GHz", "cpu_cores": 2, "ram_mib": 8192, "storage_gb": 256,
        "is_encrypted": True, "assigned_to": "trasher", "last_seen_at": "2020-06-12T12:19:54Z",
    }  # fmt: skip
