"""Options that commands share, and how a command opens the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from synchub.wiring import Hub

F = TypeVar("F", bound=Callable[..., Any])


def common(function: F) -> F:
    """Add `--config`, `--json` and `--debug`."""
    function = click.option("--debug", is_flag=True, expose_value=False, help="Show where an error comes from.")(
        function
    )
    function = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")(
        function
    )
    return click.option(
        "--config",
        type=click.Path(dir_okay=False, path_type=Path),
        default=Path("synchub.yaml"),
        envvar="SYNCHUB_CONFIG",
        show_default=True,
        show_envvar=True,
        help="The configuration.",
    )(function)


def selection(function: F) -> F:
    """Add `--select` and `--limit`."""
    function = click.option(
        "--limit",
        type=click.IntRange(min=1),
        metavar="N",
        help="Read at most N records of each stream (then nothing counts as complete); apply: write at most N things.",
    )(function)
    return click.option(
        "--select",
        multiple=True,
        metavar="KIND:NAME",
        help="Only source:NAME, class:NAME or object:NAME. May be repeated.",
    )(function)


def acting(function: F) -> F:
    """Add `--as` (argument `who`) and `--reason`: who decides, and why; both go to the audit log."""
    function = click.option("--reason", default="", metavar="TEXT", help="Why; kept in the audit log.")(function)
    return click.option("--as", "who", metavar="NAME", help="Whose decision it is; default: your login name.")(function)


def to_file(function: F) -> F:
    """Add `--output` and `--format`."""
    function = click.option(
        "--format", "form", type=click.Choice(["json", "csv", "html"]), help="Form of the file; else by its suffix."
    )(function)
    return click.option(
        "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
        help="Write the plan to a file: .json, .csv or .html; of several targets one file each.",
    )(function)  # fmt: skip


def examples(*lines: str) -> str:
    """Return the end of a command's help; each line is shown as it is."""
    return "\n".join(["\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)])


@contextmanager
def opened(config: Path) -> Iterator[Hub]:
    """Open the configuration; everything is given back at the end.

    Raises:
        ConfigError: It is missing or wrong.
    """
    from synchub.wiring import open_hub

    hub = open_hub(config)
    try:
        yield hub
    finally:
        hub.close()


def zone_of(hub: Hub) -> str:
    """Return the time zone in which people of this hub are shown times."""
    return str(hub.loaded.settings.hub.timezone)
