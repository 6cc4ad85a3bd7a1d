"""BambooHR: the people of a company, over its REST API with an API key."""

from __future__ import annotations

from pathlib import Path

from connectors.bamboohr.settings import BambooSettings
from connectors.registry import Connector, Context, Rate
from synchub.ports import Source


def _open_source(connection: str, settings: BambooSettings, context: Context) -> Source:
    from connectors.bamboohr.source import BambooSource  # lazily: settings alone must be cheap to load

    return BambooSource.open(connection, settings, context)


CONNECTOR = Connector(
    name="bamboohr",
    settings=BambooSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/bamboohr.md",
    open_source=_open_source,
    # The vendor publishes no numbers, only that requests which are too frequent are refused (technical overview, read
    # 2026-11-22); a read of 10,000 people is some 25 requests.
    rate=Rate(per_second=4, burst=20),
)
