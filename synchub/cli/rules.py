"""`synchub rules`: what a changed rule would do, before it does it."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import common, examples, opened
from synchub.cli.output import Stages, emit


@click.group(epilog=examples("synchub rules diff", "synchub rules diff --rows 200 --json"))
def rules() -> None:
    """Preview an edit of the rules: merges, splits, and fields that turn."""


@rules.command("diff", epilog=examples("synchub rules diff", "synchub rules diff --rows 200 --json"))
@click.option(
    "--rows", type=click.IntRange(0, 100_000), default=10, show_default=True, help="Merges, splits and proposals each."
)
@common
def diff(rows: int, config: Path, as_json: bool) -> None:
    """Show what the rules as they are now would change in the stored records.

    Merges, splits, proposals and fields that turn, beside what the last plan made (docs/identification.md).
    """
    from synchub.rulediff import render_changes, rule_changes

    with opened(config) as hub, Stages() as stages:
        stages.stage("trying the rules")
        found = rule_changes(hub, rows, stages)
    emit(found, render_changes(found), as_json=as_json)
