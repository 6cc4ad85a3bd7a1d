"""Work out the exact writes that would bring a target to the desired state. Writes nothing to the target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson
import xxhash

from synchub.domain.model import CLASSES
from synchub.domain.plan import FieldChange, Link, Lookup, Op, PlanRow, RowState, Value
from synchub.domain.records import CLEAR
from synchub.engine.contact import Contact, TargetJob, contact
from synchub.engine.foresee import foresee
from synchub.engine.linking import Linker
from synchub.engine.pace import seldom_collected
from synchub.engine.references import PHASE, References, waits_for
from synchub.engine.summary import Summary
from synchub.ports import Clock, ObjectIdentity, Progress
from synchub.reconcile.diff import Action, Policy, decide, parse_policy
from synchub.reconcile.rules import Rules
from synchub.stores import EntityRow, ObjectRow, PlanState, State, TargetState

_CHUNK = 1000
_TARGET = Policy("target")
_REFERENCES = (Lookup, Link)


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
    target, seen = contact(job, state, progress)
    planner = _Planner(job, state, rules, clock.now(), run, target)
    number = state.plans.create(target.id, run, clock.now(), job.config)
    upto = target.planned_rev if target.fingerprint == job.fingerprint else 0
    for entities, reached in planner.entities(upto, select):
        upto = reached
        rows = planner.rows(entities)
        if rows:
            state.plans.add(number, rows)
        if progress:
            progress(f"{job.name} planning", planner.summary.looked_at, None)
    summary = planner.summary.as_dict()
    token = xxhash.xxh3_64_hexdigest(orjson.dumps([job.name, number, run, planner.digest, job.config]))[:12]
    state.plans.seal(
        number, token, clock.now() + job.plan_seconds, upto if select is None else target.planned_rev, summary
    )
    plan = state.plans.get(number)
    assert plan is not None
    return Planned(plan, seen)


class _Planner:
    """Plans chunks of entities."""

    def __init__(self, job: TargetJob, state: State, rules: Rules, now: int, run: int, target: TargetState) -> None:
        self.job, self.state, self.rules, self.now, self.run, self.target = job, state, rules, now, run, target
        self.references = References(job, state, target.id)
        self.linker = Linker(job, state, target.id)
        self.summary = Summary(job.name, job.target.capabilities().batch)
        self.digest = ""
        self._next = [phase * PHASE for phase in range(4)]
        self._rule_texts: dict[tuple[str, str], str] = {}
        self._mates: dict[str, ObjectRow] = {}
        self._standing: list[int] = []
        self._policies = {name: parse_policy(text) for name, text in job.policies.items()}

    def entities(self, upto: int, select: frozenset[int] | None) -> Iterator[tuple[list[EntityRow], int]]:
        """Yield chunks of entities to look at, and the revision up to which they go; people first within a chunk."""
        start = upto
        again = [entity for entity, _ in self.state.targets.to_replan(self.target.id)]
        for position in range(0, len(again), _CHUNK):
            rows = self.state.entities.get(again[position : position + _CHUNK])
            self.state.targets.replan(
                self.target.id, [], done=[e for e in again[position : position + _CHUNK] if e not in rows]
            )
            yield [row for row in rows.values() if row.rev <= start and (select is None or row.id in select)], start
        while changed := self.state.entities.changed_after(upto, _CHUNK):
            upto = changed[-1].rev
            yield [row for row in changed if select is None or row.id in select], upto

    def rows(self, entities: Sequence[EntityRow]) -> list[PlanRow]:
        """Plan a chunk."""
        mine = [e for e in entities if e.state == "live" and e.cls in self.job.classes and self.job.maps.facets(e.cls)]
        self.summary.looked_at += len(entities)
        docs = {e.id: orjson.loads(e.doc) for e in mine}
        linked = self.state.targets.linked(self.target.id, [e.id for e in mine])
        desired = {e.id: [(facet, facet.desired(docs[e.id])) for facet in self.job.maps.facets(e.cls)] for e in mine}
        self.references.learn(
            [
                v
                for pairs in desired.values()
                for _, fields in pairs
                for v in fields.values()
                if v.__class__ in _REFERENCES
            ]
        )
        lone = [o.counterpart for objects in linked.values() if len(objects) == 1 for o in objects if o.counterpart]
        self._mates = self.state.targets.by_object_id(self.target.id, lone) if lone else {}
        loose = [(e, docs[e.id]) for e in mine if e.id not in linked]
        found = self.linker.match(loose)
        held = self._asked([(e, doc) for e, doc in loose if e.id not in found])
        rows: list[PlanRow] = []
        parked: list[tuple[int, str]] = []
        settled: list[int] = []
        for entity in mine:
            before, waiting = len(rows), len(self.references.waiting)
            if entity.id in held:
                facet = desired[entity.id][0][0]
                row = self._row(
                    entity, _label(docs[entity.id]), facet, Op.CREATE, None, {}, RowState.HELD, held[entity.id]
                )
                rows.append(row)
                parked.append((entity.id, "merge proposed"))
                continue
            rows += self._entity(
                entity, docs[entity.id], desired[entity.id], linked.get(entity.id, []), found.get(entity.id)
            )
            if len(self.references.waiting) > waiting:
                parked.append(
                    (entity.id, "reference: " + ", ".join(sorted(set(self.references.waiting[waiting:])))[:300])
                )
            elif len(rows) == before and entity.id not in self._standing:
                settled.append(entity.id)
        parked += [(entity, "an edit stands for a time") for entity in dict.fromkeys(self._standing)]
        self._standing.clear()
        rows = foresee(self.job, self.state, self.target.id, rows, docs, self.linker)
        self.state.targets.replan(self.target.id, parked, done=settled)
        for row in rows:
            self.summary.add(row)
        self.digest = xxhash.xxh3_64_hexdigest(
            self.digest.encode() + orjson.dumps([(r.n, r.entity, r.op, r.state, sorted(r.wanted())) for r in rows])
        )
        return rows

    def _asked(self, loose: Sequence[tuple[EntityRow, Mapping[str, Any]]]) -> dict[int, str]:
        """Find entities that are probably the same thing as another one: creating both would make a duplicate.

        Of two that are proposed to be merged the one that is in the target already, has shown a sign of life, or is
        older is delivered; the other waits for a person's answer.
        """
        if not loose:
            return {}
        docs = {e.id: (e.cls, doc) for e, doc in loose}
        proposals = self.state.entities.proposed(list(docs))
        others = {e for a, b, _ in proposals for e in (a, b)}
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
            if any(e.id == entity for e, _ in loose):
                held[entity] = (
                    f"merge proposed: may be the same thing as {_label(docs.get(other, ('', {}))[1])}: {reason}"
                )
        return held

    def _entity(
        self,
        entity: EntityRow,
        doc: Mapping[str, Any],
        desired: Sequence[tuple[ObjectIdentity, Mapping[str, Any]]],
        linked: Sequence[ObjectRow],
        match: Any,
    ) -> Iterator[PlanRow]:
        have = {o.facet: o for o in linked}
        adopted: dict[str, ObjectRow] = dict(match.objects) if match else {}
        for item in linked:
            mate = self._mates.get(item.counterpart or "")
            if mate is not None and mate.entity is None and len(linked) == 1:
                adopted["asset" if item.facet == "ci" else "ci"] = mate
        sources: dict[str, str] = orjson.loads(entity.winners)
        label = _label(doc)
        discovered = any(facet.discovered(doc) for facet, _ in desired if facet.facet == "ci")
        primary = (
            "record"
            if len(desired) == 1 and desired[0][0].facet == "record"
            else "ci"
            if discovered or "ci" in have or "ci" in adopted
            else "asset"
        )
        facets = {facet.facet for facet, _ in desired}
        if primary not in facets:
            primary = desired[0][0].facet
        if match and match.conflict:
            yield self._row(entity, label, desired[0][0], Op.LINK, None, {}, RowState.CONFLICT, match.conflict)
            return
        for facet, fields in desired:
            existing = have.get(facet.facet) or adopted.get(facet.facet)
            if existing is not None:
                yield from self._existing(entity, label, facet, fields, existing, sources, link=facet.facet not in have)
            elif facet.facet == primary and fields:
                values, later = _apart(entity, self._values(fields))
                yield self._row(entity, label, facet, Op.CREATE, None, {}, RowState.PENDING, values=values)
                if later:
                    yield self._row(entity, label, facet, Op.UPDATE, None, {}, RowState.PENDING, values=later, phase=3)
            elif facet.facet == primary:
                continue
            elif facet.facet == "ci" and primary == "asset" and "asset" not in have and any(f for _, f in desired[1:]):
                # The target may make the CI of an ordered asset itself; then it is ours.
                values = self._values(fields)
                yield self._row(entity, label, facet, Op.LINK, None, {}, RowState.WAITING, values=values)
            elif facet.counterpart and fields and facet.facet == "asset":
                # The target makes this object itself; what it shall hold is written when it is there.
                yield self._row(
                    entity, label, facet, Op.UPDATE, None, {}, RowState.WAITING, values=self._values(fields)
                )

    def _existing(
        self,
        entity: EntityRow,
        label: str,
        facet: ObjectIdentity,
        fields: Mapping[str, Any],
        existing: ObjectRow,
        sources: Mapping[str, str],
        *,
        link: bool,
    ) -> Iterator[PlanRow]:
        changes: dict[str, FieldChange] = {}
        asks: list[str] = []
        for name, filled in fields.items():
            wanted = self.references.resolve(filled)
            if wanted is References.UNKNOWN:
                continue
            actual = existing.fields.get(name)
            if not waits_for(wanted) and facet.same(name, wanted, actual):
                continue
            refused = existing.refused.get(name)
            if refused and refused.get("wanted") == wanted:
                self.summary.refused += 1
                continue
            if name not in existing.fields and existing.fields and not link:
                continue  # hidden from this user: nothing can be compared, nothing is written
            base = existing.base or {}
            decision = decide(
                CLEAR if wanted is None else wanted,
                actual,
                base.get(name),
                name in base,
                self._policy(facet, name),
                now=self.now,
                edited_at=existing.updated_at or None,
                same=partial(_same, facet, name),
            )
            if decision.action is Action.WRITE:
                changes[name] = self._change(entity.cls, facet, name, actual, wanted, sources)
            elif decision.action is Action.CONFLICT and self._policy(facet, name).name == "ask":
                asks.append(f"{name}: target {actual!r}, hub {wanted!r}")
            else:
                self.summary.theirs += 1
                if decision.due_at is not None:  # looked at again until the time of their edit is over
                    self._standing.append(entity.id)
        if asks:
            yield self._row(
                entity, label, facet, Op.UPDATE, existing.object_id, {}, RowState.CONFLICT, "; ".join(asks)[:500]
            )
        kind = existing.cls or existing.kind
        now, later = _apart(entity, changes)
        if link:
            yield self._row(entity, label, facet, Op.LINK, existing.object_id, now, RowState.PENDING, kind=kind)
        elif now:
            yield self._row(entity, label, facet, Op.UPDATE, existing.object_id, now, RowState.PENDING, kind=kind)
        if later:
            yield self._row(
                entity, label, facet, Op.UPDATE, existing.object_id, later, RowState.PENDING, kind=kind, phase=3
            )

    def _policy(self, facet: ObjectIdentity, name: str) -> Policy:
        for key in (name, *facet.fields[name].sources):
            if key in self._policies:
                return self._policies[key]
        return self._policies.get("default", _TARGET)

    def _values(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Resolve what an object that does not exist yet shall hold."""
        resolve, unknown = self.references.resolve, References.UNKNOWN
        values = {}
        for name, filled in fields.items():
            if filled.__class__ is str:
                values[name] = filled
            elif filled is not None and (wanted := resolve(filled)) is not unknown:
                values[name] = wanted
        return values

    def _change(
        self, cls: str, facet: ObjectIdentity, name: str, old: Value, new: Any, sources: Mapping[str, str]
    ) -> FieldChange:
        for canonical in facet.fields[name].sources:
            if canonical in sources:
                return FieldChange(old, new, sources[canonical], self._rule(cls, canonical))
        return FieldChange(old, new)

    def _rule(self, cls: str, canonical: str) -> str:
        key = (cls, canonical)
        if key not in self._rule_texts:
            rule = self.rules.classes[cls].rule(canonical)
            self._rule_texts[key] = f"{rule.text} ({rule.place})"
        return self._rule_texts[key]

    def _row(
        self,
        entity: EntityRow,
        label: str,
        facet: ObjectIdentity,
        op: Op,
        object_id: str | None,
        changes: dict[str, FieldChange],
        state: RowState,
        note: str = "",
        kind: str | None = None,
        values: dict[str, Any] | None = None,
        phase: int | None = None,
    ) -> PlanRow:
        if phase is None:
            phase = 2 if facet.facet == "asset" and facet.counterpart else 1
            phase = 0 if CLASSES[entity.cls].family == "person" else phase
        n = self._next[phase]
        self._next[phase] += 1
        return PlanRow(
            n,
            entity.id,
            entity.cls,
            facet.facet,
            kind or facet.kind,
            op,
            object_id,
            changes,
            label,
            state,
            note,
            values or {},
        )


def _apart(entity: EntityRow, fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take references among people out: the other may be created after this one."""
    if CLASSES[entity.cls].family != "person":
        return fields, {}
    later = {n: v for n, v in fields.items() if waits_for(v.new if isinstance(v, FieldChange) else v) is not None}
    return {n: v for n, v in fields.items() if n not in later}, later


def _label(doc: Mapping[str, Any]) -> str:
    """Return what a person calls an entity."""
    names = ("hostname", "name", "serial_number", "asset_tag", "email", "worker_id", "order_number")
    return next((str(doc[name]) for name in names if doc.get(name)), "")


def _same(facet: ObjectIdentity, name: str, a: Any, b: Any) -> bool:
    if a == CLEAR or waits_for(a) is not None:
        return a == CLEAR and b in (None, "")
    return facet.same(name, a, b)
