"""Two targets, one truth: where do they differ? The parity report over everything that is in both.

Objects and bases come from the state, as of the last look at each target; ids of companies, models and places are asked
of the targets, as for a plan. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import combinations
from typing import Any

import orjson

from synchub.engine.contact import TargetJob
from synchub.engine.references import References, waits_for
from synchub.errors import ConfigError
from synchub.find import display_id, label
from synchub.ports import Progress
from synchub.reconcile.parity import Difference, Held, Side, compare
from synchub.stores import EntityRow, ObjectRow
from synchub.visible import cell, number
from synchub.wiring import Hub

_CHUNK = 1000
_SHOWN = 25


def parity(hub: Hub, progress: Progress | None = None) -> dict[str, Any]:
    """Compare every pair of targets.

    Returns:
        `{"pairs": [{"targets": [a, b], "entities", "only", "fields", "equal", "differences": [{"number", "field",
        "count", "why": {target: reason}, "example": {"id", "label", "wanted", target: value}}]}]}`, differences by
        number. `only` counts, per target, entities that are in it and not in the other.

    Raises:
        ConfigError: Fewer than two targets are configured.
        ConnectorError: A target cannot be asked.
    """
    names = list(hub.loaded.settings.targets)
    if len(names) < 2:
        place = hub.loaded.document.where("targets")
        raise ConfigError("parity compares two targets.", where=place, fix="Configure a second one.")
    with ExitStack() as stack:
        views = {name: _View(hub, stack.enter_context(hub.target_job(name))) for name in names}
        pairs = {pair: _Pair(*pair) for pair in combinations(names, 2)}
        done = 0
        for rows in _entities(hub):
            docs = {row.id: orjson.loads(row.doc) for row in rows}
            sides = {name: view.sides(rows, docs) for name, view in views.items()}
            for (a, b), pair in pairs.items():
                for row in rows:
                    pair.add(row, docs[row.id], sides[a].get(row.id), sides[b].get(row.id))
            done += len(rows)
            if progress:
                progress("comparing", done, None)
    return {"pairs": [pair.as_dict() for pair in pairs.values()]}


def _entities(hub: Hub) -> Iterator[list[EntityRow]]:
    after = 0
    while rows := hub.state.entities.changed_after(after, _CHUNK):
        after = rows[-1].rev
        yield [row for row in rows if row.state == "live"]


class _View:
    """One target's side of entities."""

    def __init__(self, hub: Hub, job: TargetJob) -> None:
        self._job, self._state = job, hub.state
        self._target = hub.state.targets.target(job.name).id
        self._references = References(job, hub.state, self._target)

    def sides(self, rows: Sequence[EntityRow], docs: Mapping[int, Mapping[str, Any]]) -> dict[int, Side]:
        """Return entity -> side, for those that are in the target."""
        linked = self._state.targets.linked(self._target, [row.id for row in rows])
        desired = {
            row.id: [(facet, facet.desired(docs[row.id])) for facet in self._job.maps.facets(row.cls)]
            for row in rows
            if row.id in linked
        }
        self._references.learn([v for pairs in desired.values() for _, fields in pairs for v in fields.values()])
        return {entity: self._side(pairs, linked[entity]) for entity, pairs in desired.items() if pairs}

    def _side(self, pairs: Sequence[tuple[Any, Mapping[str, Any]]], objects: Sequence[ObjectRow]) -> Side:
        wanted: dict[str, dict[str, Any]] = {}
        unresolved: set[tuple[str, str]] = set()
        for facet, fields in pairs:
            known = wanted[facet.facet] = {}
            for name, filled in fields.items():
                value = self._references.resolve(filled)
                if value is References.UNKNOWN or waits_for(value) is not None:
                    unresolved.add((facet.facet, name))
                else:
                    known[name] = value
        self._references.waiting.clear()
        by_facet = {o.facet: o for o in objects if o.facet is not None}
        return Side([facet for facet, _ in pairs], by_facet, wanted, frozenset(unresolved))


class _Pair:
    """Counts the differences of two targets."""

    def __init__(self, first: str, second: str) -> None:
        self._names = (first, second)
        self._both = self._fields = self._equal = 0
        self._only = {first: 0, second: 0}
        self._found: dict[tuple[str, str, str], dict[str, Any]] = {}

    def add(self, row: EntityRow, doc: dict[str, Any], first: Side | None, second: Side | None) -> None:
        """Compare one entity."""
        if first is None or second is None:
            for name, side in zip(self._names, (first, second), strict=True):
                self._only[name] += side is not None
            return
        fields, differences = compare(first, second, doc.keys())
        self._both += 1
        self._fields += fields
        self._equal += fields - len(differences)
        for difference in differences:
            key = (difference.field, *difference.reasons)
            known = self._found.get(key)
            if known is None:
                known = self._found[key] = {"count": 0, "example": self._example(row, doc, difference)}
            known["count"] += 1

    def _example(self, row: EntityRow, doc: dict[str, Any], difference: Difference) -> dict[str, Any]:
        wanted = doc.get(difference.field)
        sides = zip(self._names, (difference.first, difference.second), strict=True)
        shown = {name: _shown(side, wanted) for name, side in sides}
        return {"id": display_id(row.id, row.family), "label": label(doc), "wanted": wanted, **shown}

    def as_dict(self) -> dict[str, Any]:
        """Return the pair's part of the report."""
        ordered = sorted(self._found.items(), key=lambda item: (-item[1]["count"], item[0]))
        return {
            "targets": list(self._names),
            "entities": self._both,
            "only": self._only,
            "fields": self._fields,
            "equal": self._equal,
            "differences": [
                {
                    "number": n, "field": field, "count": found["count"],
                    "why": {name: why for name, why in zip(self._names, reasons, strict=True) if why},
                    "example": found["example"],
                }
                for n, ((field, *reasons), found) in enumerate(ordered, 1)
            ],
        }  # fmt: skip


def _shown(side: Held, wanted: Any) -> Any:
    """Return a value in canonical terms where it is the hub's, else as the target holds it."""
    return wanted if side.agrees else side.value


def render_parity(result: Mapping[str, Any]) -> str:
    """Render the report: at most 30 lines per pair, what differs most first."""
    return "\n\n".join("\n".join(_lines(pair)) for pair in result["pairs"])


def _lines(pair: Mapping[str, Any]) -> Iterator[str]:
    a, b = pair["targets"]
    share = f"{100 * pair['equal'] / pair['fields']:.2f} %" if pair["fields"] else "nothing"
    yield (
        f"{a} and {b}: {number(pair['entities'])} things in both, {number(pair['fields'])} fields, {share} equal;"
        f" only in {a} {number(pair['only'][a])}, only in {b} {number(pair['only'][b])}"
    )
    for item in pair["differences"][:_SHOWN]:
        why = "; ".join(f"{name}: {reason}" for name, reason in item["why"].items())
        shown = item["example"]
        values = ", ".join(f"{name} {cell(shown[name], 24)}" for name in (a, b))
        named = cell(shown["label"] or shown["id"], 20)
        yield f"  #{item['number']:<2} {number(item['count']):>7}  {item['field']:<20} {why}   e.g. {named}: {values}"
    rest = pair["differences"][_SHOWN:]
    if rest:
        yield f"  ... {len(rest)} more kinds, {number(sum(i['count'] for i in rest))} fields     --json lists all"
