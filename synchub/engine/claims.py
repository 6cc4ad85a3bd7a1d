"""Which things the hub created an object for, by the hub keys that objects carry: for a state that does not know it.

A key is made of a native key (`synchub.domain.hubkey`), so it says for which record an object was created; the thing
that this record belongs to by now has the first claim on the object, before any identification rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synchub.domain.hubkey import MOST, hub_key, hub_of, token
from synchub.stores import EntityRow, State

HUB_KEY = "hub key"


class Claims:
    """Claims of entities on objects that are linked to nothing and carry a hub key of this hub.

    Args:
        hub_id: Names this hub.
        state: All stores.
        target: Number of the target.
        everything: Nothing was planned yet: the claims of all entities are worked out at once, so that none is given an
            object on which a later one has a claim. Else those of the entities asked for.

    Attributes:
        there: There are such objects, or ones of another hub.
    """

    def __init__(self, hub_id: str, state: State, target: int, *, everything: bool) -> None:
        self._hub_id, self._state, self._target = hub_id, state, target
        self.there = state.targets.has_marked(target)
        self._everything = everything
        self._by_object: dict[int, int] | None = None
        self._by_entity: dict[int, list[int]] = {}

    def of(self, entities: Sequence[EntityRow]) -> dict[int, list[int]]:
        """Return entity -> numbers of the objects on which it has a claim."""
        if not self.there:
            return {}
        if not self._everything:
            return self._claims([e.id for e in entities], self._state.identity.native_keys([e.id for e in entities]))
        if self._by_object is None:
            self._by_entity = self._claims(None, self._state.identity.native_keys())
            self._by_object = {number: entity for entity, some in self._by_entity.items() for number in some}
        return {e.id: self._by_entity[e.id] for e in entities if e.id in self._by_entity}

    def by_other(self, number: int, entity: int) -> bool:
        """Tell whether another entity has a claim on an object."""
        return self._by_object is not None and self._by_object.get(number, entity) != entity

    def _claims(
        self, entities: Sequence[int] | None, records: Iterable[tuple[int, str, str, str]]
    ) -> dict[int, list[int]]:
        """Work out claims; a key that was made later for the same record counts before the earlier ones."""
        keys: dict[str, tuple[int, int, tuple[str, str, str]]] = {}
        marked = None if entities is not None else self._marked(None)
        for entity, source, stream, key in records:
            for again in range(MOST):
                mark = hub_key(self._hub_id, token(source, stream, key, again))
                if marked is None or mark in marked:
                    keys[mark] = (entity, again, (source, stream, key))
        if marked is None:
            marked = self._marked(list(keys))
        latest: dict[tuple[str, str, str], int] = {}
        for mark in marked.keys() & keys.keys():
            _, again, record = keys[mark]
            latest[record] = max(again, latest.get(record, 0))
        found: dict[int, list[int]] = {}
        for mark, numbers in marked.items():
            if mark in keys:
                entity, again, record = keys[mark]
                if latest[record] == again:
                    found.setdefault(entity, []).extend(numbers)
        return found

    def _marked(self, marks: Sequence[str] | None) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for mark, number in self._state.targets.marked(self._target, marks):
            if hub_of(mark) == self._hub_id:
                found.setdefault(mark, []).append(number)
        return found
