"""The true devices, before any source has spoilt what it knows of them."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

from simulators.estate import dirt
from simulators.estate.catalogue import BY_KIND, COVERAGE, GOLDEN_NAMES, KINDS, SITES, VENDORS, Model
from simulators.estate.model import Device, Person

_PREFIX = {"Dell Inc.": ("", 7), "LENOVO": ("PF", 6), "HP": ("5CG", 7), "Hewlett-Packard": ("PHC", 7),
           "Apple": ("C02", 9), "HPE": ("CZ", 8), "Cisco": ("FCW", 8), "Juniper": ("PE", 10),
           "samsung": ("R5C", 8)}  # fmt: skip
_WITH_OWNER = ("laptop", "desktop", "phone")
_COLLIDES, _GOLDEN, _PERSONAL = 0.003, 0.02, 0.5


def make_devices(rng: Random, count: int, people: list[Person], today: date) -> list[Device]:
    """Make `count` devices; a few share a serial (0.3 %) or the host name of an image (2 % of PCs)."""
    staff = [p for p in people if p.status in ("active", "leave")] or people
    devices: list[Device] = []
    tags = rng.sample(range(200_000, 200_000 + 9 * count), count)
    for i in range(count):
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        model = rng.choice(BY_KIND[kind])
        owner = rng.choice(staff) if kind in _WITH_OWNER else None
        serial = devices[-1].serial if devices and kind != "vm" and rng.random() < _COLLIDES else _serial(rng, model)
        coverage = COVERAGE[kind]
        sources = rng.choices(list(coverage), list(coverage.values()))[0]
        devices.append(
            Device(
                id=f"D{i:05d}",
                kind=kind,
                manufacturer=model.manufacturer,
                model=model.name,
                part_number=model.part_number,
                serial=serial,
                asset_tag=f"A{tags[i]}",
                host=_host(rng, kind, serial, owner, i),
                uuid=_uuid(rng, model, serial),
                wifi=_mac(rng) if kind in ("laptop", "phone") else "",
                ethernet=_mac(rng) if kind != "phone" else "",
                imei=_imei(rng) if kind == "phone" and "iPad" not in model.name else "",
                os_name=model.os[0],
                os_version=rng.choice(model.os[1]),
                cpu=model.cpu,
                cores=model.cores,
                ram_mib=rng.choice(model.ram) * 1024,
                disk_gb=rng.choice(model.disk),
                owner=owner,
                site=owner.site if owner else rng.choice(list(SITES)),
                vendor=rng.choice(VENDORS),
                price=model.price * 100 - rng.choice((0, 1, 100, 555)),
                bought_on=today - timedelta(days=1 + rng.randrange(20) if sources == "p" else 20 + rng.randrange(1500)),
                sources=sources,
                personal=kind == "phone" and sources == "m" and rng.random() < _PERSONAL,
            )
        )
    return devices


def _serial(rng: Random, model: Model) -> str:
    if model.kind == "vm":
        h = dirt.hexa(rng, 32)
        pairs = [h[i : i + 2] for i in range(0, 32, 2)]
        return "VMware-" + " ".join(pairs[:8]) + "-" + " ".join(pairs[8:])
    prefix, length = _PREFIX.get(model.manufacturer, ("", 10))
    return prefix + dirt.text(rng, length)


def _uuid(rng: Random, model: Model, serial: str) -> str:
    if model.kind in ("network", "printer", "phone"):
        return ""
    if model.kind == "vm":  # the serial of a VMware guest spells its UUID
        h = serial.removeprefix("VMware-").replace(" ", "").replace("-", "")
        return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
    if model.manufacturer == "Dell Inc.":  # Dell writes the service tag into the UUID
        tag = serial.encode().hex().ljust(14, "0")
        return f"4c4c4544-00{tag[:2]}-{tag[2:6]}-80{tag[6:8]}-{tag[8:14]}{dirt.hexa(rng, 6)}"
    return dirt.guid(rng)


def _host(rng: Random, kind: str, serial: str, owner: Person | None, number: int) -> str:
    if kind in ("server", "vm"):
        return f"srv{rng.choice(('app', 'db', 'web', 'file'))}{number:05d}"
    if kind in ("network", "printer"):
        return f"{'sw' if kind == 'network' else 'prt'}-{rng.choice(list(SITES))[:3].lower()}-{number:05d}"
    if kind == "phone":
        return f"{owner.given_name}'s phone" if owner and rng.random() < 0.3 else f"MOB-{serial[-6:]}"
    if rng.random() < _GOLDEN:
        return rng.choice(GOLDEN_NAMES)
    return f"{rng.choice(('NB', 'WS', 'LT'))}-{serial[-6:]}" if rng.random() < 0.6 else f"DESKTOP-{dirt.text(rng, 7)}"


def _mac(rng: Random) -> str:
    return f"{rng.choice('02468ace')}{rng.choice('048c')}{dirt.hexa(rng, 10)}"  # unicast, universally administered


def _imei(rng: Random) -> str:
    body = "35" + dirt.digits(rng, 12)
    total = sum(sum(divmod(int(d) * (1 + i % 2), 10)) for i, d in enumerate(body))
    return body + str(-total % 10)
