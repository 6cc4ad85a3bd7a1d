"""`synchub demo` and `synchub serve`: the only commands that load Prefect."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import emit
from synchub.errors import ConfigError


@click.command(epilog=examples("synchub demo", "synchub demo --keep /tmp/synchub-demo"))
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON on standard output.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep configuration and state there.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show where an error comes from.")
def demo(as_json: bool, keep: Path | None) -> int:
    """Show the hub at work against simulated systems.

    Starts simulators of Intune and of a ServiceNow that others have filled, invents 2,000 people and 3,000 devices and
    runs the Prefect flow three times. Nothing outside this machine is touched. Takes a few minutes.
    """
    try:
        module = importlib.import_module("synchub.demo")
    except ModuleNotFoundError as exc:
        raise ConfigError(
            f"the demo needs {exc.name}, which is not installed.", where="demo", fix="pip install 'synchub[demo]'"
        ) from exc
    return int(module.run(as_json, keep))


@click.command(epilog=examples("synchub serve"))
@common
def serve(config: Path, as_json: bool) -> None:
    """Run the sync on its schedule as a Prefect flow.

    Waits in the foreground and runs the flow at the times of `schedules: {sync: …}`, in the hub's time zone, one run at
    a time; without a schedule it runs when Prefect's pages or API ask for it.
    """
    with opened(config) as hub:
        cron = hub.loaded.settings.schedules.get("sync")
        zone = zone_of(hub)
    os.environ["SYNCHUB_CONFIG"] = str(config.absolute())
    from prefect.schedules import Cron

    from flows.sync import sync

    emit({"flow": "sync", "cron": cron, "timezone": zone}, f"sync: {cron or 'on demand'} ({zone})", as_json=as_json)
    sync.serve(name="sync", schedule=Cron(cron, timezone=zone) if cron else None, limit=1)
