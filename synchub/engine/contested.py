"""Fields in which people and the hub differ while a target is planned: kept as conflicts, settled by decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import orjson

from synchub.domain.plan import Value
from synchub.engine.references import waits_for
from synchub.mapports import ObjectIdentity
from synchub.stores import ObjectRow, State
from synchub.stores.conflicts import ASK, THEIRS
from synchub.stores.decisions import FIELD, about

Keep = Literal["hub", "target"]


class Contested:
    """What differs in one plan.

    Args:
        target: Configured name of the target.
        number: Its number in the state.
        state: All stores.
        run: The run that plans.
    """

    def __init__(self, target: str, number: int, state: State, run: int) -> None:
        self._target, self._number, self._state, self._run = target, number, state, run
        self._decided = {d.about: d.answer for d in state.decisions.active(FIELD)}
        self._any = state.conflicts.any(number)
        self._found: list[tuple[int, str, str, str, bytes]] = []

    def decided(self, facet: ObjectIdentity, name: str, wanted: Any, existing: ObjectRow) -> Keep | None:
        """Tell what a person decided about a field; None where nobody did, or one of the two values is another now.

        Args:
            facet: Compares.
            name: Target field.
            wanted: What the hub wants.
            existing: The object as it is.
        """
        if not self._decided:
            return None
        answer = self._decided.get(field_name(self._target, existing, name))
        if not isinstance(answer, dict) or waits_for(wanted) is not None:
            return None
        same = facet.same(name, answer.get("theirs"), existing.fields.get(name))
        if not same or not facet.same(name, answer.get("hub"), wanted):
            return None
        return "hub" if answer.get("keep") == "hub" else "target"

    def note(
        self, entity: int, facet: ObjectIdentity, name: str, wanted: Value, existing: ObjectRow, *, asks: bool
    ) -> None:
        """Note a field that differs: a person is asked, or theirs stands by policy."""
        detail = {
            "theirs": existing.fields.get(name), "hub": wanted, "base": (existing.base or {}).get(name),
            "by": existing.updated_by, "at": existing.updated_at or None, "kind": existing.kind,
            "object_id": existing.object_id,
        }  # fmt: skip
        self._found.append((entity, facet.facet, name, ASK if asks else THEIRS, orjson.dumps(detail)))

    def store(self, entities: Sequence[int]) -> None:
        """Store what was noted of some entities, and close what they had that is settled."""
        if self._found or self._any:
            self._state.conflicts.see(self._number, entities, self._found, self._run)
        self._found = []


def field_name(target: str, existing: ObjectRow, name: str) -> str:
    """Name a field of a target object, as decisions about fields do (`Decision.about`)."""
    return about([target, existing.kind, existing.object_id, name])
