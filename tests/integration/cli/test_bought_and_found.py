"""What was bought and what is found on the network is one device: documents, an agent and a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.cli.conftest import synchub
from tests.unit.connectors.nmap.reads import host, scan
from tests.unit.connectors.procurement.reads import invoice, item, order, receipt, write

_AGENT = {
    "deviceid": "nb-1",
    "action": "inventory",
    "itemtype": "Computer",
    "content": {
        "accesslog": {"logdate": "2026-11-20 08:00:00"},
        "bios": {"ssn": "5CG81F02QX", "smanufacturer": "HP", "smodel": "EliteBook 840 G10"},
        "hardware": {"name": "NB-1", "vmsystem": "Physical"},
        "networks": [{"description": "eth0", "mac": "00:25:90:aa:bb:01", "type": "ethernet"}],
        "operatingsystem": {"full_name": "Windows 11 Pro", "kernel_version": "10.0.22631"},
    },
}


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A hub with three folders: documents, inventories, scans."""
    for name in ("edi", "agents", "scan"):
        (tmp_path / name).mkdir()
    article = item("5CG81F02QX")
    write(tmp_path / "edi", o=order(), r=receipt("R-1", "1", article, on="2024-03-09"),
          i=invoice("I-1", "1", article, on="2024-03-10"))  # fmt: skip
    (tmp_path / "agents" / "a.json").write_text(json.dumps(_AGENT))
    name = '<hostnames><hostname name="nb-1.corp.example" type="PTR"/></hostnames>'
    system = '<os><osclass type="general purpose" osfamily="Windows" osgen="10" accuracy="100"/></os>'
    stranger = host("10.0.0.99", "00:25:90:aa:bb:99")
    (tmp_path / "scan" / "a.xml").write_bytes(scan(host(inside=name + system), stranger))
    settings: dict[str, Any] = {
        "version": 1,
        "hub": {"id": "acme-test", "timezone": "UTC"},
        "state": "sqlite:///state.db",
        "sources": {
            "edi": {"connector": "procurement", "root": "edi"},
            "agents": {"connector": "agent_inventory", "root": "agents"},
            "scan": {"connector": "nmap", "root": "scan", "may_create": ["network_device"]},
        },
    }
    path = tmp_path / "synchub.yaml"
    path.write_text(yaml.safe_dump(settings))
    assert synchub("db", "upgrade", "--config", str(path)).code == 0
    assert synchub("plan", "--config", str(path)).code == 0
    return str(path)


def explained(config: str, word: str) -> dict[str, Any]:
    """Values of one thing by field."""
    ran = synchub("explain", word, "--config", config, "--json")
    assert ran.code == 0, ran.err
    return {row["field"]: row["value"] for row in ran.document["fields"]}


def test_one_device_from_all_three(config: str) -> None:
    """By serial number and network card: the agent is believed about the system, the papers about money."""
    device = explained(config, "5CG81F02QX")

    assert (device["price"], device["received_on"], device["invoice_number"]) == ("1249.00", "2024-03-09", "I-1")
    assert (device["os_name"], device["fqdn"], device["ip_addresses"]) == (
        "Windows 11", "nb-1.corp.example", ["10.0.0.7"],
    )  # fmt: skip


def test_order_receipt_and_invoice_are_one_line(config: str) -> None:
    """And each document is a thing that people find by its number."""
    assert explained(config, "PO-1")["buyer"] == "Corp"
    assert explained(config, "R-1")["kind"] == "receipt"
    assert explained(config, "I-1")["vendor"] == "Bechtle"
    counted = synchub("plan", "--config", config, "--json").document["entities"]

    assert counted == {"computer": 1, "invoice": 1, "purchase_order": 1, "purchase_order_line": 1, "receipt": 1}


def test_a_stranger_on_the_network_makes_nothing(config: str) -> None:
    """`may_create` keeps it parked: known to be there, delivered nowhere."""
    ran = synchub("explain", "00:25:90:aa:bb:99", "--config", config, "--json")

    assert ran.document["entity"]["state"] == "parked"


def test_the_second_read_finds_nothing_new(config: str) -> None:
    """Unchanged files cost nothing."""
    ran = synchub("pull", "--config", config, "--json")

    assert ran.code == 0
    streams = [stream for source in ran.document["pulled"].values() for stream in source.values()]
    assert [stream["read"] for stream in streams] == [stream["unchanged"] for stream in streams]
    assert sorted(stream["read"] for stream in streams) == [1, 2, 8]
