"""A document in the one shape to which UBL, cXML and CII are brought, and the payloads made of it.

A document becomes one payload for itself (`record: document`), one for each line (`line`) and one for each serial
number on a line (`item`). All carry the head of the document under `document`, so that one field map serves the three;
what the file says beyond the common shape stands under `source`, for maps of the user's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from xml.etree.ElementTree import Element

from connectors.files.xml_items import as_json, local_name

Kind = Literal[
    "order", "order_change", "order_response", "order_cancellation", "despatch", "receipt", "invoice", "credit_note"
]
BY_BUYER: frozenset[Kind] = frozenset({"order", "order_change", "order_cancellation", "receipt"})
_ABOUT_ORDERS: frozenset[Kind] = frozenset({"order", "order_change", "order_response", "order_cancellation"})
MAX_SERIALS = 10_000  # on one line

# Not kept under `source`: people, bank and card data, attachments, signatures.
_DROPPED = frozenset({
    "Contact", "Person", "BuyerContact", "SellerContact", "AccountingContact", "DeliveryContact", "DefinedTradeContact",
    "PayeeFinancialAccount", "PayerFinancialAccount", "CardAccount", "PaymentMeans", "PaymentMandate", "Payment",
    "PCard", "SpecifiedTradeSettlementPaymentMeans", "EmbeddedDocumentBinaryObject", "AttachmentBinaryObject",
    "Attachment", "Signature", "UBLExtensions", "SharedSecret", "DigitalSignature", "CredentialMac", "Phone", "Fax",
    "Email", "BillTo", "ShipTo", "PostalAddress", "OriginatorParty", "OriginatorCustomerParty", "DeliveryParty",
    "ShipToTradeParty", "PayeeParty", "PayeeTradeParty", "InvoicePartner",
})  # fmt: skip
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})")
_TIME = re.compile(r"([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.,][0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,10})?|\.[0-9]{1,10})")
_SERIAL_NAME = re.compile(
    r"(?i)\s*(serial ?(no|number|nr)?s?|serien-?(nr|nummern?)|s/?n|num[eé]ros? de s[eé]rie)\.?\s*"
)


@dataclass(slots=True)
class Item:
    """One serialised piece of a line."""

    serial: str
    asset_tag: str | None = None
    location: str | None = None


@dataclass(slots=True)
class Line:
    """One line; every text as the file has it, amounts and quantities as decimal texts with a point.

    Attributes:
        id: Number of the line in its document.
        order_number: Order that it speaks about.
        order_line: Line of that order.
        quantity: Ordered, confirmed, shipped, received or invoiced, as the document's kind says; negative in credits.
        so_far: The same summed over all documents of this kind up to this one, for this line of the order.
        price: Of one unit, without tax.
        parts: Every part number, for finding the order's line where the document does not name it.
    """

    id: str = ""
    order_number: str | None = None
    order_line: str | None = None
    quantity: str | None = None
    so_far: str | None = None
    rejected: str | None = None
    unit: str | None = None
    price: str | None = None
    currency: str | None = None
    line_total: str | None = None
    name: str | None = None
    description: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    buyer_part: str | None = None
    supplier_part: str | None = None
    manufacturer_part: str | None = None
    gtin: str | None = None
    status: str | None = None
    due_on: str | None = None
    delivered_on: str | None = None
    warranty_ends_on: str | None = None
    cost_centre: str | None = None
    requested_for: str | None = None
    items: list[Item] = field(default_factory=list)
    source: dict[str, Any] = field(default_factory=dict)

    def parts(self) -> frozenset[str]:
        """List what names the article."""
        named = (self.buyer_part, self.supplier_part, self.manufacturer_part, self.gtin)
        return frozenset(f"{n}:{part.lower()}" for n, part in enumerate(named) if part)


@dataclass(slots=True)
class Document:
    """One order, receipt or invoice.

    Attributes:
        issued_at: Moment of issue; midnight UTC where only the day is told, UTC where no zone is.
        version: Of the document under its number, where it counts them.
        refers_to: For credit notes the invoice, for receipts the despatch advice.
    """

    syntax: str
    kind: Kind
    number: str
    issued_on: str | None = None
    issued_at: str | None = None
    version: int = 0
    buyer: str | None = None
    buyer_id: str | None = None
    supplier: str | None = None
    supplier_id: str | None = None
    order_number: str | None = None
    ordered_on: str | None = None
    refers_to: str | None = None
    contract: str | None = None
    currency: str | None = None
    net_total: str | None = None
    gross_total: str | None = None
    status: str | None = None
    due_on: str | None = None
    shipped_on: str | None = None
    delivered_on: str | None = None
    location: str | None = None
    cost_centre: str | None = None
    requested_for: str | None = None
    lines: list[Line] = field(default_factory=list)
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Native key: kind, who issued it, its number."""
        buyer, supplier = self.buyer_id or self.buyer, self.supplier_id or self.supplier
        issuer = buyer if self.kind in BY_BUYER else supplier
        return f"{self.kind}|{' '.join((issuer or '').lower().split())}|{self.number}"


