"""What each target holds of an entity and why: base, actual, wanted, policy, and what became of the last write.

Read from the state alone: the values are those of the last look at the target, not of this moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from mapping.target import FacetMap, TargetMap
from synchub.domain.plan import Link, Lookup, RowState
from synchub.errors import ConfigError
from synchub.find import display_id, label
from synchub.reconcile.policies import Policies, flatten
from synchub.stores import EntityRow
from synchub.wiring import Hub

_PERSON_KINDS = {RowState.CONFLICT.value, RowState.HELD.value}


def target_values(hub: Hub, row: EntityRow, doc: Mapping[str, Any], field: str | None) -> list[dict[str, Any]]:
    """Describe an entity's objects in every target, with the values that a canonical field fills.

    Args:
        hub: The open configuration.
        row: The entity.
        doc: Its golden record.
        field: Canonical field; None for the objects without values.
    """
    linked = hub.state.lookup.objects_of(row.id)
    waiting = hub.state.lookup.waiting_of(row.id)
    history = hub.state.reports.plan_history(row.id)
    conflicts = hub.state.reports.conflicts(row.id)
    names = list(dict.fromkeys([*hub.loaded.settings.targets, *(item["target"] for item in linked)]))
    return [
        _target(
            hub,
            name,
            row,
            doc,
            field,
            [item for item in linked if item["target"] == name],
            [item for item in history if item["target"] == name],
            [item for item in conflicts if item["target"] == name],
            waiting.get(name, ""),
        )
        for name in names
    ]


def _target(
    hub: Hub,
    name: str,
    row: EntityRow,
    doc: Mapping[str, Any],
    field: str | None,
    linked: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    conflicts: Sequence[Mapping[str, Any]],
    waiting: str,
) -> dict[str, Any]:
    maps, note = _map(hub, name)
    again = f"planned again: {waiting}" if waiting else ""
    result: dict[str, Any] = {"target": name, "note": note or again, "objects": [], "values": []}
    result["objects"] = [
        {key: item[key] for key in ("facet", "kind", "object_id", "updated_at", "updated_by", "origin")}
        for item in linked
    ]
    result["open"] = [_event(event) for event in history if event["state"] in _PERSON_KINDS]
    filled = _filled(maps, row.cls, field) if field is not None else None
    contested = [c for c in conflicts if filled is None or (c["facet"], c["field"]) in filled or not c["field"]]
    result["open"] += [
        {"state": "conflict", "note": f"{c['field']} ({c['kind']})".lstrip(), "field": c["field"], "plan": ""}
        for c in contested
    ]
    if not linked and not result["note"]:
        result["note"] = _why_not(hub, name, row, maps, history)
    if field is not None and maps is not None:
        for facet in maps.facets(row.cls):
            item = next((item for item in linked if item["facet"] == facet.facet), None)
            for target_field, spec in facet.fields.items():
                if field in spec.sources:
                    value = _value(hub, name, row.cls, facet, target_field, doc, item, history, field)
                    if any((c["facet"], c["field"]) == (facet.facet, target_field) for c in contested):
                        value["equal"] = False
                    result["values"].append(value)
    return result


def _filled(maps: TargetMap | None, cls: str, field: str) -> set[tuple[str, str]]:
    """List (facet, target field) that a canonical field fills."""
    if maps is None:
        return set()
    return {(facet.facet, name) for facet in maps.facets(cls) for name, f in facet.fields.items() if field in f.sources}


def _map(hub: Hub, name: str) -> tuple[TargetMap | None, str]:
    if name not in hub.loaded.settings.targets and name not in hub.target_maps:
        return None, "not configured any more"
    try:
        return hub.target_map(name), ""
    except ConfigError as exc:
        return None, f"its map cannot be shown: {exc.message}"


def _why_not(hub: Hub, name: str, row: EntityRow, maps: TargetMap | None, history: Sequence[Mapping[str, Any]]) -> str:
    """Say why there is no object."""
    if row.state == "parked":
        return "parked: nothing identifies it, or none of its sources may create its class"
    block = hub.loaded.settings.targets.get(name)
    if maps is not None and not maps.facets(row.cls):
        return f"takes no {row.cls}"
    if block is not None and block.classes is not None and row.cls not in block.classes:
        return f"{row.cls} is not among its classes (synchub.yaml)"
    if history:
        plan = history[-1]["plan"]
        first = next(event for event in history if event["plan"] == plan)  # what the other rows wait for
        return f"no object yet: {first['op']} is {first['state']} in plan {plan}"
    return "no object yet, and none planned"


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    return {"state": event["state"], "note": event["note"], "plan": event["plan"], "at": event["at"]}


def _value(
    hub: Hub,
    name: str,
    cls: str,
    facet: FacetMap,
    target_field: str,
    doc: Mapping[str, Any],
    item: Mapping[str, Any] | None,
    history: Sequence[Mapping[str, Any]],
    field: str,
) -> dict[str, Any]:
    """Describe one target field."""
    spec = facet.fields[target_field]
    desired = facet.desired(doc)
    fields: Mapping[str, Any] = item["fields"] if item else {}
    base: Mapping[str, Any] = (item["base"] if item else None) or {}
    refused = (item["refused"] if item else {}).get(target_field)
    actual = fields.get(target_field)
    same: bool | None = (
        None  # whether a reference is the wanted one is known only to the target; an edit shows in the base
    )
    if target_field in fields and target_field in desired:
        if not spec.is_reference:
            same = facet.same(target_field, desired[target_field], actual)
        elif target_field in base:
            same = base[target_field] == actual
    return {
        "facet": facet.facet,
        "field": target_field,
        "wanted": _wanted(desired.get(target_field)),
        "wanted_known": target_field in desired,
        "actual": _referred(hub, name, actual) if spec.link else actual,
        "actual_known": target_field in fields,
        "base": _referred(hub, name, base.get(target_field)) if spec.link else base.get(target_field),
        "base_known": target_field in base,
        "equal": same,
        "edited_at": item["updated_at"] if item else None,
        "edited_by": item["updated_by"] if item else None,
        "policy": policy_of(hub, name, cls, target_field, spec.sources),
        "refused": refused["reason"] if isinstance(refused, dict) and "reason" in refused else refused,
        "last": _last(history, facet.facet, target_field),
        "fills": field,
    }


def _wanted(wanted: Any) -> Any:
    if isinstance(wanted, Lookup):
        return {"reference": wanted.kind, "by": wanted.by, "value": wanted.value.replace("\x1f", " / ")}
    if isinstance(wanted, Link):
        return {"reference": wanted.family, "by": "identity", "value": wanted.value}
    return wanted


def _referred(hub: Hub, name: str, actual: Any) -> Any:
    """Name the entity behind a target's own id where the hub knows it."""
    if not isinstance(actual, str):
        return actual
    target = hub.state.targets.target(name).id
    found = hub.state.lookup.entities_of_objects(target, [actual]).get(actual)
    if found is None:
        return actual
    row = hub.state.entities.get([found])[found]
    return {"object_id": actual, "id": display_id(found, row.family), "label": label(orjson.loads(row.doc))}


def policy_of(hub: Hub, name: str, cls: str, target_field: str, sources: Sequence[str]) -> str:
    """Return the policy for other people's edits of one target field, as configured."""
    block = hub.loaded.settings.targets.get(name)
    return Policies(flatten(block.theirs if block else {})).text(cls, target_field, sources)


def _last(history: Sequence[Mapping[str, Any]], facet: str, target_field: str) -> dict[str, Any] | None:
    """Return what the newest plan that touched a target field did with it."""
    for event in reversed(history):
        body = event["changes"]
        changed = body.get("changes", {}).get(target_field)
        if event["facet"] == facet and (changed or target_field in body.get("values", {})):
            old, new = (changed[0], changed[1]) if changed else (None, body["values"][target_field])
            return {**_event(event), "op": event["op"], "run": event["run"], "old": old, "new": new}
    return None
