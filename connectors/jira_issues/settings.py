"""Settings of a Jira connection, as source and as target of issues."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from connectors.address import SystemUrl
from connectors.jira_assets.settings import Named, TokenSettings
from connectors.settings import ConnectorSettings, StreamOptions

ProjectKey = Annotated[str, Field(pattern="^[A-Z][A-Z0-9_]{1,99}$")]


class AssetsField(ConnectorSettings):
    """The custom field with which issues name Assets objects, and where these objects are looked up."""

    field: Named = Field(description="Name of the custom field of type *Assets objects*.")
    schema_: Named = Field(alias="schema", description="Name of the object schema.")
    api: SystemUrl = Field(default="https://api.atlassian.com", description="Address of the Assets API.")


class IssueStreams(ConnectorSettings):
    """The streams of the connection; one that is not named is not read."""

    issues: StreamOptions | None = None


class JiraIssuesSettings(ConnectorSettings):
    """What `synchub.yaml` says about one project, without what the hub itself reads."""

    url: SystemUrl = Field(description="Address of the site, for example `https://acme.atlassian.net`.")
    auth: TokenSettings = Field(description="How the hub logs in.")
    project: ProjectKey = Field(description="Key of the project.")
    issue_types: tuple[Named, ...] = Field(default=(), description="Issue types that are read; all if absent.")
    assets: AssetsField | None = Field(default=None, description="Links to Assets objects; none if absent.")
    hub_key: Named = Field(
        default="labels", description="Field of labels that carries the hub key: `labels`, or a custom one by name."
    )
    transitions: dict[Literal["new", "indeterminate", "done"], Named] = Field(
        default={}, description="Status category (`new`, `indeterminate`, `done`) -> name of the transition preferred."
    )
    page: int = Field(default=100, ge=2, le=5000, description="Issues asked for per page.")
    full_every_hours: int = Field(default=24, ge=0, le=744, description="Hours after which everything is read again.")
    overlap_minutes: int = Field(default=10, ge=2, le=1440, description="How far a read of changes reaches back.")
    search_lag_seconds: int = Field(
        default=15, ge=0, le=300, description="Wait until a search shows what was created, where an answer was lost."
    )
    requests_per_minute: int = Field(default=600, ge=1, le=1_000_000, description="Requests the hub keeps to.")
    batch: int = Field(default=50, ge=1, le=100, description="Rows that are looked up and read back together.")
    workers: int = Field(default=2, ge=1, le=16, description="Batches under way at once.")
    streams: IssueStreams = IssueStreams(issues=StreamOptions())
