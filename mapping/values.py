"""Whether a value fits a canonical field: checks compiled from the pydantic model, without building models.

A check takes what a chain of transforms left and returns the canonical JSON value (`synchub.domain.model` says which),
or raises ValueError with what was expected. Only loss-free changes of form happen here: a whole number where text is
wanted, a `Decimal` written as text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import StringConstraints

from mapping.normalise.dates import is_plain_day, stamp_seconds
from synchub.domain.model import CLASSES

Check = Callable[[Any], Any]

_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,24}(?:\.[0-9]{1,12})?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_MAX_INT = 2**63 - 1
_shared: dict[str, Check] = {}


@cache
def check_of(cls: str, name: str) -> Check:
    """Return the check of one value of a canonical field; of a list field, of one of its items.

    Fields with the same annotation share one check, whatever their class.

    Raises:
        KeyError: The class has no such field.
        TypeError: The model uses an annotation this module does not know (a test covers all of them).
    """
    annotation = CLASSES[cls].model_fields[name].annotation
    return _shared.setdefault(repr(annotation), _check_for(annotation))


def choices_of(cls: str, name: str) -> tuple[str, ...]:
    """Return the values a field may take; empty when it is not one of a closed set."""
    return tuple(getattr(check_of(cls, name), "choices", ()))


def shape_of(cls: str) -> str:
    """Describe the fields of a class as text that changes when what fits changes."""
    return "; ".join(f"{name}: {info.annotation!r}" for name, info in CLASSES[cls].model_fields.items())


def _check_for(annotation: Any) -> Check:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        inner = [argument for argument in arguments if argument is not NoneType]
        if len(inner) == 1:
            return _check_for(inner[0])
    elif origin is Annotated and arguments[0] is str:
        return _text(*[extra for extra in arguments[1:] if isinstance(extra, StringConstraints)])
    elif origin is Literal:
        return _choice(arguments)
    elif origin is list:
        return _check_for(arguments[0])
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        return _choice([member.value for member in annotation])
    elif annotation in _SCALARS:
        return _SCALARS[annotation]
    msg = f"no check for values of {annotation!r}"
    raise TypeError(msg)


def _expected(what: str, value: Any) -> ValueError:
    kinds = {str: "text", bool: "true/false", int: "a number", float: "a number", Decimal: "a number"}
    kinds.update({dict: "an object", list: "a list"})
    return ValueError(f"expected {what}, found {kinds.get(type(value), 'something else')}")


def _text(constraints: StringConstraints | None = None) -> Check:
    shortest = (constraints and constraints.min_length) or 1
    longest = (constraints and constraints.max_length) or 4000
    pattern = re.compile(str(constraints.pattern)) if constraints and constraints.pattern else None

    def check(value: Any) -> str:
        if value.__class__ is int:
            value = str(value)
        if value.__class__ is not str:
            raise _expected("text", value)
        if not shortest <= len(value) <= longest:
            msg = f"expected {shortest} to {longest:,} characters, found {len(value):,}"
            raise ValueError(msg)
        if "\x00" in value:
            msg = "expected text without NUL characters"
            raise ValueError(msg)
        if pattern is not None and not pattern.fullmatch(value):
            msg = f"expected text of the form {pattern.pattern}"
            raise ValueError(msg)
        return str(value)

    if pattern is None and shortest == 1:
        check.longest = longest  # type: ignore[attr-defined]
    return check


def plain_text_of(check: Check) -> int:
    """Return up to how many characters a check takes any text without NUL as it is; 0 where it asks for more."""
    return int(getattr(check, "longest", 0))


def _choice(values: Any) -> Check:
    choices = tuple(str(value) for value in values)
    members = frozenset(choices)

    def check(value: Any) -> str:
        if value.__class__ is not str or value not in members:
            msg = f"expected one of {', '.join(choices)}"
            raise ValueError(msg)
        return str(value)

    check.choices = choices  # type: ignore[attr-defined]
    return check


def _integer(value: Any) -> int:
    if isinstance(value, Decimal | float) and value == value // 1:
        value = int(value)
    if value.__class__ is not int:
        raise _expected("a whole number", value)
    if not -_MAX_INT <= value <= _MAX_INT:
        msg = "expected a whole number of at most 63 bits"
        raise ValueError(msg)
    return int(value)


def _boolean(value: Any) -> bool:
    if value.__class__ is not bool:
        raise _expected("true or false", value)
    return bool(value)


def _decimal(value: Any) -> str:
    if value.__class__ is int:
        value = str(value)
    elif isinstance(value, float):
        value = format(_finite(Decimal(repr(value))), "f")
    elif isinstance(value, Decimal):
        value = format(_finite(value), "f")
    if value.__class__ is not str:
        raise _expected("a decimal number", value)
    if not _PLAIN_DECIMAL.fullmatch(value):
        msg = "expected a decimal number such as 1249.00, with at most 24 digits and 12 decimals"
        raise ValueError(msg)
    return str(value)


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite() or abs(value.adjusted()) > 30:
        msg = "expected a number of ordinary size"
        raise ValueError(msg)
    return value


@lru_cache(4096)
def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and text == date.fromisoformat(text).isoformat()
    except ValueError:
        return False


def _date(value: Any) -> str:
    if value.__class__ is not str or not (is_plain_day(value) or _is_date(value)):
        msg = "expected a date as YYYY-MM-DD; name a transform such as `date`"
        raise ValueError(msg)
    return str(value)


def moment_seconds(value: Any) -> int:
    """Return the seconds since 1970 UTC of a canonical moment.

    Raises:
        ValueError: It is none.
    """
    if value.__class__ is str and (seconds := stamp_seconds(value)) is not None:
        return seconds
    if value.__class__ is str and _MOMENT.fullmatch(value):
        try:
            return int(datetime.fromisoformat(value).timestamp())
        except ValueError:
            pass
    msg = "expected a moment as YYYY-MM-DDTHH:MM:SSZ; name a transform such as `moment`"
    raise ValueError(msg)


def _moment(value: Any) -> str:
    moment_seconds(value)
    return str(value)


def to_decimal(value: Any) -> Decimal:
    """Read a number for arithmetic in a chain: an int, a float, a Decimal, or plain decimal text.

    Raises:
        ValueError: It is none, or not of ordinary size.
    """
    if value.__class__ is bool or not isinstance(value, int | float | Decimal | str):
        raise _expected("a number", value)
    text = repr(value) if isinstance(value, float) else str(value).strip()
    if len(text) > 40:
        msg = "expected a number of at most 40 characters"
        raise ValueError(msg)
    try:
        return _finite(Decimal(text))
    except InvalidOperation:
        msg = "expected a plain number such as 1249.00; name a transform such as `money` before"
        raise ValueError(msg) from None


_SCALARS: dict[Any, Check] = {
    int: _integer, bool: _boolean, Decimal: _decimal, date: _date, datetime: _moment, str: _text(),
}  # fmt: skip
