"""Procurement documents and scans: names, copies and broken bytes change nothing of what is right."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.connectors.nmap import reads as nmap
from tests.unit.connectors.procurement.reads import invoice, item, order, order_line, read_folder, receipt

_days = st.integers(1, 5).map(lambda day: f"2024-03-0{day}")
_numbers = st.sampled_from(["1", "2"])
_quantities = st.sampled_from(["1", "2.5", "3"])
_articles = st.sampled_from([item(), item("A1001"), item("A1001", "A1002"), item(part="")])
_documents = st.one_of(
    st.builds(
        lambda n, q, a, d: order(f"PO-{n}", order_line("1", q, a), on=d), _numbers, _quantities, _articles, _days
    ),
    st.builds(lambda n, q, a, d: receipt(f"R-{n}", q, a, on=d), _numbers, _quantities, _articles, _days),
    st.builds(lambda n, q, a, d: receipt(f"R-{n}", q, a, to="", on=d), _numbers, _quantities, _articles, _days),
    st.builds(lambda n, q, a, d: invoice(f"I-{n}", q, a, on=d), _numbers, _quantities, _articles, _days),
    st.builds(lambda n, q, d: invoice(f"C-{n}", q, kind="CreditNote", on=d), _numbers, _quantities, _days),
)


def _read(documents: list[bytes], seed: int) -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(random.Random(seed).sample(documents, len(documents))):
            Path(folder, f"{number}.xml").write_bytes(data)
        return sorted(read_folder(Path(folder)).payloads)


@settings(max_examples=40, deadline=None)
@given(documents=st.lists(_documents, min_size=1, max_size=8), seed=st.integers(0, 999), copies=st.integers(0, 3))
def test_neither_names_nor_copies_of_documents_matter(documents: list[bytes], seed: int, copies: int) -> None:
    """The same records, each key once."""
    first = _read(documents, 0)

    assert first == _read([*documents, *documents[:copies]], seed)


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 900), junk=st.binary(max_size=20))
def test_no_bytes_stop_the_rest(cut: int, junk: bytes) -> None:
    """A document and a scan that are cut and spoilt are dead letters at worst; their neighbours come."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "bad.xml").write_bytes(order("PO-9")[:cut] + junk)
        Path(folder, "good.xml").write_bytes(order("PO-1"))
        assert "PO-1" in {record["document"]["number"] for record in read_folder(Path(folder)).records}

        Path(folder, "bad.xml").write_bytes(nmap.scan(nmap.host("10.0.0.8"))[:cut] + junk)
        Path(folder, "good.xml").write_bytes(nmap.scan(nmap.host("10.0.0.9", ""), args="nmap 10.0.0.9"))
        assert "10.0.0.9" in {record["derived"]["ip"] for record in nmap.read_folder(Path(folder)).records}
