"""A Jira Assets schema `ITAM` that other people have filled: part of the estate, typed and imported over the years.

People stand in it as objects, since most of them have no Atlassian account; those who have one are named beside it.
Companies, models, places and departments are objects too, referred to by name. A row says who typed it and how long
ago; `edits` are values somebody changed by hand later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from simulators.estate import dirt
from simulators.estate.catalogue import ALIASES, DEPARTMENTS, SITES, VENDORS
from simulators.estate.desk import stranger
from simulators.estate.model import AssetRow, Device, Person, Shelf

# Shares of the objects that are devices unless said otherwise.
BLANK_SERIAL, PLACEHOLDER, SPELLED, TYPED_LATER = 0.08, 0.03, 0.12, 0.1
DUPLICATES, FOREIGN, REUSED_NAMES = 0.03, 0.04, 0.03  # the last: of the devices that have no object yet
OTHER_OWNER, OTHER_SITE, COMMENTED, OLD_OS, NO_TAG = 0.06, 0.05, 0.2, 0.4, 0.2
ACCOUNTS, HIDDEN_ADDRESS = 0.3, 0.25  # of the people; of those with an account

SCHEMA = ("ITAM", "ITAM")
STATUSES = (("In Stock", 2), ("Deployed", 1), ("Retired", 0))
TYPISTS = ("asset.desk@corp.example", "import@corp.example", "it.buying@corp.example")
TYPES = {
    "laptop": "Computer", "desktop": "Computer", "server": "Server", "phone": "Mobile Device",
    "network": "Network Device", "printer": "Printer",
}  # fmt: skip
_TEXT: dict[str, Any] = {}
_SYSTEM = {"Operating System": _TEXT, "OS Version": _TEXT, "Memory MiB": {"default_type": 1}}
# Type -> (parent, attributes); a reference names its type, so types stand after those they refer to.
STRUCTURE: dict[str, tuple[str, dict[str, dict[str, Any]]]] = {
    "Manufacturer": ("", {}), "Vendor": ("", {}), "Location": ("", {"City": _TEXT, "Country": _TEXT}),
    "Department": ("", {}), "Model": ("", {"Part Number": _TEXT}),
    "Person": ("", {
        "Email": _TEXT, "Worker Id": _TEXT, "Job Title": _TEXT, "Phone": _TEXT, "Department": {"refers": "Department"},
        "Location": {"refers": "Location"}, "Atlassian Account": {"kind": 2},
    }),
    "Hardware": ("", {
        "Serial Number": _TEXT, "Asset Tag": _TEXT, "Manufacturer": {"refers": "Manufacturer"},
        "Model": {"refers": "Model"}, "Status": {"kind": 7}, "Assigned To": {"refers": "Person"},
        "Location": {"refers": "Location"}, "Department": {"refers": "Department"}, "Vendor": {"refers": "Vendor"},
        "Price": {"default_type": 3}, "Warranty Ends On": {"default_type": 4}, "Comment": {"default_type": 9},
        "MAC Addresses": {"default_type": 9},
    }),
    "Computer": ("Hardware", _SYSTEM), "Server": ("Hardware", _SYSTEM),
    "Mobile Device": ("Hardware", {"Operating System": _TEXT, "OS Version": _TEXT, "IMEI": _TEXT}),
    "Network Device": ("Hardware", {}), "Printer": ("Hardware", {}),
}  # fmt: skip
_COMMENTS = (
    "Akku getauscht 03/2026",
    "Nicht löschen! Rückfrage bei IT-Einkauf",
    "loaner, see desk B2",
    "Inventur 2025",
)


@dataclass(slots=True)
class _Fill:
    rng: Random
    today: date
    shelf: Shelf
    known: set[tuple[str, str]] = field(default_factory=set)
    people: list[str] = field(default_factory=list)
    accounts: set[str] = field(default_factory=set)

    def named(self, kind: str, name: str, **values: str) -> str:
        """Return a name, with an object of it made at the first call."""
        if name and (kind, name) not in self.known:
            self.known.add((kind, name))
            self.shelf.rows.append(AssetRow(kind, {"Name": name, **values}, by=TYPISTS[1], days=900))
        return name

    def add(self, kind: str, about: str, values: dict[str, str]) -> AssetRow:
        """Add a row typed by one of the typists."""
        rng = self.rng
        kept = {name: value for name, value in values.items() if value}
        row = AssetRow(kind, kept, about, rng.choice(TYPISTS), 30 + rng.randrange(800))
        self.shelf.rows.append(row)
        return row


def shelve(rng: Random, devices: list[Device], people: list[Person], share: float, today: date) -> Shelf:
    """Fill the schema with `share` of the devices and people."""
    fill = _Fill(rng, today, Shelf())
    fill.shelf.accounts += [(mail, mail.split("@")[0].replace(".", " ").title(), True) for mail in TYPISTS]
    for name in VENDORS:
        fill.named("Vendor", name)
    for site, (city, country, _) in SITES.items():
        fill.named("Location", site, City=city, Country=country)
    for name in DEPARTMENTS:
        fill.named("Department", name)
    _people(fill, people, share)
    hardware = [d for d in devices if d.kind in TYPES and not d.personal]
    known = set(rng.sample(range(len(hardware)), round(len(hardware) * share)))
    for i in sorted(known):
        _device(fill, hardware[i])
    for i in rng.sample(sorted(known), round(len(known) * DUPLICATES)):
        other = hardware[i]
        by_name = rng.random() < 0.5
        _device(fill, other, serial="" if by_name else dirt.spelled(rng, other.serial), name=other.host)
    new = [d for i, d in enumerate(hardware) if i not in known and d.kind in ("laptop", "desktop", "server")]
    for device in rng.sample(new, min(len(new), max(1, round(len(new) * REUSED_NAMES))) if new else 0):
        old = stranger(rng, f"XA{device.id[1:]}", device)
        _device(fill, old, serial=old.serial, name=device.host, retired=True)
    for device in rng.sample(hardware, round(len(known) * FOREIGN)):
        other = stranger(rng, f"XB{device.id[1:]}", device)
        _device(fill, other, serial=other.serial, name=f"OLD-{other.serial[-6:]}")
    return fill.shelf


def _people(fill: _Fill, people: list[Person], share: float) -> None:
    rng = fill.rng
    staff = [p for p in people if p.status != "prehire"]
    for person in staff:
        if person.status != "terminated" and rng.random() < ACCOUNTS:
            fill.shelf.accounts.append((person.email, person.name, rng.random() >= HIDDEN_ADDRESS))
            fill.accounts.add(person.email)
    for person in rng.sample(staff, min(len(staff), round(len(people) * share))):
        fill.people.append(person.email)
        fill.known.add(("Person", person.email))
        fill.add("Person", person.id, {
            "Name": person.name, "Email": person.email, "Worker Id": person.employee_id if rng.random() < 0.7 else "",
            "Job Title": person.job_title if rng.random() < 0.8 else "",
            "Phone": person.phone if rng.random() < 0.5 else "",
            "Department": person.department if rng.random() < 0.9 else rng.choice(list(DEPARTMENTS)),
            "Location": person.site if rng.random() < 0.9 else "",
            "Atlassian Account": person.email if person.email in fill.accounts else "",
        })  # fmt: skip


def _device(
    fill: _Fill, device: Device, *, serial: str | None = None, name: str = "", retired: bool = False
) -> AssetRow:
    rng = fill.rng
    if serial is None:
        serial = dirt.soil_serial(
            rng, device.serial, spelling=SPELLED, blank=BLANK_SERIAL, placeholder=PLACEHOLDER, typo=0.0
        )
    site = rng.choice(list(SITES)) if rng.random() < OTHER_SITE else device.site
    company = fill.named("Manufacturer", rng.choice(ALIASES.get(device.manufacturer, (device.manufacturer,))))
    model = fill.named("Model", device.model, **{"Part Number": device.part_number} if device.part_number else {})
    priced = rng.random() < 0.6
    values = {
        "Name": name or rng.choice((device.host, device.host.upper(), device.host.lower())) or device.model,
        "Serial Number": serial, "Asset Tag": "" if rng.random() < NO_TAG else device.asset_tag,
        "Manufacturer": company, "Model": model, "Status": "Retired" if retired else "Deployed",
        "Assigned To": "" if retired else _owner(fill, device), "Location": site,
        "Department": device.owner.department if device.owner else "", "Vendor": device.vendor if priced else "",
        "Price": f"{device.price / 100:.2f}" if priced else "",
        "Warranty Ends On": (device.bought_on + timedelta(days=1095)).isoformat() if rng.random() < 0.5 else "",
        "Comment": rng.choice(_COMMENTS) if rng.random() < COMMENTED else "",
        "MAC Addresses": dirt.mac(device.ethernet) if device.ethernet and rng.random() < 0.4 else "",
    }  # fmt: skip
    kind = TYPES[device.kind]
    more = {
        "Operating System": "" if rng.random() < 0.3 else device.os_name,
        "OS Version": "1.0" if rng.random() < OLD_OS else device.os_version,
        "Memory MiB": str(device.ram_mib) if rng.random() < 0.5 else "", "IMEI": device.imei,
    }  # fmt: skip
    values |= {attribute: value for attribute, value in more.items() if attribute in STRUCTURE[kind][1]}
    row = fill.add(kind, device.id, values)
    if rng.random() < TYPED_LATER:
        row.edits = {"Location": rng.choice(list(SITES)), "Comment": rng.choice(_COMMENTS)}
    return row


def _owner(fill: _Fill, device: Device) -> str:
    if fill.people and device.owner and fill.rng.random() < OTHER_OWNER:
        return fill.rng.choice(fill.people)
    mail = device.owner.email if device.owner else ""
    return mail if ("Person", mail) in fill.known else ""
