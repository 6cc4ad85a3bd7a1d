"""Reading a stream: nothing is lost, nothing vanishes, and what did not change costs nothing."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from mapping.drift import ShapeObserver
from mapping.engine import FieldMap
from mapping.loader import load_map
from state.store import SqlState
from synchub.domain.records import End, Rejected
from synchub.engine.pull import PullCounts, PullJob, pull
from synchub.errors import Unavailable
from tests.support.fakes import NOW, FakeClock, MemorySource, PlainMapper
from tests.support.states import Databases
from tests.support.world import World

SERIAL: dict[str, Any] = {"serial_number": "5CG81F02QX", "manufacturer": "HP", "model": "EliteBook"}
_MAP = """
version: 1
stream: s
class: [{is: person}]
key: id
fields:
  worker_id: {path: id}
  email: {path: mail}
"""


def read(
    state: SqlState, source: MemorySource, mapper: Any = None, *, limit: int | None = None, observe: bool = False
) -> PullCounts:
    """Read the stream `s`."""
    mapper = mapper or PlainMapper()
    make = (lambda shape: ShapeObserver(mapper, shape)) if observe else None
    job = PullJob(source.name, source, source.info("s"), mapper, make, limit)
    return pull(job, state.ledger, FakeClock(), state.runs.begin("test", NOW, ""))


def letters(state: SqlState) -> list[tuple[str, str, bytes]]:
    """Return (place, code, payload) of the dead letters."""
    with state.database.read() as tx:
        rows = tx.rows("select place, code, payload from dead_letter order by place, code")
    return [(place, code, bytes(payload)) for place, code, payload in rows]


def docs(state: SqlState) -> dict[str, dict[str, Any]]:
    """Return key -> stored fields."""
    with state.database.read() as tx:
        return {key: json.loads(bytes(doc)) for key, doc in tx.rows("select key, doc from record")}


def field_map(folder: Path, text: str) -> FieldMap:
    """Compile a map."""
    path = folder / "map.yaml"
    path.write_text(text)
    return load_map(path)


def test_broken_lines_become_dead_letters_and_the_rest_goes_on(state: SqlState) -> None:
    """Each names its place and why; when the line is repaired the dead letter is gone."""
    source = MemorySource()
    source.records["s"] = [{"key": "a"}, b'{"key": ', b"[1]", {"nokey": 1}, {"key": "n\0ul"}, {"key": "b"}]
    source.rejected["s"] = [Rejected("s:9", "ragged_row", "too short", b"x;y")]
    counts = read(state, source)
    assert (counts.read, counts.new, counts.rejected) == (7, 2, 5)
    assert [(place, code) for place, code, _ in letters(state)] == [
        ("s:2", "not_json"), ("s:3", "not_an_object"), ("s:4", "no_key"), ("s:5", "bad_key"), ("s:9", "ragged_row")
    ]  # fmt: skip
    assert letters(state)[0][2] == b'{"key": '
    source.records["s"], source.rejected = [{"key": "a"}, {"key": "c"}, {"key": "b"}], {}
    counts = read(state, source)
    assert (counts.unchanged, counts.new, counts.rejected) == (2, 1, 0)
    assert letters(state) == []


def test_a_repaired_record_is_no_dead_letter_though_another_one_is(state: SqlState) -> None:
    """What proves nothing complete is read to its end all the same; a read of some records or of changes is not."""
    source = MemorySource()
    source.ends["s"] = End(complete=False, proof="1 rejected")
    source.records["s"] = [{"key": "a"}, b"one", b"two"]
    read(state, source)
    source.records["s"] = [{"key": "a"}, {"key": "b"}, b"two"]
    read(state, source, limit=2)
    assert [place for place, _, _ in letters(state)] == ["s:2", "s:3"]
    source.ends["s"] = End(complete=False, proof="changes", cursor="later")
    read(state, source)
    assert [place for place, _, _ in letters(state)] == ["s:3"]
    source.records["s"] = []
    read(state, source)
    assert source.cursors[-1] == "later"
    assert [place for place, _, _ in letters(state)] == ["s:3"]


def test_duplicate_keys_give_one_record_whatever_the_order(databases: Databases) -> None:
    """The newest wins, of equally old ones always the same; a second read changes nothing."""
    rows = [
        {"key": "a", "at": 5, "fields": {"name": "five"}},
        {"key": "a", "at": 7, "fields": {"name": "seven"}},
        {"key": "a", "at": 7, "fields": {"name": "other"}},
        {"key": "b", "at": 0, "fields": {}},
    ]
    ends = []
    for order in itertools.permutations(rows):
        state = databases.open()
        source = MemorySource(page=1)
        source.records["s"] = list(order)
        first = read(state, source)
        assert (first.new, first.rejected, first.unchanged) == (2, 2, 0)
        ends.append(docs(state))
        second = read(state, source)
        assert (second.new, second.changed, second.moved, second.rejected, second.unchanged) == (0, 0, 0, 2, 2)
        assert docs(state) == ends[-1]
        databases.wipe(state)
        state.close()
    assert all(end == ends[0] == {"a": {"name": "seven"}, "b": {}} for end in ends)


def test_an_older_observation_does_not_overwrite_a_newer_one(state: SqlState) -> None:
    """It becomes a dead letter that says so; one without a moment and a moment in the future do not hold it up."""
    source = MemorySource()
    for at, name in ((100, "first"), (50, "older"), (0, "undated"), (NOW + 10**6, "future"), (200, "later")):
        source.records["s"] = [{"key": "a", "at": at, "fields": {"name": name}}]
        read(state, source)
        expected = "first" if name == "older" else name
        assert docs(state)["a"]["name"] == expected
        assert [code for _, code, _ in letters(state)] == (["older_observation"] if name == "older" else [])


def test_dropped_records_are_never_stored(state: SqlState) -> None:
    """What the filter keeps out appears in a count and nowhere else."""
    source = MemorySource()
    source.records["s"] = [{"key": "a", "private": True, "fields": {"name": "canary"}}, {"key": "b"}]
    counts = read(state, source, PlainMapper(drop="private"))
    assert (counts.read, counts.new, counts.dropped, counts.unchanged) == (2, 1, 1, 0)
    assert docs(state) == {"b": {}}


def test_a_record_that_turns_private_goes_with_all_it_contributed(state: SqlState) -> None:
    """Its values leave the entity, an entity of its own is closed, and its payload is deleted."""
    world = World(state)
    world.mappers["mdm"] = PlainMapper(drop="private")
    world.say("mdm", "1", **SERIAL, hostname="nb-1")
    world.say("erp", "2", **SERIAL, price="10.00")
    world.say("mdm", "3", serial_number="PF1ABCDE", manufacturer="Lenovo", hostname="nb-3")
    world.update()
    for record in world.said["mdm"].values():
        record["private"] = True
    counts = world.pull()["mdm"]
    assert (counts.dropped, counts.absent) == (2, 0)
    world.identify()
    golden = world.golden()
    assert set(golden) == {frozenset({("erp", "2")})}
    assert "hostname" not in golden[frozenset({("erp", "2")})][1]
    assert len(world.query("select * from payload")) == 1
    assert world.query("select state from entity order by id")[1] == ("gone",)
    assert world.identify().records == 0


def test_a_filter_that_changes_reaches_stored_records(state: SqlState) -> None:
    """A new `keep` takes stored, unchanged records out."""
    world = World(state)
    world.say("mdm", "1", **SERIAL)
    world.said["mdm"]["1"]["private"] = True
    world.update()
    world.mappers["mdm"] = PlainMapper("map 2", drop="private")
    world.update()
    assert world.golden() == {}


def test_a_changed_map_maps_stored_records_again(state: SqlState) -> None:
    """The source gives the same bytes; the records are changed all the same, and only once."""
    world = World(state)
    world.say("mdm", "1", **SERIAL)
    world.said["mdm"]["1"]["extra"] = "new value"
    world.update()
    world.mappers["mdm"] = PlainMapper("map 2", rename={"name": "extra"})
    counts = world.pull()["mdm"]
    assert (counts.unchanged, counts.changed, counts.remapped) == (1, 0, 1)
    world.identify()
    assert next(iter(world.golden().values()))[1]["name"] == "new value"
    assert world.pull()["mdm"].remapped == 0


def test_a_newly_mapped_path_of_people_needs_the_source_once(state: SqlState) -> None:
    """Only mapped paths are kept of people, so one full read follows; a limited one does not count as it."""
    source = MemorySource(personal=True)
    source.records["s"] = [
        {"key": str(n), "cls": "person", "fields": {"worker_id": f"E{n}"}, "mail": f"{n}@x"} for n in (1, 2)
    ]
    source.ends["s"] = End(complete=True, proof="all", scope="all", cursor="C1")
    read(state, source)
    more = PlainMapper("map 2", rename={"email": "mail"}, paths=("fields", "mail"))
    read(state, source, more, limit=1)
    assert "email" not in docs(state)["2"]
    read(state, source, more)
    assert docs(state)["2"]["email"] == "2@x"
    read(state, source, more)
    assert source.cursors == [None, None, None, "C1"]


def test_nothing_unmapped_of_people_is_stored(databases: Databases, tmp_path: Path) -> None:
    """A secret in an unmapped field is in no table and no file, dead letters and warnings included."""
    url = databases.url()
    state = databases.open(url)
    canary = "canary-7731"
    source = MemorySource(personal=True)
    source.records["s"] = [
        {"id": "E1", "mail": "a@x.example", "salary": canary},
        {"mail": canary, "salary": canary},
        {"id": {"x": canary}},
        b'{"id": "E3", "salary": "canary-7731"',
        {"id": "E1", "mail": "b@x.example", "salary": canary},
    ]
    source.rejected["s"] = [Rejected("s:9", "ragged_row", "too short", canary.encode())]
    counts = read(state, source, field_map(tmp_path, _MAP), observe=True)
    assert (counts.new, counts.rejected) == (1, 5)
    assert "E1" in str(docs(state))
    for table in World(state).dump().values():
        assert canary not in str(table)
    if databases.kind == "sqlite":
        for path in Path(url.removeprefix("sqlite:///")).parent.iterdir():
            assert canary.encode() not in path.read_bytes()


def test_drift_is_reported_in_the_run_where_it_happens(state: SqlState, tmp_path: Path) -> None:
    """A field that vanishes is named when it vanishes, and not again."""
    source = MemorySource()
    mapper = field_map(tmp_path, _MAP)
    source.records["s"] = [{"id": f"E{n}", "mail": f"{n}@x.example"} for n in range(40)]
    assert read(state, source, mapper, observe=True).drift == []
    source.records["s"] = [{"id": f"E{n}", "eMail": f"{n}@x.example"} for n in range(40)]
    assert any("mail" in note for note in read(state, source, mapper, observe=True).drift)
    assert read(state, source, mapper, observe=True).drift == []


def snapshots(state: SqlState) -> dict[str, int]:
    """Return key -> snapshots counted of what is noted as absent."""
    with state.database.read() as tx:
        return dict(tx.rows("select r.key, a.snapshots from absence a join record r on r.id=a.record"))


def test_absence_needs_complete_snapshots_of_one_scope(state: SqlState) -> None:
    """An incomplete read, another scope, a limit or an unreadable row say nothing about what is missing."""
    source = MemorySource()
    both = [{"key": "a"}, {"key": "b"}]

    def absent(rows: list[Any], end: End, **options: Any) -> int:
        source.records["s"], source.ends["s"] = rows, end
        return read(state, source, **options).absent

    whole = End(complete=True, proof="all", scope="all")
    assert absent(both, whole) == 0
    assert absent([{"key": "a"}], End(complete=False, proof="no trailer", scope="all")) == 0
    assert absent(both, whole, limit=1) == 0
    assert absent([{"key": "a"}, b"{broken"], whole) == 0
    part = End(complete=True, proof="all", scope="part")
    assert [absent([{"key": "a"}], part) for _ in range(5)] == [0, 0, 0, 0, 0]
    assert snapshots(state) == {"b": 0}
    assert [absent([{"key": "a"}], whole) for _ in range(2)] == [1, 1]  # "b" is asked for again
    assert snapshots(state) == {"b": 2}
    assert absent([{"key": "a"}, b"{broken"], whole) == 0
    assert snapshots(state) == {"b": 2}
    assert absent([{"key": "b"}], End(complete=False, proof="only what changed", cursor="c")) == 0
    assert snapshots(state) == {}


def test_a_snapshot_that_lost_much_at_once_is_not_believed(state: SqlState) -> None:
    """It is told and counts for nothing, however often it comes, until the records are back or somebody says so."""
    source = MemorySource(page=100)
    everybody = [{"key": str(n)} for n in range(100)]
    few, many = everybody[:80], everybody[:60]

    def counts(rows: list[Any], gone: tuple[int, int] | None = None) -> tuple[int, int]:
        source.records["s"] = rows
        job = PullJob(source.name, source, source.info("s"), PlainMapper(), gone=gone)
        found = pull(job, state.ledger, FakeClock(), state.runs.begin("test", NOW, ""))
        return found.absent, found.withheld

    assert counts(everybody) == (0, 0)
    assert [counts(many) for _ in range(4)] == [(0, 40)] * 4
    assert set(snapshots(state).values()) == {0}
    assert counts(few) == (20, 0)
    assert counts(everybody) == (0, 0)
    assert snapshots(state) == {}
    assert counts([]) == (0, 100)
    assert counts(many, (40, NOW - 1)) == (0, 40)  # said before they vanished
    assert counts(many, (39, NOW)) == (0, 40)
    assert counts(many, (40, NOW)) == (40, 0)
    assert counts(many) == (40, 0)


def test_a_small_stream_that_is_empty_all_at_once_is_not_believed(state: SqlState) -> None:
    """Three records that vanish are no mass, but nothing at all is an empty answer; two of three may vanish."""
    source = MemorySource()
    source.records["s"] = [{"key": str(n)} for n in range(3)]
    read(state, source)
    source.records["s"] = []
    assert (read(state, source).absent, read(state, source).withheld) == (0, 3)
    source.records["s"] = [{"key": "0"}]
    assert (read(state, source).absent, read(state, source).withheld) == (2, 0)


def test_a_stream_without_its_end_has_failed(state: SqlState) -> None:
    """What was read stays, but nothing is concluded: no cursor, no completeness, and the next run reads on."""
    source = MemorySource()
    source.records["s"] = [{"key": str(n)} for n in range(7)]
    source.ends["s"] = None
    with pytest.raises(Unavailable, match="end signal"):
        read(state, source)
    assert len(docs(state)) == 7
    assert state.ledger.stream("src", "s").scope == ""
    source.fails["s"] = (4, Unavailable("gone", where="src"))
    with pytest.raises(Unavailable, match="gone"):
        read(state, source)
    source.fails, source.ends = {}, {}
    assert read(state, source).unchanged == 7


def test_a_check_in_alone_is_no_news(state: SqlState) -> None:
    """Of two records of one source the one that said something last speaks; checking in again says nothing."""
    world = World(state)
    world.say("scan", "1", at=100, **SERIAL, location="BER")
    world.say("scan", "2", at=200, **SERIAL, location="MUC")
    world.update()
    assert next(iter(world.golden().values()))[1]["location"] == "MUC"
    world.say("scan", "1", at=300, **SERIAL, location="BER")
    world.update()
    assert next(iter(world.golden().values()))[1]["location"] == "MUC"
    world.say("scan", "1", at=400, **SERIAL, location="HAM")
    world.update()
    assert next(iter(world.golden().values()))[1]["location"] == "HAM"


def test_a_limit_reads_no_more_than_it_says(state: SqlState) -> None:
    """And claims nothing."""
    source = MemorySource()
    source.records["s"] = [{"key": str(n)} for n in range(9)]
    counts = read(state, source, limit=4)
    assert (counts.read, counts.complete) == (4, False)
