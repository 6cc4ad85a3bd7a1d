"""Shapes that change are reported in the run where it first happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mapping.drift import Drift, ShapeObserver
from mapping.engine import FieldMap
from tests.unit.mapping.building import field_map

RULES = """
name: {path: title}
lifecycle: {path: state, lookup: {managed: deployed}}
form_factor: {path: form}
assigned_to: {path: user}
mac_addresses: {path: "nics[].mac", to: [mac]}
"""
USUAL = {"id": "1", "title": "t", "state": "managed", "nics": [{"mac": "00:50:56:bf:bb:17"}]}


@pytest.fixture
def things(tmp_path: Path) -> FieldMap:
    """A small map."""
    return field_map(tmp_path, RULES)


def run(things: FieldMap, payloads: list[dict[str, Any]], state: dict[str, Any]) -> tuple[list[Drift], dict[str, Any]]:
    """Observe one run and return its drift and the state, as it comes back from storage."""
    observer = ShapeObserver(things, state)
    for payload in payloads:
        observer.observe(payload, things.map(payload))
    found = observer.finish()
    return found, json.loads(json.dumps(observer.state()))


def learnt(things: FieldMap, count: int = 50) -> dict[str, Any]:
    """Return the state after a first, ordinary run."""
    found, state = run(things, [USUAL] * count, {})
    assert found == []
    return state


def test_a_path_that_vanished_from_a_whole_run_is_reported_once(things: FieldMap) -> None:
    """In the run where it happens, with the place of the rule; not again in the next."""
    gone = [{key: value for key, value in USUAL.items() if key != "title"}] * 12
    found, state = run(things, gone, learnt(things))
    assert [(d.kind, d.path, d.field, d.where, d.count) for d in found] == [
        ("vanished", "title", "name", "maps/x.yaml:6", 12)
    ]
    assert run(things, gone, state)[0] == []


def test_a_path_that_came_back_and_vanished_again_is_reported_again(things: FieldMap) -> None:
    """Reporting once does not mean once for ever."""
    gone = [{key: value for key, value in USUAL.items() if key != "title"}] * 12
    _, state = run(things, gone, learnt(things))
    _, state = run(things, [USUAL] * 12, state)
    assert [d.kind for d in run(things, gone, state)[0]] == ["vanished"]


def test_a_path_missing_from_a_few_changed_records_is_no_drift(things: FieldMap) -> None:
    """Two changed records say nothing about the shape of all."""
    assert run(things, [{"id": "1"}] * 2, learnt(things))[0] == []


def test_a_small_estate_is_judged_by_all_of_its_records(things: FieldMap) -> None:
    """Where only three records were ever seen, three are enough."""
    found, _ = run(things, [{**USUAL, "title": None}] * 3, learnt(things, 3))
    assert [(d.kind, d.path) for d in found] == [("vanished", "title")]


def test_a_rare_path_may_be_missing(things: FieldMap) -> None:
    """What one record in fifty has is not missed in twelve."""
    _, state = run(things, [{**USUAL, "user": "u"}] + [USUAL] * 49, {})
    assert run(things, [USUAL] * 12, state)[0] == []


def test_a_changed_type_is_reported_once(things: FieldMap) -> None:
    """One record is enough; null is no type."""
    found, state = run(things, [{**USUAL, "title": {"de": "t"}}, {**USUAL, "state": None}], learnt(things))
    assert [(d.kind, d.path, d.message) for d in found] == [("type", "title", "title was text and is now object")]
    assert run(things, [{**USUAL, "title": {"de": "t"}}], state)[0] == []


def test_an_unknown_value_of_a_lookup_or_closed_field_is_reported_once(things: FieldMap) -> None:
    """With how many records had it; also in the first run."""
    odd = [{**USUAL, "state": "wipePending"}, {**USUAL, "state": "wipePending"}, {**USUAL, "form": "cube"}]
    found, state = run(things, odd, {})
    assert [(d.kind, d.field, d.count) for d in found] == [("value", "form_factor", 1), ("value", "lifecycle", 2)]
    assert "'wipePending'" in found[1].message
    assert run(things, odd, state)[0] == []


def test_a_path_new_in_the_map_is_learnt_silently(things: FieldMap, tmp_path: Path) -> None:
    """A changed map is no drift of the source."""
    state = learnt(things)
    more = field_map(tmp_path, RULES + "\nmodel: {path: model}\n")
    assert run(more, [{**USUAL, "model": 3}] * 12, state)[0] == []


def test_the_state_holds_no_values_of_personal_fields(things: FieldMap) -> None:
    """Nor any payload."""
    _, state = run(things, [{**USUAL, "user": {"mail": "anna@corp.example"}, "title": "secret"}] * 20, {})
    assert "anna" not in json.dumps(state)
    assert "secret" not in json.dumps(state)


def test_many_different_shapes_stay_small(things: FieldMap) -> None:
    """Hostile variety does not fill the memory and is counted all the same."""
    observer = ShapeObserver(things)
    kinds: list[Any] = ["x", 1, True, None, {}, [], 1.5]
    for n in range(20_000):
        keys = ("title", "state", "form", "user", "id")
        observer.observe({key: kinds[(n // 7**i) % 7] for i, key in enumerate(keys)})
    observer.finish()
    assert observer.state()["paths"]["title"]["of"] == 20_000
