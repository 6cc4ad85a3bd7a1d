"""Undo a run over an open configuration: one plan per target that it wrote to, previewed or applied.

document = rollback(hub, 412, who="anna")               # looks and plans, writes nothing
document = rollback(hub, 412, who="anna", apply=True)   # and applies
"""

from __future__ import annotations

from typing import Any

from synchub.engine.sync import TargetReport
from synchub.engine.undo import plan_undo
from synchub.errors import HubError, InputError, PlanError
from synchub.ports import Progress
from synchub.steps import apply_plan, begin_run, end_run, exclusive, run_state
from synchub.wiring import Hub

Document = dict[str, Any]
_LOOK = "See `synchub status` for the runs."


def rollback(hub: Hub, undone: int, *, who: str, apply: bool = False, progress: Progress | None = None) -> Document:
    """Plan the way back of a run, and apply it if that is wanted.

    Args:
        hub: The open configuration.
        undone: Number of the run.
        who: Who asks; goes to the audit log.
        apply: Write it; else the plans wait for `apply`.
        progress: Told how far it is.

    Returns:
        JSON: `run` (this one), `state`, `undoes` (number, kind, when), `cannot` (what no plan can undo) and `targets`
        with a report each, whose `summary["undoes"]` says what is restored, what cannot be undone and what is kept.

    Raises:
        InputError: There is no such run.
        PlanError: It wrote nothing, what it overwrote is not kept any more, or a plan of the target was cut off.
        LeaseHeld: Another run works.
    """
    told = hub.state.reports.run(undone)
    if told is None:
        raise InputError(f"there is no run {undone}.", where="rollback", fix=_LOOK)
    names = _targets(hub, undone, told["counts"])
    with exclusive(hub):
        run, state = begin_run(hub, "rollback"), "failed"
        try:
            hub.state.runs.audit(hub.clock.now(), run, who, "rollback", {"undoes": undone, "apply": apply})
            targets = {name: _one(hub, name, run, undone, apply=apply, progress=progress) for name in names}
            state = "failed" if any("error" in report for report in targets.values()) else run_state({}, targets)
        finally:
            end_run(hub, run, state)
    head = {key: told[key] for key in ("id", "kind", "started_at", "state")}
    return {"run": run, "state": state, "undoes": head, "cannot": _beside(told["counts"]), "targets": targets,
            "applied": apply}  # fmt: skip


def _targets(hub: Hub, undone: int, counts: Document) -> list[str]:
    """Name the targets that a run wrote to, in the order of the configuration."""
    numbers = hub.state.plans.targets_of(undone)
    known = hub.state.lookup.target_names()
    names = {known[number] for number in numbers}
    if not names:
        noted = sum(sum(report.get("applied", {}).values()) for report in counts.get("targets", {}).values())
        why = (
            f"what it overwrote is not kept any more (retention: pre_images), so its {noted:,} rows cannot be undone"
            if noted else "it wrote nothing"
        )  # fmt: skip
        raise PlanError(f"run {undone} cannot be undone: {why}.", where="rollback", fix=_LOOK)
    gone = sorted(names - set(hub.loaded.settings.targets))
    if gone:
        raise PlanError(
            f"run {undone} wrote to {gone[0]!r}, which is not configured any more.",
            where="rollback", fix="Configure it again.",
        )  # fmt: skip
    return [name for name in hub.loaded.settings.targets if name in names]


def _one(hub: Hub, name: str, run: int, undone: int, *, apply: bool, progress: Progress | None) -> Document:
    """Plan, and apply if wanted, the way back in one target; one that fails does not keep the others from it."""
    try:
        with hub.target_job(name) as job:
            unfinished = hub.state.plans.unfinished(hub.state.targets.target(name).id)
            if unfinished is not None:
                raise PlanError(
                    f"plan {unfinished.token} was cut off, so it is not known what it wrote.", where=name,
                    fix=f"Finish it first: synchub apply {unfinished.token}",
                )  # fmt: skip
            plan = plan_undo(job, hub.state, hub.clock, run, undone)
            mode = job.mode
        report = TargetReport(plan.token, plan.summary, 0, False, 0, mode).as_dict()
        if apply and any(plan.summary["undoes"][key] for key in ("restored", "retired", "unlinked")):
            report = apply_plan(hub, plan.token, run, progress=progress)[1].as_dict()
        return report | {"created_at": plan.created_at, "expires_at": plan.expires_at}
    except HubError as exc:
        if exc.exit_code == 2:
            raise
        block = hub.loaded.settings.targets[name]
        failed = TargetReport("", {}, 0, False, 0, block.mode).as_dict()
        return failed | {"error": str(exc), "code": exc.code, "recovery": exc.recovery.value}


def _beside(counts: Document) -> list[Document]:
    """List what a run did beside its plans."""
    beats = {name: some.get("sent", 0) for name, some in counts.get("heartbeats", {}).items()}
    return [{"why": f"{name}: told when things were last seen", "count": n} for name, n in beats.items() if n]


def unpin(hub: Hub, undone: int, *, who: str) -> Document:
    """End what was pinned when a run was undone: the next sync writes again what the sources say.

    Args:
        hub: The open configuration.
        undone: Number of the run that was undone.
        who: Who asks; goes to the audit log.
    """
    count = hub.state.pins.unpin(undone)
    hub.state.runs.audit(hub.clock.now(), None, who, "unpin", {"undoes": undone, "pins": count})
    return {"undoes": undone, "unpinned": count}
