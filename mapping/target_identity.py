"""Which canonical fields identify a thing, and how a target's value is brought into the canonical form.

The same normalisers as for sources, so that an object that was there before the hub and a record speak one language.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from mapping.normalise import NORMALISERS as FORMS

Normaliser = Callable[[Any], Any]  # raw value -> canonical value, None where it cannot be understood


def _readable(name: str) -> Normaliser:
    form = FORMS[name]

    def normalise(raw: Any) -> Any:
        try:
            return form(raw)
        except ValueError:  # the normaliser cannot read it: the object has no such identity
            return None

    return normalise


_mac = _readable("mac")


def _macs(raw: Any) -> list[str]:
    parts = raw if isinstance(raw, list) else re.split(r"[,;\s]+", str(raw))
    return sorted({mac for mac in map(_mac, parts) if mac})


# Canonical fields that take part in identification, and how a target's text becomes one.
NORMALISERS: dict[str, Normaliser] = {
    "serial_number": _readable("serial"),
    "asset_tag": _readable("asset_tag"),
    "manufacturer": _readable("manufacturer"),
    "model": _readable("model"),
    "part_number": _readable("text"),
    "name": _readable("text"),
    "hostname": _readable("hostname"),
    "fqdn": _readable("fqdn"),
    "uuid": _readable("uuid"),
    "imei": _readable("imei"),
    "mac_addresses": _macs,
    "management_id": _readable("lower"),
    "assigned_to": _readable("person"),
    "worker_id": _readable("text"),
    "directory_id": _readable("lower"),
    "email": _readable("email"),
    "login": _readable("login"),
    "given_name": _readable("person_name"),
    "family_name": _readable("person_name"),
    "order_number": _readable("text"),
    "line_number": _readable("text"),
    "ticket_number": _readable("text"),
    "tracker": _readable("lower"),
}
