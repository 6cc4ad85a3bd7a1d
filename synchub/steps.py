"""The steps of a sync over an open configuration: what the command line calls in turn and Prefect runs as tasks.

A step returns counts as plain data, so that it can travel between processes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from typing import Any

from synchub import process
from synchub.alerts import watch
from synchub.engine.contact import pinned
from synchub.engine.pull import PullCounts, pull
from synchub.engine.sync import TargetReport, deliver_step, heartbeat_step, identify_step, plan_step
from synchub.engine.watch import Told
from synchub.errors import ConfigError, HubError, InputError, LeaseHeld, LeaseLost, PlanError, StateError
from synchub.ports import Progress
from synchub.stores import PlanState
from synchub.wiring import Hub, Selection

_LEASE_SECONDS = 60
_RENEW_SECONDS = 15


@contextmanager
def exclusive(hub: Hub, scope: str = "sync", *, wait: int = 0) -> Iterator[str]:
    """Hold the lease of a scope; renewed while the work goes on, so that a dead run's lease ends within a minute.

    A lease whose process has ended on this very system is not waited for. Whoever was held up for longer and finds that
    another run took over writes nothing more: each transaction of the state checks the lease, and nothing is sent
    without one before it.

    Args:
        hub: The open configuration.
        scope: What is worked on.
        wait: Seconds to wait for another run's lease to end.

    Yields:
        The owner: other processes that take part in the run work under it (`Runs.work_under`).

    Raises:
        LeaseHeld: Another run works on the scope.
        LeaseLost: Another run took over meanwhile; raised by what is written next.
    """
    owner = process.owner()
    _acquire(hub, scope, owner, wait)
    hub.state.runs.work_under(scope, owner)
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(_RENEW_SECONDS):
            try:
                hub.state.runs.renew(scope, owner, _LEASE_SECONDS)
            except LeaseLost:  # never taken back: the other run may have changed everything
                return
            except StateError:  # busy for long: tried again before the lease ends
                continue

    thread = threading.Thread(target=renew, name=f"lease {scope}", daemon=True)
    thread.start()
    try:
        yield owner
    finally:
        stop.set()
        thread.join()
        hub.state.runs.work_under(scope, None)
        hub.state.runs.release(scope, owner)


def _acquire(hub: Hub, scope: str, owner: str, wait: int) -> None:
    left = wait
    while True:
        try:
            return hub.state.runs.acquire(scope, owner, _LEASE_SECONDS)
        except LeaseHeld as exc:
            holder = str(exc.context["owner"])
            if process.has_died(holder):  # nobody renews it: not waited for
                hub.state.runs.release(scope, holder)
            elif left:
                left -= 1
                hub.clock.sleep(1)
            else:
                raise


def begin_run(hub: Hub, kind: str, flow_run: str | None = None) -> int:
    """Open a run; returns its number."""
    return hub.state.runs.begin(kind, hub.clock.now(), hub.loaded.fingerprint, flow_run)


def end_run(hub: Hub, run: int, state: str) -> None:
    """Close a run (`done`, `partly` or `failed`) and tell whoever is to know; that nobody could be told is noted."""
    hub.state.runs.end(run, hub.clock.now(), state)
    if isinstance(sys.exception(), KeyboardInterrupt):
        return  # whoever stopped it knows
    told = watch(hub)
    if told != Told():
        with suppress(LeaseLost):  # this run has ended all the same
            hub.state.runs.note(run, {"notify": asdict(told)})


def chosen(names: Any, wanted: frozenset[str], what: str) -> list[str]:
    """Return the configured names that are selected.

    Raises:
        ConfigError: A selected name is not configured.
    """
    unknown = sorted(wanted - set(names))
    if unknown:
        raise ConfigError(
            f"there is no {what} {unknown[0]!r}.", where="--select", fix=f"Configured are: {', '.join(names)}."
        )
    return [name for name in names if not wanted or name in wanted]


def pull_source(
    hub: Hub, name: str, run: int, *, limit: int | None = None, progress: Progress | None = None
) -> dict[str, dict[str, Any]]:
    """Read every stream of a source; a stream that fails does not keep the others from being read.

    Returns:
        Stream -> counts (`synchub.engine.pull.PullCounts`), with `error` where it failed.
    """
    result: dict[str, dict[str, Any]] = {}
    with hub.source(name) as source:
        for stream in source.streams():
            try:
                counts = asdict(
                    pull(hub.pull_job(name, source, stream, limit), hub.state.ledger, hub.clock, run, progress)
                )
            except HubError as exc:
                if exc.exit_code == ConfigError.exit_code:
                    raise
                counts = asdict(PullCounts(proof=f"failed: {exc.message}")) | {
                    "error": str(exc),
                    "code": exc.code,
                    "recovery": exc.recovery.value,
                }
            result[stream] = counts
            hub.state.runs.note(run, {"pull": {f"{name}/{stream}": counts}})
    return result


def identify_all(hub: Hub, run: int, *, progress: Progress | None = None) -> dict[str, Any]:
    """Identify and reconcile what changed."""
    return asdict(identify_step(hub.state, hub.rules(), hub.clock, run, progress))


def plan_target(
    hub: Hub, name: str, run: int, selection: Selection, *, progress: Progress | None = None
) -> TargetReport:
    """Plan a target; nothing is written, not even what an earlier run began to deliver."""
    with hub.target_job(name, selection.classes) as job:
        preview = replace(job, mode="preview")
        chosen = selected_entities(hub, selection)
        report = plan_step(preview, hub.state, hub.rules(), hub.clock, run, progress, select=chosen)[1]
        if chosen is None:
            report = heartbeat_step(preview, hub.state, report, hub.clock, run, progress)
        report.mode = job.mode
        return report


def sync_target(
    hub: Hub, name: str, run: int, selection: Selection, *, progress: Progress | None = None
) -> TargetReport:
    """Plan a target and deliver the plan as far as its mode allows."""
    with hub.target_job(name, selection.classes) as job:
        rules = hub.rules()
        plan, report = plan_step(
            job, hub.state, rules, hub.clock, run, progress, select=selected_entities(hub, selection)
        )
        report = deliver_step(job, hub.state, plan, report, hub.clock, run, progress)
        if selection == Selection():
            report = heartbeat_step(job, hub.state, report, hub.clock, run, progress)
        return report


def target_of(hub: Hub, plan: PlanState) -> str:
    """Name the configured target of a plan.

    Raises:
        ConfigError: It is not configured any more.
    """
    for name in hub.loaded.settings.targets:
        if hub.state.targets.target(name).id == plan.target:
            return name
    raise ConfigError(
        f"the target of plan {plan.token} is not configured any more.", where="apply", fix="Configure it again."
    )


def apply_plan(
    hub: Hub,
    token: str,
    run: int,
    *,
    selection: Selection | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> tuple[str, TargetReport]:
    """Deliver one stored plan, or a part of it; then the rest stays in the plan.

    Args:
        hub: The open configuration.
        token: Token of the plan, or an unambiguous beginning.
        run: The run that delivers.
        selection: Only things of these classes and names, and to which one of these sources contributes.
        limit: At most so many things.
        progress: Told how far it is.

    Raises:
        PlanError: It is expired, superseded, or its target is in mode preview.
        InputError: There is no such plan.
    """
    plan = stored_plan(hub, token)
    name = target_of(hub, plan)
    with hub.target_job(name) as job:
        if job.mode == "preview":
            place = hub.loaded.document.where("targets", name)
            raise PlanError(
                f"{name} is in mode preview, so nothing is applied.",
                where=f"plan {plan.token}",
                fix=f"Set `mode: canary` ({place}), plan again, then apply.",
            )
        pinned(job, hub.state)
        job = replace(job, only=_chosen_entities(hub, plan, selection or Selection(), limit))
        report = TargetReport(plan.token, plan.summary, 0, False, 0, job.mode)
        return name, deliver_step(job, hub.state, plan, report, hub.clock, run, progress)


def stored_plan(hub: Hub, token: str) -> PlanState:
    """Return a stored plan.

    Raises:
        InputError: There is none.
        PlanError: The beginning of a token fits several.
    """
    plan = hub.state.plans.get(token) if token else None
    if plan is None:
        raise InputError(
            f"there is no plan {token[:40]!r}.",
            where="plan",
            fix="List them with `synchub status`, or make one: `synchub plan`.",
        )
    return plan


def _chosen_entities(hub: Hub, plan: PlanState, selection: Selection, limit: int | None) -> frozenset[int] | None:
    """Choose the entities of a plan that are delivered; None for all."""
    if limit is None and selection == Selection():
        return None
    named = selected_entities(hub, selection)
    found: dict[int, None] = {}
    after = -1
    while rows := hub.state.plans.rows(plan.id, states=("pending", "failed", "sent", "waiting"), after=after):
        after = rows[-1].n
        fresh = {r.entity for r in rows if not selection.classes or r.cls in selection.classes} - found.keys()
        if named is not None:
            fresh &= named
        if selection.sources:
            stored = hub.state.entities.get(sorted(fresh))
            fresh = {e for e in fresh if e in stored and selection.sources & set(stored[e].sources.split(","))}
        found.update(dict.fromkeys(r.entity for r in rows if r.entity in fresh))
    return frozenset(list(found)[:limit])


def selected_entities(hub: Hub, selection: Selection) -> frozenset[int] | None:
    """Find the entities that `object:` words name; None when there are none.

    Raises:
        InputError: A word fits nothing.
    """
    if not selection.objects:
        return None
    from synchub.explain import find_entity

    return frozenset(find_entity(hub, word) for word in selection.objects)


def run_state(pulled: dict[str, dict[str, dict[str, Any]]], reports: dict[str, dict[str, Any]]) -> str:
    """Judge a run: `failed` when a stream failed, `partly` when rows are left over, else `done`."""
    if any("error" in counts for streams in pulled.values() for counts in streams.values()):
        return "failed"
    if any(report.get("paused") for report in reports.values()):
        return "partly"
    bad = {"failed", "refused", "conflict", "drifted", "held"}
    return "partly" if any(bad & set(report["states"]) for report in reports.values()) else "done"
