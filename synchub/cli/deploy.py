"""`synchub deploy`: the flows as deployments of a Prefect server."""

from __future__ import annotations

import os
from pathlib import Path

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import emit


@click.command(epilog=examples("PREFECT_API_URL=http://prefect.example:4200/api synchub deploy"))
@click.option("--pool", default="synchub", show_default=True, help="Work pool of type process; made if missing.")
@common
def deploy(pool: str, config: Path, as_json: bool) -> int:
    """Put the flows on a Prefect server, for its workers.

    The deployments sync, pull and deliver are made or renewed on the server that PREFECT_API_URL names. Their schedules
    are `schedules: {sync: …, pull: …, deliver: …}`, in the hub's time zone. Two automations see to it that a run whose
    worker died is run again. Workers need this configuration under the same path. Run it again after changes.
    """
    with opened(config) as hub:
        schedules, zone = dict(hub.loaded.settings.schedules), zone_of(hub)
    from flows.deployments import make

    made = make(pool, os.fspath(config.absolute()), schedules, zone)
    lines = [f"{name:<18}{schedules.get(name.partition('/')[0], 'on demand')}" for name in made]
    text = "\n".join([*lines, "", f"NEXT  prefect worker start --pool {pool} --type process"])
    emit({"deployments": made, "pool": pool, "schedules": schedules}, text, as_json=as_json)
    return 0
