"""From a simulated tenant through the connector and its field maps to canonical records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.intune import CONNECTOR
from connectors.intune.settings import IntuneSettings
from connectors.intune.source import DETAILS, NEVER
from connectors.kit.cases import context
from mapping.loader import load_map
from simulators.estate import build
from simulators.intune import Intune
from synchub.domain.model import CLASSES
from synchub.domain.records import CanonicalRecord
from tests.contract.intune_case import SECRET, open_source

PAGE = Path(__file__).parents[2] / CONNECTOR.docs


@pytest.fixture(scope="module")
def tenant() -> Iterator[tuple[Intune, str]]:
    """A tenant with an estate of 120 devices and 80 people."""
    estate = build(42, people=80, devices=120)
    graph = Intune(estate.intune_devices, users=estate.intune_users, client_secret=SECRET)
    with graph.serve() as server:
        yield graph, server.url


def _records(tenant: tuple[Intune, str], stream: str) -> list[tuple[dict[str, Any], CanonicalRecord | None]]:
    graph, url = tenant
    source = open_source(url, graph, context(), streams={stream: {}})
    mapper = load_map(CONNECTOR.maps / source.streams()[stream].map)
    payloads = [json.loads(payload) for page in source.read(stream) for payload in page.payloads]
    source.close()
    return [(payload, mapper.map(payload)) for payload in payloads]


def test_every_device_maps_without_a_warning(tenant: tuple[Intune, str]) -> None:
    """All company devices become canonical records whose values fit the model; personal ones are dropped."""
    pairs = _records(tenant, "devices")

    assert len(pairs) == len(tenant[0]._devices)
    for payload, record in pairs:
        assert (record is None) == (payload["managedDeviceOwnerType"] == "personal")
        if record is not None:
            assert record.warnings == []
            assert record.observed_at > 1_600_000_000
            CLASSES[record.cls].model_validate(record.fields, strict=False)


def test_values_behind_the_list_arrive(tenant: tuple[Intune, str]) -> None:
    """Memory, tag in the notes and Ethernet MAC, which a list hides, reach the canonical record."""
    held = tenant[0]._devices
    pairs = [(held[payload["id"]], record) for payload, record in _records(tenant, "devices") if record is not None]
    with_memory = [(raw, record) for raw, record in pairs if raw.get("physicalMemoryInBytes")]
    with_ethernet = [(raw, record) for raw, record in pairs if raw.get("ethernetMacAddress")]

    assert len(with_memory) > 50
    assert all(r.fields["ram_mib"] * 1024 * 1024 == raw["physicalMemoryInBytes"] for raw, r in with_memory)
    assert len(with_ethernet) > 20
    assert all(
        re.sub("[^0-9a-f]", "", raw["ethernetMacAddress"].lower())
        in {m.replace(":", "") for m in r.fields["mac_addresses"]}
        for raw, r in with_ethernet
    )
    assert any("asset_tag" in record.fields for _, record in pairs)


def test_unset_values_are_not_known() -> None:
    """The vendor's defaults (year 0001, zero GUID, 0 bytes, `unknown`) never become values."""
    mapper = load_map(CONNECTOR.maps / "devices.yaml")
    payload = {
        "id": "x", "operatingSystem": "", "lastSyncDateTime": "0001-01-01T00:00:00Z", "imei": None, "serialNumber": "",
        "enrolledDateTime": "0001-01-01T00:00:00Z", "azureADDeviceId": "00000000-0000-0000-0000-000000000000",
        "totalStorageSpaceInBytes": 0, "complianceState": "unknown",
    }  # fmt: skip

    record = mapper.map(payload)

    assert record is not None
    assert (record.fields, record.observed_at, record.warnings) == ({}, 0, [])


def test_people_map_without_a_warning(tenant: tuple[Intune, str]) -> None:
    """Everybody of the directory becomes a person with an identity."""
    pairs = _records(tenant, "people")

    assert len(pairs) == len(tenant[0]._users)
    for payload, record in pairs:
        assert record is not None
        assert record.cls == "person"
        assert record.warnings == []
        assert record.fields["worker_id"] == payload["employeeId"]


def test_page_configures_a_connection() -> None:
    """The example of the page is a valid configuration, and the page names what is and is not read."""
    text = PAGE.read_text()
    example = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert example is not None
    block = yaml.safe_load(example[1])["sources"]["mdm"]
    assert block.pop("connector") == "intune"

    assert IntuneSettings.model_validate(block).streams.people is not None
    for name in (*DETAILS, *NEVER, *IntuneSettings.model_fields):
        assert f"`{name}" in text or f".{name}`" in text, f"{name} is not in the page"
