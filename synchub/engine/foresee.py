"""Ask the target what it would match, before anything is created or linked for the first time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synchub.domain.plan import Foreseen, Op, PlanRow, RowState, Value, Write
from synchub.engine.claims import HUB_KEY
from synchub.engine.contact import TargetJob
from synchub.engine.hubkeys import HubKeys
from synchub.engine.linking import DECISION, Linker
from synchub.engine.references import waits_for
from synchub.reconcile.identifiers import Traits
from synchub.stores import State

_STRONG = {HUB_KEY, "serial+manufacturer", "asset_tag", "uuid", "imei"}


def foresee(
    job: TargetJob,
    state: State,
    target: int,
    rows: Sequence[PlanRow],
    docs: Mapping[int, Mapping[str, Any]],
    linker: Linker,
) -> list[PlanRow]:
    """Compare what a plan intends with what the target's own identification would do.

    A create that the target would turn into an update of another object, and a link to an object that the target would
    not match, become conflicts. Where the target would match by name alone an object that is certainly another thing,
    the row becomes an insert past its identification, so that no name is taken over.
    """
    if not job.target.capabilities().foresees:
        return list(rows)
    asked = [r for r in rows if r.facet == "ci" and r.op in (Op.CREATE, Op.LINK) and r.state is RowState.PENDING]
    blocked: set[int] = set()
    shared = linker.may_create([r.entity for r in asked if r.op is Op.CREATE], docs)
    for row in asked:
        if row.op is Op.CREATE and row.entity in shared:
            _block(row, shared[row.entity])
            blocked.add(row.entity)
    asked = [r for r in asked if r.state is RowState.PENDING]
    if not asked:
        return _without(rows, blocked)
    keys = HubKeys(job.hub_id, state.entities)
    keys.learn(r.entity for r in asked)
    answers = {answer.row: answer for answer in job.target.foresee([_question(job, keys, r, docs) for r in asked])}
    known = state.targets.by_object_id(target, [a.object_id for a in answers.values() if a.object_id])
    for row in asked:
        answer = answers.get(row.n)
        if row.op is Op.CREATE and not linker.first_of_name(row):
            row.op, row.note = (
                Op.INSERT,
                "inserted past identification: this plan creates another thing of the same name",
            )
        if answer is None or (answer.object_id == row.object_id and not answer.message):
            continue
        if answer.object_id is None:
            if answer.message and row.op in (Op.CREATE, Op.INSERT) and not _past_name(row, answer, docs, linker):
                blocked.add(row.entity)
            continue
        if answer.object_id == row.object_id or answer.object_id in linker.duplicates.get(row.entity, ()):
            continue
        if (
            row.op is Op.LINK
            and set(answer.by) <= {"name"}
            and (
                linker.by.get(row.entity) in _STRONG
                or linker.is_other(docs[row.entity], row, known.get(answer.object_id))
            )
        ):
            continue  # the target goes by the name for want of anything better; a linked object is written by its id
        if row.op is Op.LINK and linker.by.get(row.entity) == DECISION:
            continue
        other = known.get(answer.object_id)
        if (
            row.op in (Op.CREATE, Op.INSERT)
            and linker.is_other(docs[row.entity], row, other)
            and set(answer.by) <= {"name"}
        ):
            row.op = Op.INSERT
            row.note = f"inserted past identification: its name is held by another thing ({answer.object_id})"
            continue
        _block(row, _words(row, answer))
        linker.choices[row.entity] = tuple(filter(None, (row.object_id, answer.object_id)))
        blocked.add(row.entity)
    return _without(rows, blocked)


def _past_name(row: PlanRow, answer: Foreseen, docs: Mapping[int, Mapping[str, Any]], linker: Linker) -> bool:
    """Insert a thing of whose name the target has several others; False: it cannot be told apart and is blocked."""
    if set(answer.by) == {"name"} and Traits(docs[row.entity]).serial and linker.are_others(docs[row.entity], row):
        row.op, row.note = Op.INSERT, "inserted past identification: several other things have its name"
        return True
    _block(row, f"the target cannot identify it: {answer.message}")
    return False


def _without(rows: Sequence[PlanRow], blocked: set[int]) -> list[PlanRow]:
    """Leave out counterparts of blocked rows: they make no sense without the object they belong to."""
    return [r for r in rows if not (r.entity in blocked and r.state in (RowState.WAITING, RowState.PENDING))]


def _question(job: TargetJob, keys: HubKeys, row: PlanRow, docs: Mapping[int, Mapping[str, Any]]) -> Write:
    doc = docs[row.entity]
    fields: dict[str, Value] = {n: v for n, v in row.wanted().items() if waits_for(v) is None}
    if row.op is Op.LINK:
        facet = next(f for f in job.maps.facets(row.cls) if f.facet == row.facet)
        fields = {n: v for n, v in facet.desired(doc).items() if isinstance(v, str | int | float | bool) or v is None}
    return Write(
        row.n,
        row.kind,
        Op.CREATE,
        row.object_id,
        fields,
        keys.of(row.entity),
        extra={"cls": row.cls, "facet": row.facet},
    )


def _block(row: PlanRow, note: str) -> None:
    row.state, row.note = RowState.CONFLICT, note[:500]


def _words(row: PlanRow, answer: Foreseen) -> str:
    by = "+".join(answer.by) or "its own rules"
    if row.op is Op.LINK:
        return f"unexpected match: the hub would link {row.object_id}, the target matches {answer.object_id} by {by}"
    return f"unexpected match: the target would update {answer.object_id} by {by} instead of creating"
