"""`synchub check`: everything that can be wrong before the first record is read, all of it at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synchub.cli.options import common, examples, opened
from synchub.cli.output import Stages, emit

if TYPE_CHECKING:
    from synchub.wiring import Hub


@click.command(epilog=examples("synchub check", "synchub check --offline"))
@click.option("--offline", is_flag=True, help="Connect to nothing; check files only.")
@common
def check(offline: bool, config: Path, as_json: bool) -> int:
    """Check configuration, maps, rules, secrets and connections.

    Lists every problem with its place and what to do, not only the first; what is right in form and does not do what
    it says is a warning, or a problem where it never works. Of each source one record is read, each target is asked
    who it is, and each system's rate limit is shown beside the hub's own; nothing is stored or written.
    """
    from synchub.cli.checks import Checks

    with opened(config) as hub, Stages() as stages:
        checks = Checks(hub, stages, offline=offline)
        checks.run()
        found = _document(hub, checks.results)
    emit(found, _render(found), as_json=as_json)
    if any(item["code"] == "config" for item in found["problems"]):
        return 2
    return 1 if found["problems"] else 0


def _document(hub: Hub, results: list[dict[str, Any]]) -> dict[str, Any]:
    good = [item for item in results if item["ok"] and "code" not in item]
    return {
        "config": str(hub.loaded.path),
        "fingerprint": hub.loaded.fingerprint,
        "ok": good,
        "warnings": [item for item in results if item["ok"] and "code" in item],
        "problems": [item for item in results if not item["ok"]],
    }


def _render(found: dict[str, Any]) -> str:
    from synchub.visible import visible

    lines = [f"ok       {visible(item['what'])}   {visible(item['note'])}".rstrip() for item in found["ok"]]
    for word, items in (("warning", found["warnings"]), ("PROBLEM", found["problems"])):
        for item in items:
            where = f"{item['where']}: " if item["where"] else ""
            first, *others = item["message"].split("\n")
            lines.append(f"{word}  {visible(item['what'])}   {visible(where + first)}")
            lines += [f"         {visible(line)}" for line in (*others, item["fix"]) if line]
    count = len(found["problems"])
    if count:
        end = f"{count} problem{'s' if count != 1 else ''}."
    else:
        warned = f" ({len(found['warnings'])} to look at)" if found["warnings"] else ""
        end = f"Everything is in order{warned}. NEXT  synchub plan"
    return "\n".join([*lines, "", end])
