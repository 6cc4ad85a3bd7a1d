"""The reference of all commands for `docs/cli.md`, made from the commands themselves.

    python -m synchub.cli.reference docs/cli.md

rewrites the generated part of the page; a test fails when it is stale.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from synchub.cli.main import cli
from synchub.cli.options import acting, common

BEGIN, END = "<!-- commands: generated, do not edit -->", "<!-- end of commands -->"


def reference() -> str:
    """Return one section per command: what it does, how it is called, its options and examples."""
    sections = [_section(words, command) for words, command in commands(cli, ()) if words]
    return "\n".join(sections)


def commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command with the words that call it, groups before what is in them."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            if found is not None:
                yield from commands(found, (*words, name))


def _section(words: tuple[str, ...], command: click.Command) -> str:
    context = click.Context(command, info_name=f"synchub {' '.join(words)}")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [f"## `synchub {' '.join(words)}`", inspect.cleandoc(command.help or ""), ""]
    call = f"synchub {' '.join(words)} {usage}".rstrip()
    records = [r for p in command.params if isinstance(p, click.Option) and (r := p.get_help_record(context))]
    group = isinstance(command, click.Group) and not command.invoke_without_command
    if not group:
        shared = [f"`{record[0]}`" for record in records if record in _shared()]
        told = f"; {', '.join(shared)}: see [above](#what-all-commands-share)" if shared else ""
        lines.append(f"Usage: `{call}`{told}.")
    lines += [f"- `{record[0].replace(', ', '`, `')}`: {record[1]}" for record in records if record not in _shared()]
    examples = [f"`{line.strip()}`" for line in (command.epilog or "").splitlines() if line.startswith("  ")]
    if examples and not group:
        lines.append(f"- e.g. {', '.join(examples)}")
    return "\n".join(lines if group else [*lines, ""])


@cache
def _shared() -> tuple[tuple[str, str], ...]:
    """Return name and help of the options that all commands share, and all that take a person's decision."""

    @acting
    @common
    def nothing() -> None:
        """Only the options."""

    command = click.command()(nothing)
    context = click.Context(command)
    return tuple(r for p in command.params if p.name != "help" and (r := p.get_help_record(context)))


def renewed(page: str) -> str:
    """Return a page with its generated part made anew.

    Raises:
        ValueError: The page has no such part.
    """
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    if not rest:
        msg = f"the page lacks {BEGIN}"
        raise ValueError(msg)
    return f"{head}{BEGIN}\n\n{reference()}\n{END}{tail}"


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.write_text(renewed(target.read_text(encoding="utf-8")), encoding="utf-8")
