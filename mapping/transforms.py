"""The named transforms of a chain (`to:`): all normalisers, and the small ones below.

A chain runs over one value, or over each of several. A transform gives a value, None (nothing known: the chain stops,
unless `default` follows), or raises ValueError with what it expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

import re2

from mapping.paths import PayloadPath
from mapping.values import to_decimal

Kind = Literal["each", "split", "all"]
Work = Callable[..., Any]

MAX_TEXT = 20_000  # characters a text transform looks at or may make
MAX_PATTERN = 500
_RE2 = re2.Options()
_RE2.log_errors = False
_RE2.max_mem = 1 << 20


@dataclass(frozen=True, slots=True)
class Step:
    """One transform of a chain, ready to run.

    Attributes:
        text: As a person would write it, for `map test`.
        work: The transform.
        kind: `each` value gives one value; `split`: each gives a list; `all` values together give one.
        takes_none: Also runs where nothing is known.
        choices: The values a lookup knows; empty for other transforms.
        reads: Options whose value stands in the payload (`{manufacturer: {path: vendor}}`): option and path.
    """

    text: str
    work: Work
    kind: Kind = "each"
    takes_none: bool = False
    choices: tuple[str, ...] = ()
    reads: tuple[tuple[str, PayloadPath], ...] = ()

    def run(self, value: Any, context: dict[str, Any]) -> Any:
        """Run the transform; `context` holds the payload's values by path."""
        if self.reads:
            return self.work(value, **{option: context[path.text] for option, path in self.reads})
        return self.work(value)


@dataclass(frozen=True, slots=True)
class Transform:
    """A small transform as the documentation lists it.

    Attributes:
        summary: What it does, one sentence.
        argument: What is written behind its name; empty when nothing may be.
        build: Makes the step's function of the argument (None when there is none); ValueError when it does not fit.
        kind: As in `Step`.
        takes_none: As in `Step`.
    """

    summary: str
    argument: str
    build: Callable[[Any], Work]
    kind: Kind = "each"
    takes_none: bool = False


def as_text(value: Any) -> str:
    """Write a scalar as text; whole floats lose their `.0`."""
    if value.__class__ is str:
        return str(value)
    if value.__class__ is bool:
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int) and value.bit_length() > 256:
        msg = "expected a number of at most 77 digits"
        raise ValueError(msg)
    return str(value)


def _short(value: Any) -> str:
    text = as_text(value)
    if len(text) > MAX_TEXT:
        msg = f"expected at most {MAX_TEXT:,} characters"
        raise ValueError(msg)
    return text


def compile_pattern(pattern: Any) -> Any:
    """Compile an RE2 expression (linear time; no look-around, no back-references).

    Raises:
        ValueError: It is none, or too long.
    """
    if not isinstance(pattern, str) or not pattern or len(pattern) > MAX_PATTERN:
        msg = f"expected a regular expression of 1 to {MAX_PATTERN} characters"
        raise ValueError(msg)
    try:
        return re2.compile(pattern, options=_RE2)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        msg = f"{pattern!r} is not a regular expression of RE2: {reason}"
        raise ValueError(msg) from error


def _text_argument(argument: Any, what: str) -> str:
    if not isinstance(argument, str) or not argument:
        msg = f"expected {what}"
        raise ValueError(msg)
    return argument


def _strip(argument: Any) -> Work:
    characters = None if argument is None else _text_argument(argument, "the characters to remove")
    return lambda value: _short(value).strip(characters) or None


def _upper(_argument: Any) -> Work:
    return lambda value: _short(value).upper()


def _prefix(argument: Any) -> Work:
    prefix = _text_argument(argument, "the text to put in front")
    return lambda value: prefix + _short(value)


def _suffix(argument: Any) -> Work:
    suffix = _text_argument(argument, "the text to put behind")
    return lambda value: _short(value) + suffix


def _extract(argument: Any) -> Work:
    pattern = compile_pattern(argument)
    group = 1 if pattern.groups else 0

    def work(value: Any) -> str | None:
        match = pattern.search(_short(value))
        return (match.group(group) or None) if match else None

    return work


def _replace(argument: Any) -> Work:
    options = argument if isinstance(argument, dict) else {}
    new = options.get("with", "")
    if set(options) not in ({"text"}, {"text", "with"}, {"regex"}, {"regex", "with"}) or not isinstance(new, str):
        msg = "expected {text: …, with: …} or {regex: …, with: …}"
        raise ValueError(msg)
    if "text" in options:
        old = _text_argument(options["text"], "the text to replace")
        return lambda value: _bounded(_short(value).replace(old, new))
    pattern = compile_pattern(options["regex"])
    groups = re.findall(r"\\(.?)", new)
    if any(not group.isdigit() or int(group) > pattern.groups for group in groups):
        msg = f"{new!r} names a group the expression does not have"
        raise ValueError(msg)
    return lambda value: _bounded(pattern.sub(new, _short(value)))


def _bounded(text: str) -> str | None:
    return _short(text) or None


def _split(argument: Any) -> Work:
    separator = _text_argument(argument, "the text to split at")
    return lambda value: [part.strip() for part in _short(value).split(separator) if part.strip()]


