"""Network scans: the XML that nmap writes (`-oX`), from a folder."""

from __future__ import annotations

from pathlib import Path

from connectors.nmap.settings import NmapSettings
from connectors.nmap.source import NmapSource
from connectors.registry import Connector, Context


def _open(name: str, settings: NmapSettings, context: Context) -> NmapSource:
    return NmapSource(name, settings, context.base_dir, context.clock)


CONNECTOR = Connector(
    name="nmap",
    settings=NmapSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/nmap.md",
    open_source=_open,
)
