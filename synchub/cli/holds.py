"""`synchub holds`: what guards stopped, and the answers of people."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import acting, common, examples, opened, zone_of
from synchub.cli.output import emit


@click.group(
    epilog=examples(
        "synchub holds list", "synchub holds show h-31", "synchub holds approve h-31 --reason 'site closed'"
    )
)
def holds() -> None:
    """Show what guards stopped, approve or reject it (docs/guards.md)."""


@holds.command("list", epilog=examples("synchub holds list --json"))
@click.option("--all", "everything", is_flag=True, help="Answered ones and those that are over, too.")
@common
def list_holds(config: Path, as_json: bool, *, everything: bool) -> int:
    """List what waits for an approval, and what was rejected and still stays back."""
    from synchub.holds import listed, render_list

    with opened(config) as hub:
        found = listed(hub, everything=everything)
        text = render_list(found, zone_of(hub))
    emit({"holds": found}, text, as_json=as_json)
    return 4 if any(item["state"] == "open" for item in found) else 0


@holds.command("show", epilog=examples("synchub holds show h-31 --rows 200"))
@click.argument("hold")
@click.option("--rows", type=click.IntRange(1, 100_000), default=20, show_default=True, help="Rows to list.")
@common
def show(hold: str, rows: int, config: Path, as_json: bool) -> None:
    """Show a hold: limit, cause, who asked, and its rows."""
    from synchub.holds import render, shown

    with opened(config) as hub:
        found = shown(hub, hold, rows)
        text = render(found, zone_of(hub))
    emit(found, text, as_json=as_json)


@holds.command("approve", epilog=examples("synchub holds approve h-31 --reason 'site closed'"))
@click.argument("hold")
@acting
@common
def approve(hold: str, who: str | None, reason: str, config: Path, as_json: bool) -> None:
    """Let the rows of a hold pass: in the plan that is open, or with the next one.

    What differs from what was held by then waits for an answer of its own.
    """
    _answer(hold, "approved", who, reason, config, as_json=as_json)


@holds.command("reject", epilog=examples("synchub holds reject h-31 --reason 'the feed is broken'"))
@click.argument("hold")
@acting
@common
def reject(hold: str, who: str | None, reason: str, config: Path, as_json: bool) -> None:
    """Keep the rows of a hold back until the sources say something else. It can be approved later."""
    _answer(hold, "rejected", who, reason, config, as_json=as_json)


def _answer(hold: str, state: str, who: str | None, reason: str, config: Path, *, as_json: bool) -> None:
    from synchub.holds import answer, render_answer
    from synchub.process import login_name

    with opened(config) as hub:
        found = answer(hub, hold, state, who or login_name(), reason)
    emit(found, render_answer(found), as_json=as_json)
