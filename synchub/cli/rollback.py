"""`synchub rollback`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import Stages, emit

_SHOWN = 6  # reasons listed of each kind


@click.command(epilog=examples("synchub rollback 412", "synchub rollback 412 --apply", "synchub rollback 412 --unpin"))
@click.argument("run", metavar="RUN", type=click.IntRange(min=1))
@common
@click.option("--apply", "at_once", is_flag=True, help="Write it; else it is only planned and shown.")
@click.option("--unpin", "end_pins", is_flag=True, help="Let the sources' values be written again.")
@click.option("--as", "who", metavar="NAME", help="Who asks, for the audit log.  [default: the login name]")
def rollback(run: int, config: Path, as_json: bool, at_once: bool, end_pins: bool, who: str | None) -> int:
    """Undo what a run wrote: plan the way back, apply it on request.

    What was edited since is kept. What is restored is pinned: the next sync leaves it, until the sources say something
    new. What cannot be undone is listed first.
    """
    from getpass import getuser

    from synchub.cli import work
    from synchub.rollback import rollback as undo
    from synchub.rollback import unpin

    with opened(config) as hub, Stages() as stages:
        asked_by = who or getuser()
        if end_pins:
            found = unpin(hub, run, who=asked_by)
            emit(found, f"{found['unpinned']:,} pins of run {run} are ended; plan again.", as_json=as_json)
            return 0
        stages.stage(f"undoing run {run}")
        found = undo(hub, run, who=asked_by, apply=at_once, progress=stages)
        zone = zone_of(hub)
    emit(found, "\n".join(_render(found, zone)), as_json=as_json)
    return work.exit_code(found) if at_once else 1 if found["state"] == "failed" else 0


def _render(found: Mapping[str, Any], zone: str) -> Iterator[str]:
    from synchub.report import render_sync
    from synchub.visible import cell, moment, number, visible

    undoes, targets = found["undoes"], found["targets"]
    yield f"Rollback of run {undoes['id']} ({visible(undoes['kind'])}, {moment(undoes['started_at'], zone)})"
    told = {name: report["summary"].get("undoes", {}) for name, report in targets.items()}
    cannot = [f"  {number(item['count'])} x {visible(item['why'])}" for item in found["cannot"]]
    cannot += [line for name, some in told.items() for line in _left(name, some.get("cannot", ()))]
    if cannot:
        yield from ["", "CANNOT BE UNDONE", *cannot[:_SHOWN]]
    kept = [line for name, some in told.items() for line in _left(name, some.get("kept", ()))]
    if kept:
        yield from ["", "KEPT", *kept[:_SHOWN]]
    yield ""
    for name, report in targets.items():
        if report.get("error"):
            yield f"{name}   FAILED: {cell(report['error'], 300)}"
            continue
        some = told[name]
        yield (
            f"Plan {report['plan']}   {name}   mode {report['mode']}   {number(some['restored'])} fields restored,"
            f" {number(some['retired'])} created objects retired, {number(some['unlinked'])} let go"
        )
    yield ""
    if found["applied"]:
        yield render_sync(found)
        return
    token = next((report["plan"] for report in targets.values() if report["plan"]), "")
    yield f"NEXT   Nothing was written. synchub plan show {token} | --object NAME | --field FIELD"
    yield f"       synchub rollback {undoes['id']} --apply"


def _left(name: str, reasons: Any) -> Iterator[str]:
    from synchub.visible import cell, number

    for item in reasons:
        examples = ", ".join(cell(example, 40) for example in item["examples"][:2])
        yield f"  {name}   {number(item['count'])} x {item['why']}   e.g. {examples}"
