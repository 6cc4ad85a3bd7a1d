"""Jira issues (Jira Cloud) as source and target, through the `jira` library."""

from __future__ import annotations

from pathlib import Path

from connectors.jira_issues.settings import JiraIssuesSettings
from connectors.registry import Connector, Context, Rate
from synchub.ports import Source, Target


def _open_source(name: str, settings: JiraIssuesSettings, context: Context) -> Source:
    from connectors.jira_issues.source import JiraIssuesSource  # lazily: settings alone must be cheap to load

    return JiraIssuesSource(name, settings, context)


def _open_target(name: str, settings: JiraIssuesSettings, context: Context) -> Target:
    from connectors.jira_issues.target import JiraIssuesTarget

    return JiraIssuesTarget(name, settings, context)


CONNECTOR = Connector(
    name="jira_issues",
    settings=JiraIssuesSettings,
    maps=Path(__file__).parent / "maps",
    target_maps=Path(__file__).parent / "maps" / "target",
    docs="docs/connectors/jira_issues.md",
    open_source=_open_source,
    open_target=_open_target,
    # Jira counts in points per hour and says 429 with `Retry-After`; this stays well below what small sites get.
    rate=Rate(per_second=10, burst=20),
)
