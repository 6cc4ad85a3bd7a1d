"""Both sides of a conflict over a field in words: references by the name of what they refer to.

A target holds references as ids of its own. The hub knows which thing is behind an id that it linked, and by which text
it looks other things up; an id of which it knows neither stays an id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from mapping.target import FacetMap
from synchub.domain.plan import Lookup
from synchub.errors import ConfigError
from synchub.find import display_id, label
from synchub.stores import EntityRow, Question
from synchub.visible import plain
from synchub.wiring import Hub

_ENTITY = "$entity"  # key of a reference to a thing whose object may not exist yet


def sides(hub: Hub, questions: Sequence[Question], rows: Mapping[int, EntityRow]) -> dict[int, str]:
    """Say what the target holds and what the hub wants, by number of the conflict.

    Args:
        hub: The open configuration.
        questions: Conflicts over fields.
        rows: Their things.
    """
    said = {}
    for target in {q.target for q in questions}:
        some = [q for q in questions if q.target == target]
        facets = {q.id: _facet(hub, q) for q in some}
        specs = {q.id: facet.fields.get(q.field) for q in some if (facet := facets[q.id]) is not None}
        links = [q for q in some if (spec := specs.get(q.id)) is not None and spec.link]
        names = _names(hub, target, [value for q in links for value in (q.detail.get("theirs"), q.detail.get("hub"))])
        for question in some:
            theirs, ours = question.detail.get("theirs"), question.detail.get("hub")
            spec = specs.get(question.id)
            if spec is not None and spec.lookup:
                ours = _looked_up(facets[question.id], question.field, rows.get(question.entity)) or ours
                theirs = f"{plain(theirs)} (an id of the target)"
            elif question in links:
                theirs, ours = names.get(_key(theirs), theirs), names.get(_key(ours), ours)
            said[question.id] = f"target {plain(theirs)}, hub {plain(ours)}"
    return said


def _facet(hub: Hub, question: Question) -> FacetMap | None:
    if question.target not in hub.loaded.settings.targets:
        return None
    try:
        facets = hub.target_map(question.target).facets(question.cls)
    except ConfigError:  # its map cannot be read: `check` says so
        return None
    return next((facet for facet in facets if facet.facet == question.facet), None)


def _looked_up(facet: FacetMap | None, field: str, row: EntityRow | None) -> str:
    """Return the text by which the hub looks up what it wants in a field."""
    wanted = facet.desired(orjson.loads(row.doc)).get(field) if facet is not None and row is not None else None
    return wanted.value.replace("\x1f", " / ") if isinstance(wanted, Lookup) else ""


def _key(value: Any) -> str | int:
    return int(value[_ENTITY]) if isinstance(value, dict) and _ENTITY in value else str(value)


def _names(hub: Hub, target: str, values: Sequence[Any]) -> dict[str | int, str]:
    """Name the things behind references: ids of the target's objects, and numbers of things."""
    keys = {_key(value) for value in values if value}
    number = hub.state.targets.target(target).id
    behind = hub.state.lookup.entities_of_objects(number, sorted(key for key in keys if isinstance(key, str)))
    numbers = {key for key in keys if isinstance(key, int)} | set(behind.values())
    told = {
        n: f"{label(orjson.loads(row.doc))} ({display_id(n, row.family)})"
        for n, row in hub.state.entities.get(sorted(numbers)).items()
    }
    return {key: told[n] for key in keys if (n := behind.get(key, 0) if isinstance(key, str) else key) in told}
