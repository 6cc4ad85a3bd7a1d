"""Resolve references to a target's own ids: people through their links, companies, models and places by look-up.

Nothing is created on the way: a reference that cannot be resolved leaves its field alone, and the entity is planned
again until it can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import orjson

from synchub.domain.model import CLASSES
from synchub.domain.plan import Link, Lookup
from synchub.engine.contact import TargetJob
from synchub.reconcile.identifiers import Kind, identifier_hash
from synchub.stores import State

PHASE = 10**10  # row numbers: people, things, their counterparts, references that close a circle of people
STANDING = 4 * PHASE  # numbers of rows that wait for a person, by entity
LEVEL = 10**8  # within a phase: who is referred to comes before who refers to him
LOOKUP, PERSON = "lookup", "person"  # kinds of what an entity may wait for
_EMAIL, _LOGIN, _WORKER_ID, _DIRECTORY_ID = map(int, (Kind.EMAIL, Kind.LOGIN, Kind.WORKER_ID, Kind.DIRECTORY_ID))
_ENTITY = "$entity"  # in a planned value: the object of that entity, once it exists


def waits_for(value: Any) -> int | None:
    """Return the entity whose object a planned value stands for; None for a plain value.

    >>> waits_for({"$entity": 12}), waits_for("x")
    (12, None)
    """
    return value[_ENTITY] if isinstance(value, dict) else None


class References:
    """The references of one plan, each asked for once.

    Attributes:
        waiting: What could not be resolved, in the order in which it was met: in words, and kind and name of what has
            to appear (empty where nothing tells that it did).
        coming: People that this plan looks at: they may get their object from it.
        adopted: Person -> object of the target that this plan links to him.
    """

    UNKNOWN: Final = object()

    def __init__(self, job: TargetJob, state: State, target: int) -> None:
        self._job, self._state, self._target = job, state, target
        self._looked_up: dict[tuple[str, str], dict[str, str | None]] = {}
        self._people: dict[str, tuple[int, str | None] | None] = {}
        self._delivers_people = any(CLASSES[cls].family == "person" for cls in job.classes)
        self.waiting: list[tuple[str, str, str]] = []
        self.coming: Collection[int] = frozenset()
        self.adopted: dict[int, str] = {}

    def learn(self, values: Iterable[Any]) -> None:
        """Ask for everything that some values refer to and that is not known yet."""
        lookups: dict[tuple[str, str], set[str]] = {}
        people: dict[str, Sequence[int]] = {}
        for value in values:
            if type(value) is Lookup:
                if value.value not in self._looked_up.get((value.kind, value.by), ()):
                    lookups.setdefault((value.kind, value.by), set()).add(value.value)
            elif type(value) is Link and value.value not in self._people and value.value not in people:
                people[value.value] = _person_hashes(value.value)
        for (kind, by), wanted in lookups.items():
            found = self._job.target.lookup(kind, by, sorted(wanted))
            self._looked_up.setdefault((kind, by), {}).update({name: found.get(name) for name in wanted})
        if people:
            self._learn_people(people)

    def _learn_people(self, people: Mapping[str, Sequence[int]]) -> None:
        hashes = {hash_ for some in people.values() for hash_ in some}
        known = self._state.targets.people(self._target, list(hashes))
        for name, some in people.items():
            persons = {known[hash_] for hash_ in some if hash_ in known}
            self._people[name] = next(iter(persons)) if len(persons) == 1 else None

    def resolve(self, filled: Any) -> Any:
        """Return the value to write, `{"$entity": id}` for an object that is still to come, or `UNKNOWN`."""
        if type(filled) is Lookup:
            found = self._looked_up.get((filled.kind, filled.by), {}).get(filled.value)
            if found is None:
                words = f"{filled.kind} {filled.value!r}".replace("\\x1f", " / ")
                self.waiting.append((words, LOOKUP, orjson.dumps([filled.kind, filled.by, filled.value]).decode()))
                return self.UNKNOWN
            return found
        if type(filled) is Link:
            person = self._people.get(filled.value)
            if person is None:
                self.waiting.append(("person", PERSON, filled.value))
                return self.UNKNOWN
            if person[1] is None:
                if not self._delivers_people:
                    return self.UNKNOWN
                if person[0] not in self.coming:
                    self.waiting.append(("person", "", ""))
                    return self.UNKNOWN
                return {_ENTITY: person[0]}
            return person[1]
        return filled

    def meant(self, wanted: Any) -> Any:
        """Return what a resolved value will be in the target; None for an object that this plan creates."""
        entity = waits_for(wanted)
        return wanted if entity is None else self.adopted.get(entity)

    def appeared(self, kind: str, names: Sequence[str]) -> list[str]:
        """Return those of the names in `waiting` behind which there is something by now."""
        links = {n: Link("person", n) if kind == PERSON else Lookup(*orjson.loads(n)) for n in names}
        self.learn(links.values())
        return [name for name, link in links.items() if self._knows(link)]

    def _knows(self, link: Lookup | Link) -> bool:
        if isinstance(link, Link):
            return self._people.get(link.value) is not None
        return self._looked_up.get((link.kind, link.by), {}).get(link.value) is not None

    def to_come(self, link: Link) -> int | None:
        """Return the person a link means, when he has no object in the target yet."""
        person = self._people.get(link.value)
        return person[0] if person is not None and person[1] is None else None


def _person_hashes(value: str) -> Sequence[int]:
    """List the identifier hashes under which a person may be known by one identity string."""
    text = value.strip()
    lower = text.lower()
    hashes = [identifier_hash(kind, lower) for kind in (_LOGIN, _WORKER_ID, _DIRECTORY_ID)]
    if "@" in lower:
        hashes.append(identifier_hash(_EMAIL, lower))
    if text != lower:
        hashes.append(identifier_hash(_WORKER_ID, text))
    return hashes
