"""A folder of scans: which of them speak, what is complete, what is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from connectors.files.limits import DEFAULT
from synchub.errors import ConfigError, InputError
from tests.unit.connectors.nmap.reads import host, read_folder, scan


def write(folder: Path, **files: bytes) -> None:
    """Write scans under their names."""
    for name, data in files.items():
        (folder / f"{name}.xml").write_bytes(data)


def keys(folder: Path) -> list[str]:
    """Native keys of a read, in order."""
    return [record["derived"]["key"] for record in read_folder(folder).records]


def test_a_whole_scan_is_complete(tmp_path: Path) -> None:
    """Hosts that answered are records; those that did not are counted."""
    write(tmp_path, a=scan(host(), host("10.0.0.8", "", state="down")))

    got = read_folder(tmp_path)

    assert [r["derived"]["key"] for r in got.records] == ["00:25:90:aa:bb:01"]
    assert got.end.complete
    assert got.end.proof == "1 hosts up, 1 down in 1 scans"
    assert got.end.as_of == int((tmp_path / "a.xml").stat().st_mtime)


def test_a_newer_scan_of_the_same_targets_replaces_the_older(tmp_path: Path) -> None:
    """Who is only in the older one is absent: otherwise a folder of daily scans would lose nobody, ever."""
    gone, stays = host("10.0.0.8", "00:25:90:aa:bb:02"), host()
    again = "/usr/bin/nmap -vv -oX tuesday.xml -sS 10.0.0.0/24"
    write(tmp_path, monday=scan(stays, gone, args="nmap -sS -oX monday.xml 10.0.0.0/24"),
          tuesday=scan(stays, args=again, start=1_700_090_000))  # fmt: skip

    got = read_folder(tmp_path)

    assert [r["derived"]["key"] for r in got.records] == ["00:25:90:aa:bb:01"]
    assert got.places == ["tuesday.xml:1"]
    assert got.end.complete


def test_scans_of_other_targets_stand_beside_each_other(tmp_path: Path) -> None:
    """Another network, and the same addresses in another folder: two sites use the same ones."""
    (tmp_path / "ber").mkdir()
    (tmp_path / "muc").mkdir()
    lone = host(mac="")
    (tmp_path / "ber" / "a.xml").write_bytes(scan(lone))
    (tmp_path / "muc" / "a.xml").write_bytes(scan(lone, start=1_700_090_000))
    write(tmp_path, b=scan(host("10.1.0.9", ""), args="nmap 10.1.0.0/24"))

    assert sorted(keys(tmp_path)) == ["10.1.0.9", "ber|10.0.0.7", "muc|10.0.0.7"]


def test_a_scan_that_was_stopped_takes_nothing_away(tmp_path: Path) -> None:
    """Its hosts are news; who is missing in it still stands in the older one, and the read is not complete."""
    write(tmp_path, a=scan(host(), host("10.0.0.8", "00:25:90:aa:bb:02")),
          b=scan(host("10.0.0.9"), start=1_700_090_000, end="<host><sta"))  # fmt: skip

    got = read_folder(tmp_path)

    assert [(r["derived"]["key"], r["derived"]["ip"]) for r in got.records] == [
        ("00:25:90:aa:bb:01", "10.0.0.9"),
        ("00:25:90:aa:bb:02", "10.0.0.8"),
    ]
    assert got.codes == [("b.xml", "not_xml")]
    assert not got.end.complete


@pytest.mark.parametrize(
    "end",
    [
        "</nmaprun>",
        '<runstats><finished exit="error" errormsg="x"/></runstats></nmaprun>',
        '<runstats><finished exit="success"/><hosts up="2" down="0" total="2"/></runstats></nmaprun>',
    ],
    ids=["no runstats", "error", "one host too few"],
)
def test_a_scan_without_a_proper_end_is_not_complete(tmp_path: Path, end: str) -> None:
    """The file says how it ended and how many hosts were up."""
    write(tmp_path, a=scan(host(), end=end))

    got = read_folder(tmp_path)

    assert len(got.records) == 1
    assert got.codes == [("a.xml", "no_end")]
    assert not got.end.complete


def test_the_order_of_names_says_nothing(tmp_path: Path) -> None:
    """Three scans under all names give the same records."""
    scans = [
        scan(host(), args="nmap 10.0.0.0/24", start=1_700_000_000),
        scan(host("10.0.0.9"), args="nmap 10.0.0.0/25", start=1_700_000_300),
        scan(host("10.0.0.8", "00:25:90:aa:bb:02"), args="nmap 10.0.0.0/24", start=1_700_000_200),
    ]
    seen = set()
    for order in permutations(scans):
        write(tmp_path, **dict(zip("abc", order, strict=True)))
        seen.add(tuple(sorted(read_folder(tmp_path).payloads)))

    assert len(seen) == 1
    assert len(seen.pop()) == 2


def test_one_card_with_several_addresses(tmp_path: Path) -> None:
    """Each address is a record of its own: a gateway that answers for others must not swallow them."""
    write(tmp_path, a=scan(host(), host("10.0.0.8"), host("10.0.0.9")))

    assert keys(tmp_path) == ["00:25:90:aa:bb:01", "00:25:90:aa:bb:01|10.0.0.8", "00:25:90:aa:bb:01|10.0.0.9"]


def test_a_card_that_moved_to_another_address_is_the_same_record(tmp_path: Path) -> None:
    """Leases change; the newest scan says where it is."""
    write(tmp_path, a=scan(host()), b=scan(host("10.0.0.99"), args="nmap 10.0.0.99", start=1_700_090_000))

    got = read_folder(tmp_path)

    assert [(r["derived"]["key"], r["derived"]["ip"]) for r in got.records] == [("00:25:90:aa:bb:01", "10.0.0.99")]


def test_a_host_without_an_address_is_a_dead_letter(tmp_path: Path) -> None:
    """The others come; nothing is concluded from what is missing."""
    write(tmp_path, a=scan(host("IP", ""), host()))

    got = read_folder(tmp_path)

    assert len(got.records) == 1
    assert got.codes == [("a.xml:1", "no_key")]
    assert not got.end.complete


HOSTILE = {
    "entity": b'<!DOCTYPE nmaprun [<!ENTITY a "b">]><nmaprun scanner="nmap">&a;</nmaprun>',
    "external entity": b'<!DOCTYPE nmaprun [<!ENTITY a SYSTEM "file:///etc/passwd">]><nmaprun>&a;</nmaprun>',
    "parameter entity": b'<!DOCTYPE nmaprun [<!ENTITY % a SYSTEM "http://x/"> %a;]><nmaprun scanner="nmap"/>',
    "attribute default": b'<!DOCTYPE nmaprun [<!ATTLIST nmaprun scanner CDATA "nmap">]><nmaprun/>',
    "undeclared entity": b'<!DOCTYPE nmaprun SYSTEM "http://x/y.dtd"><nmaprun scanner="nmap">&a;</nmaprun>',
    "masscan": b'<nmaprun scanner="masscan"/>',
    "no xml": b"Starting Nmap 7.94",
    "empty": b"",
    "deep": b'<nmaprun scanner="nmap">' + b"<host>" * 200,
    "large host": b'<nmaprun scanner="nmap"><host>' + b"<a/>" * 2000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_dead_letters(tmp_path: Path, name: str) -> None:
    """The scan beside them is read."""
    write(tmp_path, hostile=HOSTILE[name], scan=scan(host()))

    got = read_folder(tmp_path, limits=replace(DEFAULT, record_bytes=4096, block_bytes=1024))

    assert [place for place, _ in got.codes] == ["hostile.xml"]
    assert [r["derived"]["key"] for r in got.records] == ["00:25:90:aa:bb:01"]
    assert not got.end.complete


def test_links_out_of_the_root_are_not_followed(tmp_path: Path) -> None:
    """As for all files."""
    root = tmp_path / "root"
    root.mkdir()
    write(root, a=scan(host()))
    write(tmp_path, secret=scan(host("10.0.0.66", "")))
    (root / "b.xml").symlink_to(tmp_path / "secret.xml")

    got = read_folder(root)

    assert got.codes == [("b.xml", "outside_root")]
    assert len(got.records) == 1


def test_a_limited_read_is_never_complete(tmp_path: Path) -> None:
    """It stops at so many hosts."""
    write(tmp_path, a=scan(host(), host("10.0.0.8", "00:25:90:aa:bb:02")))

    got = read_folder(tmp_path, limit=1)

    assert len(got.records) == 1
    assert not got.end.complete


def test_a_folder_without_scans_is_an_error(tmp_path: Path) -> None:
    """It looks like a disk that is not mounted."""
    with pytest.raises(InputError, match="not taken for an empty delivery"):
        read_folder(tmp_path)


def test_old_scans_are_stale(tmp_path: Path) -> None:
    """A warning, no error; and what `complete_when: never` says is shown."""
    write(tmp_path, a=scan(host()))

    got = read_folder(tmp_path, now=4_000_000_000, fresh_within="26h", complete_when="never")

    assert "allowed are 1 day, 2:00:00" in got.warnings[0]
    assert not got.end.complete


def test_a_glob_that_leaves_the_root_is_refused(tmp_path: Path) -> None:
    """As a configuration error."""
    with pytest.raises((ConfigError, ValueError), match="glob"):
        read_folder(tmp_path, glob="../*.xml")
