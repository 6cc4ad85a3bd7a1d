"""`synchub pull` and `synchub sync`."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import common, examples, opened, selection, zone_of
from synchub.cli.output import Stages, emit


@click.command(epilog=examples("synchub pull", "synchub pull --select source:mdm --limit 100"))
@common
@selection
def pull(config: Path, as_json: bool, select: tuple[str, ...], limit: int | None) -> int:
    """Read sources into the state; no target is touched.

    A stream that cannot be read keeps what it last said and does not stop the others. What cannot be understood becomes
    a dead letter.
    """
    from synchub.cli import work
    from synchub.report import read_lines
    from synchub.wiring import Selection

    with opened(config) as hub, Stages() as stages:
        result = work.do_pull(hub, Selection.parse(select), limit, stages)
    emit(result, "\n".join(read_lines(result["pulled"])) or "No sources.", as_json=as_json)
    return work.exit_code(result)


@click.command(epilog=examples("synchub sync", "synchub sync --select object:NB-5CG81F"))
@common
@selection
def sync(config: Path, as_json: bool, select: tuple[str, ...], limit: int | None) -> int:
    """Pull, plan and apply in one go, as far as each target's mode allows.

    Targets in mode preview are planned only. The same steps run on a schedule with `synchub serve`.
    """
    from synchub.cli import work
    from synchub.report import render_sync
    from synchub.wiring import Selection

    with opened(config) as hub, Stages() as stages:
        result = work.do_sync(hub, Selection.parse(select), limit, stages)
        zone = zone_of(hub)
    emit(result, render_sync(result, zone), as_json=as_json)
    return work.exit_code(result)
