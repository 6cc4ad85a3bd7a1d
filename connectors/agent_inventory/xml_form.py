"""The XML of FusionInventory and OCS agents, brought to the JSON format of GLPI.

The JSON format (`inventory.schema.json` of glpi-project/inventory_format, commit d03ff5f, read 2026-11-22) has the same
sections with lower-case names; what is named, nested or typed otherwise in XML is listed in the tables below.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from connectors.files.xml_items import local_name
from synchub.errors import InputError

_OBJECTS = frozenset({"accesslog", "bios", "hardware", "operatingsystem", "versionprovider", "pagecounters"})
_ACTIONS = {
    "inventory": "inventory",
    "netdiscovery": "netdiscovery",
    "snmpquery": "netinventory",
    "snmp": "netinventory",
}
# name in XML -> name in JSON, per section ("" for every section)
_RENAMED: dict[str, dict[str, str]] = {
    "": {"ifinoctets": "ifinbytes", "ifoutoctets": "ifoutbytes"},
    "networks": {"macaddr": "mac"},
    "storages": {"serialnumber": "serial"},
    "network_device": {"comments": "description", "snmphostname": "name"},
    "simcards": {"line_number": "phone_number"},
}
_SECTIONS = {"user": "users", "firewall": "firewalls", "antivirus": "antivirus", "local_user": "local_users"}
_INTEGERS: dict[str, frozenset[str]] = {
    "hardware": frozenset({"memory", "swap"}),
    "memories": frozenset({"capacity", "numslots"}),
    "storages": frozenset({"disksize"}),
    "drives": frozenset({"free", "total"}),
    "cpus": frozenset({"core", "corecount", "thread", "speed", "stepping", "external_clock"}),
    "network_device": frozenset({"cpu", "memory", "ram"}),
    "network_ports": frozenset({"ifnumber", "iftype", "ifmtu", "ifspeed", "ifstatus", "ifinternalstatus",
                                "ifportduplex", "ifinoctets", "ifoutoctets", "ifinerrors", "ifouterrors"}),
    "network_components": frozenset({"index", "contained_index", "fru", "stack_number"}),
    "pagecounters": frozenset({"total", "black", "color", "rectoverso", "scanned"}),
    "virtualmachines": frozenset({"memory", "vcpu"}),
}  # fmt: skip
_BOOLEANS: dict[str, frozenset[str]] = {
    "networks": frozenset({"virtualdev", "management"}),
    "drives": frozenset({"systemdrive"}),
}
_LOWER = {"networks": frozenset({"type", "status"})}
_TYPES = {
    "networking": "Networking", "printer": "Printer", "storage": "Storage", "computer": "Computer", "power": "Power",
    "phone": "Phone", "video": "Video", "kvm": "KVM", "unmanaged": "Unmanaged",
}  # fmt: skip
_INTEGER = re.compile(r"-?[0-9]{1,18}")


def convert(root: Element) -> Iterator[dict[str, Any]]:
    """Yield the devices of one XML document in the JSON format: one, or each `DEVICE` of a network inventory.

    Raises:
        InputError: It is no agent inventory.
    """
    content = next((child for child in root if local_name(child.tag).upper() == "CONTENT"), None)
    if content is None:
        raise InputError(
            f"the root element is <{local_name(root.tag)[:40]}> and holds no <CONTENT>: no agent inventory.",
            fix="Narrow the glob.", reason="no_inventory",
        )  # fmt: skip
    head = {name: text for name, text in _texts(root).items() if name in {"deviceid", "itemtype", "tag"} and text}
    query = _texts(root).get("query", "")
    head["action"] = _ACTIONS.get(query.lower(), query.lower() or "inventory")
    devices = [child for child in content if local_name(child.tag).upper() == "DEVICE"]
    if devices:
        for device in devices:
            yield {**head, "content": _network_content(device)}
    else:
        yield {**head, "content": _agent_content(content)}


def _texts(element: Element) -> dict[str, str]:
    """Collect the children that hold nothing but text, by lower-case name."""
    return {local_name(child.tag).lower(): (child.text or "").strip() for child in element if not len(child)}


def _agent_content(content: Element) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for child in content:
        name = local_name(child.tag).lower()
        name = _SECTIONS.get(name, name)
        if name in _OBJECTS:
            result.setdefault(name, {}).update(_section(child, name))
        elif len(child):
            result.setdefault(name, []).append(_section(child, name))
        elif (child.text or "").strip():
            result[name] = (child.text or "").strip()
    return result


def _section(element: Element, section: str) -> dict[str, Any]:
    """Convert one entry of a section; what is empty in XML is absent in JSON."""
    renamed = {**_RENAMED[""], **_RENAMED.get(section, {})}
    result: dict[str, Any] = {}
    for child in element:
        name = local_name(child.tag).lower()
        value = _value(child, section, name)
        if value is None or value == "":
            continue
        name = renamed.get(name, name)
        if name not in result:
            result[name] = value
        elif isinstance(result[name], list):
            result[name].extend(value if isinstance(value, list) else [value])
        elif name not in renamed.values():
            result[name] = [result[name], value]
    return result


def _value(element: Element, section: str, name: str) -> Any:
    if len(element):
        if name in {"ips", "vlans", "connections", "aggregate"}:
            return [_value(child, name, local_name(child.tag).lower()) for child in element if _is_entry(child, name)]
        return _section(element, name)
    text = (element.text or "").strip()
    if name in _INTEGERS.get(section, ()):
        return int(text) if _INTEGER.fullmatch(text) else (text or None)
    if name in _BOOLEANS.get(section, ()):
        return None if not text else text.lower() in {"1", "true", "yes"}
    return text.lower() if name in _LOWER.get(section, ()) else text


def _is_entry(element: Element, group: str) -> bool:
    return group != "connections" or local_name(element.tag).upper() == "CONNECTION"


def _network_content(device: Element) -> dict[str, Any]:
    """Convert one `DEVICE`: network inventories carry `INFO`, network discoveries the same fields right inside."""
    result: dict[str, Any] = {}
    flat: dict[str, Any] = {}
    for child in device:
        name = local_name(child.tag).lower()
        if name == "info":
            flat.update(_section(child, "network_device"))
        elif name == "ports":
            result["network_ports"] = [_section(port, "network_ports") for port in child]
        elif name == "components":
            result["network_components"] = [_section(part, "network_components") for part in child]
        elif name == "pagecounters":
            result[name] = _section(child, name)
        elif name == "ips":
            flat["ips"] = _value(child, "network_device", "ips")
        elif len(child):
            result.setdefault(name, []).append(_section(child, name))
        elif (child.text or "").strip():
            flat[name] = (child.text or "").strip()
    result["network_device"] = _network_device(flat)
    return result


def _network_device(flat: dict[str, Any]) -> dict[str, Any]:
    """Bring the fields of a discovered device to the names of `network_device`."""
    device = {_RENAMED["network_device"].get(name, name): value for name, value in flat.items()}
    device.setdefault("name", flat.get("dnshostname") or flat.get("netbiosname"))
    address = device.pop("ip", None)
    listed = device.get("ips")
    ips = list(listed) if isinstance(listed, list) else []
    device["ips"] = ips if not address or address in ips else [*ips, address]
    if isinstance(device.get("type"), str):
        device["type"] = _TYPES.get(device["type"].lower(), device["type"])
    return {name: value for name, value in device.items() if value not in (None, "", [])}
