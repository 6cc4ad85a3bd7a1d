"""The demo's last act: the run of one per cent is undone, and the next sync leaves it undone.

`synchub rollback` is called as a person calls it; that the targets hold what they held is told by their own tables.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from synchub.demo.say import Say
from synchub.demo.world import Table, World
from synchub.errors import HubError

_COMMAND = "import sys; from synchub.cli.main import main; main()"
_SHOWN = 5
_DOES = ("link", "create", "update", "retire", "delete")


def undo(
    world: World, run: int, before: Mapping[str, Table], say: Say, sync: Callable[[], Mapping[str, Any]]
) -> dict[str, Any]:
    """Undo a run, compare, and sync once more.

    Args:
        world: The systems.
        run: Number of the run.
        before: What the targets held before it (`World.held`).
        say: Prints.
        sync: Runs the flow and returns its report.

    Returns:
        `run`, `fields` (that the run had changed), `differences` (fields that are not what they were) and `next` (rows
        that the next sync planned, rows it wrote), the last three by target.
    """
    say()
    say(f"=== rollback of run {run} ===")
    after = world.held()
    for line in _synchub(say, "rollback", str(run)):
        say(f"  {line}")
    if world.held() != after:
        raise HubError("looking at a rollback wrote something.", where="demo")
    _synchub(say, "rollback", str(run), "--apply", "--as", "demo")
    now = world.held()
    told: dict[str, Any] = {"run": run, "fields": {}, "differences": {}, "next": {}}
    for target, rows in before.items():
        changed, left = differences(rows, after[target]), differences(rows, now[target])
        told["fields"][target], told["differences"][target] = len(changed), len(left)
        say(f"  {target}: the run changed {len(changed):,} fields; by its tables {len(left):,} are not what they were")
        for line in left[:_SHOWN]:
            say(f"    {line}")
    with say.busy("the next sync"):
        reports = sync()["targets"]
    for target, report in reports.items():
        counts = report["summary"]["counts"].values()
        planned = sum(c.get(op, 0) for c in counts for op in _DOES)
        wrote = sum(report["applied"].values())
        told["next"][target] = {"planned": planned, "written": wrote}
        say(f"  {target}: the next sync planned {planned:,} rows and wrote {wrote:,}: what was undone stays undone")
    return told


def differences(one: Table, other: Table) -> list[str]:
    """List the fields in which two dumps differ."""
    empty: dict[str, Any] = {}
    return [
        f"{key} {name}: {one.get(key, empty).get(name)} -> {other.get(key, empty).get(name)}"
        for key in sorted(one.keys() | other.keys())
        for name in sorted(one.get(key, empty).keys() | other.get(key, empty).keys())
        if one.get(key, empty).get(name) != other.get(key, empty).get(name)
    ]


def _synchub(say: Say, *arguments: str) -> list[str]:
    """Run a command; returns the lines it printed.

    Raises:
        HubError: It failed.
    """
    with say.busy(f"synchub {' '.join(arguments)}"):
        call = [sys.executable, "-c", _COMMAND, *arguments]
        ran = subprocess.run(call, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if ran.returncode:
        raise HubError(f"synchub {arguments[0]} ended with {ran.returncode}: {ran.stderr.strip()[-500:]}", where="demo")
    return ran.stdout.rstrip().splitlines()
