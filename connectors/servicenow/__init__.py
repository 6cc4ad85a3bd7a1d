"""ServiceNow as a target: CIs through the instance's identification, everything else through its Table API."""

from __future__ import annotations

from pathlib import Path

from connectors.registry import Connector, Context
from connectors.servicenow.settings import ServiceNowSettings
from synchub.ports import Target


def _open_target(name: str, settings: ServiceNowSettings, context: Context) -> Target:
    from connectors.servicenow.target import ServiceNowTarget  # lazily: settings alone must be cheap to load

    return ServiceNowTarget(name, settings, context)


CONNECTOR = Connector(
    name="servicenow",
    settings=ServiceNowSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/servicenow.md",
    open_target=_open_target,
)
