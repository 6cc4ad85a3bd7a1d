"""Inventories, packed or not, in both forms, honest and hostile."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest

from connectors.agent_inventory.payloads import parse
from connectors.files.limits import DEFAULT, Limits
from synchub.errors import InputError
from tests.unit.connectors.agent_inventory.reads import agent

XML = """<?xml version="1.0" encoding="UTF-8"?>
<REQUEST><CONTENT>
<ACCESSLOG><LOGDATE>2026-11-20 08:00:00</LOGDATE></ACCESSLOG>
<BIOS><SSN>5CG81F02QX</SSN><SMANUFACTURER>HP</SMANUFACTURER><SMODEL>EliteBook 840 G10</SMODEL><MSN></MSN></BIOS>
<HARDWARE><NAME>nb-1</NAME><VMSYSTEM>Physical</VMSYSTEM><MEMORY>16000</MEMORY><WINPRODKEY>secret</WINPRODKEY></HARDWARE>
<NETWORKS><DESCRIPTION>eth0</DESCRIPTION><MACADDR>00:50:56:BF:BB:17</MACADDR><VIRTUALDEV>0</VIRTUALDEV><STATUS>Up</STATUS></NETWORKS>
<NETWORKS><DESCRIPTION>lo</DESCRIPTION><VIRTUALDEV>1</VIRTUALDEV></NETWORKS>
<USERS><LOGIN>zoë</LOGIN></USERS>
<ENVS><KEY>PASSWORD</KEY><VAL>secret</VAL></ENVS><PROCESSES><CMD>x --password secret</CMD></PROCESSES>
<VERSIONCLIENT>FusionInventory-Agent_v2.6</VERSIONCLIENT>
</CONTENT><DEVICEID>nb-1</DEVICEID><QUERY>INVENTORY</QUERY></REQUEST>"""


def one(data: bytes, limits: Limits = DEFAULT) -> dict[str, Any]:
    """Parse a file of one device."""
    devices = list(parse(data, limits))
    assert len(devices) == 1
    return devices[0]


def reason(data: bytes, limits: Limits = DEFAULT) -> str:
    """Return why a file is refused."""
    with pytest.raises(InputError) as caught:
        list(parse(data, limits))
    return str(caught.value.context["reason"])


def test_xml_becomes_the_json_format() -> None:
    """Names, lists, numbers, booleans and the case of codes."""
    device = one(XML.encode())

    assert device["deviceid"] == "nb-1"
    assert device["action"] == "inventory"
    content = device["content"]
    assert content["bios"] == {"ssn": "5CG81F02QX", "smanufacturer": "HP", "smodel": "EliteBook 840 G10"}
    assert content["hardware"] == {"name": "nb-1", "vmsystem": "Physical", "memory": 16000}
    assert content["networks"] == [
        {"description": "eth0", "mac": "00:50:56:BF:BB:17", "virtualdev": False, "status": "up"},
        {"description": "lo", "virtualdev": True},
    ]
    assert content["users"] == [{"login": "zoë"}]
    assert content["versionclient"] == "FusionInventory-Agent_v2.6"


@pytest.mark.parametrize("data", [XML.encode(), agent(envs=[{"val": "secret"}], processes=[{"cmd": "secret"}],
                                                      licenseinfos=[{"name": "Office", "key": "secret"}],
                                                      hardware={"winprodkey": "secret"})])  # fmt: skip
def test_secrets_of_the_machine_are_not_kept(data: bytes) -> None:
    """Environments, command lines and product keys."""
    assert "secret" not in str(one(data))


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda data: zlib.compress(data, 1), bytes])
@pytest.mark.parametrize("data", [XML.encode(), agent()])
def test_packed_files_are_unpacked(pack: Any, data: bytes) -> None:
    """OCS agents send zlib, collectors like gzip."""
    assert one(pack(data)) == one(data)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_xml_in_other_encodings(encoding: str) -> None:
    """The prologue or a mark tells."""
    name = "UTF-8" if encoding == "utf-8-sig" else encoding

    assert one(XML.replace("UTF-8", name).encode(encoding))["content"]["users"] == [{"login": "zoë"}]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "no_inventory"),
        (b"deviceid,serial\n", "no_inventory"),
        (b"{}", "no_inventory"),
        (b'{"content": []}', "no_inventory"),
        (b"[1]", "no_inventory"),
        (b'{"content": {', "not_json"),
        (b"<REQUEST><CONTENT>", "not_xml"),
        (b"<html/>", "no_inventory"),
        (b'<!DOCTYPE r [<!ENTITY a "x">]><REQUEST><CONTENT/></REQUEST>', "dtd_refused"),
        (b"<REQUEST><CONTENT>" + b"<a>" * 5000, "too_deep"),
        (b'{"content": {"a":' + b"[" * 200 + b"]" * 200 + b"}}", "too_deep"),
        (b'{"content":' + b"[" * 100_000, "not_json"),
        (gzip.compress(agent())[:-20], "damaged"),
        (zlib.compress(agent())[:-3], "damaged"),
        (b"\x1f\x8bnonsense", "damaged"),
        (gzip.compress(b"0" * 50_000_000), "zip_bomb"),
    ],
)
def test_what_is_no_inventory_is_refused(data: bytes, expected: str) -> None:
    """Each with its reason."""
    assert reason(data) == expected


def test_a_network_inventory_of_several_devices_gives_each() -> None:
    """One file of an agent that asked a whole network."""
    data = b"""<REQUEST><QUERY>SNMPQUERY</QUERY><DEVICEID>foo</DEVICEID><CONTENT>
      <DEVICE><INFO><SERIAL>A1</SERIAL><TYPE>PRINTER</TYPE><IPS><IP>10.0.0.1</IP></IPS></INFO></DEVICE>
      <DEVICE><INFO><SERIAL>B2</SERIAL><TYPE>NETWORKING</TYPE><COMMENTS>sysDescr</COMMENTS></INFO>
        <PORTS><PORT><IFTYPE>6</IFTYPE><MAC>00:11:22:33:44:55</MAC><IFINOCTETS>5</IFINOCTETS></PORT></PORTS></DEVICE>
    </CONTENT></REQUEST>"""

    devices = list(parse(data, DEFAULT))

    assert [d["action"] for d in devices] == ["netinventory"] * 2
    assert devices[0]["content"]["network_device"] == {"serial": "A1", "type": "Printer", "ips": ["10.0.0.1"]}
    assert devices[1]["content"]["network_device"]["description"] == "sysDescr"
    assert devices[1]["content"]["network_ports"] == [{"iftype": 6, "mac": "00:11:22:33:44:55", "ifinbytes": 5}]


def test_a_discovered_device_takes_the_same_shape() -> None:
    """NETDISCOVERY puts the fields right into DEVICE."""
    data = b"""<REQUEST><QUERY>NETDISCOVERY</QUERY><CONTENT><DEVICE><IP>10.0.0.9</IP><MAC>00:11:22:33:44:55</MAC>
      <SNMPHOSTNAME>sw-1</SNMPHOSTNAME><TYPE>NETWORKING</TYPE></DEVICE></CONTENT></REQUEST>"""

    device = one(data)

    assert device["action"] == "netdiscovery"
    assert device["content"]["network_device"] == {
        "name": "sw-1", "ips": ["10.0.0.9"], "mac": "00:11:22:33:44:55", "type": "Networking"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (
            b'{"content": {"hardware": {"name": "half \\ud83d"}}}',
            'a lone surrogate (half of a character) in "name", line 1',
        ),
        (b'{"content": {"hardware":\n {"memory": NaN}}}', 'NaN or Infinity, which are no JSON, in "memory", line 2'),
        (b'{"content": {"hardware": {"memory": -Infinity}}}', 'NaN or Infinity, which are no JSON, in "memory"'),
        (b'{"content": {"hardware": {"memory": 1e999}}}', 'a number too large in "memory"'),
        (b'{"content": {"hardware": {"name": "\xff"}}}', "byte 36 is no UTF-8"),
        (b'{"content": {"hardware": {"name": "nb', "it ends in the middle"),
    ],
)
def test_what_is_no_json_says_what_and_where(data: bytes, says: str) -> None:
    """Nobody looks for a cut file where an agent wrote half a character."""
    with pytest.raises(InputError) as caught:
        one(data)

    assert says in caught.value.message
    assert ("again" in caught.value.fix) == ("middle" in says)
