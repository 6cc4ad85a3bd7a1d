"""UN/CEFACT Cross Industry Invoice D16B, the other syntax of EN 16931 (XRechnung, Factur-X).

The paths are those of the binding CEN/TS 16931-3-3, read 2026-11-22.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from connectors.procurement.document import (
    Document,
    Item,
    Line,
    amount,
    is_serial_name,
    rest,
    serials,
    text,
    unit_price,
)
from connectors.procurement.ubl import CREDITS

NAMESPACE = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:"

_TRADE = "SupplyChainTradeTransaction"
_AGREEMENT = f"{_TRADE}/ApplicableHeaderTradeAgreement"
_DELIVERY = f"{_TRADE}/ApplicableHeaderTradeDelivery"
_SETTLEMENT = f"{_TRADE}/ApplicableHeaderTradeSettlement"
_SUM = f"{_SETTLEMENT}/SpecifiedTradeSettlementHeaderMonetarySummation"
_IDS = ("GlobalID", "ID", "SpecifiedLegalOrganization/ID", "SpecifiedTaxRegistration/ID")


def read(root: Element) -> Document:
    """Read a `CrossIndustryInvoice`; names without namespaces. The tree is used up."""
    issued = _day(text(root, "ExchangedDocument/IssueDateTime/DateTimeString"))
    seller, buyer = root.find(f"{_AGREEMENT}/SellerTradeParty"), root.find(f"{_AGREEMENT}/BuyerTradeParty")
    is_credit = text(root, "ExchangedDocument/TypeCode") in CREDITS
    document = Document(
        syntax="cii", kind="credit_note" if is_credit else "invoice", number=text(root, "ExchangedDocument/ID") or "",
        issued_on=issued, issued_at=f"{issued}T00:00:00Z" if issued else None,
        buyer=text(buyer, "Name", "SpecifiedLegalOrganization/TradingBusinessName"), buyer_id=text(buyer, *_IDS),
        supplier=text(seller, "Name", "SpecifiedLegalOrganization/TradingBusinessName"),
        supplier_id=text(seller, *_IDS),
        order_number=text(root, f"{_AGREEMENT}/BuyerOrderReferencedDocument/IssuerAssignedID"),
        refers_to=text(root, f"{_SETTLEMENT}/InvoiceReferencedDocument/IssuerAssignedID")
        if is_credit else text(root, f"{_DELIVERY}/DespatchAdviceReferencedDocument/IssuerAssignedID"),
        contract=text(root, f"{_AGREEMENT}/ContractReferencedDocument/IssuerAssignedID"),
        currency=text(root, f"{_SETTLEMENT}/InvoiceCurrencyCode"),
        net_total=text(root, f"{_SUM}/TaxBasisTotalAmount", f"{_SUM}/LineTotalAmount"),
        gross_total=text(root, f"{_SUM}/GrandTotalAmount", f"{_SUM}/DuePayableAmount"),
        due_on=_day(text(root, f"{_SETTLEMENT}/SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString")),
        delivered_on=_day(text(root, f"{_DELIVERY}/ActualDeliverySupplyChainEvent/OccurrenceDateTime/DateTimeString")),
        location=text(root, f"{_DELIVERY}/ShipToTradeParty/PostalTradeAddress/CityName"),
        cost_centre=text(root, f"{_SETTLEMENT}/ReceivableSpecifiedTradeAccountingAccount/ID"),
    )  # fmt: skip
    for element in root.findall(f"{_TRADE}/IncludedSupplyChainTradeLineItem"):
        document.lines.append(_line(element, document))
    trade = root.find(_TRADE)
    if trade is not None:
        document.source = rest(trade, {"IncludedSupplyChainTradeLineItem"})
    return document


def _day(value: str | None) -> str | None:
    """Read a day in format 102.

    >>> _day("20130410")
    '2013-04-10'
    """
    whole = value and len(value) >= 8 and value[:8].isascii() and value[:8].isdigit()
    return f"{value[:4]}-{value[4:6]}-{value[6:8]}" if value and whole else None


def _line(element: Element, document: Document) -> Line:
    product = element.find("SpecifiedTradeProduct")
    price = "SpecifiedLineTradeAgreement/NetPriceProductTradePrice"
    order = "SpecifiedLineTradeAgreement/BuyerOrderReferencedDocument"
    quantity = text(element, "SpecifiedLineTradeDelivery/BilledQuantity")
    total = "SpecifiedLineTradeSettlement/SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"
    account = "SpecifiedLineTradeSettlement/ReceivableSpecifiedTradeAccountingAccount/ID"
    line = Line(
        id=text(element, "AssociatedDocumentLineDocument/LineID") or "",
        order_number=text(element, f"{order}/IssuerAssignedID") or document.order_number,
        order_line=text(element, f"{order}/LineID"),
        quantity=amount(quantity, negative=document.kind == "credit_note"),
        unit=text(element, "SpecifiedLineTradeDelivery/BilledQuantity/@unitCode"),
        price=unit_price(
            text(element, f"{price}/ChargeAmount"), text(element, f"{price}/BasisQuantity"), quantity,
            text(element, total),
        ),
        currency=document.currency, line_total=amount(text(element, total)),
        name=text(product, "Name"), description=text(product, "Description"),
        manufacturer=text(product, "ManufacturerTradeParty/Name", "BrandName"),
        model=text(product, "ModelID", "ModelName"),
        buyer_part=text(product, "BuyerAssignedID"), supplier_part=text(product, "SellerAssignedID"),
        manufacturer_part=text(product, "ManufacturerAssignedID"), gtin=text(product, "GlobalID"),
        cost_centre=text(element, account) or document.cost_centre,
        items=_items(element),
    )  # fmt: skip
    line.source = rest(element)
    return line


def _items(element: Element) -> list[Item]:
    properties = [p for p in element.iter("ApplicableProductCharacteristic") if is_serial_name(text(p, "Description"))]
    return serials(
        [text(piece, "SerialID") for piece in element.iter("IndividualTradeProductInstance")],
        [text(found, "Value") for found in properties],
    )
