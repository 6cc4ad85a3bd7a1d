"""Brings raw values into the one form the hub compares and writes.

Each normaliser takes a scalar and named options and returns a canonical JSON value, or None when there is nothing. It
raises ValueError with what it expected when it cannot read the value: the mapping engine turns that into a warning on
the field. Identifiers are kept as they are, placeholders included: `synchub.reconcile` judges those.

`NORMALISERS` is the table for field maps; `hardware_identity`, `device_class`, `os_end_of_life` and `derived` take
several values of one record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mapping.normalise.classes import device_class
from mapping.normalise.dates import date, moment
from mapping.normalise.derive import derived
from mapping.normalise.dictionaries import fingerprint
from mapping.normalise.forms import form_factor
from mapping.normalise.identifiers import asset_tag, imei, mac, serial, uuid
from mapping.normalise.makers import manufacturer
from mapping.normalise.models import hardware_identity, hardware_manufacturer, hardware_model, model
from mapping.normalise.network import fqdn, hostname, ip
from mapping.normalise.numbers import boolean, decimal, gb, integer, mib, money
from mapping.normalise.people import email, login, person, person_name, phone
from mapping.normalise.places import country, currency
from mapping.normalise.software import publisher_of, software_publisher, software_title
from mapping.normalise.systems import os_end_of_life, os_name, os_version
from mapping.normalise.texts import lower, text

__all__ = [
    "NORMALISERS",
    "derived",
    "device_class",
    "fingerprint",
    "hardware_identity",
    "os_end_of_life",
    "publisher_of",
]

NORMALISERS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        text, lower, serial, mac, uuid, imei, asset_tag, hostname, fqdn, ip,
        manufacturer, model, hardware_manufacturer, hardware_model, form_factor, os_name, os_version, os_end_of_life,
        software_title, software_publisher,
        person, person_name, email, login, phone, date, moment,
        money, decimal, integer, boolean, mib, gb, currency, country,
    )
}  # fmt: skip
