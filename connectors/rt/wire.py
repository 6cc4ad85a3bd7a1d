"""Values on their way: what is written, what is read, and when the two are the same.

Source: `RT::REST2::Util` (`update_custom_fields`, `update_role_members`) of RT 5.0.3 and a running 5.0.3 (2026-11-22):
texts of the record itself are cut at 255 characters without a word; a date that cannot be read becomes 1970-01-01, an
impossible one (30 February) the next possible; a custom field of one value is emptied with `null`, but `null` for an
empty one stores an empty value, and `""` or `[]` for a date stores 1970-01-01; who holds an asset is emptied with `[]`;
an e-mail address that no user has makes a user, so people are written by id only.
"""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address
from typing import Any

from connectors.rt.schema import CustomField
from synchub.domain.plan import Value

TEXTS = ("Name", "Description", "Status")
ROLES = ("HeldBy", "Owner", "Contact")
CORE = (*TEXTS, *ROLES, "Catalog", "Created", "LastUpdated")
NOBODY = "Nobody"
LONGEST = 255
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]00:00:00Z?)?")
_UNFIT = {
    "Image": "files",
    "Binary": "files",
    "DateTime": "a moment, which RT reads in the zone of a user",
}


class RefusedValueError(ValueError):
    """A value that RT would not keep as it is; the message says why, without the value."""


OMIT = object()  # nothing has to be sent


def text(name: str, value: Value) -> str:
    """Bring a value into the form of a text of the record itself.

    Raises:
        RefusedValueError: It is too long, or must not be empty.
    """
    texts = listed(value)
    plain = ", ".join(texts)
    if len(plain) > LONGEST:
        raise RefusedValueError(f"longer than {LONGEST} characters; RT would cut it")
    if not plain and name == "Status":
        raise RefusedValueError("an asset always has a status")
    return plain


def custom(field: CustomField, value: Value, held: Value) -> Any:
    """Bring a value into the form in which a custom field is written; `OMIT` where it is empty and stays so.

    Args:
        field: What it is written to.
        value: In the hub's form.
        held: What the asset holds in it now.

    Raises:
        RefusedValueError: RT would not keep it.
    """
    if field.type in _UNFIT:
        raise RefusedValueError(f"custom fields for {_UNFIT[field.type]} are not written")
    texts = [_one(field, item) for item in listed(value)]
    if field.many:
        return texts if texts or listed(held) else OMIT
    if len(texts) > 1:
        raise RefusedValueError("the custom field holds one value")
    if texts:
        return texts[0]
    return None if listed(held) else OMIT


def _one(field: CustomField, item: str) -> str:
    if field.type == "Date":
        match = _DATE.fullmatch(item)
        try:
            return date.fromisoformat(match[1] if match else "").isoformat()
        except ValueError:
            raise RefusedValueError("no date (YYYY-MM-DD); RT would make another one of it") from None
    if field.type == "IPAddress":
        return _address(item)
    return item


def people(value: Value) -> list[str]:
    """Bring ids of users into the form in which a role is written."""
    return listed(value)


def from_custom(kind: str, values: Any) -> Value:
    """Bring what a custom field holds into the hub's form: nothing, one value, or several in order."""
    texts = [str(v) for v in values if v not in (None, "")] if isinstance(values, list) else []
    if kind == "IPAddress":
        texts = [_address(t) for t in texts]
    if not texts:
        return None
    return texts[0] if len(texts) == 1 else sorted(texts)


def same(sent: Value, held: Value) -> bool:
    """Compare; several values have no order, and space around a text does not count."""
    return sorted(t.strip() for t in listed(sent)) == sorted(t.strip() for t in listed(held))


def listed(value: Value) -> list[str]:
    """Return a value as texts; empty for nothing."""
    if value is None or value in ("", []):
        return []
    some = value if isinstance(value, list) else [value]
    return [("true" if item else "false") if isinstance(item, bool) else str(item) for item in some]


def _address(plain: str) -> str:
    try:
        return ip_address(plain.strip()).compressed
    except ValueError:
        return plain
