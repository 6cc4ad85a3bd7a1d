"""`synchub demo`."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from synchub.cli.options import examples
from synchub.errors import ConfigError


@click.command(epilog=examples("synchub demo", "synchub demo --keep /tmp/synchub-demo"))
@click.option("--json", "as_json", is_flag=True, help="End with one line of JSON on standard output.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep configuration and state there.")
@click.option("--debug", is_flag=True, expose_value=False, help="Show where an error comes from.")
def demo(as_json: bool, keep: Path | None) -> int:
    """Show the hub at work against simulated systems.

    Invents 2,000 people and 3,000 devices, starts simulators of BambooHR, Intune, and of a ServiceNow and a Jira Assets
    that others have filled, and runs the Prefect flow three times. Nothing outside this machine is touched. Takes a few
    minutes.
    """
    try:
        module = importlib.import_module("synchub.demo")
    except ModuleNotFoundError as exc:
        raise ConfigError(
            f"the demo needs {exc.name}, which is not installed.", where="demo", fix="pip install 'synchub[demo]'"
        ) from exc
    return int(module.run(as_json, keep))
