"""Agent inventories in the GLPI native form, and the same written as FusionInventory/OCS XML."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any
from xml.sax.saxutils import escape

from simulators.estate import dirt
from simulators.estate.catalogue import SOFTWARE
from simulators.estate.model import Agent, Device, Truth

_RENAMED, _AGAIN, _DOCK, _SWAPPED = 0.08, 0.02, 0.15, 0.05
_CHASSIS = {"laptop": "Notebook", "desktop": "Desktop", "server": "Rack Mount Chassis", "vm": "Other"}
_KERNEL = {"Windows": "MSWin32", "macOS": "darwin"}


def inventories(rng: Random, devices: list[Device], docks: list[str], today: date, truth: Truth) -> list[Agent]:
    """Make one inventory per device that discovery knows, a few twice; half of the files are XML, half JSON."""
    agents = []
    for device in devices:
        if "d" not in device.sources:
            continue
        agents.append(_agent(rng, device, docks, today - timedelta(days=rng.randrange(20))))
        if rng.random() < _AGAIN:  # installed again: a second device id, an older look
            agents.append(_agent(rng, device, docks, today - timedelta(days=90 + rng.randrange(100))))
        for agent in agents[-2:]:
            truth.records.setdefault(("discovery", agent.document["deviceid"]), device.id)
    rng.shuffle(agents)
    return agents


def _agent(rng: Random, device: Device, docks: list[str], seen: date) -> Agent:
    host = (
        device.host
        if rng.random() >= _RENAMED or device.kind not in ("laptop", "desktop")
        else f"desktop-{dirt.text(rng, 7)}"
    )
    host = host.lower() if rng.random() < 0.5 else host
    stamp = f"{rng.randrange(24):02d}-{rng.randrange(60):02d}-{rng.randrange(60):02d}"
    key = f"{host.lower()}-{device.id.lower()[1:]}{dirt.hexa(rng, 4)}-{seen.isoformat()}-{stamp}"
    on_the_net = device.kind in ("network", "printer")
    make = _network_device if on_the_net else _computer
    document = make(rng, device, host, docks, f"{seen.isoformat()} {stamp.replace('-', ':')}") | {"deviceid": key}
    return Agent(f"{key}.{rng.choice(('xml', 'json'))}", document)


def _computer(rng: Random, device: Device, host: str, docks: list[str], seen: str) -> dict[str, Any]:
    uuid = dirt.swapped(device.uuid) if rng.random() < _SWAPPED else device.uuid
    full = (
        f"Microsoft {device.os_name} 11 Pro" if device.os_name == "Windows" else f"{device.os_name} {device.os_version}"
    )
    serial = dirt.soil_serial(rng, device.serial, spelling=0.04, blank=0.02, placeholder=0.04, typo=0.008)
    login = device.owner.email.split("@")[0] if device.owner and rng.random() < 0.6 else ""
    content: dict[str, Any] = {
        "accesslog": {"logdate": seen},
        "bios": {
            "assettag": device.asset_tag if rng.random() < 0.25 else "",
            "bmanufacturer": device.manufacturer,
            "bversion": f"1.{rng.randrange(30)}.0",
            "smanufacturer": dirt.alias(rng, device.manufacturer),
            "smodel": device.model,
            "ssn": serial,
        },
        "cpus": [{"name": device.cpu, "core": device.cores, "thread": device.cores * 2, "speed": 2600}],
        "drives": [
            {
                "type": "Local Disk",
                "letter": "C:",
                "filesystem": "NTFS",
                "total": device.disk_gb * 950,
                "free": rng.randrange(device.disk_gb * 900),
            }
        ],
        "hardware": {
            "chassis_type": _CHASSIS[device.kind],
            "memory": device.ram_mib - rng.choice((0, 0, 200)),
            "name": host,
            "uuid": uuid.upper() if rng.random() < 0.5 else uuid,
            "vmsystem": "VMware" if device.kind == "vm" else "Physical",
            "workgroup": "corp.example",
        },
        "networks": _networks(rng, device, docks),
        "operatingsystem": {
            "arch": "64-bit" if device.os_name == "Windows" else "x86_64",
            "fqdn": f"{host.lower()}.corp.example",
            "dns_domain": "corp.example",
            "full_name": full,
            "kernel_name": _KERNEL.get(device.os_name, "linux"),
            "kernel_version": device.os_version if device.os_name == "Windows" else "5.14.0",
            "name": device.os_name,
            "timezone": {"name": "CET", "offset": "+0100"},
            "version": device.os_version,
        },
        "softwares": [
            {"name": name, "publisher": publisher, "version": version.format(rng.randrange(90)), "arch": "x86_64"}
            for name, publisher, version in rng.sample(SOFTWARE, 3)
        ],
        "storages": [{"name": "disk0", "type": "disk", "disksize": device.disk_gb * 1000, "interface": "NVME"}],
        "versionclient": "GLPI-Agent_v1.11",
    }
    if login:
        content["hardware"] |= {"lastloggeduser": login, "datelastloggeduser": "Fri Nov 20 08:14"}
        content["users"] = [{"login": login, "domain": "CORP"}]
    return {"action": "inventory", "itemtype": "Computer", "content": content}


def _networks(rng: Random, device: Device, docks: list[str]) -> list[dict[str, Any]]:
    def adapter(name: str, address: str, kind: str, status: str) -> dict[str, Any]:
        made: dict[str, Any] = {
            "description": name,
            "mac": dirt.mac(address),
            "type": kind,
            "status": status,
            "virtualdev": False,
        }
        if status == "up":
            made["ipaddress"] = f"10.{rng.randrange(1, 250)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
        return made

    found: list[dict[str, Any]] = [
        {
            "description": "lo",
            "mac": "00:00:00:00:00:00",
            "type": "loopback",
            "status": "up",
            "virtualdev": True,
            "ipaddress": "127.0.0.1",
        }
    ]
    if device.ethernet:
        found.append(adapter("Ethernet", device.ethernet, "ethernet", "up"))
    if device.wifi and rng.random() < 0.8:
        found.append(adapter("Wi-Fi", device.wifi, "wifi", rng.choice(("up", "down"))))
    if device.kind == "laptop" and rng.random() < _DOCK:
        found.append(adapter("USB dock", rng.choice(docks), "ethernet", "up"))
    return found


def _network_device(rng: Random, device: Device, host: str, docks: list[str], seen: str) -> dict[str, Any]:
    del docks, seen
    address = f"10.{rng.randrange(1, 250)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    kind, item = ("Printer", "Printer") if device.kind == "printer" else ("Networking", "NetworkEquipment")
    content: dict[str, Any] = {
        "network_device": {
            "type": kind,
            "name": host,
            "serial": dirt.soil_serial(rng, device.serial, spelling=0.04, blank=0.02, placeholder=0.0, typo=0.008),
            "manufacturer": dirt.alias(rng, device.manufacturer),
            "model": device.model,
            "firmware": device.os_version,
            "location": device.site,
            "mac": dirt.mac(device.ethernet),
            "ips": [address],
            "uptime": f"{rng.randrange(400)} days, 05:42:18.50",
        },
        "network_ports": [
            {
                "ifdescr": "mgmt0",
                "ifname": "mgmt0",
                "ifnumber": 1,
                "iftype": 6,
                "ifstatus": 1,
                "mac": dirt.mac(device.ethernet),
            }
        ],
        "versionclient": "6.1",
    }
    return {"action": "netinventory", "itemtype": item, "content": content}


def to_xml(document: dict[str, Any]) -> str:
    """Write a native document in the XML form of FusionInventory and OCS agents.

    Lists become repeated elements, names are upper case, an adapter's `mac` is MACADDR, booleans are 0 and 1; network
    devices stand in `DEVICE` with their `INFO` and `PORTS`, as the SNMP task of those agents writes them.
    """
    content = document["content"]
    if "network_device" in content:
        content = {"device": _snmp(content), "moduleversion": content["versionclient"], "processnumber": 1}
        query = "SNMPQUERY"
    else:
        query = "INVENTORY"
        adapters = [{"macaddr" if k == "mac" else k: v for k, v in n.items()} for n in content["networks"]]
        content = content | {"networks": adapters}
    body = "".join(_element(name, value) for name, value in content.items())
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    key = escape(document["deviceid"])
    tail = f"<DEVICEID>{key}</DEVICEID>\n<QUERY>{query}</QUERY>\n</REQUEST>\n"
    return f"{head}<REQUEST>\n<CONTENT>\n{body}</CONTENT>\n{tail}"


def _snmp(content: dict[str, Any]) -> dict[str, Any]:
    info = dict(content["network_device"])
    info["type"] = "PRINTER" if info["type"] == "Printer" else "NETWORKING"
    info["ips"] = {"ip": info["ips"]}
    return {"info": info, "ports": {"port": content["network_ports"]}}


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    tag = name.upper()
    if isinstance(value, dict):
        return f"<{tag}>\n" + "".join(_element(k, v) for k, v in value.items()) + f"</{tag}>\n"
    if isinstance(value, bool):
        value = int(value)
    return f"<{tag}>{escape(str(value))}</{tag}>\n"
