"""`explain` and `history` as text for a terminal. Pure; every foreign value goes through `synchub.visible`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from synchub.visible import ago, cell, moment, pad, visible

_WIDE = 100
_PLACE = 72  # column at which file:line stands

Doc = Mapping[str, Any]


def render_explain(found: Doc, zone: str = "UTC") -> str:
    """Render what `synchub.explain.explain` returns.

    Args:
        found: The document.
        zone: Time zone in which times are shown.
    """
    lines = [*_head(found, zone)]
    if "field" in found:
        lines += ["", *_field(found["field"], zone), *_voices(found["field"], found["now"])]
    else:
        lines += ["", *_overview(found["fields"])]
    lines += ["", "TARGETS", *_targets(found["targets"], zone)]
    lines += [line for note in found["notes"] for line in (f"NOTE  {visible(note)}",)]
    name = found["entity"]["id"]
    field = f" --field {found['field']['field']}" if "field" in found else ""
    lines += ["", f"NEXT  synchub history {name}{field} | synchub explain {name}{'' if field else ' FIELD'}"]
    return "\n".join(lines)


def _head(found: Doc, zone: str) -> Iterator[str]:
    entity = found["entity"]
    words = [f'{entity["class"]} {entity["id"]} "{cell(entity["label"], 40)}"']
    made = " ".join(str(entity[k]) for k in ("manufacturer", "model") if entity.get(k))
    words += [cell(made, 40)] if made else []
    for key, name in (("serial_number", "serial"), ("asset_tag", "tag"), ("worker_id", "worker"), ("email", "e-mail")):
        if entity.get(key):
            words.append(f"{name} {cell(entity[key], 40)}")
    yield "   ".join(words)
    if entity["state"] != "live":
        into = f", went into {entity['merged_into']}" if entity["merged_into"] else ""
        yield f"state {entity['state']}{into}"
    if entity["missing"]:
        yield f"MISSING since {moment(entity['missing']['since'], zone)}   {visible(entity['missing']['rule'])}"
    yield from _members(found["members"])
    for i, other in enumerate(found["proposals"]):
        lead = "may be also" if i == 0 else ""
        yield f"{lead:<14} {other['id']}   {cell(other['reason'], 90)}"


def _members(members: Sequence[Doc]) -> Iterator[str]:
    names = {m["record"]: f"{m['source']} {m['key']}" for m in members}
    for i, member in enumerate(members):
        lead = "same thing as" if i == 0 and len(members) > 1 else "known from" if i == 0 else ""
        whys = [f"{w['why']} with {cell(names.get(w['with'], '?'), 30)}" for w in member["because"]]
        gone = "   not in its source any more" if member["absent_since"] else ""
        gone += ", replaced: it speaks no more" if member["replaced"] else ""
        gone += f", missed by {member['missed_by']} snapshots" if member["missed_by"] and not member["replaced"] else ""
        because = f"   ({'; '.join(dict.fromkeys(whys))})" if whys else ""
        yield f"{lead:<14} {member['source']} {cell(member['key'], 44)}{because}{gone}"


def _overview(fields: Sequence[Doc]) -> Iterator[str]:
    wide = max((len(f["field"]) for f in fields), default=0)
    for f in fields:
        source = f"   {f['source']}" if f["source"] else ""
        others = ""
        if f["contested_by"]:
            first = f["contested_by"][0]
            more = f" and {len(f['contested_by']) - 1} more" if len(f["contested_by"]) > 1 else ""
            others = f"   (not {cell(_cleared(first['value']), 24)} of {first['source']}{more})"
        unit = f" {f['unit']}" if f["unit"] and "`" not in f["unit"] and f["value"] is not None else ""
        yield f"{f['field']:<{wide}} = {pad(cell(f['value'], 44) + unit, 44)}{source}{others}"
    if not fields:
        yield "no source says anything about it"


def _cleared(value: Any) -> Any:
    return "(empty on purpose)" if value == {"clear": True} else value


def _field(f: Doc, zone: str) -> Iterator[str]:
    since = ""
    if f["since"]:
        since = f"   since {moment(f['since']['at'], zone)}, run {f['since']['run']}"
    who = f"{cell(f['reference']['label'], 30)} ({f['reference']['id']}) " if f["reference"] else ""
    unit = f" {f['unit']}" if f["unit"] and "`" not in f["unit"] and f["value"] is not None else ""
    value = "(unknown)" if f["value"] is None else cell(f["value"], 80)
    yield f"{f['field']} = {who}{value}{unit}{since}"
    yield f"  {f['description']}   privacy: {f['privacy']}"
    if "value_now" in f:
        yield f"  the next sync would make it {cell(f['value_now'], 60)}"


def _voices(f: Doc, now: int) -> Iterator[str]:
    if not any(v["won"] for v in f["voices"]):
        yield ""
        yield "NOBODY  no source has a usable value" if f["voices"] else "NOBODY  no record belongs to it"
    lead = ""
    for voice in f["voices"]:
        agrees = voice["value"] is not None and voice["value"] == f["value"]
        kind = "WON" if voice["won"] else "AGREE" if agrees else "LOST"
        if kind != lead:
            yield ""
        head = kind if kind != lead else ""
        lead = kind
        yield from _voice(head, voice, now)
        if kind == "LOST":
            place = f["rule_at"] if voice["reason"].startswith(("rule:", f"{voice['source']} may not")) else ""
            yield _placed(f"        {'':<6}{voice['reason']}", place)
        elif kind == "WON" and f["rule"] and head:
            yield _placed(f"        {'':<6}rule: {f['rule']}", f["rule_at"])


def _voice(head: str, voice: Doc, now: int) -> Iterator[str]:
    value = _cleared(voice["value"])
    raw = voice["chains"][0] if voice["chains"] else None
    seen = f"   seen {ago(now - voice['observed_at'])}" if voice["observed_at"] else ""
    if value is None:
        note = f"   {cell(voice['mapped_note'], 50)}" if voice["mapped_note"] else ""
        yield f"{head:<6}  {voice['source']:<5} (no value){seen}{note}"
    elif raw is None:
        yield f"{head:<6}  {voice['source']:<5} {cell(value, 60)}{seen}"
    else:
        yield f"{head:<6}  {voice['source']:<5} {cell(raw['path'], 40)} = {_shown(raw['raw'])}{seen}"
    for i, chain in enumerate(voice["chains"] if value is not None else ()):
        if i:
            yield f"{'':<14}{cell(chain['path'], 40)} = {_shown(chain['raw'])}"
        longest = max((len(visible(s["step"])) for s in chain["steps"]), default=0)
        for j, step in enumerate(chain["steps"]):
            text = f"{'':<16}{pad(visible(step['step']), longest)}  {_shown(_cleared(step['gives']))}"
            yield _placed(text, voice["mapped_at"] if j == len(chain["steps"]) - 1 else "")
    if raw is not None and value is not None and not any(c["steps"] for c in voice["chains"]):
        yield _placed(f"{'':<16}-> {cell(value, 50)}", voice["mapped_at"])
    for warning in voice["warnings"]:
        yield f"{'':<14}! {cell(warning, 90)}"


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return f'"{cell(value, 56)}"' if value else '""'
    return cell(value, 58)


def _placed(text: str, place: str) -> str:
    return f"{pad(text, _PLACE)}  {visible(place)}" if place and place != "shipped" else text


# --- targets ----------------------------------------------------------------------------------------------------------


def _targets(targets: Sequence[Doc], zone: str) -> Iterator[str]:
    if not targets:
        yield "  none configured"
    for target in targets:
        lead = target["target"]
        for item in target["objects"] if not target["values"] else ():
            when = f"   as of {moment(item['updated_at'], zone)}" if item["updated_at"] else ""
            yield f"  {lead:<7} {item['kind']} {cell(item['object_id'], 40)}   {item['origin']}{when}"
            lead = ""
        for value in target["values"]:
            for text in _value(value, zone):
                yield f"  {lead:<7} {text}"
                lead = ""
        for item in target["open"]:
            plan = f"   plan {item['plan']}" if item["plan"] else ""
            yield f"  {lead:<7} ! {item['state']}: {cell(item['note'], 90)}{plan}"
            lead = ""
        if target["note"]:
            yield f"  {lead:<7} {visible(target['note'])}"
        elif lead:
            yield f"  {lead:<7} takes nothing from this field"


def _value(value: Doc, zone: str) -> Iterator[str]:
    name = value["field"] if value["facet"] == "record" else f"{value['facet']}.{value['field']}"
    if not value["wanted_known"]:
        actual = f" = {_target_value(value['actual'])}" if value["actual_known"] else ""
        yield f". {name}{actual}   the hub does not write it on this side"
    elif not value["actual_known"]:
        yield f"? {name}   not read, or hidden from the hub; wanted {_target_value(value['wanted'])}"
    else:
        differs = value["equal"] is False
        yield f"{'!' if differs else '='} {name} = {_target_value(value['actual'])}{_last(value['last'], zone)}"
        if differs:
            base = _target_value(value["base"]) if value["base_known"] else "never agreed on"
            by = f" by {cell(value['edited_by'], 30)}" if value["edited_by"] else ""
            when = f"object changed {moment(value['edited_at'], zone)}{by}"
            yield f"  wanted {_target_value(value['wanted'])}; base was {base}; {when}"
            yield f"  policy {value['policy']}"
    if value["refused"]:
        yield f"  refused by the target: {cell(value['refused'], 80)}; tried again when the value changes"


def _last(last: Doc | None, zone: str) -> str:
    if last is None:
        return ""
    words = "written" if last["state"] == "applied" else last["state"]
    note = f" ({cell(last['note'], 40)})" if last["note"] else ""
    return f"   {words} {moment(last['at'], zone)}, plan {last['plan']}{note}"


def _target_value(value: Any) -> str:
    if isinstance(value, dict) and "label" in value:
        return f"{cell(value['label'], 40)} ({value['id']})"
    if isinstance(value, dict) and "reference" in value:
        return f"{cell(value['value'], 40)} (looked up in {value['reference']})"
    if isinstance(value, dict) and "$entity" in value:
        return "(an object still to be created)"
    return cell(value, 60)


# --- history ----------------------------------------------------------------------------------------------------------


def render_history(found: Doc, zone: str = "UTC") -> str:
    """Render what `synchub history` found: changes of the entity and what plans did to its objects, oldest first."""
    entity = found["entity"]
    lines = [f'{entity["class"]} {entity["id"]} "{cell(entity["label"], 40)}"']
    if entity["first_at"]:
        lines.append(f"{moment(entity['first_at'], zone)}  run {entity['first_run']}  first seen")
    for event in found["events"]:
        lines += list(_event(event, zone))
    if not found["events"]:
        lines.append("nothing changed since")
    return "\n".join(lines)


def _event(event: Doc, zone: str) -> Iterator[str]:
    head = f"{moment(event['at'], zone)}  run {event['run']}"
    if event["kind"] == "change":
        for i, change in enumerate(event["changes"]):
            lead = head if i == 0 else " " * len(head)
            source = f"   source: {change['source']}" if change["source"] else ""
            yield f"{lead}  {change['field']}  {cell(change['old'], 40)} -> {cell(change['new'], 40)}{source}"
        return
    if event["kind"] == "overwritten":
        yield f"{head}  {_overwritten(event, zone)}"
        return
    note = f": {cell(event['note'], 60)}" if event["note"] else ""
    undoes = f", undoes run {event['undoes']}" if event["undoes"] else ""
    what = f"{event['target']} {event['facet']} {event['op']} {event['state']}"
    yield f"{head}  {what} (plan {event['plan']}{undoes}){note}"
    for change in event["changes"]:
        values = f"{_target_value(change['old'])} -> {_target_value(change['new'])}"
        source = f"   source: {change['source']}" if change.get("source") else ""
        yield f"{' ' * len(head)}    {visible(change['field'])}  {values}{source}"


def _overwritten(event: Doc, zone: str) -> str:
    who = f" by {cell(event['edited_by'], 30)}" if event["edited_by"] else ""
    when = f" {moment(event['edited_at'], zone)}" if event["edited_at"] else ""
    values = f"{_target_value(event['theirs'])} typed{who}{when} was written over with {_target_value(event['ours'])}"
    how = "policy" if event["how"] == "policy" else "it fell between look and write"
    back = {"back": "; put back", "due": "; to be put back", "refused": "; the target did not take it back"}
    what = f"{event['target']} {event['facet']} {visible(event['field'])}"
    return f"{what}: {values} ({how}{back.get(event['state'], '')})"
