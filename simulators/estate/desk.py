"""A ServiceNow that other people and tools have filled: part of the estate, with what time does to a CMDB."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from simulators.estate import dirt
from simulators.estate.catalogue import ALIASES, BY_KIND, DEPARTMENTS, SITES, VENDORS
from simulators.estate.model import Device, Person, Row, Truth

# Shares of the CIs unless said otherwise.
BLANK_SERIAL, PLACEHOLDER, SPELLED = 0.08, 0.03, 0.12
DUPLICATES, FOREIGN, REUSED_NAMES = 0.03, 0.04, 0.03  # the last: of the devices that have no CI yet
OTHER_OWNER, OTHER_SITE, COMMENTED, OLD_OS, NO_TAG = 0.06, 0.05, 0.2, 0.4, 0.2

CI_TABLES = {
    "laptop": "cmdb_ci_computer",
    "desktop": "cmdb_ci_computer",
    "phone": "cmdb_ci_handheld_computing",
    "server": "cmdb_ci_server",
    "network": "cmdb_ci_netgear",
    "printer": "cmdb_ci_printer",
}
_CATEGORY = {"laptop": "Computer", "desktop": "Computer", "phone": "Handheld Computing", "server": "Server",
             "network": "Network Gear", "printer": "Printer"}  # fmt: skip
_RUNS_OS = ("laptop", "desktop", "phone", "server")  # the classes that have columns for it
_COMMENTS = (
    "Akku getauscht 03/2026",
    "Nicht löschen! Rückfrage bei IT-Einkauf",
    "loaner, see desk B2",
    "per Hand erfasst (Inventur 2025)",
)


@dataclass(slots=True)
class _Desk:
    """The tables while they are filled, and what is needed to fill them."""

    rng: Random
    today: date
    truth: Truth
    tables: dict[str, list[Row]] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    named: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, table: str, **values: str) -> str:
        """Add a row with the system fields and return its sys_id."""
        rng = self.rng
        sys_id = dirt.hexa(rng, 32)
        made = self.today - timedelta(days=60 + rng.randrange(1500))
        stamps = {
            "sys_id": sys_id,
            "sys_class_name": table,
            "sys_created_on": f"{made.isoformat()} {rng.randrange(24):02d}:{rng.randrange(60):02d}:00",
            "sys_created_by": rng.choice(("admin", "import.csv", "h.brandt", "discovery")),
            "sys_updated_on": f"{min(self.today, made + timedelta(days=rng.randrange(50))).isoformat()} 06:00:00",
            "sys_updated_by": rng.choice(("admin", "system", "h.brandt")),
            "sys_mod_count": str(rng.randrange(20)),
        }
        self.tables.setdefault(table, []).append(values | stamps)
        return sys_id

    def named_row(self, table: str, name: str, **values: str) -> str:
        """Return the sys_id of the row of a name, made at the first call."""
        if not name:
            return ""
        if (table, name) not in self.named:
            self.named[table, name] = self.add(table, name=name, **values)
        return self.named[table, name]

    def model(self, device: Device, company: str) -> str:
        """Return the product model under a company; two spellings of a company make two models, as in life."""
        known = self.named.get(("model " + company, device.model))
        if known is None:
            known = self.named["model " + company, device.model] = self.add(
                "cmdb_hardware_product_model",
                name=device.model,
                display_name=f"{device.manufacturer} {device.model}",
                manufacturer=company,
                model_number=device.part_number,
                cmdb_model_category=self.named_row(
                    "cmdb_model_category", _CATEGORY[device.kind], cmdb_ci_class=CI_TABLES[device.kind]
                ),
                status="In Production",
            )
        return known


def fill(
    rng: Random, devices: list[Device], people: list[Person], share: float, today: date, truth: Truth
) -> dict[str, list[Row]]:
    """Fill ServiceNow with `share` of the devices and people, and tell the truth whose every row is.

    Returns:
        Table name -> rows with string values; references are sys_ids, an asset and its CI point at each other.
    """
    desk = start(rng, today, truth, people, share)
    hardware = [d for d in devices if d.kind in CI_TABLES and not d.personal]
    known = set(rng.sample(range(len(hardware)), round(len(hardware) * share)))
    for i in sorted(known):
        add_device(desk, hardware[i], asset=rng.random() < 0.92)
    for i in rng.sample(sorted(known), round(len(known) * DUPLICATES)):
        add_duplicate(desk, hardware[i], by_name=rng.random() < 0.5)
    new = [d for i, d in enumerate(hardware) if i not in known and d.kind in ("laptop", "desktop", "server")]
    for device in rng.sample(new, min(len(new), max(1, round(len(new) * REUSED_NAMES))) if new else 0):
        add_predecessor(desk, device)
    for number in range(round(len(known) * FOREIGN)):
        add_foreign(desk, number)
    return desk.tables


def start(rng: Random, today: date, truth: Truth, people: list[Person], share: float) -> _Desk:
    """Open an instance with companies, places, departments and a share of the people."""
    desk = _Desk(rng, today, truth)
    _foundation(desk)
    _people(desk, people, share)
    return desk


def _foundation(desk: _Desk) -> None:
    for name in VENDORS:
        desk.named_row("core_company", name, vendor="true", manufacturer="false")
    for site, (city, country, _) in SITES.items():
        desk.named_row("cmn_location", site, city=city, country=country, full_name=f"{country}/{city}/{site}")
    for name, code in DEPARTMENTS.items():
        desk.named_row("cmn_department", name, id=name[:3].upper())
        desk.named_row("cmn_cost_center", code, code=code)


def _people(desk: _Desk, people: list[Person], share: float) -> None:
    rng = desk.rng
    staff = [p for p in people if p.status != "prehire"]
    for person in rng.sample(staff, min(len(staff), round(len(people) * share))):
        department = person.department if rng.random() < 0.9 else rng.choice(list(DEPARTMENTS))
        sys_id = desk.add(
            "sys_user",
            user_name=person.email.split("@")[0] if rng.random() < 0.5 else person.email,
            first_name=person.given_name,
            last_name=person.family_name,
            name=person.name,
            email=person.email if rng.random() < 0.9 else person.email.title(),
            employee_number=person.employee_id if rng.random() < 0.7 else "",
            title=person.job_title if rng.random() < 0.8 else "",
            department=desk.named["cmn_department", department],
            location=desk.named["cmn_location", person.site] if rng.random() < 0.9 else "",
            cost_center=desk.named["cmn_cost_center", person.cost_centre] if rng.random() < 0.6 else "",
            phone=person.phone if rng.random() < 0.5 else "",
            manager="",
            active="true" if person.status != "terminated" or rng.random() < 0.5 else "false",
        )
        desk.users[person.id] = sys_id
        desk.truth.users[sys_id] = person.id
    for name in ("admin", "svc.discovery", "svc.import"):
        desk.add(
            "sys_user",
            user_name=name,
            first_name="",
            last_name=name,
            name=name,
            email="",
            employee_number="",
            active="true",
        )


def _owner(desk: _Desk, device: Device) -> str:
    if desk.users and device.owner and desk.rng.random() < OTHER_OWNER:
        return desk.rng.choice(list(desk.users.values()))
    return desk.users.get(device.owner.id, "") if device.owner else ""


def add_device(
    desk: _Desk, device: Device, *, asset: bool, serial: str | None = None, name: str | None = None
) -> tuple[str, str]:
    """Add a CI, and its asset if wanted; returns both sys_ids."""
    rng, truth = desk.rng, desk.truth
    if serial is None:
        serial = dirt.soil_serial(
            rng, device.serial, spelling=SPELLED, blank=BLANK_SERIAL, placeholder=PLACEHOLDER, typo=0.0
        )
    company = desk.named_row(
        "core_company",
        rng.choice(ALIASES.get(device.manufacturer, (device.manufacturer,))),
        manufacturer="true",
        vendor="false",
    )
    site = rng.choice(list(SITES)) if rng.random() < OTHER_SITE else device.site
    retired = name is not None and serial != "" and device.id.startswith("X")
    common = {
        "serial_number": serial,
        "asset_tag": "" if rng.random() < NO_TAG else device.asset_tag,
        "assigned_to": "" if retired else _owner(desk, device),
        "location": desk.named["cmn_location", site],
        "department": desk.named["cmn_department", device.owner.department] if device.owner else "",
        "comments": rng.choice(_COMMENTS) if rng.random() < COMMENTED else "",
        "warranty_expiration": (device.bought_on + timedelta(days=1095)).isoformat() if rng.random() < 0.5 else "",
    }
    model = desk.model(device, company)
    ci = desk.add(
        CI_TABLES[device.kind],
        **common,
        name=name or rng.choice((device.host, device.host, device.host.upper(), device.host.lower())),
        manufacturer=company,
        model_id=model,
        mac_address=dirt.mac(device.ethernet) if device.ethernet and rng.random() < 0.4 else "",
        short_description=f"{device.model}, {site}" if rng.random() < 0.2 else "",
        install_status="7" if retired else "1",
        operational_status="6" if retired else "1",
        discovery_source=rng.choice(("ServiceNow", "ImportSet", "Manual Entry")),
        asset="",
        **(_system(rng, device) if device.kind in _RUNS_OS else {}),
    )
    truth.cis[ci] = device.id
    sys_id = _asset(desk, device, model, common, ci, retired=retired) if asset else ""
    return ci, sys_id


def _system(rng: Random, device: Device) -> Row:
    oldest = next(m.os[1][0] for m in BY_KIND[device.kind] if m.name == device.model)
    return {
        "os": "" if rng.random() < 0.3 else device.os_name,
        "os_version": oldest if rng.random() < OLD_OS else device.os_version,
        "ram": str(device.ram_mib) if rng.random() < 0.5 else "",
        "disk_space": str(device.disk_gb) if rng.random() < 0.5 else "",
    }


def _asset(desk: _Desk, device: Device, model: str, common: Row, ci: str, *, retired: bool) -> str:
    rng = desk.rng
    priced = rng.random() < 0.6
    tag = common["asset_tag"]
    sys_id = desk.add(
        "alm_hardware",
        **common,
        display_name=f"{tag} - {device.manufacturer} {device.model}".removeprefix(" - "),
        model=model,
        model_category=desk.named["cmdb_model_category", _CATEGORY[device.kind]],
        ci=ci,
        install_status="7" if retired else "1",
        substatus="disposed" if retired else "",
        vendor=desk.named["core_company", device.vendor] if priced else "",
        cost=f"{device.price / 100:.2f}" if priced else "",
        cost_center=desk.named["cmn_cost_center", device.owner.cost_centre]
        if device.owner and rng.random() < 0.5
        else "",
        purchase_date=device.bought_on.isoformat() if priced else "",
        po_number="",
        invoice_number="",
    )
    next(row for row in reversed(desk.tables[CI_TABLES[device.kind]]) if row["sys_id"] == ci)["asset"] = sys_id
    desk.truth.assets[sys_id] = device.id
    return sys_id


def add_duplicate(desk: _Desk, device: Device, *, by_name: bool) -> None:
    """Add a second CI of a device that has one: another spelling of the serial, or only the name."""
    serial = "" if by_name else dirt.spelled(desk.rng, device.serial)
    add_device(
        desk,
        device,
        asset=desk.rng.random() < 0.3,
        serial=serial,
        name=device.host if by_name else f"{device.host}-old",
    )


def add_predecessor(desk: _Desk, device: Device) -> None:
    """Add a retired device with its own serial that still holds the host name of a device without a CI."""
    old = stranger(desk.rng, f"XN{device.id[1:]}", device)
    add_device(desk, old, asset=True, serial=old.serial, name=device.host)


def add_foreign(desk: _Desk, number: int) -> None:
    """Add a device that no source knows."""
    kind = desk.rng.choice(list(CI_TABLES))
    model = desk.rng.choice(BY_KIND[kind])
    like = Device(
        id="", kind=kind, manufacturer=model.manufacturer, model=model.name, part_number=model.part_number, serial="",
        asset_tag="", host="", uuid="", wifi="", ethernet="", imei="", os_name=model.os[0], os_version=model.os[1][0],
        cpu="", cores=1, ram_mib=1024, disk_gb=model.disk[0], owner=None, site=desk.rng.choice(list(SITES)),
        vendor=VENDORS[0], price=model.price * 100, bought_on=desk.today - timedelta(days=2000), sources="",
    )  # fmt: skip
    other = stranger(desk.rng, f"XF{number:05d}", like)
    add_device(desk, other, asset=True, serial=other.serial, name=f"OLD-{other.serial[-6:]}")


def stranger(rng: Random, name: str, like: Device) -> Device:
    """Make a device like another, with a serial and tag of its own, of nobody."""
    return replace(
        like,
        id=name,
        serial="ZZ" + dirt.text(rng, 8),
        asset_tag=f"B{100_000 + rng.randrange(900_000)}",
        owner=None,
        uuid="",
        ethernet="",
        wifi="",
    )
