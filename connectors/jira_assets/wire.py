"""Values on their way: what is written, what is read, and when the two are the same.

Source: *Assets REST API*, `ObjectAttributeValueIn` and `ObjectAttributeValue` (OpenAPI document of 2025-12, read
2026-11-22): everything is text; a reference is written as object key, a status as its id, dates in ISO 8601; what is
shown (`displayValue`) follows the settings of a user and is never compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.jira_assets import schema as known
from connectors.jira_assets.schema import Attribute
from synchub.domain.plan import Value

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(?:Z|\+00:?00)?")


class RefusedValueError(ValueError):
    """A value that the attribute cannot hold; the message says why, without the value."""


def to_wire(
    value: Value, attribute: Attribute, *, key_of: Callable[[str], str | None], status_id: Callable[[str], str | None]
) -> list[dict[str, str]]:
    """Bring a value into the form in which an attribute is written; an empty list clears it.

    Args:
        value: Value in the hub's form: references as object ids, a status as its name.
        attribute: What it is written to.
        key_of: Object id -> object key.
        status_id: Name of a status -> id.

    Raises:
        RefusedValueError: The attribute cannot hold it.
    """
    if not attribute.writable:
        raise RefusedValueError("the attribute cannot be edited (system attribute or not editable)")
    texts = [] if value is None or value in ("", []) else value if isinstance(value, list) else [value]
    if len(texts) < attribute.least:
        raise RefusedValueError("the attribute must not be empty (minimum cardinality)")
    if attribute.most >= 0 and len(texts) > attribute.most:
        raise RefusedValueError(f"the attribute holds at most {attribute.most} value(s) (maximum cardinality)")
    return [{"value": _one(item, attribute, key_of, status_id)} for item in texts]


def _one(
    item: str | int | float | bool,
    attribute: Attribute,
    key_of: Callable[[str], str | None],
    status_id: Callable[[str], str | None],
) -> str:
    text = ("true" if item else "false") if isinstance(item, bool) else str(item)
    if attribute.type == known.REFERENCE:
        key = key_of(text)
        if key is None:
            raise RefusedValueError("the object that is referred to is gone, or hidden from this login")
        return key
    if attribute.type == known.STATUS:
        identifier = status_id(text)
        if identifier is None:
            raise RefusedValueError(f"there is no status {text[:60]!r} in this schema")
        return identifier
    if attribute.type == known.PLAIN and attribute.form == known.DATETIME:
        return _moment(text)
    if attribute.type == known.PLAIN and attribute.form == known.DATE:
        return text[:10] if _DATE.match(text) else text
    if attribute.type == known.PLAIN and attribute.form == known.INTEGER:
        return _whole(text)
    return text


def from_wire(attribute: Attribute, values: Sequence[Mapping[str, Any]]) -> Value:
    """Bring what an object holds into the hub's form; several values are a list in the order they came."""
    texts = [text for v in values if (text := _held(attribute, v))]
    if not texts:
        return None
    return texts[0] if len(texts) == 1 else texts


def label_of(values: Sequence[Mapping[str, Any]]) -> Value:
    """Return the name of the first object that is referred to."""
    for value in values:
        referred = value.get("referencedObject")
        if isinstance(referred, dict) and referred.get("label"):
            return str(referred["label"])
    return None


def _held(attribute: Attribute, value: Mapping[str, Any]) -> str:
    if attribute.type == known.REFERENCE:
        return _part(value, "referencedObject", "id")
    if attribute.type == known.STATUS:
        return _part(value, "status", "name")
    if attribute.type == known.USER:
        return _part(value, "user", "key")
    if attribute.type == known.GROUP:
        return _part(value, "group", "name")
    found = value.get("value", value.get("searchValue"))
    return "" if found is None else ("true" if found else "false") if isinstance(found, bool) else str(found)


def _part(value: Mapping[str, Any], key: str, name: str) -> str:
    part = value.get(key)
    if isinstance(part, dict) and part.get(name) is not None:
        return str(part[name])
    return str(value.get("value") or value.get("searchValue") or "")


def same(attribute: Attribute, sent: Value, held: Value) -> bool:
    """Compare in the target's terms: `1249` is `1249.0`, a moment is its ISO form, several values have no order."""
    one, two = _texts(sent), _texts(held)
    if one == two:
        return True
    if len(one) != len(two):
        return False
    if len(one) > 1:
        return sorted(one) == sorted(two)
    return _equal(attribute, one[0], two[0])


def _equal(attribute: Attribute, one: str, two: str) -> bool:
    if attribute.type != known.PLAIN:
        return one.casefold() == two.casefold()
    if attribute.form == known.DATETIME:
        return _moment(one) == _moment(two)
    if attribute.form == known.DATE:
        return one[:10] == two[:10]
    if attribute.form == known.BOOLEAN:
        return one.lower() == two.lower()
    if attribute.form in (known.INTEGER, known.DOUBLE):
        try:
            return Decimal(one) == Decimal(two)
        except InvalidOperation:
            return False
    return one.strip() == two.strip()


def _texts(value: Value) -> list[str]:
    if value is None or value in ("", []):
        return []
    items = value if isinstance(value, list) else [value]
    return [("true" if item else "false") if isinstance(item, bool) else str(item) for item in items]


def _moment(text: str) -> str:
    """Write a moment of the hub (`2024-03-01 08:00:00`, UTC) or of the target in one ISO 8601 form."""
    if _DATE.fullmatch(text):
        return f"{text}T00:00:00.000Z"
    match = _MOMENT.fullmatch(text)
    return f"{match[1]}T{match[2] if len(match[2]) == 8 else match[2] + ':00'}.000Z" if match else text


def _whole(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return str(int(number)) if number.is_finite() and number == number.to_integral_value() else text
