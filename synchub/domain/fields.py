"""How canonical fields are declared: description, unit, privacy class, facet, volatility."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, Field


class Privacy(StrEnum):
    """How far a value may travel (design §15)."""

    PUBLIC = "public"  # may appear in artifacts, logs and metrics
    INTERNAL = "internal"  # stays in state, plans and targets
    PERSONAL = "personal"  # about a person: erased with the person, never in logs or artifacts


class Facet(StrEnum):
    """Which side of a thing a field describes."""

    ASSET = "asset"  # money, ownership, lifecycle
    CI = "ci"  # operation, relations
    BOTH = "both"  # identity: both sides carry it


class FieldInfo(NamedTuple):
    """What the hub knows of one canonical field."""

    name: str
    description: str
    unit: str | None
    privacy: Privacy
    facet: Facet
    volatile: bool
    reference: str | None
    many: bool


def field(
    description: str,
    *,
    example: Any,
    unit: str | None = None,
    privacy: Privacy = Privacy.INTERNAL,
    facet: Facet = Facet.BOTH,
    volatile: bool = False,
    reference: str | None = None,
    many: bool = False,
) -> Any:
    """Declare an optional canonical field; None means *not known*, never *empty*.

    Args:
        description: One sentence, ends with a full stop.
        example: A value as it is stored.
        unit: Unit of a number, for example `"MiB"`.
        privacy: How far the value may travel.
        facet: Asset side, CI side, or both.
        volatile: Moves without meaning (last seen, free space): not part of the change hash.
        reference: Family of the thing the value points at, for example `"person"`.
        many: The value is a sorted list of unique values and is merged as a union.
    """
    extra: dict[str, Any] = {"privacy": privacy.value, "facet": facet.value}
    if unit:
        extra["unit"] = unit
    if volatile:
        extra["volatile"] = True
    if reference:
        extra["reference"] = reference
    if many:
        extra["many"] = True
    return Field(default=None, description=description, examples=[example], json_schema_extra=extra)


def describe(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """List the fields of a canonical class in declaration order."""
    result = {}
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        unit, reference = extra.get("unit"), extra.get("reference")
        result[name] = FieldInfo(
            name=name,
            description=info.description or "",
            unit=str(unit) if unit else None,
            privacy=Privacy(str(extra.get("privacy", "internal"))),
            facet=Facet(str(extra.get("facet", "both"))),
            volatile=bool(extra.get("volatile")),
            reference=str(reference) if reference else None,
            many=bool(extra.get("many")),
        )
    return result
