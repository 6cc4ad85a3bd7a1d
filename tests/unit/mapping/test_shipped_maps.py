"""The maps of the file streams, on the yardstick's estate and on real HR and purchasing data."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mapping.loader import load_map
from synchub.domain.model import CLASSES
from synchub.domain.records import CanonicalRecord

MAPS = Path(__file__).resolve().parents[3] / "connectors" / "files" / "maps"
STREAMS = {"procurement": "purchase_order_lines", "hr": "employees", "mdm": "devices", "discovery": "hosts"}


@pytest.fixture(scope="module")
def estate(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated estate of 300 devices."""
    folder = tmp_path_factory.mktemp("estate")
    command = [
        sys.executable,
        str(shared / "bench" / "gen.py"),
        "build",
        "--n",
        "300",
        "--seed",
        "7",
        "--out",
        str(folder),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder


def rows(estate: Path, stream: str) -> Iterator[tuple[dict[str, Any], CanonicalRecord]]:
    """Yield payloads and their records."""
    field_map = load_map(MAPS / f"{STREAMS[stream]}.yaml")
    for line in (estate / f"{stream}.ndjson").read_text(encoding="utf-8").splitlines():
        payload = json.loads(line)
        record = field_map.map(payload)
        assert record is not None
        yield payload, record


def table(shared: Path, name: str) -> list[dict[str, str]]:
    """Read a CSV with a header, as the file connector hands it on."""
    with (shared / "data" / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("stream", STREAMS)
def test_every_record_of_the_estate_is_canonical_and_understood(estate: Path, stream: str) -> None:
    """No record without a time, none that the canonical model refuses, no warning on ordinary dirt."""
    for _, record in rows(estate, stream):
        CLASSES[record.cls].model_validate(record.fields)
        assert record.observed_at > 0
        assert record.warnings == []


def test_procurement_lines_become_the_hardware_they_describe(estate: Path) -> None:
    """The class is told from words: compared with the kind in the generator's description."""
    kinds = {
        "laptop": "computer",
        "desktop": "computer",
        "server": "server",
        "network": "network_device",
        "mobile": "mobile_device",
    }
    found = [(payload["description"].rsplit(" ", 1)[1], record.cls) for payload, record in rows(estate, "procurement")]
    assert [pair for pair in found if kinds[pair[0]] != pair[1]] == []
    assert {cls for _, cls in found} == set(kinds.values())


def test_lines_that_are_no_single_device_stay_order_lines() -> None:
    """Several pieces, services and licences are not hardware; what nobody knows is not guessed."""
    field_map = load_map(MAPS / "purchase_order_lines.yaml")
    odd: list[dict[str, Any]] = [
        {"description": "Dell Latitude 5440 laptop", "quantity": 5},
        {"description": "Dell Latitude 5440 laptop", "quantity": "2.00"},
        {"description": "Windows Server 2022 licence", "quantity": 1},
        {"description": "3 years support for laptop", "quantity": 1},
        {"description": "Chain lubricant", "quantity": 1},
        {},
    ]
    for row in odd:
        record = field_map.map({"po_line_id": "1", **row})
        assert record is not None
        assert record.cls == "purchase_order_line"


def test_devices_give_identity_without_mistaking_directory_ids_for_hardware(estate: Path) -> None:
    """`azureADDeviceId` is no SMBIOS UUID, an IMEI is for phones, the asset tag is read from the notes."""
    seen: set[str] = set()
    for payload, record in rows(estate, "mdm"):
        assert "uuid" not in record.fields
        assert record.cls == ("mobile_device" if payload["operatingSystem"] in ("iOS", "Android") else "computer")
        assert record.fields.get("imei", "") == payload["imei"]
        assert record.fields.get("asset_tag") == (payload["notes"].removeprefix("Asset ") if payload["notes"] else None)
        assert record.fields.get("assigned_to") == payload["userPrincipalName"]
        macs = [payload["wiFiMacAddress"], payload["ethernetMacAddress"]]
        assert {mac.replace(":", "") for mac in record.fields.get("mac_addresses", [])} == {
            m.lower() for m in macs if m
        }
        seen.update(record.fields)
    assert {"imei", "asset_tag", "assigned_to", "os_end_of_life_on", "storage_gb", "ram_mib"} <= seen


def test_personal_devices_are_dropped() -> None:
    """Before anything is stored."""
    assert load_map(MAPS / "devices.yaml").map({"id": "1", "managedDeviceOwnerType": "personal"}) is None


def test_hosts_give_uuid_addresses_and_the_login_without_its_domain(estate: Path) -> None:
    """Nested payloads, lists of lists."""
    classes: Counter[str] = Counter()
    for payload, record in rows(estate, "discovery"):
        host = payload["host"]
        assert record.fields["uuid"] == host["hardware"]["uuid"]
        assert set(record.fields.get("ip_addresses", [])) == {ip for nic in host["interfaces"] for ip in nic["ipv4"]}
        assert record.fields.get("assigned_to") == ((host["logged_on_user"] or "").partition("\\")[2] or None)
        assert record.fields["ram_mib"] == host["hardware"]["ram_mb"]
        classes[record.cls] += 1
    assert set(classes) == {"computer", "server", "network_device"}


def test_people_keep_only_mapped_paths(estate: Path) -> None:
    """And map the same from what is kept."""
    field_map = load_map(MAPS / "employees.yaml")
    for payload, record in rows(estate, "hr"):
        kept = field_map.project({**payload, "salary": 1})
        assert "salary" not in kept
        assert field_map.map(kept) == record


def test_every_adventureworks_line_is_one_record(shared: Path) -> None:
    """Counted independently: 8,845 lines, one key each, and the sums of the columns come out."""
    payloads = table(shared, "hr-proc-adventureworks/PurchaseOrderDetail.csv")
    field_map = load_map(MAPS / "aw_purchase_order_lines.yaml")
    records = [record for payload in payloads if (record := field_map.map(payload)) is not None]
    text = (shared / "data" / "hr-proc-adventureworks" / "PurchaseOrderDetail.csv").read_text(encoding="utf-8-sig")
    lines = [line.split(",") for line in text.splitlines()[1:]]
    assert len(records) == len(lines) == 8845
    assert {record.key for record in records} == {f'["{line[0]}","{line[1]}"]' for line in lines}
    assert [record for record in records if record.warnings] == []
    for field, column in {
        "quantity": 3,
        "price": 5,
        "line_total": 6,
        "received_quantity": 7,
        "rejected_quantity": 8,
    }.items():
        total = sum(Decimal(record.fields[field]) for record in records)
        assert total == sum(Decimal(line[column]) for line in lines), field
    for record in records:
        CLASSES[record.cls].model_validate(record.fields)


def test_adventureworks_lines_joined_with_their_order_say_when_and_from_whom(shared: Path) -> None:
    """The same map reads the joined row."""
    orders = {row["PurchaseOrderID"]: row for row in table(shared, "hr-proc-adventureworks/PurchaseOrderHeader.csv")}
    vendors = {row["BusinessEntityID"]: row for row in table(shared, "hr-proc-adventureworks/Vendor.csv")}
    field_map = load_map(MAPS / "aw_purchase_order_lines.yaml")
    states: Counter[str] = Counter()
    for line in table(shared, "hr-proc-adventureworks/PurchaseOrderDetail.csv"):
        order = orders[line["PurchaseOrderID"]]
        record = field_map.map({**order, **line, "VendorName": vendors[order["VendorID"]]["Name"]})
        assert record is not None
        assert record.warnings == []
        assert record.fields["ordered_on"] == order["OrderDate"][:10]
        assert record.fields["vendor"] == vendors[order["VendorID"]]["Name"]
        states[record.fields["status"]] += 1
    assert set(states) == {"pending", "approved", "rejected", "complete"}


def test_adventureworks_employees_become_people(shared: Path) -> None:
    """290 of them, with the login behind the domain."""
    payloads = table(shared, "hr-proc-adventureworks/Employee.csv")
    emails = {row["BusinessEntityID"]: row for row in table(shared, "hr-proc-adventureworks/EmployeeEmail.csv")}
    field_map = load_map(MAPS / "aw_employees.yaml")
    records = [field_map.map({**payload, **emails[payload["BusinessEntityID"]]}) for payload in payloads]
    assert len({record.key for record in records if record}) == 290
    assert [record.warnings for record in records if record and record.warnings] == []
    first = records[0]
    assert first is not None
    assert first.fields == {
        "worker_id": "1", "login": "ken0", "email": "ken0@adventure-works.com", "job_title": "Chief Executive Officer",
        "starts_on": "2009-01-14", "status": "active",
    }  # fmt: skip


def test_oracle_employees_become_people(shared: Path) -> None:
    """107 of them; the day stands before the month; the e-mail column holds logins."""
    payloads = table(shared, "hr-oracle/employees.csv")
    field_map = load_map(MAPS / "oracle_employees.yaml")
    records = [record for payload in payloads if (record := field_map.map(payload)) is not None]
    assert len({record.key for record in records}) == 107
    assert [record.warnings for record in records if record.warnings] == []
    assert records[1].fields == {
        "worker_id": "101", "name": "Neena Yang", "given_name": "Neena", "family_name": "Yang", "login": "nyang",
        "phone": "1 515 555 0101", "manager": "100", "starts_on": "2015-09-21", "status": "active",
    }  # fmt: skip
