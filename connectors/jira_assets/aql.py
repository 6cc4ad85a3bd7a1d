"""Assets Query Language: the only place where values from records become AQL.

Source: *Use Assets Query Language (AQL) syntax* (support.atlassian.com, Jira Service Management Cloud, read
2026-11-22): names and values with spaces stand in double quotes, quotes inside are preceded by a backslash; `in (…)`;
keywords `objectId`, `objectTypeId`; `Updated > "now(-15m)"`; `order by <attribute> asc`. That a backslash is escaped as
well is what live notes say of Assets Data Center. Equality leaves case aside, so answers are compared again exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

CHUNK = 50  # values of one `in (…)`
LONGEST = 1000  # characters of one value; a Text attribute holds 255
_ID = re.compile(r"[0-9]{1,19}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UnsafeValueError(ValueError):
    """A value that no query can carry, or an id that is none. The message never holds the value."""


def is_safe(value: str) -> bool:
    """Say whether a value can be asked for at all: not empty, no control characters, not endless."""
    return bool(value.strip()) and len(value) <= LONGEST and _CONTROL.search(value) is None


def is_id(value: str) -> bool:
    """Say whether a text is an object or object type id.

    >>> is_id("114"), is_id("114 OR 1"), is_id("ITAM-114")
    (True, False, False)
    """
    return _ID.fullmatch(value) is not None


def quoted(value: str) -> str:
    r"""Write a name or a value as one quoted term.

    Raises:
        UnsafeValueError: It cannot be written.

    >>> print(quoted('15" Screen'))
    "15\" Screen"
    """
    if not is_safe(value):
        raise UnsafeValueError("a value that is empty, too long or holds control characters is never sent")
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def one_of(attribute: str, values: Iterable[str]) -> str:
    """Compare an attribute with several values; raises as `quoted`."""
    return f"{quoted(attribute)} in ({', '.join(map(quoted, values))})"


def ids(keyword: str, values: Iterable[str]) -> str:
    """Compare a keyword (`objectId`, `objectTypeId`) with ids.

    Raises:
        UnsafeValueError: One of them is no id.
    """
    known = list(values)
    if not known or not all(map(is_id, known)):
        raise UnsafeValueError("not an id")
    return f"{keyword} in ({', '.join(known)})"


def changed_within(minutes: int) -> str:
    """Ask for what was changed within the last minutes: relative, so that no time zone matters."""
    return f'Updated >= "now(-{int(minutes)}m)"'


def all_of(*terms: str) -> str:
    """Join terms that must all hold."""
    return " AND ".join(terms)


def by_key(query: str) -> str:
    """Give a query the one order that no edit changes."""
    return f"{query} order by Key asc"


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Split values into what one query carries."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
