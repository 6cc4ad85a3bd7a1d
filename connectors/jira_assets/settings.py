"""Settings of a Jira Assets connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connectors.address import SystemUrl
from connectors.secrets import SecretRef, TextOrRef
from connectors.settings import ConnectorSettings

Named = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class TokenSettings(ConnectorSettings):
    """An API token of an Atlassian account of its own (basic authentication)."""

    email: TextOrRef = Field(description="E-mail address of the integration account.")
    token: SecretRef = Field(description="Its API token.")


class JiraAssetsSettings(ConnectorSettings):
    """What `synchub.yaml` says about a Jira Assets target, without what the hub itself reads."""

    url: SystemUrl = Field(description="Address of the site, for example `https://acme.atlassian.net`.")
    auth: TokenSettings = Field(description="How the hub logs in.")
    schema_: Named = Field(alias="schema", description="Name of the object schema, for example `ITAM`.")
    schema_key: Annotated[str, Field(pattern="^[A-Z][A-Z0-9]{1,9}$")] | None = Field(
        default=None,
        description="Key under which the schema is created where it is missing; made of its name if absent.",
    )
    api: SystemUrl = Field(default="https://api.atlassian.com", description="Address of the Assets API.")
    workspace: Annotated[str, Field(pattern="^[A-Za-z0-9-]{1,64}$")] | None = Field(
        default=None, description="Assets workspace id; needed only where a site has several."
    )
    hub_key: Named = Field(default="Hub Key", description="Attribute that carries the hub key.")
    reference_type: Annotated[str, Field(pattern="^[0-9]{1,9}$")] = Field(
        default="4", description="Reference type of reference attributes that are created (4 is *Reference*)."
    )
    icon: Annotated[str, Field(pattern="^[0-9]{1,19}$")] | None = Field(
        default=None, description="Icon of object types that are created; one that is in use, or any, if absent."
    )
    requests_per_minute: int = Field(
        default=960, ge=1, le=1_000_000, description="Requests the hub keeps to; 1,000 was once stated as the limit."
    )
    searches_per_minute: int = Field(
        default=480, ge=1, le=1_000_000, description="Searches among them; the API answers 429 beyond 500."
    )
    page: int = Field(default=200, ge=2, le=1000, description="Objects asked for per page.")
    batch: int = Field(default=50, ge=1, le=200, description="Rows that are looked up and read back together.")
    workers: int = Field(default=4, ge=1, le=16, description="Batches under way at once.")
