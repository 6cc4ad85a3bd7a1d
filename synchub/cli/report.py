"""`synchub report`: questions about everything at once."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import common, examples, opened
from synchub.cli.output import Stages, emit


@click.group("report", epilog=examples("synchub report parity"))
def report() -> None:
    """Compare targets: where do they differ, and why."""


@report.command(epilog=examples("synchub report parity", "synchub report parity --json"))
@common
def parity(config: Path, as_json: bool) -> None:
    """Say where two targets differ about the same thing, field by field, and why.

    Compared is what each held at the last look with what the hub would write there. Targets are asked for the ids of
    names only; nothing is written.
    """
    from synchub.parity import parity as compared
    from synchub.parity import render_parity

    with opened(config) as hub, Stages() as stages:
        found = compared(hub, stages)
    emit(found, render_parity(found), as_json=as_json)
