"""A stored plan for people: its report, and the rows behind a cause, a thing or a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synchub.domain.plan import Op, PlanRow
from synchub.engine.shape import FIRST
from synchub.errors import InputError
from synchub.explain import find_entity
from synchub.planfile import format_of, write_plan
from synchub.report import cause_line, causes, render_plan, totals
from synchub.steps import stored_plan
from synchub.visible import cell, moment, number, visible
from synchub.wiring import Hub

_NOT_DONE = ("failed", "refused", "drifted")
_NAMED = 12  # rows that were not written, named by `apply`
_NEEDS = ("conflict", "held", "failed", "refused", "drifted")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are asked for; several conditions hold together."""

    cause: int | None = None
    word: str | None = None
    field: str | None = None
    needs: bool = False

    @property
    def any(self) -> bool:
        """Whether rows are asked for at all."""
        return self.cause is not None or self.word is not None or self.field is not None or self.needs


def head(hub: Hub, token: str) -> dict[str, Any]:
    """Return a stored plan in the form of what `synchub plan` shows.

    Raises:
        InputError: There is none.
    """
    plan = stored_plan(hub, token)
    name = hub.state.lookup.target_names().get(plan.target, str(plan.target))
    block = hub.loaded.settings.targets.get(name)
    outcomes: dict[str, int] = {}
    for (_, _, state), count in hub.state.plans.outcomes(plan.id).items():
        outcomes[state] = outcomes.get(state, 0) + count
    report = {
        "plan": plan.token, "summary": plan.summary, "mode": block.mode if block else "not configured",
        "created_at": plan.created_at, "expires_at": plan.expires_at, "rows": outcomes,
    }  # fmt: skip
    result: dict[str, Any] = {
        "plan": plan.token,
        "number": plan.id,
        "target": name,
        "state": plan.state,
        "run": plan.run,
        "config": plan.config,
        "targets": {name: report},
    }
    return {**result, "totals": totals(result), "causes": causes(result)}


def render(found: Mapping[str, Any], zone: str, *, all_causes: bool) -> str:
    """Render a plan, or all of its causes."""
    if all_causes:
        lines = [cause_line(cause, many=False) for cause in found["causes"]]
        return "\n".join([f"Plan {found['plan']}   {found['target']}   all causes, largest first", *lines])
    report = found["targets"][found["target"]]
    rows = ", ".join(f"{number(count)} {state}" for state, count in sorted(report["rows"].items())) or "no rows"
    note = " (rows of superseded plans are not kept)" if found["state"] == "superseded" else ""
    state = f"state {found['state']}: {rows}{note}   of run {found['run']}"
    text = render_plan(found, zone)
    if found["state"] not in ("open", "applying"):
        text = "\n".join(line for line in text.splitlines() if not line.startswith(("NEXT", "       synchub apply")))
    return f"{text.rstrip()}\n\n{state}"


def check_output(output: Path | None, form: str | None) -> None:
    """Find fault with the name of a file before anything is read.

    Raises:
        ConfigError: Its suffix says no form.
    """
    if output is not None:
        format_of(output, form)


def to_files(hub: Hub, tokens: Sequence[str], output: Path | None, form: str | None) -> list[str]:
    """Write plans to files; of several each has its target in its name. Returns the paths.

    Raises:
        ConfigError: A file cannot be written.
    """
    paths: list[str] = []
    if output is None:
        return paths
    for token in tokens:
        plan = stored_plan(hub, token)
        name = hub.state.lookup.target_names()[plan.target]
        path = output if len(tokens) == 1 else output.with_stem(f"{output.stem}-{name}")
        write_plan(hub, plan, name, path, format_of(output, form))
        paths.append(str(path))
    return paths


def file_lines(paths: Sequence[str]) -> list[str]:
    """Say which files were written."""
    return [f"FILE   {visible(path)}" for path in paths]


def rows_of(hub: Hub, found: Mapping[str, Any], wanted: Wanted, count: int) -> dict[str, Any]:
    """Return `rows` that fit, at most `count`, and how many fit in all (`matching`).

    Raises:
        InputError: There is no such cause or thing.
    """
    entity = find_entity(hub, wanted.word) if wanted.word is not None else None
    cause = _cause(found, wanted.cause) if wanted.cause is not None else None
    kept: list[dict[str, Any]] = []
    matching = 0
    for row in _all_rows(hub, found["number"]):
        if _fits(row, entity, cause, wanted):
            matching += 1
            if len(kept) < count:
                kept.append(_document(row))
    return {"rows": kept, "matching": matching}


