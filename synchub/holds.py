"""Answer holds: what `synchub holds` does over the open hub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from synchub.engine.rows import label_of
from synchub.engine.summary import answered
from synchub.errors import InputError
from synchub.report import hold_words
from synchub.stores.holds import APPROVED, OPEN, REJECTED, Hold
from synchub.visible import cell, moment, number, visible
from synchub.wiring import Hub

_ANSWERED = {APPROVED: "approve", REJECTED: "reject"}


def listed(hub: Hub, *, everything: bool = False) -> list[dict[str, Any]]:
    """List holds: the open and the rejected ones that still hold something, or all of them, oldest first."""
    names = hub.state.lookup.target_names()
    found = hub.state.holds.of(None, () if everything else (OPEN, REJECTED))
    return [document(hold, names) for hold in found if everything or hold.held]


def document(hold: Hold, names: Mapping[int, str]) -> dict[str, Any]:
    """Return a hold as JSON."""
    told = hold._asdict() | {"hold": hold.name, "class": hold.cls, "target": names.get(hold.target, str(hold.target))}
    del told["id"], told["cls"]
    return told


def found_hold(hub: Hub, word: str) -> Hold:
    """Find a hold by what people call it (`h-31`, or `31`).

    Raises:
        InputError: There is none.
    """
    digits = word.removeprefix("h-")
    hold = hub.state.holds.get(int(digits)) if digits.isdecimal() and len(digits) < 19 else None
    if hold is None:
        raise InputError(f"there is no hold {word[:40]!r}.", where="holds", fix="List them: synchub holds list --all.")
    return hold


def shown(hub: Hub, word: str, rows: int) -> dict[str, Any]:
    """Return a hold with some of its rows: what they would change, as the plan says that asked for it.

    Raises:
        InputError: There is none.
    """
    hold = found_hold(hub, word)
    sample = hub.state.holds.sample(hold.id, rows)
    entities = hub.state.entities.get(sorted({entity for entity, _, _ in sample}))
    labels = {e.id: label_of(orjson.loads(e.doc)) for e in entities.values()}
    changes = hub.state.holds.changes(hold.id, [entity for entity, _, _ in sample])
    told = [
        {
            "entity": entity, "label": labels.get(entity, ""), "facet": facet, "op": op,
            "changes": changes.get((entity, facet, op), []),
        }
        for entity, facet, op in sample
    ]  # fmt: skip
    return document(hold, hub.state.lookup.target_names()) | {"rows": told}


def answer(hub: Hub, word: str, state: str, who: str, reason: str) -> dict[str, Any]:
    """Approve or reject a hold; it goes to the audit log.

    Args:
        hub: The open configuration.
        word: Which one.
        state: `approved` or `rejected`.
        who: Whose decision it is.
        reason: In that person's words.

    Returns:
        The hold, and `released`: rows of a plan that `synchub apply` may send now.

    Raises:
        InputError: There is none, it is over or answered so already, or who asked would approve (four eyes).
    """
    hold = found_hold(hub, word)
    if hold.state not in (OPEN, REJECTED) or hold.state == state:
        raise InputError(
            f"{hold.name} is {hold.state} already.", where="holds", fix="synchub holds list shows the open ones."
        )
    four = hub.loaded.settings.hub.four_eyes
    if four and state == APPROVED and who == hold.asked_by:
        raise InputError(
            f"{hold.name} was asked for by {who}; four eyes are wanted.", where="hub.four_eyes",
            fix="Let another person approve it.",
        )  # fmt: skip
    now = hub.clock.now()
    released = hub.state.holds.answer(hold.id, state, who, now, reason)
    detail = {
        "hold": hold.name, "target": hold.target, "guard": hold.guard, "class": hold.cls, "held": hold.held,
        "asked_by": hold.asked_by, "reason": reason,
    }  # fmt: skip
    hub.state.runs.audit(now, hold.run, who, f"hold {_ANSWERED[state]}", detail)
    plan = hub.state.plans.latest(hold.target)
    if plan is not None and plan.state == "open":
        hub.state.plans.summarise(plan.id, answered(plan.summary, hold, released.get(plan.id, {})))
    count = sum(sum(rows.values()) for rows in released.values())
    after = document(found_hold(hub, hold.name), hub.state.lookup.target_names())
    return after | {"released": count, "plan_token": plan.token if plan is not None and count else None}


def render_list(found: list[dict[str, Any]], zone: str) -> str:
    """Render a list of holds."""
    if not found:
        return "Nothing is held."
    lines = []
    for item in found:
        answered = f" by {visible(item['answered_by'])}" if item["answered_by"] else ""
        limit = f"limit {item['allowed']}   {item['state']}{answered}"
        lines += [
            f"{item['hold']:<6} {item['target']}   {hold_words(item)}; {limit}",
            f"       cause: {cell(item['cause'], 100)}   run {item['run']}, {moment(item['opened_at'], zone)}",
        ]
    return "\n".join([*lines, "", "synchub holds show HOLD | approve HOLD | reject HOLD"])


def render(item: dict[str, Any], zone: str) -> str:
    """Render one hold with its rows."""
    lines = [
        f"{item['hold']}   {item['target']}   {hold_words(item)}   {item['state']}",
        f"limit    {item['allowed']}; {number(item['total'])} of the class are linked there",
        f"cause    {cell(item['cause'], 110)}",
        f"asked    by {visible(item['asked_by'] or 'unknown')}, run {item['run']}, {moment(item['opened_at'], zone)}",
    ]
    if item["answered_by"]:
        lines.append(
            f"answer   {item['state']} by {visible(item['answered_by'])}, {moment(item['answered_at'], zone)}:"
            f" {cell(item['reason'] or 'no reason given', 80)}"
        )
    lines.append("")
    for row in item["rows"]:
        changes = "; ".join(f"{visible(n)} {cell(old, 24)} -> {cell(new, 24)}" for n, old, new in row["changes"][:3])
        lines.append(f"  {row['op']:<7} {cell(row['label'], 30):<30} {changes}".rstrip())
    if item["held"] > len(item["rows"]):
        lines.append(f"  ... {number(item['held'] - len(item['rows']))} more: --rows {item['held']}")
    if item["state"] in (OPEN, REJECTED):
        other = "" if item["state"] == REJECTED else f" | synchub holds reject {item['hold']} --reason TEXT"
        lines += ["", f"NEXT   synchub holds approve {item['hold']} --reason TEXT{other}"]
    return "\n".join(lines)


def render_answer(item: dict[str, Any]) -> str:
    """Say what an answer did."""
    head = f"{item['hold']} {item['state']}: {hold_words(item)} in {item['target']}."
    if item["state"] == REJECTED:
        return f"{head} They stay as they are until the sources say something else."
    if item["released"] and item["plan_token"]:
        return f"{head} {number(item['released'])} rows go with the plan: synchub apply {item['plan_token']}"
    return f"{head} They go with the next plan: synchub plan, or the next sync."
