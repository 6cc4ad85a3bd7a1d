"""Hub keys of entities: made when an entity is founded, and loaded a slice at a time when objects are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from synchub.domain.hubkey import hub_key, token
from synchub.domain.records import Contribution
from synchub.stores import Entities


class HubKeys:
    """What the objects of entities carry.

    Args:
        hub_id: Names this hub.
        entities: Hold the tokens.
    """

    def __init__(self, hub_id: str, entities: Entities) -> None:
        self._hub_id, self._entities = hub_id, entities
        self._tokens: dict[int, str] = {}

    def learn(self, entities: Iterable[int]) -> None:
        """Load the keys of a slice of entities at once and forget the others."""
        self._tokens = self._entities.hub_keys(sorted(set(entities)))

    def of(self, entity: int) -> str:
        """Return the key of an entity; one that was not learned is loaded by itself.

        Raises:
            KeyError: There is no such entity.
        """
        if entity not in self._tokens:
            self._tokens |= self._entities.hub_keys([entity])
        return hub_key(self._hub_id, self._tokens[entity])


def found(entities: Entities, founded: Sequence[Sequence[Contribution]], *, known: bool) -> list[str]:
    """Make the tokens of new entities from their records; no two entities of a state have the same one.

    It is that of the first record, unless this has founded another entity before (it was split off, or went and came
    back): then that of the next one, and where all of them have, a salted one of the first.

    Args:
        entities: Know which tokens are taken.
        founded: The records of each new entity, in the order of source, stream and native key.
        known: There may be entities already.
    """
    result = [token(m[0].source, m[0].stream, m[0].key) for m in founded]
    if not known:
        return result
    used = entities.taken(result)
    mine: set[str] = set()
    for i, members in enumerate(founded):
        if result[i] in used or result[i] in mine:
            result[i] = _other(entities, members, mine)
        mine.add(result[i])
    return result


def _other(entities: Entities, members: Sequence[Contribution], mine: set[str]) -> str:
    tokens = [token(m.source, m.stream, m.key) for m in members[1:]]
    again = 0
    while True:
        taken = entities.taken(tokens) | mine
        free = next((t for t in tokens if t not in taken), None)
        if free is not None:
            return free
        again += 1
        tokens = [token(members[0].source, members[0].stream, members[0].key, again)]
