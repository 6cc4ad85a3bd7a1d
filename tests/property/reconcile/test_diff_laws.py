"""Laws of the three-way decision."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from synchub.domain.records import CLEAR
from synchub.reconcile.diff import Action, Policy, decide, is_empty, same_value

VALUES = st.sampled_from([None, "", "a", "b", "c", 0, 1, False, ["x"], ["x", "y"], []])
WANTED = VALUES | st.just(CLEAR)
POLICIES = st.sampled_from(
    [Policy("hub"), Policy("target"), Policy("if_empty"), Policy("ask"), Policy("target_for", 30 * 86_400)]
)
NOW = 1_795_000_000


@given(WANTED, VALUES, VALUES, st.booleans(), POLICIES)
def test_a_persons_value_is_overwritten_only_by_policy(
    wanted: Any, actual: Any, base: Any, known: bool, policy: Policy
) -> None:
    """A non-empty value that is not the base is written over only under `hub`, or when `target_for` is over."""
    decision = decide(wanted, actual, base, known, policy, now=NOW)
    theirs = not is_empty(actual) and not (known and same_value(actual, base))

    if decision.action is Action.WRITE and theirs:
        assert policy.name == "hub"


@given(WANTED, VALUES, VALUES, st.booleans(), POLICIES)
def test_deciding_again_after_the_write_writes_nothing(
    wanted: Any, actual: Any, base: Any, known: bool, policy: Policy
) -> None:
    """What was applied is equal the next time; what was not written is not written the next time either."""
    decision = decide(wanted, actual, base, known, policy, now=NOW, edited_at=NOW)
    if decision.action is Action.WRITE:
        again = decide(wanted, wanted, wanted, True, policy, now=NOW)
        assert again.action is Action.EQUAL
    else:
        assert decide(wanted, actual, base, known, policy, now=NOW, edited_at=NOW) == decision


@given(WANTED, VALUES, VALUES, st.booleans(), POLICIES)
def test_equal_values_are_never_written(wanted: Any, actual: Any, base: Any, known: bool, policy: Policy) -> None:
    """No change, no write; nothing known, no write."""
    decision = decide(wanted, actual, base, known, policy, now=NOW)

    if wanted is None or same_value(wanted, actual):
        assert decision.action in (Action.EQUAL, Action.KEEP)
    if decision.action is Action.WRITE:
        assert not same_value(wanted, actual)


@given(VALUES, VALUES, VALUES)
def test_target_for_writes_only_when_its_time_is_over(wanted: Any, actual: Any, base: Any) -> None:
    """The moment at which the decision falls due is the moment at which it changes."""
    policy = Policy("target_for", 1000)
    early = decide(wanted, actual, base, True, policy, now=NOW, edited_at=NOW - 999)

    if early.due_at is not None:
        assert early.action is Action.THEIR_EDIT
        late = decide(wanted, actual, base, True, policy, now=early.due_at, edited_at=NOW - 999)
        assert late.action is Action.WRITE


@given(VALUES, VALUES, POLICIES)
def test_first_contact_empties_nothing(actual: Any, base: Any, policy: Policy) -> None:
    """Without a base, *empty on purpose* is not written over a value."""
    decision = decide(CLEAR, actual, base, False, policy, now=NOW)

    assert decision.action in (Action.KEEP, Action.EQUAL)
