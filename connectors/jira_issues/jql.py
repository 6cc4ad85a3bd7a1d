r"""Jira Query Language: the only place where values from records become JQL.

Source: *Use advanced search with JQL* and *JQL fields* (support.atlassian.com, Jira Cloud, read 2026-11-22): strings
stand in double quotes, a quote or a backslash inside is preceded by a backslash; `labels in (…)` compares whole labels
(text fields know only `~`, which finds words: no query here uses it). Absolute dates are read in the time zone of the
account's profile and to the minute; relative ones (`-30m`) depend on no zone, so only these are written. Which issue
property can be searched is declared by an app, not over REST, so a hub key in a property could not be looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from synchub.domain.hubkey import hub_of

LONGEST = 255  # characters of a value; a label holds as many
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class UnsafeValueError(ValueError):
    """A value that no query can carry. The message never holds it."""


def is_mark(value: str) -> bool:
    """Say whether a text has the form of a hub key; only these are looked up as labels.

    >>> is_mark("acme:c-12"), is_mark('acme:1" OR project = X')
    (True, False)
    """
    return hub_of(value) is not None


def is_safe(value: str) -> bool:
    """Say whether a value can be asked for at all: not empty, no control characters or lone surrogates, not endless."""
    return bool(value.strip()) and len(value) <= LONGEST and not _CONTROL.search(value) and _encodes(value)


def _encodes(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def quoted(value: str) -> str:
    r"""Write a value as one quoted term.

    Raises:
        UnsafeValueError: It cannot be written.

    >>> print(quoted('15" Screen'))
    "15\" Screen"
    """
    if not is_safe(value):
        raise UnsafeValueError("a value that is empty, too long or holds control characters is never sent")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def clause(field: str) -> str:
    """Write a field: a custom one (`customfield_10010`) by its number, so that no name becomes syntax.

    Raises:
        UnsafeValueError: It is no field.
    """
    number = re.fullmatch(r"customfield_([0-9]{1,19})", field)
    if number:
        return f"cf[{number[1]}]"
    if not re.fullmatch(r"[a-zA-Z]{1,40}", field):
        raise UnsafeValueError("not a field")
    return field


def one_of(field: str, values: Iterable[str]) -> str:
    """Compare a field with several values; raises as `quoted` and `clause`."""
    terms = ", ".join(map(quoted, values))
    if not terms:
        raise UnsafeValueError("an empty list is no query")
    return f"{clause(field)} in ({terms})"


def changed_within(minutes: int) -> str:
    """Ask for what was changed within the last minutes."""
    return f'updated >= "-{int(minutes)}m"'


def all_of(*terms: str) -> str:
    """Join terms that must all hold, in the one order that no edit changes."""
    return f"{' AND '.join(terms)} ORDER BY key ASC"
