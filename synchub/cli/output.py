"""What a command says: one document or text on standard output, stages and progress on standard error."""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import Any, Self

import click

from synchub.errors import HubError


def emit(document: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Write the result of a command: the document with `--json`, else the text."""
    # ASCII: a document may hold direction marks and the like, and may end on a terminal all the same.
    click.echo(json.dumps(document, default=str) if as_json else text)


def failure(error: HubError, *, as_json: bool) -> int:
    """Say why a command failed, in one line, and how to get on, in a second; returns the exit code."""
    if as_json:
        body = {"code": error.code, "where": error.where, "message": error.message, "fix": error.fix}
        click.echo(json.dumps({"error": body}))
    for line in error_lines(error):
        click.echo(line, err=True)
    return error.exit_code


def error_lines(error: HubError) -> list[str]:
    """Write an error as `where: message` and its fix; the configuration's further faults have lines of their own."""
    from synchub.visible import visible

    first, *others = error.message.split("\n")
    head = f"{error.where}: {first}" if error.where else first
    return [visible(line) for line in (head, *others, error.fix) if line]


class Stages:
    """Tells what a command is doing: a bar on a terminal, one line per stage elsewhere, nothing when nobody looks.

    Call it with (what, done, total) as the engine does. Use as a context manager.
    """

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar: Any = None
        self._task: Any = None
        self._what = ""

    def __enter__(self) -> Self:
        if self._terminal:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(24),
                TextColumn("{task.completed:,}", markup=False),
                TimeElapsedColumn(),
            )
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bar is not None:
            self._bar.stop()

    def stage(self, text: str) -> None:
        """Begin a stage."""
        if self._bar is None:
            click.echo(f"{text} ...", err=True)
        else:
            self(text, 0, None)

    def __call__(self, what: str, done: int, total: int | None) -> None:
        """Tell how far a stage is."""
        if self._bar is None:
            return
        if what != self._what or self._task is None:
            if self._task is not None:
                self._bar.remove_task(self._task)
            self._what, self._task = what, self._bar.add_task(what, total=total)
        self._bar.update(self._task, completed=done, total=total)
