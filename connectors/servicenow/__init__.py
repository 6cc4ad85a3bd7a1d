"""ServiceNow as a target: CIs through the instance's identification, everything else through its Table API."""

from __future__ import annotations

from pathlib import Path

from connectors.registry import Connector, Context, Rate
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
    # The instance's own rate limit rules count per hour and are honoured by header; this only keeps bursts polite.
    rate=Rate(per_second=30, burst=60),
)
