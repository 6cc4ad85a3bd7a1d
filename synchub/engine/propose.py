"""Merges that are left to a person: groups of entities that share a proposing identifier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synchub.domain.model import CLASSES
from synchub.domain.records import Contribution
from synchub.engine.components import slices
from synchub.engine.decided import Decided
from synchub.reconcile.identifiers import kind_of, limit, proposing_hashes
from synchub.reconcile.proposals import complementary, propose, summarise
from synchub.reconcile.rules import Rules
from synchub.stores import State

_RECORDS = 4000
_PART = 3000  # entities or keys looked at together


def propose_groups(
    state: State,
    rules: Rules,
    run: int,
    groups: Iterable[tuple[int, Sequence[int]]],
    touched: Sequence[int] | None,
    decisions: Decided,
) -> None:
    """Look at groups of records that share a proposing identifier and store what is worth asking.

    Args:
        state: All stores.
        rules: Say which kinds may propose in each family.
        run: The run that asks.
        groups: (hash, records), each hash once.
        touched: Entities whose open proposals are replaced; None replaces all there are.
        decisions: What people took apart is not asked again.
    """
    allowed = {step.kind for family in rules.identify.values() for step in family.proposing}
    part: list[tuple[int, Sequence[int]]] = []
    size = 0
    found: list[tuple[int, int, str]] = []
    for hash_, records in groups:
        kind = kind_of(hash_)
        if len(records) < 2 or kind not in allowed or len(records) > limit(kind):
            continue
        part.append((hash_, records))
        size += len(records)
        if size >= _RECORDS:
            found += _look(state, part, decisions)
            part, size = [], 0
    found += _look(state, part, decisions)
    pairs: dict[tuple[int, int], str] = {}
    for a, b, reason in found:
        pairs.setdefault((a, b), reason)
    state.entities.propose(run, [(a, b, reason) for (a, b), reason in sorted(pairs.items())], touched)


def propose_near(
    state: State, rules: Rules, run: int, touched: set[int], withdrawn: Sequence[int], decisions: Decided
) -> None:
    """Propose again for all entities that share a key with a touched one, now or before: choices must be unique.

    Args:
        state: All stores.
        rules: See `propose_groups`.
        run: The run that asks.
        touched: Entities that changed.
        withdrawn: Proposing identifiers that lost a holder.
        decisions: See `propose_groups`.
    """
    near = set(touched)
    for part in slices(sorted(touched), _PART):
        near.update(_sharing(state, _keys(state, part), len(touched)))
    for part in slices(withdrawn, _PART):
        near.update(_sharing(state, part, len(touched)))
    for part in slices(sorted(near), _PART):
        groups = sorted(_holders(state, _keys(state, part)).items())
        propose_groups(state, rules, run, groups, part, decisions)


def _keys(state: State, entities: Sequence[int]) -> set[int]:
    records = [r for group in state.identity.members_of(entities).values() for r in group]
    return {h for item in state.identity.contributions(records) for h in proposing_hashes(item.cls, item.fields)}


def _holders(state: State, hashes: Iterable[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for hash_, record in state.identity.proposing(list(hashes)):
        groups.setdefault(hash_, []).append(record)
    return groups


def _sharing(state: State, hashes: Iterable[int], touched: int) -> set[int]:
    """Find the entities that share a key; a key that was held too often before the touched came says nothing."""
    some: set[int] = set()
    for hash_, records in _holders(state, hashes).items():
        if len(records) <= limit(kind_of(hash_)) + touched:
            some.update(records)
    return set(state.identity.entities_of(list(some)).values())


def _look(state: State, part: Sequence[tuple[int, Sequence[int]]], decisions: Decided) -> list[tuple[int, int, str]]:
    """Propose among the entities of some groups; most groups fall out before anything but numbers is loaded."""
    records = sorted({record for _, group in part for record in group})
    entity_of = state.identity.entities_of(records)
    wanted = [(hash_, {entity_of[r] for r in group if r in entity_of}) for hash_, group in part]
    wanted = [(hash_, entities) for hash_, entities in wanted if len(entities) > 1]
    named = state.entities.sources({entity for _, entities in wanted for entity in entities})
    sources = {entity: frozenset(names.split(",")) for entity, names in named}
    wanted = [(hash_, entities) for hash_, entities in wanted if complementary([sources[e] for e in entities])]
    if not wanted:
        return []
    ids = sorted({entity for _, entities in wanted for entity in entities})
    members = state.identity.members_of(ids)
    items: dict[int, Contribution] = {
        item.record: item for item in state.identity.contributions([r for group in members.values() for r in group])
    }
    summaries = {entity: summarise(entity, [items[r] for r in group]) for entity, group in members.items()}
    result = []
    for hash_, entities in wanted:
        group = [summaries[e] for e in entities if e in summaries]
        families = {CLASSES[m.cls].family for s in group for m, _ in s.members}
        if len(families) == 1:
            result += [(p.a, p.b, f"{p.why}: {p.evidence}") for p in propose(group, kind_of(hash_))]
    return [found for found in result if not _apart(members[found[0]], members[found[1]], decisions)]


def _apart(a: Sequence[int], b: Sequence[int], decisions: Decided) -> bool:
    """Tell whether a person said of two groups of records that they are different things."""
    return any(end in b for pair in decisions.among(a).apart for end in pair)
