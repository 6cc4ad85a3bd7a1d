"""Request Tracker 5 as a target: assets, the people who hold them, and RT users where that is wanted."""

from __future__ import annotations

from pathlib import Path

from connectors.registry import Connector, Context, Rate
from connectors.rt.settings import RtSettings
from synchub.ports import Target


def _open_target(name: str, settings: RtSettings, context: Context) -> Target:
    from connectors.rt.target import RtTarget  # lazily: settings alone must be cheap to load

    return RtTarget(name, settings, context)


CONNECTOR = Connector(
    name="rt",
    settings=RtSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/rt.md",
    open_target=_open_target,
    # RT limits nothing by itself; each request occupies one of a handful of worker processes.
    rate=Rate(per_second=10, burst=20),
)
