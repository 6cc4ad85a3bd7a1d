"""What people decided about records, in the numbers that identification works with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from synchub.domain.records import Contribution
from synchub.reconcile.cluster import NONE, Decisions
from synchub.stores import Decision, State
from synchub.stores.decisions import APART, SOURCE, TOGETHER

Pair = tuple[int, int]
_ABOUT_PAIRS = frozenset({TOGETHER, APART})


@dataclass(slots=True)
class Decided:
    """Decisions about pairs of records, found by record: a component asks only for its own.

    Attributes:
        together: Record -> pairs that are one thing.
        apart: Record -> pairs that are two things.
        source: Record -> field -> source that wins it.
        changed: Records about which something was decided or taken back since identification last settled.
        upto: Number of the last event that is taken into account.
    """

    together: dict[int, list[Pair]] = field(default_factory=dict)
    apart: dict[int, list[Pair]] = field(default_factory=dict)
    source: dict[int, dict[str, str]] = field(default_factory=dict)
    changed: list[int] = field(default_factory=list)
    upto: int = 0

    def among(self, records: Iterable[int]) -> Decisions:
        """Return what was decided about some records; `NONE` itself where nothing was."""
        if not self.together and not self.apart:
            return NONE
        some = list(records)
        together = frozenset(pair for r in some for pair in self.together.get(r, ()))
        apart = frozenset(pair for r in some for pair in self.apart.get(r, ()))
        return Decisions(together, apart) if together or apart else NONE

    def partners(self, records: Iterable[int]) -> set[int]:
        """Return the records that people put together with some, these included."""
        if not self.together:
            return set()
        return {end for r in records for pair in self.together.get(r, ()) for end in pair}

    def sources(self, members: Sequence[Contribution]) -> dict[str, str]:
        """Return field -> source that people chose for the thing of which these are the records."""
        if not self.source:
            return {}
        return {name: source for m in members for name, source in self.source.get(m.record, {}).items()}

    def pairs(self) -> list[Pair]:
        """Return all pairs that are one thing."""
        return sorted({pair for pairs in self.together.values() for pair in pairs})


def decided(state: State) -> Decided:
    """Load the decisions about records; a state without any is asked twice, no more."""
    events = state.decisions.events()
    if not events:
        return Decided()
    seen = state.identity.decided()
    news = state.decisions.since(seen) if seen != events else []
    active = {kind: state.decisions.active(kind) for kind in (TOGETHER, APART, SOURCE)}
    numbers = state.decisions.records({n for some in (news, *active.values()) for d in some for n in _records(d)})
    source: dict[int, dict[str, str]] = {}
    for decision in active[SOURCE]:
        about = decision.names
        if len(about) == 2 and about[0] in numbers:
            source.setdefault(numbers[about[0]], {})[about[1]] = str(decision.answer)
    return Decided(
        _by_record(active[TOGETHER], numbers),
        _by_record(active[APART], numbers),
        source,
        sorted({numbers[n] for d in news for n in _records(d) if n in numbers}),
        events,
    )


def _records(decision: Decision) -> list[str]:
    """Return the names of the records that a decision is about."""
    return decision.names if decision.kind in _ABOUT_PAIRS else decision.names[:1] if decision.kind == SOURCE else []


def _by_record(decisions: Iterable[Decision], numbers: dict[str, int]) -> dict[int, list[Pair]]:
    found: dict[int, list[Pair]] = {}
    for decision in decisions:
        ends = sorted(numbers[n] for n in decision.names if n in numbers)
        if len(ends) == 2:  # the other record is not there: never read, or gone
            for end in ends:
                found.setdefault(end, []).append((ends[0], ends[1]))
    return found
