"""What the rules as they are now would change in what the state was last settled under; nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from synchub.domain.fields import Privacy
from synchub.domain.model import FIELDS
from synchub.engine.rehearse import FieldTurns, Foretold, Turn, rehearse
from synchub.errors import InputError
from synchub.find import display_id, label
from synchub.ports import Progress
from synchub.steps import exclusive
from synchub.visible import cell, visible
from synchub.wiring import Hub

_WAYS = 3
_SHOWN_FIELDS = 30


def rule_changes(hub: Hub, count: int, progress: Progress | None = None) -> dict[str, Any]:
    """Tell what the next identification would change because the rules are others.

    Args:
        hub: The open configuration.
        count: At most so many merges, splits and proposals are listed; all of them are counted.
        progress: Told how far it is.

    Returns:
        JSON: `changed` (whether the rules are others), `records`, `pending` (records read since; what they change is
        among it), `merges`, `splits`, `gained`, `lost`, `fields`, `classes`, `states`.

    Raises:
        InputError: Nothing was identified yet.
        LeaseHeld: A run works on the state.
    """
    with exclusive(hub):
        before = hub.state.identity.rules()
        if not before:
            raise InputError("nothing was identified yet.", where="rules diff", fix="Run `synchub plan` first.")
        rules = hub.rules()
        pending = hub.state.identity.pending()
        found: dict[str, Any] = {
            "changed": before != rules.fingerprint, "records": pending.total, "pending": pending.records,
        }  # fmt: skip
        if not found["changed"]:
            return found
        return found | _document(hub, rehearse(hub.state, rules, hub.clock, progress=progress), count)


def _document(hub: Hub, told: Foretold, count: int) -> dict[str, Any]:
    open_now = {(p["a"], p["b"]): p["reason"] for p in hub.state.reports.proposals()}
    then = {(a, b): reason for a, b, reason in told.proposed}
    gained = [(a, b, reason) for (a, b), reason in sorted(then.items()) if (a, b) not in open_now]
    lost = [(a, b, reason) for (a, b), reason in sorted(open_now.items()) if (a, b) not in then]
    merges, splits = sorted(told.merges), sorted(told.splits.items())
    fields = sorted(told.fields.items(), key=lambda item: (-item[1].values, -item[1].winners, item[0]))
    listed = [*merges[:count], *(pair[:2] for pair in (*gained[:count], *lost[:count]))]
    wanted = [n for pair in listed for n in pair] + [n for e, parts in splits[:count] for n in (e, *parts)]
    wanted += [turn.entity for _, some in fields for turn in some.examples]
    name = _names(hub, told, wanted)
    return {
        "merges": {"count": len(merges), "listed": [{"thing": name[a], "into": name[b]} for a, b in merges[:count]]},
        "splits": {
            "count": len(splits),
            "listed": [{"thing": name[e], "parts": [name[p] for p in parts]} for e, parts in splits[:count]],
        },
        "gained": _proposals(gained, name, count),
        "lost": _proposals(lost, name, count),
        "fields": [_field(key, turns, name) for key, turns in fields],
        "classes": [{"from": a, "to": b, "count": n} for (a, b), n in told.classes.most_common()],
        "states": [{"from": a, "to": b, "count": n} for (a, b), n in told.states.most_common()],
    }


def _proposals(found: Sequence[tuple[int, int, str]], name: dict[int, Any], count: int) -> dict[str, Any]:
    listed = [{"a": name[a], "b": name[b], "why": reason} for a, b, reason in found[:count]]
    return {"count": len(found), "listed": listed}


def _field(key: tuple[str, str], turns: FieldTurns, name: dict[int, Any]) -> dict[str, Any]:
    cls, field = key
    ways = [{"from": a, "to": b, "count": n} for (a, b), n in turns.ways.most_common()]
    examples = [_example(cls, field, turn, name) for turn in turns.examples]
    return {
        "class": cls, "field": field, "winners": turns.winners, "values": turns.values, "ways": ways,
        "examples": examples,
    }  # fmt: skip


def _example(cls: str, field: str, turn: Turn, name: dict[int, Any]) -> dict[str, Any]:
    """Show a turned field; values only where they are no person's."""
    known = FIELDS[cls].get(field)
    hidden = known is None or known.privacy is Privacy.PERSONAL or cls == "person"
    values = {} if hidden else {"was": turn.was, "becomes": turn.becomes}
    return {"thing": name[turn.entity], "from": turn.before, "to": turn.after, **values}


