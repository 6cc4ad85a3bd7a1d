"""Work out the exact writes that would bring a target to the desired state. Writes nothing to the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import xxhash

from synchub.domain.model import CLASSES
from synchub.domain.plan import Link, Lookup, PlanRow
from synchub.engine.contact import Contact, TargetJob, contact
from synchub.engine.contested import Contested
from synchub.engine.duplicates import Duplicates
from synchub.engine.fellows import lonely
from synchub.engine.foresee import foresee
from synchub.engine.gone import look
from synchub.engine.guards import Watch
from synchub.engine.linking import Linker
from synchub.engine.order import levels
from synchub.engine.pace import seldom_collected
from synchub.engine.references import LOOKUP, PERSON, STANDING, References
from synchub.engine.rows import Desired, RowMaker, label_of
from synchub.engine.shape import plan_shape
from synchub.engine.summary import Summary
from synchub.ports import Clock, Progress
from synchub.reconcile.rules import Rules
from synchub.stores import NEVER, WHOLE, EntityRow, ObjectRow, Parked, PlanState, State, TargetState

_CHUNK = 2000
_LONGEST = 500  # characters of what can be waited for; anything longer is looked up with every plan


@dataclass(frozen=True, slots=True)
class Planned:
    """A stored plan and what was seen while it was made."""

    plan: PlanState
    contact: Contact


@seldom_collected
def make_plan(
    job: TargetJob,
    state: State,
    rules: Rules,
    clock: Clock,
    run: int,
    progress: Progress | None = None,
    *,
    select: frozenset[int] | None = None,
) -> Planned:
    """Plan a target: look at it, compare, store the rows.

    Args:
        job: The target.
        state: All stores.
        rules: For the words that explain a change.
        clock: Time.
        run: The run that plans.
        progress: Told how far it is.
        select: Only these entities; then the rest stays unplanned.

    Raises:
        WrongInstance: Another instance than the pinned one answers.
        ConnectorError: The target cannot be read.
    """
    target, seen = contact(job, state, clock, progress)
    planner = _Planner(job, state, rules, clock.now(), run, target)
    number = state.plans.create(target.id, run, clock.now(), job.config)
    upto = target.planned_rev if target.fingerprint == job.fingerprint else 0
    plan_shape(job, state, number, planner.summary)
    planner.order_people(upto, select)
    stood = False
    standing = state.plans.standing(target.id)
    for entities, reached in planner.entities(upto, select):
        upto = reached
        rows = planner.rows(entities)
        if planner.held or standing:
            replaced = [STANDING + e.id for e in entities]
            state.plans.stand(target.id, planner.held, replaced, run, clock.now())
            stood = True
        if rows:
            state.plans.add(number, rows)
        if progress:
            progress(f"{job.name} planning", planner.summary.looked_at, None)
    if stood:
        state.plans.count_standing(target.id)
    planner.summary.add_standing(state.plans.standing(target.id))
    planner.summary.orphans = state.targets.orphans(target.id)
    planner.guard.close(number, planner.summary)
    upto, covers = (upto, job.fingerprint) if select is None else (target.planned_rev, "")
    return Planned(seal(job, state, clock, number, run, upto, planner.summary.as_dict(), covers), seen)


def seal(
    job: TargetJob,
    state: State,
    clock: Clock,
    number: int,
    run: int,
    upto: int,
    summary: Mapping[str, Any],
    covers: str = "",
) -> PlanState:
    """Close a plan whose rows are stored: from here on it is a document that apply takes, until it expires."""
    digest = state.plans.digest(number)
    token = xxhash.xxh3_64_hexdigest(orjson.dumps([job.name, number, run, digest, job.config]))[:12]
    state.plans.seal(number, token, clock.now() + job.plan_seconds, upto, summary, digest, covers)
    plan = state.plans.get(number)
    assert plan is not None
    return plan


class _Planner:
    """Plans chunks of entities."""

    def __init__(self, job: TargetJob, state: State, rules: Rules, now: int, run: int, target: TargetState) -> None:
        self.job, self.state, self.run, self.target = job, state, run, target
        self.references = References(job, state, target.id)
        self.linker = Linker(job, state, target.id, first=target.planned_rev == 0)
        self.duplicates = Duplicates(job, state, target.id)
        can = job.target.capabilities()
        self.summary = Summary(job.name, can.rows_per_request or can.batch)
        self.guard = Watch(job, state, target.id, run, now)
        self.contested = Contested(job.name, target.id, state, run)
        self.maker = RowMaker(job, rules, self.references, self.summary, self.contested, now)
        self._absence, self._pairs = rules.absence, can.counterparts
        self._facets = {cls: job.maps.facets(cls) for cls in job.classes}
        self.held: list[PlanRow] = []  # of the last chunk: rows that wait for a person
        self._partners: set[int] = set()  # others of proposed merges, which may be free to be created by now
        self._start = 0
        self._parked = state.parking.any(target.id)
        self._pinned = state.pins.any(target.id)
        self._wake()
        self._again = state.parking.due(target.id, now)

    def _wake(self) -> None:
        """Look whether something is there by now that entities wait for: in the target, and among the people."""
        parking = self.state.parking
        if names := parking.awaited(self.target.id, LOOKUP):
            parking.wake(self.target.id, LOOKUP, self.references.appeared(LOOKUP, names))
        last, seen = parking.identified(self.target.id)
        if last != seen:  # nobody was identified since: nobody appeared
            found = self.references.appeared(PERSON, parking.awaited(self.target.id, PERSON))
            parking.wake(self.target.id, PERSON, found, identified=last)

    def entities(self, upto: int, select: frozenset[int] | None) -> Iterator[tuple[list[EntityRow], int]]:
        """Yield chunks of entities to look at, and the revision up to which they go."""
        start = self._start = upto
        for position in range(0, len(self._again), _CHUNK):
            some = self._again[position : position + _CHUNK]
            rows = self.state.entities.get(some)
            missing = [e for e in some if e not in rows]
            self.state.parking.park(self.target.id, [], again=(), settled=missing)
            yield [row for row in rows.values() if row.rev <= start and (select is None or row.id in select)], start
        while changed := self.state.entities.changed_after(upto, _CHUNK):
            upto = changed[-1].rev
            yield [row for row in changed if select is None or row.id in select], upto
        if partners := self.state.parking.sleeping(self.target.id, sorted(self._partners - set(self._again))):
            rows = self.state.entities.get(partners)
            yield [row for row in rows.values() if row.rev <= start and (select is None or row.id in select)], upto

    def order_people(self, upto: int, select: frozenset[int] | None) -> None:
        """Say who comes before whom, so that whoever is referred to has an object when the reference is written."""
        if not any(self.job.maps.facets(cls) for cls in self.job.classes if CLASSES[cls].family == "person"):
            return
        referred: dict[int, list[int]] = {}
        for people in self._people(upto):
            links: dict[int, list[Link]] = {}
            docs: list[tuple[EntityRow, Mapping[str, Any]]] = []
            for person in people:
                if self._takes(person) and (select is None or person.id in select):
                    doc = orjson.loads(person.doc)
                    docs.append((person, doc))
                    links[person.id] = [x for facet in self.job.maps.facets(person.cls) for x in facet.links(doc)]
            self._adopt(docs)
            self.references.learn([link for some in links.values() for link in some])
            for entity, some in links.items():
                found = [self.references.to_come(link) for link in some]
                referred[entity] = [other for other in found if other is not None]
        self.references.coming = referred.keys()
        self.maker.arrange(*levels(referred))

    def _adopt(self, people: Sequence[tuple[EntityRow, Mapping[str, Any]]]) -> None:
        """Find the objects that this plan links to people, so that a reference to one of them is known to be equal."""
        linked = {entity for entity, _ in self.state.targets.object_ids(self.target.id, [e.id for e, _ in people])}
        found = self.linker.match([(e, doc) for e, doc in people if e.id not in linked], take=False)
        self.references.adopted |= {e: o.object_id for e, m in found.items() for o in list(m.objects.values())[:1]}

    def _people(self, upto: int) -> Iterator[list[EntityRow]]:
        for position in range(0, len(self._again), _CHUNK):
            rows = self.state.entities.get(self._again[position : position + _CHUNK])
            yield [row for row in rows.values() if row.family == "person" and row.rev <= upto]
        while people := self.state.entities.changed_after(upto, _CHUNK, family="person"):
            upto = people[-1].rev
            yield people

    def _takes(self, entity: EntityRow) -> bool:
        return entity.state == "live" and bool(self._facets.get(entity.cls))

    def rows(self, entities: Sequence[EntityRow]) -> list[PlanRow]:
        """Plan a chunk."""
        mine = [e for e in entities if self._takes(e)]
        self.summary.looked_at += len(entities)
        docs = {e.id: orjson.loads(e.doc) for e in mine}
        linked = self.state.targets.linked(self.target.id, [e.id for e in mine])
        mine, self.maker.gone = look(self._absence, mine, docs, linked)
        desired: dict[int, list[Desired]] = {}
        asked: list[Lookup | Link] = []
        for e in mine:
            desired[e.id] = some = []
            for facet in self._facets[e.cls]:
                if e.missing_at is not None and all(o.facet != facet.facet for o in linked[e.id]):
                    continue  # nothing is created for what is missing
                plain, links = facet.parts(docs[e.id])
                some.append((facet, plain, links))
                asked.extend(links.values())
        if self._pinned:
            mine = self._drop_given_up(mine, linked, desired)
            docs = {e.id: docs[e.id] for e in mine}
        self.references.learn(asked)
        lone = [o.counterpart for objects in linked.values() if len(objects) == 1 for o in objects if o.counterpart]
        mates = self.state.targets.by_object_id(self.target.id, lone) if lone else {}
        loose = [(e, docs[e.id]) for e in mine if e.id not in linked]
        found = self.linker.match(loose)
        held = self._asked([(e, doc) for e, doc in loose if e.id not in found])
        objects = {e: {str(o.facet): o for o in some} for e, some in linked.items()}
        objects |= {e: match.objects for e, match in found.items()}
        self.maker.lonely = lonely(self.state.targets, self.target.id, desired, objects) if self._pairs else set()
        rows: list[PlanRow] = []
        self.held = []
        parked: list[Parked] = []
        again: list[int] = []
        settled: list[int] = []
        waiting, standing = self.references.waiting, self.maker.standing
        for entity in mine:
            number = entity.id
            before, waited = len(rows), len(waiting)
            if number in held:
                facet, label = desired[number][0][0], label_of(docs[number])
                self.held.append(self.maker.held(entity, label, facet, held[number]))
                parked.append(Parked(number, "merge proposed", NEVER))
                continue
            some = desired[number]
            if len(some) == 1 and number not in linked and number not in found:
                rows += self.maker.fresh(entity, label_of(docs[number]), *some[0])
            else:
                rows += self.maker.of(entity, docs[number], some, linked.get(number, ()), found.get(number), mates)
            if number in linked:
                facets = self._facets[entity.cls]
                rows += self.duplicates.rows(entity, label_of(docs[number]), facets, linked[number], self.maker)
            if len(waiting) > waited or number in standing:
                parked.append(self._park(entity, waiting[waited:], len(rows) > before))
            elif len(rows) == before:
                settled.append(number)
            else:
                again.append(number)
        standing.clear()
        self.contested.store([e.id for e in entities])
        if self.maker.unpinned:
            self.state.pins.end(self.target.id, self.maker.unpinned)
            self.maker.unpinned = []
        settled += [e.id for e in entities if e.id not in docs]
        rows = foresee(self.job, self.state, self.target.id, rows, docs, self.linker)
        self.linker.chosen.see([e.id for e in entities], rows, self.linker.choices, self.run)
        rows = self.guard.look(rows, entities, docs)
        if stopped := self.guard.stopped:  # they wait for an answer, not for another plan
            settled += [number for number in again if number in stopped]
            again = [number for number in again if number not in stopped]
        if not self._parked:
            again, settled = [], []
        self.state.parking.park(self.target.id, parked, again=again, settled=settled)
        self.summary.add_all(rows)
        return rows

    def _drop_given_up(
        self,
        entities: Sequence[EntityRow],
        linked: Mapping[int, Sequence[ObjectRow]],
        desired: dict[int, list[Desired]],
    ) -> list[EntityRow]:
        """Leave out objects that a rollback gave up, and further ones of their entities that are not there yet."""
        pins = self.maker.pins = self.state.pins.of(self.target.id, [e.id for e in entities])
        given_up = {key for key, fields in pins.items() if WHOLE in fields}
        for entity in {entity for entity, _ in given_up}:
            have = {(entity, o.facet) for o in linked.get(entity, ())} - given_up
            desired[entity] = [some for some in desired[entity] if (entity, some[0].facet) in have]
        return [e for e in entities if desired[e.id]]

    def _park(self, entity: EntityRow, waiting: Sequence[tuple[str, str, str]], has_rows: bool) -> Parked:
        """Say when an entity is planned again of which not everything could be settled.

        Rows that come of such a plan are made again until they are delivered; an entity that changed is looked at
        again anyway as long as its plan is not delivered.
        """
        due = self.maker.standing.get(entity.id, NEVER)
        keys = {(kind, name) for _, kind, name in waiting}
        if any(not kind or len(name) > _LONGEST for kind, name in keys) or (has_rows and entity.rev <= self._start):
            due = 0
        words = ", ".join(sorted({words for words, _, _ in waiting}))
        return Parked(entity.id, f"reference: {words}"[:311] if waiting else "an edit stands for a time", due,
                      keys if due else ())  # fmt: skip

    def _asked(self, loose: Sequence[tuple[EntityRow, Mapping[str, Any]]]) -> dict[int, str]:
        """Find entities that are probably the same thing as another one: creating both would make a duplicate.

        Of two that are proposed to be merged the one that is in the target already, has shown a sign of life, or is
        older is delivered; the other waits for a person's answer.
        """
        if not loose:
            return {}
        docs = {e.id: (e.cls, doc) for e, doc in loose}
        asking = set(docs)
        proposals = self.state.entities.proposed(list(docs))
        others = {e for a, b, _ in proposals for e in (a, b)}
        self._partners |= others - asking
        if not others:
            return {}
        linked = {entity for entity, _ in self.state.targets.object_ids(self.target.id, list(others))}
        rows = self.state.entities.get([e for e in others if e not in docs])
        docs |= {e: (row.cls, orjson.loads(row.doc)) for e, row in rows.items()}

        def standing(entity: int) -> tuple[bool, bool, int]:
            cls, doc = docs.get(entity, ("", {}))
            alive = any(f.facet == "ci" and f.discovered(doc) for f in self.job.maps.facets(cls)) if cls else False
            return entity in linked, alive, -entity

        held: dict[int, str] = {}
        for a, b, reason in proposals:
            entity, other = (a, b) if standing(a) < standing(b) else (b, a)
            if entity in asking:
                held[entity] = (
                    f"merge proposed: may be the same thing as {label_of(docs.get(other, ('', {}))[1])}: {reason}"
                )
        return held
