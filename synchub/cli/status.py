"""`synchub status` and `synchub dead-letters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import emit

if TYPE_CHECKING:
    from synchub.wiring import Hub


@click.command(epilog=examples("synchub status", "synchub status --json"))
@common
def status(config: Path, as_json: bool) -> None:
    """Show streams, targets, runs and what waits for a person.

    Read from the state alone; no system is asked.
    """
    with opened(config) as hub:
        found = _status(hub)
        text = "\n".join(_render(found, zone_of(hub)))
    emit(found, text, as_json=as_json)


def _status(hub: Hub) -> dict[str, Any]:
    reports, lookup = hub.state.reports, hub.state.lookup
    letters: dict[str, int] = reports.count_dead_letters()
    return {
        "hub": hub.loaded.settings.hub.id,
        "config": hub.loaded.fingerprint,
        "now": hub.clock.now(),
        "streams": reports.streams(),
        "entities": lookup.class_counts(),
        "targets": [item | {"mode": _mode(hub, item["name"])} for item in reports.targets()],
        "plans": lookup.plans(5),
        "runs": reports.runs(5),
        "dead_letters": letters,
        "proposals": len(reports.proposals()),
        "not_yet_read": sorted(set(hub.loaded.settings.sources) - {s["source"] for s in reports.streams()}),
    }


def _mode(hub: Hub, name: str) -> str:
    block = hub.loaded.settings.targets.get(name)
    return block.mode if block else "not configured"


def _render(found: Mapping[str, Any], zone: str) -> Iterator[str]:
    from synchub.report import grid
    from synchub.visible import ago, cell, moment, number, visible

    now = found["now"]

    def age(at: int | None) -> str:
        return ago(now - at) if at else "never"

    yield f"Hub {visible(found['hub'])}   config {found['config']}   {moment(now, zone)}"
    yield ""
    rows = [
        [s["source"], s["stream"], f"{number(s['records'])} records", f"read {age(s['read_at'])}",
         f"complete {age(s['complete_at'])}", cell(s["proof"], 44)]
        for s in found["streams"]
    ]  # fmt: skip
    rows += [[name, "", "not read yet", "", "", ""] for name in found["not_yet_read"]]
    yield from _section("STREAMS", grid(rows, left=6) if rows else [])
    words = [f"{number(n)} {cls}" for cls, n in sorted(found["entities"].items(), key=lambda x: -x[1])]
    yield from _section("THINGS", [", ".join(words)] if words else [])
    rows = [
        [t["name"], f"mode {t['mode']}", f"{number(t['linked'])} linked", f"{number(t['known'])} known",
         f"{number(t['waiting'])} planned again", cell(t["identity"] or "not met yet", 50)]
        for t in found["targets"]
    ]  # fmt: skip
    yield from _section("TARGETS", grid(rows, left=6) if rows else [])
    rows = [[p["plan"], p["target"], p["state"], f"made {moment(p['created_at'], zone)}"] for p in found["plans"]]
    yield from _section("PLANS", grid(rows, left=4) if rows else [])
    rows = [[str(r["id"]), r["kind"], r["state"], moment(r["started_at"], zone), _took(r)] for r in found["runs"]]
    yield from _section("RUNS", grid(rows, left=5) if rows else [])
    yield from _section("WAITING FOR YOU", list(_waiting(found)))


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines)


def _took(run: Mapping[str, Any]) -> str:
    return f"{run['ended_at'] - run['started_at']} s" if run["ended_at"] else "not ended"


def _waiting(found: Mapping[str, Any]) -> Iterator[str]:
    letters = sum(found["dead_letters"].values())
    if letters:
        yield f"{letters:,} dead letters     synchub dead-letters"
    if found["proposals"]:
        yield f"{found['proposals']:,} pairs that may be the same thing     synchub explain OBJECT"
    for target in found["targets"]:
        if target["conflicts"]:
            yield f"{target['conflicts']:,} conflicts in {target['name']}"


@click.command("dead-letters", epilog=examples("synchub dead-letters", "synchub dead-letters --source erp --rows 200"))
@click.option("--source", metavar="NAME", help="Only of this source.")
@click.option("--rows", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many to list.")
@common
def dead_letters(source: str | None, rows: int, config: Path, as_json: bool) -> None:
    """List what the sources hold that could not be read.

    Newest first: where it stands, why it was not understood and what to do. Payloads stay in the state.
    """
    from synchub.steps import chosen
    from synchub.visible import cell, moment, visible

    with opened(config) as hub:
        chosen(list(hub.loaded.settings.sources), frozenset([source] if source else []), "source")
        zone = zone_of(hub)
        found: dict[str, Any] = {
            "counts": hub.state.reports.count_dead_letters(),
            "dead_letters": hub.state.reports.dead_letters(rows, source=source),
        }
    lines = []
    for item in found["dead_letters"]:
        key = f"   key {cell(item['key'], 40)}" if item["key"] else ""
        place = f"{item['source']} {item['stream']}   {visible(item['place'])}{key}"
        lines += [
            f"{place}   {item['code']}   run {item['run']}, {moment(item['at'], zone)}",
            f"    {cell(item['message'], 400)}",
        ]
    total = sum(n for name, n in found["counts"].items() if not source or name.startswith(f"{source}/"))
    if total > len(found["dead_letters"]):
        lines.append(f"... {total - len(found['dead_letters']):,} more: --rows {total}")
    emit(found, "\n".join(lines) or "No dead letters.", as_json=as_json)
