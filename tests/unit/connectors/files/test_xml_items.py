"""XML, honest and hostile."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest

from connectors.files.limits import Limits
from connectors.files.xml_items import parse_events
from synchub.errors import InputError
from tests.unit.connectors.files.reads import open_source, read_file

ORDER = b"""<?xml version="1.0"?>
<o:order xmlns:o="urn:x" id="7"><o:head><o:buyer>Zo\xc3\xab</o:buyer></o:head>
<o:line no="1"><sku>A</sku><tag>x</tag><tag>y</tag><empty/></o:line>
<o:line no="2"><sku>B</sku></o:line></o:order>"""


def test_elements_become_objects(tmp_path: Path) -> None:
    """Attributes, repeated children, text and namespaces."""
    got = read_file(tmp_path, "a.xml", ORDER, item="line")

    assert got.records == [
        {"@no": "1", "sku": "A", "tag": ["x", "y"], "empty": None},
        {"@no": "2", "sku": "B"},
    ]
    assert got.places == ["a.xml:1", "a.xml:2"]


def test_without_an_item_every_child_of_the_root_is_a_record(tmp_path: Path) -> None:
    """An element of nothing but text is a record with `#text`."""
    got = read_file(tmp_path, "a.xml", b"<r><a><b>1</b></a><c>2</c></r>")

    assert got.records == [{"b": "1"}, {"#text": "2"}]


def test_an_item_can_be_a_path(tmp_path: Path) -> None:
    """Elements of the same name elsewhere are none."""
    data = b"<r><line><x>no</x></line><order><line><x>yes</x></line></order></r>"

    assert read_file(tmp_path, "a.xml", data, item="order/line").records == [{"x": "yes"}]


def test_an_item_inside_an_item_is_read_with_it_and_by_itself(tmp_path: Path) -> None:
    """The inner one comes first, as it is complete first."""
    data = b"<r><part><n>1</n><part><n>2</n></part></part></r>"

    assert read_file(tmp_path, "a.xml", data, item="part").records == [{"n": "2"}, {"n": "1", "part": {"n": "2"}}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_the_declared_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    """The prologue tells."""
    data = f'<?xml version="1.0" encoding="{encoding}"?><r><a><n>Zoë</n></a></r>'.encode(encoding)

    assert read_file(tmp_path, "a.xml", data).records == [{"n": "Zoë"}]


@pytest.mark.parametrize(
    "prologue",
    [
        b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd">',
        b"<!DOCTYPE r>",
    ],
)
def test_a_dtd_is_refused(tmp_path: Path, prologue: bytes) -> None:
    """Billion laughs, external files, external DTDs, and the mere declaration."""
    got = read_file(tmp_path, "a.xml", prologue + b"<r><a><n>&c;</n></a></r>")

    assert [code for _, code in got.codes] == ["dtd_refused"]
    assert got.records == []


def test_records_before_a_break_are_kept(tmp_path: Path) -> None:
    """A cut file names line and column."""
    got = read_file(tmp_path, "a.xml", b"<r><a><n>1</n></a>\n<a><n>2</n>")

    assert got.records == [{"n": "1"}]
    assert got.codes == [("a.xml:2", "not_xml")]
    assert "line 2" in got.rejected[0].message


@pytest.mark.parametrize("data", [b"", b"no xml", b'<?xml version="1.0" encoding="klingon"?><r/>', b"<r>\x00</r>"])
def test_what_is_no_xml_is_one_dead_letter(tmp_path: Path, data: bytes) -> None:
    """Whatever the parser says."""
    assert [code for _, code in read_file(tmp_path, "a.xml", data).codes] == ["not_xml"]


def test_deep_nesting_is_refused(tmp_path: Path) -> None:
    """Before it eats the stack."""
    got = read_file(tmp_path, "a.xml", b"<r>" + b"<a>" * 50_000)

    assert [code for _, code in got.codes] == ["too_deep"]


@pytest.mark.parametrize(
    "data", [b'<r><a n="' + b"x" * 3_000_000 + b'"/></r>', b"<r><a><n>" + b"x" * 3_000_000 + b"</n></a></r>",
             b"<r><a>" + b"<n/>" * 800_000 + b"</a></r>"],
)  # fmt: skip
def test_a_record_over_the_limit_is_refused(tmp_path: Path, data: bytes) -> None:
    """A huge attribute, a huge text, or a record of a million children."""
    got = read_file(tmp_path, "a.xml", data, limits=Limits(record_bytes=1_000_000))

    assert [code for _, code in got.codes] == ["item_too_large"]


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Four times the records take no more memory."""
    peaks = []
    for count in (10_000, 40_000):
        (tmp_path / "big.xml").write_bytes(b"<r>" + b"<a><n>text of a record</n></a>\n" * count + b"</r>")
        source = open_source(tmp_path, {"lines": {"glob": "big.xml", "item": "a"}})
        tracemalloc.start()
        found = sum(len(page.payloads) for page in source.read("lines"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert found == count

    assert peaks[1] < 1.2 * peaks[0]


def test_an_item_that_never_comes_is_told(tmp_path: Path) -> None:
    """A wrong `item` looks like an empty file otherwise."""
    assert "no element 'lines'" in read_file(tmp_path, "a.xml", ORDER, item="lines").warnings[0]


@pytest.mark.parametrize(
    "head", ["<!DOCTYPE a>", '<!DOCTYPE a SYSTEM "http://x/a.dtd">', '<!DOCTYPE a PUBLIC "p" "a.dtd">']
)
def test_a_bare_document_type_is_accepted_where_it_is_usual(head: str) -> None:
    """As nmap and cXML write it; nothing is fetched. Elsewhere it is refused."""
    data = f"{head}<a/>".encode()

    assert [event for event, _ in parse_events(BytesIO(data), doctype=True)] == ["start", "end"]
    with pytest.raises(InputError, match="DTD"):
        list(parse_events(BytesIO(data)))


@pytest.mark.parametrize(
    "inside",
    [
        '<!ENTITY e "x">',
        '<!ENTITY % e SYSTEM "file:///etc/passwd"> %e;',
        '<!ATTLIST a b CDATA "injected">',
        "<!ELEMENT a ANY>",
    ],
)
def test_a_document_type_that_declares_something_is_refused(inside: str) -> None:
    """Whatever it declares, with and without an address beside it."""
    for head in ("<!DOCTYPE a [", '<!DOCTYPE a SYSTEM "http://x/a.dtd" ['):
        with pytest.raises(InputError) as caught:
            list(parse_events(BytesIO(f"{head}{inside}]><a/>".encode()), doctype=True))
        assert caught.value.context["reason"] == "dtd_refused"
