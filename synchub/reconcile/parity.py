"""Compare what two targets hold of one entity, field by field, in canonical terms. Pure.

Targets have different fields, forms and ids, so their values are not compared with each other but each with what the
hub would write there: two that hold what the hub wants hold the same. Of fields about which the hub knows nothing the
plain texts are compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from synchub.mapports import ObjectIdentity
from synchub.stores import ObjectRow


class Why(StrEnum):
    """Why a target does not hold what the hub wants."""

    EDITED = "edited by people"
    THEIRS = "was there before the hub"
    UNKNOWN = "unknown to the hub"
    REFUSED = "refused by the target"
    WAITING = "not yet delivered"
    MAP = "the map gives no value"
    HIDDEN = "hidden from the hub"


class Held(NamedTuple):
    """What one target holds of one canonical field.

    Attributes:
        agrees: It is what the hub wants there.
        value: The target's value, in its own form.
        wanted: What the hub wants there, in the target's form.
        why: Why they differ.
        known: The hub wants something there.
    """

    agrees: bool
    value: Any = None
    wanted: Any = None
    why: Why | None = None
    known: bool = True


class Difference(NamedTuple):
    """A canonical field of which two targets do not hold the same.

    Attributes:
        field: Canonical field.
        first: What the first target holds.
        second: What the second target holds.
    """

    field: str
    first: Held
    second: Held

    @property
    def reasons(self) -> tuple[str, str]:
        """Why each side differs from what the hub wants; empty for a side that does not."""
        return (self.first.why or "", self.second.why or "")


@dataclass(frozen=True, slots=True)
class Side:
    """One target's part of an entity.

    Attributes:
        facets: The target map's say about its class.
        objects: Facet -> object in the target.
        wanted: Facet -> target field -> value the hub wants there, references resolved.
        unresolved: (facet, target field) of references that the target has no object for.
    """

    facets: Sequence[ObjectIdentity]
    objects: Mapping[str, ObjectRow]
    wanted: Mapping[str, Mapping[str, Any]]
    unresolved: frozenset[tuple[str, str]] = frozenset()


def compare(first: Side, second: Side, known: Collection[str]) -> tuple[int, list[Difference]]:
    """Compare two targets.

    Args:
        first: What one target holds.
        second: What the other one holds.
        known: Canonical fields about which the hub knows something.

    Returns:
        How many fields both maps have and somebody knows something about, and which of them differ.
    """
    one, two = held(first), held(second)
    count = 0
    found: list[Difference] = []
    for field in sorted(one.keys() & two.keys()):
        a, b = one[field], two[field]
        if field not in known and (a.known or b.known):
            continue  # one of them shows another field in its place, as a name shows the serial number
        if not (a.known or b.known or _text(a.value) or _text(b.value)):
            continue
        count += 1
        if not (a.agrees and b.agrees) and not _alike(a, b):
            found.append(Difference(field, _explained(a, b), _explained(b, a)))
    return count, found


def held(side: Side) -> dict[str, Held]:
    """Return canonical field -> what the target holds.

    Where several target fields carry it, one that differs counts more than one that agrees, and that more than one that
    has not been delivered.
    """
    found: dict[str, Held] = {}
    for facet in side.facets:
        item = side.objects.get(facet.facet)
        if item is None:
            continue
        for name, spec in facet.fields.items():
            if spec.carries is not None:
                value = _field(facet, item, name, side)
                known = found.get(spec.carries)
                if known is None or _weight(value) > _weight(known):
                    found[spec.carries] = value
    return found


def _weight(value: Held) -> int:
    if value.agrees:
        return 2
    return 0 if not value.known else 1 if value.why is Why.WAITING else 3


def _field(facet: ObjectIdentity, item: ObjectRow, name: str, side: Side) -> Held:
    actual, base = item.fields.get(name), item.base or {}
    wanted = side.wanted.get(facet.facet, {})
    if (facet.facet, name) in side.unresolved:
        return Held(False, actual, None, Why.WAITING)
    if name not in wanted:
        return Held(False, actual, None, None, known=False)
    if name not in item.fields:
        return Held(False, None, wanted[name], Why.HIDDEN)
    if facet.same(name, wanted[name], actual):
        return Held(True, actual, wanted[name])
    if name in item.refused:
        why = Why.REFUSED
    elif name in base:
        why = Why.WAITING if facet.same(name, base[name], actual) else Why.EDITED
    else:
        why = Why.THEIRS if _text(actual) else Why.WAITING
    return Held(False, actual, wanted[name], why)


def _alike(a: Held, b: Held) -> bool:
    """Tell whether both hold the same text though neither holds what the hub wants (or it wants nothing there)."""
    return not (a.agrees or b.agrees) and _text(a.value).casefold() == _text(b.value).casefold()


def _explained(mine: Held, other: Held) -> Held:
    """Say why a side differs about which the hub wants nothing: its map, or people."""
    if mine.known or mine.agrees:
        return mine
    return mine._replace(why=Why.MAP if other.known else Why.UNKNOWN if _text(mine.value) else None)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
