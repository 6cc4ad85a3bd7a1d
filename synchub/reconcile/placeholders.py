"""Values that look like identities and are none.

Vendors ship boards whose serial number reads `To be filled by O.E.M.`, images are cloned with their host name, virtual
adapters come with one and the same MAC address everywhere. What is known is listed here, what can be told from the
value's structure (all digits equal, a sequence) is judged, and what remains is learned: a value that more records hold
than `identifiers.limit` allows identifies nothing.

All functions take values in the form that the normalisers of `mapping` leave (serial upper case without blanks and
dashes, MAC `aa:bb:cc:dd:ee:ff`, UUID lower case with dashes) but judge any spelling.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_JUNK = re.compile(r"[^A-Z0-9]+")

# Compared without blanks and punctuation, upper case.
_WORD_LIST = """
    0 00 NA NONE NULL NIL EMPTY BLANK UNKNOWN UNKNOW UNDEFINED UNSPECIFIED UNASSIGNED INVALID BAD BADINDEX ERROR FAIL
    NOTSPECIFIED NOTAPPLICABLE NOTAVAILABLE NOTPRESENT NOTPROVIDED NOTSET NOTDEFINED NOTFOUND NOTSUPPORTED NOTKNOWN
    NOASSETTAG NOASSETINFORMATION NOASSET NOTAG NOSERIAL NOSERIALNUMBER NODIMM NOENCLOSURE
    DEFAULT DEFAULTSTRING DEFAULTSERIAL DEFAULTVALUE OEM OEMSTRING OEMSERIAL OEMCHASSISSERIAL OEMDEFAULT
    TOBEFILLEDBYOEM TOBEFILLEDBYOEMBYOEM TOBEFILLED TOBEFILLEDBYO TOBEDETERMINED TBD TBA TBC
    SERIAL SERIALNUMBER SERIALNO SERIALNUM SN SYSTEMSERIALNUMBER SYSTEMSERIALNUMB SYSTEMSERIAL SYSTEMNUMBER
    CHASSISSERIALNUMBER CHASSISSERIAL
    BASEBOARDSERIALNUMBER BASEBOARDSERIAL BOARDSERIALNUMBER MBSERIAL
    SYSTEMASSETTAG SYSTEMUUID CHASSISASSETTAG ASSETTAG ASSET ASSETNUMBER ASSET1234567890 ASSETTAGNUMBER
    BASEBOARDASSETTAG TAG NOTAVAILBLE RELEASEKEYS TESTKEYS SERIALNUMBERXXXXXXXXX MANUFACTURERSERIAL
    SYSTEMMANUFACTURER SYSTEMPRODUCTNAME SYSTEMNAME SYSTEMVERSION SYSTEMSKU PRODUCTNAME PRODUCT MODEL MANUFACTURER
    BASEBOARDMANUFACTURER BASEBOARDPRODUCTNAME CHASSISMANUFACTURER OEMCHASSISMANUFACTURER
    ALLSERIES TYPE1PRODUCTCONFIGID
    OTHER GENERIC TEST DUMMY SAMPLE EXAMPLE VALUE STRING TODO FIXME INSTOCK SPARE STOCK MISSING LOST VARIOUS MULTIPLE
    QEMU KVM VMWARE VIRTUALBOX VIRTUALMACHINE PARALLELS XEN BOCHS SEEBELOW SEENOTES SEELABEL FILLBYOEM FILLEDBYOEM
    CUSTOMER EVAL EVALUATION DEADBEEF CAFEBABE ABC ABCD ABCDEF ABC123 ABCD1234 1234ABCD QWERTY ASDF XYZ
