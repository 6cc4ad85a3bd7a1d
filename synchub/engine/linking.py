"""Find the objects that other people made for the hub's entities: first contact, and things that appear later."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from synchub.domain.model import CLASSES
from synchub.domain.plan import PlanRow
from synchub.engine.chosen import Chosen
from synchub.engine.claims import HUB_KEY, Claims
from synchub.engine.contact import NAME, TargetJob, entity_hashes
from synchub.mapports import ObjectIdentity
from synchub.reconcile import match as matching
from synchub.reconcile.identifiers import Kind, Traits, identifier_hash
from synchub.stores import NEVER, EntityRow, ObjectRow, State

DECISION = "a person's decision"


@dataclass(slots=True)
class Match:
    """What was found for one entity.

    Attributes:
        objects: Facet -> object to link.
        by: By what they agree.
        duplicates: Further objects of the same thing.
        conflict: Why a person has to decide; then nothing is linked or created.
    """

    objects: dict[str, ObjectRow] = field(default_factory=dict)
    by: str = ""
    duplicates: tuple[str, ...] = ()
    conflict: str = ""


class Linker:
    """Matches entities that have no object yet against the unlinked objects of a target."""

    def __init__(self, job: TargetJob, state: State, target: int, *, first: bool = False) -> None:
        self._job, self._state, self._target = job, state, target
        self._claims = Claims(job.hub_id, state, target, everything=first)
        self._empty = not self._claims.there and state.targets.is_empty(target)
        self._taken: set[str] = set()
        self._names: dict[str, int] | None = None
        self._names_made: set[str] = set()
        self.chosen = Chosen(state, target, job.name)
        self.choices: dict[int, Sequence[str]] = {}  # entity -> objects between which a person has to choose
        self.by: dict[int, str] = {}  # entity -> by what it agrees with the object it was matched to
        self.duplicates: dict[int, tuple[str, ...]] = {}  # entity -> further objects of the same thing

    def match(self, entities: Sequence[tuple[EntityRow, Mapping[str, Any]]], *, take: bool = True) -> dict[int, Match]:
        """Match a chunk of entities; those for which nothing was found are missing from the answer.

        Args:
            entities: Without an object in the target.
            take: What is found is given to nobody else in this plan.
        """
        if self._empty or not entities:
            return {}
        result = self._by_choice(entities, take=take)
        entities = [(e, doc) for e, doc in entities if e.id not in result] if result else entities
        claimed = self._claims.of([e for e, _ in entities])
        hashes = {e.id: entity_hashes(e.cls, doc) for e, doc in entities}
        found = self._state.targets.candidates(self._target, sorted({h for some in hashes.values() for h in some}))
        holders: dict[int, list[int]] = {}
        for hash_, number in found:
            holders.setdefault(hash_, []).append(number)
        numbers = {number for _, number in found} | {n for some in claimed.values() for n in some}
        objects = {o.id: o for o in self._state.targets.objects(self._target, sorted(numbers))}
        taken = self._taken_by_mate(list(objects.values()))
        for entity, doc in entities:
            mine = claimed.get(entity.id, ())
            near = {n for h in hashes[entity.id] for n in holders.get(h, ())[:200]}.union(mine)
            some = [
                objects[n]
                for n in sorted(near)
                if objects[n].entity is None
                and objects[n].object_id not in self._taken
                and (n in mine or (n not in taken and not self._claims.by_other(n, entity.id)))
            ]
            match = self._match(entity, doc, some, frozenset(mine)) if some else None
            if match is None and len(some) < len(near):
                match = self._clash(entity, doc, [objects[n] for n in sorted(near)])
            if match is not None:
                result[entity.id] = match
                if take:
                    self._taken.update(o.object_id for o in match.objects.values())
                    self.duplicates[entity.id] = match.duplicates
                    self.by[entity.id] = match.by
        return result

    def _by_choice(self, entities: Sequence[tuple[EntityRow, Mapping[str, Any]]], *, take: bool) -> dict[int, Match]:
        """Match what people matched; an object that is another thing's by now, or gone, is not taken."""
        wanted = {e.id: (e.cls, self.chosen.objects[e.id]) for e, _ in entities if e.id in self.chosen.objects}
        if not wanted:
            return {}
        ids = sorted({object_id for _, objects in wanted.values() for object_id in objects.values()})
        known = self._state.targets.by_object_id(self._target, ids)
        result: dict[int, Match] = {}
        for entity, (cls, objects) in wanted.items():
            facets = self._job.maps.facets(cls)
            for facet in facets:
                item = known.get(objects.get(facet.facet, ""))
                if item is None or item.entity is not None or item.object_id in self._taken:
                    continue
                match = result.setdefault(entity, Match(by=DECISION))
                match.objects.setdefault(facet.facet, item)
                self._counterpart(match, facets, facet, item)
                if take:
                    self._taken.update(o.object_id for o in match.objects.values())
                    self.by[entity] = DECISION
        return result

    def _taken_by_mate(self, objects: Sequence[ObjectRow]) -> set[int]:
        """Return the objects whose counterpart is linked already: they belong to that entity."""
        mates = self._state.targets.by_object_id(self._target, [o.counterpart for o in objects if o.counterpart])
        return {o.id for o in objects if o.counterpart in mates and mates[o.counterpart].entity is not None}

    def _with_name(self, doc: Mapping[str, Any]) -> int:
        """Count the things that have a thing's host name; asked only where nothing but the name speaks for a link."""
        if self._names is None:
            self._names = self._state.entities.names()
        return self._names.get(str(doc.get("hostname") or doc.get("name") or "").lower(), 1)

    def _match(
        self, entity: EntityRow, doc: Mapping[str, Any], objects: Sequence[ObjectRow], own: Collection[int]
    ) -> Match | None:
        facets = self._job.maps.facets(entity.cls)
        person = CLASSES[entity.cls].family == "person"
        match = self._by_key(facets, doc, [o for o in objects if o.id in own], person=person) if own else None
        for facet in facets:
            if match is not None and facet.facet in match.objects:
                continue
            # Beside a matched object only a lone one can be its counterpart: the others belong to something else.
            mine = [o for o in objects if o.kind == facet.read_kind and (match is None or not o.counterpart)]
            if not mine:
                continue
            candidates = [self._identity(facet, o, person=person) for o in mine]
            decision = (matching.match_people if person else matching.match_objects)(doc, candidates)
            if decision.by == "hostname" and (named := self._with_name(doc)) > 1:
                decision = matching.match_objects(doc, candidates, entities_with_host=named)
            if decision.ambiguous and match is None:
                self.choices[entity.id] = decision.ambiguous
                return Match(conflict=f"ambiguous: {decision.reason} ({', '.join(decision.ambiguous[:5])})")
            if decision.object_id is not None:
                chosen = next(o for o in mine if o.object_id == decision.object_id)
                match = match or Match(by=decision.by)
                match.objects[facet.facet] = chosen
                match.duplicates += decision.duplicates
                self._counterpart(match, facets, facet, chosen)
        return match

    def _by_key(
        self, facets: Sequence[ObjectIdentity], doc: Mapping[str, Any], objects: Sequence[ObjectRow], *, person: bool
    ) -> Match | None:
        """Take what the hub created for the records of a thing, whatever they are grouped with by now.

        Of several the one in operation, then the oldest is linked: it was there before records came together, or before
        somebody copied it. What is certainly another thing by now is left to identification.
        """
        match: Match | None = None
        for facet in facets:
            fitting = [
                o
                for o in objects
                if o.kind == facet.read_kind
                and (person or not matching.contradiction(Traits(doc), Traits(facet.identity(o.fields))))
            ]
            if not fitting or (match is not None and facet.facet in match.objects):
                continue
            identities = {o.id: self._identity(facet, o, person=person) for o in fitting}
            chosen, *others = sorted(fitting, key=lambda o: (not identities[o.id].is_operational,
                                                             identities[o.id].created_at or NEVER, o.id))  # fmt: skip
            match = match or Match(by=HUB_KEY)
            match.objects[facet.facet] = chosen
            match.duplicates += tuple(o.object_id for o in others)
            self._counterpart(match, facets, facet, chosen)
        return match

    def _clash(self, entity: EntityRow, doc: Mapping[str, Any], objects: Sequence[ObjectRow]) -> Match | None:
        """Tell that the object a thing agrees with is another thing's: the two are probably one.

        Were an object created all the same, the target would hold its serial number or tag twice. Of a thing without a
        serial number the same holds where both card and host name are the other's.
        """
        if CLASSES[entity.cls].family != "hardware":
            return None
        telling = matching.STRONG if doc.get("serial_number") else {*matching.STRONG, "mac+hostname"}
        for facet in self._job.maps.facets(entity.cls):
            for item in objects:
                if item.kind == facet.read_kind:
                    decision = matching.match_objects(doc, [self._identity(facet, item, person=False)])
                    if decision.by in telling:
                        self.choices[entity.id] = (item.object_id,)
                        return Match(conflict=f"{decision.reason} as an object of another thing: {item.object_id}")
        return None

    def _counterpart(
        self, match: Match, facets: Sequence[ObjectIdentity], facet: ObjectIdentity, chosen: ObjectRow
    ) -> None:
        """Take the object that the target keeps in step with the matched one."""
        if not chosen.counterpart:
            return
        other = next(
            (
                f
                for f in facets
                if f.facet != facet.facet and (f.counterpart == facet.facet or facet.counterpart == f.facet)
            ),
            None,
        )
        if other is None:
            return
        found = self._state.targets.by_object_id(self._target, [chosen.counterpart]).get(chosen.counterpart)
        if found is not None and found.entity is None and other.facet not in match.objects:
            match.objects[other.facet] = found

    def _identity(self, facet: ObjectIdentity, item: ObjectRow, *, person: bool) -> matching.ObjectIdentity:
        fields = facet.identity(item.fields)
        created = item.fields.get(facet.created) if facet.created else None
        return matching.ObjectIdentity(
            item.object_id,
            fields,
            bool(item.counterpart),
            _operational(item, person=person),
            _age(created) if isinstance(created, str) else item.updated_at,
        )

    def may_create(self, entities: Sequence[int], docs: Mapping[int, Mapping[str, Any]]) -> dict[int, str]:
        """Find creates that would bring a serial number to the target which another thing has as well.

        Targets identify by serial number alone, so the second one would be taken for the first. Of several things with
        one serial number only one is created: none where another is linked or will be, else the oldest.

        Returns:
            Entity -> why it must not be created.
        """
        serials = {e: str(docs[e]["serial_number"]) for e in entities if docs[e].get("serial_number")}
        hashes = {identifier_hash(Kind.SERIAL, serial): serial for serial in serials.values()}
        holders = self._state.identity.holders(list(hashes))
        entity_of = self._state.identity.entities_of([record for _, record in holders])
        things: dict[str, set[int]] = {}
        for hash_, record in holders:
            if record in entity_of:
                things.setdefault(hashes[hash_], set()).add(entity_of[record])
        several = {e for found in things.values() if len(found) > 1 for e in found}
        if not several:
            return {}
        rows = {e: row for e, row in self._state.entities.get(sorted(several)).items() if row.state == "live"}
        linked = {e for e, _ in self._state.targets.object_ids(self._target, sorted(rows))} | (self.by.keys() & several)
        loose = [(row, orjson.loads(row.doc)) for e, row in rows.items() if e not in linked]
        linked |= {e for e, match in self.match(loose, take=False).items() if match.objects}
        blocked = {}
        for entity, serial in serials.items():
            others = (things.get(serial, set()) & rows.keys()) - {entity}
            if others and (others & linked or min(others) < entity):
                blocked[entity] = (
                    f"shared serial number: {serial} is also that of another thing, and the target goes by it"
                )
        return blocked

    def first_of_name(self, row: PlanRow) -> bool:
        """Tell whether this plan creates no other object of this name; the target would take the second for it."""
        name = str(row.values.get("name") or "").lower()
        if name and name in self._names_made:
            return False
        self._names_made.add(name)
        return True

    def are_others(self, doc: Mapping[str, Any], row: PlanRow) -> bool:
        """Tell whether all objects of a thing's name are certainly other things."""
        name = str(doc.get("hostname") or doc.get("name") or "").lower()
        found = self._state.targets.candidates(self._target, [identifier_hash(NAME, name)]) if name else []
        facet = next(f for f in self._job.maps.facets(row.cls) if f.facet == row.facet)
        objects = self._state.targets.objects(self._target, sorted({number for _, number in found}))
        return all(self.is_other(doc, row, o) for o in objects if o.kind == facet.read_kind)

    def is_other(self, doc: Mapping[str, Any], row: PlanRow, other: ObjectRow | None) -> bool:
        """Tell whether a target object is certainly another thing than an entity."""
        if other is None:
            return False
        if other.object_id in self._taken or other.entity not in (None, row.entity):
            return True  # it is another thing's, or will be with this plan
        facet = next(f for f in self._job.maps.facets(row.cls) if f.facet == row.facet)
        mine, theirs = Traits(doc), Traits(facet.identity(other.fields))
        return matching.contradiction(mine, theirs) != ""


def _operational(item: ObjectRow, *, person: bool) -> bool:
    fields = item.fields
    if person:
        return str(fields.get("active", "true")).lower() not in ("false", "0")
    return (
        str(fields.get("install_status") or "1") not in ("7", "100")
        and str(fields.get("operational_status") or "1") != "6"
    )


def _age(text: str) -> int:
    digits = "".join(c for c in text if c.isdigit())
    return int(digits[:14] or 0)
