"""Encoded queries: the only place where values from records become ServiceNow query syntax.

Source: *Operators available for filters and queries*, *Encoded query strings*,
`GlideStringUtil.escapeQueryTermSeparator` (ServiceNow documentation, release Australia, read 2026-11-22). `^` separates
terms and is written `^^` inside a value; `IN` separates values by commas, so a value with a comma becomes a term of an
`^OR` chain; `javascript:` would be evaluated by the instance and cannot be escaped, so such a value is never sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

_FIELD = re.compile(r"[a-z_][a-z0-9_]{0,79}(?:\.[a-z_][a-z0-9_]{0,79}){0,4}")
_TABLE = re.compile(r"[a-z_][a-z0-9_]{0,79}")
_SYS_ID = re.compile(r"[0-9a-f]{32}|[a-zA-Z0-9_-]{1,64}")
ROOM = 1400  # characters of one query before percent-encoding, so that the whole URL stays below about 2,048


class UnsafeValueError(ValueError):
    """A value that no query can carry, or a name that is none. The message never holds the value."""


def field_name(name: str) -> str:
    """Check the name of a field, dot-walked or not.

    Raises:
        UnsafeValueError: It is no field name.
    """
    if not _FIELD.fullmatch(name):
        raise UnsafeValueError("not a field name")
    return name


def table_name(name: str) -> str:
    """Check the name of a table before it becomes part of a path; raises as `field_name`."""
    if not _TABLE.fullmatch(name):
        raise UnsafeValueError("not a table name")
    return name


def sys_id(value: str) -> str:
    """Check an id before it becomes part of a path; raises as `field_name`."""
    if not _SYS_ID.fullmatch(value):
        raise UnsafeValueError("not a sys_id")
    return value


def is_safe(value: str) -> bool:
    """Say whether a value can be asked for at all.

    An empty value would match everything that is empty; a script marker would be evaluated.
    """
    return bool(value.strip()) and "javascript:" not in value.lower() and "\x00" not in value


def escape(value: str) -> str:
    """Escape a value for one query term.

    >>> escape("a^ORactive=true")
    'a^^ORactive=true'

    Raises:
        UnsafeValueError: The value would be evaluated or match everything.
    """
    if not is_safe(value):
        raise UnsafeValueError("a value that would be evaluated, or is empty, is never sent")
    return value.replace("^", "^^")


def equals(field: str, value: str) -> str:
    """Build `field=value`."""
    return f"{field_name(field)}={escape(value)}"


def one_of(field: str, values: Sequence[str]) -> str:
    """Build a term that holds where a field has one of the values.

    >>> one_of("name", ["a", "b", "c,d"])
    'nameINa,b^ORname=c,d'
    """
    if not values:
        raise UnsafeValueError("no value to ask for")
    plain = [v for v in values if "," not in v and v == v.strip()]
    terms = [f"{field_name(field)}IN{','.join(map(escape, plain))}"] if plain else []
    terms += [equals(field, v) for v in values if "," in v or v != v.strip()]
    return "^OR".join(terms)


def all_of(*terms: str) -> str:
    """Join terms so that all must hold; empty ones are left out."""
    return "^".join(term for term in terms if term)


def since(moment: int) -> str:
    """Build the term for objects changed at or after a moment (seconds since 1970 UTC; stamps have 1 s resolution)."""
    return f"sys_updated_on>={datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S}"


def after(identifier: str) -> str:
    """Build the term for objects whose id sorts after another (key-set paging)."""
    return f"sys_id>{sys_id(identifier)}"


def chunks(values: Iterable[str], *, room: int = ROOM, most: int = 500) -> Iterator[list[str]]:
    """Split values so that each chunk's query keeps a URL within its limit; unsafe values are left out.

    Length is counted as percent-encoded UTF-8, the longest form a value takes on the way.
    """
    chunk: list[str] = []
    size = 0
    for value in values:
        if not is_safe(value):
            continue
        cost = sum(1 if c.isascii() and c.isalnum() else 3 * len(c.encode()) for c in value) + value.count("^") * 3
        cost += 80 if "," in value or value != value.strip() else 3
        if chunk and (size + cost > room or len(chunk) >= most):
            yield chunk
            chunk, size = [], 0
        chunk.append(value)
        size += cost
    if chunk:
        yield chunk
