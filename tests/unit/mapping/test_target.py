"""Target maps: what is written where, in both directions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.servicenow import CONNECTOR
from mapping.target import TargetMap, load_target_map
from synchub.domain.plan import Link, Lookup
from synchub.domain.records import CLEAR
from synchub.errors import ConfigError

SHIPPED = sorted(CONNECTOR.maps.glob("*.yaml"))
DISCOVERED = {
    "serial_number": "5CG81F02QX", "asset_tag": "A204117", "manufacturer": "HP", "model": "EliteBook 840 G10",
    "hostname": "nb-5cg81f", "ram_mib": 16384, "assigned_to": "anna.novak@corp.example", "price": "1249.00",
    "currency": "EUR", "warranty_ends_on": "2027-03-08", "operational_status": "operational", "lifecycle": "deployed",
}  # fmt: skip
ORDERED = {key: DISCOVERED[key] for key in ("serial_number", "asset_tag", "manufacturer", "model", "price", "currency")}


MAPS = load_target_map(SHIPPED)


def override(tmp_path: Path, text: str) -> TargetMap:
    path = tmp_path / "own.yaml"
    path.write_text(f"version: 1\nclasses:\n{text}")
    return load_target_map(SHIPPED, [path])


@pytest.fixture(scope="module")
def shipped() -> TargetMap:
    return load_target_map(SHIPPED)


def test_ci_comes_first(shipped: TargetMap) -> None:
    """The planner meets the CI before the asset that follows it."""
    assert [(f.facet, f.kind, f.counterpart) for f in shipped.facets("computer")] == [
        ("ci", "cmdb_ci_computer", None),
        ("asset", "alm_hardware", "ci"),
    ]


def test_class_that_is_not_taken_has_no_facets(shipped: TargetMap) -> None:
    """A target need not take every class."""
    assert shipped.facets("purchase_order_line") == ()


def test_desired_values_are_in_the_targets_form(shipped: TargetMap) -> None:
    """Numbers are text, choices their stored value, names look-ups, people links; unknown ones are absent."""
    desired = shipped.facets("computer")[0].desired(DISCOVERED)
    assert desired["ram"] == "16384"
    assert desired["operational_status"] == "1"
    assert desired["manufacturer"] == Lookup("core_company", "name", "HP")
    assert desired["model_id"] == Lookup(
        "cmdb_hardware_product_model", "manufacturer.name+name", "HP\x1fEliteBook 840 G10"
    )
    assert desired["assigned_to"] == Link("person", "anna.novak@corp.example")
    assert "location" not in desired


@pytest.mark.parametrize("doc", [DISCOVERED, ORDERED])
def test_each_canonical_field_is_written_on_one_side(shipped: TargetMap, doc: dict[str, Any]) -> None:
    """The target carries values over itself: writing both sides would echo."""
    ci, asset = shipped.facets("computer")
    sides = [{source for name in facet.desired(doc) for source in facet.fields[name].sources} for facet in (ci, asset)]
    assert sides[0] & sides[1] <= {"lifecycle"}
    assert ({"serial_number", "asset_tag"} <= sides[0]) == (doc is DISCOVERED)
    assert ({"serial_number", "asset_tag"} <= sides[1]) == (doc is ORDERED)


def test_discovered_needs_a_sign_of_life(shipped: TargetMap) -> None:
    """What was only ordered has no CI yet; a virtual machine has nothing else."""
    ci, asset = shipped.facets("computer")
    assert [f.discovered(DISCOVERED) for f in (ci, asset)] == [True, True]
    assert [f.discovered(ORDERED) for f in (ci, asset)] == [False, False]
    assert shipped.facets("virtual_machine")[0].discovered({})
    assert not shipped.facets("peripheral")[0].discovered({"serial_number": "X"})


def test_clear_empties_the_field(shipped: TargetMap) -> None:
    """A source that says *none* on purpose gives None, not absence."""
    desired = shipped.facets("computer")[0].desired({**DISCOVERED, "assigned_to": CLEAR})
    assert desired["assigned_to"] is None


def test_price_in_another_currency_is_not_written(shipped: TargetMap) -> None:
    """A plain number would be taken for the currency of the integration user."""
    asset = shipped.facets("computer")[1]
    assert asset.desired(DISCOVERED)["cost"] == "1249.00"
    assert "cost" not in asset.desired({**DISCOVERED, "currency": "USD"})


def test_identity_is_normalised_like_a_source(shipped: TargetMap) -> None:
    """Objects that were there before take part in identification on equal terms."""
    facet = shipped.facets("computer")[0]
    held = {
        "name": "NB-5CG81F.corp.example", "serial_number": " S/N: 5cg81f-02qx ", "mac_address": "00-50-56-BF-BB-17",
        "asset_tag": None, "ram": "8192",
    }  # fmt: skip
    assert facet.identity(held) == {
        "serial_number": "5CG81F02QX", "hostname": "nb-5cg81f", "mac_addresses": ["00:50:56:bf:bb:17"],
    }  # fmt: skip
    assert {"mac_address", "manufacturer.name", "name"} <= set(facet.reads)


@pytest.mark.parametrize(
    ("side", "field", "desired", "actual", "expected"),
    [
        (0, "ram", "8192", 8192, True),
        (0, "ram", "8192", "8193", False),
        (0, "name", "nb-1", "NB-1", True),
        (0, "os", "Windows 11", "windows 11", False),
        (0, "os", None, "", True),
        (0, "os", "x", None, False),
        (1, "cost", "1249", "1249.0000", True),
        (1, "cost", "1249", "1249.01", False),
        (1, "order_date", "2024-03-01 00:00:00", "2024-03-01", True),
        (1, "warranty_expiration", "2027-03-08", "2027-03-08 00:00:00", True),
        (1, "warranty_expiration", "2027-03-08", "2027-03-09", False),
    ],
)
def test_same_compares_in_the_targets_terms(
    shipped: TargetMap, side: int, field: str, desired: Any, actual: Any, expected: bool
) -> None:
    """A difference that the target does not know must not become a write for ever."""
    assert shipped.facets("computer")[side].same(field, desired, actual) is expected


def test_unset_tick_box_is_false(shipped: TargetMap) -> None:
    """An unset tick box reads as nothing or as false."""
    facet = shipped.facets("person")[0]
    assert facet.same("active", "false", None)
    assert not facet.same("active", "true", None)


def test_override_replaces_one_field(tmp_path: Path) -> None:
    """A user's map changes or removes a field and leaves the others as shipped."""
    text = "  computer: {ci: {fields: {ram: null, os: {from: os_name, max_length: 5}}}}\n"
    ci = override(tmp_path, text).facets("computer")[0]
    assert "ram" not in ci.fields
    assert ci.desired({"os_name": "Windows 11", "serial_number": "X", "hostname": "h"})["os"] == "Windo"
    assert "manufacturer" in ci.fields


