"""File sources: NDJSON, JSON, CSV, XLSX and XML from below a configured root."""

from __future__ import annotations

from pathlib import Path

from connectors.files.settings import FilesSettings
from connectors.files.source import FilesSource
from connectors.registry import Connector, Context


def _open(name: str, settings: FilesSettings, context: Context) -> FilesSource:
    return FilesSource(name, settings, context.base_dir, context.clock)


CONNECTOR = Connector(
    name="files",
    settings=FilesSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/files.md",
    open_source=_open,
)