"""
_WORDS = frozenset(_WORD_LIST.split())
_FILLED = re.compile(
    r"TOBEFILLED|FILLEDBYOEM|SERIALNUMBER|ASSETTAG|DEFAULTSTRING|NOTAPPLICABLE|NOTSPECIFIED|PLACEHOLDER"
)
_SEQUENCE = "01234567890123456789" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DOWN = _SEQUENCE[::-1]

# Addresses that many machines carry: host-only and container bridges, VPN and WAN miniports, factory defaults.
_MAC_PREFIXES = (
    "00:00:00:00:00", "ff:ff:ff:ff:ff", "fe:ff:ff:ff:ff",
    "0a:00:27",  # VirtualBox host-only
    "00:50:56:c0:00",  # VMware host-only (vmnet)
    "02:42",  # container bridges, made from the private IP address
    "02:00:4c:4f:4f:50",  # Microsoft loopback
    "20:41:53:59:4e:ff", "20:41:52:41:53", "50:50:54:50:30:30", "33:50:6f:45:30:30",
    "00:53:45:00:00:00",  # WAN miniports
    "00:05:9a:3c:7", "00:05:9a:3c:78", "00:09:0f:fe:00", "00:09:0f:aa:00", "02:50:41:00:00",  # VPN adapters
    "00:ff:", "02:80:37:ec:02:00", "00:a0:c6:00:00:00",
    "02:00:00:00:00:00",  # TAP, modems, what a locked-down phone says
    "00:11:22:33:44:55", "00:01:02:03:04:05", "01:02:03:04:05:06", "12:34:56:78:9", "aa:bb:cc:dd:ee:ff", "de:ad:be:ef",
    "01:00:5e", "33:33:", "01:80:c2",  # multicast groups
)  # fmt: skip

_MAC_STARTS = frozenset(prefix[:5] for prefix in _MAC_PREFIXES)

_UUIDS = frozenset(
    {
        "03000200-0400-0500-0006-000700080009",  # the sample in the SMBIOS tools of a firmware vendor
        "00020003-0004-0005-0006-000700080009",
        "12345678-1234-5678-90ab-cddeefaabbcc",
        "78563412-3412-7856-90ab-cddeefaabbcc",
        "12345678-1234-1234-1234-123456789abc",
        "00010203-0405-0607-0809-0a0b0c0d0e0f",
        "03020100-0504-0706-0809-0a0b0c0d0e0f",
        "deadbeef-dead-beef-dead-beefdeadbeef",
        "not-settable",
    }
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MAC = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")

_HOST_LIST = """
    localhost localdomain localhostlocaldomain unknown none null na computer pc laptop desktop notebook workstation
    server host hostname windows win linux ubuntu debian centos fedora kali raspberrypi android iphone ipad ipod macbook
    macbookpro macbookair imac macmini macpro mac appletv phone tablet admin administrator user owner guest test demo
    default router switch firewall gateway printer scanner accesspoint ap idrac ilo bmc ipmi esxi template minint
    winpe newpc newcomputer mypc mycomputer homepc workpc office setup vm virtualmachine openwrt mikrotik ciscoswitch
