"""What `synchub.yaml` says about an Intune connection."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from connectors.address import SystemUrl
from connectors.secrets import SecretRef, TextOrRef
from connectors.settings import ConnectorSettings, StreamOptions


class DeviceOptions(StreamOptions):
    """Options of the stream `devices`.

    Attributes:
        details: Read the fields that a list leaves at their default, one batch request per 20 devices.
    """

    details: bool = True


class IntuneStreams(ConnectorSettings):
    """The streams of the connection; one that is not named is not read."""

    devices: DeviceOptions | None = None
    people: StreamOptions | None = None


class IntuneSettings(ConnectorSettings):
    """One tenant.

    Attributes:
        tenant: Directory (tenant) id or its domain.
        client_id: Application (client) id of the app registration.
        client_secret: Its secret.
        url: Microsoft Graph; another host for national clouds.
        login_url: Where tokens are issued.
        page_size: Records asked for per page; Graph may send fewer.
        workers: Batch requests at the same time.
        requests_per_second: Own ceiling, each part of a batch counted; None keeps to Graph's limit.
        streams: What is read.
    """

    tenant: TextOrRef
    client_id: TextOrRef
    client_secret: SecretRef
    url: SystemUrl = "https://graph.microsoft.com"
    login_url: SystemUrl = "https://login.microsoftonline.com"
    page_size: Annotated[int, Field(ge=1, le=999)] = 500
    workers: Annotated[int, Field(ge=1, le=16)] = 4
    requests_per_second: Annotated[float, Field(gt=0, le=10_000)] | None = None
    streams: IntuneStreams = IntuneStreams(devices=DeviceOptions())
