"""A folder of inventories as the engine sees it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from connectors import registry
from synchub.errors import InputError
from tests.unit.connectors.agent_inventory.reads import agent, read_folder


def put(folder: Path, name: str, data: bytes, at: int = 1_000_000) -> None:
    """Write a file with a time of change."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (at, at))


def test_the_registry_knows_the_connector() -> None:
    """By name, with the shipped map."""
    connector = registry.load("agent_inventory")

    assert connector.open_source is not None
    assert (connector.maps / "inventories.yaml").is_file()


def test_one_record_per_file_at_any_depth(tmp_path: Path) -> None:
    """Other files in the folder are none of its business."""
    put(tmp_path, "ber/nb-1.json", agent("nb-1"))
    put(
        tmp_path,
        "nb-2.xml",
        b"<REQUEST><CONTENT><BIOS><SSN>X</SSN></BIOS></CONTENT><DEVICEID>nb-2</DEVICEID></REQUEST>",
    )
    put(tmp_path, "README.txt", b"notes")

    got = read_folder(tmp_path)

    assert sorted(r["derived"]["key"] for r in got.records) == ["nb-1", "nb-2"]
    assert got.places == ["ber/nb-1.json:1", "nb-2.xml:1"]
    assert got.end.complete
    assert got.end.proof == "all files listed: 2 devices in 2 files"


def test_the_order_of_keys_in_a_file_does_not_matter(tmp_path: Path) -> None:
    """Perl writes a hash in another order each time; the payload is the same."""
    put(tmp_path, "a.json", b'{"content":{"b":{"y":1,"x":2},"a":1},"deviceid":"n"}')
    first = read_folder(tmp_path).payloads
    put(tmp_path, "a.json", b'{"deviceid":"n","content":{"a":1,"b":{"x":2,"y":1}}}')

    assert read_folder(tmp_path).payloads == first


def test_the_newer_of_two_inventories_counts(tmp_path: Path) -> None:
    """By their own time, whatever the files are called and whenever they came."""
    put(tmp_path, "a.json", agent(at="2026-11-20 08:00:00"), at=2_000_000)
    put(tmp_path, "b.json", agent(at="2026-11-21 08:00:00"), at=3_000_000)
    put(tmp_path, "c.json", agent(at="2026-11-19 08:00:00"), at=1_000_000)

    got = read_folder(tmp_path)

    assert [r["content"]["accesslog"]["logdate"] for r in got.records] == ["2026-11-21 08:00:00"]
    assert got.end.complete
    assert got.end.proof == "all files listed: 1 devices in 3 files, 2 of them older inventories"
    assert len(got.warnings) == 2


def test_without_times_of_their_own_the_files_decide(tmp_path: Path) -> None:
    """Only where they are clearly apart: files that were copied together say nothing, and both are kept."""
    switch = b"<REQUEST><QUERY>SNMPQUERY</QUERY><DEVICEID>foo</DEVICEID><CONTENT><DEVICE><INFO><SERIAL>A1</SERIAL></INFO></DEVICE></CONTENT></REQUEST>"  # noqa: E501
    put(tmp_path, "mon.xml", switch, at=1_000_000)
    put(tmp_path, "tue.xml", switch, at=1_086_400)
    assert read_folder(tmp_path).places == ["tue.xml:1"]

    put(tmp_path, "mon.xml", switch, at=1_086_399)

    assert [r["derived"]["key"] for r in read_folder(tmp_path).records] == ["foo|A1", "foo|A1|mon.xml:1"]


def test_a_cloned_agent_id_swallows_no_device(tmp_path: Path) -> None:
    """Two machines from one image carry one id: both are kept, and a warning says so."""
    put(tmp_path, "a.json", agent(bios={"ssn": "SERIAL1"}, at="2026-11-20 08:00:00"))
    put(tmp_path, "b.json", agent(bios={"ssn": "SERIAL2"}, at="2026-11-21 08:00:00"))

    got = read_folder(tmp_path)

    assert sorted(r["derived"]["serial"] for r in got.records) == ["SERIAL1", "SERIAL2"]
    assert len({r["derived"]["key"] for r in got.records}) == 2
    assert "nothing tells which is newer" in got.warnings[0]


def test_an_unreadable_file_makes_the_snapshot_incomplete(tmp_path: Path) -> None:
    """It is a dead letter with its name; the others are read."""
    put(tmp_path, "a.json", agent("nb-1"))
    put(tmp_path, "b.json", b'{"content": ')
    put(tmp_path, "c.xml", b"<html/>")
    (tmp_path / "d.json").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "e.json")

    got = read_folder(tmp_path)

    assert sorted(got.codes) == [
        ("b.json", "not_json"), ("c.xml", "no_inventory"), ("d.json", "outside_root"), ("e.json", "no_regular_file")
    ]  # fmt: skip
    assert len(got.records) == 1
    assert not got.end.complete
    assert got.end.proof.endswith("and 3 more")


def test_a_device_without_any_key_is_a_dead_letter(tmp_path: Path) -> None:
    """Nothing would tell it from others."""
    put(tmp_path, "a.json", b'{"content":{"hardware":{}}}')

    assert read_folder(tmp_path).codes == [("a.json:1", "no_key")]


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    """An unmounted disk must not look like a company without devices."""
    with pytest.raises(InputError, match="no inventory matches"):
        read_folder(tmp_path)


def test_a_limited_read_is_not_complete(tmp_path: Path) -> None:
    """It says how far it went."""
    for number in range(5):
        put(tmp_path, f"{number}.json", agent(f"nb-{number}"))

    got = read_folder(tmp_path, limit=2)

    assert len(got.records) == 2
    assert not got.end.complete
    assert sum(page.end is not None for page in got.pages) == 1


def test_only_the_last_senders_prove_nothing(tmp_path: Path) -> None:
    """A spool that is emptied after each pull."""
    put(tmp_path, "a.json", agent())

    assert not read_folder(tmp_path, complete_when="never").end.complete


def test_a_stale_folder_is_told(tmp_path: Path) -> None:
    """Nothing has come for a while."""
    put(tmp_path, "a.json", agent(), at=1_000_000)

    assert "hours old" in read_folder(tmp_path, fresh_within="1h", now=1_100_000).warnings[0]
