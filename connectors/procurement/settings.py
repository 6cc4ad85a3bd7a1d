"""What is configured for procurement documents."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from connectors.files.documents import DocumentStream
from connectors.settings import ConnectorSettings

ENDINGS = (".xml", ".cxml", ".ubl")
STREAM = "documents"


class ProcurementSettings(ConnectorSettings):
    """A folder into which orders, receipts and invoices are delivered, in any mixture of syntaxes."""

    root: Path = Field(description="Folder below which files are opened; relative to the configuration file.")
    streams: dict[str, DocumentStream] = Field(
        default_factory=lambda: {STREAM: DocumentStream()}, min_length=1, description="Streams by name."
    )
