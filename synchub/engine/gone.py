"""What a plan does about things that are missing: flagged, retired or deleted, as the rule of their class says.

A missing thing is told to the target as a change of its canonical fields, so that the target map says in which words.
Nothing is created for it. What the hub wrote because of absence is kept with the object, beside what was there before:
when the thing is listed again, that comes back, unless somebody else changed it since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synchub.domain.model import FIELDS
from synchub.domain.plan import FieldChange, Value
from synchub.mapports import ObjectIdentity
from synchub.reconcile.absence import FLAG, RETIRE, AbsenceRule, AbsenceRules
from synchub.stores import EntityRow, ObjectRow

ABSENCE = "absence"  # as the source of a change: nobody said so, the thing is missing
BACK = "listed again"  # as the rule of a change that takes the above back

SAYS: Mapping[str, Mapping[str, Any]] = {
    FLAG: {"lifecycle": "missing"},
    RETIRE: {"lifecycle": "retired", "operational_status": "retired"},
}


@dataclass(frozen=True, slots=True)
class Missing:
    """What is done about one missing thing.

    Attributes:
        then: `flag`, `retire` or `delete`.
        names: Canonical fields that are said because of it.
        rule: In words.
    """

    then: str
    names: frozenset[str]
    rule: str

    def says(self, facet: ObjectIdentity, name: str) -> bool:
        """Tell whether a target field is filled because the thing is missing."""
        return not self.names.isdisjoint(facet.fields[name].sources)

    def insists(self, facet: ObjectIdentity, name: str, existing: ObjectRow) -> bool:
        """Tell whether a field is written though it differed when the object was found: nobody changed it since."""
        base = existing.base or {}
        return self.then != FLAG and (name not in base or facet.same(name, base[name], existing.fields.get(name)))


def look(
    rules: AbsenceRules,
    entities: Sequence[EntityRow],
    docs: dict[int, dict[str, Any]],
    linked: Mapping[int, Sequence[ObjectRow]],
) -> tuple[list[EntityRow], dict[int, Missing]]:
    """Say of missing things that they are, and leave out those of which the target holds nothing.

    Args:
        rules: What is done about which class.
        entities: Live entities.
        docs: Entity -> its canonical fields; changed.
        linked: Entity -> its objects in the target.

    Returns:
        The entities to be planned, and what is done about the missing ones.
    """
    found: dict[int, Missing] = {}
    left: list[EntityRow] = []
    for entity in entities:
        rule = rules.of(entity.cls) if entity.missing_at is not None else None
        if rule is None:
            left.append(entity)
        elif entity.id in linked:
            left.append(entity)
            told = said(rule, entity.cls)
            docs[entity.id].update(told)
            found[entity.id] = Missing(rule.then, frozenset(told), rule.text)
        else:
            del docs[entity.id]
    return left, found


def said(rule: AbsenceRule, cls: str) -> dict[str, Any]:
    """Return the canonical fields by which targets are told that a thing of a class is missing."""
    return {n: value for n, value in SAYS[FLAG if rule.then == FLAG else RETIRE].items() if n in FIELDS[cls]}


def deletable(facet: ObjectIdentity, existing: ObjectRow) -> bool:
    """Tell whether an object may be deleted: the hub created it, and nobody else changed what is known of it.

    What the hub never wrote holds what the target filled in by itself, as long as nobody was seen to edit the object.
    """
    base = existing.base
    if existing.origin != "created" or base is None:
        return False
    return all(
        facet.same(name, base[name], value) if name in base else not value or existing.updated_by is None
        for name, value in existing.fields.items()
        if name in facet.fields
    )


def pre_image(facet: ObjectIdentity, existing: ObjectRow, rule: str) -> dict[str, FieldChange]:
    """Return the changes of a deletion: everything that is known of the object, and nothing instead."""
    return {
        name: FieldChange(value, None, ABSENCE, rule)
        for name, value in existing.fields.items()
        if name in facet.fields and value not in (None, "")
    }


def restored(facet: ObjectIdentity, existing: ObjectRow, desired: Mapping[str, Any]) -> dict[str, FieldChange]:
    """Return what comes back into an object whose thing is listed again, where its sources do not say it themselves."""
    base = existing.base or {}
    changes = {}
    for name, before in existing.gone.items():
        if name in desired or name not in existing.fields or name not in base or name not in facet.fields:
            continue
        actual = existing.fields[name]
        if facet.same(name, base[name], actual) and not facet.same(name, before, actual):
            changes[name] = FieldChange(actual, before, "", BACK)
    return changes


def kept(
    gone: Mapping[str, Value], base: Mapping[str, Any] | None, changes: Mapping[str, FieldChange]
) -> dict[str, Value]:
    """Return what is kept of an object after a row: field -> what it held before absence was written into it.

    Args:
        gone: What was kept before the row.
        base: What hub and target agreed on before it.
        changes: What the row wrote.
    """
    result = dict(gone)
    for name, change in changes.items():
        if change.source != ABSENCE:
            result.pop(name, None)
        elif name not in result or (base or {}).get(name) != change.old:
            result[name] = change.old
    return result
