"""Settings of a Request Tracker connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connectors.address import SystemUrl
from connectors.secrets import SecretRef
from connectors.settings import ConnectorSettings

Named = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f{}'\"\\]+$")]


class RtSettings(ConnectorSettings):
    """What `synchub.yaml` says about a Request Tracker target, without what the hub itself reads."""

    url: SystemUrl = Field(description="Address of RT without `/REST/2.0`, for example `https://rt.acme.example`.")
    token: SecretRef = Field(description="Authentication token of the integration user.")
    catalog: Named = Field(
        default="General assets", description="Catalog of new assets whose type `catalogs` does not name."
    )
    catalogs: dict[str, Named] = Field(
        default={}, description="Object type of the target map -> catalog, for example `computer: Laptops`."
    )
    hub_key: Named = Field(
        default="Hub Key",
        description="Custom field of assets with the hub key; `Unique values` is switched on.",
    )
    create_users: bool = Field(
        default=False,
        description="RT users are created for people who are none yet; else such rows are refused.",
    )
    status_steps: dict[str, str] = Field(
        default={"in-use": "allocated", "recycled": "allocated", "deleted": "allocated"},
        description="Status -> status through which it is reached where the lifecycle allows no direct way.",
    )
    requests_per_minute: int = Field(default=600, ge=1, le=1_000_000, description="Requests the hub keeps to.")
    page: int = Field(default=100, ge=2, le=100, description="Objects asked for per page; RT gives 100 at most.")
    batch: int = Field(default=50, ge=1, le=200, description="Rows that are looked up and read back together.")
    workers: int = Field(default=4, ge=1, le=16, description="Batches under way at once.")
