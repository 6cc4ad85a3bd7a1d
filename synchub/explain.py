"""Why an entity is what it is, recomputed from what the state holds with the same pure functions as the sync.

Nothing is opened but the state: no target is asked, and a field map is compiled without talking to its source. What
cannot be told any more (a payload that is gone, a map that changed since) is said in `notes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from connectors import registry
from mapping.engine import FieldMap
from mapping.loader import load_map
from mapping.trace import FieldTrace
from synchub.conflicts import settled
from synchub.domain.model import FIELDS
from synchub.domain.records import CLEAR, Contribution
from synchub.domain.yamlfile import nearest
from synchub.engine.decided import decided
from synchub.engine.gone import said
from synchub.errors import HubError, InputError
from synchub.explain_targets import target_values
from synchub.explain_text import render_explain
from synchub.find import display_id, find_entity, label, parse_id
from synchub.reconcile.absence import speaking
from synchub.reconcile.cluster import cluster
from synchub.reconcile.explain import FieldExplanation, Voice, explain_field
from synchub.stores import EntityRow
from synchub.wiring import Hub

__all__ = ["display_id", "explain", "find_entity", "history", "parse_id", "render_explain"]

_SHOWN_OTHERS = 20


@dataclass(slots=True)
class _Subject:
    """An entity with everything that is stored about it."""

    hub: Hub
    row: EntityRow
    doc: dict[str, Any]
    members: Sequence[Contribution]
    absent: Mapping[int, tuple[int, int]]
    now: int
    history: list[dict[str, Any]]
    first: tuple[int, int] | None


def explain(hub: Hub, entity: int, field: str | None = None) -> dict[str, Any]:
    """Explain an entity, or one of its fields.

    Args:
        hub: The open configuration.
        entity: Number of the entity (`find_entity`).
        field: Canonical field; None for an overview of all.

    Returns:
        JSON: `entity`, `members`, `proposals`, `targets`, `notes`, and `field` (value, winner, losers, steps) or
        `fields`.

    Raises:
        InputError: There is no such entity, or no class has such a field.
    """
    subject = _load(hub, entity)
    _check(subject, field)
    notes: list[str] = []
    result: dict[str, Any] = {
        "entity": _head(subject),
        "members": _members(subject, notes),
        "proposals": _proposals(subject),
        "now": subject.now,
    }
    if field is None:
        result["fields"] = [_brief(subject, name) for name in _fields_of(subject)]
        result["targets"] = target_values(hub, subject.row, _told_targets(subject), None)
    else:
        result["field"] = _field(subject, field, notes)
        result["targets"] = target_values(hub, subject.row, _told_targets(subject), field)
    result["notes"] = notes + settled(hub, subject.row.id, subject.members, field)
    return result


def _load(hub: Hub, entity: int) -> _Subject:
    row = hub.state.entities.get([entity]).get(entity)
    if row is None:
        raise InputError(
            "there is no such entity.", where=f"entity {entity}", fix="Name it as `synchub explain` shows it."
        )
    records = hub.state.identity.members_of([entity]).get(entity, [])
    members = sorted(hub.state.identity.contributions(records), key=lambda m: (m.source, m.stream, m.key))
    reports, lookup = hub.state.reports, hub.state.lookup
    absent = lookup.absences_of(records)
    told, first = reports.history(entity), lookup.first_seen(entity)
    return _Subject(hub, row, orjson.loads(row.doc), members, absent, hub.clock.now(), told, first)


def _head(subject: _Subject) -> dict[str, Any]:
    row, doc = subject.row, subject.doc
    words = {
        name: doc.get(name) for name in ("manufacturer", "model", "serial_number", "asset_tag", "worker_id", "email")
    }
    return {
        "id": display_id(row.id, row.family),
        "number": row.id,
        "family": row.family,
        "class": row.cls,
        "label": label(doc),
        "state": row.state,
        "missing": _missing(subject),
        "merged_into": None if row.merged_into is None else display_id(row.merged_into, row.family),
        "first_run": subject.first[0] if subject.first else None,
        "first_at": subject.first[1] if subject.first else None,
        **{name: value for name, value in words.items() if value},
    }


def _told_targets(subject: _Subject) -> dict[str, Any]:
    """Return what targets are told: of a missing thing that it is."""
    rule = subject.hub.rules().absence.of(subject.row.cls) if subject.row.missing_at is not None else None
    return subject.doc | (said(rule, subject.row.cls) if rule else {})


def _missing(subject: _Subject) -> dict[str, Any] | None:
    """Tell since when a thing is missing, and what the rule of its class does about it."""
    since = subject.row.missing_at
    rule = subject.hub.rules().absence.of(subject.row.cls) if since is not None else None
    return {"since": since, "then": rule.then, "rule": rule.text} if rule else None


def history(hub: Hub, entity: int, field: str | None = None) -> dict[str, Any]:
    """List what changed on an entity, what plans did to its objects, and what of others was written over, oldest first.

    Args:
        hub: The open configuration.
        entity: Number of the entity.
        field: Only this canonical field, and the target fields that it fills.

    Raises:
        InputError: There is no such entity, or no class has such a field.
    """
    subject = _load(hub, entity)
    _check(subject, field)
    winners: dict[str, str] = orjson.loads(subject.row.winners)
    events: list[dict[str, Any]] = []
    for change in subject.history:
        some = [
            {"field": name, "old": old, "new": new, "source": winners.get(name, "")}
            for name, (old, new) in change["changes"].items()
            if field is None or name == field
        ]
        if some:
            events.append({"kind": "change", "at": change["at"], "run": change["run"], "changes": some})
    filled = None if field is None else _filled(subject, field)
    named = frozenset([field]) if field else frozenset()  # for targets whose map cannot be read any more
    events += [event for raw in _plans(subject) if (event := _plan_event(raw, filled, named))]
    events += _overwritten(subject, filled, named)
    events.sort(key=lambda event: (event["at"], event["run"], event["kind"] == "plan"))
    return {"entity": _head(subject), "field": field, "events": events}


def _plans(subject: _Subject) -> list[dict[str, Any]]:
    return subject.hub.state.reports.plan_history(subject.row.id)


def _filled(subject: _Subject, field: str) -> set[tuple[str, str, str]]:
    """List the (target, facet, target field) that a canonical field fills."""
    described = target_values(subject.hub, subject.row, subject.doc, field)
    return {(target["target"], value["facet"], value["field"]) for target in described for value in target["values"]}


def _plan_event(
    event: dict[str, Any], filled: set[tuple[str, str, str]] | None, named: frozenset[str]
) -> dict[str, Any] | None:
    body = event["changes"]
    changes = [
        {"field": name, "old": c[0], "new": c[1], "source": c[2], "rule": c[3]}
        for name, c in body.get("changes", {}).items()
    ]
    changes += [{"field": name, "old": None, "new": value} for name, value in body.get("values", {}).items()]
    if filled is not None:
        changes = [c for c in changes if (event["target"], event["facet"], c["field"]) in filled or c["field"] in named]
        if not changes:
            return None
    kept = ("target", "plan", "run", "at", "facet", "op", "object_id", "state", "note", "undoes")
    return {"kind": "plan", **{key: event[key] for key in kept}, "changes": changes}


def _overwritten(
    subject: _Subject, filled: set[tuple[str, str, str]] | None, named: frozenset[str]
) -> list[dict[str, Any]]:
    """List the values of other people that the hub wrote over."""
    state = subject.hub.state
    names = state.lookup.target_names()
    kept = ("at", "run", "facet", "object_id", "field", "theirs", "ours", "how", "edited_by", "edited_at", "state")
    events = []
    for item in state.overwritten.of_entity(subject.row.id):
        target = names.get(item.target, str(item.target))
        if filled is None or (target, item.facet, item.field) in filled or item.field in named:
            told = item._asdict()
            events.append({"kind": "overwritten", "target": target, **{key: told[key] for key in kept}})
    return events


def _check(subject: _Subject, field: str | None) -> None:
    known = FIELDS[subject.row.cls]
    if field is not None and field not in known and not any(field in some for some in FIELDS.values()):
        raise InputError(f"{subject.row.cls} has no field of this name.", where=field[:80], fix=nearest(field, known))


# --- identification ---------------------------------------------------------------------------------------------------


def _members(subject: _Subject, notes: list[str]) -> list[dict[str, Any]]:
    members = subject.members
    if not members:
        notes.append("no record belongs to it any more")
        return []
    why = _reasons(subject, notes)
    absent = subject.absent
    heard = {m.record for m in _heard(subject)}
    return [
        {
            "record": m.record,
            "source": m.source,
            "stream": m.stream,
            "key": m.key,
            "class": m.cls,
            "observed_at": m.observed_at or None,
            "because": why.get(m.record, []),
            "absent_since": absent[m.record][0] if m.record in absent else None,
            "missed_by": absent[m.record][1] if m.record in absent else 0,
            "replaced": m.record not in heard,
        }
        for m in members
    ]


def _reasons(subject: _Subject, notes: list[str]) -> dict[int, list[dict[str, Any]]]:
    """Return record -> by what it is held to the others."""
    if len(subject.members) < 2:
        return {}
    rules = subject.hub.rules().identify[subject.row.family]
    decisions = decided(subject.hub.state).among(m.record for m in subject.members)
    shared = subject.hub.state.identity.shared()
    found = cluster(subject.members, shared=shared, rules=rules, decisions=decisions)
    if len(found) > 1:
        notes.append("by the rules of now its records would not all be one thing; the next sync looks at them again")
    why: dict[int, list[dict[str, Any]]] = {}
    for part in found:
        for edge in part.edges:
            for one, other in ((edge.a, edge.b), (edge.b, edge.a)):
                why.setdefault(one, []).append({"why": edge.why, "value": edge.value, "with": other})
    return why


def _proposals(subject: _Subject) -> list[dict[str, str]]:
    found = subject.hub.state.lookup.proposals_of(subject.row.id)
    return [{"id": display_id(other, subject.row.family), "reason": reason} for other, reason in found[:_SHOWN_OTHERS]]


# --- fields -----------------------------------------------------------------------------------------------------------


def _fields_of(subject: _Subject) -> list[str]:
    said = {name for member in subject.members for name in member.fields}
    return [name for name in FIELDS[subject.row.cls] if name in said or name in subject.doc]


def _told(subject: _Subject, field: str) -> FieldExplanation | None:
    if not subject.members:
        return None
    return explain_field(_heard(subject), subject.hub.rules(), subject.now, field)


def _heard(subject: _Subject) -> Sequence[Contribution]:
    """Return the records that speak: those that another one replaced in their source do not."""
    return speaking(subject.members, dict.fromkeys(subject.absent))


def _brief(subject: _Subject, field: str) -> dict[str, Any]:
    told = _told(subject, field)
    info = FIELDS[subject.row.cls][field]
    winner = next((v for v in told.voices if v.won), None) if told else None
    others = [v for v in told.voices if not v.won and v.value not in (None, told.value)] if told else []
    return {
        "field": field,
        "value": subject.doc.get(field),
        "privacy": info.privacy.value,
        "unit": info.unit,
        "source": winner.source if winner else None,
        "rule": told.rule if told else "",
        "contested_by": [{"source": v.source, "value": _json(v.value), "reason": v.reason} for v in others],
    }


def _field(subject: _Subject, field: str, notes: list[str]) -> dict[str, Any]:
    told = _told(subject, field)
    info = FIELDS[subject.row.cls].get(field)
    value = subject.doc.get(field)
    since = _since(subject, field)
    result: dict[str, Any] = {
        "field": field,
        "description": info.description if info else f"{subject.row.cls} has no such field.",
        "privacy": (info or next(some[field] for some in FIELDS.values() if field in some)).privacy.value,
        "unit": info.unit if info else None,
        "value": value,
        "reference": _reference(subject, field, value),
        "since": since,
        "rule": told.rule if told else "",
        "rule_at": told.place if told else "",
        "winner": told.winner if told else None,
        "voices": [],
    }
    if told is None:
        return result
    if told.value != value:
        notes.append("rules, time or records moved on since the last sync: by now the value would be another one")
        result["value_now"] = told.value
    tracer = _Tracer(subject)
    result["voices"] = [tracer.voice(voice, field) for voice in told.voices]
    notes += tracer.notes
    return result


def _since(subject: _Subject, field: str) -> dict[str, Any] | None:
    for change in reversed(subject.history):
        if field in change["changes"]:
            return {"at": change["at"], "run": change["run"], "before": change["changes"][field][0]}
    if subject.first is None or field not in subject.doc:
        return None
    return {"at": subject.first[1], "run": subject.first[0], "before": None}


def _reference(subject: _Subject, field: str, value: Any) -> dict[str, str] | None:
    """Tell which entity a value points at, when exactly one is known."""
    info = FIELDS[subject.row.cls].get(field)
    if info is None or info.reference is None or not isinstance(value, str):
        return None
    try:
        number = find_entity(subject.hub, value)
    except InputError:
        return None
    row = subject.hub.state.entities.get([number])[number]
    if row.family != info.reference:
        return None
    return {"id": display_id(number, row.family), "label": label(orjson.loads(row.doc))}


def _json(value: Any) -> Any:
    """Return a value as JSON: steps of a mapping may give numbers and dates that JSON does not know."""
    if isinstance(value, str):
        return {"clear": True} if value == CLEAR else value
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {str(name): _json(item) for name, item in value.items()}
    return value if value is None or isinstance(value, bool | int | float) else str(value)


class _Tracer:
    """Maps stored payloads again to show each step; what cannot be shown is noted once per stream."""

    def __init__(self, subject: _Subject) -> None:
        self._subject = subject
        records = [m.record for m in subject.members]
        reports = subject.hub.state.reports
        self._members = {m.record: m for m in subject.members}
        self._payloads = reports.payloads_of(records)
        self._warnings = reports.warnings_of(records)
        self._fingerprints = {(s["source"], s["stream"]): s["fingerprint"] for s in reports.streams()}
        self._maps: dict[tuple[str, str], FieldMap | None] = {}
        self.notes: list[str] = []

    def voice(self, voice: Voice, field: str) -> dict[str, Any]:
        member = self._members[voice.record]
        found, place = self._trace(member, field)
        return {
            "record": voice.record,
            "source": voice.source,
            "stream": member.stream,
            "key": member.key,
            "observed_at": member.observed_at or None,
            "value": _json(voice.value),
            "won": voice.won,
            "reason": voice.reason,
            "mapped_at": place,
            "chains": _chains(found),
            "mapped_note": found.note if found else "",
            "warnings": [message for name, _, message in self._warnings.get(voice.record, ()) if name == field],
        }

    def _trace(self, member: Contribution, field: str) -> tuple[FieldTrace | None, str]:
        field_map = self._map(member)
        if field_map is None:
            return None, ""
        body = self._payloads.get(member.record)
        if body is None:
            self._note(
                f"the payload of {member.source} {member.key} is not stored any more, so its steps cannot be shown"
            )
            return None, field_map.line_of(field)
        try:
            payload = orjson.loads(body)
        except orjson.JSONDecodeError:
            self._note(f"the stored payload of {member.source} {member.key} cannot be read")
            return None, field_map.line_of(field)
        trace = field_map.trace(payload)
        if trace.record is None:
            why = trace.refused or trace.dropped
            self._note(f"the map of {member.source} {member.stream} of now would not take {member.key}: {why}")
        found = next((item for item in trace.fields if item.field == field), None)
        return found, found.where if found else field_map.line_of(field)

    def _map(self, member: Contribution) -> FieldMap | None:
        key = (member.source, member.stream)
        if key not in self._maps:
            self._maps[key] = self._load(*key)
        return self._maps[key]

    def _load(self, source: str, stream: str) -> FieldMap | None:
        try:
            found = stored_map(self._subject.hub, source, stream)
        except HubError as exc:
            self._note(f"the field map of {source} {stream} cannot be shown: {exc.message}")
            return None
        if self._fingerprints.get((source, stream)) not in (found.fingerprint, ""):
            changed = f"the field map of {source} {stream} changed since the record was mapped"
            self._note(f"{changed}; its steps are shown as they are now")
        return found

    def _note(self, text: str) -> None:
        if text not in self.notes:
            self.notes.append(text)


def stored_map(hub: Hub, source: str, stream: str, *further: Path) -> FieldMap:
    """Compile the field map of a stream, with further overrides, without talking to its source.

    Raises:
        ConfigError: The source is not configured any more, or its map is wrong.
    """
    settings = hub.loaded.settings
    if source not in settings.sources:
        raise InputError("it is not configured any more.", where=source)
    try:
        with hub.source(source) as opened:
            if stream in opened.streams():
                return hub.field_map(source, opened, stream, *further)
    except HubError:
        pass  # a source that cannot be opened (no secret, no folder) still has its map
    block = settings.sources[source]
    connector = registry.load(block.connector)
    options: Mapping[str, Any] = ((block.model_extra or {}).get("streams") or {}).get(stream) or {}
    shipped = connector.maps / f"{options.get('map') or stream}.yaml"
    overrides = [*(hub.loaded.base_dir / path for path in options.get("maps") or ()), *further]
    return load_map(shipped, overrides) if shipped.exists() or not overrides else load_map(overrides[0], overrides[1:])


def _chains(found: FieldTrace | None) -> list[dict[str, Any]]:
    if found is None:
        return []
    return [
        {
            "path": c.path,
            "raw": _json(c.raw),
            "steps": [{"step": step, "gives": _json(value)} for step, value in c.steps],
        }
        for c in found.chains
    ]
