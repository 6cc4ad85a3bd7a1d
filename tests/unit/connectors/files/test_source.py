"""The file source as the engine sees it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from connectors import registry
from connectors.files.limits import Limits
from synchub.errors import ConfigError, InputError
from tests.unit.connectors.files.reads import Got, open_source, read_stream


def test_the_registry_knows_the_connector() -> None:
    """By name, with its folder of maps."""
    connector = registry.load("files")

    assert connector.name == "files"
    assert connector.open_source is not None
    assert connector.open_target is None


def test_an_empty_glob_is_an_error_and_no_empty_delivery(tmp_path: Path) -> None:
    """Nothing matched must never look like everything is gone."""
    (tmp_path / "other.txt").write_text("x")

    with pytest.raises(InputError, match=r"no file matches 'po_\*.csv'"):
        read_stream(tmp_path, glob="po_*.csv", complete_when="always")


def test_sidecars_alone_are_nothing(tmp_path: Path) -> None:
    """A manifest without its files."""
    (tmp_path / "a.csv.manifest").write_text('{"count": 1}')

    with pytest.raises(InputError):
        read_stream(tmp_path, glob="*", complete_when="manifest")


def test_bad_files_do_not_stop_the_others(tmp_path: Path) -> None:
    """A FIFO, a link out, an unknown ending and a broken workbook are dead letters with their names."""
    (tmp_path / "d.csv").write_bytes(b"id\n1\n")
    os.mkfifo(tmp_path / "a.csv")
    (tmp_path / "b.csv").symlink_to("/etc/hostname")
    (tmp_path / "c.dat").write_text("x")
    (tmp_path / "e.xlsx").write_text("x")

    got = read_stream(tmp_path, glob="*", complete_when="always")

    assert got.codes == [
        ("a.csv", "no_regular_file"), ("b.csv", "outside_root"), ("c.dat", "unknown_format"), ("e.xlsx", "bad_workbook")
    ]  # fmt: skip
    assert got.records == [{"id": "1"}]
    assert not got.end.complete


def test_files_of_several_formats_make_one_stream(tmp_path: Path) -> None:
    """In the order of their names."""
    (tmp_path / "b.csv").write_bytes(b"id\n2\n")
    (tmp_path / "a.ndjson").write_bytes(b'{"id":"1"}\n')
    (tmp_path / "c.json").write_bytes(b'[{"id":"3"}]')
    (tmp_path / "d.xml").write_bytes(b"<r><a><id>4</id></a></r>")

    got = read_stream(tmp_path, glob="*", complete_when="always")

    assert [r["id"] for r in got.records] == ["1", "2", "3", "4"]
    assert got.end.complete
    assert [page.end is not None for page in got.pages] == [False] * (len(got.pages) - 1) + [True]


def test_pages_are_read_as_they_are_asked_for(tmp_path: Path) -> None:
    """The first page comes before the file was read to its end."""
    (tmp_path / "a.ndjson").write_bytes(b'{"id":"1"}\n' * 10_000)
    source = open_source(tmp_path, {"s": {"glob": "*"}}, limits=Limits(block_bytes=1000))

    first = next(iter(source.read("s")))

    assert 0 < len(first.payloads) < 100
    source.close()


def test_streams_tell_map_and_privacy(tmp_path: Path) -> None:
    """People by name, unless configured."""
    source = open_source(
        tmp_path,
        {"employees": {"glob": "*"}, "joined": {"glob": "*", "map": "aw_employees"},
         "hr": {"glob": "*", "personal": False}},
    )  # fmt: skip

    infos = source.streams()

    assert [(i.name, i.map, i.personal) for i in infos.values()] == [
        ("employees", "employees.yaml", True), ("joined", "aw_employees.yaml", True), ("hr", "hr.yaml", False)
    ]  # fmt: skip


def test_options_go_to_the_field_map(tmp_path: Path) -> None:
    """Decimal sign, dates and time zone, where configured."""
    source = open_source(
        tmp_path, {"s": {"glob": "*", "decimal": ",", "timezone": "Europe/Berlin"}, "t": {"glob": "*"}}
    )

    assert source.options("s") == {"decimal": ",", "timezone": "Europe/Berlin"}
    assert source.options("t") == {}
    with pytest.raises(ConfigError, match="Configured are: s, t"):
        source.options("x")


def test_a_stale_delivery_is_told(tmp_path: Path) -> None:
    """By the time of the newest file."""
    (tmp_path / "a.csv").write_bytes(b"id\n1\n")
    os.utime(tmp_path / "a.csv", (1_000_000, 1_000_000))
    streams = {"s": {"glob": "*", "fresh_within": "26h"}}

    late = Got(list(open_source(tmp_path, streams, now=1_000_000 + 50 * 3600).read("s")))
    fresh = Got(list(open_source(tmp_path, streams, now=1_000_000 + 3600).read("s")))

    assert late.warnings == ["the newest file of * is 50 hours old, allowed are 1 day, 2:00:00"]
    assert fresh.warnings == []


def test_errors_survive_pickling(tmp_path: Path) -> None:
    """Prefect pickles them between processes."""
    with pytest.raises(InputError) as caught:
        read_stream(tmp_path, glob="*")

    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own bytes

    assert str(again) == str(caught.value)


def test_reading_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    """An unchanged file must hash to the same records."""
    (tmp_path / "a.csv").write_bytes(b"id,name\n1,a\n2,b\n")
    (tmp_path / "b.xml").write_bytes(b"<r><a x='1'><n>1</n></a></r>")

    assert read_stream(tmp_path, glob="*").payloads == read_stream(tmp_path, glob="*").payloads
