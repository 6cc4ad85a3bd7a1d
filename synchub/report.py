"""What a plan or a sync found, as text for a terminal and as Markdown for Prefect's pages. Pure: data in, text out.

The input is the document that `sync`, `plan` and the flow return:

    {"run": 412, "state": "done", "pulled": {source: {stream: PullCounts}}, "identified": IdentifyCounts,
     "targets": {name: TargetReport}, "entities": {class: live entities}, "config": "4e1b07…"}

`pulled`, `identified`, `entities` and `config` may be missing. A text report has at most `MAX_LINES` lines at any size:
each part shows what matters most and says how much more there is. Markdown holds no value of any record, only names of
configuration, fields and classes, and counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synchub.domain.clocks import apart
from synchub.domain.records import CHANGES_ONLY
from synchub.engine.watch import span
from synchub.visible import cell, cut, markdown, moment, number, pad, plain, visible

MAX_LINES = 40
_WIDTH = 118
_COLUMNS = ("create", "link", "update", "retire", "delete", "held", "conflict", "unchanged")
_OUTCOMES = ("applied", "unchanged", "waiting", "pending", "failed", "refused", "held", "conflict", "drifted")

Result = Mapping[str, Any]
_Part = Callable[[int], list[str]]


def render_plan(result: Result, zone: str = "UTC") -> str:
    """Render what was read and what would be written: NEEDS YOU, totals, WHY, COST, NEXT.

    Args:
        result: See the module; a target's report may carry `created_at` and `expires_at` of its plan.
        zone: Time zone in which times are shown.
    """
    parts: list[tuple[_Part, int, int]] = [
        (lambda cap: _read_part(result, cap), 10, 3),
        (lambda cap: _plan_heads(result, zone, cap), 5, 2),
        (lambda cap: _needs_part(result, cap), 8, 3),
        (lambda cap: _totals_part(result, cap), 16, 4),
        (lambda cap: _why_part(result, cap), 8, 3),
        (lambda _: _cost_lines(result), 2, 2),
        (lambda _: _next_lines(result), 4, 4),
    ]
    return _fit(parts)


def render_sync(result: Result, zone: str = "UTC") -> str:
    """Render what a sync read and what became of its plans; see `render_plan`."""
    del zone
    head = f"Run {result.get('run')}   {visible(str(result.get('state', '')))}"
    parts: list[tuple[_Part, int, int]] = [
        (lambda cap: _read_part(result, cap), 12, 3),
        (lambda _: [head], 1, 1),
        (lambda cap: _outcomes_part(result, cap), 12, 3),
        (lambda cap: _needs_part(result, cap), 8, 3),
        (lambda _: _sync_next(result), 3, 3),
    ]
    return _fit(parts)


def _fit(parts: Sequence[tuple[_Part, int, int]]) -> str:
    """Lay parts out with blank lines between; shrink the longest until everything fits."""
    caps = [most for _, most, _ in parts]
    blocks = [make(cap) for (make, _, _), cap in zip(parts, caps, strict=True)]
    while True:
        shown = [block for block in blocks if block]
        if sum(map(len, shown)) + len(shown) - 1 <= MAX_LINES:
            break
        longest = max(
            (i for i, (_, _, least) in enumerate(parts) if caps[i] > least), key=lambda i: len(blocks[i]), default=None
        )
        if longest is None:
            break
        caps[longest] = max(parts[longest][2], min(caps[longest], len(blocks[longest])) - 1)
        blocks[longest] = parts[longest][0](caps[longest])
    return "\n".join("\n".join(cut(line, _WIDTH) for line in block) + "\n" for block in shown).rstrip("\n")


# --- what was read ----------------------------------------------------------------------------------------------------


def _read_part(result: Result, cap: int) -> list[str]:
    lines = read_lines(result.get("pulled") or {}, cap)
    if result.get("identified") is not None:
        lines.append(match_line(result["identified"], result.get("entities") or {}))
    return lines


def read_lines(pulled: Mapping[str, Mapping[str, Mapping[str, Any]]], cap: int = 1000) -> list[str]:
    """List what each stream gave, one line each; beyond `cap` failed and incomplete ones come first."""
    rows = [(source, stream, counts) for source, streams in pulled.items() for stream, counts in streams.items()]
    if not rows:
        return []
    if len(rows) > cap:
        rows.sort(key=lambda row: _trouble(row[2]))
    shown, rest = rows[:cap], rows[cap:]
    names = max(len(source) for source, _, _ in shown)
    streams = max(len(stream) for _, stream, _ in shown)
    counts = max(len(number(c["read"])) for _, _, c in shown)
    changes = max(len(number(_changed(c))) for _, _, c in shown)
    lines = []
    for i, (source, stream, c) in enumerate(shown):
        head = f"{'read' if i == 0 else '    '}   {source:<{names}}  {stream:<{streams}}  {number(c['read']):>{counts}}"
        lines.append(f"{head}  changed {number(_changed(c)):>{changes}}  {_stream_words(source, c)}")
    if rest:
        total = sum(c["read"] for _, _, c in rest)
        lines.append(f"       ... and {len(rest)} more streams, {number(total)} records")
    return lines


def _changed(counts: Mapping[str, Any]) -> int:
    return int(counts["new"] + counts["changed"] + counts.get("remapped", 0))


def _trouble(counts: Mapping[str, Any]) -> int:
    return 0 if "error" in counts else 2 if counts["complete"] or is_of_changes(counts) else 1


def is_of_changes(counts: Mapping[str, Any]) -> bool:
    """Tell a read of changes, which is partial on purpose, from one that did not reach its end."""
    return str(counts["proof"] or "").startswith(CHANGES_ONLY)


def _stream_words(source: str, counts: Mapping[str, Any]) -> str:
    if "error" in counts:
        return f"FAILED: {cell(counts['error'], 200)}"
    proof = cell(counts["proof"], 60) if counts["proof"] else ""
    if is_of_changes(counts):
        words = [proof]
    else:
        words = [f"complete ({proof})" if counts["complete"] else f"INCOMPLETE: {proof or 'nothing proves the end'}"]
    if counts.get("rejected"):
        words.append(f"{number(counts['rejected'])} dead letters")
    if counts.get("absent"):
        words.append(f"{number(counts['absent'])} not in it any more")
    if counts.get("withheld"):
        words.append(f"{number(counts['withheld'])} vanished at once: not believed, nothing goes missing of them")
    if counts.get("drift"):
        words.append(f"DRIFT: {cell(counts['drift'][0], 60)}")
    if warned := counts.get("warnings"):
        more = f" and {len(warned) - 1} more" if len(warned) > 1 else ""
        words.append(f"warns: {cell(warned[0], 100)}{more}")
    if not counts["complete"] and not is_of_changes(counts):
        words.append(f"nothing goes missing because of {source}")
    return "; ".join(words)


def match_line(identified: Mapping[str, Any], entities: Mapping[str, int]) -> str:
    """Say in one line what identification made of the records."""
    have = ", ".join(f"{number(n)} {_plural(cls, n)}" for cls, n in sorted(entities.items(), key=lambda x: -x[1])[:5])
    words = ("created", "changed", "merged", "split", "parked", "missing")
    news = [f"{number(identified[k])} {k}" for k in words if identified.get(k)]
    why = " under other rules than before" if identified.get("new_rules") else ""
    looked = f"{number(identified['records'])} records looked at{why}"
    return f"match  {looked}: {', '.join(news) or 'nothing new'}" + (f"; now {have}" if have else "")


def _plural(cls: str, count: int) -> str:
    word = cls.replace("_", " ")
    if count == 1 or word.endswith(("ware", "age")):
        return word
    return "people" if word == "person" else f"{word}s"


# --- the plan ---------------------------------------------------------------------------------------------------------


def _plan_heads(result: Result, zone: str, cap: int) -> list[str]:
    targets = result["targets"]
    wide = max((len(name) for name in targets), default=0)
    lines = []
    for name, report in targets.items():
        if report.get("error"):
            lines.append(f"Plan of {name} FAILED: {cell(report['error'], 300)}")
            continue
        when = f"   made {moment(report['created_at'], zone)}" if report.get("created_at") else ""
        ends = f"   expires {moment(report['expires_at'], zone)}" if report.get("expires_at") else ""
        config = f"   config {result['config']}" if result.get("config") else ""
        lines.append(f"Plan {report['plan']}   {name:<{wide}}   mode {report['mode']}{when}{ends}{config}")
    return _capped(lines, cap, "plans")


def _capped(lines: list[str], cap: int, what: str) -> list[str]:
    return lines if len(lines) <= cap else [*lines[: cap - 1], f"  ... and {len(lines) - cap + 1} more {what}"]


def _needs(result: Result) -> list[str]:
    """List what needs a person, worst first."""
    lines = []
    for source, streams in (result.get("pulled") or {}).items():
        for stream, counts in streams.items():
            if "error" in counts:
                lines.append(f"{source} {stream} could not be read; what it last said stands")
            if counts.get("withheld"):
                lines.append(
                    f"{source} {stream}: {number(counts['withheld'])} records vanished at once"
                    f"     synchub absent approve {source}/{stream}"
                )
    for name, report in result["targets"].items():
        if report.get("unfinished"):
            lines.append(f"{name}: plan {report['unfinished']} was cut off     synchub apply {report['unfinished']}")
        lines += [
            f"{name}: {number(missing['count'])} things wait for {cell(missing['for'], 70)}, not found there"
            for missing in report.get("waiting", ())
        ]
        if orphans := report["summary"].get("orphans"):
            lines.append(f"{name}: {number(orphans)} objects made by the hub belong to nothing any more; they stay")
        if off := apart(report.get("skew", 0)):
            lines.append(f"{name}: its clock is {off}")
        states = report.get("states") or {}
        bad = [f"{number(states[s])} {s}" for s in ("failed", "refused", "drifted") if states.get(s)]
        if bad:
            lines.append(f"{name}: {', '.join(bad)}     synchub plan show {report['plan']} --needs")
        if report.get("paused"):
            lines.append(f"{name}: {cell(report['paused'], 80)}; nothing more is written     synchub resume")
        lines += _hold_lines(name, report["summary"].get("holds", ()))
        lines += [
            f"{name}: {number(need['count'])} x {cell(need['why'], 70)}   e.g. {cell(need['example'], 24)}"
            for need in report["summary"].get("needs", ())
        ]
    return lines


_HOLD_WORDS = {
    "create": "create {}", "retire": "retire {}", "delete": "delete {}", "clear": "empty fields of {}",
    "unassign": "take {} from people", "reassign": "give {} to other people", "status": "set {} to another status",
    "class": "write {} that were another class", "merge": "mark duplicates of {}", "wipe": "wipe {}",
}  # fmt: skip


def hold_words(hold: Mapping[str, Any]) -> str:
    """Say what a hold stops: its `guard`, `class` and how many rows it has `held`."""
    return _HOLD_WORDS[hold["guard"]].format(f"{number(hold['held'])} {_plural(hold['class'], hold['held'])}")


def _hold_lines(name: str, holds: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = []
    for hold in holds:
        words = f"{name}: hold {hold['hold']}   {hold_words(hold)}; limit {hold['allowed']}"
        lines += [f"{words}     synchub holds show {hold['hold']}", f"  cause: {cell(hold['cause'], 100)}"]
    return lines


def _needs_part(result: Result, cap: int) -> list[str]:
    lines = [f"  {line}" for line in _needs(result)]
    return ["NEEDS YOU", *_capped(lines, max(cap - 1, 1), "things")] if lines else []


def totals(result: Result) -> list[dict[str, Any]]:
    """Count a plan's rows per target and class; `unchanged` are things without a row, None where it is not known."""
    rows = []
    live = result.get("entities") or {}
    for name, report in result["targets"].items():
        summary = report["summary"]
        classes = dict.fromkeys([*summary.get("counts", {}), *(c for c in report.get("classes", ()) if live.get(c))])
        for cls in classes:
            counts = {key: summary.get("counts", {}).get(cls, {}).get(key, 0) for key in _COLUMNS[:-1]}
            idle = live[cls] - summary.get("touched", {}).get(cls, 0) if cls in live else None
            rows.append({"target": name, "class": cls, **counts, "unchanged": None if idle is None else max(idle, 0)})
    return sorted(rows, key=lambda row: (row["target"], -sum(row[key] for key in _COLUMNS[:-1]), row["class"]))


