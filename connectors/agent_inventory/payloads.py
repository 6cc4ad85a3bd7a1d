"""One inventory file to its devices in one shape: unpacked, parsed, converted, stripped of secrets."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import Element

import orjson

from connectors.agent_inventory.xml_form import convert
from connectors.files.limits import Limits
from connectors.files.text import detect
from connectors.files.xml_items import parse_events
from synchub.domain.jsonfault import why_no_json
from synchub.errors import InputError

# Command lines and environments hold passwords and change by the minute; product keys are nobody's business here.
DROPPED_SECTIONS = frozenset({"envs", "processes"})
DROPPED_KEYS = {"hardware": ("winprodkey",), "operatingsystem": ("ssh_key",), "licenseinfos": ("key",)}
_GZIP, _ZLIB = b"\x1f\x8b", (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")


def parse(data: bytes, limits: Limits) -> Iterator[dict[str, Any]]:
    """Yield the devices of one file, each with `deviceid` (may be absent), `action` and `content`, lower-case names.

    Args:
        data: The file: JSON of a GLPI agent, XML of FusionInventory or OCS, either packed with gzip or zlib (as OCS
            agents send it).
        limits: Size after unpacking and depth.

    Raises:
        InputError: It is none of these, too large or too deep.
    """
    yield from devices(load(unpack(data, limits), limits))


def load(data: bytes, limits: Limits) -> dict[str, Any] | Element:
    """Parse an unpacked message: JSON of a GLPI agent, or XML.

    Raises:
        InputError: It is neither, or nested too deep.
    """
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start in (b"{", b"["):
        return _from_json(data, limits)
    if start == b"<" or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _from_xml(data, limits)
    raise InputError("it is neither JSON nor XML, packed or not.", fix="Narrow the glob.", reason="no_inventory")


def devices(message: dict[str, Any] | Element) -> Iterator[dict[str, Any]]:
    """Yield the devices of a parsed message; see `parse`.

    Raises:
        InputError: It holds no inventory.
    """
    if not isinstance(message, dict):
        yield from map(_strip, convert(message))
    elif isinstance(message.get("content"), dict):
        yield _strip(message)
    else:
        raise InputError("it holds no object `content`: no inventory.", fix="Narrow the glob.", reason="no_inventory")


def unpack(data: bytes, limits: Limits) -> bytes:
    """Unpack gzip and zlib; what is neither comes back as it is.

    Raises:
        InputError: It is damaged, or unpacks to more than the limits allow.
    """
    if data[:2] == _GZIP:
        bits = 16 + zlib.MAX_WBITS
    elif data[:2] in _ZLIB:
        bits = zlib.MAX_WBITS
    else:
        return data
    unpacker = zlib.decompressobj(bits)
    allowed = min(limits.document_bytes, max(limits.ratio * len(data), limits.ratio_from))
    try:
        result = unpacker.decompress(data, allowed + 1)
    except zlib.error as exc:
        raise InputError("the packed file is damaged.", fix="Deliver it again.", reason="damaged") from exc
    if len(result) > allowed:
        raise InputError(
            f"the packed file unpacks to more than {allowed:,} bytes.", fix="Deliver it unpacked.", reason="zip_bomb"
        )
    if not unpacker.eof:
        raise InputError("the packed file is cut.", fix="Deliver it again.", reason="damaged")
    return result


def _from_json(data: bytes, limits: Limits) -> dict[str, Any]:
    encoding = detect(BytesIO(data))
    try:
        document = orjson.loads(data[encoding.mark :].decode(encoding.name) if encoding.mark else data)
    except orjson.JSONDecodeError as exc:
        why = why_no_json(exc, data)
        fix = "Deliver it again." if "ends in the middle" in why else "Correct it at the agent."
        raise InputError(f"it is no JSON: {why}.", fix=fix, reason="not_json") from exc
    except UnicodeDecodeError as exc:
        why = f"byte {exc.start + encoding.mark + 1:,} is no {encoding.name}"
        raise InputError(f"it is no JSON: {why}.", fix="Deliver it again.", reason="not_json") from exc
    if not isinstance(document, dict):
        raise InputError("it is no JSON object: no inventory.", fix="Narrow the glob.", reason="no_inventory")
    if _is_deeper(document, limits.depth):
        raise InputError(f"it is nested deeper than {limits.depth}.", fix="Narrow the glob.", reason="too_deep")
    return document


def _is_deeper(value: Any, depth: int) -> bool:
    if depth < 0:
        return True
    if isinstance(value, dict):
        return any(_is_deeper(child, depth - 1) for child in value.values())
    return isinstance(value, list) and any(_is_deeper(child, depth - 1) for child in value)


def _from_xml(data: bytes, limits: Limits) -> Element:
    depth, root = 0, None
    for event, element in parse_events(BytesIO(data)):
        depth += 1 if event == "start" else -1
        root = element if root is None else root
        if depth > limits.depth:
            raise InputError(f"it is nested deeper than {limits.depth}.", fix="Narrow the glob.", reason="too_deep")
    if root is None:
        raise InputError("it holds no element.", fix="Deliver it again.", reason="not_xml")
    return root


def _strip(device: dict[str, Any]) -> dict[str, Any]:
    content = {name: section for name, section in device["content"].items() if name not in DROPPED_SECTIONS}
    for name, keys in DROPPED_KEYS.items():
        section = content.get(name)
        entries = section if isinstance(section, list) else [section]
        for entry in entries:
            if isinstance(entry, dict):
                for key in keys:
                    entry.pop(key, None)
    return {**device, "content": content}
