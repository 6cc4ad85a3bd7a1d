"""The three-way table, row by row."""

from __future__ import annotations

import pytest

from synchub.domain.records import CLEAR
from synchub.errors import ConfigError
from synchub.reconcile.diff import Action, Policy, decide, parse_policy, same_value

E, W, K, T, C = Action.EQUAL, Action.WRITE, Action.KEEP, Action.THEIR_EDIT, Action.CONFLICT
POLICIES = ("hub", "target", "target_for: 30d", "if_empty", "ask")
ROWS = [
    # known base, base, wanted, actual, then hub, target, target_for, if_empty, ask
    (True, "B", None, "B", (K, K, K, K, K)),
    (False, None, None, "Y", (K, K, K, K, K)),
    (True, "B", "X", "X", (E, E, E, E, E)),
    (False, None, "X", "X", (E, E, E, E, E)),
    (True, None, "X", None, (W, W, W, W, W)),
    (True, "B", "X", "B", (W, W, W, K, W)),
    (True, "B", "B", None, (W, T, T, W, C)),
    (True, "B", "B", "Y", (W, T, T, T, C)),
    (True, "B", "X", "", (W, T, T, W, C)),
    (True, "B", "X", "Y", (W, T, T, T, C)),
    (False, None, "X", None, (W, W, W, W, W)),
    (False, None, "X", "Y", (W, C, C, K, C)),
    (False, None, CLEAR, "Y", (K, K, K, K, K)),
    (True, "B", CLEAR, "B", (W, W, W, K, W)),
    (True, "B", CLEAR, "Y", (W, T, T, T, C)),
    (False, None, CLEAR, None, (E, E, E, E, E)),
]


@pytest.mark.parametrize(
    ("known", "base", "wanted", "actual", "policy", "action"),
    [(k, b, w, a, p, x) for k, b, w, a, actions in ROWS for p, x in zip(POLICIES, actions, strict=True)],
)
def test_row(known: bool, base: object, wanted: object, actual: object, policy: str, action: Action) -> None:
    """Each row of the table under each policy."""
    assert decide(wanted, actual, base, known, parse_policy(policy), now=1000, edited_at=1000).action is action


def test_both_changed_is_contested() -> None:
    """Whoever wins, it is reported."""
    assert decide("X", "Y", "B", True, Policy("hub")).contested
    assert decide("X", "Y", "B", True, Policy("target")).contested
    assert not decide("B", "Y", "B", True, Policy("target")).contested


def test_target_for_ends() -> None:
    """Their edit stands for thirty days, then ours is written; the decision says when."""
    policy = parse_policy("target_for: 30d")
    during = decide("B", "Y", "B", True, policy, now=1000, edited_at=1000)
    after = decide("B", "Y", "B", True, policy, now=1000 + 30 * 86_400, edited_at=1000)

    assert (during.action, during.due_at) == (T, 1000 + 30 * 86_400)
    assert after.action is W


@pytest.mark.parametrize("text", ["", "both", "target_for", "target_for: 0d", "target_for: soon", "ASK"])
def test_unknown_policies_are_refused(text: str) -> None:
    """With the place and the known ones."""
    with pytest.raises(ConfigError) as caught:
        parse_policy(text, where="synchub.yaml:35")

    assert caught.value.where == "synchub.yaml:35"


def test_equal_means_equal_to_a_person() -> None:
    """Nothing is nothing however it is written; truth is not one."""
    assert same_value(None, [])
    assert same_value(["b", "a"], ["a", "b"])
    assert not same_value(True, 1)
    assert not same_value(0, None)
    assert not same_value(False, "")
