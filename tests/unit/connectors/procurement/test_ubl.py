"""UBL documents: lines that meet, serial numbers, versions, odd numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from synchub.reconcile.identifiers import identifiers
from tests.unit.connectors.procurement.reads import (
    field_map,
    invoice,
    item,
    mapped,
    of,
    order,
    order_line,
    read_folder,
    receipt,
    ubl,
    write,
)


def test_order_receipt_and_invoice_speak_about_one_line(tmp_path: Path) -> None:
    """Order number and line bring them together; each says its own part."""
    write(tmp_path, a=order(), b=receipt("R-1", "3", on="2024-03-09"), c=invoice("I-1", "3", on="2024-03-10"))

    lines = of(mapped(tmp_path), "purchase_order_line")

    assert {str(identifiers("purchase_order_line", line)) for line in lines} == {
        str(identifiers("purchase_order_line", {"order_number": "PO-1", "line_number": "1"}))
    }
    ordered, received, invoiced = lines
    assert (ordered["quantity"], ordered["quantity_unit"], ordered["price"]) == ("3", "C62", "1249.00")
    assert (ordered["vendor"], ordered["ordered_on"], ordered["currency"]) == ("Bechtle GmbH", "2024-03-01", "EUR")
    assert (received["received_quantity"], received["receipt_number"]) == ("3", "R-1")
    assert (invoiced["invoiced_quantity"], invoiced["invoice_number"]) == ("3", "I-1")


def test_documents_themselves(tmp_path: Path) -> None:
    """An order, a receipt, an invoice and a credit note."""
    write(tmp_path, a=order(), b=receipt("R-1", "3", on="2024-03-09"), c=invoice("I-1", "3", on="2024-03-10"),
          d=invoice("C-1", "1", kind="CreditNote", on="2024-03-11"))  # fmt: skip

    records = mapped(tmp_path)

    assert of(records, "purchase_order") == [
        {"name": "PO-1", "order_number": "PO-1", "buyer": "Corp", "vendor": "Bechtle GmbH", "ordered_on": "2024-03-01"}
    ]
    (received,) = of(records, "receipt")
    assert (received["kind"], received["receipt_number"], received["order_number"]) == ("receipt", "R-1", "PO-1")
    assert received["received_on"] == "2024-03-09"
    first, second = of(records, "invoice")
    assert (first["kind"], first["invoice_number"], first["vendor"]) == ("invoice", "I-1", "Bechtle")
    assert (second["kind"], second["invoiced_on"]) == ("credit_note", "2024-03-11")


def test_every_serial_number_is_a_device(tmp_path: Path) -> None:
    """With price, order, receipt and vendor; the line itself stays a line."""
    article = item("5CG81F02QX", "5CG81F02QY")
    write(tmp_path, a=receipt("R-1", "2", article, on="2024-03-09"), b=invoice("I-1", "2", article, on="2024-03-10"))

    devices = of(mapped(tmp_path), "computer")

    assert [d["serial_number"] for d in devices] == ["5CG81F02QX", "5CG81F02QY"] * 2
    assert {d["order_number"] for d in devices} == {"PO-1"}
    assert (devices[0]["lifecycle"], devices[0]["received_on"]) == ("received", "2024-03-09")
    assert (devices[2]["price"], devices[2]["currency"], devices[2]["invoice_number"]) == ("1249.00", "EUR", "I-1")
    assert "model" not in devices[0]  # a name such as "notebook" would contradict what others say


@pytest.mark.parametrize(
    ("properties", "serials"),
    [
        ([("Serial number", "A1001")], ["A1001"]),
        ([("Serial numbers", "A1001, A1002;A1003")], ["A1001", "A1002", "A1003"]),
        ([("S/N", "A1001"), ("Seriennummer", "A1002")], ["A1001", "A1002"]),
        ([("Colour", "A1001"), ("Serial port", "COM1")], []),
    ],
)
def test_serial_numbers_in_properties(tmp_path: Path, properties: list[tuple[str, str]], serials: list[str]) -> None:
    """Invoices of EN 16931 have no other place for them."""
    more = "".join(
        f"<cac:AdditionalItemProperty><cbc:Name>{n}</cbc:Name><cbc:Value>{v}</cbc:Value></cac:AdditionalItemProperty>"
        for n, v in properties
    )
    write(tmp_path, a=invoice("I-1", "1", item(more=more)))

    assert [d["serial_number"] for d in of(mapped(tmp_path), "computer")] == serials


@pytest.mark.parametrize("name", ["3 years warranty extension", "Microsoft 365 licence", "Wartung Notebook", "Support"])
def test_a_serial_number_on_a_service_is_that_of_another_thing(tmp_path: Path, name: str) -> None:
    """Its price is not the device's."""
    write(tmp_path, a=invoice("I-1", "1", item("5CG81F02QX", name=name)))

    records = mapped(tmp_path)

    assert {record.cls for record in records} == {"invoice", "purchase_order_line"}


