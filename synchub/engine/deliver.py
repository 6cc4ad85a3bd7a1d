"""Deliver a plan: send exactly its rows, check each answer, and keep what the target holds now.

The plan's rows are the outbox: a row is marked `sent` before it is sent. A row whose answer was lost is looked for in
the target by the hub key it carries (creates) or sent again (updates set values, so twice is once). What is about to be
overwritten is read again first; a row whose target changed since the plan is refused as drifted and planned anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from synchub.domain.plan import Op, Outcome, PlanRow, RowState, TargetObject, Value, Write
from synchub.engine.contact import TargetJob
from synchub.engine.counterparts import Counterparts
from synchub.engine.pace import seldom_collected
from synchub.engine.parts import Part, wait_for_level
from synchub.engine.references import LEVEL, waits_for
from synchub.engine.shape import deliver_shape
from synchub.errors import HubError, PlanError, Recovery
from synchub.ports import Clock, ObjectIdentity, Progress
from synchub.stores import DeliveryBatch, ObjectRow, PlanState, State

_CREATE, _INSERT, _UPDATE, _LINK = Op.CREATE, Op.INSERT, Op.UPDATE, Op.LINK  # looking members up costs more
_APPLIED, _UNCHANGED, _FAILED, _PENDING = RowState.APPLIED, RowState.UNCHANGED, RowState.FAILED, RowState.PENDING
_TRIES = 3  # times a row is sent within one run while the target says that it may work later


@dataclass(slots=True)
class DeliveryCounts:
    """What became of a plan's rows, by state, and by operation for those that were applied."""

    states: dict[str, int] = field(default_factory=dict)
    applied: dict[str, int] = field(default_factory=dict)

    def add(self, row: PlanRow, state: RowState) -> None:
        """Count one row."""
        name = state._value_
        self.states[name] = self.states.get(name, 0) + 1
        if state is _APPLIED:
            op = "create" if row.op is _INSERT else row.op._value_
            self.applied[op] = self.applied.get(op, 0) + 1


@seldom_collected
def deliver(
    job: TargetJob, state: State, plan: PlanState, clock: Clock, run: int, progress: Progress | None = None
) -> DeliveryCounts:
    """Apply a sealed plan, or go on with one that was cut off.

    Raises:
        PlanError: The target is in mode preview, or the plan is expired or superseded; nothing was sent.
        AuthError: The target does not let the hub in; the rows stay in the outbox.
    """
    if job.mode == "preview":
        raise PlanError(
            f"{job.name} is in mode preview, so nothing is applied.",
            where=f"plan {plan.token}",
            fix="Set `mode: canary` in synchub.yaml.",
        )
    if plan.state == "open" and plan.expires_at < clock.now():
        state.plans.mark(plan.id, "expired")
        raise PlanError("the plan has expired.", where=f"plan {plan.token}", fix="Run `synchub plan` again.")
    if plan.state not in ("open", "applying"):
        raise PlanError(f"the plan is {plan.state}.", where=f"plan {plan.token}", fix="Run `synchub plan` again.")
    state.plans.mark(plan.id, "applying")
    work = Delivery(job, state, plan, clock, run, progress)
    work.run()
    if isinstance(job.only, Part):  # whoever shared the plan out closes it
        return work.counts
    left = work.finish()
    partly = bool(left) and job.only is not None
    state.plans.mark(plan.id, "open" if partly else "applied")
    if (job.mode == "write" and not partly) or not left:
        state.targets.planned(plan.target, plan.upto_rev, job.fingerprint)
    return work.counts


