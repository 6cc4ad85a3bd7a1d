"""Microsoft Intune: managed devices and the people of the directory, over Microsoft Graph v1.0."""

from __future__ import annotations

from pathlib import Path

from connectors.intune.settings import IntuneSettings
from connectors.registry import Connector, Context, Rate
from synchub.ports import Source


def _open_source(connection: str, settings: IntuneSettings, context: Context) -> Source:
    from connectors.intune.source import IntuneSource  # lazily: settings alone must be cheap to load

    return IntuneSource.open(connection, settings, context)


CONNECTOR = Connector(
    name="intune",
    settings=IntuneSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/intune.md",
    open_source=_open_source,
    # 2,000 requests in any 20 seconds for one app in one tenant, each part of a batch counted (Graph throttling limits
    # for Intune devices, read 2026-11-22): burst + 20 s of the rate stay within it.
    rate=Rate(per_second=80, burst=400),
)