def test_what_nobody_knows_by_words_is_hardware(tmp_path: Path) -> None:
    """It has a serial number, so it is a thing."""
    write(tmp_path, a=receipt("R-1", "1", item("X1000001", name="ACME 4711")))

    assert [r.cls for r in mapped(tmp_path)] == ["receipt", "purchase_order_line", "hardware"]


def test_partial_deliveries_and_credits_are_summed(tmp_path: Path) -> None:
    """The newest document says how much has come so far; returns and credits are taken off."""
    back = "<cbc:RejectedQuantity>1</cbc:RejectedQuantity>"
    write(tmp_path, a=receipt("R-1", "1", on="2024-03-09"), b=receipt("R-2", "2", on="2024-03-12", more=back),
          c=invoice("I-1", "3", on="2024-03-13"),
          d=invoice("C-1", "1", kind="CreditNote", on="2024-03-14"))  # fmt: skip

    lines = {line.get("receipt_number") or line.get("invoice_number") or "C-1": line
             for line in of(mapped(tmp_path), "purchase_order_line")}  # fmt: skip

    assert [lines[n]["received_quantity"] for n in ("R-1", "R-2")] == ["1", "3"]
    assert lines["R-2"]["rejected_quantity"] == "1"
    assert [lines[n]["invoiced_quantity"] for n in ("I-1", "C-1")] == ["3", "2"]
    assert "price" not in lines["C-1"]


def test_a_line_without_reference_meets_the_only_line_of_its_article(tmp_path: Path) -> None:
    """Two lines of the same article leave it open; what is open is no identity."""
    two = order_line("1", "3") + order_line("2", "1", item(name="Dock", part="DOCK"))
    same = order_line("1", "3") + order_line("2", "5")
    lone = receipt("R-1", "1", to="")
    write(tmp_path, a=order(lines=two), b=lone)
    assert of(mapped(tmp_path), "purchase_order_line")[-1]["line_number"] == "1"

    write(tmp_path, a=order(lines=same), b=lone)
    assert "line_number" not in of(mapped(tmp_path), "purchase_order_line")[-1]


def test_a_price_is_of_one_piece(tmp_path: Path) -> None:
    """Prices are told per ten or per thousand now and then."""
    write(tmp_path, a=order(lines=order_line("1", "20", price="125.00", per="10")))

    assert of(mapped(tmp_path), "purchase_order_line")[0]["price"] == "12.50"


@pytest.mark.parametrize("bad", ["three", "1,249.00", "NaN", "1e9", "9" * 40])
def test_a_number_that_is_none_is_a_warning(tmp_path: Path, bad: str) -> None:
    """The line lives, the raw value is kept."""
    write(tmp_path, a=order(lines=order_line("1", bad)))

    payload = read_folder(tmp_path).records[1]
    record = field_map().map(payload)

    assert record is not None
    assert payload["line"]["quantity"] == bad
    assert "quantity" not in record.fields or bad == "1,249.00"