class Delivery:
    """One delivery."""

    def __init__(
        self, job: TargetJob, state: State, plan: PlanState, clock: Clock, run: int, progress: Progress | None
    ) -> None:
        self.job, self.state, self.plan, self.clock, self.run_id, self.progress = job, state, plan, clock, run, progress
        self.can = job.target.capabilities()
        self.counts = DeliveryCounts()
        self._facets: dict[tuple[str, str], ObjectIdentity] = {
            (cls, f.facet): f for cls in job.classes for f in job.maps.facets(cls)
        }
        self._bases: dict[tuple[int, str | None], dict[str, Any] | None] = {}
        self._refusals: dict[tuple[int, str | None], dict[str, Any]] = {}
        self._left = job.canary if job.mode == "canary" else None
        self._total = sum(
            plan.summary.get("counts", {}).get(c, {}).get(o, 0)
            for c in plan.summary.get("counts", {})
            for o in ("create", "update", "link")
        )
        self._done = 0

    def run(self) -> None:
        """Send everything that is to be sent, in order."""
        part = self.job.only if isinstance(self.job.only, Part) else None
        if part is None or part.number == 1:
            deliver_shape(self)
        self._recover()
        size = max(self.can.batch * self.can.workers, 1)
        after = -1
        entities: set[int] = set()
        states = ("pending", "failed")
        # What a row of one level refers to has its object when that level is sent.
        while rows := self.state.plans.rows(self.plan.id, states=states, after=after, count=size, within=LEVEL):
            after = rows[-1].n
            if part is not None:
                wait_for_level(self.state.plans, self.plan.id, after // LEVEL, self.clock)
                rows = [r for r in rows if part.takes(r)]
            elif self.job.only is not None:
                rows = [r for r in rows if r.entity in self.job.only]
            if self._left is not None:
                entities.update(r.entity for r in rows if len(entities) < self._left or r.entity in entities)
                rows = [r for r in rows if r.entity in entities]
            self.send(rows)
        Counterparts(self).run(entities if self._left is not None else self.job.only)

    def finish(self) -> int:
        """Return how many rows are left for a later run."""
        return len(self.state.plans.rows(self.plan.id, states=("pending", "sent"), count=1))

    # --- rows whose answer was lost -----------------------------------------------------------------------------------

    def _recover(self) -> None:
        after = -1
        while rows := self.state.plans.rows(self.plan.id, states=("sent",), after=after, count=1000):
            after = rows[-1].n
            if self.job.only is not None:  # another part's rows are on their way
                rows = [r for r in rows if r.entity in self.job.only]
            lost: dict[str, list[PlanRow]] = {}
            again = DeliveryBatch()
            for row in rows:
                if row.op in (Op.CREATE, Op.INSERT) and row.object_id is None:
                    lost.setdefault(row.kind, []).append(row)
                else:
                    again.states.append((row.n, RowState.PENDING, ""))
            self.state.plans.deliver(self.plan.target, self.plan.id, self.clock.now(), self.run_id, again)
            for kind, some in lost.items():
                found = self.job.target.find(
                    kind, self.facet(some[0]).reads, [self.job.hub_key(r.entity) for r in some]
                )
                batch = DeliveryBatch()
                for row in some:
                    item = found.get(self.job.hub_key(row.entity))
                    if item is None:
                        batch.states.append((row.n, RowState.PENDING, ""))
                    else:
                        wrote = {
                            name: change.new for name, change in row.changes.items() if waits_for(change.new) is None
                        }
                        self.applied(batch, row, item, wrote, {}, "created")
                self.state.plans.deliver(self.plan.target, self.plan.id, self.clock.now(), self.run_id, batch)

    # --- sending ------------------------------------------------------------------------------------------------------

    def send(self, rows: Sequence[PlanRow]) -> None:
        """Send rows in slices the target likes, and again what may work later."""
        if not rows:
            return
        writes = [r for r in rows if r.op is not _LINK or r.changes]
        if len(writes) < len(rows):
            self._link([r for r in rows if r.op is _LINK and not r.changes])
        for attempt in range(_TRIES):
            if not writes:
                return
            if attempt:
                self.clock.sleep(2.0**attempt)
            writes = self._attempt(writes, last=attempt == _TRIES - 1)

    def _attempt(self, rows: Sequence[PlanRow], *, last: bool) -> list[PlanRow]:
        """Send rows once; returns those that may work later."""
        batch = DeliveryBatch()
        rows = self._located(rows, batch)
        existing = self._existing(rows)
        ready = self._fresh(rows, existing, batch)
        ready, values = self._resolve(ready, batch)
        if batch.states or batch.replan:
            self.store(batch)
        if not ready:
            return []
        self.state.plans.send(self.plan.id, [row.n for row in ready])
        writes = [self._write(row, values[row.n], existing.get(row.n)) for row in ready]
        by_number = {row.n: row for row in ready}
        later: list[PlanRow] = []
        result = DeliveryBatch()
        self.learn_bases(ready)
        now = self.clock.now()
        for outcome in self._call(writes):
            row = by_number[outcome.row]
            if outcome.retryable and outcome.state is _FAILED and not last:
                later.append(row)
                result.states.append((row.n, _PENDING, outcome.message[:500]))
                continue
            self._outcome(result, row, outcome, values[row.n], existing.get(row.n), now)
        self.store(result)
        if self.progress:
            self.progress(f"{self.job.name} writing", self._done, self._total)
        return later

    def _call(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes in parts; what goes past the target's identification comes last.

        Such a row is inserted because another row creates a thing of the same name: were it there first, the target
        would take it for the other.
        """
        inserts = [w for w in writes if w.extra.get("direct")]
        others = [w for w in writes if not w.extra.get("direct")] if inserts else writes
        return [*self._in_parts(others), *self._in_parts(inserts)]

    def _in_parts(self, writes: Sequence[Write]) -> list[Outcome]:
        parts = [writes[i : i + self.can.batch] for i in range(0, len(writes), self.can.batch)]
        if len(parts) <= 1 or self.can.workers == 1:
            return [outcome for part in parts for outcome in self._guarded(part)]
        with ThreadPoolExecutor(self.can.workers) as pool:
            return [outcome for outcomes in pool.map(self._guarded, parts) for outcome in outcomes]

    def _guarded(self, part: Sequence[Write]) -> list[Outcome]:
        try:
            outcomes = self.job.target.write(part)
        except HubError as exc:
            if exc.recovery is Recovery.ABORT:
                raise
            return [
                Outcome(w.row, RowState.FAILED, message=str(exc), retryable=exc.recovery is Recovery.RETRY_LATER)
                for w in part
            ]
        missing = {w.row for w in part} - {o.row for o in outcomes}
        return [
            *outcomes,
            *(
                Outcome(row, RowState.FAILED, message="the target gave no answer for this row.", retryable=True)
                for row in sorted(missing)
            ),
        ]

    def _write(self, row: PlanRow, fields: dict[str, Value], existing: TargetObject | None) -> Write:
        extra: dict[str, Any] = {"cls": row.cls, "facet": row.facet}
        if row.op is _INSERT:
            extra["direct"] = True
        if row.changes:
            extra["expected"] = {name: change.old for name, change in row.changes.items()}
        creating = row.op is _CREATE or row.op is _INSERT
        return Write(
            row.n,
            row.kind,
            _CREATE if creating else _UPDATE,
            None if creating else row.object_id,
            fields,
            self.job.hub_key(row.entity),
            existing.version if existing else None,
            extra,
        )

    # --- before sending -----------------------------------------------------------------------------------------------

    def _located(self, rows: Sequence[PlanRow], batch: DeliveryBatch) -> list[PlanRow]:
        """Find the objects of rows that were planned before their object existed."""
        loose = [r for r in rows if r.object_id is None and r.op is _UPDATE]
        if not loose:
            return list(rows)
        ids = self.state.targets.object_ids(self.plan.target, [r.entity for r in loose])
        for row in loose:
            row.object_id = ids.get((row.entity, row.facet))
            if row.object_id is None:
                self._missed(batch, row, RowState.FAILED, "the object it belongs to was not created")
        return [r for r in rows if r.op is not Op.UPDATE or r.object_id is not None]

    def _existing(self, rows: Sequence[PlanRow]) -> dict[int, TargetObject]:
        """Read again what is about to be overwritten."""
        kinds: dict[str, list[PlanRow]] = {}
        for row in rows:
            if row.object_id is not None:
                kinds.setdefault(row.kind, []).append(row)
        result: dict[int, TargetObject] = {}
        for kind, some in kinds.items():
            reads = tuple(sorted({name for row in some for name in self.facet(row).reads}))
            found = self.job.target.fetch(kind, reads, [row.object_id for row in some if row.object_id])
            result.update({row.n: found[row.object_id] for row in some if row.object_id in found})
        return result

    def _fresh(self, rows: Sequence[PlanRow], existing: dict[int, TargetObject], batch: DeliveryBatch) -> list[PlanRow]:
        """Keep the rows whose target still holds what the plan saw; the others are drifted."""
        ready = []
        for row in rows:
            if row.object_id is None:
                ready.append(row)
                continue
            now = existing.get(row.n)
            if now is None:
                note = "the object is gone, or hidden from this user"
            else:
                facet = self.facet(row)
                moved = [
                    n
                    for n, c in row.changes.items()
                    if n in now.fields
                    and not facet.same(n, c.old, now.fields[n])
                    and not facet.same(n, c.new, now.fields[n])
                ]
                note = f"changed since the plan: {', '.join(moved)}" if moved else ""
            if note:
                self._missed(batch, row, RowState.DRIFTED, note)
            else:
                ready.append(row)
        return ready

    def _resolve(
        self, rows: Sequence[PlanRow], batch: DeliveryBatch
    ) -> tuple[list[PlanRow], dict[int, dict[str, Value]]]:
        """Put ids in for objects that had to be created first; what is still missing is left out and planned again.

        Returns:
            The rows that still have something to write, and row number -> what.
        """
        values: dict[int, dict[str, Value]] = {}
        wanted: list[tuple[PlanRow, str, tuple[int, str]]] = []
        for row in rows:
            fields = values[row.n] = row.values or row.wanted()
            if dict in map(type, fields.values()):
                values[row.n] = dict(fields)
                for name, value in fields.items():
                    if value.__class__ is dict:
                        wanted.append((row, name, (value["$entity"], value.get("$facet", "record"))))
        if not wanted:
            return list(rows), values
        objects = self.state.targets.object_ids(self.plan.target, list({key[0] for _, _, key in wanted}))
        empty = set()
        for row, name, key in wanted:
            found = objects.get(key)
            if found:
                values[row.n][name] = found
                continue
            del values[row.n][name]
            batch.replan.append((row.entity, f"reference: {name}"))
            if not values[row.n] and row.op is _UPDATE:
                batch.states.append((row.n, _UNCHANGED, "what it refers to is not there yet"))
                self.counts.add(row, _UNCHANGED)
                empty.add(row.n)
        return [row for row in rows if row.n not in empty], values

    # --- after sending ------------------------------------------------------------------------------------------------

    def _link(self, rows: Sequence[PlanRow]) -> None:
        """Adopt objects that need no write: the base is what both sides agree on."""
        if not rows:
            return
        batch = DeliveryBatch()
        known = self.state.targets.by_object_id(self.plan.target, [r.object_id for r in rows if r.object_id])
        self.learn_bases(rows)
        for row in rows:
            item = known.get(row.object_id or "")
            if item is None or item.entity not in (None, row.entity):
                note = (
                    "the object is not known any more" if item is None else "the object belongs to another thing by now"
                )
                self._missed(batch, row, RowState.DRIFTED, note)
            else:
                self.applied(batch, row, _as_target(item), {}, {}, item.origin)
        self.store(batch)

    def _missed(self, batch: DeliveryBatch, row: PlanRow, state: RowState, note: str) -> None:
        """Note a row that was not sent, count it, and have its entity planned again."""
        batch.states.append((row.n, state, note))
        batch.replan.append((row.entity, state.value))
        self.counts.add(row, state)

    def _outcome(
        self,
        batch: DeliveryBatch,
        row: PlanRow,
        outcome: Outcome,
        sent: dict[str, Value],
        existing: TargetObject | None,
        now: int,
    ) -> None:
        if (outcome.state is _APPLIED or outcome.state is _UNCHANGED) and outcome.object_id:
            fields, counterpart = sent, outcome.counterpart
            if existing is not None:
                fields, counterpart = {**existing.fields, **sent}, counterpart or existing.counterpart
            if outcome.fields or outcome.refused:
                fields = {**fields, **outcome.fields}
            refused = {}
            for name, reason in outcome.refused.items():
                refused[name] = {"reason": reason, "wanted": sent.get(name)}
                if name not in outcome.fields:
                    fields.pop(name, None)
            item = TargetObject(
                self.facet(row).read_kind, outcome.object_id, fields, outcome.version, now, None, counterpart, row.kind
            )
            origin = "created" if row.op is _CREATE or row.op is _INSERT else "found"
            self.applied(batch, row, item, sent, refused, origin, outcome.state, outcome.message)
            return
        if outcome.state is RowState.REFUSED and outcome.refused and existing is not None:
            # Nothing was taken: kept with the object, so that it is not tried again until the wanted value changes.
            refused = {n: {"reason": reason, "wanted": sent.get(n)} for n, reason in outcome.refused.items()}
            self.applied(batch, row, existing, {}, refused, "found", outcome.state, outcome.message)
            return
        batch.states.append((row.n, outcome.state, outcome.message[:500] or "the target gave no reason"))
        self.counts.add(row, outcome.state)
        if outcome.state in (RowState.FAILED, RowState.DRIFTED, RowState.CONFLICT):
            batch.replan.append((row.entity, outcome.state.value))

    def applied(
        self,
        batch: DeliveryBatch,
        row: PlanRow,
        item: TargetObject,
        sent: dict[str, Value],
        refused: dict[str, dict[str, Any]],
        origin: str,
        state: RowState = RowState.APPLIED,
        note: str = "",
    ) -> None:
        """Note that an object holds what a row wanted: link, base, state, counts.

        Args:
            batch: Gathers what is stored together.
            row: The plan row.
            item: The object as it is now.
            sent: What was written.
            refused: Field -> reason and value, for what the target did not take.
            origin: `created` by the hub (or by the target on its account), or `found`.
            state: State of the row.
            note: Words for the row.
        """
        facet = self.facet(row)
        if (
            item.kind != facet.read_kind
        ):  # one object is one row: later reads of other people's edits come under this kind
            item = replace(item, kind=facet.read_kind, cls=item.cls or row.kind)
        if row.op is _CREATE or row.op is _INSERT or (origin == "created" and not sent):
            base = item.fields if not refused else {n: v for n, v in item.fields.items() if n not in refused}
        else:
            base = self._base(row, facet, item, sent, refused)
            earlier = self._refusals.get((row.entity, row.facet)) or {}
            refused = {**{n: said for n, said in earlier.items() if n not in sent}, **refused}
        batch.objects.append((row.entity, row.facet, item, base, refused, origin))  # type: ignore[arg-type]
        batch.states.append((row.n, state, note[:500]))
        self.counts.add(row, state)
        self._done += 1

    def learn_bases(self, rows: Sequence[PlanRow]) -> None:
        """Load bases and earlier refusals of a slice of rows at once; `applied` needs them."""
        entities = list({r.entity for r in rows if r.op not in (Op.CREATE, Op.INSERT)})
        linked = self.state.targets.linked(self.plan.target, entities) if entities else {}
        self._bases = {(e, o.facet): o.base for e, objects in linked.items() for o in reversed(objects)}
        self._refusals = {(e, o.facet): o.refused for e, objects in linked.items() for o in objects if o.refused}

    def _base(
        self, row: PlanRow, facet: ObjectIdentity, item: TargetObject, sent: dict[str, Value], refused: dict[str, Any]
    ) -> dict[str, Value]:
        """Say what hub and target agree on after a write: the old base, what was written, and what is equal anyway."""
        base = dict(self._bases.get((row.entity, row.facet)) or {})
        for name, value in sent.items():
            if name in facet.fields and name not in refused and facet.same(name, value, item.fields.get(name, value)):
                base[name] = item.fields.get(name, value)
        return base

    def store(self, batch: DeliveryBatch) -> None:
        """Store what has gathered, in one transaction."""
        self.state.plans.deliver(self.plan.target, self.plan.id, self.clock.now(), self.run_id, batch)

    def facet(self, row: PlanRow) -> ObjectIdentity:
        """Return the target map's say about a row's object."""
        return self._facets[row.cls, row.facet]


def _as_target(row: ObjectRow) -> TargetObject:
    return TargetObject(
        row.kind, row.object_id, row.fields, row.version, row.updated_at, row.updated_by, row.counterpart, row.cls
    )
