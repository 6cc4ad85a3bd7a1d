"""ServiceNow as a target: CIs through the instance's identification, everything else through its Table API."""

from __future__ import annotations

from pathlib import Path

from connectors.registry import Connector
from connectors.servicenow.settings import ServiceNowSettings
from connectors.servicenow.target import open_target

CONNECTOR = Connector(
    name="servicenow",
    settings=ServiceNowSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/servicenow.md",
    open_target=open_target,
)
