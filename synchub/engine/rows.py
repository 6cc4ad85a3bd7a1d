"""Make the plan rows of one entity: what its objects in a target should hold against what they hold now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import orjson

from synchub.domain.plan import FieldChange, Link, Lookup, Op, PlanRow, RowState, Value
from synchub.domain.records import CLEAR
from synchub.engine.contact import TargetJob
from synchub.engine.contested import Contested
from synchub.engine.gone import ABSENCE, Missing, deletable, pre_image, restored
from synchub.engine.linking import Match
from synchub.engine.references import LEVEL, PHASE, STANDING, References, waits_for
from synchub.engine.summary import Summary
from synchub.mapports import ObjectIdentity
from synchub.reconcile.absence import DELETE, FLAG
from synchub.reconcile.diff import Action, FieldDecision, Policy, decide, writes_over
from synchub.reconcile.policies import Policies
from synchub.reconcile.rules import Rules
from synchub.stores import EntityRow, ObjectRow
from synchub.stores.pins import Pinned

_LABELS = ("hostname", "name", "serial_number", "asset_tag", "email", "worker_id", "order_number")
_CREATE, _PENDING = Op.CREATE, RowState.PENDING  # looking members up costs more
_BY_A_PERSON = {
    "hub": FieldDecision(Action.WRITE, "a person decided for the hub"),
    "target": FieldDecision(Action.KEEP, "a person decided for the target"),
}
_LAST = 3  # phase of what refers in a circle: written when everything is there

# Of one facet: plain values by target field, and references that have to be resolved.
Desired = tuple[ObjectIdentity, dict[str, Value], dict[str, Lookup | Link]]


class RowMaker:
    """Makes rows and numbers them in the order of delivery.

    Args:
        job: The target.
        rules: For the words that explain a change.
        references: What the references of the plan resolve to.
        summary: Counts what stays as it is.
        contested: Keeps what differs, and knows what people decided about it.
        now: Seconds since 1970 UTC.

    Attributes:
        lonely: Entities of the chunk whose CI stays without an asset, see `synchub.engine.fellows.lonely`.
        gone: What is done about those of the chunk that are missing.
        standing: Entity -> when the first edit of other people that stands for a time only has had its time.
        pins: What a rollback restored in the objects of the entities at hand.
        unpinned: (entity, facet, field) for which the hub wants something else by now than what was undone.
    """

    def __init__(
        self,
        job: TargetJob,
        rules: Rules,
        references: References,
        summary: Summary,
        contested: Contested,
        now: int,
    ) -> None:
        self._job, self._rules, self._references, self._summary, self._now = job, rules, references, summary, now
        self.standing: dict[int, int] = {}
        self.pins: Pinned = {}
        self.unpinned: list[tuple[int, str, str]] = []
        self._levels: Mapping[int, int] = {}
        self._cut: Collection[tuple[int, int]] = ()
        self._cutting: set[int] = set()
        self._next: dict[int, int] = {}
        self._rule_texts: dict[tuple[str, str], str] = {}
        self._policies = Policies(job.policies)
        self._contested = contested
        self.gone: Mapping[int, Missing] = {}
        can = job.target.capabilities()
        self._deletes = can.deletes
        self.lonely: set[int] = set()

    def arrange(self, levels: Mapping[int, int], cut: Collection[tuple[int, int]]) -> None:
        """Say in which order people come.

        Args:
            levels: Person -> level; those without one stand at the lowest.
            cut: (person, person) of the references that are written last, because they close a circle.
        """
        self._levels, self._cut = levels, cut
        self._cutting = {person for person, _ in cut}

    def of(
        self,
        entity: EntityRow,
        doc: Mapping[str, Any],
        desired: Sequence[Desired],
        linked: Sequence[ObjectRow] = (),
        match: Match | None = None,
        mates: Mapping[str, ObjectRow] | None = None,
    ) -> Iterator[PlanRow]:
        """Yield the rows of an entity.

        Args:
            entity: A live entity of a class that the target takes.
            doc: Its canonical fields.
            desired: By facet; at least one.
            linked: Its objects in the target.
            match: What was found for it where it has none.
            mates: Object id -> object that the target keeps in step with the linked ones.
        """
        label = label_of(doc)
        if match is not None and match.conflict:
            yield self.row(entity, label, desired[0][0], Op.LINK, RowState.CONFLICT, note=match.conflict)
            return
        have = {o.facet: o for o in linked}
        adopted: dict[str, ObjectRow] = dict(match.objects) if match else {}
        for item in linked:
            mate = (mates or {}).get(item.counterpart or "")
            if mate is not None and mate.entity is None and len(linked) == 1:
                adopted["asset" if item.facet == "ci" else "ci"] = mate
        primary = desired[0][0].facet if len(desired) == 1 else _primary(doc, desired, {*have, *adopted})
        for facet, plain, links in desired:
            existing = have.get(facet.facet) or adopted.get(facet.facet)
            if existing is not None:
                gone = self.gone.get(entity.id)
                if gone is not None and gone.then == DELETE and self._deletes and deletable(facet, existing):
                    yield self._delete(entity, label, facet, existing, gone)
                    continue
                fields = {**plain, **links}
                yield from self._existing(entity, label, facet, fields, existing, link=facet.facet not in have)
            elif facet.facet == primary:
                yield from self.fresh(entity, label, facet, plain, links)
            elif facet.facet == "ci" and primary == "asset" and "asset" not in have and _any(desired[1:]):
                # The target may make the CI of an ordered asset itself; then it is ours.
                values = self._values(plain, links)
                yield self.row(entity, label, facet, Op.LINK, RowState.WAITING, values=values)
            elif facet.counterpart and facet.facet == "asset" and (plain or links):
                # The target makes this object itself; what it shall hold is written when it is there.
                values = self._values(plain, links)
                if entity.id in self.lonely:
                    continue
                yield self.row(entity, label, facet, Op.UPDATE, RowState.WAITING, values=values)

    def _delete(
        self, entity: EntityRow, label: str, facet: ObjectIdentity, existing: ObjectRow, gone: Missing
    ) -> PlanRow:
        return self.row(
            entity, label, facet, Op.DELETE, RowState.PENDING, object_id=existing.object_id,
            changes=pre_image(facet, existing, gone.rule), kind=existing.cls or existing.kind,
        )  # fmt: skip

    def fresh(
        self,
        entity: EntityRow,
        label: str,
        facet: ObjectIdentity,
        plain: dict[str, Value],
        links: Mapping[str, Lookup | Link],
    ) -> list[PlanRow]:
        """Make the rows of an object that the hub creates; none where nothing is known."""
        if not plain and not links:
            return []
        now, later = self._apart(entity, self._values(plain, links))
        place = self._place(entity, facet)
        n = self._next.get(place, place)
        self._next[place] = n + 1
        kind = facet.kind
        rows = [
            PlanRow(n, entity.id, entity.cls, facet.facet, kind, _CREATE, None, {}, label, _PENDING, "", now)
        ]  # fmt: skip
        if later:
            rows.append(self.row(entity, label, facet, Op.UPDATE, _PENDING, values=later, phase=_LAST))
        return rows

    def _values(self, plain: dict[str, Value], links: Mapping[str, Lookup | Link]) -> dict[str, Any]:
        """Say what an object that does not exist yet shall hold: nothing has to be emptied in it."""
        values: dict[str, Any] = plain
        if None in plain.values():
            values = {name: value for name, value in plain.items() if value is not None}
        for name, link in links.items():
            wanted = self._references.resolve(link)
            if wanted is not References.UNKNOWN:
                values[name] = wanted
        return values

    def _existing(
        self,
        entity: EntityRow,
        label: str,
        facet: ObjectIdentity,
        fields: Mapping[str, Any],
        existing: ObjectRow,
        *,
        link: bool,
    ) -> Iterator[PlanRow]:
        changes: dict[str, FieldChange] = {}
        asks: list[str] = []
        agreed: list[str] = []
        sources: dict[str, str] | None = None
        gone = self.gone.get(entity.id)
        for name, wanted in self._differing(entity, facet, fields, existing, agreed if link else None):
            actual = existing.fields.get(name)
            policy = self._policies.of(entity.cls, name, facet.fields[name].sources)
            decision = self._decide(facet, name, wanted, actual, existing, policy)
            action, due_at = decision.action, decision.due_at
            if gone is not None and gone.says(facet, name):
                if action is Action.WRITE or gone.insists(facet, name, existing):
                    changes[name] = FieldChange(actual, wanted, ABSENCE, gone.rule)
            elif action is Action.WRITE:
                base = existing.base or {}
                self._summary.overwrites += writes_over(actual, base.get(name), name in base, partial(facet.same, name))
                sources = orjson.loads(entity.winners) if sources is None else sources
                changes[name] = self._change(entity.cls, facet, name, actual, wanted, sources)
            elif action is Action.CONFLICT and policy.name == "ask":
                asks.append(f"{name}: target {actual!r}, hub {wanted!r}")
                self._contested.note(entity.id, facet, name, wanted, existing, asks=True)
            else:
                self._summary.theirs += 1
                if decision.contested:
                    self._contested.note(entity.id, facet, name, wanted, existing, asks=False)
                if due_at is not None:  # looked at again until the time of their edit is over
                    self.standing[entity.id] = min(due_at, self.standing.get(entity.id, due_at))
        object_id, kind = existing.object_id, existing.cls or existing.kind
        if asks:
            note = "; ".join(asks)[:500]
            yield self.row(entity, label, facet, Op.UPDATE, RowState.CONFLICT, object_id=object_id, note=note)
        if gone is None and existing.gone:
            changes.update(restored(facet, existing, fields))
        now, later = self._apart(entity, changes)
        if link or now:
            retires = gone is not None and gone.then != FLAG and any(c.source == ABSENCE for c in now.values())
            op = Op.LINK if link else Op.RETIRE if retires else Op.UPDATE
            row = self.row(entity, label, facet, op, RowState.PENDING, object_id=object_id, changes=now, kind=kind)
            row.agreed = agreed
            yield row
        if later:
            yield self.row(
                entity, label, facet, Op.UPDATE, RowState.PENDING,
                object_id=object_id, changes=later, kind=kind, phase=_LAST,
            )  # fmt: skip

    def _differing(
        self,
        entity: EntityRow,
        facet: ObjectIdentity,
        fields: Mapping[str, Any],
        existing: ObjectRow,
        agreed: list[str] | None,
    ) -> Iterator[tuple[str, Any]]:
        """Yield the fields, with what is wanted, that hold something else and may be looked at.

        Where the object is being linked, `agreed` takes those that hold what is wanted already.
        """
        pinned = self.pins.get((entity.id, facet.facet)) or {}
        for name, filled in fields.items():
            wanted = self._references.resolve(filled)
            if wanted is References.UNKNOWN:
                continue
            if name in pinned:
                if _same(facet, name, wanted, pinned[name]):
                    continue
                self.unpinned.append((entity.id, facet.facet, name))
            actual = existing.fields.get(name)
            meant = self._references.meant(wanted)
            if (meant is not None or wanted is None) and facet.same(name, meant, actual):
                if agreed is not None and actual not in (None, ""):
                    agreed.append(name)
                continue
            refused = existing.refused.get(name)
            if refused and refused.get("wanted") == wanted:
                self._summary.refused += 1
                continue
            if name not in existing.fields and existing.fields and agreed is None:
                continue  # hidden from this user: nothing can be compared, nothing is written
            yield name, wanted

    def _decide(
        self, facet: ObjectIdentity, name: str, wanted: Any, actual: Any, existing: ObjectRow, policy: Policy
    ) -> FieldDecision:
        base = existing.base or {}
        decision = decide(
            CLEAR if wanted is None else wanted,
            actual,
            base.get(name),
            name in base,
            policy,
            now=self._now,
            edited_at=existing.updated_at or None,
            same=partial(_same, facet, name),
        )
        if decision.action is not Action.EQUAL and (keep := self._contested.decided(facet, name, wanted, existing)):
            return _BY_A_PERSON[keep]
        return decision

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
            rule = self._rules.classes[cls].rule(canonical)
            self._rule_texts[key] = f"{rule.text} ({rule.place})"
        return self._rule_texts[key]

    def _apart(self, entity: EntityRow, fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Take out the references that close a circle among people: the other is created after this one."""
        if entity.id not in self._cutting:
            return fields, {}
        later = {n: v for n, v in fields.items() if (entity.id, waits_for(_new(v))) in self._cut}
        return ({n: v for n, v in fields.items() if n not in later}, later) if later else (fields, later)

    def held(self, entity: EntityRow, label: str, facet: ObjectIdentity, note: str) -> PlanRow:
        """Make the row of an entity that waits for a person; its number is that of the entity."""
        n = STANDING + entity.id
        return PlanRow(
            n, entity.id, entity.cls, facet.facet, facet.kind, _CREATE, None, {}, label, RowState.HELD, note
        )  # fmt: skip

    def row(
        self,
        entity: EntityRow,
        label: str,
        facet: ObjectIdentity,
        op: Op,
        state: RowState,
        *,
        object_id: str | None = None,
        changes: dict[str, FieldChange] | None = None,
        values: dict[str, Any] | None = None,
        note: str = "",
        kind: str | None = None,
        phase: int | None = None,
    ) -> PlanRow:
        """Make a row with the next number of its phase and level."""
        place = self._place(entity, facet) if phase is None else phase * PHASE
        n = self._next.get(place, place)
        self._next[place] = n + 1
        return PlanRow(
            n, entity.id, entity.cls, facet.facet, kind or facet.kind, op, object_id, changes or {}, label, state,
            note, values or {},
        )  # fmt: skip

    def _place(self, entity: EntityRow, facet: ObjectIdentity) -> int:
        if entity.family == "person":
            return self._levels.get(entity.id, 0) * LEVEL
        return 2 * PHASE if facet.counterpart and facet.facet == "asset" else PHASE


def label_of(doc: Mapping[str, Any]) -> str:
    """Return what a person calls an entity."""
    for name in _LABELS:
        value = doc.get(name)
        if value:
            return str(value)
    return ""


def _primary(doc: Mapping[str, Any], desired: Sequence[Desired], known: Collection[str | None]) -> str:
    """Tell which of several facets is created by the hub; the target makes the other one itself."""
    discovered = "ci" in known or any(facet.discovered(doc) for facet, _, _ in desired if facet.facet == "ci")
    primary = "ci" if discovered else "asset"
    return primary if any(facet.facet == primary for facet, _, _ in desired) else desired[0][0].facet


def _any(desired: Sequence[Desired]) -> bool:
    return any(plain or links for _, plain, links in desired)


def _new(value: Any) -> Any:
    return value.new if value.__class__ is FieldChange else value


def _same(facet: ObjectIdentity, name: str, a: Any, b: Any) -> bool:
    if a == CLEAR or waits_for(a) is not None:
        return a == CLEAR and b in (None, "")
    return facet.same(name, a, b)
