"""What `map test` shows."""

from __future__ import annotations

from pathlib import Path

from mapping.loader import load_map
from mapping.trace import render, shown
from tests.unit.mapping.building import field_map, write

MAP = """version: 1
stream: devices
class: computer
key: id
keep: "owner != 'personal'"
fields:
  assigned_to: {path: user, to: [strip, lower]}
  mac_addresses: {paths: [wifi, lan], to: [mac]}
  asset_tag: {path: notes, to: [{extract: '\\bA\\d{6,}\\b'}]}
  model: {path: model, when: "os == 'x'"}
"""


def test_each_field_shows_raw_value_every_step_and_the_line_of_its_rule(tmp_path: Path) -> None:
    """One block per field."""
    trace = load_map(write(tmp_path, "devices.yaml", MAP)).trace(
        {"id": "7", "user": " Anna.Novak@CORP.example ", "wifi": "0050.56bf.bb17", "lan": "zz", "model": "m"}
    )
    text = [" ".join(line.split()) for line in render(trace)]
    assert text == [
        'key = "7" maps/devices.yaml:4',
        'id = "7"',
        'class = "computer" maps/devices.yaml:3',
        'assigned_to = "anna.novak@corp.example" maps/devices.yaml:7',
        'user = " Anna.Novak@CORP.example "',
        'strip "Anna.Novak@CORP.example"',
        'lower "anna.novak@corp.example"',
        'mac_addresses = ["00:50:56:bf:bb:17"] maps/devices.yaml:8',
        'wifi = "0050.56bf.bb17"',
        'mac "00:50:56:bf:bb:17"',
        'lan = "zz"',
        "! mac: expected a MAC address of six octets",
        "asset_tag (unknown) maps/devices.yaml:9",
        "notes = (nothing)",
        "model when does not hold: os == 'x' maps/devices.yaml:10",
    ]


def test_dropped_and_refused_records_say_why(tmp_path: Path) -> None:
    """With the place of the rule."""
    devices = load_map(write(tmp_path, "devices.yaml", MAP))
    assert list(render(devices.trace({"owner": "personal"}))) == [
        "dropped    keep does not hold: maps/devices.yaml:5: owner != 'personal'"
    ]
    assert "REFUSED    the native key id is missing or empty." in list(render(devices.trace({})))
    assert devices.trace([1]).refused == "the payload is not a JSON object"


def test_fields_the_class_does_not_have_are_named(tmp_path: Path) -> None:
    """Nothing of the map is left out silently."""
    text = MAP.replace("class: computer", "class: [{is: mobile_device, when: phone}, {is: computer}]")
    both = load_map(write(tmp_path, "x.yaml", text + "  imei: {path: imei}\n"))
    notes = {item.field: item.note for item in both.trace({"id": "1"}).fields}
    assert notes["imei"] == "not a field of computer"


def test_control_and_direction_characters_are_visible(tmp_path: Path) -> None:
    """A payload cannot paint the terminal."""
    trace = field_map(tmp_path, "name: {path: a}").trace({"id": "1", "a": "\x1b[2J\u202eevil\nline"})
    lines = list(render(trace))
    assert all(line.isprintable() for line in lines)
    assert any("\\u001b" in line for line in lines)
    assert any("\\u202e" in line for line in lines)


def test_long_values_are_cut() -> None:
    """One line stays one line."""
    assert len(shown("x" * 1000)) == 120
