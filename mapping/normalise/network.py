"""Names and addresses on the network."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache

from mapping.normalise.texts import LIMIT, Scalar, plain

_SHORT = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_FQDN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62}){1,20}")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:$|[^0-9a-z.-])")
_APOSTROPHES = dict.fromkeys(map(ord, "'\u2019\u2018\u02bc\u00b4`\u201b\u2032\"\u201c\u201d"))
_BLANKS = re.compile(r"[ ()&,+-]+")
_V4 = re.compile(
    r"(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])(?:\.(?:0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])){3}"
)


def _expected(what: str) -> ValueError:
    return ValueError(f"expected {what}")


@lru_cache(16384)
def _hostname(raw: str) -> str | None:
    name = plain(raw).lower()
    if not name:
        return None
    if _ADDRESS.match(name) or "/" in name or (":" in name and "." not in name.split(":", 1)[0]):
        raise _expected("a host name, not an address or a list")
    name = name.rpartition("\\")[2].lstrip("*").removesuffix("$").split(".", 1)[0]
    if not _SHORT.fullmatch(name):
        name = _spelt(name)
        if not 0 < len(name) < 64:
            raise _expected("a host name of 1 to 63 letters, digits and dashes")
    return name


def _spelt(display: str) -> str:
    """Spell a device's display name as macOS and Windows do when they make it a host name."""
    letters = unicodedata.normalize("NFKD", display.translate(_APOSTROPHES))
    joined = _BLANKS.sub("-", "".join(c for c in letters if not unicodedata.combining(c)).lower()).strip("-")
    if any(not (c.isalnum() or c in "-_") for c in joined) or joined != unicodedata.normalize("NFKD", joined):
        raise _expected("a host name of letters, digits and dashes")
    return joined


def hostname(value: Scalar) -> str | None:
    r"""Take the short host name: lower case, no domain, no `CORP\` in front, no `$` or `*`.

    A display name is spelt as its system would: `Marie's iMac` is `maries-imac`.

    Raises:
        ValueError: An address, a list of names, or characters that no host name has.
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _hostname(value)


@lru_cache(16384)
def _fqdn(raw: str) -> str | None:
    name = plain(raw).lower().rstrip(".")
    if not name:
        return None
    if len(name) > 253 or not _FQDN.fullmatch(name) or _ADDRESS.match(name):
        raise _expected("a host name with its domain")
    return name


def fqdn(value: Scalar) -> str | None:
    """Read a fully qualified name: lower case, without the dot at the end.

    Raises:
        ValueError: No domain, an address, or characters that no name has.
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _fqdn(value)


@lru_cache(8192)
def _ip(raw: str) -> str | None:
    bare = plain(raw).strip("[]").split("/", 1)[0].split("%", 1)[0]
    if not bare:
        return None
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        raise _expected("an IPv4 or IPv6 address") from None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def ip(value: Scalar) -> str | None:
    """Read an IPv4 or IPv6 address; prefix length, zone and brackets go, IPv6 is compressed, mapped IPv4 is IPv4.

    Raises:
        ValueError: No address; octets with leading zeros are refused, because systems read them as octal or not.
    """
    if value.__class__ is str and len(value) < 16 and _V4.fullmatch(value):
        return value
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
        if value.isdigit():
            raise _expected("an IPv4 or IPv6 address")
    return _ip(value)
