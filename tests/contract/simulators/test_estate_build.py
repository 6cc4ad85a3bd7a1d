"""The demo estate: deterministic, sized as asked, dirty in the ways it promises, with a truth that holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict

import pytest

from simulators.estate import Estate, build
from simulators.estate.catalogue import GOLDEN_NAMES, PLACEHOLDERS
from simulators.estate.model import plain


@pytest.fixture(scope="module")
def estate() -> Estate:
    return build(seed=11, people=600, devices=900)


def test_same_seed_same_estate() -> None:
    """Everything follows from seed and sizes."""
    one, two, other = build(5, people=30, devices=50), build(5, people=30, devices=50), build(6, people=30, devices=50)

    assert asdict(one) == asdict(two)
    assert one.procurement != other.procurement


def test_sizes_are_as_asked(estate: Estate) -> None:
    """So many people and devices; rehired people have two HR records, devices about two and a half records."""
    rehired = sum(1 for person in estate.people if person.former_id)

    assert (len(estate.people), len(estate.devices)) == (600, 900)
    assert len(estate.hr) == 600 + rehired
    assert rehired > 0
    assert 2.0 < (sum(estate.counts().values()) - len(estate.hr)) / 900 < 3.0


def test_keys_are_unique_and_say_nothing(estate: Estate) -> None:
    """No key occurs twice in a source, and records do not stand in the order of the devices."""
    for source, keys in (
        ("procurement", [row["po_line_id"] for row in estate.procurement]),
        ("mdm", [device["id"] for device in estate.intune_devices]),
        ("discovery", [agent.document["deviceid"] for agent in estate.agents]),
    ):
        order = [estate.truth.records[source, key] for key in keys if (source, key) in estate.truth.records]
        assert len(keys) == len(set(keys))
        assert order != sorted(order)
        assert [key for _, key in sorted(zip(order, keys, strict=False))] != sorted(keys)


def test_every_record_has_a_true_device(estate: Estate) -> None:
    """All MDM and discovery records, and all order lines but those of accessories, are about a device."""
    known = {device.id for device in estate.devices}
    lines = [row for row in estate.procurement if estate.truth.device_of("procurement", row["po_line_id"]) is None]

    assert all(("mdm", device["id"]) in estate.truth.records for device in estate.intune_devices)
    assert all(("discovery", agent.document["deviceid"]) in estate.truth.records for agent in estate.agents)
    assert set(estate.truth.records.values()) <= known
    assert lines and all(int(row["quantity"]) > 1 and not row["serial_number"] for row in lines)


def test_serials_are_dirty_in_every_source(estate: Estate) -> None:
    """Other spellings, blanks, placeholders and typos occur, most serials are right."""
    true = {device.id: device.serial for device in estate.devices}
    seen: Counter[str] = Counter()
    pairs = [(row["serial_number"], "procurement", row["po_line_id"]) for row in estate.procurement]
    pairs += [(device["serialNumber"], "mdm", device["id"]) for device in estate.intune_devices]
    for serial, source, key in pairs:
        device = estate.truth.device_of(source, key)
        if device is None:
            continue
        right = true[device]
        kind = (
            "exact" if serial == right else "blank" if not serial else "placeholder" if serial in PLACEHOLDERS
            else "spelled" if plain(serial) == plain(right) else "typo"
        )  # fmt: skip
        seen[f"{source} {kind}"] += 1

    assert seen["procurement exact"] > 0.7 * len(estate.procurement) * 0.9
    assert all(seen[f"procurement {kind}"] for kind in ("spelled", "blank", "placeholder", "typo"))
    assert all(seen[f"mdm {kind}"] for kind in ("spelled", "blank", "placeholder"))
    assert seen["mdm typo"] == 0


def test_names_macs_and_ids_are_shared(estate: Estate) -> None:
    """Image host names, dock MACs and second records of one device occur; true serials collide rarely."""
    names = Counter(device.host for device in estate.devices)
    macs = Counter(device["ethernetMacAddress"] for device in estate.intune_devices if device["ethernetMacAddress"])
    records = Counter(
        (source, device) for (source, _), device in estate.truth.records.items() if source in ("mdm", "discovery")
    )
    serials = Counter(device.serial for device in estate.devices)

    assert any(names[name] > 1 for name in GOLDEN_NAMES)
    assert max(macs.values()) > 1
    assert max(records.values()) == 2
    assert 0 < sum(1 for n in serials.values() if n > 1) < 15


def test_devices_are_coherent(estate: Estate) -> None:
    """Maker, model and system fit; phones have an IMEI with a valid check digit; a VM's serial spells its UUID."""
    for device in estate.devices:
        assert (device.os_name == "macOS") == (device.kind == "laptop" and device.manufacturer == "Apple")
        assert bool(device.owner) == (device.kind in ("laptop", "desktop", "phone"))
        if device.imei:
            doubled = [sum(divmod(int(d) * (1 + i % 2), 10)) for i, d in enumerate(device.imei)]
            assert sum(doubled) % 10 == 0 and len(device.imei) == 15
        if device.kind == "vm":
            assert plain(device.serial.removeprefix("VMware-")) == plain(device.uuid)
            assert device.sources == "d"


def test_people_come_and_go(estate: Estate) -> None:
    """Leavers carry an end date in the past or soon, joiners start in the future, rehired people have an old record."""
    today = estate.today.isoformat()
    by_status = defaultdict(list)
    for record in estate.hr:
        by_status[record["status"]].append(record)

    assert all(r["termination_date"] < today for r in by_status["terminated"])
    assert any(r["termination_date"] and r["termination_date"] > today for r in by_status["active"])
    assert by_status["prehire"] and all(r["hire_date"] > today for r in by_status["prehire"])
    assert by_status["leave"]
    assert set(estate.truth.people) == {r["employee_id"] for r in estate.hr}
    assert {r["employee_id"] for r in estate.hr if r["employee_id"].startswith("E9")} == {
        p.former_id for p in estate.people if p.former_id
    }


def test_personal_devices_are_marked(estate: Estate) -> None:
    """What people brought themselves is personal in Intune and in the truth, and nowhere else."""
    personal = {
        estate.truth.records["mdm", d["id"]] for d in estate.intune_devices if d["managedDeviceOwnerType"] == "personal"
    }

    assert personal and personal == estate.truth.personal
    assert not personal & estate.truth.known_in_sources()
    assert not personal & set(estate.truth.cis.values())
