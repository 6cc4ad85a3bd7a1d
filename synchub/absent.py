"""What is missing, and streams that lost so much at once that they are not believed: `synchub absent`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from synchub.errors import InputError
from synchub.find import display_id, label
from synchub.stores.decisions import GONE, about
from synchub.visible import cell, moment, number, visible
from synchub.wiring import Hub


def listed(hub: Hub, count: int = 20) -> dict[str, Any]:
    """List streams whose snapshots are not believed (`withheld`) and missing things (`missing`, at most `count`)."""
    rules = hub.rules().absence
    missing = []
    for row in hub.state.lookup.missing(count):
        rule = rules.of(row.cls)
        missing.append(
            {
                "id": display_id(row.id, row.family), "class": row.cls, "label": label(orjson.loads(row.doc)),
                "sources": row.sources.split(","), "since": row.missing_at, "then": rule.then if rule else "nothing",
            }
        )  # fmt: skip
    withheld = [
        {"source": s["source"], "stream": s["stream"], "records": s["withheld"], "since": s["withheld_at"]}
        for s in hub.state.reports.streams(count=False)
        if s["withheld_at"] is not None
    ]
    return {"withheld": withheld, "missing": missing, "missing_in_all": hub.state.lookup.count_missing()}


def approve(hub: Hub, name: str, who: str, reason: str) -> dict[str, Any]:
    """Say that what vanished from a stream is gone indeed: from its next complete snapshot on that counts.

    More than has vanished by now waits for an approval of its own. It goes to the audit log.

    Raises:
        InputError: There is no such stream, or its snapshots are believed.
    """
    held: dict[str, dict[str, Any]] = {f"{s['source']}/{s['stream']}": s for s in listed(hub, 0)["withheld"]}
    if name not in held:
        known = f"Withheld are: {', '.join(held)}." if held else "Nothing is withheld."
        raise InputError(f"nothing is withheld of {name[:80]!r}.", where="absent", fix=known)
    found, now = held[name], hub.clock.now()
    hub.state.decisions.decide(GONE, about([found["source"], found["stream"]]), found["records"], who, now, reason)
    detail = {"stream": name, "records": found["records"], "reason": reason}
    hub.state.runs.audit(now, None, who, "absence approved", detail)
    return found


def render_list(found: Mapping[str, Any], zone: str) -> str:
    """Render both lists."""
    lines = []
    for s in found["withheld"]:
        name = f"{visible(s['source'])}/{visible(s['stream'])}"
        lines.append(
            f"{name}: {number(s['records'])} records vanished at once, since {moment(s['since'], zone)}; not believed"
            f"     synchub absent approve {name}"
        )
    lines += [
        f"{m['id']}  {m['class']} {cell(m['label'], 40)}   missing since {moment(m['since'], zone)}"
        f"   {cell(', '.join(m['sources']), 40)}   {m['then']}"
        for m in found["missing"]
    ]
    more = found["missing_in_all"] - len(found["missing"])
    if more > 0:
        lines.append(f"... and {number(more)} more missing things: --rows {found['missing_in_all']}")
    return "\n".join(lines) or "Nothing is missing."


def render_approved(found: Mapping[str, Any]) -> str:
    """Say what an approval does."""
    name = f"{visible(found['source'])}/{visible(found['stream'])}"
    return (
        f"The {number(found['records'])} records count as absent from the next complete snapshot of {name} on;"
        " things are missing once the rule of their class says so (docs/absence.md)."
    )
