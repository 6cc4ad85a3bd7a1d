"""`synchub`: finds the command, turns errors into two lines and an exit code.

This module imports click and nothing heavy; a command's own module is imported when the command is called, and what it
needs (domain, database, connectors) only inside the command.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import click

from synchub.cli.output import failure
from synchub.errors import HubError

# Command -> (module, attribute, one line for `--help`), in the order in which a person meets them.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("synchub.cli.run", "demo", "Show the hub at work against simulated systems."),
    "init": ("synchub.cli.init", "init", "Write a first configuration: one source, one target."),
    "check": ("synchub.cli.check", "check", "Check configuration, maps, rules, secrets and connections."),
    "schema": ("synchub.cli.schema", "schema", "Print the JSON Schema of synchub.yaml, for editors."),
    "map": ("synchub.cli.maps", "map_group", "Draft a field map, show how records are mapped, preview an edit."),
    "rules": ("synchub.cli.rules", "rules", "Preview an edit of the rules: merges, splits, and fields that turn."),
    "pull": ("synchub.cli.sync", "pull", "Read sources into the state; no target is touched."),
    "plan": ("synchub.cli.plan", "plan", "Show what would be written, and why; writes nothing."),
    "apply": ("synchub.cli.apply", "apply", "Write exactly what a plan says."),
    "rollback": ("synchub.cli.rollback", "rollback", "Undo what a run wrote: plan the way back, apply it on request."),
    "sync": ("synchub.cli.sync", "sync", "Pull, plan and apply in one go, as far as each target's mode allows."),
    "holds": ("synchub.cli.holds", "holds", "Show what guards stopped, approve or reject it (docs/guards.md)."),
    "absent": ("synchub.cli.absent", "absent", "Show what is missing; believe a stream that lost much at once."),
    "pause": ("synchub.cli.pause", "pause", "Stop all writes within one batch, in whichever process."),
    "resume": ("synchub.cli.pause", "resume", "Let writes go on: the next run finishes what was begun."),
    "conflicts": ("synchub.cli.conflicts", "conflicts", "Show what waits for a person's decision; decide it."),
    "status": ("synchub.cli.status", "status", "Show streams, targets, runs and what waits for a person."),
    "explain": ("synchub.cli.explain", "explain", "Tell why a thing has its values, and what each target holds."),
    "history": ("synchub.cli.explain", "history", "List what changed on a thing, and what was written."),
    "report": ("synchub.cli.report", "report", "Compare targets: where do they differ, and why."),
    "dead-letters": (
        "synchub.cli.status",
        "dead_letters",
        "List what could not be read, and what a target failed to take in five runs.",
    ),
    "serve": ("synchub.cli.serve", "serve", "Receive inventories, show health and metrics, run the sync on schedule."),
    "deploy": ("synchub.cli.deploy", "deploy", "Put the flows on a Prefect server, for its workers."),
    "person": ("synchub.cli.person", "person_group", "Erase people, or say who must be kept."),
    "backup": ("synchub.cli.backup", "backup", "Copy the whole state into one file, while runs may go on."),
    "restore": ("synchub.cli.backup", "restore", "Bring back a state that `synchub backup` copied; all or nothing."),
    "prune": ("synchub.cli.prune", "prune", "Let go of what `retention:` says has been kept long enough."),
    "db": ("synchub.cli.db", "db", "Look after the state database."),
}

EPILOG = """\b
First steps:
  synchub demo                    see it at work against simulated systems
  synchub init                    write a first configuration
  synchub check                   is it right, do the systems answer?
  synchub plan                    what would be written, and why; writes nothing
  synchub apply PLAN              write exactly that
  synchub explain NB-5CG81F       why does this laptop look like this?

\b
Exit codes:
  0  done
  1  failed
  2  the configuration or the command is wrong
  3  there are changes (only plan --exit-code)
  4  something is held for a person
  5  partly applied

Every command has --help with an example, and --json for scripts: one document on standard output.
"""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for an unknown one name the nearest."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else "See synchub --help."
            raise click.UsageError(f"there is no command {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.command(
    cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="synchub", prog_name="synchub")
def cli() -> None:
    """Keep IT assets and CIs true across the systems that know about them and the systems people work in.

    What the hub reads and writes is said in synchub.yaml (docs/configuration.md). Nothing is written to a system until
    a person has set its mode to canary or write.
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; messages go to standard error, never a traceback without `--debug`."""
    debug = "--debug" in arguments
    try:
        result: Any = cli.main(args=list(arguments), prog_name="synchub", standalone_mode=False)
    except HubError as exc:
        if debug:
            raise
        return failure(exc, as_json="--json" in arguments)
    except click.ClickException as exc:
        _document(arguments, "config", exc.format_message(), "See --help of the command.")
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        _document(arguments, "stopped", "the command was stopped.", "Run it again: it goes on from what was done.")
        click.echo("synchub: stopped. What was done is kept; the next run goes on from there.", err=True)
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone; nothing more can be said, also not at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as exc:  # the last resort: a person gets a line, --debug the traceback
        if debug:
            raise
        name = type(exc).__name__
        _document(arguments, "unexpected", f"an unexpected {name}.", "Run it again with --debug to see where.")
        click.echo(f"synchub: an unexpected {name} stopped the command.", err=True)
        click.echo("Run it again with --debug to see where; please report it with that output.", err=True)
        return 1
    return result if isinstance(result, int) else 0


def _document(arguments: Sequence[str], code: str, message: str, fix: str) -> None:
    """Say on standard output why there is no other document, where one is asked for."""
    if "--json" in arguments:
        body = {"code": code, "where": "", "message": message, "fix": fix}
        click.echo(json.dumps({"error": body}))


def _terminate(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def main() -> None:
    """Run the console command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")  # a terminal that lacks a character must not end the command
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
