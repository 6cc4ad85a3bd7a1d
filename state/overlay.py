"""What check-ins said, laid over what they left as it was."""

from __future__ import annotations

from typing import Any

import orjson

from synchub.domain.packed import packed, packed_sorted


def overlaid_fields(doc: bytes, fields: bytes | None) -> bytes:
    """Return a document with the volatile fields of the last check-in; null there means that it is unknown now."""
    if fields is None:
        return doc
    return packed_sorted(overlay_fields(orjson.loads(doc), fields))


def overlay_fields(doc: dict[str, Any], fields: bytes | None) -> dict[str, Any]:
    """Do the same to a parsed document, in place."""
    for name, value in orjson.loads(fields).items() if fields is not None else ():
        if value is None:
            doc.pop(name, None)
        else:
            doc[name] = value
    return doc


def stamped(body: bytes, stamps: bytes | None) -> bytes:
    """Return a payload with the stamps of the last check-in."""
    if stamps is None:
        return body
    payload = orjson.loads(body)
    _lay(payload, orjson.loads(stamps))
    return packed(payload)


def _lay(below: dict[str, Any], above: dict[str, Any]) -> None:
    for key, value in above.items():
        if isinstance(value, dict) and isinstance(below.get(key), dict):
            _lay(below[key], value)
        else:
            below[key] = value