def test_a_newer_version_replaces_the_older(tmp_path: Path) -> None:
    """Whatever their names; a change of the order speaks later about the same line."""
    write(tmp_path, z=order(lines=order_line("1", "3")), a=order(lines=order_line("1", "5"), on="2024-03-05"),
          m=ubl("OrderChange", "CH-1", "<cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>"
                + order_line("1", "7"), on="2024-03-07"))  # fmt: skip

    got = read_folder(tmp_path)
    lines = of(mapped(tmp_path), "purchase_order_line")

    assert [line["quantity"] for line in lines] == ["5", "7"]
    assert {line["order_number"] for line in lines} == {"PO-1"}
    assert got.rejected == []
    assert "1 older versions and 0 copies left out" in got.end.proof


def test_copies_are_left_out(tmp_path: Path) -> None:
    """Another file name, other prefixes of namespaces, another comment: the same document."""
    write(tmp_path, a=order(), b=order(), c=order(prefix="q") + b"<!-- again -->")

    got = read_folder(tmp_path)

    assert len(got.records) == 2
    assert got.end.complete
    assert "0 older versions and 2 copies left out" in got.end.proof


def test_two_documents_of_one_number_and_date(tmp_path: Path) -> None:
    """Nothing tells which is right: one is taken, always the same, and the other is named."""
    one, two = invoice("I-1", "3"), invoice("I-1", "4")
    write(tmp_path, a=one, b=two)
    first = read_folder(tmp_path)
    write(tmp_path, a=two, b=one)
    second = read_folder(tmp_path)

    assert first.payloads == second.payloads
    assert [code for _, code in first.codes] == ["duplicate_number"]
    assert not first.end.complete


def test_the_same_number_of_two_vendors_is_two_invoices(tmp_path: Path) -> None:
    """Every vendor counts for itself."""
    write(tmp_path, a=invoice("I-1", "3"), b=invoice("I-1", "4").replace(b"Bechtle", b"Cancom"))

    invoices = of(mapped(tmp_path), "invoice")

    assert {i["vendor"] for i in invoices} == {"Bechtle", "Cancom"}
    assert len({str(identifiers("invoice", i)) for i in invoices}) == 2


def test_a_cancelled_order_says_so(tmp_path: Path) -> None:
    """Of the order it names, not of its own number."""
    inside = "<cac:OrderReference><cbc:ID>PO-1</cbc:ID></cac:OrderReference>"
    write(tmp_path, a=ubl("OrderCancellation", "X-1", inside))

    assert of(mapped(tmp_path), "purchase_order") == [{"name": "PO-1", "order_number": "PO-1", "status": "cancelled"}]


def test_a_credit_in_the_form_of_an_invoice(tmp_path: Path) -> None:
    """EN 16931 tells it by the type code."""
    code = b"</cbc:IssueDate><cbc:InvoiceTypeCode>381</cbc:InvoiceTypeCode>"
    write(tmp_path, a=invoice("I-1", "3").replace(b"</cbc:IssueDate>", code))

    records = mapped(tmp_path)

    assert of(records, "invoice")[0]["kind"] == "credit_note"
    assert of(records, "purchase_order_line")[0]["invoiced_quantity"] == "-3"


def test_people_accounts_and_attachments_are_not_kept(tmp_path: Path) -> None:
    """They are nobody's business here; what else the file says stays for maps of the user's own."""
    inside = (
        "<cac:Signature><cbc:ID>secret</cbc:ID></cac:Signature>"
        "<cac:AdditionalDocumentReference><cbc:ID>D1</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject>secret"
        "</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
        "<cac:PaymentMeans><cac:PayeeFinancialAccount><cbc:ID>secret</cbc:ID></cac:PayeeFinancialAccount></cac:PaymentMeans>"
        "<cac:BuyerCustomerParty><cac:Party><cac:Person><cbc:FirstName>secret</cbc:FirstName></cac:Person></cac:Party>"
        "</cac:BuyerCustomerParty><cbc:Tomorrow>new</cbc:Tomorrow>"
    )
    write(tmp_path, a=ubl("Order", "PO-1", inside))

    (record,) = read_folder(tmp_path).records

    assert "secret" not in str(record)
    assert record["source"]["Tomorrow"] == "new"
    assert record["source"]["AdditionalDocumentReference"] == {"ID": "D1"}
