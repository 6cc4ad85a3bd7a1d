"""Which canonical fields identify a thing, and how a target's value is brought into the canonical form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Normaliser = Callable[[Any], Any]  # raw value -> canonical value, None where it cannot be understood

_LABEL = re.compile(r"^\s*(?:S/N|SN|SERIAL(?: NUMBER)?)\s*[:#]\s*", re.IGNORECASE)
_HEX = re.compile(r"[0-9a-fA-F]{12}")
_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def _text(raw: Any) -> str | None:
    return " ".join(str(raw).split()) or None


def _serial(raw: Any) -> str | None:
    return re.sub(r"[\s-]+", "", _LABEL.sub("", str(raw))).upper() or None


def _lower(raw: Any) -> str | None:
    return str(raw).strip().lower() or None


def _login(raw: Any) -> str | None:
    return str(raw).strip().lower().rpartition("\\")[2] or None


def _hostname(raw: Any) -> str | None:
    text = str(raw).strip().lower()
    return text.split(".", 1)[0] or None if " " not in text else None


def _macs(raw: Any) -> list[str]:
    parts = raw if isinstance(raw, list) else re.split(r"[,;\s]+", str(raw))
    found = set()
    for part in parts:
        digits = re.sub(r"[:.\-]", "", str(part))
        if _HEX.fullmatch(digits):
            found.add(":".join(digits[i : i + 2] for i in range(0, 12, 2)).lower())
    return sorted(found)


def _uuid(raw: Any) -> str | None:
    text = str(raw).strip().strip("{}").lower()
    if not _UUID.fullmatch(text):
        return None
    digits = text.replace("-", "")
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _digits(raw: Any) -> str | None:
    return re.sub(r"\D", "", str(raw)) or None


# Canonical fields that take part in identification, and how a target's text becomes one.
NORMALISERS: dict[str, Normaliser] = {
    "serial_number": _serial,
    "asset_tag": _text,
    "manufacturer": _text,
    "model": _text,
    "part_number": _text,
    "name": _text,
    "hostname": _hostname,
    "fqdn": _lower,
    "uuid": _uuid,
    "imei": _digits,
    "mac_addresses": _macs,
    "management_id": _lower,
    "assigned_to": _login,
    "worker_id": _text,
    "directory_id": _lower,
    "email": _lower,
    "login": _login,
    "given_name": _text,
    "family_name": _text,
    "order_number": _text,
    "line_number": _text,
}
