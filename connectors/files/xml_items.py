"""XML, element by element: no DTD, no entities, nothing external, flat memory.

An element becomes JSON so: its attributes as `@name`, its children by local name (namespaces are left out), repeated
children as a list, an element of nothing but text as that text, an empty one as null, text beside children as `#text`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

import orjson
from defusedxml import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import XMLParser, iterparse

from connectors.files.reading import Batch, Reading
from synchub.domain.records import Page
from synchub.errors import InputError


def read(reading: Reading) -> Iterator[Page]:
    """Yield pages of elements as JSON objects, with the number of the element.

    `item` names the element of one record (`line`, or `order/line` to tell it from others); without it every child of
    the root is a record. What follows a place that is no XML is not read.
    """
    batch = Batch(reading)
    count = 0
    try:
        for count, element in enumerate(_elements(reading), 1):
            value = as_json(element)
            payload = orjson.dumps(value if isinstance(value, dict) else {"#text": value})
            batch.add(payload, count)
            if batch.is_full():
                yield batch.flush()
        if not count and reading.stream.item:
            batch.warn(f"there is no element {reading.stream.item!r}; check `item`")
    except InputError as exc:
        batch.cut_off(count + 1, exc.context.get("reason", "not_xml"), f"{exc.message} {exc.fix}", "is no whole XML")
    yield batch.flush()


def _elements(reading: Reading) -> Iterator[Element]:
    """Yield complete elements; each is emptied when the next one is asked for.

    Raises:
        InputError: No XML, a DTD or an entity, too deep, or a record that is too large.
    """
    wanted = reading.stream.item.split("/") if reading.stream.item else None
    source = Meter(reading.file.handle, reading.limits.record_bytes)
    path: list[str] = []
    stack: list[Element] = []
    for event, element in parse_events(source):
        if event == "start":
            path.append(local_name(element.tag))
            stack.append(element)
            if len(path) > reading.limits.depth:
                raise InputError(
                    f"elements are nested deeper than {reading.limits.depth}.", fix="Flatten it.", reason="too_deep"
                )
            continue
        is_item = len(path) == 2 if wanted is None else path[-len(wanted) :] == wanted
        inside = wanted is not None and _is_inside(path, wanted)
        if is_item:
            yield element
        path.pop()
        stack.pop()
        if not inside and (is_item or wanted is not None or len(path) < 2):
            element.clear()
            if stack:
                stack[-1].remove(element)
            source.restart()


def _is_inside(path: list[str], wanted: list[str]) -> bool:
    size = len(wanted)
    return any(path[end - size : end] == wanted for end in range(size, len(path)))


class Meter:
    """A binary file that refuses to give more than so many bytes without a complete record between them."""

    def __init__(self, handle: BinaryIO, limit: int) -> None:
        self._handle = handle
        self._limit = limit
        self._seen = 0

    def read(self, size: int = -1) -> bytes:
        """Read on.

        Raises:
            InputError: One record is larger than the limit.
        """
        data = self._handle.read(size)
        self._seen += len(data)
        if self._seen > max(self._limit, size):
            raise InputError(
                f"one record is larger than {self._limit:,} bytes.", fix="Check `item`.", reason="item_too_large"
            )
        return data

    def restart(self) -> None:
        """A record is complete."""
        self._seen = 0


class _DoctypeParser(XMLParser):
    """Accepts a document type that declares nothing itself; a DTD that it names is never fetched."""

    def defused_start_doctype_decl(
        self, name: str, sysid: str | None, pubid: str | None, has_internal_subset: bool
    ) -> None:
        """Refuse declarations inside the document."""
        if has_internal_subset:
            raise DTDForbidden(name, sysid, pubid)


def parse_events(source: Any, *, doctype: bool = False) -> Iterator[tuple[str, Element]]:
    """Yield start and end events of safe XML.

    Args:
        source: Binary file.
        doctype: Accept a bare `<!DOCTYPE name>` or one with the address of a DTD, as nmap and cXML write them; the DTD
            is never fetched, and declarations inside the document are refused all the same.

    Raises:
        InputError: It is no XML, or holds a DTD, an entity or something external.
    """
    parser = _DoctypeParser(forbid_dtd=True) if doctype else XMLParser(forbid_dtd=True)
    try:
        yield from iterparse(source, events=("start", "end"), parser=parser)
    except DefusedXmlException as exc:
        raise InputError(
            "the file holds a DTD or entities, which are refused.", fix="Deliver plain XML.", reason="dtd_refused"
        ) from exc
    except ParseError as exc:
        line, column = exc.position
        raise InputError(
            f"it is no XML at line {line:,}, column {column:,} ({str(exc).split(':')[0]}); what follows was not read.",
            fix="Deliver it again.",
            reason="not_xml",
        ) from exc
    except (ValueError, LookupError) as exc:  # an encoding that the parser does not know
        raise InputError(f"it cannot be decoded ({exc}).", fix="Deliver it as UTF-8.", reason="not_xml") from exc


def local_name(tag: str) -> str:
    """Return the name of an element without its namespace.

    >>> local_name("{urn:oasis:names}Line")
    'Line'
    """
    return tag.rpartition("}")[2]


def as_json(element: Element) -> Any:
    """Turn an element into a JSON value, see the module."""
    text = (element.text or "").strip()
    if not len(element) and not element.attrib:
        return text or None
    found: dict[str, Any] = {f"@{local_name(name)}": value for name, value in element.attrib.items()}
    for child in element:
        name, value = local_name(child.tag), as_json(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    if text:
        found["#text"] = text
    return found
