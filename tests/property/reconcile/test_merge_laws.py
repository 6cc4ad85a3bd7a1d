"""Laws of reconciliation."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from synchub.domain.model import FIELDS
from synchub.domain.records import CLEAR, Contribution
from synchub.reconcile.authority import FOLLOWS, How
from synchub.reconcile.explain import explain_field
from synchub.reconcile.merge import merge, moment
from synchub.reconcile.placeholders import is_placeholder
from synchub.reconcile.rules import compile_rules
from tests.property.reconcile.strategies import MERGE_FIELDS, SOURCES, contributions

NOW = moment("2026-11-22T00:00:00Z")
CONFIGS: tuple[dict[str, Any] | None, ...] = (
    None,
    {"hardware": {"fields": {"default": ["scan", "mdm"], "price": ["erp"], "assigned_to": ["mdm", "*"]}}},
    {"hardware": {"fields": {"ram_mib": "largest", "os_version": "most_reported", "location": "newest"}}},
    {"hardware": {"silent_after": "7d"}, "computer": {"fields": {"name": ["hr", "erp"]}}},
    {"hardware": {"fields": {"name": [{"source": "mdm", "when": {"lifecycle": "deployed"}}, "erp"]}}},
    {"hardware": {"silent_after": {"mdm": "36h", "scan": "30d"}, "fields": {"default": ["mdm", "scan", "erp"]}}},
)
RULES = [compile_rules(config, SOURCES) for config in CONFIGS]
MEMBERS = contributions(MERGE_FIELDS, max_size=6)
ANY_RULES = st.integers(0, len(RULES) - 1)  # compiled rules are too long to print


@given(MEMBERS, ANY_RULES, st.randoms())
def test_order_of_members_does_not_matter(members: list[Contribution], which: int, random: Any) -> None:
    """Shuffled contributions give the same golden record and the same winners."""
    rules = RULES[which]
    shuffled = list(members)
    random.shuffle(shuffled)

    assert merge(members, rules, NOW) == merge(shuffled, rules, NOW)


@given(MEMBERS, ANY_RULES)
def test_values_are_never_invented(members: list[Contribution], which: int) -> None:
    """Each value is the winner's own; a union holds only values that somebody gave."""
    rules = RULES[which]
    golden = merge(members, rules, NOW)
    by_id = {r.record: r for r in members}

    for name, value in golden.fields.items():
        assert name in FIELDS[golden.cls]
        said = by_id[golden.winners[name]].fields[name]
        if isinstance(value, list):
            assert set(value) <= {v for r in members for v in r.fields.get(name, ())}
        else:
            assert value == said


@given(MEMBERS, ANY_RULES)
def test_unknown_values_do_not_win(members: list[Contribution], which: int) -> None:
    """A field that an allowed source knows is known, unless somebody cleared it on purpose or it is a placeholder."""
    rules = RULES[which]
    golden = merge(members, rules, NOW)
    own = rules.classes[golden.cls]

    for name in FIELDS[golden.cls]:
        rule = own.rule(name)
        if rule.closed or name in FOLLOWS:
            continue
        said = [v for r in members if (v := r.fields.get(name)) is not None]
        real = [v for v in said if v == CLEAR or isinstance(v, list) or not is_placeholder(name, str(v))]
        assert name in golden.winners or not real or all(isinstance(v, list) for v in real)
        assert golden.fields.get(name, "") is not None


@given(MEMBERS, ANY_RULES)
def test_placeholders_are_no_values(members: list[Contribution], which: int) -> None:
    """No golden record holds a placeholder identity."""
    rules = RULES[which]
    golden = merge(members, rules, NOW)

    assert not is_placeholder("serial_number", golden.fields.get("serial_number", "5CG81F02QX"))
    assert not any(is_placeholder("mac_addresses", mac) for mac in golden.fields.get("mac_addresses", ()))


@given(MEMBERS, ANY_RULES)
def test_older_never_beats_newer_of_the_same_source(members: list[Contribution], which: int) -> None:
    """The winner of a field is the newest record of its source that says anything about it."""
    rules = RULES[which]
    golden = merge(members, rules, NOW)
    by_id = {r.record: r for r in members}

    for name, record in golden.winners.items():
        winner = by_id[record]
        if name in FOLLOWS:
            continue
        newer = [
            r for r in members if r.source == winner.source and r.observed_at > winner.observed_at and _says(r, name)
        ]
        assert newer == []


def _says(record: Contribution, name: str) -> bool:
    value = record.fields.get(name)
    if isinstance(value, list):
        return any(not is_placeholder(name, v) for v in value)
    return value is not None and not is_placeholder(name, str(value))


@given(MEMBERS, ANY_RULES)
def test_explanation_and_merge_agree(members: list[Contribution], which: int) -> None:
    """For every field the explanation names the value and the winner that merge found, and a reason for each loser."""
    rules = RULES[which]
    golden = merge(members, rules, NOW)

    for name in FIELDS[golden.cls]:
        told = explain_field(members, rules, NOW, name)
        assert told.value == golden.fields.get(name)
        assert told.winner == golden.winners.get(name)
        assert len(told.voices) == len(members)
        assert all(v.won or v.reason for v in told.voices)
        assert rules.classes[golden.cls].rule(name).how is How.UNION or sum(v.won for v in told.voices) <= 1


@given(MEMBERS, ANY_RULES, st.integers(0, 40 * 86_400))
def test_nothing_changes_before_it_falls_due(members: list[Contribution], which: int, wait: int) -> None:
    """Between now and `due_at` the clock alone changes nothing."""
    rules = RULES[which]
    now = merge(members, rules, NOW)
    later = merge(members, rules, NOW + wait)

    if now.due_at is None or NOW + wait < now.due_at:
        assert (later.cls, later.fields, later.winners) == (now.cls, now.fields, now.winners)
    assert now.due_at is None or now.due_at > NOW


@given(MEMBERS, ANY_RULES)
def test_a_record_twice_says_what_it_says_once(members: list[Contribution], which: int) -> None:
    """Merging is idempotent: a stored copy of a contribution changes no value, except where votes are counted."""
    rules = RULES[which]
    golden = merge(members, rules, NOW)

    assert merge([*members, members[0]], rules, NOW).fields == golden.fields
