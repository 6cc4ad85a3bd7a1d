"""Fields about which sources disagree and no rule decides: it only happens that one of them wins. Pure.

Sources of the same rank (of one role, unless configured) are told apart by the moment of the observation alone;
`newest` cannot decide between equal moments, `most_reported` between equal counts. What is volatile disagrees all the
time and is left out, and so is what people decided.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from synchub.domain.model import VOLATILE
from synchub.domain.records import CLEAR, Contribution
from synchub.reconcile.authority import FOLLOWS, How
from synchub.reconcile.employment import Heard
from synchub.reconcile.merge import rank, speakers, staleness, usable
from synchub.reconcile.rules import NOT_ALLOWED, ClassRules, FieldRule, Rules

_UNDECIDED = frozenset({How.NEWEST, How.MOST_REPORTED})
_BY_OTHERS = frozenset({*FOLLOWS, "ends_on"})  # follow another field, or the employments


class Said(NamedTuple):
    """What one source says: None is empty on purpose; when it observed that (seconds since 1970 UTC, 0: unknown)."""

    source: str
    value: Any
    observed_at: int


class _Open(NamedTuple):
    """What some sources of a class can tie in: every field without a rule of its own, and fields that have one."""

    others: bool
    fields: frozenset[str]


class Ties:
    """Finds ties of entities; what sources can tie in is worked out once per set of them.

    Args:
        rules: Compiled rules.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._open: dict[tuple[str, frozenset[str]], _Open] = {}

    def of(self, cls: str, members: Sequence[Contribution], now: int, skip: Collection[str]) -> dict[str, list[Said]]:
        """Return field -> what is said, the winner first, for the fields of an entity that nothing decides.

        Args:
            cls: Class of the entity.
            members: Its records that may speak.
            now: Seconds since 1970 UTC.
            skip: Fields that are decided otherwise.
        """
        sources = frozenset([m.source for m in members])
        if len(sources) < 2:
            return {}
        own = self._rules.classes[cls]
        can = self._open.get((cls, sources))
        if can is None:
            can = self._open[cls, sources] = _open(own, sources)
        if not can.others and not can.fields:
            return {}
        heard: list[Heard] = [(m, usable(m, cls)) for m in members]
        names = [
            name for name in _differing(heard)
            if (name in can.fields or (can.others and name not in own.fields))
            and name not in VOLATILE[cls] and name not in _BY_OTHERS and name not in skip
        ]  # fmt: skip
        if not names:
            return {}
        stale, _ = staleness(members, own, now)
        found = {name: _tied(name, own.rule(name), heard, stale) for name in names}
        return {name: said for name, said in found.items() if said}


def _open(own: ClassRules, sources: Collection[str]) -> _Open:
    def same(rule: FieldRule) -> bool:
        places = [rule.ranks.get(source, rule.otherwise) for source in sources]
        return any(n > 1 and place < NOT_ALLOWED for place, n in Counter(places).items())

    tied = {n for n, rule in own.fields.items() if rule.how in _UNDECIDED or (rule.how is How.ORDERED and same(rule))}
    return _Open(own.default.how is How.ORDERED and same(own.default), frozenset(tied))


def _differing(heard: Sequence[Heard]) -> list[str]:
    first: dict[str, Any] = {}
    differing: dict[str, None] = {}
    for _, values in heard:
        for name, value in values.items():
            if first.setdefault(name, value) != value:
                differing[name] = None
    return list(differing)


def _tied(name: str, rule: FieldRule, heard: Sequence[Heard], stale: frozenset[str]) -> list[Said]:
    said = speakers(name, rank(heard, rule, stale))
    if len(said) < 2:
        return []
    weight = _weights(rule, said, stale)
    best = max(weight)
    equal = [pair for pair, mine in zip(said, weight, strict=True) if mine == best]
    if all(value == equal[0][0] for value, _ in equal):
        return []
    return [Said(r.source, None if value == CLEAR else value, r.observed_at) for value, r in equal]


def _weights(rule: FieldRule, said: Sequence[tuple[Any, Contribution]], stale: frozenset[str]) -> Sequence[Any]:
    if rule.how is How.NEWEST:
        return [r.observed_at for _, r in said]
    if rule.how is How.MOST_REPORTED:
        return [sum(1 for other, _ in said if other == value) for value, _ in said]
    return [(r.source not in stale, -rule.ranks.get(r.source, rule.otherwise)) for _, r in said]


def as_detail(said: Sequence[Said], rule: str) -> Mapping[str, Any]:
    """Return what is stored of a tie, without since when."""
    return {"source": said[0].source, "says": [[s.source, s.value] for s in said], "rule": rule}
