"""`synchub prune`."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import common, examples, opened
from synchub.cli.output import emit


@click.command(epilog=examples("synchub prune --dry-run", "synchub prune"))
@click.option("--dry-run", "dry", is_flag=True, help="Only count what would go.")
@common
def prune(config: Path, as_json: bool, *, dry: bool) -> None:
    """Let go of what `retention:` says has been kept long enough.

    History, replaced values of delivered plans (which then cannot be rolled back), dead letters, and people who left
    long ago. Links, decisions and the audit log stay. Run it daily.
    """
    from synchub.prune import prune as let_go

    with opened(config) as hub:
        found = let_go(hub, dry=dry)
    words = [f"{count:,} {kind.replace('_', ' ')}" for kind, count in found["gone"].items()]
    verb = "would go" if dry else "gone"
    emit(found, f"{', '.join(words)}, {found['people']:,} people {verb}", as_json=as_json)
