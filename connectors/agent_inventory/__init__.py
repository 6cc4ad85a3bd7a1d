"""Agent inventories (GLPI, FusionInventory, OCS) from a folder."""

from __future__ import annotations

from pathlib import Path

from connectors.agent_inventory.settings import AgentInventorySettings
from connectors.agent_inventory.source import AgentInventorySource
from connectors.registry import Connector, Context
from synchub.ports import Receiver


def _open(name: str, settings: AgentInventorySettings, context: Context) -> AgentInventorySource:
    return AgentInventorySource(name, settings, context.base_dir, context.clock)


def _receive(name: str, settings: AgentInventorySettings, context: Context) -> Receiver | None:
    from connectors.agent_inventory.receive import open_receiver

    return open_receiver(name, settings, context)


CONNECTOR = Connector(
    name="agent_inventory",
    settings=AgentInventorySettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/agent_inventory.md",
    open_source=_open,
    open_receiver=_receive,
)
