"""Which object of a target a thing is, where a person had to say so."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from synchub.domain.plan import Op, PlanRow, RowState
from synchub.stores import State
from synchub.stores.decisions import LINK

_IDENTITY = (Op.LINK, Op.CREATE, Op.INSERT)


class Chosen:
    """What people chose at one target, and what they still have to choose.

    Args:
        state: All stores.
        target: Number of the target.
        name: Configured name of the target.
    """

    def __init__(self, state: State, target: int, name: str) -> None:
        self._state, self._target = state, target
        self._open = state.questions.any_identity(target)
        found: dict[str, dict[str, str]] = {}
        for decision in state.decisions.active(LINK):
            about = decision.names
            if len(about) == 3 and about[0] == name:
                found.setdefault(about[1], {})[about[2]] = str(decision.answer)
        records = state.decisions.records(found.keys()) if found else {}
        entities = state.identity.entities_of(list(records.values())) if records else {}
        self.objects: dict[int, dict[str, str]] = {
            entities[number]: found[name] for name, number in records.items() if number in entities
        }

    def see(
        self, entities: Sequence[int], rows: Sequence[PlanRow], choices: dict[int, Sequence[str]], run: int
    ) -> None:
        """Keep what a chunk of a plan could not tell, so that people can choose; `choices`: entity -> object ids."""
        found = [
            (row.entity, row.facet, orjson.dumps({"note": row.note, "objects": list(choices.get(row.entity, ()))}))
            for row in rows
            if row.state is RowState.CONFLICT and row.op in _IDENTITY
        ]
        if found or self._open:
            self._state.questions.see(self._target, entities, found, run)
