"""Whatever a source sends: a record, a drop or one clear refusal; and every way of looking at it agrees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.drift import ShapeObserver
from mapping.engine import FieldMap
from mapping.loader import load_map
from mapping.paths import PayloadPath
from mapping.trace import render
from synchub.domain.model import CLASSES
from synchub.domain.records import CLEAR, CanonicalRecord
from synchub.errors import MappingError

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted(ROOT.glob("connectors/*/maps/*.yaml"))
SHIPPED = [path for path in FILES if "\nstream:" in path.read_text(encoding="utf-8")]  # others are maps of targets
MAPS = {str(path.relative_to(ROOT / "connectors")): load_map(path) for path in SHIPPED}

WORDS = st.sampled_from(
    ["", " ", "0", "1", "n/a", "iOS", "Windows", "10.0.22631.1", "company", "S/N: ab-c1", "00:50:56:bf:bb:17",
     "10.4.1.7", "2024-02-30", "2024-02-29 10:00:00.000", "2024-01-02T00:00:00.1234567Z", "a@b.example",
     "CORP\\anna", "1.249,00", "EUR", "received", "managed", "6.37702E+15", "x" * 5000, "\x00clear", "\u202eabc",
     "9" * 60, "true", "Laptop switch"]
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), WORDS)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


def _put(payload: dict[str, Any], path: PayloadPath, value: Any) -> None:
    """Put a value where a path leads, through lists of one where it walks."""
    here: Any = payload
    for n, key in enumerate(path.keys):
        last = n == len(path.keys) - 1
        below: Any = value if last else ([] if path.keys[n + 1] is None else {})
        if key is None:
            here.append(below)
        elif isinstance(here, dict):
            below = here.setdefault(key, below) if not last else here.update({key: value})
        if not isinstance(below, dict | list):
            return
        here = below


@st.composite
def payloads(draw: st.DrawFn, field_map: FieldMap) -> Any:
    """Draw payloads that look like the map's, with anything at all in their places."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    payload: dict[str, Any] = {}
    for path in field_map.payload_paths:
        if draw(st.integers(0, 3)):
            _put(payload, path, draw(st.one_of(WORDS, SCALARS, JSON)))
    return payload


def outcome(field_map: FieldMap, payload: Any) -> CanonicalRecord | str | None:
    """Return the record, None for a drop, or the message of the refusal."""
    try:
        return field_map.map(payload)
    except MappingError as error:
        return error.message


def check(field_map: FieldMap, payload: Any) -> None:
    """Check every law on one payload."""
    result = outcome(field_map, payload)
    assert outcome(field_map, payload) == result, "what is remembered must not change anything"
    trace = field_map.trace(payload)
    for line in render(trace):
        assert line.isprintable()
    if not isinstance(result, CanonicalRecord):
        assert trace.record is None
        assert trace.dropped if result is None else trace.refused == result
        return
    assert trace.record == result
    traced = {item.field: item.value for item in trace.fields if item.value is not None}
    observed = traced.pop("observed_at", 0)
    assert (traced.pop("key"), traced.pop("class"), observed) == (result.key, result.cls, result.observed_at)
    assert traced == result.fields
    assert [w for item in trace.fields for w in item.warnings if w.field != "class"] == [
        w for w in result.warnings if w.field != "class"
    ]
    known = {name: value for name, value in result.fields.items() if value != CLEAR}
    CLASSES[result.cls].model_validate(known)
    assert all(value == sorted(set(value)) for value in known.values() if isinstance(value, list))
    assert outcome(field_map, field_map.project(payload)) == result
    observer = ShapeObserver(field_map)
    observer.observe(payload, result)
    observer.finish()


@pytest.mark.parametrize("name", MAPS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_mapping_is_total_and_all_views_agree(name: str, data: st.DataObject) -> None:
    """Value, warning, drop or refusal, never another error; trace, projection and the canonical model agree with it."""
    check(MAPS[name], data.draw(payloads(MAPS[name])))


RULES = [
    'serial_number: {path: a, to: [serial], unset: ["0"]}',
    'name: {first: [b, "c[]", a], to: [text]}',
    "mac_addresses: {paths: [a, 'c[]'], to: [mac]}",
    "ip_addresses: {path: 'c[]', to: [{split: ' '}, ip, {default: 10.0.0.1}]}",
    'price: {path: b, to: [{money: {decimal: "."}}], when: "a != `null`"}',
    'location: {path: d.e, clear: ["(none)", null], to: [text]}',
    "lifecycle: {path: a, lookup: {x: deployed, '1': in_stock}}",
    "ram_mib: {path: b, to: [{multiply: 2}, {round: 0}]}",
    "model: {path: a, to: [{model: {manufacturer: {path: b}}}]}",
    "description: {paths: [a, b, 'c[]'], to: [{join: ' '}, text]}",
    "cost_centre: {path: b, to: [{default: CC0}]}",
]
HEAD = "version: 1\nstream: s\nclass: computer\nkey: id\nfields:\n"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(RULES), data=st.data())
def test_the_order_of_fields_is_irrelevant(tmp_path: Path, order: list[str], data: st.DataObject) -> None:
    """Two maps that differ in the order of their fields give the same records and have the same fingerprint."""
    path = tmp_path / "m.yaml"
    path.write_text(HEAD + "".join(f"  {rule}\n" for rule in RULES), encoding="utf-8")
    one = load_map(path)
    path.write_text(HEAD + "".join(f"  {rule}\n" for rule in order), encoding="utf-8")
    other = load_map(path)
    assert one.fingerprint == other.fingerprint
    payload = data.draw(
        st.fixed_dictionaries({"id": st.just("1")}, optional={k: st.one_of(WORDS, JSON) for k in "abcd"})
    )
    first, second = one.map(payload), other.map(payload)
    assert first is not None
    assert second is not None
    assert first.fields == second.fields
    assert sorted(map(repr, first.warnings)) == sorted(map(repr, second.warnings))
    check(other, payload)
