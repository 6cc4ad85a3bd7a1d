"""Orders, receipts and invoices as UBL, cXML and CII documents, from a folder."""

from __future__ import annotations

from pathlib import Path

from connectors.procurement.settings import ProcurementSettings
from connectors.procurement.source import ProcurementSource
from connectors.registry import Connector, Context


def _open(name: str, settings: ProcurementSettings, context: Context) -> ProcurementSource:
    return ProcurementSource(name, settings, context.base_dir, context.clock)


CONNECTOR = Connector(
    name="procurement",
    settings=ProcurementSettings,
    maps=Path(__file__).parent / "maps",
    docs="docs/connectors/procurement.md",
    open_source=_open,
)
