"""Read a folder of inventories that a test writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from connectors.agent_inventory.settings import AgentInventorySettings
from connectors.agent_inventory.source import AgentInventorySource
from connectors.files.limits import DEFAULT, Limits
from connectors.kit import FakeClock
from tests.unit.connectors.files.reads import Got


def read_folder(
    folder: Path, *, limit: int | None = None, limits: Limits = DEFAULT, now: int = 0, **options: Any
) -> Got:
    """Read the stream of a source over a folder."""
    settings = AgentInventorySettings.model_validate({"root": str(folder), "streams": {"inventories": options}})
    source = AgentInventorySource("scan", settings, folder, FakeClock(now), limits)
    return Got(list(source.read("inventories", limit=limit)))


def agent(key: str = "nb-1", at: str = "2026-11-20 08:00:00", **content: Any) -> bytes:
    """Make a small inventory in the JSON format of GLPI."""
    sections = {
        "accesslog": {"logdate": at},
        "bios": {"ssn": "5CG81F02QX", "smanufacturer": "HP", "smodel": "EliteBook 840 G10"},
        "hardware": {"name": "nb-1", "vmsystem": "Physical"},
        "versionclient": "GLPI-Agent_v1.7",
    }
    sections.update(content)
    return orjson.dumps({"deviceid": key, "action": "inventory", "itemtype": "Computer", "content": sections})
