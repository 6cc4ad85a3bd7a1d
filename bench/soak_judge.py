"""Compares what a killed and an undisturbed sync left in two instances: every object once, with the same values.

Reads the simulators' tables only. Rows that others made keep their sys_id in both instances; rows that a hub made are
told by what they say of themselves, and references by the row they lead to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

TABLES = ("cmdb_ci_hardware", "cmdb_ci_vm_instance", "alm_hardware", "sys_user")
_REFERRED = ("cmdb_model", "core_company", "cmn_location", "cmn_department", "cmn_cost_center", "cmdb_model_category")
_NAMES = ("serial_number", "asset_tag", "name", "employee_number", "email", "user_name", "display_name")
# Written by the platform, or of the hub's own making and different in every state.
_APART = {
    "discovery_source", "first_discovered", "last_discovered", "correlation_id", "u_correlation_id", "old_status",
    "old_substatus", "assigned", "checked_in", "checked_out",
}  # fmt: skip
_RETIRED = {"install_status": "7", "operational_status": "6"}
_MOST = 20  # of each kind of difference that is shown


class Instance(Protocol):
    """What is needed of an instance."""

    def dump(self, table: str, query: str = "") -> list[dict[str, str]]:
        """List rows."""
        ...


@dataclass(slots=True)
class Verdict:
    """How two instances differ.

    Attributes:
        lost: Objects that only the undisturbed sync left.
        doubled: Objects that only the killed one left, or left more often.
        wrong: Objects with other values.
        retired: Objects that only the killed one took out of service.
        examples: Differences in words.
        objects: Objects compared.
    """

    lost: int = 0
    doubled: int = 0
    wrong: int = 0
    retired: int = 0
    examples: list[str] = field(default_factory=list)
    objects: int = 0

    @property
    def equal(self) -> bool:
        """Nothing differs."""
        return not (self.lost or self.doubled or self.wrong or self.retired)


def compare(killed: Instance, calm: Instance, shared: frozenset[str]) -> Verdict:
    """Compare two instances.

    Args:
        killed: Whose hub was killed and went on.
        calm: Whose hub was left alone.
        shared: sys_ids of the rows that both held from the start.
    """
    verdict = Verdict()
    for table in TABLES:
        mine, theirs = _contents(killed, table, shared), _contents(calm, table, shared)
        for key in sorted(mine.keys() | theirs.keys()):
            have, should = mine.get(key, []), theirs.get(key, [])
            verdict.objects += len(should)
            _judge(verdict, f"{table} {key}", have, should)
    return verdict


def _judge(verdict: Verdict, key: str, have: Sequence[tuple[str, ...]], should: Sequence[tuple[str, ...]]) -> None:
    lost, more = max(len(should) - len(have), 0), max(len(have) - len(should), 0)
    verdict.lost += lost
    verdict.doubled += more
    other = Counter(have) - Counter(should)
    missing = Counter(should) - Counter(have)
    wrong = min(other.total(), missing.total())
    verdict.wrong += wrong
    verdict.retired += max(sum(map(_is_retired, other.elements())) - sum(map(_is_retired, missing.elements())), 0)
    if (lost or more or wrong) and len(verdict.examples) < _MOST:
        mine, theirs = set(next(other.elements(), ())), set(next(missing.elements(), ()))
        verdict.examples.append(f"{key}: killed {sorted(mine - theirs)}, undisturbed {sorted(theirs - mine)}")


def _contents(instance: Instance, table: str, shared: frozenset[str]) -> dict[str, list[tuple[str, ...]]]:
    """List key of an object -> its fields, one tuple per object of that key."""
    names = {row["sys_id"]: _key(row, shared) for name in (*TABLES, *_REFERRED) for row in instance.dump(name)}
    found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in instance.dump(table):
        fields = tuple(
            sorted(
                f"{name}={names.get(value, value)}"
                for name, value in row.items()
                if value and name not in _APART and not name.startswith("sys_")
            )
        )
        found[names[row["sys_id"]]].append(fields)
    return found


def _key(row: Mapping[str, str], shared: frozenset[str]) -> str:
    if row["sys_id"] in shared:
        return row["sys_id"]
    return "|".join([row.get("sys_class_name", ""), *(row.get(name, "") for name in _NAMES)])


def _is_retired(fields: Sequence[str]) -> bool:
    return any(f"{name}={value}" in fields for name, value in _RETIRED.items())