def payloads(document: Document) -> Iterator[dict[str, Any]]:
    """Yield the payloads of a document: itself, then its lines, each followed by its serial numbers."""
    head = _plain(document, {"lines", "source"})
    # People call every paper about an order by the number of the order.
    head["title"] = document.order_number if document.kind in _ABOUT_ORDERS else document.number
    yield {"record": "document", "key": document.key, "document": head, "source": document.source}
    seen: set[str] = set()
    for number, line in enumerate(document.lines, 1):
        key = _unique(f"{document.key}|{line.id or number}", seen)
        body = {"document": head, "line": _plain(line, {"items", "source"})}
        yield {"record": "line", "key": key, **body, "source": line.source}
        for item in line.items:
            yield {"record": "item", "key": _unique(f"{key}|{item.serial}", seen), **body, "item": _plain(item, set())}


def _unique(key: str, seen: set[str]) -> str:
    found, count = key, 1
    while found in seen:
        count += 1
        found = f"{key}#{count}"
    seen.add(found)
    return found


def _plain(thing: Document | Line | Item, without: set[str]) -> dict[str, Any]:
    values = {f.name: getattr(thing, f.name) for f in fields(thing) if f.name not in without}
    return {name: value for name, value in values.items() if value not in (None, "")}


def drop_namespaces(root: Element) -> None:
    """Leave only local names in a tree."""
    for element in root.iter():
        element.tag = local_name(element.tag)


def rest(element: Element, without: Iterable[str] = ()) -> dict[str, Any]:
    """Turn what stands in an element into JSON for `source`, without people, money accounts and attachments.

    The element is emptied on the way: call it last.
    """
    _prune(element, _DROPPED.union(without))
    found = as_json(element)
    return found if isinstance(found, dict) else {}


def _prune(element: Element, names: frozenset[str]) -> None:
    for child in [child for child in element if child.tag in names]:
        element.remove(child)
    for child in element:
        _prune(child, _DROPPED)


def text(element: Element | None, *paths: str) -> str | None:
    """Return the first text that is not blank at one of the paths, trimmed; `a/@b` is an attribute."""
    if element is None:
        return None
    for path in paths:
        place, _, attribute = path.partition("@")
        for found in element.findall(place.rstrip("/")) if place else [element]:
            value = found.get(attribute) if attribute else found.text
            if value and value.strip():
                return value.strip()
    return None


def day(value: str | None) -> str | None:
    """Read the day of an `xs:date` or `xs:dateTime`; None when it is none."""
    found = _DATE.match(value or "")
    return found[1] if found else None


def moment(date: str | None, time: str | None = None) -> str | None:
    """Read a moment from a date and a time, or from both in one text; UTC where no zone is told.

    >>> moment("2010-01-20", "12:30:00"), moment("2010-01-20"), moment("2002-08-15T08:47:00-07:00")
    ('2010-01-20T12:30:00Z', '2010-01-20T00:00:00Z', '2002-08-15T08:47:00-07:00')
    """
    on = day(date)
    if on is None:
        return None
    found = _TIME.match(time or (date or "")[11:])
    return f"{on}T{found[1]}{found[2] or 'Z'}" if found else f"{on}T00:00:00Z"


def number(value: str | None) -> Decimal | None:
    """Read an `xs:decimal`; None when it is none."""
    return Decimal(value) if value and _NUMBER.fullmatch(value) else None


def decimal_text(value: Decimal | None) -> str | None:
    """Write a number without exponent and needless zeros."""
    if value is None:
        return None
    whole = value.quantize(Decimal(1)) if value == value.to_integral() else value.normalize()
    return f"{whole:f}"


def amount(value: str | None, *, negative: bool = False) -> str | None:
    """Tidy a number, turned into its opposite if asked; what is none stays as it is, for the field map to warn of.

    >>> amount("03.50"), amount("2", negative=True), amount("two")
    ('3.5', '-2', 'two')
    """
    found = number(value)
    return value if found is None else decimal_text(-found if negative and found else found)


def unit_price(price: str | None, per: str | None, quantity: str | None = None, total: str | None = None) -> str | None:
    """Divide a price by the quantity it is for; the price itself where that is not told or is nothing.

    Some senders repeat the price as the quantity that it is for: where the total of the line is right without dividing,
    nothing is divided.

    >>> unit_price("125", "10"), unit_price("125", None), unit_price("1273", "1273", "1", "1273")
    ('12.5', '125', '1273')
    """
    whole, base = number(price), number(per)
    if whole is None or not base or base == 1:
        return amount(price)
    count, line = number(quantity), number(total)
    try:
        if count and line is not None and abs(whole * count - line) < abs(whole / base * count - line):
            return amount(price)
        return decimal_text(round(whole / base, 6))
    except InvalidOperation:
        return amount(price)


def is_serial_name(name: str | None) -> bool:
    """Tell whether a free property is named like a serial number.

    >>> is_serial_name("Serial number"), is_serial_name("Serial port")
    (True, False)
    """
    return bool(name) and _SERIAL_NAME.fullmatch((name or "")[:60]) is not None


def serials(single: Iterable[str | None], listed: Iterable[str | None] = ()) -> list[Item]:
    """Make an item of each serial number, each once.

    Args:
        single: Texts that are one serial number.
        listed: Texts in which commas, semicolons, bars or line ends separate several.
    """
    several = [part for value in listed for part in re.split(r"[,;|\r\n]+", value or "")]
    found = {value.strip(): None for value in [*single, *several] if value and value.strip()}
    return [Item(serial) for serial in list(found)[:MAX_SERIALS]]
