"""The stages of `pull`, `plan`, `apply` and `sync`: one run each, under the lease, with what it found as a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from synchub.cli.output import Stages
from synchub.engine.sync import TargetReport
from synchub.errors import ConfigError, HubError
from synchub.steps import (
    apply_plan,
    begin_run,
    chosen,
    end_run,
    exclusive,
    identify_all,
    plan_target,
    pull_source,
    run_state,
    stored_plan,
    sync_target,
)
from synchub.wiring import Hub, Selection

Document = dict[str, Any]
_MISSING = 20  # references listed
_REFERENCE = re.compile(r"""\w+ (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|^person$|(?<=, )person(?=,|$)""")
_FAILED = {"failed", "refused", "drifted", "conflict"}


class _Run:
    """A run that is going on.

    Attributes:
        number: Its number.
        state: What it will be closed with.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.state = "failed"


@contextmanager
def _run(hub: Hub, kind: str) -> Iterator[_Run]:
    """Hold the lease and keep the books of one run; whatever stops it, the run is closed and the lease given back."""
    with exclusive(hub):
        run = _Run(begin_run(hub, kind))
        try:
            yield run
        finally:
            end_run(hub, run.number, run.state)


def do_pull(hub: Hub, selection: Selection, limit: int | None, stages: Stages) -> Document:
    """Read the selected sources.

    Raises:
        ConfigError: Something else than sources is selected.
    """
    if selection.classes or selection.objects:
        raise ConfigError("pull reads whole sources.", where="--select", fix="Select source:NAME, or leave it out.")
    with _run(hub, "pull") as run:
        pulled = _read(hub, run.number, selection, limit, stages)
        run.state = run_state(pulled, {})
    return {"run": run.number, "state": run.state, "pulled": pulled, "targets": {}}


def do_plan(hub: Hub, selection: Selection, limit: int | None, stages: Stages, *, read: bool) -> Document:
    """Read, identify and plan every target; nothing is written to one."""
    _ready(hub)
    with _run(hub, "plan") as run:
        pulled = _read(hub, run.number, selection, limit, stages) if read else {}
        stages.stage("identifying")
        identified = identify_all(hub, run.number, progress=stages)
        targets = _each_target(hub, "planning", stages, lambda name: plan_target(
            hub, name, run.number, selection, progress=stages))  # fmt: skip
        run.state = _state(pulled, targets)
    found = {"run": run.number, "state": run.state, "pulled": pulled, "identified": identified, "targets": targets}
    return enrich(hub, found)


def do_sync(hub: Hub, selection: Selection, limit: int | None, stages: Stages) -> Document:
    """Read, identify, plan and deliver every target as far as its mode allows."""
    _ready(hub)
    with _run(hub, "sync") as run:
        pulled = _read(hub, run.number, selection, limit, stages)
        stages.stage("identifying")
        identified = identify_all(hub, run.number, progress=stages)
        targets = _each_target(hub, "delivering to", stages, lambda name: sync_target(
            hub, name, run.number, selection, progress=stages))  # fmt: skip
        run.state = _state(pulled, targets)
    found = {"run": run.number, "state": run.state, "pulled": pulled, "identified": identified, "targets": targets}
    return enrich(hub, found)


def do_apply(hub: Hub, token: str, selection: Selection, limit: int | None, stages: Stages) -> Document:
    """Deliver one stored plan, or the selected part of it.

    Raises:
        InputError: There is no such plan.
        PlanError: It cannot be applied (mode preview, expired, superseded).
    """
    chosen(list(hub.loaded.settings.sources), selection.sources, "source")
    plan = stored_plan(hub, token)  # before a run is opened for nothing
    with _run(hub, "apply") as run:
        stages.stage(f"applying plan {plan.token}")
        name, report = apply_plan(hub, token, run.number, selection=selection, limit=limit, progress=stages)
        targets = {name: report.as_dict()}
        run.state = _state({}, targets)
    return enrich(hub, {"run": run.number, "state": run.state, "targets": targets})


def _ready(hub: Hub) -> None:
    """Find faults of the targets' configuration before anything is read."""
    for name in hub.loaded.settings.targets:
        if name not in hub.targets:
            hub.target_settings(name)
        hub.target_map(name)


def _read(hub: Hub, run: int, selection: Selection, limit: int | None, stages: Stages) -> Document:
    pulled: Document = {}
    for name in chosen(list(hub.loaded.settings.sources), selection.sources, "source"):
        stages.stage(f"reading {name}")
        try:
            pulled[name] = pull_source(hub, name, run, limit=limit, progress=stages)
        except ConfigError:
            raise
        except HubError as exc:  # the source as a whole; the others are read all the same
            pulled[name] = {"(all)": _unread(exc)}
    return pulled


def _unread(error: HubError) -> Document:
    from dataclasses import asdict

    from synchub.engine.pull import PullCounts

    return asdict(PullCounts()) | {"error": str(error), "code": error.code, "recovery": error.recovery.value}


def _each_target(hub: Hub, doing: str, stages: Stages, work: Callable[[str], TargetReport]) -> Document:
    """Do something for each target; one that fails does not keep the others from it."""
    reports: Document = {}
    for name, block in hub.loaded.settings.targets.items():
        stages.stage(f"{doing} {name}")
        try:
            reports[name] = work(name).as_dict()
        except ConfigError:
            raise
        except HubError as exc:
            failed = TargetReport("", {}, 0, False, 0, block.mode).as_dict()
            reports[name] = failed | {"error": str(exc), "code": exc.code, "recovery": exc.recovery.value}
    return reports


def _state(pulled: Document, targets: Document) -> str:
    if any("error" in report for report in targets.values()):
        return "failed"
    return run_state(pulled, targets)


def enrich(hub: Hub, result: Document) -> Document:
    """Add what a report shows beside the counts: totals of things, when plans end, and plans that were cut off."""
    settings, state = hub.loaded.settings, hub.state
    result |= {"entities": state.lookup.class_counts(), "config": hub.loaded.fingerprint}
    for name, report in result["targets"].items():
        plan = state.plans.get(report["plan"]) if report["plan"] else None
        if plan is not None:
            report |= {"created_at": plan.created_at, "expires_at": plan.expires_at}
            unfinished = state.plans.unfinished(plan.target)
            if unfinished is not None and unfinished.id != plan.id:
                report["unfinished"] = unfinished.token
            report["waiting"] = missing_references(state.lookup.waiting_reasons(plan.target))
        notes = hub.rate_notes.get(("targets", name))
        if notes is not None and notes.per_second:
            report["per_second"] = notes.per_second
        if name in settings.targets:
            block = settings.targets[name]
            report["classes"] = list(block.classes or hub.target_map(name).classes)
    return result


def missing_references(reasons: Sequence[tuple[str, int]]) -> list[Document]:
    """Count the references that a target lacks, the most wanted first."""
    counts: dict[str, int] = {}
    for reason, count in reasons:
        if reason.startswith("reference: "):
            for found in set(_REFERENCE.findall(reason.removeprefix("reference: "))):
                counts[found] = counts.get(found, 0) + count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [{"for": name, "count": count} for name, count in ordered[:_MISSING]]


def exit_code(result: Document) -> int:
    """Tell the exit code of what was done: 1 failed, 5 partly applied, 4 held, else 0."""
    if result["state"] == "failed":
        return 1
    states = [report.get("states") or {} for report in result["targets"].values()]
    if any(_FAILED & set(some) for some in states):
        return 5
    if any(report.get("paused") for report in result["targets"].values()):
        return 4
    held = any("held" in some for some in states) or any(held_rows(report) for report in result["targets"].values())
    return 4 if held else 0


def held_rows(report: Document) -> int:
    """Count the rows of a plan that a guard holds."""
    return sum(counts.get("held", 0) for counts in report["summary"].get("counts", {}).values())