"""
_HOSTS = frozenset(_HOST_LIST.split())
_HOST_WORD = re.compile(
    r"(?:^|[^a-z])(?:golden|image|template|sysprep|goldimage|goldmaster|masterimage|refimage|baseimage)(?![a-z])"
)
_HOST_HINTS = ("gold", "image", "template", "sysprep")  # without one of these `_HOST_WORD` finds nothing
_HOST_JUNK = re.compile(r"[^a-z0-9]+")
_HOST_NUMBER = re.compile(r"\d{1,2}$")


def _repeats(text: str) -> bool:
    """Tell whether a value is one short pattern over and over (`0000000`, `12121212`, `XXXXXXX`)."""
    size = len(text)
    if size < 3:
        return False
    if text[0] == text[1] and text[0] * size == text:
        return True
    return size >= 6 and text[0] == text[2] and text[:2] * (size // 2) == text[: size - size % 2]


def _sequence(text: str) -> bool:
    return len(text) >= 4 and (text in _SEQUENCE or text in _DOWN)


def placeholder_serial(value: str) -> bool:
    """Tell whether a serial number or asset tag says nothing.

    >>> placeholder_serial("To be filled by O.E.M."), placeholder_serial("9876543210"), placeholder_serial("5CG81F02QX")
    (True, True, False)
    """
    text = value
    if not (value.isalnum() and value.isupper()):
        text = value.upper()
        if not (text.isalnum() and text.isascii()):
            text = _JUNK.sub("", text)
    if len(text) < 4 or text in _WORDS or _sequence(text):
        return True
    if len(text) > 10 and _FILLED.search(text) is not None:
        return True
    return _repeats(text)


def placeholder_tag(value: str) -> bool:
    """Tell whether an asset tag says nothing; short numbers are real in small organisations.

    >>> placeholder_tag("No Asset Tag"), placeholder_tag("0017"), placeholder_tag("0")
    (True, False, True)
    """
    text = value.upper()
    if not (text.isalnum() and text.isascii()):
        text = _JUNK.sub("", text)
    return (
        len(text) < 3
        or text in _WORDS
        or _repeats(text)
        or text in ("123456789", "1234567890", "0123456789")
        or (len(text) >= 8 and _FILLED.search(text) is not None)
    )


def placeholder_uuid(value: str) -> bool:
    """Tell whether a UUID is malformed, a known sample, or made of hardly any digits.

    >>> placeholder_uuid("EEEEEEEE-EEEE-EEEE-EEEE-EEEEEEEEEEEE")
    True
    >>> placeholder_uuid("8d717151-fbdc-4641-b2d1-0f8e4d1ce1a2")
    False
    """
    text = value.lower()
    return _UUID.fullmatch(text) is None or text in _UUIDS or len(set(text)) <= 4


def placeholder_mac(value: str) -> bool:
    """Tell whether a MAC address is malformed or one that many machines carry.

    Locally administered addresses as such are no placeholders: a phone's private address is random and thereby its
    own. `cluster` trusts them less.

    >>> placeholder_mac("0a:00:27:00:00:00"), placeholder_mac("00:50:56:bf:bb:17")
    (True, False)
    """
    text = value.lower()
    if _MAC.fullmatch(text) is None:
        return True
    return (text[:5] in _MAC_STARTS and text.startswith(_MAC_PREFIXES)) or len(set(text)) <= 2


def placeholder_host(value: str) -> bool:
    """Tell whether a host name is generic: a product, a role, an image's own name.

    >>> placeholder_host("MacBook-Pro-2"), placeholder_host("WIN-GOLDEN"), placeholder_host("nb-5cg81f")
    (True, True, False)
    """
    lower = value.lower()
    text = lower.replace("-", "")
    if not (text.isalnum() and text.isascii()):
        text = _HOST_JUNK.sub("", lower) or lower
    if len(text) < 3 or text.isdigit():
        return True
    bare = _HOST_NUMBER.sub("", text) if text[-1].isdigit() else text
    return bare in _HOSTS or (any(map(lower.__contains__, _HOST_HINTS)) and _HOST_WORD.search(lower) is not None)


def placeholder_imei(value: str) -> bool:
    """Tell whether an IMEI is not 15 digits or has no information.

    The check digit is not asked: management tools report IMEIs without it or with 0 in its place.

    >>> placeholder_imei("000000000000000"), placeholder_imei("356938035643809")
    (True, False)
    """
    return not (14 <= len(value) <= 16 and value.isascii() and value.isdigit()) or _repeats(value) or _sequence(value)


def placeholder_name(value: str) -> bool:
    """Tell whether a manufacturer or model says nothing.

    >>> placeholder_name("System manufacturer"), placeholder_name("HP")
    (True, False)
    """
    text = _JUNK.sub("", value.upper())
    return not text or text in _WORDS or _repeats(text) or _FILLED.search(text) is not None


def placeholder_id(value: str) -> bool:
    """Tell whether an id of a directory, an HR system or a management tool says nothing.

    >>> placeholder_id("00000000-0000-0000-0000-000000000000"), placeholder_id("E100213")
    (True, False)
    """
    text = value.upper().replace("-", "")
    if not (text.isalnum() and text.isascii()):
        text = _JUNK.sub("", text)
    return not text or text in _WORDS or (len(text) > 3 and len(set(text)) == 1)


_JUDGES: dict[str, Callable[[str], bool]] = {
    "serial_number": placeholder_serial,
    "asset_tag": placeholder_tag,
    "uuid": placeholder_uuid,
    "mac_addresses": placeholder_mac,
    "hostname": placeholder_host,
    "fqdn": placeholder_host,
    "imei": placeholder_imei,
    "manufacturer": placeholder_name,
    "model": placeholder_name,
    "management_id": placeholder_id,
    "directory_id": placeholder_id,
    "worker_id": placeholder_id,
    "email": placeholder_id,
    "login": placeholder_id,
}
# Fields whose value is dropped when it is a placeholder (`merge`). A generic host name is still the machine's name.
JUDGED = frozenset(
    {"serial_number", "asset_tag", "uuid", "mac_addresses", "imei", "manufacturer", "model", "management_id"}
)


def is_placeholder(field: str, value: str) -> bool:
    """Tell whether the value of a canonical field identifies nothing; False for fields that are no identity.

    Args:
        field: Canonical field name.
        value: One value (of a list: one element).

    >>> is_placeholder("serial_number", "Default string"), is_placeholder("location", "Default string")
    (True, False)
    """
    judge = _JUDGES.get(field)
    return judge is not None and judge(value)
