"""Jira Assets (Jira Service Management) as a target: objects, their types, references and statuses."""

from __future__ import annotations

from pathlib import Path

from connectors.jira_assets.settings import JiraAssetsSettings
from connectors.registry import Connector, Context, Rate
from synchub.ports import Target


def _open_target(name: str, settings: JiraAssetsSettings, context: Context) -> Target:
    from connectors.jira_assets.target import JiraAssetsTarget  # lazily: settings alone must be cheap to load

    return JiraAssetsTarget(name, settings, context)


CONNECTOR = Connector(
    name="jira_assets",
    settings=JiraAssetsSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/jira_assets.md",
    open_target=_open_target,
    # 1,000 requests a minute was once stated as the general limit; searches have a budget of their own (`client`).
    rate=Rate(per_second=16, burst=20),
)
