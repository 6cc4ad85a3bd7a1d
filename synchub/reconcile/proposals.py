"""Merges that are left to a person.

Some evidence is good enough to ask, not to act: the same user and model in sources that each know only one side of the
thing; serial numbers one character apart; the same fully qualified name. The engine brings together entities that
share a proposing identifier (`proposing_keys`) and `propose` looks at each such group.

A proposal needs *complementary* entities (no source has records in both: a source lists a thing once) that do not
contradict each other, and it must be the only choice for both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from synchub.domain.records import Contribution
from synchub.reconcile.compare import hardware_contradiction, one_edit, owners_differ, person_contradiction, same_owner
from synchub.reconcile.identifiers import Kind, PersonTraits, Traits, traits


class ClusterSummary(NamedTuple):
    """What `propose` needs of one entity; made by `summarise` whenever a group is looked at, so nothing is stored.

    Attributes:
        entity: Entity id.
        sources: Names of the sources that have a record in it.
        members: Its contributions with their traits.
    """

    entity: int
    sources: frozenset[str]
    members: tuple[tuple[Contribution, Any], ...]


class Proposal(NamedTuple):
    """Two entities that are probably one thing.

    Attributes:
        a: Entity id, the smaller one.
        b: Entity id.
        why: `owner+model`, `serial~1`, `hostname+domain` or `name`.
        evidence: What they share, for people to read.
    """

    a: int
    b: int
    why: str
    evidence: str


def summarise(entity: int, members: Sequence[Contribution]) -> ClusterSummary:
    """Summarise one entity from its contributions."""
    return ClusterSummary(
        entity, frozenset(r.source for r in members), tuple((r, traits(r.cls, r.fields)) for r in members)
    )


def complementary(sources: Sequence[frozenset[str]]) -> bool:
    """Tell whether two of some entities have no source in common: else there is nothing to propose among them."""
    return any(a.isdisjoint(b) for i, a in enumerate(sources) for b in sources[i + 1 :])


def proposing_keys(summary: ClusterSummary) -> set[tuple[int, str]]:
    """List (kind, value) of the proposing identifiers of an entity.

    Entities whose sources already cover every source of the family need not be asked.
    """
    return {pair for _, t in summary.members for pair in t.proposing()}


def propose(group: Sequence[ClusterSummary], kind: int) -> list[Proposal]:
    """Propose merges among the entities that share a proposing identifier.

    Args:
        group: All entities that hold the value, in any order.
        kind: Kind of the value.

    Returns:
        Ascending by entity ids; nothing where the choice is not unique.
    """
    if len(group) < 2:
        return []
    fits: dict[int, list[tuple[int, str]]] = {}
    ordered = sorted(group, key=lambda s: s.entity)
    for i, a in enumerate(ordered):
        for b in ordered[i + 1 :]:
            if a.sources.isdisjoint(b.sources):
                evidence = _evidence(a, b, kind)
                if evidence:
                    fits.setdefault(a.entity, []).append((b.entity, evidence))
                    fits.setdefault(b.entity, []).append((a.entity, evidence))
    batches = _in_batches(ordered) if fits and kind == Kind.SERIAL_NEAR else set()
    out = []
    for entity, others in fits.items():
        other, evidence = others[0]
        if batches and not batches.isdisjoint((entity, other)):
            continue
        if len(others) == 1 and entity < other and len(fits[other]) == 1:
            out.append(Proposal(entity, other, _NAMES[Kind(kind)], evidence))
    return sorted(out)


_NAMES = {
    Kind.OWNER_MODEL: "owner+model",
    Kind.SERIAL_NEAR: "serial~1",
    Kind.FQDN: "hostname+domain",
    Kind.PERSON_NAME: "name",
}


def _evidence(a: ClusterSummary, b: ClusterSummary, kind: int) -> str:
    """Say what two entities share in favour of a merge; empty when they contradict each other."""
    members = [*a.members, *b.members]
    if kind == Kind.PERSON_NAME:
        return "" if person_contradiction(members) else "same given and family name"
    near = kind == Kind.SERIAL_NEAR
    if hardware_contradiction(members, near_serials=True):
        return ""
    if kind == Kind.OWNER_MODEL:
        return _owner_evidence(a, b)
    if near:
        close = _near(a, b)
        return f"serial numbers {close[0][0]} and {close[0][1]}" if close and not owners_differ(members) else ""
    return "same fully qualified name"


def _near(a: ClusterSummary, b: ClusterSummary) -> list[tuple[str, str]]:
    """List the pairs of serial numbers that are one character apart."""
    ours = {t.serial for _, t in a.members if t.serial}
    theirs = {t.serial for _, t in b.members if t.serial}
    return sorted((x, y) for x in ours for y in theirs if x != y and one_edit(x, y))


def _in_batches(group: Sequence[ClusterSummary]) -> set[int]:
    """Find the entities with two neighbours in serial number: there, the next number is the next device."""
    near: dict[int, int] = {}
    for i, a in enumerate(group):
        for b in group[i + 1 :]:
            if _near(a, b):
                near[a.entity] = near.get(a.entity, 0) + 1
                near[b.entity] = near.get(b.entity, 0) + 1
    return {entity for entity, count in near.items() if count > 1}


def _owner_evidence(a: ClusterSummary, b: ClusterSummary) -> str:
    for _, x in a.members:
        for _, y in b.members:
            if same_owner(x, y):
                return f"same user {min(x.owner, y.owner, key=lambda o: (len(o), o))} and model"
    return ""


__all__ = ["ClusterSummary", "PersonTraits", "Proposal", "Traits", "propose", "proposing_keys", "summarise"]
