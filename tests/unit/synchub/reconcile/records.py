"""Short ways to write contributions in tests."""

from __future__ import annotations

from typing import Any

from synchub.domain.records import Contribution
from synchub.reconcile.cluster import Cluster, Decisions, cluster
from synchub.reconcile.identifiers import identifier_hash
from synchub.reconcile.steps import default_steps

SOURCES = {"erp": "procurement", "mdm": "mdm", "scan": "discovery", "hr": "hr"}
EB: dict[str, Any] = {"manufacturer": "HP", "model": "EliteBook 840 G10"}


def record(number: int, source: str, cls: str = "computer", *, at: int = 0, **fields: Any) -> Contribution:
    """Make a contribution whose native key is its number."""
    return Contribution(number, source, "s", f"k{number}", cls, fields, at)


def shape(
    *records: Contribution,
    family: str = "hardware",
    shared: tuple[tuple[int, str], ...] = (),
    decisions: Decisions | None = None,
) -> set[frozenset[int]]:
    """Cluster with the shipped steps and return who is with whom."""
    return {
        frozenset(r.record for r in c.members)
        for c in found(*records, family=family, shared=shared, decisions=decisions)
    }


def found(
    *records: Contribution,
    family: str = "hardware",
    shared: tuple[tuple[int, str], ...] = (),
    decisions: Decisions | None = None,
) -> list[Cluster]:
    """Cluster with the shipped steps."""
    hashes = {identifier_hash(kind, value) for kind, value in shared}
    return cluster(records, shared=hashes, rules=default_steps(family), decisions=decisions or Decisions())
