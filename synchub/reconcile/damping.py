"""Fields that flip to and fro between sources: when they are frozen, and what would settle them. Pure.

A field is frozen at its third turn: A became B, B became A again, and now another source says B once more, all within
the window. It keeps the value that it has, so that no target is written to a third time, until the sources agree, the
rule of the field changes, or a person decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synchub.domain.records import Contribution
from synchub.reconcile.rules import FieldRule

WINDOW = 14 * 86_400  # seconds; older turns do not count


def rule_text(rule: FieldRule) -> str:
    """Return a rule in words with its place."""
    return f"{rule.text} ({rule.place})"


def turns_back(history: Sequence[tuple[Any, Any]], old: Any, new: Any) -> bool:
    """Tell whether a change is the third turn to and fro.

    Args:
        history: (old, new) of the earlier changes of the field within the window, oldest first.
        old: What the field holds.
        new: What it would hold.
    """
    return len(history) > 1 and history[-1] == (new, old) and history[-2] == (old, new)


def agreed(field: str, members: Sequence[Contribution], value: Any) -> bool:
    """Tell whether nobody says anything else about a field than a value."""
    said = [m.fields[field] for m in members if field in m.fields]
    return bool(said) and all(other == value for other in said)


def sayer(field: str, members: Sequence[Contribution], source: str) -> Contribution | None:
    """Return the newest record of a source that knows a field."""
    known = [m for m in members if m.source == source and field in m.fields]
    return max(known, key=lambda m: (m.observed_at, m.stream, m.key), default=None)


def contested(
    before: Mapping[str, str], after: Mapping[str, str], old: Mapping[str, Any], new: Mapping[str, Any]
) -> list[str]:
    """List the fields whose value and whose winning source changed."""
    return sorted(
        name
        for name, source in after.items()
        if name in before and before[name] != source and name in old and name in new and old[name] != new[name]
    )
