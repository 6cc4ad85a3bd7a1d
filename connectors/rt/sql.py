r"""AssetSQL: the only place where values from records become a query.

Source: `RT::SQL` and `RT::Assets` of RT 5.0.3 and what a running 5.0.3 answers (2026-11-22). Values stand in single
quotes, a backslash takes the meaning from the next character. Comparing leaves case aside, so answers are compared
again exactly. What cannot be understood matches everything instead of nothing (`Name = `, `id IN (2)`); of
`2026-11-22T21:00:00Z` only the day counts. So only forms that were seen to work are written here, and no caller trusts
a match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

LONGEST = 255  # longer values of custom fields are stored apart and cannot be compared
CHUNK = 40
_QUERY_LENGTH = 4000  # of one group of terms; the query travels in the address, of which web servers take some 8,000
_AROUND = 45  # characters of field, operator and OR, percent-encoded
_TEXTS = frozenset({"Name", "Description", "Status"})
_ID = re.compile(r"[1-9][0-9]{0,14}")
_UNSENT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # control characters, halves of surrogate pairs


class UnsafeValueError(ValueError):
    """A value that no query can carry, or an id that is none. The message never holds the value."""


def is_safe(value: str) -> bool:
    """Say whether a value can be asked for at all: not empty, no control characters, not too long."""
    return bool(value.strip()) and len(value) <= LONGEST and _UNSENT.search(value) is None


def is_id(value: str) -> bool:
    """Say whether a text is the id of an object.

    >>> is_id("114"), is_id("0"), is_id("1 OR id > 0")
    (True, False, False)
    """
    return _ID.fullmatch(value) is not None


def quoted(value: str) -> str:
    r"""Write a value as one quoted term.

    Raises:
        UnsafeValueError: It cannot be written.

    >>> print(quoted("it's"))
    'it\'s'
    """
    if not is_safe(value):
        raise UnsafeValueError("a value that is empty, too long or holds control characters is never sent")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def field_is(field_id: str, values: Iterable[str]) -> str:
    """Compare a custom field, named by its id, with several values; raises as `quoted`."""
    return _any(f"CF.{{{_checked(field_id)}}} = {quoted(value)}" for value in values)


def text_is(name: str, values: Iterable[str]) -> str:
    """Compare a text of the record itself (`Name`, `Description`, `Status`) with several values; raises as `quoted`."""
    if name not in _TEXTS:
        raise UnsafeValueError("no text of an asset")
    return _any(f"{name} = {quoted(value)}" for value in values)


def ids(values: Iterable[str]) -> str:
    """Ask for objects by id.

    Raises:
        UnsafeValueError: One of them is no id.
    """
    return _any(f"id = {_checked(value)}" for value in values)


def catalogs(values: Iterable[str]) -> str:
    """Ask for the assets of catalogs, named by id; raises as `ids`."""
    return _any(f"Catalog = {_checked(value)}" for value in values)


def above(number: int) -> str:
    """Ask for what has a higher id."""
    return f"id > {int(number)}"


def changed_within(seconds: int) -> str:
    """Ask for what was changed within the last seconds; empty where that is too long ago to be asked for.

    Relative, since a date is read in the login's time zone; and in numbers below 1,000, since RT takes four digits for
    a year: `3600 seconds ago` matches nothing.

    >>> changed_within(61), changed_within(100 * 3600), changed_within(10**9)
    ("LastUpdated >= '2 minutes ago'", "LastUpdated >= '100 hours ago'", '')
    """
    for unit, size in (("minutes", 60), ("hours", 3600), ("days", 86400)):
        number = max(-(-int(seconds) // size), 2)
        if number < 1000:
            return f"LastUpdated >= '{number} {unit} ago'"
    return ""


def all_of(*terms: str) -> str:
    """Join terms that must all hold."""
    return " AND ".join(term for term in terms if term)


def chunks(values: Sequence[str]) -> Iterator[list[str]]:
    """Split values into what one query carries."""
    part: list[str] = []
    size = 0
    for value in values:
        cost = len(quote(value)) + _AROUND
        if part and (len(part) >= CHUNK or size + cost > _QUERY_LENGTH):
            yield part
            part, size = [], 0
        part.append(value)
        size += cost
    if part:
        yield part


def _checked(identifier: str) -> str:
    if not is_id(identifier):
        raise UnsafeValueError("not an id")
    return identifier


def _any(terms: Iterable[str]) -> str:
    """Join terms of which one must hold. Never empty: an empty condition would match everything."""
    some = list(terms)
    if not some:
        raise UnsafeValueError("nothing to compare with")
    return some[0] if len(some) == 1 else f"({' OR '.join(some)})"
