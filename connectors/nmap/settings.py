"""What is configured for network scans."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from connectors.files.documents import DocumentStream
from connectors.settings import ConnectorSettings

ENDINGS = (".xml",)
STREAM = "hosts"


class NmapSettings(ConnectorSettings):
    """A folder into which nmap, or whoever runs it, writes its XML; the files of one folder are of one network."""

    root: Path = Field(description="Folder below which files are opened; relative to the configuration file.")
    streams: dict[str, DocumentStream] = Field(
        default_factory=lambda: {STREAM: DocumentStream()}, min_length=1, description="Streams by name."
    )