def _cause(found: Mapping[str, Any], wanted: int) -> Mapping[str, Any]:
    known: list[dict[str, Any]] = found["causes"]
    for cause in known:
        if cause["number"] == wanted:
            return cause
    raise InputError(
        f"plan {found['plan']} has no cause {wanted}.",
        where="--cause",
        fix=f"It has {len(known)}: --causes lists them.",
    )


def _all_rows(hub: Hub, plan: int) -> Iterator[PlanRow]:
    after = FIRST - 1
    while rows := hub.state.plans.rows(plan, after=after):
        after = rows[-1].n
        yield from rows


def _fits(row: PlanRow, entity: int | None, cause: Mapping[str, Any] | None, wanted: Wanted) -> bool:
    if entity is not None and row.entity != entity:
        return False
    if wanted.needs and row.state.value not in _NEEDS:
        return False
    if wanted.field is not None and wanted.field not in row.wanted():
        return False
    if cause is None:
        return True
    if row.facet != cause["facet"]:
        return False
    if cause["op"] == "create":
        return row.op in (Op.CREATE, Op.INSERT) and bool(row.cls == cause["field"])
    if cause["op"] in ("retire", "delete"):
        return bool(row.op.value == cause["op"] and row.cls == cause["field"])
    change = row.changes.get(cause["field"])
    return row.op.value == cause["op"] and change is not None and change.source == cause["source"]


def _document(row: PlanRow) -> dict[str, Any]:
    changes = [
        {"field": name, "old": c.old, "new": c.new, "source": c.source, "rule": c.rule}
        for name, c in row.changes.items()
    ]
    changes += [{"field": name, "old": None, "new": v, "source": "", "rule": ""} for name, v in row.values.items()]
    return {
        "n": row.n, "entity": row.entity, "class": row.cls, "facet": row.facet, "kind": row.kind, "op": row.op.value,
        "object_id": row.object_id, "label": row.label, "state": row.state.value, "note": row.note, "changes": changes,
    }  # fmt: skip


def not_done(hub: Hub, token: str) -> list[dict[str, Any]]:
    """List the rows of a plan that were not written, with the reason each; those a person has to answer are others."""
    plan, found, after = stored_plan(hub, token), [], FIRST - 1
    while rows := hub.state.plans.rows(plan.id, states=_NOT_DONE, after=after):
        after = rows[-1].n
        found += [_document(row) for row in rows]
    return found


def not_done_lines(rows: Sequence[Mapping[str, Any]], token: str) -> list[str]:
    """Say of the first rows that were not written why."""
    if not rows:
        return []
    lines = [
        f"  {row['state']:<8} {row['op']:<7} {row['class']} {cell(row['label'], 30)} ({row['kind']})"
        f"   {cell(row['note'], 90)}"
        for row in rows[:_NAMED]
    ]
    if len(rows) > _NAMED:
        lines.append(f"  ... {number(len(rows) - _NAMED)} more     synchub plan show {token} --needs")
    return ["", "NOT WRITTEN", *lines]


def render_rows(found: Mapping[str, Any], zone: str) -> str:
    """Render the rows that were asked for."""
    report = found["targets"][found["target"]]
    lines = [f"Plan {found['plan']}   {found['target']}   {found['state']}   made {moment(report['created_at'], zone)}"]
    for row in found["rows"]:
        note = f"   {cell(row['note'], 90)}" if row["note"] else ""
        where = f" {cell(row['object_id'], 36)}" if row["object_id"] else ""
        lines.append(
            f"{row['op']:<7} {row['class']} {cell(row['label'], 30)} ({row['kind']}{where})   {row['state']}{note}"
        )
        for c in row["changes"]:
            source = f"   source: {c['source']}" if c["source"] else ""
            rule = f"   rule: {visible(c['rule'])}" if c["rule"] else ""
            lines.append(f"          {visible(c['field'])}  {cell(c['old'], 40)} -> {cell(c['new'], 40)}{source}{rule}")
    shown = len(found["rows"])
    if found["matching"] > shown:
        lines.append(f"... {number(found['matching'] - shown)} more rows: --rows {found['matching']}")
    elif not shown:
        lines.append("no row fits")
    return "\n".join(lines)
