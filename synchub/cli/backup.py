"""`synchub backup` and `synchub restore`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import emit

if TYPE_CHECKING:
    from state.backup import Backup


@click.command(epilog=examples("synchub backup /srv/backup/synchub-monday.gz"))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@common
def backup(file: Path, config: Path, as_json: bool) -> None:
    """Copy the whole state into one file, while runs may go on.

    The same form for SQLite and PostgreSQL, so that one can be restored into the other. It holds people: readable by
    you only.
    """
    from state.backup import backup as make

    with opened(config) as hub:
        found = make(hub.state.database.engine, file, hub.clock.now())
        hub.state.runs.audit(found.at, None, "system", "backup", {"file": file.name, "rows": found.rows})
        _say(found, f"{file}: {found.rows:,} rows of the state, schema {found.schema}", as_json=as_json)


@click.command(epilog=examples("synchub restore /srv/backup/synchub-monday.gz --replace"))
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--replace", is_flag=True, help="Lose what the state holds now.")
@common
def restore(file: Path, config: Path, as_json: bool, *, replace: bool) -> None:
    """Bring back a state that `synchub backup` copied; all or nothing.

    Everything is compared with the targets anew: look at `synchub plan` before anything is written. What was created
    after the backup is found by its hub key and not made twice.
    """
    from state.backup import restore as bring_back
    from state.db import open_engine
    from synchub.steps import exclusive
    from synchub.visible import moment

    with opened(config) as hub:
        engine = open_engine(hub.state_url())
        try:
            if replace:
                with exclusive(hub):
                    found = bring_back(engine, file, replace=True)
            else:
                found = bring_back(engine, file)
        finally:
            engine.dispose()
        hub.state.runs.audit(hub.clock.now(), None, "system", "restore", {"file": file.name, "rows": found.rows})
        made = moment(found.at, zone_of(hub))
        _say(found, f"the state is that of {made} ({found.rows:,} rows). Next: synchub plan", as_json=as_json)


def _say(found: Backup, text: str, *, as_json: bool) -> None:
    emit({"at": found.at, "schema": found.schema, "rows": found.rows}, text, as_json=as_json)
