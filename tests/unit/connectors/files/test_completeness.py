"""A snapshot proves itself or says why not."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from connectors.files.completeness import Promise, read_manifest
from connectors.files.limits import Limits
from synchub.domain.records import Page
from synchub.errors import InputError
from tests.unit.connectors.files.reads import Got, open_source, read_stream

A, B = b"id,n\n1,a\n2,b\n", b"id,n\n3,c\n"


@pytest.fixture
def drop(tmp_path: Path) -> Path:
    (tmp_path / "po_1.csv").write_bytes(A)
    (tmp_path / "po_2.csv").write_bytes(B)
    return tmp_path


def manifest(drop: Path, **changes: object) -> Got:
    """Write a manifest of both files with some changes and read the stream."""
    entries = [
        {"name": "po_1.csv", "count": 2, "sha256": hashlib.sha256(A).hexdigest()},
        {"name": "po_2.csv", "count": 1},
    ]
    entries[0].update(changes)
    (drop / "manifest.json").write_text(json.dumps({"files": entries}))
    return read_stream(drop, glob="po_*.csv", complete_when="manifest")


def test_a_manifest_that_holds_proves_the_snapshot(drop: Path) -> None:
    """With the count in the proof."""
    got = manifest(drop)

    assert got.end.complete
    assert got.end.proof == "manifest 3"
    assert [r["id"] for r in got.records] == ["1", "2", "3"]


def test_a_shortened_file_is_told(drop: Path) -> None:
    """The counts of both are in the proof."""
    got = manifest(drop, count=5, sha256="")

    assert not got.end.complete
    assert got.end.proof == "po_1.csv holds 2 of 5 records"


def test_another_file_than_the_promised_one_is_not_read(drop: Path) -> None:
    """A digest that differs makes the whole file a dead letter."""
    got = manifest(drop, sha256="0" * 64)

    assert got.codes == [("po_1.csv", "wrong_digest")]
    assert not got.end.complete
    assert [r["id"] for r in got.records] == ["3"]


def test_a_missing_part_is_told(drop: Path) -> None:
    """A file that the manifest names is not there."""
    got = manifest(drop, name="po_0.csv")

    assert not got.end.complete
    assert "po_0.csv is missing" in got.end.proof
    assert "no manifest names po_1.csv" in got.end.proof


def test_files_of_other_streams_in_the_manifest_do_not_count(drop: Path) -> None:
    """One manifest often covers a whole delivery."""
    (drop / "manifest.csv").write_text("name;count\npo_1.csv;2\npo_2.csv;1\nhr.csv;900\n")

    assert read_stream(drop, glob="po_*.csv", complete_when="manifest").end.complete


def test_no_manifest_proves_nothing(drop: Path) -> None:
    """It may still be on its way."""
    got = read_stream(drop, glob="po_*.csv", complete_when="manifest")

    assert not got.end.complete
    assert got.end.proof == "no manifest names po_1.csv; no manifest names po_2.csv"


def test_a_manifest_beside_each_file(drop: Path) -> None:
    """`<name>.manifest`, and it is not read as data."""
    (drop / "po_1.csv.manifest").write_text('{"count": 2}')
    (drop / "po_2.csv.manifest").write_text("name,count\npo_2.csv,1\n")

    got = read_stream(drop, glob="po_*", complete_when="manifest")

    assert got.end.proof == "manifest 3"
    assert len(got.records) == 3


def test_a_rejected_row_that_the_count_included_is_told(drop: Path) -> None:
    """The row may be of a device that is there."""
    (drop / "po_2.csv").write_bytes(b"id,n\n3\n")

    got = manifest(drop)

    assert not got.end.complete
    assert got.end.proof == "po_2.csv has 1 rejected of 1"


@pytest.mark.parametrize(
    "text", ["nonsense", '{"files": [1]}', "name,count\npo_1.csv,many\n", "", "[[", '{"files": 5}']
)
def test_a_broken_manifest_proves_nothing(drop: Path, text: str) -> None:
    """The data is read all the same."""
    (drop / "manifest.json").write_text(text)

    got = read_stream(drop, glob="po_*.csv", complete_when="manifest")

    assert not got.end.complete
    assert "manifest" in got.end.proof
    assert len(got.records) == 3


def test_a_manifest_that_is_a_link_out_is_not_opened(drop: Path) -> None:
    """A sidecar is a file like the others."""
    outside = drop.parent / f"{drop.name}-outside.json"
    outside.write_text('{"po_1.csv": {"count": 2}, "po_2.csv": {"count": 1}}')
    (drop / "manifest.json").symlink_to(outside)

    got = read_stream(drop, glob="po_*.csv", complete_when="manifest")

    assert "manifest.json leads out of the configured root" in got.end.proof


def test_a_count_beside_each_file(drop: Path) -> None:
    """One number."""
    (drop / "po_1.csv.count").write_text("2\n")
    (drop / "po_2.csv.count").write_text("1")

    assert read_stream(drop, glob="po_*", complete_when="count").end.proof == "count 3"


def test_a_missing_or_broken_count_is_told(drop: Path) -> None:
    """Once each."""
    (drop / "po_1.csv.count").write_text("two")

    got = read_stream(drop, glob="po_*", complete_when="count")

    assert got.end.proof == "po_1.csv.count holds a count that is no whole number; po_2.csv.count is missing"


def test_a_trailer_proves_its_file(tmp_path: Path) -> None:
    """It is no record and not ragged."""
    (tmp_path / "a.csv").write_bytes(b"id;n;x\n1;a;b\n2;c;d\nTRAILER;2\n")

    got = read_stream(tmp_path, glob="a.csv", complete_when="trailer")

    assert got.end.proof == "trailer 2"
    assert len(got.records) == 2
    assert got.rejected == []


@pytest.mark.parametrize(
    ("tail", "problem"),
    [
        (b"", "has no trailer row: it was cut"),
        (b"TRAILER;9\n", "holds 1 of 9 records"),
        (b"TRAILER;2\n2;b\n", "goes on after its trailer row"),
        (b"TRAILER;many\n", "has no trailer row"),
    ],
)
def test_a_trailer_that_does_not_hold_is_told(tmp_path: Path, tail: bytes, problem: str) -> None:
    """Cut, miscounted, glued together, broken."""
    (tmp_path / "a.csv").write_bytes(b"id;n\n1;a\n" + tail)

    got = read_stream(tmp_path, glob="a.csv", complete_when="trailer")

    assert not got.end.complete
    assert problem in got.end.proof


def test_the_file_set_can_be_the_snapshot(drop: Path) -> None:
    """`always`: what is there is everything, unless something could not be read."""
    assert read_stream(drop, glob="po_*.csv", complete_when="always").end.proof == "file set 3"

    (drop / "po_3.csv").write_bytes(b"id,n\n4\n")

    assert not read_stream(drop, glob="po_*.csv", complete_when="always").end.complete


def test_an_empty_file_set_is_no_snapshot(drop: Path) -> None:
    """A header without rows says nothing by itself; a manifest that promises 0 does."""
    (drop / "none.csv").write_bytes(b"id,n\n")

    assert not read_stream(drop, glob="none.csv", complete_when="always").end.complete

    (drop / "none.csv.manifest").write_text('{"count": 0}')
    assert read_stream(drop, glob="none.csv", complete_when="manifest").end.complete


def test_never_says_nothing(drop: Path) -> None:
    """The default."""
    got = read_stream(drop, glob="po_*.csv")

    assert not got.end.complete
    assert got.end.proof == "3 records in 2 files; complete_when is never"


def test_a_limited_read_is_not_complete(drop: Path) -> None:
    """Whatever the manifest says."""
    (drop / "manifest.json").write_text('{"po_1.csv": {"count": 2}, "po_2.csv": {"count": 1}}')

    got = read_stream(drop, glob="po_*.csv", complete_when="manifest", limit=2)

    assert [r["id"] for r in got.records] == ["1", "2"]
    assert not got.end.complete
    assert sum(page.end is not None for page in got.pages) == 1


def test_a_file_that_grows_while_it_is_read_is_told(tmp_path: Path) -> None:
    """What was read stays; the snapshot proves nothing."""
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"a":1}\n' * 5000)
    source = open_source(
        tmp_path, {"s": {"glob": "*.ndjson", "complete_when": "always"}}, limits=Limits(block_bytes=999)
    )
    pages: list[Page] = []
    for page in source.read("s"):
        if not pages:
            with path.open("ab") as handle:
                handle.write(b'{"a":2}\n')
                os.fsync(handle.fileno())
        pages.append(page)
    got = Got(pages)

    assert got.codes == [("a.ndjson", "changed_while_read")]
    assert got.end.proof == "a.ndjson changed while it was read"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[{"name": "a", "count": "7"}]', {"a": Promise(7)}),
        ('{"a": {"records": 7}}', {"a": Promise(7)}),
        ('{"files": [{"file": "a"}]}', {"a": Promise()}),
        ('{"count": 7}', {"": Promise(7)}),
        ("\ufefffile\tcount\tsha256\na\t7\t", {"a": Promise(7)}),
    ],
)
def test_manifests_come_in_several_shapes(text: str, expected: dict[str, Promise]) -> None:
    """As people write them."""
    assert read_manifest(text.encode()) == expected


@pytest.mark.parametrize("text", ['{"count": -1}', '{"count": 1.5}', '{"count": 1, "sha256": "x"}', "count\n7\n"])
def test_a_promise_that_is_none_is_refused(text: str) -> None:
    """A manifest is believed as a whole or not at all."""
    with pytest.raises(InputError):
        read_manifest(text.encode())
