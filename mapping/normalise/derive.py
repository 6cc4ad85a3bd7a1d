"""What several fields of one record say together, after each was normalised on its own."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from mapping.normalise.forms import tell_form
from mapping.normalise.models import model as name_model
from mapping.normalise.systems import os_end_of_life
from mapping.normalise.systems import os_name as name_system

_NOTHING: dict[str, str] = {}


def _said(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= 400 else None


@lru_cache(16384)
def _derived(
    system: str | None, version: str | None, maker: str | None, model: str | None, ends: bool, form: bool
) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str | None]] = []
    if system:
        name = name_system(system, version=version)
        if name != system:
            found.append(("os_name", name))
        if not ends:
            found.append(("os_end_of_life_on", os_end_of_life(system, version)))
    if model:
        name = name_model(model, manufacturer=maker) if maker else model
        if name != model:
            found.append(("model", name))
        if not form and name:
            found.append(("form_factor", tell_form("", name)))
    return tuple((field, value) for field, value in found if value)


def derived(fields: Mapping[str, Any]) -> Mapping[str, str]:
    """Derive what the fields of one hardware record say together.

    `Windows` with build 22631 is `Windows 11`; an operating system and its version tell its end of support; a brand in
    front of the model goes once the manufacturer is known; the family of a model tells the form factor. A field that
    the record fills is only ever made more exact (`os_name`, `model`), never contradicted.

    Args:
        fields: Canonical fields as the map filled them.

    Returns:
        Further or more exact values by field; empty when there is nothing to add. Not to be changed by the caller.
    """
    system, model = fields.get("os_name"), fields.get("model")
    if not system and not model:
        return _NOTHING
    found = _derived(
        _said(system), _said(fields.get("os_version")), _said(fields.get("manufacturer")), _said(model),
        "os_end_of_life_on" in fields, "form_factor" in fields,
    )  # fmt: skip
    return dict(found) if found else _NOTHING
