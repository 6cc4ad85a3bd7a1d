"""What targets other than ServiceNow need of a target map: joined texts, statuses, the shape of object types."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.jira_assets import CONNECTOR
from mapping.target import load_target_map
from synchub.domain.model import CLASSES
from synchub.domain.records import CLEAR
from synchub.domain.shape import AttributeShape
from synchub.errors import ConfigError

MAPS = load_target_map(sorted(CONNECTOR.maps.glob("*.yaml")))
[PERSON] = MAPS.facets("person")
[COMPUTER] = MAPS.facets("computer")


@pytest.mark.parametrize(
    ("doc", "name"),
    [
        ({"given_name": "Anna", "family_name": "Novak"}, "Anna Novak"),
        ({"family_name": "Novak"}, "Novak"),
        ({"given_name": "Anna", "family_name": CLEAR}, "Anna"),
        ({"given_name": "A" * 200, "family_name": "B" * 200}, "A" * 200 + " " + "B" * 49),
    ],
)
def test_joined_texts_hold_what_is_known(doc: dict[str, str], name: str) -> None:
    """Unknown and cleared parts are left out; the whole is cut."""
    assert PERSON.desired(doc)["Name"] == name


def test_nothing_known_gives_nothing() -> None:
    """A person without a name keeps the name the target has."""
    assert "Name" not in PERSON.desired({"email": "a@b.example"})


def test_one_object_carries_both_sides() -> None:
    """Order and operation of a thing stand in one object, whether it gave a sign of life or not."""
    ordered = COMPUTER.desired({"serial_number": "S1", "price": "10.00", "lifecycle": "ordered"})
    alive = COMPUTER.desired({"serial_number": "S1", "price": "10.00", "hostname": "nb", "os_name": "Windows 11"})

    assert ordered == {"Name": "S1", "Serial Number": "S1", "Price": "10.00", "Status": "Ordered"}
    assert {"Name": "nb", "Price": "10.00", "Operating System": "Windows 11"}.items() <= alive.items()


def test_whole_numbers_compare_as_numbers() -> None:
    """The target may show `16384.0`."""
    assert COMPUTER.same("Memory MiB", "16384", "16384.0")


def test_shape_says_what_each_attribute_holds() -> None:
    """Form, what is referred to, length, and the statuses that can be written."""
    shapes = {a.name: a for a in COMPUTER.attributes(lambda family: {"person": "Person"}.get(family))}

    assert shapes["Assigned To"] == AttributeShape("Assigned To", refers="Person")
    assert shapes["Manufacturer"].refers == "Manufacturer"
    assert shapes["Memory MiB"].form == "integer"
    assert shapes["Description"].longest == 1000
    assert shapes["Status"].form == "status"
    assert {"In Stock", "Deployed", "Retired"} <= set(shapes["Status"].values)


def test_links_to_what_the_target_does_not_take_are_left_out() -> None:
    """No object type, no attribute."""
    assert "Assigned To" not in {a.name for a in COMPUTER.attributes(lambda _: None)}


def test_every_hardware_class_stands_below_one_parent() -> None:
    """So that a thing is found whatever class others gave it."""
    hardware = [cls for cls, model in CLASSES.items() if model.family == "hardware"]

    assert {facet.read_kind for cls in hardware for facet in MAPS.facets(cls)} == {"Hardware"}
    assert len({facet.kind for cls in hardware for facet in MAPS.facets(cls)}) == len(hardware)


def test_unknown_form_is_named(tmp_path: Path) -> None:
    """With the forms there are."""
    own = tmp_path / "own.yaml"
    own.write_text("version: 1\nclasses:\n  person: {record: {kind: P, fields: {X: {from: email, to: stauts}}}}\n")

    with pytest.raises(ConfigError, match="stauts"):
        load_target_map([own])
