"""Absence: what it says about a thing that complete snapshots do not hold any more (design §5, §10).

A record that is gone says little by itself. An entity is missing only when every record by which a presence authority
(device management, discovery) ever knew it is gone, often and long enough. Orders, invoices and people are never
missing: an order line does not say that a thing is still there, and who left says a termination fact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from synchub.domain.guards import Limit
from synchub.domain.model import CLASSES
from synchub.domain.records import Contribution
from synchub.reconcile.authority import Role

FAMILIES = frozenset({"hardware"})  # of what can be missing
PRESENCE = frozenset({Role.MDM, Role.DISCOVERY})
VANISHED = Limit(share=0.10, at_least=20)  # of a stream's records, in one snapshot
FLAG, RETIRE, DELETE = "flag", "retire", "delete"

Absent = Mapping[int, int | None]  # record that is not in its source any more -> since when that counts; None: not yet


@dataclass(frozen=True, slots=True)
class AbsenceRule:
    """When a thing of one class counts as missing, and what is done then.

    Attributes:
        snapshots: Complete snapshots in a row that must have missed a record.
        seconds: And at least so long.
        then: `flag`, `retire` or `delete`.
        place: Where the rule stands, for messages.
    """

    snapshots: int = 3
    seconds: int = 7 * 86_400
    then: str = FLAG
    place: str = "shipped"

    @property
    def text(self) -> str:
        """The rule in words."""
        return (
            f"missed by {self.snapshots} complete snapshots and for {_span(self.seconds)}: {self.then} ({self.place})"
        )


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    return f"{days} d" if not rest else f"{seconds // 3600} h" if not seconds % 3600 else f"{seconds} s"


@dataclass(frozen=True, slots=True)
class AbsenceRules:
    """The rules of all classes.

    Attributes:
        classes: Class -> rule, of those that can be missing.
        sources: The presence authorities.
    """

    classes: Mapping[str, AbsenceRule]
    sources: frozenset[str] = frozenset()

    def of(self, cls: str) -> AbsenceRule | None:
        """Return the rule of a class; None where nothing can be missing."""
        return self.classes.get(cls)

    def limits(self) -> dict[str, tuple[int, int]]:
        """Return class -> (snapshots, seconds) from which on an absence counts."""
        return {cls: (rule.snapshots, rule.seconds) for cls, rule in self.classes.items()}


def speaking(members: Sequence[Contribution], absent: Absent) -> Sequence[Contribution]:
    """Leave out records that another record of the same stream replaced: the source lists that one and not this.

    Native keys change when a device is enrolled or imported again. A record that is gone alone still speaks: what it
    said last stands.
    """
    if not absent or len(members) == 1 or not any(m.record in absent for m in members):
        return members
    listed = {(m.source, m.stream) for m in members if m.record not in absent}
    return [m for m in members if m.record not in absent or (m.source, m.stream) not in listed]


def missing_since(cls: str, members: Sequence[Contribution], absent: Absent, rules: AbsenceRules) -> int | None:
    """Tell since when a thing is missing, seconds since 1970 UTC; None while anybody who would know still lists it."""
    if not absent or cls not in rules.classes:
        return None
    since = 0
    for member in members:
        if member.source in rules.sources:
            aged = absent.get(member.record)
            if aged is None:
                return None
            since = max(since, aged)
    return since or None


def compile_absence(block: Mapping[str, Any], roles: Mapping[str, str], seconds: Any, where: Any) -> AbsenceRules:
    """Compile the `absent` entries of a `rules:` block; the class's own wins over the family's.

    Args:
        block: The block as plain data.
        roles: Source -> role.
        seconds: Reads a duration.
        where: Names the place of a path within the block.
    """
    rules = {}
    for cls, model in CLASSES.items():
        if model.family not in FAMILIES:
            continue
        given: dict[str, Any] = {}
        place = "shipped"
        for level in dict.fromkeys((model.family, cls)):
            own = (block.get(level) or {}).get("absent")
            if own:
                given, place = {**given, **own}, where((level, "absent"))
        rules[cls] = AbsenceRule(
            int(given.get("missing_after", 3)),
            seconds(given.get("at_least", "7d"), where=place),
            str(given.get("then", FLAG)),
            place,
        )
    return AbsenceRules(rules, frozenset(name for name, role in roles.items() if role in PRESENCE))


def too_many(fresh: int, present: int, limit: Limit) -> bool:
    """Tell whether so many records vanished at once that the snapshot is not believed.

    Args:
        fresh: Records that are missed and were not before.
        present: Records that were there before.
        limit: So many may vanish, unless everything does: that is an empty answer rather than news.
    """
    return (fresh >= present and fresh >= _EVERYTHING) or not limit.allows(fresh, present)


_EVERYTHING = 3  # records

__all__ = [
    "DELETE",
    "FLAG",
    "RETIRE",
    "VANISHED",
    "AbsenceRule",
    "AbsenceRules",
    "Absent",
    "compile_absence",
    "missing_since",
    "speaking",
    "too_many",
]  # fmt: skip
