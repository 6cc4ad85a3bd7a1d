"""Merges that are left to a person: groups of entities that share a proposing identifier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synchub.domain.model import CLASSES
from synchub.domain.records import Contribution
from synchub.engine.decided import Decided
from synchub.reconcile.identifiers import kind_of, limit
from synchub.reconcile.proposals import complementary, propose, summarise
from synchub.reconcile.rules import Rules
from synchub.stores import State

_RECORDS = 4000


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
