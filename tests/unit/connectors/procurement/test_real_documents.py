"""Every real document is accounted for, by a count made without the connector."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

import pytest
from defusedxml import ElementTree

from tests.unit.connectors.procurement.reads import mapped, of, read_folder

# No document: a signature beside its document, and the minimal order of CEN BII, whose number is empty.
DEAD = {"UBL-Invoice-2.0-Detached-Signature.xml": "no_document", "CENBII-Order-minimal.xml": "no_key"}
OUT_OF_SCOPE = {
    "Catalogue": "what can be bought", "Response": "an acknowledgement of transport",
    "PunchOutOrderMessage": "a basket that a shop gives back; the order follows as OrderRequest",
    "PunchOutSetupResponse": "the address of a shop",
}  # fmt: skip
LINES = ("OrderLine", "DespatchLine", "ReceiptLine", "InvoiceLine", "CreditNoteLine")


class Counted(NamedTuple):
    """What a set holds, counted by element names alone."""

    files: int
    documents: int
    lines: int
    out_of_scope: int
    dead: int


def local(element: Element) -> str:
    """Name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def subject(path: Path) -> tuple[str, Element]:
    """Tell what a file is about, read independently."""
    root = ElementTree.fromstring(path.read_bytes())
    if local(root) != "cXML":
        return local(root), root
    inner = next(child for child in root if local(child) != "Header")
    names = [local(child) for child in inner if local(child) != "Status"]
    return (names[0] if names else local(inner)), root


def account(folder: Path) -> Counted:
    """Read each file alone and hold what comes against what stands in it."""
    found: Counter[str] = Counter()
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".xml"):
        found["files"] += 1
        about, root = subject(path)
        got = read_folder(path.parent, glob=path.name)
        if path.name in DEAD:
            assert got.codes == [(path.name, DEAD[path.name])]
            found["dead"] += 1
        elif about in OUT_OF_SCOPE:
            assert got.records == []
            assert about in got.warnings[0]
            found["out_of_scope"] += 1
        else:
            lines = sum(local(child) in LINES for child in root)
            assert [r["record"] for r in got.records] == ["document"] + ["line"] * lines, path.name
            assert got.end.complete
            found["documents"] += 1
            found["lines"] += lines
    return Counted(*(found[name] for name in Counted._fields))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("proc-ubl21", Counted(45, 41, 102, 2, 2)),
        ("proc-en16931-invoices", Counted(13, 13, 34, 0, 0)),
        ("proc-cxml", Counted(5, 0, 0, 5, 0)),
    ],
)
def test_every_file_is_mapped_or_named(shared: Path, name: str, expected: Counted) -> None:
    """A document becomes itself and its lines; anything else is a dead letter or out of scope, by name."""
    assert account(shared / "data" / name) == expected


@pytest.mark.parametrize("name", ["proc-ubl21", "proc-en16931-invoices"])
def test_numbers_dates_and_amounts_are_those_of_the_files(shared: Path, name: str) -> None:
    """Compared one by one with elements read independently; all fit the canonical model."""
    compared: Counter[str] = Counter()
    for path in sorted(p for p in (shared / "data" / name).rglob("*") if p.suffix.lower() == ".xml"):
        about, root = subject(path)
        if path.name in DEAD or about in OUT_OF_SCOPE:
            continue
        records = mapped(path.parent, glob=path.name)
        own = {local(child): (child.text or "").strip() for child in root if not len(child)}
        for paper in of(records, "invoice"):
            assert paper["invoice_number"] == own["ID"]
            assert paper["invoiced_on"] == own["IssueDate"]
            assert paper.get("currency") == own.get("DocumentCurrencyCode", paper.get("currency"))
            compared["invoice"] += 1
        for paper in of(records, "receipt"):
            assert paper["receipt_number"] == own["ID"]
            compared["receipt"] += 1
        for paper in of(records, "purchase_order") if about == "Order" else ():
            assert (paper["order_number"], paper["ordered_on"]) == (own["ID"], own["IssueDate"])
            compared["purchase_order"] += 1
        quantities = [float(e.text or 0) for e in root.iter() if local(e) in ("InvoicedQuantity", "DeliveredQuantity")]
        lines = of(records, "purchase_order_line")
        told = [float(x) for line in lines for f in ("invoiced_quantity", "shipped_quantity") if (x := line.get(f))]
        if len(quantities) == len(lines):
            assert told == quantities, path.name
            compared["quantities"] += len(told)

    assert min(compared.values()) > 0
    assert compared["invoice"] == {"proc-ubl21": 25, "proc-en16931-invoices": 13}[name]


def test_the_example_of_the_standard_meets(shared: Path, tmp_path: Path) -> None:
    """Order, despatch advice, receipt and invoice of OASIS' own example speak about one line.

    The receipt names no line: it is found by the article.
    """
    folder = shared / "data" / "proc-ubl21"
    for name in ("order/UBL-Order", "despatchadvice/UBL-DespatchAdvice", "receiptadvice/UBL-ReceiptAdvice",
                 "invoice/UBL-Invoice"):  # fmt: skip
        path = folder / f"{name}-2.0-Example.xml"
        (tmp_path / path.name).write_bytes(path.read_bytes())

    lines = of(mapped(tmp_path), "purchase_order_line")

    assert {(line["order_number"], line["line_number"]) for line in lines} == {("AEG012345", "1")}
    said: dict[str, str] = {}
    for line in lines:
        said.update({name: value for name, value in line.items() if name.endswith("quantity")})
    assert said == {
        "quantity": "100", "shipped_quantity": "90", "received_quantity": "90", "invoiced_quantity": "100"
    }  # fmt: skip
