"""JSON as bytes that are kept: rows on their way to the database, payloads on their way to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

_SORTED = orjson.OPT_SORT_KEYS


def packed(value: Any) -> bytes:
    """Write a value as JSON, in the order of its keys.

    What `orjson.dumps` gives holds on to a buffer of kilobytes; kept by the thousand that costs five times the writing.

    Raises:
        orjson.JSONEncodeError: It cannot be written, or is nested too deep.
    """
    return bytes(memoryview(orjson.dumps(value)))


def packed_sorted(value: Any) -> bytes:
    """Write a value as JSON with sorted keys, see `packed`."""
    return bytes(memoryview(orjson.dumps(value, option=_SORTED)))


def packed_row(head: Sequence[Any], body: bytes) -> bytes:
    """Write a plan row as it goes into the digest of its plan.

    Args:
        head: Number, entity, class, facet, kind, operation, object id, label.
        body: The packed document of its changes or values.
    """
    return orjson.dumps(head) + bytes(body) + b"\n"
