"""Agent inventories (GLPI, FusionInventory, OCS) from a folder."""

from __future__ import annotations

from pathlib import Path

from connectors.agent_inventory.settings import AgentInventorySettings
from connectors.agent_inventory.source import AgentInventorySource
from connectors.registry import Connector, Context


def _open(name: str, settings: AgentInventorySettings, context: Context) -> AgentInventorySource:
    return AgentInventorySource(name, settings, context.base_dir, context.clock)


CONNECTOR = Connector(
    name="agent_inventory",
    settings=AgentInventorySettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/agent_inventory.md",
    open_source=_open,
)
