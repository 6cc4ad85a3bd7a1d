"""What is configured for agent inventories."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from connectors.files.root import check_glob
from connectors.files.settings import parse_duration
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


class AgentInventorySettings(ConnectorSettings):
    """A folder into which agents, or the server that collects from them, put their inventories."""

    root: Path = Field(description="Folder below which files are opened; relative to the configuration file.")
    streams: dict[str, InventoryStream] = Field(
        default_factory=lambda: {STREAM: InventoryStream()}, min_length=1, description="Streams by name."
    )