def test_fingerprint_changes_with_the_meaning_only(tmp_path: Path, shipped: TargetMap) -> None:
    """A plan made under another map is told apart; reading again is not another map."""
    assert load_target_map(SHIPPED).fingerprint == shipped.fingerprint
    assert override(tmp_path, "  computer: {ci: {fields: {ram: null}}}\n").fingerprint != shipped.fingerprint


@given(st.dictionaries(st.sampled_from(["name", "serial_number", "mac_address", "asset_tag", "manufacturer.name",
       "model_id.name", "email", "user_name", "first_name"]), st.one_of(st.none(), st.text(max_size=40))))  # fmt: skip
def test_no_value_of_a_target_breaks_reading_it(held: dict[str, Any]) -> None:
    """A target is full of other people's data: what cannot be understood is absent, and nothing raises."""
    for cls in ("computer", "person"):
        for facet in MAPS.facets(cls):
            assert all(value not in (None, "", []) for value in facet.identity(held).values())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("  computr: {}\n", "computer"),
        ("  computer: {ci: {fields: {serial: {from: warranty_ends_on}}}}\n", "alone"),
        ("  computer: {ci: {fields: {ram: {frm: ram_mib}}}}\n", "from"),
        ("  computer: {ci: {fields: {ram: {from: ram_mb}}}}\n", "ram_mib"),
        ("  computer: {ci: {fields: {ram: {from: ram_mib, to: integr}}}}\n", "number"),
        ("  computer: {asset: {fields: {u_serial: {from: serial_number}}}}\n", "alone"),
        ("  server: {like: nothing}\n", "nowhere"),
        ("  computer: {like: server}\n", "nowhere"),
        ("  computer: {ci: {fields: {ram: {to: text}}}}\n", "constant"),
    ],
)
def test_mistake_is_named_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    """What cannot be meant is refused before anything runs, with the file and the way out."""
    with pytest.raises(ConfigError) as caught:
        override(tmp_path, text)
    assert message in str(caught.value)
    assert caught.value.where.endswith("own.yaml:3")
