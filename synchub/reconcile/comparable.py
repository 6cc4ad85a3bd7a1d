"""Serial numbers, UUIDs, names and tags of hardware in the form in which two of them are compared.

Every function returns an empty string for a value that says nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from synchub.reconcile import placeholders as no

_JUNK = re.compile(r"[^a-z0-9]+")
_VIRTUAL_SERIAL = re.compile(r"(?:VMWARE|VIRTUALBOX|PARALLELS)([0-9A-F]{32})")
_LEGAL = re.compile(
    r"\b(?:incorporated|inc|corporation|corp|company|co|ltd|limited|llc|gmbh|ag|sa|plc|technologies|technology"
    r"|computers?|electronics|systems|international|enterprise|group|holdings?)\b\.?"
)
# Manufacturers that put their names on each other's machines.
_HOUSES = {
    "hewlettpackard": "hp",
    "hpe": "hp",
    "hewlettpackardenterprise": "hp",
    "compaq": "hp",
    "hphewlettpackard": "hp",
}


@lru_cache(maxsize=4096)
def maker_key(name: str) -> str:
    """Bring a manufacturer to the form in which two of them are compared; empty when it says nothing.

    >>> maker_key("Dell Inc."), maker_key("Hewlett-Packard") == maker_key("HPE"), maker_key("System manufacturer")
    ('dell', True, '')
    """
    if no.placeholder_name(name):
        return ""
    lower = name.lower()
    key = _JUNK.sub("", _LEGAL.sub("", lower)) or _JUNK.sub("", lower) or lower
    return _HOUSES.get(key, key)


@lru_cache(maxsize=16_384)
def model_key(model: str, maker: str = "") -> str:
    """Bring a model to the form in which two of them are compared; empty when it says nothing.

    Args:
        model: Model name.
        maker: Manufacturer in comparable form: dropped from the front of the model.

    >>> model_key("Dell Latitude 5440", "dell"), model_key("System Product Name")
    ('latitude5440', '')
    """
    if no.placeholder_name(model):
        return ""
    key = _JUNK.sub("", model.lower()) or model.lower()
    return key[len(maker) :] if maker and key.startswith(maker) and len(key) > len(maker) else key


@lru_cache(maxsize=8192)
def host_key(name: str) -> str:
    """Bring a host name to comparable form: no domain, letters and digits only; empty when it is generic.

    >>> host_key("NB-5CG81F.corp.example"), host_key("localhost")
    ('nb5cg81f', '')
    """
    short = name.partition(".")[0].lower()
    if no.placeholder_host(short):
        return ""
    bare = short.replace("-", "")
    return bare if bare.isalnum() and bare.isascii() else _JUNK.sub("", short) or short


def uuid_key(value: str) -> str:
    """Bring an SMBIOS UUID to one value for both byte orders.

    Firmware shows the first three groups in either order (SMBIOS 2.6 §7.2.1 and what tools make of it).

    >>> uuid_key("5171718d-dcfb-4146-b2d1-0f8e4d1ce1a2") == uuid_key("8d717151-fbdc-4641-b2d1-0f8e4d1ce1a2")
    True
    """
    a, b, c, rest = value[:8], value[9:13], value[14:18], value[18:]
    turned = f"{a[6:]}{a[4:6]}{a[2:4]}{a[:2]}-{b[2:]}{b[:2]}-{c[2:]}{c[:2]}{rest}"
    return min(value, turned)


def _virtual_uuid(serial: str) -> str:
    """Read the UUID that hypervisors put into the serial number; empty when there is none."""
    found = _VIRTUAL_SERIAL.match(serial)
    if found is None:
        return ""
    x = found.group(1).lower()
    value = f"{x[:8]}-{x[8:12]}-{x[12:16]}-{x[16:20]}-{x[20:]}"
    return "" if no.placeholder_uuid(value) else uuid_key(value)


@lru_cache(maxsize=8192)
def serial_key(value: str) -> tuple[str, str]:
    """Return (serial, uuid) of a serial number: at most one is not empty."""
    text = value.upper()
    if not (text.isalnum() and text.isascii() and value.isascii()):
        text = _JUNK.sub("", value.lower()).upper() or text
    if text.startswith(("VMWARE", "VIRTUALBOX", "PARALLELS")):
        uuid = _virtual_uuid(text)
        if uuid:
            return "", uuid
    return ("", "") if no.placeholder_serial(text) else (text, "")


@lru_cache(maxsize=8192)
def tag_key(value: str) -> str:
    """Bring an asset tag to comparable form."""
    if no.placeholder_tag(value):
        return ""
    text = value.upper()
    return text if text.isalnum() and value.isascii() else _JUNK.sub("", value.lower()).upper() or value


@lru_cache(maxsize=8192)
def usable_uuid(value: str) -> str:
    """Bring an SMBIOS UUID to one value for both byte orders; empty when it is a placeholder."""
    lower = value.lower()
    return "" if no.placeholder_uuid(lower) else uuid_key(lower)


_DELL = re.compile(r"44454c4c-([0-9a-f]{2})00-10([0-9a-f]{2})-80([0-9a-f]{2})-([0-9a-f]{2})c04f([0-9a-f]{6})")
_SERVICE_TAG = re.compile(r"[0-9A-Z]{7}")


def dell_tag(key: str) -> str:
    """Read the service tag out of the UUID of a Dell; empty when there is none in it.

    Dell's firmware makes the UUID of the tag's seven characters in ASCII, the first with the highest bit set
    (positions: ocdnix.wordpress.com, February 2013, and Dasharo issue 155, 2022; read 2026-11-22). Of 22 pairs of tag
    and UUID in published dumps of real machines (2002 to 2024), each gives its tag. Machines without a tag carry
    blanks, tags of five characters lie elsewhere: neither is read.

    Args:
        key: As `uuid_key` returns it: the lower of both byte orders begins with the letters DELL.

    >>> dell_tag(uuid_key("4c4c4544-0034-3010-8048-b6c04f503732"))
    '640HP72'
    """
    found = _DELL.fullmatch(key)
    if found is None:
        return ""
    second, third, fourth, first, rest = (bytes.fromhex(part) for part in found.groups())
    if not first[0] & 0x80:
        return ""
    tag = (bytes([first[0] & 0x7F]) + second + third + fourth + rest).decode("latin-1")
    return tag if _SERVICE_TAG.fullmatch(tag) and not no.placeholder_serial(tag) else ""
