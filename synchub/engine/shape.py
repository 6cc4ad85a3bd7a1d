"""Changes to a target's own schema as plan rows: planned, shown and counted like any other, delivered first.

Their numbers are negative, so that they come before every row of an entity and no walk over those meets them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from synchub.domain.model import CLASSES
from synchub.domain.plan import Op, PlanRow, RowState, Write
from synchub.domain.shape import KindShape
from synchub.engine.contact import TargetJob
from synchub.engine.summary import Summary
from synchub.ports import Shaped
from synchub.stores import DeliveryBatch, State

if TYPE_CHECKING:
    from synchub.engine.deliver import Delivery

SCHEMA = "schema"  # class and facet of such rows
FIRST = -1_000_000  # number of the first one; `after=FIRST - 1` shows them too
_OPEN = ("pending", "failed", "sent")


def wanted_shape(job: TargetJob) -> list[KindShape]:
    """List the object types a target needs for the classes it is given, and those they refer to."""
    kinds: dict[str, KindShape] = {}
    for cls in job.classes:
        for facet in job.maps.facets(cls):
            parent = None if facet.read_kind == facet.kind else facet.read_kind
            attributes = facet.attributes(lambda family: _kind_of(job, family))
            known = kinds.get(facet.kind)
            merged = {a.name: a for a in (*(known.attributes if known else ()), *attributes)}
            kinds[facet.kind] = KindShape(facet.kind, parent, tuple(merged.values()))
    for refers in dict.fromkeys(_referred(kinds.values())):
        kinds.setdefault(refers, KindShape(refers))
    return list(kinds.values())


def plan_shape(job: TargetJob, state: State, plan: int, summary: Summary) -> None:
    """Add rows for what the target's schema lacks.

    Raises:
        ConnectorError: The schema cannot be read.
    """
    if not isinstance(job.target, Shaped):
        return
    rows = [
        PlanRow(
            FIRST + n, 0, SCHEMA, SCHEMA, write.kind, Op.CREATE, None,
            label=str(write.fields.get("name") or ""), values=dict(write.fields),
        )
        for n, write in enumerate(job.target.shape(wanted_shape(job)))
    ]  # fmt: skip
    if rows:
        state.plans.add(plan, rows)
    for row in rows:
        summary.add(row)


def deliver_shape(delivery: Delivery) -> None:
    """Add what the plan says the schema lacks; a row that fails is shown, and planned again with the next plan."""
    target, plan, state = delivery.job.target, delivery.plan, delivery.state
    if not isinstance(target, Shaped):
        return
    rows = state.plans.rows(plan.id, states=_OPEN, after=FIRST - 1, count=-FIRST, before=0)
    if not rows:
        return
    delivery.brake.check()
    state.plans.send(plan.id, [row.n for row in rows])
    writes = [Write(r.n, r.kind, r.op, None, r.values, "") for r in rows]
    by_number = {row.n: row for row in rows}
    batch = DeliveryBatch()
    for outcome in target.reshape(writes):
        state_ = RowState.FAILED if outcome.retryable else outcome.state
        batch.states.append((outcome.row, state_, outcome.message[:500]))
        delivery.outcomes.counts.add(by_number[outcome.row], state_)
    delivery.outcomes.store(batch)


def _kind_of(job: TargetJob, family: str) -> str | None:
    """Return the object type of a family's objects, where the target map has one."""
    for cls, model in CLASSES.items():
        facets = job.maps.facets(cls) if model.family == family else ()
        if facets:
            return facets[0].read_kind
    return None


def _referred(kinds: Iterable[KindShape]) -> list[str]:
    return [a.refers for kind in kinds for a in kind.attributes if a.refers]
