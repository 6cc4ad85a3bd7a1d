"""What a field map cannot tell from an inventory by paths alone; put beside `content` under `derived`.

| key | what |
|---|---|
| `key` | the native key |
| `serial`, `manufacturer`, `model` | of the system; of enclosure, BIOS or board where it only has a placeholder |
| `macs`, `ips` | of physical interfaces; loopback, virtual and tunnel ones left out |
| `inventoried_at` | time of the inventory with its own offset from UTC, where the agent tells it |
| `os_name`, `os_version` | Windows by its kernel's version, Android by its release, firmware of network equipment |
| `ram_mib`, `storage_gb` | sums over modules and fixed disks; what the system reports where no modules are listed |
| `is_encrypted` | of the system volume, where the agent tells it |
| `user` | who works with it: not root, a service account or a host's own administrator |

Nothing here judges what may identify: a placeholder that is all there is stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from typing import Any

# Texts of boards whose maker filled nothing in; the same device has the truth in another field.
_UNFILLED = re.compile(
    r"(?i)(system (manufacturer|product name|serial number|name|version)|to be filled by o\.?e\.?m\.?|o\.?e\.?m\.?"
    r"|default string|not (specified|applicable|available)|none|n/?a|unknown|chassis serial number|(base )?board .*"
    r"|type1productconfigid|123456789|[0 .x-]*)"
)
_VIRTUAL_NAME = re.compile(
    r"(?i)(lo\d*|docker|veth|virbr|vnet|br-|bridge|tun|tap|utun|awdl|llw|vmnet|vboxnet|gif|stf|sit|dummy|ifb|fw\d|wg\d"
    r"|zt|cni|flannel|kube|p2p|rmnet|ppp|ham\d)"
)
_VIRTUAL_TEXT = re.compile(
    r"(?i)\b(virtualbox host-only|vmware virtual ethernet adapter|tap-windows|hyper-v virtual ethernet|loopback"
    r"|wan miniport|isatap|teredo|6to4|bluetooth|vpn|wi-?fi direct|hosted network|réseau hébergé)"
)
_VIRTUAL_TYPES = frozenset({"loopback", "alias", "bridge", "aggregate", "dialup", "bluetooth"})
_APPLE_OR_LINUX_PORT = re.compile(r"(en|eth)\d{1,2}")
_PHYSICAL_IFTYPES = frozenset({6, 62, 69, 71, 117})  # ethernetCsmacd and its older names, ieee80211
_NO_USER = frozenset({
    "root", "administrator", "administrateur", "admin", "system", "local service", "network service", "localservice",
    "networkservice", "guest", "nobody", "wtmp", "reboot", "defaultaccount",
})  # fmt: skip
_NO_DISK = re.compile(r"(?i)\b(cd|dvd|optical|removable|usb|floppy|card reader|tape|virtual)")
_OFFSET = re.compile(r"[+-]\d{4}")
_SYSTEM_VOLUMES = frozenset({"/", "c:", "c:\\"})
MAX_ADDRESSES = 64


def derive(device: dict[str, Any]) -> dict[str, Any]:
    """Return the derived values of a device in the JSON format; what is not known is absent."""
    content = device["content"]
    bios, hardware = section(content, "bios"), section(content, "hardware")
    network = section(content, "network_device")
    found = {
        "key": native_key(device),
        "serial": _first([bios.get("ssn"), network.get("serial"), bios.get("enclosureserial"), bios.get("biosserial"),
                          bios.get("msn")]),
        "manufacturer": _first([bios.get("smanufacturer"), network.get("manufacturer"), bios.get("mmanufacturer"),
                                bios.get("bmanufacturer"), *[f.get("manufacturer") for f in _firmwares(content)]]),
        "model": _first([bios.get("smodel"), network.get("model"), bios.get("mmodel"),
                         *[f.get("name") for f in _firmwares(content)]]),
        "macs": macs(content),
        "ips": ips(content),
        "inventoried_at": _inventoried_at(content),
        **_system(content, hardware, network),
        "ram_mib": _ram(device),
        "storage_gb": _storage(content),
        "is_encrypted": _encrypted(content),
        "user": _user(content, hardware),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None and value != []}


def section(content: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a section that is an object; empty where it is missing or something else."""
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def entries(content: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the entries of a section that is a list; a single object counts as one entry."""
    value = content.get(name)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def native_key(device: dict[str, Any]) -> str | None:
    """Tell the native key: the agent's `deviceid`, which is stable for one installation.

    A network inventory carries the id of whoever asked the device (or the constant `foo`), so the device's own serial,
    MAC or address is added. A partial inventory is a record of its own beside the full one, by the sections it holds:
    it must not take away what only the full one says. None when nothing tells the device from others.
    """
    content, agent = device["content"], _text(device.get("deviceid"))
    if "network_device" in content or "network_ports" in content:
        network = section(content, "network_device")
        addresses = macs(content) + ips(content)
        own = _text(network.get("serial")) or next(iter(addresses), None) or _text(network.get("name"))
        return f"{agent or ''}|{own}" if own else agent
    if device.get("partial") is True and agent:
        parts = sorted(name for name in content if name not in {"bios", "hardware", "versionclient", "versionprovider"})
        return f"{agent}|partial:{','.join(parts)[:200]}"
    return agent


def macs(content: dict[str, Any]) -> list[str]:
    """List the hardware addresses of physical interfaces, sorted; for network equipment the one of the device.

    Ports speak for network equipment only where the device itself names no address.
    """
    own = section(content, "network_device").get("mac")
    if _is_mac(own):
        return [str(own).strip().lower()]
    ports = [p for p in entries(content, "network_ports") if _is_mac(p.get("mac"))]
    if ports:
        physical = [p for p in ports if isinstance(p.get("iftype"), int) and p["iftype"] in _PHYSICAL_IFTYPES]
        return _sorted(p["mac"] for p in physical or ports)
    cards = [n for n in entries(content, "networks") if _is_mac(n.get("mac"))]
    found = [n for n in cards if not is_virtual(n)]
    # Old macOS agents call every interface virtual; then the name tells.
    return _sorted(n["mac"] for n in found or [n for n in cards if _has_port_name(n)])


def _sorted(values: Iterable[Any]) -> list[str]:
    return sorted({str(value).strip().lower() for value in values})[:MAX_ADDRESSES]


def _is_mac(value: Any) -> bool:
    digits = re.sub(r"[^0-9A-Fa-f]", "", value[:40]) if isinstance(value, str) else ""
    return len(digits) >= 12 and set(digits.lower()) not in ({"0"}, {"f"})


def _has_port_name(card: dict[str, Any]) -> bool:
    return _APPLE_OR_LINUX_PORT.fullmatch(_text(card.get("description")) or "") is not None


def is_virtual(card: dict[str, Any]) -> bool:
    """Tell whether an entry of `networks` is no interface of the machine itself."""
    text, plug = _text(card.get("description")) or "", (_text(card.get("pnpdeviceid")) or "").upper()
    return (
        card.get("virtualdev") is True
        or str(card.get("type") or "").lower() in _VIRTUAL_TYPES
        or plug.startswith(("ROOT\\", "SWD\\", "BTH\\", "{"))
        or _VIRTUAL_NAME.match(text) is not None
        or _VIRTUAL_TEXT.search(text) is not None
    )


def ips(content: dict[str, Any]) -> list[str]:
    """List the addresses of interfaces, sorted as text; loopback, link-local and unspecified ones left out."""
    own = section(content, "network_device").get("ips")
    if isinstance(own, list):
        return sorted({str(value) for value in own if _is_ip(value)})[:MAX_ADDRESSES]
    found: set[str] = set()
    for card in entries(content, "networks"):
        if not is_virtual(card) or _has_port_name(card):
            for name in ("ipaddress", "ipaddress6"):
                values = card.get(name)
                found.update(str(v) for v in (values if isinstance(values, list) else [values]) if _is_ip(v))
    return sorted(found)[:MAX_ADDRESSES]


def _is_ip(value: Any) -> bool:
    try:
        address = ip_address(value.partition("%")[0]) if isinstance(value, str) else None
    except ValueError:
        return False
    return address is not None and not (address.is_loopback or address.is_link_local or address.is_unspecified)


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _first(values: Iterable[Any]) -> str | None:
    """Return the first value that somebody filled in; where nobody did, the first at all."""
    told = (str(value) if type(value) is int else _text(value) for value in values)  # some agents write digits bare
    texts = [text for text in told if text]
    return next((text for text in texts if not _UNFILLED.fullmatch(text)), texts[0] if texts else None)


def _firmwares(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [f for f in entries(content, "firmwares") if f.get("type") == "device" and "network_device" in content]


def _inventoried_at(content: dict[str, Any]) -> str | None:
    moment = _text(section(content, "accesslog").get("logdate"))
    if moment is None:
        return None
    zone = section(content, "operatingsystem").get("timezone")
    offset = _text(zone.get("offset")) if isinstance(zone, dict) else None
    if offset and _OFFSET.fullmatch(offset) and len(moment) == 19:
        return f"{moment.replace(' ', 'T')}{offset[:3]}:{offset[3:]}"
    return moment


def _integer(value: Any) -> int:
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 16:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**15 else 0


def _system(content: dict[str, Any], hardware: dict[str, Any], network: dict[str, Any]) -> dict[str, str | None]:
    system = section(content, "operatingsystem")
    short = _text(hardware.get("osname"))
    kernel, version = _text(system.get("kernel_version")), _text(system.get("version"))
    if short == "Android":  # full_name holds the code name, version the API level
        return {"os_name": short, "os_version": _text(hardware.get("osversion"))}
    if (_text(system.get("kernel_name")) or "").lower().startswith("mswin"):
        version = kernel or version
    return {
        "os_name": _text(system.get("full_name")) or _text(system.get("name")) or short,
        "os_version": version or _text(hardware.get("osversion")) or _text(network.get("firmware")),
    }


def _ram(device: dict[str, Any]) -> int | None:
    """Add up the modules; without any, take what the system reports, but not from a part that leaves them out."""
    content = device["content"]
    modules = sum(_integer(module.get("capacity")) for module in entries(content, "memories"))
    if modules or device.get("partial") is True:
        return modules or None
    return (
        _integer(section(content, "hardware").get("memory"))
        or _integer(section(content, "network_device").get("ram"))
        or None
    )


def _storage(content: dict[str, Any]) -> int | None:
    disks = [d for d in entries(content, "storages") if not _NO_DISK.search(f"{d.get('type')} {d.get('interface')}")]
    return round(sum(_integer(disk.get("disksize")) for disk in disks) / 1000) or None


def _encrypted(content: dict[str, Any]) -> bool | None:
    for drive in entries(content, "drives"):
        names = {str(drive.get(name) or "").lower() for name in ("letter", "type")}
        if drive.get("systemdrive") is True or names & _SYSTEM_VOLUMES:
            status = _text(drive.get("encrypt_status"))
            return None if status is None else status.lower() in {"yes", "1", "true"}
    return None


def _user(content: dict[str, Any], hardware: dict[str, Any]) -> str | None:
    logins = [(_text(user.get("domain")), _text(user.get("login"))) for user in entries(content, "users")]
    last = _text(hardware.get("lastloggeduser"))
    logins.append((None, last))
    logins.sort(key=lambda entry: entry[1] != last)  # several are logged in: the last one first
    for domain, login in logins:
        if login and login.rpartition("\\")[2].lower() not in _NO_USER:
            return f"{domain}\\{login}" if domain and "\\" not in login and "@" not in login else login
    return None