def _join(argument: Any) -> Work:
    separator = " " if argument is None else argument
    if not isinstance(separator, str):
        msg = "expected the text between the values"
        raise ValueError(msg)
    return lambda values: _bounded(separator.join(_short(value) for value in values)) if values else None


def _number(argument: Any) -> Decimal:
    if argument is None:
        msg = "expected a number"
        raise ValueError(msg)
    return to_decimal(argument)


def _multiply(argument: Any) -> Work:
    factor = _number(argument)
    return lambda value: to_decimal(to_decimal(value) * factor)


def _divide(argument: Any) -> Work:
    divisor = _number(argument)
    if not divisor:
        msg = "expected a number other than 0"
        raise ValueError(msg)
    return lambda value: to_decimal(format((to_decimal(value) / divisor).quantize(Decimal("1e-12")).normalize(), "f"))


def _round(argument: Any) -> Work:
    places = 0 if argument is None else argument
    if places.__class__ is not int or not 0 <= places <= 9:
        msg = "expected a number of decimals from 0 to 9"
        raise ValueError(msg)
    unit = Decimal(1).scaleb(-places)
    return lambda value: to_decimal(value).quantize(unit, ROUND_HALF_UP)


def _default(argument: Any) -> Work:
    if argument is None or isinstance(argument, dict | list):
        msg = "expected the value to use when nothing is known"
        raise ValueError(msg)
    return lambda value: argument if value is None else value


def _ends(index: int) -> Callable[[Any], Work]:
    def build(_argument: Any) -> Work:
        return lambda values: values[index] if values else None

    return build


def _numbers(reduce: Callable[[Sequence[Decimal]], Any]) -> Callable[[Any], Work]:
    def build(_argument: Any) -> Work:
        return lambda values: reduce([to_decimal(value) for value in values]) if values else None

    return build


def _count(_argument: Any) -> Work:
    return len


SMALL: dict[str, Transform] = {
    "strip": Transform("Removes blanks, or the given characters, at both ends.", "characters (optional)", _strip),
    "upper": Transform("Writes in upper case.", "", _upper),
    "prefix": Transform("Puts text in front.", "text", _prefix),
    "suffix": Transform("Puts text behind.", "text", _suffix),
    "extract": Transform(
        "Takes the first group of a regular expression (RE2), or the whole match; nothing where it does not match.",
        "regular expression", _extract,
    ),
    "replace": Transform("Replaces text, or what a regular expression (RE2) matches; `\\1` is the first group.",
                         "`{text: …, with: …}` or `{regex: …, with: …}`", _replace),
    "split": Transform("Splits at a text into several values, trimmed.", "separator", _split, "split"),
    "join": Transform("Joins all values into one text.", "separator (a blank)", _join, "all"),
    "first": Transform("Keeps the first of several values.", "", _ends(0), "all"),
    "last": Transform("Keeps the last of several values.", "", _ends(-1), "all"),
    "sum": Transform("Adds up all values.", "", _numbers(sum), "all"),
    "min": Transform("Keeps the smallest number.", "", _numbers(min), "all"),
    "max": Transform("Keeps the largest number.", "", _numbers(max), "all"),
    "count": Transform("Counts the values.", "", _count, "all"),
    "multiply": Transform("Multiplies by a number.", "number", _multiply),
    "divide": Transform("Divides by a number, to 12 decimals.", "number", _divide),
    "round": Transform("Rounds half up.", "decimals (0)", _round),
    "default": Transform("Uses a value where nothing is known.", "value", _default, takes_none=True),
}  # fmt: skip


def fold(value: Any) -> str:
    """Bring a raw value and a key of a lookup table into the form in which they are compared."""
    return _short(value).strip().casefold()


def build_lookup(table: dict[str, Any], otherwise: Any) -> Step:
    """Make the step of a lookup table.

    Args:
        table: Raw value as text -> value; None means *known, but says nothing*. Case and outer blanks do not count.
        otherwise: `warn`, `drop` (unknown, silently), `pass` (the value itself), or `{"value": …}`.

    Raises:
        ValueError: Two keys are the same when case does not count, or `otherwise` is none of these.
    """
    folded = {fold(key): value for key, value in table.items()}
    if len(folded) != len(table):
        msg = "two keys of the lookup table differ only in case or outer blanks"
        raise ValueError(msg)
    if isinstance(otherwise, dict) and set(otherwise) == {"value"}:
        fallback = otherwise["value"]
        missed: Work = lambda _value: fallback  # noqa: E731
    elif otherwise in ("drop", "pass"):
        missed = (lambda _value: None) if otherwise == "drop" else (lambda value: value)
    elif otherwise == "warn":
        missed = _not_in_table
    else:
        msg = "expected warn, drop, pass or {value: …}"
        raise ValueError(msg)

    def work(value: Any) -> Any:
        key = fold(value)
        return folded[key] if key in folded else missed(value)

    return Step("lookup", work, choices=tuple(table))


def _not_in_table(_value: Any) -> Any:
    msg = "expected a value of the lookup table"
    raise ValueError(msg)
