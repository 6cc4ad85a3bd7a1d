"""cXML: the requests of a purchase, written after the cXML User's Guide."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.connectors.procurement.reads import mapped, of, read_folder, write

_DTD = '<!DOCTYPE cXML SYSTEM "http://xml.cxml.org/schemas/cXML/1.2.045/cXML.dtd">'


def cxml(body: str, *, place: str = "Request", payload: str = "p-1@corp.example", sender: str = "corp") -> bytes:
    """Make a cXML document."""
    parties = "".join(
        f'<{role}><Credential domain="NetworkID"><Identity>{name}</Identity></Credential></{role}>'
        for role, name in (("From", sender), ("To", "bechtle" if sender == "corp" else "corp"))
    )
    secret = (
        '<Sender><Credential domain="x"><Identity>hub</Identity><SharedSecret>hush</SharedSecret></Credential></Sender>'
    )
    head = f'<cXML payloadID="{payload}" timestamp="2024-03-01T12:00:00-08:00"><Header>{parties}{secret}</Header>'
    return f"<?xml version='1.0'?>{_DTD}{head}<{place}>{body}</{place}></cXML>".encode()


def order(quantity: str = "2", *, version: str = "1", kind: str = "new", on: str = "2024-03-01") -> bytes:
    """Make an order over one line of notebooks."""
    return cxml(f"""<OrderRequest>
      <OrderRequestHeader orderID="PO-7" orderDate="{on}T12:00:00+01:00" orderVersion="{version}" type="{kind}">
        <Total><Money currency="EUR">2,498.00</Money></Total>
        <ShipTo><Address addressID="BER-01"><Name xml:lang="en">Anna Novak</Name></Address></ShipTo>
        <BillTo><Address><Name xml:lang="en">Corp GmbH</Name></Address></BillTo>
        <Contact role="endUser"><Name xml:lang="en">Anna</Name><Email>anna.novak@corp.example</Email></Contact>
      </OrderRequestHeader>
      <ItemOut quantity="{quantity}" lineNumber="1" requestedDeliveryDate="2024-03-14">
        <ItemID><SupplierPartID>4711</SupplierPartID><BuyerPartID>B-1</BuyerPartID></ItemID>
        <ItemDetail>
          <UnitPrice><Money currency="EUR">1249.00</Money></UnitPrice>
          <Description xml:lang="en"><ShortName>EliteBook 840 G10</ShortName>HP notebook 14 inch</Description>
          <UnitOfMeasure>EA</UnitOfMeasure>
          <ManufacturerPartID>7L7Z7ET#ABD</ManufacturerPartID><ManufacturerName>Hewlett-Packard</ManufacturerName>
        </ItemDetail>
      </ItemOut></OrderRequest>""")


SHIP_NOTICE = """<ShipNoticeRequest>
  <ShipNoticeHeader shipmentID="S-1" noticeDate="2024-03-08T10:00:00+01:00" shipmentDate="2024-03-08T08:00:00+01:00"/>
  <ShipControl/>
  <ShipNoticePortion><OrderReference orderID="PO-7"><DocumentReference payloadID="p-1"/></OrderReference>
    <ShipNoticeItem quantity="2" lineNumber="1" shipNoticeLineNumber="10">
      <ItemID><SupplierPartID>4711</SupplierPartID></ItemID>
      <ShipNoticeItemDetail><Description xml:lang="en">HP notebook 14 inch</Description>
        <ManufacturerName>HP</ManufacturerName></ShipNoticeItemDetail>
      <UnitOfMeasure>EA</UnitOfMeasure>
      <AssetInfo serialNumber="5CG81F02QX" tagNumber="A204117" location="Room 5"/>
      <AssetInfo serialNumber="5CG81F02QY"/>
    </ShipNoticeItem></ShipNoticePortion></ShipNoticeRequest>"""

RECEIPT = """<ReceiptRequest>
  <ReceiptRequestHeader receiptID="R-1" receiptDate="2024-03-09T10:00:00+01:00" operation="new"/>
  <ReceiptOrder><ReceiptOrderInfo><OrderReference orderID="PO-7"><DocumentReference payloadID="p-1"/></OrderReference>
    </ReceiptOrderInfo>
    <ReceiptItem receiptLineNumber="1" quantity="2" type="received">
      <ReceiptItemReference lineNumber="1"><ItemID><SupplierPartID>4711</SupplierPartID></ItemID></ReceiptItemReference>
      <UnitOfMeasure>EA</UnitOfMeasure></ReceiptItem>
    <ReceiptItem receiptLineNumber="2" quantity="1" type="returned">
      <ReceiptItemReference lineNumber="1"><ItemID><SupplierPartID>4711</SupplierPartID></ItemID></ReceiptItemReference>
      <UnitOfMeasure>EA</UnitOfMeasure></ReceiptItem>
  </ReceiptOrder></ReceiptRequest>"""


def invoice(purpose: str = "standard", number: str = "I-1", operation: str = "new", on: str = "2024-03-10") -> bytes:
    """Make an invoice of one line."""
    return cxml(f"""<InvoiceDetailRequest>
      <InvoiceDetailRequestHeader invoiceID="{number}" purpose="{purpose}" operation="{operation}"
          invoiceDate="{on}T10:00:00+01:00">
        <InvoicePartner><Contact role="from"><Name xml:lang="en">Bechtle GmbH</Name></Contact></InvoicePartner>
        <InvoicePartner><Contact role="billTo"><Name xml:lang="en">Corp GmbH</Name></Contact></InvoicePartner>
      </InvoiceDetailRequestHeader>
      <InvoiceDetailOrder>
        <InvoiceDetailOrderInfo><OrderReference orderID="PO-7"><DocumentReference payloadID="p-1"/></OrderReference>
        </InvoiceDetailOrderInfo>
        <InvoiceDetailItem invoiceLineNumber="1" quantity="2">
          <UnitOfMeasure>EA</UnitOfMeasure><UnitPrice><Money currency="EUR">1249.00</Money></UnitPrice>
          <InvoiceDetailItemReference lineNumber="1" serialNumber="5CG81F02QX">
            <ItemID><SupplierPartID>4711</SupplierPartID></ItemID>
            <Description xml:lang="en">HP notebook 14 inch</Description>
            <SerialNumber>5CG81F02QY</SerialNumber>
            <ManufacturerPartID>7L7Z7ET#ABD</ManufacturerPartID></InvoiceDetailItemReference>
          <SubtotalAmount><Money currency="EUR">2498.00</Money></SubtotalAmount>
        </InvoiceDetailItem></InvoiceDetailOrder>
      <InvoiceDetailSummary><SubtotalAmount><Money currency="EUR">2498.00</Money></SubtotalAmount>
        <GrossAmount><Money currency="EUR">2972.62</Money></GrossAmount></InvoiceDetailSummary>
    </InvoiceDetailRequest>""", payload=f"{number}@bechtle.example", sender="bechtle")  # fmt: skip


def test_an_order(tmp_path: Path) -> None:
    """Itself and its line; the moment in UTC, the place by its id and not by who lives there."""
    write(tmp_path, a=order())

    records = mapped(tmp_path)

    assert of(records, "purchase_order") == [{
        "name": "PO-7", "order_number": "PO-7", "buyer": "Corp GmbH", "ordered_on": "2024-03-01",
        "net_total": "2498.00", "currency": "EUR", "location": "BER-01", "requested_for": "anna.novak@corp.example",
    }]  # fmt: skip
    (line,) = of(records, "purchase_order_line")
    assert (line["order_number"], line["line_number"], line["quantity"]) == ("PO-7", "1", "2")
    assert (line["quantity_unit"], line["price"], line["currency"]) == ("EA", "1249.00", "EUR")
    assert (line["part_number"], line["manufacturer"], line["due_on"]) == ("7L7Z7ET#ABD", "HP", "2024-03-14")
    assert (line["name"], line["description"]) == ("EliteBook 840 G10", "EliteBook 840 G10 HP notebook 14 inch")
    assert records[0].observed_at == 1_709_290_800


def test_ship_notice_receipt_and_invoice_meet_the_order(tmp_path: Path) -> None:
    """Order number and line; what was returned is told apart."""
    write(tmp_path, a=order(), b=cxml(SHIP_NOTICE, sender="bechtle"), c=cxml(RECEIPT), d=invoice())

    lines = of(mapped(tmp_path), "purchase_order_line")

    assert {(line["order_number"], line["line_number"]) for line in lines} == {("PO-7", "1")}
    said: dict[str, str] = {}
    for line in lines:
        said.update({name: value for name, value in line.items() if name.endswith("_quantity") or name == "quantity"})
    assert said == {
        "quantity": "2", "shipped_quantity": "2", "received_quantity": "2", "rejected_quantity": "1",
        "invoiced_quantity": "2",
    }  # fmt: skip


def test_serial_numbers_are_devices(tmp_path: Path) -> None:
    """From `AssetInfo` with tag and place, from the reference of an invoice line and from `SerialNumber`."""
    write(tmp_path, b=cxml(SHIP_NOTICE, sender="bechtle"), d=invoice())

    devices = of(mapped(tmp_path), "computer")

    assert [d["serial_number"] for d in devices] == ["5CG81F02QX", "5CG81F02QY"] * 2
    assert (devices[0]["asset_tag"], devices[0]["location"], devices[0]["lifecycle"]) == (
        "A204117",
        "Room 5",
        "ordered",
    )
    assert (devices[2]["price"], devices[2]["invoice_number"], devices[2]["vendor"]) == (
        "1249.00", "I-1", "Bechtle GmbH",
    )  # fmt: skip


def test_an_invoice(tmp_path: Path) -> None:
    """Totals from its summary, parties from its partners."""
    write(tmp_path, d=invoice())

    assert of(mapped(tmp_path), "invoice") == [{
        "name": "I-1", "invoice_number": "I-1", "kind": "invoice", "order_number": "PO-7", "buyer": "Corp GmbH",
        "vendor": "Bechtle GmbH", "invoiced_on": "2024-03-10", "net_total": "2498.00", "gross_total": "2972.62",
        "currency": "EUR",
    }]  # fmt: skip


@pytest.mark.parametrize("quantity", ["2", "-2"])
def test_a_credit_memo_takes_off(tmp_path: Path, quantity: str) -> None:
    """Some send the quantity with a minus, some without."""
    credit = invoice("lineLevelCreditMemo", "C-1", on="2024-03-11").replace(
        b'quantity="2"', f'quantity="{quantity}"'.encode()
    )
    write(tmp_path, a=invoice(), b=credit)

    records = mapped(tmp_path)

    assert [paper["kind"] for paper in of(records, "invoice")] == ["invoice", "credit_note"]
    assert [line["invoiced_quantity"] for line in of(records, "purchase_order_line")] == ["2", "0"]


def test_a_deleted_invoice_counts_for_nothing(tmp_path: Path) -> None:
    """The same number again with `operation="delete"`."""
    write(tmp_path, a=invoice(), b=invoice(operation="delete", on="2024-03-12"))

    assert [line["invoiced_quantity"] for line in of(mapped(tmp_path), "purchase_order_line")] == ["0"]


def test_a_newer_version_of_an_order(tmp_path: Path) -> None:
    """By its version, whatever the names of the files; a deleted order is cancelled."""
    write(tmp_path, z=order("2"), a=order("5", version="2", kind="update"))
    assert [line["quantity"] for line in of(mapped(tmp_path), "purchase_order_line")] == ["5"]

    write(tmp_path, m=order("5", version="3", kind="delete", on="2024-03-05"))
    assert [o.get("status") for o in of(mapped(tmp_path), "purchase_order")] == [None, "cancelled"]


def test_a_confirmation(tmp_path: Path) -> None:
    """What the vendor says of the order and of each line."""
    body = """<ConfirmationRequest>
      <ConfirmationHeader type="detail" noticeDate="2024-03-02T10:00:00+01:00" confirmID="K-1"/>
      <OrderReference orderID="PO-7"><DocumentReference payloadID="p-1"/></OrderReference>
      <ConfirmationItem lineNumber="1" quantity="2"><UnitOfMeasure>EA</UnitOfMeasure>
        <ConfirmationStatus type="backordered" quantity="2" deliveryDate="2024-04-01"/></ConfirmationItem>
    </ConfirmationRequest>"""
    write(tmp_path, a=cxml(body, sender="bechtle"))

    records = mapped(tmp_path)

    assert of(records, "purchase_order") == [{"name": "PO-7", "order_number": "PO-7", "status": "detail"}]
    (line,) = of(records, "purchase_order_line")
    assert (line["status"], line["due_on"], line["line_number"]) == ("backordered", "2024-04-01", "1")
    assert "quantity" not in line


def test_lines_that_share_a_number_stay_apart(tmp_path: Path) -> None:
    """Seen in the wild: every line of an invoice is number 1."""
    data = invoice().decode()
    start, end = data.index("<InvoiceDetailItem "), data.index("</InvoiceDetailOrder>")
    write(tmp_path, a=(data[:end] + data[start:end] + data[end:]).encode())

    keys = [record["key"] for record in read_folder(tmp_path).records]

    assert len(set(keys)) == len(keys) == 7


@pytest.mark.parametrize(
    ("place", "body", "subject"),
    [
        ("Message", "<PunchOutOrderMessage/>", "PunchOutOrderMessage"),
        ("Response", '<Status code="200"/>', "Response"),
        ("Request", "<PunchOutSetupRequest/>", "PunchOutSetupRequest"),
    ],
)
def test_what_is_no_purchase_is_out_of_scope(tmp_path: Path, place: str, body: str, subject: str) -> None:
    """Baskets, acknowledgements, logins to shops."""
    write(tmp_path, a=cxml(body, place=place))

    got = read_folder(tmp_path)

    assert got.warnings == [f"out of scope: 1 cXML {subject}"]
    assert got.records == []


def test_secrets_and_people_are_not_kept(tmp_path: Path) -> None:
    """The shared secret of the sender, names and addresses."""
    write(tmp_path, a=order())

    text = str(read_folder(tmp_path).records)

    assert "hush" not in text
    assert "Anna Novak" not in text
