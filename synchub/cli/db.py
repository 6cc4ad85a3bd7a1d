"""`synchub db`."""

from __future__ import annotations

from pathlib import Path

import click

from synchub.cli.options import common, examples, opened
from synchub.cli.output import emit


@click.group(epilog=examples("synchub db upgrade"))
def db() -> None:
    """Look after the state database."""


@db.command("upgrade", epilog=examples("synchub db upgrade"))
@common
def upgrade(config: Path, as_json: bool) -> None:
    """Bring the state to the schema of this program.

    Make a backup first. A state that is up to date is left alone; one that is newer than the program is
    refused.
    """
    from state.db import open_engine
    from state.migrate import upgrade as migrate
    from state.migrate import versions
    from synchub.errors import StateError

    with opened(config) as hub:
        engine = open_engine(hub.state_url())
        try:
            before, need = versions(engine)
            if before is not None and before > need:
                raise StateError(
                    f"the state has schema {before}, this program knows {need}.",
                    where="state",
                    fix="Update the program.",
                )
            migrate(engine)
        finally:
            engine.dispose()
    text = f"the state is at schema {need}" + (" already" if before == need else f"; it was {before or 'empty'}")
    emit({"schema": need, "before": before}, text, as_json=as_json)
