"""Read a folder of procurement documents that a test writes, and map what comes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from connectors.files.limits import DEFAULT, Limits
from connectors.kit import FakeClock
from connectors.procurement import CONNECTOR
from connectors.procurement.settings import ProcurementSettings
from connectors.procurement.source import ProcurementSource
from mapping.engine import FieldMap
from mapping.loader import load_map
from synchub.domain.model import CLASSES
from synchub.domain.records import CanonicalRecord
from tests.unit.connectors.files.reads import Got

UBL = "urn:oasis:names:specification:ubl:schema:xsd"


def read_folder(
    folder: Path, *, limit: int | None = None, limits: Limits = DEFAULT, now: int = 0, **options: Any
) -> Got:
    """Read the stream of a source over a folder."""
    settings = ProcurementSettings.model_validate({"root": str(folder), "streams": {"documents": options}})
    source = ProcurementSource("edi", settings, folder, FakeClock(now), limits)
    return Got(list(source.read("documents", limit=limit)))


@cache
def field_map() -> FieldMap:
    """Load the shipped field map."""
    return load_map(CONNECTOR.maps / "documents.yaml")


def mapped(folder: Path, **options: Any) -> list[CanonicalRecord]:
    """Read a folder and map its records; each must fit the canonical model."""
    records = [field_map().map(payload) for payload in read_folder(folder, **options).records]
    kept = [record for record in records if record is not None]
    for record in kept:
        CLASSES[record.cls].model_validate(record.fields)
    return kept


def of(records: list[CanonicalRecord], cls: str) -> list[dict[str, Any]]:
    """Take the fields of the records of a class."""
    return [record.fields for record in records if record.cls == cls]


def ubl(kind: str, number: str, inside: str = "", *, on: str = "2024-03-01", prefix: str = "cbc") -> bytes:
    """Make a UBL document; `inside` follows its dates, in the namespaces `cbc` and `cac`."""
    head = f"<{prefix}:ID>{number}</{prefix}:ID><{prefix}:IssueDate>{on}</{prefix}:IssueDate>"
    spaces = f'xmlns:{prefix}="{UBL}:CommonBasicComponents-2" xmlns:cbc="{UBL}:CommonBasicComponents-2"'
    if prefix == "cbc":
        spaces = f'xmlns:cbc="{UBL}:CommonBasicComponents-2"'
    return (
        f'<{kind} xmlns="{UBL}:{kind}-2" xmlns:cac="{UBL}:CommonAggregateComponents-2" {spaces}>{head}{inside}</{kind}>'
    ).encode()


def party(role: str, name: str) -> str:
    """Make a party of a UBL document."""
    return f"<cac:{role}><cac:Party><cac:PartyName><cbc:Name>{name}</cbc:Name></cac:PartyName></cac:Party></cac:{role}>"


BUYER, SELLER = party("BuyerCustomerParty", "Corp"), party("SellerSupplierParty", "Bechtle GmbH")
PAYER, BILLER = party("AccountingCustomerParty", "Corp"), party("AccountingSupplierParty", "Bechtle")
SHIPPER, RECEIVER = party("DespatchSupplierParty", "Bechtle"), party("DeliveryCustomerParty", "Corp")


def item(*serials: str, name: str = "EliteBook 840 G10 notebook", part: str = "7L7Z7ET", more: str = "") -> str:
    """Make the article of a UBL line."""
    pieces = "".join(f"<cac:ItemInstance><cbc:SerialID>{s}</cbc:SerialID></cac:ItemInstance>" for s in serials)
    ids = f"<cac:SellersItemIdentification><cbc:ID>{part}</cbc:ID></cac:SellersItemIdentification>" if part else ""
    return f"<cac:Item><cbc:Name>{name}</cbc:Name>{ids}{more}{pieces}</cac:Item>"


def order(number: str = "PO-1", lines: str = "", **options: Any) -> bytes:
    """Make an order; without lines it has one over three notebooks."""
    return ubl("Order", number, BUYER + SELLER + (lines or order_line("1", "3")), **options)


def order_line(line: str, quantity: str, article: str = "", price: str = "1249.00", per: str = "") -> str:
    """Make a line of an order."""
    base = f'<cbc:BaseQuantity unitCode="C62">{per}</cbc:BaseQuantity>' if per else ""
    return (
        f'<cac:OrderLine><cac:LineItem><cbc:ID>{line}</cbc:ID><cbc:Quantity unitCode="C62">{quantity}</cbc:Quantity>'
        f'<cac:Price><cbc:PriceAmount currencyID="EUR">{price}</cbc:PriceAmount>{base}</cac:Price>{article or item()}'
        "</cac:LineItem></cac:OrderLine>"
    )


def reference(number: str = "PO-1", line: str = "1") -> str:
    """Make the reference of a line to a line of an order."""
    return (
        f"<cac:OrderLineReference><cbc:LineID>{line}</cbc:LineID><cac:OrderReference><cbc:ID>{number}</cbc:ID>"
        "</cac:OrderReference></cac:OrderLineReference>"
    )


def receipt(
    number: str, quantity: str, article: str = "", to: str | None = None, more: str = "", **options: Any
) -> bytes:
    """Make a receipt of one line."""
    line = (
        "<cac:ReceiptLine><cbc:ID>1</cbc:ID>"
        f'<cbc:ReceivedQuantity unitCode="C62">{quantity}</cbc:ReceivedQuantity>{more}'
        f"{reference() if to is None else to}{article or item()}</cac:ReceiptLine>"
    )
    head = "<cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>"
    return ubl("ReceiptAdvice", number, head + RECEIVER + SHIPPER + line, **options)


def invoice(number: str, quantity: str, article: str = "", kind: str = "Invoice", **options: Any) -> bytes:
    """Make an invoice or credit note of one line."""
    name, tag = ("InvoiceLine", "InvoicedQuantity") if kind == "Invoice" else ("CreditNoteLine", "CreditedQuantity")
    line = (
        f'<cac:{name}><cbc:ID>1</cbc:ID><cbc:{tag} unitCode="C62">{quantity}</cbc:{tag}>'
        f'<cbc:LineExtensionAmount currencyID="EUR">3747.00</cbc:LineExtensionAmount>{reference()}{article or item()}'
        f'<cac:Price><cbc:PriceAmount currencyID="EUR">1249.00</cbc:PriceAmount></cac:Price></cac:{name}>'
    )
    return ubl(kind, number, PAYER + BILLER + line, **options)


def write(folder: Path, **files: bytes) -> None:
    """Write documents under their names."""
    for name, data in files.items():
        (folder / f"{name}.xml").write_bytes(data)
