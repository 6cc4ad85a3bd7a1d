"""What is configured for agent inventories."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from connectors.files.root import check_glob
from connectors.files.settings import parse_duration
from connectors.secrets import SecretRef
from connectors.settings import ConnectorSettings
from synchub.errors import ConfigError

ENDINGS = (".json", ".xml", ".ocs", ".gz", ".zz", ".zlib")
STREAM = "inventories"


def _glob(pattern: str) -> str:
    try:
        return check_glob(pattern)
    except ConfigError as exc:
        raise ValueError(str(exc)) from exc


class InventoryStream(ConnectorSettings):
    """The one stream of the connector."""

    glob: Annotated[str, AfterValidator(_glob)] | None = Field(
        default=None, description=f"Files below the root; all that end in {', '.join(ENDINGS)} if absent."
    )
    complete_when: Literal["always", "never"] = Field(
        default="always", description="Whether the folder holds every device (`always`) or only the last senders."
    )
    timezone: str | None = Field(default=None, description="Zone of inventories that do not tell theirs.")
    fresh_within: Annotated[timedelta, BeforeValidator(parse_duration)] | None = Field(
        default=None, description="The newest file is at most this old."
    )
    maps: list[str] = Field(default_factory=list, description="The user's own field maps.")
    map: str | None = Field(default=None, description="Name of the shipped field map; the stream's if absent.")


def _path(text: str) -> str:
    if not re.fullmatch(r"(/[A-Za-z0-9_][A-Za-z0-9._-]{0,60}){1,6}", text) or text in ("/healthz", "/metrics"):
        msg = "expected a path such as /agents/scan"
        raise ValueError(msg)
    return text


class Receive(ConnectorSettings):
    """How agents send to `synchub serve`."""

    user: Annotated[str, Field(pattern=r"^[^:\s]{1,100}$")] = Field(default="agents", description="User of agents.")
    password: SecretRef | None = Field(default=None, description="Reference to their password (basic).")
    token: SecretRef | None = Field(default=None, description="Reference to a token (bearer), for what is no agent.")
    path: Annotated[str, AfterValidator(_path)] | None = Field(
        default=None, description="Path below the hub's address; /agents/NAME of the source if absent."
    )
    every: Annotated[timedelta, BeforeValidator(parse_duration)] = Field(
        default=timedelta(hours=24), description="How often agents are asked to report; whole hours."
    )
    max_mib: int = Field(default=16, ge=1, le=64, description="Largest message, before and after unpacking.")
    max_devices: int = Field(default=50_000, ge=1, le=200_000, description="Devices that are kept.")

    @model_validator(mode="after")
    def _secured(self) -> Receive:
        if self.password is None and self.token is None:
            msg = "agents need a password or a token: password: env:NAME"
            raise ValueError(msg)
        if self.every < timedelta(hours=1) or self.every % timedelta(hours=1):
            msg = "every must be whole hours, such as 24h"
            raise ValueError(msg)
        return self

    @property
    def hours(self) -> int:
        """`every` in hours, as agents are told."""
        return self.every // timedelta(hours=1)


class AgentInventorySettings(ConnectorSettings):
    """A folder into which agents, or the server that collects from them, put their inventories."""

    root: Path = Field(description="Folder below which files are opened; relative to the configuration file.")
    receive: Receive | None = Field(default=None, description="Agents send to `synchub serve`, which fills the folder.")
    streams: dict[str, InventoryStream] = Field(
        default_factory=lambda: {STREAM: InventoryStream()}, min_length=1, description="Streams by name."
    )
