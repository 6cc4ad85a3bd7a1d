"""`synchub absent`: what is missing, and whether a stream that lost much at once is believed."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import acting, common, examples, opened, zone_of
from synchub.cli.output import emit


@click.group(epilog=examples("synchub absent list", "synchub absent approve mdm/devices --reason 'site closed'"))
def absent() -> None:
    """Show what is missing; believe a stream that lost much at once."""


@absent.command("list", epilog=examples("synchub absent list --rows 500"))
@click.option("--rows", type=click.IntRange(0, 100_000), default=20, show_default=True, help="Missing things to list.")
@common
def list_absent(rows: int, config: Path, as_json: bool) -> int:
    """List withheld streams and missing things; exit code 4 where a stream waits for an answer."""
    from synchub.absent import listed, render_list

    with opened(config) as hub:
        found = listed(hub, rows)
        text = render_list(found, zone_of(hub))
    emit(found, text, as_json=as_json)
    return 4 if found["withheld"] else 0


@absent.command("approve", epilog=examples("synchub absent approve mdm/devices --reason 'site closed'"))
@click.argument("stream")
@acting
@common
def approve(stream: str, who: str | None, reason: str, config: Path, as_json: bool) -> None:
    """Say that what vanished from STREAM (source/stream) is gone indeed."""
    from synchub.absent import approve as approved
    from synchub.absent import render_approved
    from synchub.process import login_name

    with opened(config) as hub:
        found = approved(hub, stream, who or login_name(), reason)
    emit(found, render_approved(found), as_json=as_json)
