"""The devices as Intune holds them, with the values that a LIST hides."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from simulators.estate import dirt
from simulators.estate.model import Device, Truth

NEVER = "0001-01-01T00:00:00Z"
_REIMAGED, _AGAIN, _DOCK, _NOTES = 0.08, 0.02, 0.12, 0.35
_ENROLMENT = {"Windows": "windowsAzureADJoin", "macOS": "appleBulkWithUser", "iOS": "appleBulkWithUser",
              "iPadOS": "appleBulkWithUser", "Android": "userEnrollment"}  # fmt: skip


def managed_devices(
    rng: Random, devices: list[Device], users: dict[str, str], docks: list[str], today: date, truth: Truth
) -> list[dict[str, Any]]:
    """Write the devices that the MDM knows, a few enrolled twice (the older record is being retired).

    Args:
        rng: The generator of this part.
        devices: All true devices.
        users: E-mail -> id of the directory's user.
        docks: MACs of docks; one stands as the Ethernet MAC of 12 % of the laptops.
        today: Day up to which devices synchronise.
        truth: Learns which device each record is about.
    """
    records = []
    for device in devices:
        if "m" not in device.sources:
            continue
        record = _record(rng, device, users, docks, today)
        records.append(record)
        truth.records["mdm", record["id"]] = device.id
        if rng.random() < _AGAIN:
            stale = _stale(rng, record, today)
            records.append(stale)
            truth.records["mdm", stale["id"]] = device.id
    rng.shuffle(records)
    return records


def moment(rng: Random, day: date) -> str:
    """Return a moment of a day as Graph writes it: UTC, seven fractional digits."""
    hour, minute, second = rng.randrange(24), rng.randrange(60), rng.randrange(60)
    return f"{day.isoformat()}T{hour:02d}:{minute:02d}:{second:02d}.{dirt.digits(rng, 7)}Z"


def _record(rng: Random, device: Device, users: dict[str, str], docks: list[str], today: date) -> dict[str, Any]:
    owner = device.owner if rng.random() < 0.96 else None
    phone, mobile = device.kind == "phone", device.os_name in ("iOS", "iPadOS")
    ethernet = device.ethernet if rng.random() < 0.7 else ""
    if device.kind == "laptop" and rng.random() < _DOCK:
        ethernet = rng.choice(docks)
    name = device.host if rng.random() >= _REIMAGED else f"DESKTOP-{dirt.text(rng, 7)}"
    total = (device.disk_gb or 64) * 10**9
    enrolled = min(today, device.bought_on + timedelta(days=10 + rng.randrange(20)))
    return {
        "id": dirt.guid(rng),
        "userId": users.get(owner.email, "") if owner else "",
        "deviceName": name,
        "managedDeviceOwnerType": "personal" if device.personal else "company",
        "enrolledDateTime": moment(rng, enrolled),
        "lastSyncDateTime": moment(rng, max(enrolled, today - timedelta(days=rng.randrange(40)))),
        "operatingSystem": device.os_name,
        "complianceState": rng.choice(("compliant", "compliant", "compliant", "noncompliant", "inGracePeriod")),
        "jailBroken": "False" if phone else "Unknown",
        "managementAgent": "mdm",
        "osVersion": device.os_version,
        "azureADRegistered": True,
        "deviceEnrollmentType": "userEnrollment" if device.personal else _ENROLMENT.get(device.os_name, "unknown"),
        "emailAddress": owner.email if owner else "",
        "azureADDeviceId": dirt.guid(rng) if rng.random() < 0.97 else "00000000-0000-0000-0000-000000000000",
        "deviceRegistrationState": "registered",
        "deviceCategoryDisplayName": "Unknown",
        "isSupervised": mobile and not device.personal,
        "exchangeLastSuccessfulSyncDateTime": NEVER,
        "isEncrypted": rng.random() < 0.9,
        "userPrincipalName": owner.email if owner else "",
        "model": device.model,
        "manufacturer": device.manufacturer,
        "imei": device.imei or None,
        "complianceGracePeriodExpirationDateTime": "9999-12-31T23:59:59.9999999Z",
        "serialNumber": dirt.soil_serial(rng, device.serial, spelling=0.02, blank=0.02, placeholder=0.03, typo=0.0),
        "phoneNumber": f"+4917{dirt.digits(rng, 8)}" if device.imei else "",
        "userDisplayName": owner.name if owner else "",
        "wiFiMacAddress": device.wifi.upper(),
        "subscriberCarrier": "Telekom.de" if device.imei else "",
        "totalStorageSpaceInBytes": total,
        "freeStorageSpaceInBytes": rng.randrange(total),
        "managedDeviceName": f"{dirt.digits(rng, 8)}_{device.os_name}_{enrolled.isoformat()}",
        "managementState": "managed",
        "managementCertificateExpirationDate": moment(rng, today + timedelta(days=200)),
        "udid": dirt.hexa(rng, 40) if device.manufacturer == "Apple" else "",
        "iccid": "8949" + dirt.digits(rng, 15) if device.imei else "",
        "notes": f"Asset {device.asset_tag}" if rng.random() < _NOTES else None,
        "ethernetMacAddress": ethernet.upper() or None,
        "physicalMemoryInBytes": 0 if phone else device.ram_mib << 20,
    }


def _stale(rng: Random, record: dict[str, Any], today: date) -> dict[str, Any]:
    seen = today - timedelta(days=120 + rng.randrange(100))
    return record | {
        "id": dirt.guid(rng),
        "deviceName": f"DESKTOP-{dirt.text(rng, 7)}" if rng.random() < 0.5 else record["deviceName"],
        "azureADDeviceId": dirt.guid(rng),
        "enrolledDateTime": moment(rng, seen - timedelta(days=30)),
        "lastSyncDateTime": moment(rng, seen),
        "managementState": "retirePending",
    }
