"""What is printed on, burnt into or stuck on a thing: serial, MAC, UUID, IMEI, asset tag.

One form for each value, whatever the notation. Whether a value may identify anything (placeholders, shared
identifiers, byte order of UUIDs) is judged in `synchub.reconcile`, never here.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mapping.normalise.texts import LIMIT, Scalar, plain, unrounded

_SEPARATORS = dict.fromkeys(map(ord, " -\u2010\u2011\u2012\u2013\u2014\u2212"))
_SERIAL_LABEL = re.compile(r"(?:(?:S/?N|SERIAL(?:NUMBER|NUM|NO)?)[.]?[:#=]+)+")
_TAG_LABEL = re.compile(r"(?:(?:(?:ASSET|INVENTORY|INVENTAR|PROPERTY) ?)?(?:TAG|NUMBER|NUMMER|NO|NR)?[.]? ?[:#]+ ?)+")
_NOT_HEX = re.compile("[^0-9a-f]")
_MAC = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")
_BARE_MAC = re.compile("[0-9a-f]{12}")
_MAC_SEPARATORS = dict.fromkeys(map(ord, ":-. "))
_GROUPS = re.compile(r"[0-9a-f]{1,2}(?:([:-])[0-9a-f]{1,2})(?:\1[0-9a-f]{1,2}){4}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_UUID_NOISE = dict.fromkeys(map(ord, "-{} "))
_UUID_LABEL = re.compile(r"(?:urn:uuid:|uuid:|vmware-|virtualbox-)")


@lru_cache(32768)
def _serial(raw: str) -> str | None:
    tidy = plain(raw).upper()
    if not tidy.isascii():
        tidy = unicodedata.normalize("NFKC", tidy).upper()
    unrounded(tidy, "a serial number")
    bare = tidy.translate(_SEPARATORS)
    if not bare.isascii():
        bare = unicodedata.normalize("NFC", bare)
    label = _SERIAL_LABEL.match(bare)
    return (bare[label.end() :] if label else bare) or None


def serial(value: Scalar) -> str | None:
    """Bring a serial number into the form used for comparing: upper case, no blanks or dashes, no `S/N:` in front.

    Dots, slashes and underscores stay: `/FB5WF01/CN70163564000Q/` is one serial number. Placeholders stay too.

    Raises:
        ValueError: Longer than 400 characters, not one value, or a number that a spreadsheet rounded (`6.37702E+15`).
    """
    if value.__class__ is not str or len(value) > LIMIT:
        value = plain(value)
    return _serial(value)


def mac(value: Scalar) -> str | None:
    """Read a MAC address in any usual notation and write it as `aa:bb:cc:dd:ee:ff`.

    Read are colons, dashes, Cisco dots (`0050.56bf.bb17`), blanks, HP's `005056-bfbb17`, twelve bare digits, any case,
    and single digits between colons (`0:50:56:bf:bb:17`, Solaris).

    Raises:
        ValueError: Not six octets.
    """
    if value.__class__ is str and len(value) == 17:
        low = value.lower()
        if _MAC.fullmatch(low):
            return low
    elif value.__class__ is str and len(value) == 12:
        low = value.lower()
        if _BARE_MAC.fullmatch(low):
            return f"{low[0:2]}:{low[2:4]}:{low[4:6]}:{low[6:8]}:{low[8:10]}:{low[10:]}"
    low = plain(value).lower()
    if not low:
        return None
    bare = low.translate(_MAC_SEPARATORS)
    if len(bare) != 12 and _GROUPS.fullmatch(low):
        bare = "".join(group.zfill(2) for group in re.split("[:-]", low))
    if len(bare) != 12 or _NOT_HEX.search(bare):
        msg = "expected a MAC address of six octets"
        raise ValueError(msg)
    return f"{bare[0:2]}:{bare[2:4]}:{bare[4:6]}:{bare[6:8]}:{bare[8:10]}:{bare[10:12]}"


def uuid(value: Scalar) -> str | None:
    """Read a UUID (bare, dashed, in braces, as URN, or as the serial of a VMware or VirtualBox machine); lower case.

    The byte order is left as it stands: SMBIOS shows the same machine in two, and identification knows both.

    Raises:
        ValueError: Not 32 hexadecimal digits.
    """
    if value.__class__ is str and len(value) == 36:
        low = value.lower()
        if _UUID.fullmatch(low):
            return low
    low = plain(value).lower()
    if not low:
        return None
    label = _UUID_LABEL.match(low)
    bare = (low[label.end() :] if label else low).translate(_UUID_NOISE)
    if len(bare) != 32 or _NOT_HEX.search(bare):
        msg = f"expected a UUID of 32 hexadecimal digits, got {len(bare)} characters"
        raise ValueError(msg)
    return f"{bare[:8]}-{bare[8:12]}-{bare[12:16]}-{bare[16:20]}-{bare[20:]}"


def imei(value: Scalar) -> str | None:
    """Read an IMEI: 15 digits, blanks and dashes dropped. The check digit is not judged.

    A 16-digit IMEISV is not one: it carries a software version in place of the check digit.

    Raises:
        ValueError: Not 15 digits, or a number that a spreadsheet rounded.
    """
    tidy = unrounded(plain(value), "an IMEI").translate(_SEPARATORS).replace("/", "")
    if not tidy:
        return None
    if len(tidy) != 15 or not (tidy.isascii() and tidy.isdigit()):
        msg = f"expected an IMEI of 15 digits, got {len(tidy)} characters"
        raise ValueError(msg)
    return tidy


def asset_tag(value: Scalar) -> str | None:
    """Tidy an inventory number: upper case, no blanks inside, no `Asset Tag:` in front. Dashes and leading zeros stay.

    Raises:
        ValueError: Too long, not one value, or a number that a spreadsheet rounded.
    """
    tidy = unrounded(plain(value).upper(), "an asset tag")
    if ":" in tidy or "#" in tidy:
        label = _TAG_LABEL.match(tidy)
        tidy = tidy[label.end() :] if label else tidy
    return tidy.replace(" ", "") or None
