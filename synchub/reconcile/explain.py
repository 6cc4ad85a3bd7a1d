"""Why a field of an entity has its value: winner, losers and reasons, by the same functions as `merge`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from synchub.domain.records import CLEAR, Contribution
from synchub.reconcile.authority import FOLLOWS, KNOWN_FIELDS, How
from synchub.reconcile.employment import Heard, ends
from synchub.reconcile.merge import choose, class_of, rank, speakers, staleness, usable
from synchub.reconcile.rules import FieldRule, Rules


class Voice(NamedTuple):
    """What one record says about the field.

    Attributes:
        record: Ledger id.
        source: Configured name.
        value: As the record has it; None when it says nothing. `CLEAR` when it says on purpose that there is none.
        won: Its value is the entity's (for a union: part of it).
        reason: Why it lost, in words; empty for the winner.
    """

    record: int
    source: str
    value: Any
    won: bool
    reason: str


class FieldExplanation(NamedTuple):
    """The answer to: why does this field have this value?

    Attributes:
        field: Canonical field.
        value: The entity's value; None when it has none.
        winner: Ledger id of the record that won; None when nobody knows.
        rule: The rule in words, for example `"mdm before erp"`.
        place: Where the rule stands.
        voices: One per member, the winner first, then best to worst.
    """

    field: str
    value: Any
    winner: int | None
    rule: str
    place: str
    voices: tuple[Voice, ...]


def explain_field(members: Sequence[Contribution], rules: Rules, now: int, field: str) -> FieldExplanation:
    """Explain one field of an entity; consistent with `merge` of the same members, rules and moment.

    Args:
        members: Contributions of the entity, in any order.
        rules: Compiled rules.
        now: Seconds since 1970 UTC.
        field: Canonical field; one that the class does not have gives an explanation without a winner.
    """
    cls = class_of(members, rules)
    own = rules.classes[cls]
    rule = own.rule(field)
    stale, _ = staleness(members, own, now)
    heard = [(record, usable(record, cls)) for record in members]
    ranked = rank(heard, rule, stale)
    found = choose(rule, speakers(field, ranked))
    if cls == "person" and field == "ends_on" and len(members) > 1:
        lead = explain_field(members, rules, now, "status").winner
        found = choose(rule, ends(ranked, next((r for r, _ in heard if r.record == lead), None)))
    text, place = rule.text, rule.place
    leader = FOLLOWS.get(field)
    if leader is not None:
        led = explain_field(members, rules, now, leader)
        if led.winner is not None:
            record, values = next(pair for pair in heard if pair[0].record == led.winner)
            found = (values[field], record) if field in values else None
            text, place = f"from the record that gave {leader}", led.place
    winner = found[1] if found else None
    value = None if found is None or found[0] == CLEAR else found[0]
    everyone = [*ranked, *(pair for pair in heard if all(pair[0] is not r for r, _ in ranked))]
    telling = _Telling(field, cls, rule, [r for r, _ in ranked], stale, winner, leader is not None)
    voices = sorted(
        (telling.voice(pair, found) for pair in everyone), key=lambda v: v.record != (winner and winner.record)
    )
    return FieldExplanation(field, value, winner.record if winner else None, text, place, tuple(voices))


class _Telling(NamedTuple):
    """What is needed to say why a record lost."""

    field: str
    cls: str
    rule: FieldRule
    ranked: list[Contribution]
    stale: frozenset[str]
    winner: Contribution | None
    follows: bool

    def voice(self, pair: Heard, found: tuple[Any, Contribution] | None) -> Voice:
        record, values = pair
        said = record.fields.get(self.field)
        won = found is not None and record is self.winner
        reason = "" if won else self._reason(record, said, values.get(self.field))
        if not reason and found is not None and self.rule.how is How.UNION:
            won = True
        return Voice(record.record, record.source, said, won, reason)

    def _reason(self, record: Contribution, said: Any, usable_value: Any) -> str:
        winner = self.winner
        if said is None:
            return "an empty value does not win"
        if self.field not in KNOWN_FIELDS[self.cls]:
            return f"{self.cls} has no such field"
        if usable_value is None:
            return "a placeholder is no value"
        if all(record is not r for r in self.ranked):
            return f"{record.source} may not say this field: {self.rule.text}"
        if self.cls == "person" and (winner is None or record.source == winner.source):
            return "another employment counts" + (f": {_value(winner, self.field)}" if winner else "")
        if winner is None or self.follows:
            return "another record gave the value this belongs to"
        if record.source == winner.source:
            return f"older: the same source said {_value(winner, self.field)} later" + _at(winner)
        if self.rule.how is How.UNION:
            return self._union_reason(record)
        if self.rule.how is not How.ORDERED:
            return f"rule: {self.rule.text}"
        if record.source in self.stale and winner.source not in self.stale:
            return "silent for longer than its window"
        mine, best = (self.rule.ranks.get(r.source, self.rule.otherwise) for r in (record, winner))
        if mine != best:
            return f"rule: {self.rule.text}"
        return "older observation, equal rank" if record.observed_at < winner.observed_at else "equal rank and age"

    def _union_reason(self, record: Contribution) -> str:
        first = next(r for r in self.ranked if r.source == record.source and self.field in r.fields)
        return "" if first is record else "older: the same source has a newer list" + _at(first)


def _value(record: Contribution, field: str) -> str:
    value = record.fields.get(field)
    return "(empty)" if value == CLEAR else repr(value)


def _at(record: Contribution) -> str:
    if not record.observed_at:
        return ""
    return f" ({datetime.fromtimestamp(record.observed_at, UTC):%Y-%m-%d %H:%M} UTC)"
