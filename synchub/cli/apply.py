"""`synchub apply`."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import common, examples, opened, selection, zone_of
from synchub.cli.output import Stages, emit


@click.command(
    epilog=examples(
        "synchub apply 7f3c91",
        "synchub apply plan.json",
        "synchub apply 7f3c91 --limit 10",
        "synchub apply 7f3c91 --select class:computer",
    )
)
@click.argument("plan", metavar="PLAN")
@common
@selection
def apply(plan: str, config: Path, as_json: bool, select: tuple[str, ...], limit: int | None) -> int:
    """Write exactly what a plan says.

    PLAN is the token that `synchub plan` shows, or its beginning, or the plan's JSON file: it must be what the state
    issued, and nothing in it is executed. What is about to be overwritten is read again first; a row whose object
    changed since the plan is left out and planned anew. With --select or --limit the rest stays in the plan.
    """
    from synchub.cli import planview, work
    from synchub.report import render_sync
    from synchub.wiring import Selection

    with opened(config) as hub, Stages() as stages:
        if plan.endswith((".json", ".csv", ".html")):
            from synchub.planfile import token_of

            plan = token_of(hub, Path(plan))
        result = work.do_apply(hub, plan, Selection.parse(select), limit, stages)
        zone = zone_of(hub)
        token = next(iter(result["targets"].values()))["plan"]
        rows = planview.not_done(hub, token)
    text = "\n".join([render_sync(result, zone), *planview.not_done_lines(rows, token)])
    emit({**result, "not_written": rows}, text, as_json=as_json)
    return work.exit_code(result)
