"""Text, and the reading of scalars that every other normaliser starts with."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

Scalar = str | int | float | bool

# No identifier, name or number is longer; a longer one is a paragraph, a blob or an attack.
LIMIT = 400
# What the canonical model and most targets hold of a free text.
TEXT_LIMIT = 4000
# A spreadsheet shows 15 digits of a number and throws the rest away.
_EXACT = 10**15

# Zero-width characters, byte order mark and direction marks: invisible, and they break every comparison.
_INVISIBLE = dict.fromkeys(
    [0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF]
)
_CONTROL = dict.fromkeys((*range(32), *range(127, 160), 8232, 8233), " ")
_FOREIGN = {**_CONTROL, **_INVISIBLE}
# `6.37702E+15`: what a spreadsheet leaves of a long number. Its last digits are gone for good.
_ROUNDED = re.compile(r"[0-9](?:[.,][0-9]{1,15})?E\+[0-9]{1,3}", re.IGNORECASE)


def plain(value: object, limit: int = LIMIT) -> str:
    """Read a scalar as the text a person would have typed, blanks collapsed and invisible characters removed.

    Args:
        value: A text, number or truth value of a parsed document; None reads as empty.
        limit: Longest text that is read.

    Returns:
        Composed Unicode (NFC) without control characters; empty when there is nothing.

    Raises:
        ValueError: The value is a list or an object, a number that a spreadsheet rounded, or too long.
    """
    if value.__class__ is not str:
        value = _typed(value)
    assert isinstance(value, str)
    if len(value) > limit:
        msg = f"expected at most {limit} characters, got {len(value)}"
        raise ValueError(msg)
    if value.isascii():
        if value.isprintable():
            return " ".join(value.split()) if " " in value else value
        value = value.translate(_CONTROL)
    else:
        value = unicodedata.normalize("NFC", value.translate(_FOREIGN))
    return " ".join(value.split())


def _typed(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        if value.bit_length() > 256:
            msg = "expected a number of at most 77 digits"
            raise ValueError(msg)
        return str(value)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < 80 else _refuse_number()
    if isinstance(value, float):
        if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        return repr(value) if 1e-4 < abs(value) < _EXACT else _refuse_number()
    msg = f"expected one value, got {'a list' if isinstance(value, (list, tuple)) else 'an object'}"
    raise ValueError(msg)


def _refuse_number() -> str:
    msg = "expected a number of at most 15 digits; beyond that a spreadsheet or float has rounded it: export it as text"
    raise ValueError(msg)


def unrounded(text: str, what: str) -> str:
    """Return an identifier unless a spreadsheet turned it into a rounded number (`6.37702E+15`).

    Raises:
        ValueError: It did; the digits are lost and have to be exported again as text.
    """
    if "+" in text and _ROUNDED.fullmatch(text):
        msg = f"expected {what}; a spreadsheet turned it into a rounded number: export that column as text"
        raise ValueError(msg)
    return text


def text(value: Scalar, *, cut: bool = False) -> str | None:
    """Tidy a free text: one line, single blanks, composed characters, nothing invisible.

    Args:
        value: The raw value.
        cut: Cut a text beyond 4,000 characters (to 3,999 and an ellipsis) instead of refusing it; more than 65,536 are
            always refused.

    Raises:
        ValueError: A list, an object, or too long.
    """
    if not cut:
        return plain(value, TEXT_LIMIT) or None
    tidy = plain(value, 65536)
    return (tidy if len(tidy) <= TEXT_LIMIT else tidy[: TEXT_LIMIT - 1].rstrip() + "…") or None


def lower(value: Scalar) -> str | None:
    """Tidy a text and write it in lower case.

    Raises:
        ValueError: As for `text`.
    """
    tidy = plain(value, TEXT_LIMIT).lower()
    return (tidy if tidy.isascii() else unicodedata.normalize("NFC", tidy)) or None
