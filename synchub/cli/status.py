"""`synchub status` and `synchub dead-letters`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from synchub.cli.options import common, examples, opened, zone_of
from synchub.cli.output import emit

if TYPE_CHECKING:
    from synchub.engine.watch import Facts
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
    from synchub.alerts import facts
    from synchub.engine.watch import find
    from synchub.settings.schedule import next_run

    reports, lookup = hub.state.reports, hub.state.lookup
    letters: dict[str, int] = reports.count_dead_letters()
    now, known = hub.clock.now(), facts(hub)
    zone, schedules = zone_of(hub), hub.loaded.settings.schedules
    return {
        "hub": hub.loaded.settings.hub.id,
        "config": hub.loaded.fingerprint,
        "now": now,
        "streams": _streams(hub, known, now),
        "schedules": [
            {"flow": flow, "cron": cron, "next_at": next_run(cron, zone, now)} for flow, cron in schedules.items()
        ],
        "alerts": [alert._asdict() for alert in find(known, now)],
        "entities": lookup.class_counts(),
        "parked": lookup.count_parked(),
        "paused": [pause._asdict() for pause in hub.state.pauses.all().values()],
        "targets": [item | {"mode": _mode(hub, item["name"])} for item in reports.targets()],
        "plans": lookup.plans(5),
        "runs": reports.runs(5),
        "dead_letters": letters,
        "pins": hub.state.pins.count(),
        "proposals": len(reports.proposals()),
        "not_yet_read": sorted(set(hub.loaded.settings.sources) - {f.source for f in known.streams}),
    }


def _streams(hub: Hub, known: Facts, now: int) -> list[dict[str, Any]]:
    """Add to each stream its age, how old it may be, and its dead letters; configured ones are listed unread too."""
    from synchub.engine.watch import freshness

    stored = {(s["source"], s["stream"]): s for s in hub.state.reports.streams()}
    letters: dict[tuple[str, str], int] = {}
    for source, stream, _, count in hub.state.watch.dead_letters():
        letters[source, stream] = letters.get((source, stream), 0) + count
    judged = {(f.source, f.stream): (f.window, *freshness(now, f, known.first_run_at)) for f in known.streams}
    found = []
    for key in sorted({*stored, *judged}):
        window, age, verdict = judged.get(key, (None, None, ""))
        empty = dict.fromkeys(("read_at", "complete_at", "fresh_at")) | {"records": 0, "absent": 0, "proof": ""}
        found.append(
            {"source": key[0], "stream": key[1], **empty, **stored.get(key, {}), "age": age, "fresh_within": window,
             "freshness": verdict, "dead_letters": letters.get(key, 0)}
        )  # fmt: skip
    return found


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
         f"complete {age(s['complete_at'])}", _freshness(s), _letters(s["dead_letters"]), cell(s["proof"], 44)]
        for s in found["streams"]
    ]  # fmt: skip
    rows += [[name, "", "not read yet", *[""] * 5] for name in found["not_yet_read"]]
    yield from _section("STREAMS", grid(rows, left=8) if rows else [])
    words = [f"{number(n)} {cls}" for cls, n in sorted(found["entities"].items(), key=lambda x: -x[1])]
    words += [f"{number(found['parked'])} parked (docs/identification.md)"] if found["parked"] else []
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
    rows = [[s["flow"], s["cron"], f"next {_next(s['next_at'], zone)}"] for s in found["schedules"]]
    yield from _section("SCHEDULES", grid(rows, left=3) if rows else [])
    yield from _section("WAITING FOR YOU", list(_waiting(found)))


def _freshness(stream: Mapping[str, Any]) -> str:
    from synchub.engine.watch import span

    if not stream["fresh_within"]:
        return ""
    age = "never read" if stream["age"] is None else f"{span(stream['age'])} old"
    word = "STALE: " if stream["freshness"] == "stale" else ""
    return f"{word}{age}, limit {span(stream['fresh_within'])}"


def _letters(count: int) -> str:
    return f"{count:,} dead letter{'s' if count != 1 else ''}" if count else ""


def _next(at: int | None, zone: str) -> str:
    from synchub.visible import moment

    return moment(at, zone) if at else "unknown"


def _section(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield title
        yield from (f"  {line}" for line in lines)


def _took(run: Mapping[str, Any]) -> str:
    return f"{run['ended_at'] - run['started_at']} s" if run["ended_at"] else "not ended"


def _waiting(found: Mapping[str, Any]) -> Iterator[str]:
    from synchub.visible import cell, visible

    for pause in found["paused"]:
        name, reason = pause["target"] or "all targets", cell(pause["reason"] or "no reason given", 60)
        yield f"paused: {name} by {visible(pause['who'])} ({reason})     synchub resume"
    for alert in found["alerts"]:
        yield f"{alert['kind']}: {alert['text']}     {alert['fix']}"
    letters = sum(found["dead_letters"].values())
    if letters:
        yield f"{letters:,} dead letters     synchub dead-letters"
    if found["proposals"]:
        yield f"{found['proposals']:,} pairs that may be the same thing     synchub explain OBJECT"
    for target in found["targets"]:
        if target["conflicts"]:
            yield f"{target['conflicts']:,} conflicts in {target['name']}"
    for name, count in found["pins"].items():
        yield f"{count:,} pins in {name}: undone, and left alone     docs/plans.md"


@click.group(
    "dead-letters",
    invoke_without_command=True,
    epilog=examples("synchub dead-letters --source erp --rows 200", "synchub dead-letters retry"),
)
@click.option("--source", metavar="NAME", help="Only of this source.")
@click.option("--rows", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many to list.")
@common
@click.pass_context
def dead_letters(context: click.Context, source: str | None, rows: int, config: Path, as_json: bool) -> None:
    """List what could not be read, and what a target failed to take in five runs.

    Newest first: where it stands, why it was not understood and what to do. Payloads stay in the state.
    """
    if context.invoked_subcommand is not None:
        context.default_map = {"retry": {"config": config, "as_json": as_json}}
        return
    from synchub.steps import chosen
    from synchub.visible import cell, moment, visible

    with opened(config) as hub:
        settings = hub.loaded.settings
        chosen([*settings.sources, *settings.targets], frozenset([source] if source else []), "source")
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


@dead_letters.command("retry", epilog=examples("synchub dead-letters retry --source erp"))
@click.option("--source", metavar="NAME", help="Only of this source or target.")
@common
def retry(source: str | None, config: Path, as_json: bool) -> None:
    """Try again: streams with dead letters are read whole with the next pull, rows are planned again."""
    from synchub.process import login_name
    from synchub.steps import chosen

    with opened(config) as hub:
        settings = hub.loaded.settings
        names = chosen([*settings.sources, *settings.targets], frozenset([source] if source else []), "source")
        read = hub.state.letters.retry_reads([name for name in names if name in settings.sources])
        sent = hub.state.letters.retry_rows([name for name in names if name in settings.targets])
        detail = {"read": read, "sent": sent}
        hub.state.runs.audit(hub.clock.now(), None, login_name(), "dead letters retry", detail)
    lines = [f"{name}: {count:,} dead letters are read again with the next pull" for name, count in read.items()]
    lines += [f"{name}: {count:,} things are planned again" for name, count in sent.items()]
    emit(detail, "\n".join(lines) or "No dead letters.", as_json=as_json)
