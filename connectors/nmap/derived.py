"""One host of a scan as a payload: its elements as JSON, and under `derived` what paths alone cannot tell.

| key | what |
|---|---|
| `key` | the native key: the MAC address, else the address on the network of the folder |
| `mac`, `mac_vendor` | of the card that answered; the vendor is that of the card, never of the device |
| `ip` | the address that was scanned |
| `hostname`, `fqdn` | by reverse lookup, else as typed, else as Windows networking says; not made of the address |
| `os_family`, `os_name` | where the best guesses are at least 95 % sure and agree |
| `device_type` | likewise, in nmap's words (`router`, `printer`, `general purpose` …) |
| `is_virtual` | the card belongs to a hypervisor |
| `open_ports` | `22/tcp ssh OpenSSH 5.3`, at most 200 |
| `booted_at` | by the clock that TCP shows, to the minute |
| `seen_at` | when nmap was done with the host, else when the scan began |
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any
from xml.etree.ElementTree import Element

from connectors.files.xml_items import as_json
from connectors.nmap.scan import Scan, number

MIN_ACCURACY = 95  # below it nmap itself speaks of guesses; above it one in twenty is wrong at worst
MAX_PORTS = 200  # something that answers on more is a trap or a firewall, and a list of them says nothing
_SURE = 10  # `conf` of a service that was asked and answered, not looked up in a table

# Output of scripts holds certificates, users, shares and texts without end; timings and sequence numbers are noise.
_DROPPED = frozenset({
    "script", "hostscript", "times", "tcpsequence", "ipidsequence", "tcptssequence", "trace", "extraports", "distance",
    "portused", "osfingerprint", "smurf",
})  # fmt: skip
_VIRTUAL = (
    "00:50:56", "00:0c:29", "00:05:69", "00:1c:14",  # VMware
    "08:00:27", "52:54:00", "00:16:3e", "00:15:5d", "00:1c:42",  # VirtualBox, QEMU, Xen, Hyper-V, Parallels
    "02:42:",  # Docker
)  # fmt: skip
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_NO_SYSTEM = frozenset({"embedded", "", "unknown"})
_SMB_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,14}")


def payload(host: Element, scan: Scan, folder: str) -> dict[str, Any]:
    """Make the payload of a host that is up.

    Args:
        host: The element.
        scan: The file it stands in.
        folder: Folder of the file below the root; addresses are unique within it.
    """
    derived = _derive(host, scan, folder)
    _strip(host)
    found = as_json(host)
    element = found if isinstance(found, dict) else {}
    for name in ("@starttime", "@endtime", "@timedout", "uptime"):
        element.pop(name, None)
    return {**element, "scan": {"version": scan.version}, "derived": derived}


def _derive(host: Element, scan: Scan, folder: str) -> dict[str, Any]:
    addresses = {a.get("addrtype", ""): a for a in host.findall("address")}
    card = addresses.get("mac")
    mac = (card.get("addr") or "").strip().lower() if card is not None else ""
    mac = mac if _MAC.fullmatch(mac) else ""
    ip = _address(addresses)
    seen_at = number(host.get("endtime")) or scan.started_at
    names = _names(host, ip)
    found = {
        "key": _key(mac, ip, folder),
        "mac": mac,
        "mac_vendor": card.get("vendor") if card is not None else None,
        "ip": ip,
        "is_loopback": True if ip and ip_address(ip).is_loopback else None,
        "hostname": names[0] if names else None,
        "fqdn": next((name for name in names if "." in name), None),
        **_system(host),
        "is_virtual": True if mac.startswith(_VIRTUAL) else None,
        "open_ports": _open_ports(host),
        "booted_at": _booted_at(host, seen_at),
        "seen_at": _moment(seen_at),
    }
    return {name: value for name, value in found.items() if value}


def _address(addresses: dict[str, Element]) -> str:
    """Return the address that was scanned; empty when what stands there is none."""
    for kind in ("ipv4", "ipv6"):
        element = addresses.get(kind)
        try:
            if element is not None:
                return str(ip_address((element.get("addr") or "").partition("%")[0]))
        except ValueError:
            continue
    return ""


def _key(mac: str, ip: str, folder: str) -> str:
    """A card answers for its device wherever that goes; over IPv6 it is scanned by another command, so apart."""
    if mac:
        return f"{mac}|6" if ":" in ip else mac
    return f"{folder}|{ip}" if folder and ip else ip


def _names(host: Element, ip: str) -> list[str]:
    """List names from the best to the worst: reverse lookup, what the person typed, what Windows networking says."""
    found = host.findall("hostnames/hostname")
    ordered = [n.get("name", "") for kind in ("PTR", "user") for n in found if n.get("type") == kind]
    for elem in host.findall("hostscript/script[@id='smb-os-discovery']/elem"):
        name = (elem.text or "").removesuffix("\\x00")
        if elem.get("key") == "server" and _SMB_NAME.fullmatch(name):
            ordered.append(name)
    return [name.strip().rstrip(".") for name in ordered if name.strip() and not _is_made_of_address(name, ip)]


def _is_made_of_address(name: str, ip: str) -> bool:
    """Tell a name that providers derive from the address (`dhcp-192-168-1-5.isp.example`) and addresses themselves.

    >>> _is_made_of_address("ip-10-0-0-5.ec2.internal", "10.0.0.5"), _is_made_of_address("nb-7", "10.0.0.7")
    (True, False)
    """
    if name.strip() == ip:
        return True
    octets = ip.split(".")
    if len(octets) != 4:
        return False
    digits = re.sub(r"[^0-9]+", "-", name)
    return any(f"-{'-'.join(order)}-" in f"-{digits}-" for order in (octets, octets[::-1]))


def _system(host: Element) -> dict[str, str | None]:
    classes = [(number(c.get("accuracy")), c) for c in host.findall("os//osclass")]
    best = max((accuracy for accuracy, _ in classes), default=0)
    sure = [c for accuracy, c in classes if accuracy == best and best >= MIN_ACCURACY]
    services = [s for s in host.findall("ports/port/service") if number(s.get("conf")) >= _SURE]
    family = _agreed(c.get("osfamily") for c in sure) if sure else _agreed(s.get("ostype") for s in services)
    kind = _agreed(c.get("type") for c in sure) if sure else None
    if family is None or family.lower() in _NO_SYSTEM:
        family = None
    generation = _agreed(c.get("osgen") for c in sure) if family == "Windows" and sure else None
    return {
        "os_family": family,
        "os_name": _windows(generation) if generation else family,
        "device_type": kind or _agreed(s.get("devicetype") for s in services),
    }


def _windows(generation: str) -> str:
    is_server = generation.startswith("20") and generation != "2000"  # 2003, 2008, 2012, 2016 …
    return f"Windows Server {generation}" if is_server else f"Windows {generation}"


def _agreed(values: Iterable[str | None]) -> str | None:
    """Return the one value that all give who give any."""
    found = {value for value in values if value}
    return found.pop() if len(found) == 1 else None


def _open_ports(host: Element) -> list[str]:
    found = []
    for port in host.findall("ports/port"):
        state = port.find("state")
        if state is None or state.get("state") != "open":
            continue
        service = port.find("service")
        words = [service.get(name) for name in ("name", "product", "version")] if service is not None else []
        place = f"{port.get('portid')}/{port.get('protocol')}"
        found.append((number(port.get("portid")), " ".join([place, *[word.strip() for word in words if word]])))
    return [text for _, text in sorted(found)] if len(found) <= MAX_PORTS else []


def _booted_at(host: Element, seen_at: int) -> str | None:
    uptime = host.find("uptime")
    seconds = number(uptime.get("seconds")) if uptime is not None else 0
    return _moment((seen_at - seconds) // 60 * 60) if seconds and seen_at > seconds else None


def _moment(seconds: int) -> str | None:
    # `number` takes up to 15 digits, more than a year has.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if 0 < seconds < 2**37 else None


def _strip(element: Element) -> None:
    element.attrib.pop("servicefp", None)  # the raw answer of an unknown service: kilobytes that change
    for child in [child for child in element if child.tag in _DROPPED]:
        element.remove(child)
    for child in element:
        _strip(child)
