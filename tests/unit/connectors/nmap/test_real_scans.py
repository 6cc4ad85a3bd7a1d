"""Every real scan is accounted for, by a count made without the connector."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

from connectors.nmap import CONNECTOR
from mapping.loader import load_map
from synchub.domain.model import CLASSES
from tests.unit.connectors.nmap.reads import read_folder

# What the folder holds besides scans of nmap. `2_hosts.json` is a dump of python-libnmap's own objects: out of scope.
OUT_OF_SCOPE = {"2_hosts.json", "SOURCE.txt"}
NO_SCANS = {"defused_et_included.xml": "no_scan", "defused_et_local_includer.xml": "dtd_refused"}
# A person replaced the address by the word `IP` before publishing.
NO_ADDRESS = {"test_osclass.xml"}


@pytest.fixture(scope="module")
def folder(shared: Path) -> Path:
    return shared / "data" / "disc-libnmap"


def up(path: Path) -> list[Element]:
    """Hosts that are up, read independently."""
    root = ElementTree.fromstring(path.read_bytes())
    return [h for h in root.findall("host") if h.find("status[@state='up']") is not None]


def test_every_file_is_hosts_or_is_named(folder: Path) -> None:
    """Each file read alone gives as many records or dead letters as it has hosts that are up."""
    names = {path.name for path in folder.iterdir()} - OUT_OF_SCOPE
    assert len(names) == 26

    found = Counter[str]()
    for name in sorted(names):
        got = read_folder(folder, glob=name)
        if name in NO_SCANS:
            assert got.codes == [(name, NO_SCANS[name])]
            continue
        assert got.codes == ([(f"{name}:1", "no_key")] if name in NO_ADDRESS else []), name
        assert len(got.records) == len(up(folder / name)) - len(got.codes), name
        assert got.end.complete == (name not in NO_ADDRESS), name
        found["files"] += 1
        found["hosts"] += len(got.records)

    assert found == {"files": 24, "hosts": 40}


def test_every_host_is_mapped_or_a_scanner_that_scanned_itself(folder: Path) -> None:
    """Addresses compared one by one; no warning, and what the canonical model refuses does not occur."""
    field_map = load_map(CONNECTOR.maps / "hosts.yaml")
    classes: Counter[str] = Counter()
    for path in sorted(folder.glob("*.xml")):
        if path.name in NO_SCANS or path.name in NO_ADDRESS:
            continue
        for payload, element in zip(read_folder(folder, glob=path.name).records, up(path), strict=True):
            record = field_map.map(payload)
            address = {a.get("addrtype"): a.get("addr", "").lower() for a in element.findall("address")}
            if record is None:
                assert address == {"ipv4": "127.0.0.1"}
                classes["loopback"] += 1
                continue
            CLASSES[record.cls].model_validate(record.fields)
            assert record.warnings == []
            assert record.fields["ip_addresses"] == [address["ipv4"]]
            assert record.fields.get("mac_addresses", []) == [a for k, a in address.items() if k == "mac"]
            classes[record.cls] += 1

    assert classes == {"loopback": 12, "hardware": 14, "computer": 6, "network_device": 4, "virtual_machine": 4}


def test_the_folder_as_a_whole(folder: Path) -> None:
    """Newer scans of the same targets replace older ones; the unreadable files keep it from being complete."""
    got = read_folder(folder)

    assert len({r["derived"]["key"] for r in got.records}) == len(got.records)
    assert not got.end.complete
    assert {place.partition(":")[0] for place in got.places} <= {path.name for path in folder.glob("*.xml")}


def test_a_changed_card_is_another_device(folder: Path, tmp_path: Path) -> None:
    """The same name and address with another MAC address: two records, of which the newer scan leaves one."""
    before = (folder / "1_host_ping.xml").read_bytes()
    after = (folder / "diff_1_host_ping_mac_changed.xml").read_bytes()
    (tmp_path / "before.xml").write_bytes(before)
    (tmp_path / "after.xml").write_bytes(after.replace(b'start="1607282135"', b'start="1607368535"'))

    (record,) = read_folder(tmp_path).records

    assert record["derived"]["key"] == "02:42:ac:1c:01:04"
