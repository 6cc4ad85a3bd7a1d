"""cXML 1.2: the requests that order, confirm, announce, receive and invoice.

After the cXML User's Guide and cXML.dtd 1.2 of cxml.org, read 2026-11-22. One cXML document holds one request; an
invoice, receipt or ship notice may speak about several orders.
"""

from __future__ import annotations

from collections.abc import Iterator
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

_KINDS: dict[str, Kind] = {
    "OrderRequest": "order", "ConfirmationRequest": "order_response", "ShipNoticeRequest": "despatch",
    "ReceiptRequest": "receipt", "InvoiceDetailRequest": "invoice",
}  # fmt: skip
_HEADERS = {
    "OrderRequest": "OrderRequestHeader", "ConfirmationRequest": "ConfirmationHeader",
    "ShipNoticeRequest": "ShipNoticeHeader", "ReceiptRequest": "ReceiptRequestHeader",
    "InvoiceDetailRequest": "InvoiceDetailRequestHeader",
}  # fmt: skip
# Where the lines of one order stand, and how each is called; `""` is the request itself.
_GROUPS = {
    "OrderRequest": "", "ConfirmationRequest": "", "ShipNoticeRequest": "ShipNoticePortion",
    "ReceiptRequest": "ReceiptOrder", "InvoiceDetailRequest": "InvoiceDetailOrder",
}  # fmt: skip
_LINES = frozenset({
    "ItemOut", "ConfirmationItem", "ShipNoticeItem", "ReceiptItem", "InvoiceDetailItem", "InvoiceDetailServiceItem",
})  # fmt: skip
_NUMBERS = ("@orderID", "@confirmID", "@shipmentID", "@receiptID", "@invoiceID")
_DATES = ("@orderDate", "@noticeDate", "@receiptDate", "@invoiceDate")
_ORDERS = (
    "OrderReference/@orderID", "InvoiceDetailOrderInfo/OrderReference/@orderID",
    "InvoiceDetailOrderInfo/OrderIDInfo/@orderID", "ReceiptOrderInfo/OrderReference/@orderID",
    "ReceiptOrderInfo/OrderIDInfo/@orderID", "OrderIDInfo/@orderID",
)  # fmt: skip
_REFERENCE = ("InvoiceDetailItemReference", "InvoiceDetailServiceItemReference", "ReceiptItemReference")
_CREDITS = frozenset({"creditMemo", "lineLevelCreditMemo"})


def request(root: Element) -> Element | None:
    """Return the request of a cXML document that is about a purchase; None when it is about something else."""
    return next((found for name in _KINDS if (found := root.find(f"Request/{name}")) is not None), None)


def subject(root: Element) -> str:
    """Name what a cXML document is, for messages (`PunchOutOrderMessage`, `Response`)."""
    for place in ("Request", "Message", "Response"):
        outer = root.find(place)
        if outer is not None:
            inner = next((child.tag for child in outer if child.tag != "Status"), place)
            return inner[:60]
    return "cXML"


def read(root: Element) -> Document:
    """Read a document for which `request` finds something; names without namespaces. The tree is used up."""
    body = request(root)
    assert body is not None, "the caller asked for it"
    header = body.find(_HEADERS[body.tag])
    head = header if header is not None else body
    kind = _kind(body.tag, head)
    issued = text(head, *_DATES) or text(root, "@timestamp")
    buyer, supplier = ("From", "To") if kind in ("order", "order_cancellation", "receipt") else ("To", "From")
    order = text(body, "@orderID", *_ORDERS)
    own = text(head, *_NUMBERS) or ""
    if kind == "order_response" and not own:  # `confirmID` is optional
        own = f"{order or ''} {text(root, '@payloadID') or ''}".strip()
    ordering = kind in ("order", "order_cancellation")
    document = Document(
        syntax="cxml", kind=kind, number=own, issued_on=day(issued), issued_at=moment(issued),
        version=int(number(text(head, "@orderVersion", "@version")) or 0),
        buyer=_partner(head, "billTo", "soldTo") or text(head, "BillTo/Address/Name"),
        buyer_id=text(root, f"Header/{buyer}/Credential/Identity"),
        supplier=_partner(head, "from", "remitTo"),
        supplier_id=text(root, f"Header/{supplier}/Credential/Identity"),
        order_number=own if ordering else order,
        ordered_on=day(issued if ordering else text(body, "OrderReference/@orderDate")),
        contract=text(head, "@agreementID"),
        currency=text(head, "Total/Money/@currency") or text(body, "InvoiceDetailSummary/GrossAmount/Money/@currency"),
        net_total=_money(body, "InvoiceDetailSummary/SubtotalAmount") if kind in ("invoice", "credit_note")
        else _money(head, "Total"),
        gross_total=_money(body, "InvoiceDetailSummary/GrossAmount") or _money(body, "InvoiceDetailSummary/NetAmount"),
        status=_status(kind, head),
        due_on=day(text(head, "@paymentDueDate", "@requestedDeliveryDate")),
        shipped_on=day(text(head, "@shipmentDate")), delivered_on=day(text(head, "@deliveryDate")),
        location=text(head, "ShipTo/Address/@addressID", "ShipTo/Address/PostalAddress/City"),
        requested_for=_requester(head),
    )  # fmt: skip
    if kind != "order_cancellation":
        document.lines.extend(_lines(body, document))
    document.source = rest(body, {*_LINES, *filter(None, _GROUPS.values())})
    return document


