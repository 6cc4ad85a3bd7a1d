"""A folder of documents: order of files, hostile files, what is out of scope."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.files.limits import DEFAULT
from synchub.errors import InputError
from tests.unit.connectors.procurement.reads import (
    UBL,
    invoice,
    item,
    order,
    order_line,
    read_folder,
    receipt,
    ubl,
    write,
)


def test_the_order_of_files_says_nothing(tmp_path: Path) -> None:
    """Twenty shuffles of names give the same records: versions, copies, partial deliveries and all."""
    documents = [
        order(), order(lines=order_line("1", "5"), on="2024-03-05"), order("PO-2"), order("PO-2"),
        receipt("R-1", "1", item("A1001"), on="2024-03-09"), receipt("R-2", "2", to="", on="2024-03-09"),
        invoice("I-1", "3"), invoice("I-1", "4"), invoice("C-1", "1", kind="CreditNote"),
    ]  # fmt: skip
    seen = set()
    for seed in range(20):
        shuffled = random.Random(seed).sample(documents, len(documents))
        write(tmp_path, **{f"d{n}": data for n, data in enumerate(shuffled)})
        seen.add(tuple(sorted(read_folder(tmp_path).payloads)))

    assert len(seen) == 1


HOSTILE = {
    "entity": (f'<!DOCTYPE Order [<!ENTITY a "b">]><Order xmlns="{UBL}:Order-2">&a;</Order>', "dtd_refused"),
    "bomb": ('<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><cXML>&b;</cXML>', "dtd_refused"),
    "external": ('<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><cXML>&a;</cXML>', "dtd_refused"),
    "undeclared": ('<!DOCTYPE cXML SYSTEM "http://x/cXML.dtd"><cXML>&a;</cXML>', "not_xml"),
    "deep": (f'<Order xmlns="{UBL}:Order-2">' + "<a>" * 200, "too_deep"),
    "other": ("<Invoice><ID>1</ID></Invoice>", "no_document"),
    "cut": (order().decode()[:-40], "not_xml"),
    "empty": ("", "not_xml"),
    "no number": (ubl("Order", " ").decode(), "no_key"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_dead_letters(tmp_path: Path, name: str) -> None:
    """The document beside them is read."""
    text, code = HOSTILE[name]
    write(tmp_path, hostile=text.encode(), order=order())

    got = read_folder(tmp_path)

    assert got.codes == [("hostile.xml", code)]
    assert len(got.records) == 2
    assert not got.end.complete


@pytest.mark.parametrize("text", ["O'Brien^x=1", "a&amp;b &lt;script&gt;", "=HYPERLINK(1)", "\u202egnp.exe \U0001f4bb"])
def test_awkward_texts_come_as_they_are(tmp_path: Path, text: str) -> None:
    """In names and in numbers."""
    write(tmp_path, a=order(text, order_line("1", "1", item(name=text))))

    records = read_folder(tmp_path).records

    plain = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    assert records[0]["document"]["number"] == plain
    assert records[1]["line"]["name"] == plain


def test_what_is_out_of_scope_is_counted_by_name(tmp_path: Path) -> None:
    """A catalogue is no purchase: told, but nothing is missing because of it."""
    write(tmp_path, a=ubl("Catalogue", "C-1"), b=ubl("Catalogue", "C-2"), c=order())

    got = read_folder(tmp_path)

    assert got.warnings == ["out of scope: 2 UBL Catalogue"]
    assert got.end.complete


def test_lines_of_one_number_stay_apart(tmp_path: Path) -> None:
    """Some systems number every line 1."""
    write(tmp_path, a=order(lines=order_line("1", "3") + order_line("1", "4")))

    assert len({record["key"] for record in read_folder(tmp_path).records}) == 3


def test_a_large_document_is_refused(tmp_path: Path) -> None:
    """Before it is read."""
    write(tmp_path, a=order(), b=order("PO-2"))
    (tmp_path / "b.xml").write_bytes(b"<a>" + b" " * (65 * 1024 * 1024))

    got = read_folder(tmp_path, limits=replace(DEFAULT, depth=50))

    assert got.codes == [("b.xml", "file_too_large")]


def test_a_limited_read_is_never_complete(tmp_path: Path) -> None:
    """It stops at so many records."""
    write(tmp_path, a=order(), b=order("PO-2"))

    got = read_folder(tmp_path, limit=3)

    assert len(got.records) == 3
    assert not got.end.complete


def test_a_folder_without_documents_is_an_error(tmp_path: Path) -> None:
    """It looks like a disk that is not mounted."""
    with pytest.raises(InputError, match="not taken for an empty delivery"):
        read_folder(tmp_path)
