"""UBL 2.0 to 2.4 (OASIS, ISO/IEC 19845; schemas of UBL 2.1 read 2026-11-22), with it EN 16931 and Peppol in UBL syntax.

Which party, line and quantity a document has is a matter of its kind; the tables below say it.
"""

from __future__ import annotations

from typing import NamedTuple
from xml.etree.ElementTree import Element

from connectors.procurement.document import (
    Document,
    Item,
    Kind,
    Line,
    amount,
    day,
    is_serial_name,
    moment,
    number,
    rest,
    serials,
    text,
    unit_price,
)

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:"


class _Form(NamedTuple):
    """How a document type is read: its kind, the element of a line, and the quantity that it speaks of."""

    kind: Kind
    line: str = ""
    quantity: str = ""


FORMS: dict[str, _Form] = {
    "Order": _Form("order", "OrderLine", "Quantity"),
    "OrderChange": _Form("order_change", "OrderLine", "Quantity"),
    "OrderResponse": _Form("order_response", "OrderLine", "Quantity"),
    "OrderResponseSimple": _Form("order_response"),
    "OrderCancellation": _Form("order_cancellation"),
    "DespatchAdvice": _Form("despatch", "DespatchLine", "DeliveredQuantity"),
    "ReceiptAdvice": _Form("receipt", "ReceiptLine", "ReceivedQuantity"),
    "Invoice": _Form("invoice", "InvoiceLine", "InvoicedQuantity"),
    "SelfBilledInvoice": _Form("invoice", "InvoiceLine", "InvoicedQuantity"),
    "CreditNote": _Form("credit_note", "CreditNoteLine", "CreditedQuantity"),
    "SelfBilledCreditNote": _Form("credit_note", "CreditNoteLine", "CreditedQuantity"),
}
CREDITS = frozenset({"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532"})  # UNCL1001, EN 16931
_BUYER = ("BuyerCustomerParty", "AccountingCustomerParty", "DeliveryCustomerParty")
_SUPPLIER = ("SellerSupplierParty", "AccountingSupplierParty", "DespatchSupplierParty")
_NAMES = ("Party/PartyName/Name", "Party/PartyLegalEntity/RegistrationName", "Party/PartyTaxScheme/RegistrationName")
_IDS = (
    "Party/PartyIdentification/ID", "Party/EndpointID", "Party/PartyLegalEntity/CompanyID",
    "Party/PartyTaxScheme/CompanyID", "CustomerAssignedAccountID", "SupplierAssignedAccountID",
)  # fmt: skip
_TOTALS = ("LegalMonetaryTotal", "AnticipatedMonetaryTotal", "RequestedMonetaryTotal")


def read(root: Element) -> Document:
    """Read a document of one of `FORMS`; names without namespaces. The tree is used up."""
    form = FORMS[root.tag]
    kind: Kind = "credit_note" if text(root, "InvoiceTypeCode") in CREDITS else form.kind
    own = text(root, "ID") or ""
    order = text(root, "OrderReference/ID")
    buyer, supplier = _party(root, _BUYER), _party(root, _SUPPLIER)
    document = Document(
        syntax="ubl", kind=kind, number=own,
        issued_on=day(text(root, "IssueDate")),
        issued_at=moment(text(root, "IssueDate"), text(root, "IssueTime")),
        version=int(number(text(root, "SequenceNumberID", "SequenceNumber")) or 0),
        buyer=text(buyer, *_NAMES), buyer_id=text(buyer, *_IDS),
        supplier=text(supplier, *_NAMES), supplier_id=text(supplier, *_IDS),
        order_number=own if kind == "order" else order,
        ordered_on=day(text(root, "IssueDate" if kind == "order" else "OrderReference/IssueDate")),
        refers_to=text(root, "BillingReference/InvoiceDocumentReference/ID", "DespatchDocumentReference/ID"),
        contract=text(root, "Contract/ID", "ContractDocumentReference/ID"),
        currency=_currency(root), status=_status(root, kind),
        due_on=day(text(root, "DueDate", "PaymentMeans/PaymentDueDate") if kind in ("invoice", "credit_note") else None)
        or day(text(root, "Delivery/RequestedDeliveryPeriod/EndDate", "Delivery/LatestDeliveryDate")),
        shipped_on=day(text(root, "Shipment/Delivery/Despatch/ActualDespatchDate")),
        delivered_on=day(text(root, "Shipment/Delivery/ActualDeliveryDate", "Delivery/ActualDeliveryDate")),
        location=_location(root), cost_centre=text(root, "AccountingCostCode", "AccountingCost"),
        requested_for=text(root, "OriginatorCustomerParty/Party/Contact/ElectronicMail"),
    )  # fmt: skip
    for name in _TOTALS:
        document.net_total = document.net_total or text(
            root, f"{name}/TaxExclusiveAmount", f"{name}/LineExtensionAmount"
        )
        document.gross_total = document.gross_total or text(root, f"{name}/TaxInclusiveAmount", f"{name}/PayableAmount")
    for element in root.findall(form.line) if form.line else ():
        document.lines.append(_line(element, document, form))
    document.source = rest(root, {form.line, *_BUYER, *_SUPPLIER})
    return document