def _names(hub: Hub, told: Foretold, wanted: Sequence[int]) -> dict[int, dict[str, str]]:
    """Name things; one that would be new is named after the one that most of its records are in now."""
    new = {n: told.founded[n] for n in wanted if n in told.founded}
    known = sorted({n for n in wanted if n not in new} | {origin for _, origin in new.values() if origin is not None})
    rows = hub.state.entities.get(known)
    names = {n: {"id": display_id(n, r.family), "label": label(orjson.loads(r.doc))} for n, r in rows.items()}
    for n, (_, origin) in new.items():
        names[n] = {"id": "(new)", "label": names[origin]["label"] if origin in names else ""}
    return {n: names.get(n, {"id": "?", "label": ""}) for n in wanted}


# --- text -------------------------------------------------------------------------------------------------------------


def render_changes(found: dict[str, Any]) -> str:
    """Write it for a terminal."""
    if not found["changed"]:
        return "The rules are those under which the state was last settled: nothing changes."
    lines = [f"The rules changed. Under the new ones, of {found['records']:,} stored records:"]
    if found["pending"]:
        lines.append(f"({found['pending']:,} records were read since; what they change is among this.)")
    merges, splits = found["merges"], found["splits"]
    lines += ["", _count(merges["count"], "thing would become part of another", "things would become part of others")]
    lines += [f"  {_thing(m['thing'])} -> {_thing(m['into'])}" for m in merges["listed"]]
    lines += _rest(merges)
    lines.append(_count(splits["count"], "thing would fall apart", "things would fall apart"))
    for item in splits["listed"]:
        lines.append(f"  {_thing(item['thing'])} -> {len(item['parts'])}: {', '.join(map(_thing, item['parts'][:5]))}")
    lines += _rest(splits)
    for key, words in (("gained", "more proposed merges"), ("lost", "fewer proposed merges")):
        lines.append(f"{found[key]['count']:,} {words}")
        lines += [f"  {_thing(p['a'])} / {_thing(p['b'])}   {visible(p['why'])}" for p in found[key]["listed"]]
        lines += _rest(found[key])
    lines += _field_lines(found["fields"])
    lines += [f"{item['count']:,} of class {item['from']} would be {item['to']}" for item in found["classes"]]
    lines += [f"{item['count']:,} {item['from']} would be {item['to']}" for item in found["states"]]
    return "\n".join([*lines, "", "Nothing was written. The next `synchub plan` or `sync` works under these rules."])


def _field_lines(fields: Sequence[dict[str, Any]]) -> list[str]:
    if not fields:
        return ["0 fields of other things would turn"]
    total = sum(f["winners"] for f in fields)
    lines = [f"{total:,} fields of other things would follow another source"]
    for item in fields[:_SHOWN_FIELDS]:
        ways = [
            f"{way['count']:,} {way['from'] or 'nobody'} -> {way['to'] or 'nobody'}" for way in item["ways"][:_WAYS]
        ]
        more = ", ..." if len(item["ways"]) > _WAYS else ""
        head = f"{item['class']} {item['field']}"
        lines.append(f"  {head:<34} {item['values']:,} other values   {', '.join(ways)}{more}")
        for example in item["examples"][:1] if item["values"] else ():
            said = f"{cell(example['was'], 30)} -> {cell(example['becomes'], 30)}" if "was" in example else ""
            lines.append(f"      {_thing(example['thing'])}   {said}".rstrip())
    if len(fields) > _SHOWN_FIELDS:
        lines.append(f"  ... and {len(fields) - _SHOWN_FIELDS} more; all with --json")
    return lines


def _count(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _thing(named: dict[str, str]) -> str:
    return f"{named['id']} {cell(named['label'], 40)}" if named["label"] else named["id"]


def _rest(found: dict[str, Any]) -> list[str]:
    left = found["count"] - len(found["listed"])
    return [f"  ... and {left:,} more; list them with --rows"] if left > 0 else []
