"""Foreign text for terminals and Markdown: control and direction characters made visible, cells cut to a width.

Everything that a record, a file or another system says goes through here before a person sees it: a value cannot move
the cursor, change colours, reverse the reading direction or start a table of its own.
"""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from synchub.domain.records import CLEAR

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@:])")
NOTHING = "(empty)"


def visible(text: str) -> str:
    r"""Write a text on one line with everything that does not print as its code point.

    >>> visible("a\x1b[31mb\u202ec")
    'a\\u001b[31mb\\u202ec'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(c: str) -> str:
    code = ord(c)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns(text: str) -> int:
    """Count the columns that a printable text takes on a terminal: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_columns(c) for c in text)


def _columns(c: str) -> int:
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def cell(value: Any, width: int = 60) -> str:
    """Write a value for a table: on one line, visible, at most so many columns; `…` marks what was cut.

    >>> cell(["a", "b"]), cell(None), cell("x" * 9, 5)
    ('a, b', '(empty)', 'xxxx…')
    """
    return cut(visible(plain(value)), width)


def cut(text: str, width: int) -> str:
    """Cut a printable text to so many columns."""
    if columns(text) <= width:
        return text
    kept, used = [], 0
    for c in text:
        used += _columns(c)
        if used > width - 1:
            break
        kept.append(c)
    return "".join(kept) + "…"


def pad(text: str, width: int) -> str:
    """Fill a printable text up to so many columns."""
    return text + " " * max(0, width - columns(text))


def plain(value: Any) -> str:
    """Write a canonical or target value as people write it; not yet safe to show (see `cell`)."""
    if value is None or value in ("", CLEAR):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value) or NOTHING
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def number(value: int) -> str:
    """Write a count with thousands separators."""
    return f"{value:,}"


def markdown(text: str) -> str:
    r"""Escape a text for a Markdown table or paragraph: no markup, no HTML, no link, one line.

    >>> markdown("<b>|*x*")
    '\\<b\\>\\|\\*x\\*'
    """
    return _MARKDOWN.sub(r"\\\1", visible(text))


@lru_cache(maxsize=8)
def _zone(name: str) -> Any:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def day_of(at: int, zone: str = "UTC") -> str:
    """Return the day of a moment in the hub's zone as `YYYY-MM-DD`; an unknown zone counts as UTC.

    >>> day_of(1_700_000_000, "Asia/Tokyo")
    '2023-11-15'
    """
    return datetime.fromtimestamp(at, _zone(zone)).date().isoformat()


def moment(at: int | None, zone: str = "UTC") -> str:
    """Write a moment (seconds since 1970 UTC) in the hub's zone, for example `2026-11-22 14:03 CET`.

    An unknown zone is shown as UTC; None is `never`.
    """
    if not at:
        return "never"
    try:
        return f"{datetime.fromtimestamp(at, _zone(zone)):%Y-%m-%d %H:%M %Z}"
    except (OverflowError, OSError, ValueError):
        return f"second {at}"


def ago(seconds: int) -> str:
    """Write an age in its largest unit, for example `2 h ago`."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now" if seconds >= 0 else "in the future"
