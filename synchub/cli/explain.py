"""`synchub explain` and `synchub history`."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import emit


@click.command(epilog=examples("synchub explain NB-5CG81F", "synchub explain NB-5CG81F assigned_to"))
@click.argument("word", metavar="OBJECT")
@click.argument("field", required=False)
@common
def explain(word: str, field: str | None, config: Path, as_json: bool) -> None:
    """Tell why a thing has its values, and what each target holds.

    OBJECT is an id (c-0001), host name, serial number, asset tag, e-mail, worker id or native key. With FIELD: who won
    and how its value was made, who lost and why, and what became of it in each target. No system is asked.
    """
    from synchub.explain import explain as explained
    from synchub.explain import find_entity, render_explain

    with opened(config) as hub:
        found = explained(hub, find_entity(hub, word), field)
        zone = zone_of(hub)
    emit(found, render_explain(found, zone), as_json=as_json)


@click.command(epilog=examples("synchub history NB-5CG81F", "synchub history c-0001 --field assigned_to"))
@click.argument("word", metavar="OBJECT")
@click.option("--field", metavar="FIELD", help="Only this canonical field, and what it fills in the targets.")
@common
def history(word: str, field: str | None, config: Path, as_json: bool) -> None:
    """List what changed on a thing, and what was written.

    Oldest first: each change of a value with run, time and source, and what plans did to its objects. OBJECT as for
    `synchub explain`.
    """
    from synchub.explain import find_entity
    from synchub.explain import history as told
    from synchub.explain_text import render_history

    with opened(config) as hub:
        found = told(hub, find_entity(hub, word), field)
        zone = zone_of(hub)
    emit(found, render_history(found, zone), as_json=as_json)