def _party(root: Element, names: tuple[str, ...]) -> Element | None:
    return next((found for name in names if (found := root.find(name)) is not None), None)


def _currency(root: Element) -> str | None:
    return text(
        root, "DocumentCurrencyCode", "PricingCurrencyCode", *(f"{name}/PayableAmount/@currencyID" for name in _TOTALS)
    )


def _status(root: Element, kind: Kind) -> str | None:
    if kind == "order_cancellation":
        return "cancelled"
    accepted = text(root, "AcceptedIndicator")
    if accepted:
        return "accepted" if accepted.lower() in {"true", "1"} else "rejected"
    return text(root, "OrderResponseCode", "DocumentStatusCode")


def _location(root: Element) -> str | None:
    """Name the place of delivery: its own name, else the town; people and streets are nobody's business here."""
    return text(
        root, "Delivery/DeliveryLocation/Name", "Delivery/DeliveryLocation/Description",
        "Delivery/DeliveryLocation/Address/CityName", "Delivery/DeliveryAddress/CityName",
        "Shipment/Delivery/DeliveryAddress/CityName",
    )  # fmt: skip


def _line(outer: Element, document: Document, form: _Form) -> Line:
    inner = outer.find("LineItem")  # of orders; other documents have no such layer
    element = outer if inner is None else inner
    order = text(element, "OrderLineReference/OrderReference/ID", "OrderReference/ID") or document.order_number
    own = text(element, "ID") or ""
    buying = document.kind in ("order", "order_change", "order_response")
    quantity = text(element, form.quantity, "CreditedQuantity", "InvoicedQuantity")
    item = element.find("Item")
    article = item if item is not None else element
    line = Line(
        id=own, order_number=order,
        order_line=text(outer, "OrderLineReference/LineID") or (own or None if buying else None),
        quantity=amount(quantity, negative=document.kind == "credit_note"),
        rejected=amount(text(element, "RejectedQuantity")),
        unit=text(element, f"{form.quantity}/@unitCode", "CreditedQuantity/@unitCode"),
        price=unit_price(
            text(element, "Price/PriceAmount"), text(element, "Price/BaseQuantity"), quantity,
            text(element, "LineExtensionAmount"),
        ),
        currency=text(element, "Price/PriceAmount/@currencyID", "LineExtensionAmount/@currencyID") or document.currency,
        line_total=amount(text(element, "LineExtensionAmount")),
        name=text(article, "Name"), description=text(article, "Description"),
        manufacturer=text(article, "ManufacturerParty/PartyName/Name", "BrandName"), model=text(article, "ModelName"),
        buyer_part=text(article, "BuyersItemIdentification/ID"),
        supplier_part=text(article, "SellersItemIdentification/ID"),
        manufacturer_part=text(article, "ManufacturersItemIdentification/ID"),
        gtin=text(article, "StandardItemIdentification/ID"),
        status=text(element, "LineStatusCode"),
        due_on=day(
            text(element, "Delivery/PromisedDeliveryPeriod/EndDate", "Delivery/RequestedDeliveryPeriod/EndDate")
        ),
        delivered_on=day(text(element, "ReceivedDate", "Delivery/ActualDeliveryDate")),
        warranty_ends_on=day(text(element, "WarrantyValidityPeriod/EndDate")),
        cost_centre=text(element, "AccountingCostCode", "AccountingCost") or document.cost_centre,
        requested_for=text(element, "OriginatorParty/Contact/ElectronicMail") or document.requested_for,
        items=_items(article),
    )  # fmt: skip
    line.source = rest(element)
    return line


def _items(article: Element) -> list[Item]:
    properties = [p for p in article.iter("AdditionalItemProperty") if is_serial_name(text(p, "Name"))]
    return serials(
        [text(instance, "SerialID") for instance in article.iter("ItemInstance")],
        [text(found, "Value") for found in properties],
    )