def _totals_part(result: Result, cap: int) -> list[str]:
    rows = totals(result)
    if not rows:
        return ["Nothing is to be written."] if result["targets"] else ["No targets."]
    total = _sum(rows)
    rest = []
    if len(rows) > cap - 2:
        rows, rest = rows[: max(cap - 3, 1)], rows[max(cap - 3, 1) :]
    shown = _COLUMNS if total["unchanged"] is not None else _COLUMNS[:-1]
    table = [["", "", *shown]]
    table += [[row["target"], row["class"], *(_count(row[key]) for key in shown)] for row in rows]
    if rest:
        more = _sum(rest)
        table.append(["...", f"{len(rest)} more", *(_count(more[key]) for key in shown)])
    table.append(["TOTAL", "", *(_count(total[key]) for key in shown)])
    return grid(table, left=2)


def _sum(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    total: dict[str, Any] = {key: sum(row[key] or 0 for row in rows) for key in _COLUMNS}
    if all(row["unchanged"] is None for row in rows):
        total["unchanged"] = None
    return total


def _count(value: int | None) -> str:
    return "?" if value is None else number(value)


def grid(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Align cells to columns, the first `left` ones to the left, the others to the right; cells are safe text."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = zip(row, widths, strict=True)
        return "  ".join(pad(text, w) if i < left else text.rjust(w) for i, (text, w) in enumerate(cells)).rstrip()

    return [line(row) for row in rows]


def causes(result: Result) -> list[dict[str, Any]]:
    """List why things are written, most rows first; `number` is what `plan show PLAN --cause` takes."""
    found = [
        {"target": name, "plan": report["plan"], "number": n, **cause}
        for name, report in result["targets"].items()
        for n, cause in enumerate(report["summary"].get("causes", ()), 1)
    ]
    return sorted(found, key=lambda cause: -cause["count"])


def _why_part(result: Result, cap: int) -> list[str]:
    found = causes(result)
    if not found:
        return []
    room = max(cap - 2, 1)
    lines = [cause_line(cause, many=len(result["targets"]) > 1) for cause in found[:room]]
    if len(found) > room:
        rest = found[room:]
        token = rest[0]["plan"]
        count = number(sum(c["count"] for c in rest))
        lines.append(f"  ... {len(rest)} more causes, {count} fields     synchub plan show {token} --causes")
    return ["WHY (largest first; one write can have several causes)", *lines]


def cause_line(cause: Mapping[str, Any], *, many: bool = True) -> str:
    """Describe one cause of writes in a line."""
    head = f"  #{cause['number']:<2} {number(cause['count']):>7} {pad(cause['target'], 6) + ' ' if many else ''}"
    example = f"   e.g. {cell(cause['example'], 24)}" if cause.get("example") else ""
    if cause["op"] in ("create", "retire", "delete"):
        why = f"   {visible(cause['rule'])}" if cause["rule"] else ""
        return f"{head}({cause['op']}) {cause['field']} {cause['facet']}{why}{example}"
    what = f"{cause['facet']}.{visible(cause['field'])}"
    values = f"{cell(cause['old'], 28)} -> {cell(cause['new'], 28)}" if cause["one_value"] else "various values"
    source = f"   source: {cause['source']}" if cause["source"] else ""
    return f"{head}{'(link) ' if cause['op'] == 'link' else ''}{what}  {values}{source}{example}"


def _cost_lines(result: Result) -> list[str]:
    words = []
    for name, report in result["targets"].items():
        cost = report["summary"].get("cost")
        if cost and cost["writes"]:
            rate = report.get("per_second")
            least = f" ({span(int(cost['requests'] / rate) + 1)} at {rate:g} a second)" if rate else ""
            words.append(f"{name} about {number(cost['requests'])} write requests{least}")
    lines = [f"COST   {', '.join(words)}, and reading again what is about to be overwritten"] if words else []
    over = [f"{name} {number(n)}" for name, r in result["targets"].items() if (n := r["summary"].get("overwrites"))]
    if over:
        lines.append(f"OVER   values of other people that will be written over, and kept: {', '.join(over)}")
    beats = [
        f"{name} {number(n)}"
        for name, report in result["targets"].items()
        if (n := (report.get("heartbeats") or {}).get("due"))
    ]
    return [*lines, f"SEEN   at most weekly, no writes: last seen of {', '.join(beats)} objects"] if beats else lines


def _next_lines(result: Result) -> list[str]:
    targets = result["targets"]
    if not targets:
        return []
    token = next(iter(targets.values()))["plan"]
    preview = [name for name, report in targets.items() if report["mode"] == "preview"]
    ready = [report["plan"] for report in targets.values() if report["mode"] != "preview"]
    planned = any(_planned(report) for report in targets.values())
    lines = ["NEXT   Nothing was written."]
    if planned:
        lines[0] += f" synchub plan show {token} --cause 1 | --object NAME | --field FIELD"
    if preview and planned:
        lines.append(
            f"       {', '.join(preview)}: mode preview, so apply refuses. Set `mode: canary`, plan again, then apply."
        )
    if ready and planned:
        lines.append(f"       synchub apply {ready[0]}")
    return lines


def _planned(report: Mapping[str, Any]) -> int:
    return sum(counts.get(key, 0) for counts in report["summary"].get("counts", {}).values() for key in counts)


def has_changes(result: Result) -> bool:
    """Tell whether any plan would write or link anything."""
    wanted = ("create", "update", "link", "retire", "delete")
    return any(
        counts.get(key)
        for report in result["targets"].values()
        for counts in report["summary"].get("counts", {}).values()
        for key in wanted
    )


# --- what a sync did --------------------------------------------------------------------------------------------------


def _outcomes_part(result: Result, cap: int) -> list[str]:
    if not result["targets"]:
        return ["No targets."]
    lines = [_outcome_line(name, report) for name, report in result["targets"].items()]
    return _capped(lines, cap, "targets")


def _outcome_line(name: str, report: Mapping[str, Any]) -> str:
    if report.get("error"):
        return f"{name}   FAILED: {cell(report['error'], 300)}"
    head = f"{name}   plan {report['plan']}   mode {report['mode']}   "
    if report["mode"] == "preview":
        return f"{head}{number(_planned(report))} rows planned, nothing written"
    done = [f"{number(n)} {_done(op)}" for op, n in sorted(report.get("applied", {}).items()) if n]
    states = report.get("states") or {}
    rest = [f"{number(states[s])} {s}" for s in _OUTCOMES if s != "applied" and states.get(s)]
    beats = (report.get("heartbeats") or {}).get("sent")
    told = f"; {number(beats)} told when last seen" if beats else ""
    return head + (", ".join([*done, *rest]) or "nothing to write") + told + _written_over(report)


def _written_over(report: Mapping[str, Any]) -> str:
    """Say how many values of other people were written over; `synchub history OBJECT` shows each."""
    over = report.get("written_over") or {}
    words = {"policy": "written over by policy", "race": "edited in the same moment", "back": "put back"}
    return "".join(f"; {number(over[how])} {text}" for how, text in words.items() if over.get(how))


def _done(op: str) -> str:
    return {"link": "linked"}.get(op, f"{op}d")


def _sync_next(result: Result) -> list[str]:
    targets = result["targets"]
    lines = []
    if any("error" in c for streams in (result.get("pulled") or {}).values() for c in streams.values()):
        lines.append("NEXT   synchub check")
    elif targets:
        token = next(iter(targets.values())).get("plan", "")
        lines.append(f"NEXT   synchub plan show {token} | synchub explain OBJECT | synchub status")
    return lines


# --- Markdown for Prefect ---------------------------------------------------------------------------------------------


def report_markdown(result: Result) -> str:
    """Render a sync for Prefect's pages: counts and names of configuration only, no value of any record, escaped."""
    lines = [f"# Sync, run {result.get('run')}: {markdown(str(result.get('state', '')))}", ""]
    pulled = [(s, t, c) for s, streams in (result.get("pulled") or {}).items() for t, c in streams.items()]
    if pulled:
        lines += _table(
            ["source", "stream", "read", "new", "changed", "dead letters", "complete"],
            [[s, t, c["read"], c["new"], c["changed"], c["rejected"], _complete(c)] for s, t, c in pulled],
        )
    identified = result.get("identified")
    if identified:
        lines += _table(["identified", "number"], [[key, value] for key, value in identified.items()])
    for name, report in result["targets"].items():
        lines += [f"## {markdown(name)} (mode {markdown(str(report['mode']))}, plan {markdown(report['plan'])})", ""]
        states = [[state, report["states"][state]] for state in _OUTCOMES if (report.get("states") or {}).get(state)]
        if states:
            lines += _table(["rows", "number"], states)
        rows = totals({"targets": {name: report}})
        if rows:
            lines += _table(["class", *_COLUMNS[:-1]], [[r["class"], *(r[key] for key in _COLUMNS[:-1])] for r in rows])
        found = report["summary"].get("causes", ())[:20]
        if found:
            body = [[c["op"], f"{c['facet']}.{c['field']}", c["source"], c["count"]] for c in found]
            lines += _table(["why", "field", "source", "writes"], body)
    return "\n".join(lines)


def _complete(counts: Mapping[str, Any]) -> str:
    if "error" in counts:
        return f"failed ({counts['code']})"
    return "yes" if counts["complete"] else "changes only" if is_of_changes(counts) else "no"


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    body = [f"| {' | '.join(_markdown_cell(value) for value in row)} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *body, ""]


def _markdown_cell(value: Any) -> str:
    return number(value) if isinstance(value, int) and not isinstance(value, bool) else markdown(cut(plain(value), 80))
