"""The generated functions do what the rules do one by one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.engine import FieldMap
from mapping.loader import load_map
from synchub.domain.records import FieldWarning

_MAP = """
version: 1
stream: things
class: computer
key: id
observed_at: {path: seen.at, to: [moment]}
fields:
  name: {first: [a, b.c, "l[].n"], to: [text], unset: ["n/a"]}
  serial_number: {path: a, to: [serial], clear: "none"}
  asset_tag: {path: b.c, to: [text], clear: ["", null]}
  hostname: {path: a, to: [hostname], when: "b.c != 'x' && contains(a || '', 'a')"}
  mac_addresses: {paths: [a, "l[].n", "l[].m[].n"], to: [mac], clear: "none"}
  ip_addresses: {path: "l[].m[]", to: [ip]}
  manufacturer: {path: a, to: [manufacturer]}
  model: {path: b.c, to: [{model: {manufacturer: {path: a}}}]}
  os_name: {path: a, lookup: {x: Windows, "1": Linux}, otherwise: warn}
  assigned_to: {path: a, to: [person]}
  ram_mib: {path: n, to: [{mib: {unit: MB}}], unset: ["0"]}
  location: {path: n, to: [text, {default: somewhere}]}
  cost_centre: {value: CC1}
"""
_TEXTS = ("", " ", "x", "none", "n/a", "aa:bb:cc:dd:ee:ff", "10.0.0.1", "a b", "1", "nb-a1", "2024-02-29T12:00:01Z")
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.sampled_from(_TEXTS), st.sampled_from((0, 1, 1.0, 16, 2**70)), st.text()
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("cnm"), inner, max_size=3)),
    max_leaves=8,
)
_PAYLOADS = st.fixed_dictionaries(
    {"id": st.just("1")}, optional={"a": _VALUES, "b": _VALUES, "l": _VALUES, "n": _VALUES, "seen": _VALUES}
)


def _one_by_one(field_map: FieldMap, payload: dict[str, Any]) -> tuple[dict[str, Any], list[FieldWarning]]:
    fields: dict[str, Any] = {}
    warnings: list[FieldWarning] = []
    for rule in field_map.rules["computer"]:
        rule.fill(payload, fields, warnings)
    return fields, warnings


def _compiled(folder: Path) -> FieldMap:
    path = folder / "things.yaml"
    path.write_text(_MAP)
    return load_map(path)


def test_generated_function_agrees_with_the_rules(tmp_path_factory: Any) -> None:
    """Whatever the payload holds and whatever is remembered, fields, their order and warnings agree."""
    folder = tmp_path_factory.mktemp("maps")
    generated, plain = _compiled(folder), _compiled(folder)

    @settings(max_examples=1500, deadline=None)
    @given(_PAYLOADS)
    def agree(payload: dict[str, Any]) -> None:
        record = generated.map(payload)
        assert record is not None
        fields, warnings = _one_by_one(plain, payload)
        assert list(record.fields.items()) == list(fields.items())
        assert [w for w in record.warnings if w.field != "observed_at"] == warnings

    agree()


def test_values_of_other_types_are_not_taken_for_each_other(tmp_path: Path) -> None:
    """A remembered 1 does not answer for true or 1.0."""
    field_map = _compiled(tmp_path)
    mapped = [field_map.map({"id": "1", "a": value}) for value in (1, True, 1.0, "1")]
    names = [record.fields.get("name") if record else None for record in mapped]
    assert names == ["1", "true", "1", "1"]


def test_unique_values_stop_being_remembered(tmp_path: Path) -> None:
    """A field of which no value comes twice is mapped right before and after remembering was given up."""
    field_map = _compiled(tmp_path)
    for number in range(5000):
        record = field_map.map({"id": "1", "a": f"s{number}"})
        assert record is not None
        assert record.fields["serial_number"] == f"S{number}"


def test_the_source_can_be_read(tmp_path: Path) -> None:
    """People can look at what runs."""
    assert "fields['serial_number'] = value" in _compiled(tmp_path).sources["computer"]
