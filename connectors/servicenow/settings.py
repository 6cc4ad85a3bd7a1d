"""Settings of a ServiceNow connection."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Discriminator, Field, Tag

from connectors.address import SystemUrl
from connectors.secrets import SecretRef, TextOrRef
from connectors.settings import ConnectorSettings

TableName = Annotated[str, Field(pattern="^[a-z_][a-z0-9_]{0,79}$")]


class OAuthSettings(ConnectorSettings):
    """OAuth 2.0 with an application registry entry of the instance (`/oauth_token.do`)."""

    oauth: Literal["client_credentials", "password"] = Field(description="Grant type.")
    client_id: TextOrRef = Field(description="Client id of the application registry entry.")
    client_secret: SecretRef = Field(description="Its client secret.")
    user: TextOrRef | None = Field(default=None, description="Integration user, for the grant `password`.")
    password: SecretRef | None = Field(default=None, description="Its password, for the grant `password`.")


class BasicSettings(ConnectorSettings):
    """User name and password in every request."""

    user: TextOrRef = Field(description="Integration user.")
    password: SecretRef = Field(description="Its password.")


class ApiKeySettings(ConnectorSettings):
    """Inbound REST API key in the header `x-sn-apikey`."""

    api_key: SecretRef = Field(description="API key of the integration user.")


def _login(auth: object) -> str | None:
    """Tell which login is meant, so that its faults are told and not those of every other."""
    if isinstance(auth, BaseModel):
        return type(auth).__name__
    if not isinstance(auth, dict):
        return None
    if "oauth" in auth or "client_id" in auth:
        return OAuthSettings.__name__
    return ApiKeySettings.__name__ if "api_key" in auth else BasicSettings.__name__


Login = Annotated[
    Annotated[OAuthSettings, Tag("OAuthSettings")]
    | Annotated[BasicSettings, Tag("BasicSettings")]
    | Annotated[ApiKeySettings, Tag("ApiKeySettings")],
    Discriminator(
        _login,
        custom_error_type="login",
        custom_error_message="expected {oauth, client_id, client_secret}, {user, password} or {api_key}",
    ),
]


class ServiceNowSettings(ConnectorSettings):
    """What `synchub.yaml` says about a ServiceNow target, without what the hub itself reads."""

    url: SystemUrl = Field(description="Address of the instance, for example `https://acmetest.service-now.com`.")
    auth: Login = Field(description="How the hub logs in.")
    discovery_source: str = Field(
        default="Other Automated",
        max_length=100,
        description="Data source under which CIs are created: a choice of `cmdb_ci.discovery_source`, case-sensitive.",
    )
    page: int = Field(default=1000, ge=1, le=10_000, description="Rows per page when a table is read.")
    batch: int = Field(default=100, ge=1, le=200, description="Writes per batch request.")
    marks: dict[TableName, TableName] = Field(
        default={"cmdb_ci": "correlation_id", "alm_asset": "u_correlation_id", "sys_user": "source"},
        description="Text field that carries the hub key, by table (the nearest parent counts).",
    )
