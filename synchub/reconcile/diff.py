"""Three-way decision for one field: what the hub wants, what the target holds, what both last agreed on (the base).

Policies say who wins where people work in the target: `hub` (we do), `target` (they do), `target_for: 30d` (they do for
so long after their edit), `if_empty` (only an empty field is filled), `ask` (a person decides).

| base    | wants | target holds        | hub   | target     | target_for       | if_empty   | ask      |
|---------|-------|---------------------|-------|------------|------------------|------------|----------|
| any     | ?     | anything            | keep  | keep       | keep             | keep       | keep     |
| any     | X     | X                   | equal | equal      | equal            | equal      | equal    |
| known B | X     | B, which is empty   | write | write      | write            | write      | write    |
| known B | X     | B, not empty        | write | write      | write            | keep       | write    |
| known B | B     | empty: they emptied | write | their_edit | their_edit/write | write      | conflict |
| known B | B     | Y: they edited      | write | their_edit | their_edit/write | their_edit | conflict |
| known B | X     | empty: both changed | write | their_edit | their_edit/write | write      | conflict |
| known B | X     | Y: both changed     | write | their_edit | their_edit/write | their_edit | conflict |
| none    | X     | empty               | write | write      | write            | write      | write    |
| none    | X     | Y                   | write | conflict   | conflict         | keep       | conflict |
| none    | clear | Y                   | keep  | keep       | keep             | keep       | keep     |

`?` is *nothing known*, `clear` is *empty on purpose* (with a base it is a value like any other).
*Both changed* is marked `contested`, whoever wins. A `conflict` writes nothing; at first contact (no base) under
`target` and `target_for` it is settled for the target unless somebody decides otherwise. `target_for` writes once the
time since their edit is over; until then the decision carries the moment at which it falls due. An edit whose time is
not known counts as made now. A hub that has just arrived empties nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from synchub.domain.records import CLEAR
from synchub.errors import ConfigError
from synchub.reconcile.rules import duration


class Action(StrEnum):
    """What is done with one field."""

    EQUAL = "equal"  # nothing to do; the base becomes this value
    WRITE = "write"
    KEEP = "keep"  # nothing is written, and nobody need be asked
    THEIR_EDIT = "their_edit"  # somebody changed it in the target, and may
    CONFLICT = "conflict"  # needs a rule or a person; nothing is written


class Policy(NamedTuple):
    """Who wins a field in a target.

    Attributes:
        name: `hub`, `target`, `target_for`, `if_empty` or `ask`.
        seconds: For `target_for`: how long their edit stands.
    """

    name: str
    seconds: int = 0


_NAMES = ("hub", "target", "if_empty", "ask")


def parse_policy(text: str, *, where: str = "") -> Policy:
    """Read a policy as written in the configuration, for example `"target_for: 30d"`.

    Raises:
        ConfigError: It is none of the known ones, or its duration is none.
    """
    name, _, rest = text.partition(":")
    if name.strip() == "target_for":
        return Policy("target_for", duration(rest.strip(), where=where))
    if text.strip() not in _NAMES:
        raise ConfigError(
            f"{text!r} is not a policy.", where=where, fix=f"Use one of {', '.join(_NAMES)} or target_for: 30d."
        )
    return Policy(text.strip())


class FieldDecision(NamedTuple):
    """What is done with one field, and why.

    Attributes:
        action: See `Action`.
        reason: In words.
        contested: Both sides changed it since the base, or it differed at first contact.
        due_at: When the decision changes by itself (seconds since 1970 UTC); None for never.
    """

    action: Action
    reason: str
    contested: bool = False
    due_at: int | None = None


def same_value(a: Any, b: Any) -> bool:
    """Compare two values of one target field: empties are equal, lists without order, numbers by value.

    >>> same_value(None, ""), same_value(["b", "a"], ["a", "b"]), same_value("1", 1)
    (True, True, False)
    """
    if is_empty(a) or is_empty(b):
        return is_empty(a) and is_empty(b)
    if isinstance(a, list) and isinstance(b, list):
        return sorted(map(str, a)) == sorted(map(str, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def is_empty(value: Any) -> bool:
    """Tell whether a target field holds nothing; False and 0 are values."""
    return value is None or value == CLEAR or value in ("", [])


def writes_over(actual: Any, base: Any, known_base: bool, same: Callable[[Any, Any], bool] = same_value) -> bool:
    """Tell whether writing a field goes over something that a person did: changed it, emptied it, or had it before."""
    return not same(actual, base) if known_base else not is_empty(actual)


def decide(
    desired: Any,
    actual: Any,
    base: Any,
    known_base: bool,
    policy: Policy,
    *,
    now: int = 0,
    edited_at: int | None = None,
    same: Callable[[Any, Any], bool] = same_value,
) -> FieldDecision:
    """Decide about one field; the table stands at the top of the module.

    Args:
        desired: What the hub wants. None: nothing is known. `CLEAR`: empty on purpose.
        actual: What the target holds.
        base: What both last agreed on.
        known_base: There is a base; without one this is first contact.
        policy: Who wins.
        now: Seconds since 1970 UTC.
        edited_at: When their edit was made, as far as the target tells.
        same: How values of this field are compared.
    """
    if desired is None:
        return FieldDecision(Action.KEEP, "nothing is known")
    if same(desired, actual):
        return FieldDecision(Action.EQUAL, "equal")
    if not known_base:
        return _first_contact(desired, actual, policy)
    if same(actual, base):
        if policy.name == "if_empty" and not is_empty(actual):
            return FieldDecision(Action.KEEP, "the field is not empty")
        return FieldDecision(Action.WRITE, "changed by the hub's sources")
    return _their_edit(actual, policy, not same(desired, base), now, edited_at)


def _first_contact(desired: Any, actual: Any, policy: Policy) -> FieldDecision:
    if is_empty(actual):
        return FieldDecision(Action.WRITE, "the field was empty")
    if is_empty(desired):
        return FieldDecision(Action.KEEP, "first contact empties nothing")
    if policy.name == "hub":
        return FieldDecision(Action.WRITE, "differed at first contact; policy hub", contested=True)
    if policy.name == "if_empty":
        return FieldDecision(Action.KEEP, "the field is not empty")
    return FieldDecision(Action.CONFLICT, f"differs at first contact; policy {policy.name}", contested=True)


def _their_edit(actual: Any, policy: Policy, contested: bool, now: int, edited_at: int | None) -> FieldDecision:
    what = "emptied" if is_empty(actual) else "changed"
    both = " while the hub's sources changed it, too" if contested else ""
    reason = f"{what} in the target{both}; policy {policy.name}"
    if policy.name == "hub" or (policy.name == "if_empty" and is_empty(actual)):
        return FieldDecision(Action.WRITE, reason, contested)
    if policy.name == "ask":
        return FieldDecision(Action.CONFLICT, reason, contested)
    if policy.name == "target_for":
        ends = (now if edited_at is None else edited_at) + policy.seconds
        if ends <= now:
            return FieldDecision(Action.WRITE, f"{reason}: its time is over", contested)
        return FieldDecision(Action.THEIR_EDIT, reason, contested, ends)
    return FieldDecision(Action.THEIR_EDIT, reason, contested)