def _kind(tag: str, head: Element) -> Kind:
    if tag == "OrderRequest" and head.get("type") == "delete":
        return "order_cancellation"
    if tag == "InvoiceDetailRequest" and head.get("purpose") in _CREDITS:
        return "credit_note"
    return _KINDS[tag]


def _status(kind: Kind, head: Element) -> str | None:
    if kind == "order_cancellation" or head.get("operation") == "delete":
        return "cancelled"
    return text(head, "@type") if kind == "order_response" else None


def _partner(head: Element, *roles: str) -> str | None:
    for role in roles:
        for found in head.iter("Contact"):
            if found.get("role") == role:
                return text(found, "Name")
    return None


def _requester(element: Element) -> str | None:
    for role in ("endUser", "requester"):
        for found in element.findall("Contact"):
            if found.get("role") == role:
                return text(found, "Email")
    return None


def _money(element: Element, path: str) -> str | None:
    return amount((text(element, f"{path}/Money") or "").replace(",", "")) or None


def _lines(body: Element, document: Document) -> Iterator[Line]:
    groups = body.findall(_GROUPS[body.tag]) if _GROUPS[body.tag] else [body]
    for group in groups:
        order = text(group, *_ORDERS) or document.order_number
        document.order_number = document.order_number or order
        for element in group:
            if element.tag in _LINES:
                yield _line(element, document, order)


def _line(element: Element, document: Document, order: str | None) -> Line:
    reference = next((found for name in _REFERENCE if (found := element.find(name)) is not None), element)
    detail = next(
        (found for name in ("ItemDetail", "ShipNoticeItemDetail") if (found := element.find(name)) is not None),
        reference,
    )
    status = element.find("ConfirmationStatus")
    quantity = "0" if document.status == "cancelled" else text(element, "@quantity")
    returned = element.get("type") == "returned"
    # Credits come with either sign.
    negative = document.kind == "credit_note" and not (quantity or "").startswith("-")
    line = Line(
        id=text(element, "@invoiceLineNumber", "@shipNoticeLineNumber", "@receiptLineNumber", "@lineNumber") or "",
        order_number=order,
        order_line=text(reference, "@lineNumber") or text(element, "@lineNumber"),
        quantity=None if returned else amount(quantity, negative=negative),
        rejected=amount(quantity) if returned else None,
        unit=text(element, "UnitOfMeasure") or text(detail, "UnitOfMeasure"),
        price=unit_price(
            (text(detail, "UnitPrice/Money") or text(element, "UnitPrice/Money") or "").replace(",", ""),
            text(detail, "PriceBasisQuantity/@quantity") or text(element, "PriceBasisQuantity/@quantity"),
        ),
        currency=text(detail, "UnitPrice/Money/@currency") or text(element, "UnitPrice/Money/@currency")
        or document.currency,
        line_total=_money(element, "NetAmount") or _money(element, "SubtotalAmount"),
        name=text(detail, "Description/ShortName") or text(reference, "Description/ShortName"),
        description=_description(detail) or _description(reference),
        manufacturer=text(detail, "ManufacturerName") or text(reference, "ManufacturerName"),
        supplier_part=text(element, "ItemID/SupplierPartID") or text(reference, "ItemID/SupplierPartID"),
        buyer_part=text(element, "ItemID/BuyerPartID") or text(reference, "ItemID/BuyerPartID"),
        manufacturer_part=text(detail, "ManufacturerPartID") or text(reference, "ManufacturerPartID"),
        status=text(status, "@type"),
        due_on=day(text(status, "@deliveryDate") or text(element, "@requestedDeliveryDate")),
        requested_for=_requester(element) or document.requested_for,
        items=_items(element, reference),
    )  # fmt: skip
    line.source = rest(element)
    return line


def _description(element: Element) -> str | None:
    found = element.find("Description")
    return " ".join(" ".join(found.itertext()).split()) or None if found is not None else None


def _items(element: Element, reference: Element) -> list[Item]:
    """Serial numbers stand in `AssetInfo` (with tag and place), at an invoice line's reference, or in extrinsics."""
    named = [reference.get("serialNumber"), *(found.text for found in element.iter("SerialNumber"))]
    listed = [found.text for found in element.iter("Extrinsic") if is_serial_name(found.get("name"))]
    assets = {
        serial: Item(serial, text(found, "@tagNumber"), text(found, "@location"))
        for found in element.iter("AssetInfo")
        if (serial := text(found, "@serialNumber"))
    }
    return [*assets.values(), *(item for item in serials(named, listed) if item.serial not in assets)]
