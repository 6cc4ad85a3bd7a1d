"""Numbers, amounts of money, sizes and truth values.

Separators are never guessed where two readings are left: `1.249` is an error unless the map says which sign is the
decimal one.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from mapping.normalise.texts import Scalar, plain, unrounded

Mark = Literal[".", ","]

_LONGEST = 60
_EXACT = 1e15
_PLAIN = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_MONEY_NOISE = re.compile(r"[^\W\d_]{1,3}[.]?\$?|\$[^\W\d_]{1,3}|[€£¥$₹₩₽₺₪฿₴₫¤]")
# `1.249,-`: no cents, and the sign before the dash is the decimal one.
_NO_CENTS = re.compile(r"(?<=[0-9])[.,][-\u2013]{1,2}(?= ?[^0-9]{0,4}$)")
_BODY = re.compile(r"[0-9]+(?:[.,' ][0-9]+)*")
_SIZE = re.compile(r"(-?[0-9][0-9.,' ]{0,30}?) ?((?:[kmgtp]i?)?b(?:ytes?)?|[kmgtp])?", re.IGNORECASE)
_UNIT = re.compile(r"[kmgtp]i?b|b(?:ytes?)?", re.IGNORECASE)
_MIB = 1 << 20
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_TRUE = frozenset({"true", "yes", "y", "1", "on", "t", "enabled", "active", "ja", "oui", "si", "sí", "sim", "tak"})
_FALSE = frozenset({"false", "no", "n", "0", "off", "f", "disabled", "inactive", "nein", "non", "não", "nie"})


def _expected(what: str) -> ValueError:
    return ValueError(f"expected {what}")


def _amount(tidy: str, mark: Mark | None, what: str) -> Decimal:
    """Read an unsigned or signed number in any customary grouping."""
    unrounded(tidy, what)
    negative = tidy.startswith(("-", "\u2212")) or (tidy.startswith("(") and tidy.endswith(")")) or tidy.endswith("-")
    body = tidy.strip("-+\u2212() ").removesuffix(",").removesuffix(".").strip()
    if not _BODY.fullmatch(body):
        raise _expected(what)
    whole, fraction = _split(body, mark, what)
    number = Decimal(f"{whole}.{fraction or '0'}")
    return number.copy_negate() if negative and number else number


def _split(body: str, mark: Mark | None, what: str) -> tuple[str, str]:
    """Tell the whole part from the fraction."""
    body = body.replace("'", " ")
    marks = [c for c in body if c in ".,"]
    if mark is None and marks:
        mark = _guess_mark(body, marks, what)
    if mark is None:
        return _ungrouped(body, " ", what), ""
    whole, _, fraction = body.partition(mark)
    if not (fraction == "" or fraction.isdigit()):
        raise _expected(what)
    return _ungrouped(whole, " " if " " in whole else "," if mark == "." else ".", what), fraction


def _guess_mark(body: str, marks: list[str], what: str) -> Mark | None:
    """Name the decimal sign when only one reading is left; None when the signs only group."""
    last: Mark = "." if marks[-1] == "." else ","
    other: Mark = "," if last == "." else "."
    if other in marks:
        return last
    if len(marks) > 1:
        return other
    whole, _, fraction = body.partition(last)
    if " " in whole or len(fraction) != 3 or len(whole) > 3 or whole.startswith("0"):
        return last
    raise _expected(f'{what} with one reading; say which sign is the decimal one (decimal: "," or ".")')


def _ungrouped(whole: str, sign: str, what: str) -> str:
    """Join groups of three digits."""
    if whole.isdigit():
        return whole
    first, *groups = whole.split(sign)
    if not (
        1 <= len(first) <= 3
        and first.isdigit()
        and all(len(g) in (2, 3) and g.isdigit() for g in groups)
        and len(groups[-1]) == 3
    ):
        raise _expected(what)
    return first + "".join(groups)


def _text(value: Scalar, what: str) -> str:
    if isinstance(value, bool):
        raise _expected(f"{what}, got a truth value")
    if isinstance(value, float):
        if not abs(value) < _EXACT:
            raise _expected(f"{what} of at most 15 digits; beyond that a float has rounded it: export it as text")
        # Binary dust (0.30000000000000004) is far below any price or quantity.
        return format(Decimal(repr(round(value, 9))), "f")
    tidy = plain(value)
    if len(tidy) > _LONGEST:
        raise _expected(f"{what} of at most {_LONGEST} characters")
    return tidy


def _written(number: Decimal, places: int) -> str:
    """Write without exponent, with at least `places` digits behind the point and no further zeros at the end."""
    digits = format(number, "f")
    whole, _, fraction = digits.partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    written = f"{whole}.{fraction}" if fraction else whole
    return "0" + written[2:] if written.startswith("-0") and not number else written


@lru_cache(4096)
def _money(tidy: str, mark: Mark | None) -> str:
    what = "an amount of money"
    body = tidy
    cents = _NO_CENTS.search(tidy)
    if cents:
        body = tidy[: cents.start()] + tidy[cents.end() :]
        mark = mark or ("," if cents[0][0] == "," else ".")
    if _PLAIN.fullmatch(body) and mark != "," and not _one_of_two(body, mark):
        return _written(Decimal(body), 2)
    body = _MONEY_NOISE.sub("", unrounded(body, what)).strip()
    return _written(_amount(body, mark, what), 2)


def _one_of_two(body: str, mark: Mark | None) -> bool:
    whole, _, fraction = body.lstrip("-").partition(".")
    return mark is None and len(fraction) == 3 and len(whole) <= 3 and not whole.startswith("0")


_CENTS = re.compile(r"(?:0|[1-9][0-9]{0,11})\.[0-9]{2}")  # an amount that is in the form already


def money(value: Scalar, *, decimal: Mark | None = None) -> str | None:
    """Read an amount and write it as a decimal string with at least two decimals (`"1249.00"`).

    Grouping (`1.249,00`, `1,249.00`, `1 249,00`, `1'249.00`), currency signs, `,-` and accounting brackets are read.

    Args:
        value: The raw amount; the currency is a field of its own.
        decimal: Decimal sign of the source, `"."` or `","`. Without it `1.249` has two readings and is refused.

    Raises:
        ValueError: Not an amount, two readings, or a number that a spreadsheet rounded.
    """
    if value.__class__ is str and decimal == "." and len(value) < 16 and _CENTS.fullmatch(value):
        return value
    tidy = _text(value, "an amount of money")
    if not tidy:
        return None
    return _money(tidy, decimal if value.__class__ is str else ".")


def decimal(value: Scalar, *, decimal: Mark | None = None) -> str | None:
    """Read a number and write it as a decimal string without needless zeros (`"2.5"`, `"3"`).

    Args:
        value: The raw number.
        decimal: As for `money`.

    Raises:
        ValueError: As for `money`.
    """
    if value.__class__ is int and abs(value) < 10**30:
        return str(value)
    tidy = _text(value, "a number")
    return _decimal(tidy, decimal if value.__class__ is str else ".") if tidy else None


@lru_cache(4096)
def _decimal(tidy: str, mark: Mark | None) -> str:
    if mark == "." and _PLAIN.fullmatch(tidy):
        return _written(Decimal(tidy), 0)
    return _written(_amount(tidy, mark, "a number"), 0)


def integer(value: Scalar) -> int | None:
    """Read a whole number; `12.0` is one, `12.5` is not. Groups (`1,234,567`) are read when they can be nothing else.

    Raises:
        ValueError: Not a whole number, or beyond 30 digits.
    """
    if value.__class__ is int:
        if abs(value) >= 10**30:
            raise _expected("a whole number of at most 30 digits")
        return int(value)
    tidy = _text(value, "a whole number")
    if not tidy:
        return None
    body = tidy[1:] if tidy[0] in "+-" else tidy
    if body.isdigit() and body.isascii() and len(body) <= 30:
        return int(tidy)
    number = _amount(tidy, None, "a whole number")
    if number != number.to_integral_value() or abs(number) >= 10**30:
        raise _expected("a whole number")
    return int(number)


def boolean(value: Scalar) -> bool | None:
    """Read a truth value: true/false, yes/no, 1/0, on/off, enabled/disabled, and the words of a few languages.

    Raises:
        ValueError: Another word; look it up in the map instead.
    """
    if value.__class__ is bool:
        return bool(value)
    word = plain(value).lower()
    if not word:
        return None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _expected("yes or no")


@lru_cache(4096)
def _size(tidy: str, unit: str, target: int) -> int:
    """Read a size and write it in multiples of `target` bytes, rounded half up."""
    match = _SIZE.fullmatch(tidy)
    if match is None:
        raise _expected("a size such as 16 GB")
    name = (match[2] or unit).lower()
    base = 1024 if target == _MIB or "i" in name else 1000
    power = _POWER["" if name.startswith("b") else name[0]]
    mark: Mark | None = "." if match[1].count(".") == 1 and "," not in match[1] else None
    size = _amount(match[1], mark, "a size such as 16 GB") * Decimal(base) ** power
    if size < 0:
        raise _expected("a size of at least 0")
    return int((size / target + Decimal("0.5")).to_integral_value("ROUND_FLOOR"))


def _sized(value: Scalar, unit: str, target: int) -> int | None:
    if _UNIT.fullmatch(unit) is None:
        msg = f"unit {unit!r} is unknown; use B, KB, MB, GB, TB or KiB, MiB, GiB, TiB"
        raise ValueError(msg)
    tidy = _text(value, "a size such as 16 GB")
    return _size(tidy, unit, target) if tidy else None


def mib(value: Scalar, *, unit: str = "MiB") -> int | None:
    """Read a size of memory and write it in MiB, rounded. GB and MB are read as GiB and MiB, as memory is sold.

    Args:
        value: A number, or a number with its unit (`16 GB`); the unit in the value wins.
        unit: Unit of a bare number: `B`, `KB`, `MB`, `MiB`, `GB` …

    Raises:
        ValueError: Not a size.
    """
    if value.__class__ is int and unit == "B" and value >= 0:
        return (int(value) + 524288) >> 20
    return _sized(value, unit, _MIB)


def gb(value: Scalar, *, unit: str = "GB") -> int | None:
    """Read a size of storage and write it in decimal gigabytes, rounded: `476.9 GiB` is 512, `1 TB` is 1000.

    Args:
        value: A number, or a number with its unit; the unit in the value wins.
        unit: Unit of a bare number, for example `B` or `MiB`.

    Raises:
        ValueError: Not a size.
    """
    if value.__class__ is int and unit == "B" and value >= 0:
        return (int(value) + 500_000_000) // 1_000_000_000
    return _sized(value, unit, 10**9)
