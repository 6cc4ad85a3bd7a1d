"""Every real inventory is accounted for, by a count made without the connector."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from defusedxml import ElementTree

from tests.unit.connectors.agent_inventory.reads import read_folder

# What the folder holds besides inventories; every other file must become a record.
NO_INVENTORIES = {"inventory.schema.json": "no_inventory"}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "hw-glpi-inventory-format"


def test_every_file_is_a_record_or_a_named_dead_letter(folder: Path) -> None:
    """Nothing vanishes, and nothing overwrites anything under the ids that several files share."""
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix in {".json", ".xml"}}

    got = read_folder(folder)

    assert dict(got.codes) == NO_INVENTORIES
    assert sorted(got.places) == sorted(f"{name}:1" for name in files - NO_INVENTORIES.keys())
    assert len({r["derived"]["key"] for r in got.records}) == len(got.records)
    assert not got.end.complete


def test_the_examples_alone_are_complete(folder: Path) -> None:
    """All of them can be read."""
    got = read_folder(folder, glob="examples/*.json")

    assert got.end.complete
    assert len(got.records) == len(list((folder / "examples").glob("*.json")))


def test_serials_are_those_that_the_files_hold(folder: Path) -> None:
    """Read independently: `ssn` of agents, `serial` of what they asked over the network."""
    expected: dict[str, str | None] = {}
    for path in (folder / "examples").glob("*.json"):
        content = json.loads(path.read_bytes())["content"]
        serial = content.get("bios", {}).get("ssn") or content.get("network_device", {}).get("serial")
        expected[f"{path.relative_to(folder)}:1"] = serial
    for path in (folder / "tests" / "data").glob("*.xml"):
        root = ElementTree.fromstring(path.read_bytes())
        elements = [root.find(f"CONTENT/{at}") for at in ("BIOS/SSN", "DEVICE/INFO/SERIAL", "DEVICE/SERIAL")]
        expected[f"{path.relative_to(folder)}:1"] = next((e.text for e in elements if e is not None and e.text), None)

    got = read_folder(folder)

    found = {place: r["derived"].get("serial") for place, r in zip(got.places, got.records, strict=True)}
    assert found == expected


def test_both_forms_of_one_device_have_one_shape(folder: Path) -> None:
    """The same switch as XML and as JSON: what is mapped is equal."""
    got = read_folder(folder)
    by_place = dict(zip(got.places, got.records, strict=True))
    xml, plain = by_place["tests/data/6.xml:1"], by_place["examples/networkequipment_1.json:1"]

    same = ("serial", "manufacturer", "model", "macs", "os_version")
    assert {k: xml["derived"].get(k) for k in same} == {k: plain["derived"].get(k) for k in same}
    assert len(xml["content"]["network_ports"]) == len(plain["content"]["network_ports"])
    first, other = xml["content"]["network_ports"][0], plain["content"]["network_ports"][0]
    assert {k: v for k, v in first.items() if k != "connections"} == {
        k: v for k, v in other.items() if k not in {"connections", "lldp"}
    }


def test_a_real_agent_s_sample(shared: Path) -> None:
    """Made by fusioninventory-agent 2.6 on a virtual machine."""
    got = read_folder(shared / "peers" / "samples", glob="fusioninventory-*.xml")

    derived = got.records[0]["derived"]
    assert got.end.complete
    assert derived["key"] == got.records[0]["deviceid"]
    assert derived["macs"] == ["02:fc:00:00:00:01"]
    assert derived["ram_mib"] == 24105
    assert "user" not in derived
