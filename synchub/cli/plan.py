"""`synchub plan` and `synchub plan show`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from synchub.cli.options import common, examples, opened, selection, to_file, zone_of
from synchub.cli.output import Stages, emit


@click.group(
    invoke_without_command=True,
    epilog=examples(
        "synchub plan", "synchub plan --no-pull --select class:computer", "synchub plan --output plan.json"
    ),
)
@common
@selection
@click.option("--no-pull", is_flag=True, help="Plan from what the state holds; read no source.")
@to_file
@click.option("--exit-code", is_flag=True, help="End with 3 when there are changes, 4 when some are held.")
@click.pass_context
def plan(
    context: click.Context,
    config: Path,
    as_json: bool,
    select: tuple[str, ...],
    limit: int | None,
    no_pull: bool,
    output: Path | None,
    form: str | None,
    exit_code: bool,
) -> int:
    """Show what would be written, and why; writes nothing.

    Reads the sources, identifies, looks at each target and stores one plan per target. Apply one with `synchub apply`.
    """
    if context.invoked_subcommand is not None:
        context.default_map = {"show": {"config": config, "as_json": as_json}}
        return 0
    from synchub.cli import planview, work
    from synchub.report import causes, has_changes, render_plan, totals
    from synchub.wiring import Selection

    with opened(config) as hub, Stages() as stages:
        planview.check_output(output, form)
        result = work.do_plan(hub, Selection.parse(select), limit, stages, read=not no_pull)
        zone = zone_of(hub)
        tokens = [report["plan"] for report in result["targets"].values() if report["plan"]]
        files = planview.to_files(hub, tokens, output, form)
    document = {**result, "files": files, "totals": totals(result), "causes": causes(result)}
    emit(document, "\n".join([render_plan(result, zone), *planview.file_lines(files)]), as_json=as_json)
    if result["state"] == "failed":
        return 1
    if exit_code:
        held = any(work.held_rows(report) for report in result["targets"].values())
        return 4 if held else 3 if has_changes(result) else 0
    return 0


@plan.command(
    "show",
    epilog=examples(
        "synchub plan show 7f3c91", "synchub plan show 7f3c91 --cause 2", "synchub plan show 7f3c91 --html plan.html"
    ),
)
@click.argument("token")
@common
@click.option("--causes", "all_causes", is_flag=True, help="List all causes.")
@click.option("--cause", type=click.IntRange(min=1), metavar="N", help="List the rows behind cause N.")
@click.option("--object", "word", metavar="NAME", help="List the rows of one thing.")
@click.option("--field", metavar="FIELD", help="List the rows that write one target field.")
@click.option("--needs", is_flag=True, help="List the rows that need a person.")
@to_file
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it as a page.")
@click.option("--rows", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Rows to list.")
def show(
    token: str,
    config: Path,
    as_json: bool,
    all_causes: bool,
    cause: int | None,
    word: str | None,
    field: str | None,
    needs: bool,
    output: Path | None,
    form: str | None,
    html: Path | None,
    rows: int,
) -> None:
    """Show a stored plan; no system is asked.

    TOKEN is what `synchub plan` shows, or its beginning.
    """
    from synchub.cli import planview

    with opened(config) as hub:
        zone = zone_of(hub)
        found: dict[str, Any] = planview.head(hub, token)
        wanted = planview.Wanted(cause, word, field, needs)
        if wanted.any:
            found |= planview.rows_of(hub, found, wanted, rows)
        files = planview.to_files(hub, [found["plan"]], output, form)
        files += planview.to_files(hub, [found["plan"]], html, "html")
    text = planview.render_rows(found, zone) if wanted.any else planview.render(found, zone, all_causes=all_causes)
    emit({**found, "files": files}, "\n".join([text, *planview.file_lines(files)]), as_json=as_json)
