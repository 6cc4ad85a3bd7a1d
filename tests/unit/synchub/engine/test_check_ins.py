"""Check-ins: told without mapping, never taken for news, never in the way of news."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from state.store import SqlState
from synchub.domain.records import Contribution
from synchub.engine.pull import PullCounts, PullJob, pull
from tests.support.fakes import NOW, FakeClock, MemorySource, PlainMapper
from tests.support.world import World

SERIAL: dict[str, Any] = {"serial_number": "5CG81F02QX", "manufacturer": "HP", "model": "EliteBook"}
SEEN = ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z")


class CountingMapper(PlainMapper):
    """Counts what is mapped as a whole."""

    def check_in(self, payload: dict[str, Any]) -> Any:
        """Take back what the plain one counts."""
        before = self.mapped
        said = super().check_in(payload)
        self.mapped = before
        return said


def read(state: SqlState, source: MemorySource, mapper: PlainMapper, **job: Any) -> PullCounts:
    """Read the stream `s`."""
    made = PullJob(source.name, source, source.info("s"), mapper, **job)
    return pull(made, state.ledger, FakeClock(), state.runs.begin("test", NOW, ""))


def rows(count: int, seen: str, at: int, **fields: Any) -> list[dict[str, Any]]:
    """Make records that were last seen at some moment."""
    return [{"key": str(n), "at": at, "fields": {"name": f"n{n}", "last_seen_at": seen} | fields} for n in range(count)]


def contributions(state: SqlState) -> list[Contribution]:
    """Return what identification reads."""
    return state.identity.contributions([row[0] for row in _rows(state, "select id from record")])


def stored(state: SqlState) -> dict[str, tuple[dict[str, Any], int]]:
    """Return key -> fields and moment."""
    return {item.key: (item.fields, item.observed_at) for item in contributions(state)}


def _rows(state: SqlState, statement: str) -> list[Any]:
    with state.database.read() as tx:
        return tx.rows(statement)


def test_a_check_in_is_not_mapped_and_everybody_sees_it(state: SqlState) -> None:
    """Fields, payload and search are those of the last read; the place among records of one source stays."""
    source, mapper = MemorySource(), CountingMapper()
    source.records["s"] = rows(5, SEEN[0], 100)
    read(state, source, mapper)
    source.records["s"] = rows(5, SEEN[1], 200)
    counts = read(state, source, mapper)
    assert (counts.moved, counts.changed, mapper.mapped) == (5, 0, 5)
    assert stored(state)["3"] == ({"name": "n3", "last_seen_at": SEEN[1]}, 100)
    body = state.lookup.payload("src", "s", "3")
    assert body is not None
    assert json.loads(body) == source.records["s"][3]
    records = [row[0] for row in _rows(state, "select id from record")]
    assert {json.loads(b)["at"] for b in state.reports.payloads_of(records).values()} == {200}
    assert read(state, source, mapper).unchanged == 5
    assert state.identity.dirty(10) == state.identity.dirty(10) == records  # new ones only: nobody was made dirty


def test_news_after_check_ins_and_check_ins_after_news(state: SqlState) -> None:
    """Each read leaves what a fresh state would hold of fields."""
    source, mapper = MemorySource(), PlainMapper()
    steps = [
        rows(4, SEEN[0], 1), rows(4, SEEN[1], 2), rows(4, SEEN[1], 3, location="BER"),
        rows(4, SEEN[2], 4, location="BER"),
        [{"key": str(n), "at": 5, "fields": {"name": f"n{n}", "location": "BER"}} for n in range(4)],
        rows(4, SEEN[0], 6, location="BER"),
    ]  # fmt: skip
    for step in steps:
        source.records["s"] = step
        read(state, source, mapper)
        assert {key: fields for key, (fields, _) in stored(state).items()} == {r["key"]: r["fields"] for r in step}


def test_an_older_check_in_is_refused_like_an_older_record(state: SqlState) -> None:
    """What was observed before the last news does not lie over it."""
    source, mapper = MemorySource(), PlainMapper()
    source.records["s"] = rows(2, SEEN[1], 200)
    read(state, source, mapper)
    source.records["s"] = rows(2, SEEN[0], 100)
    counts = read(state, source, mapper)
    assert (counts.moved, counts.rejected, counts.absent) == (0, 2, 0)
    assert {row[0] for row in _rows(state, "select code from dead_letter")} == {"older_observation"}
    assert stored(state)["1"][0]["last_seen_at"] == SEEN[1]


def test_a_key_twice_gives_the_newest_whatever_the_order(state: SqlState) -> None:
    """Also where one of the two only checks in; a second read changes nothing."""
    first = {"key": "a", "at": 100, "fields": {"name": "one", "last_seen_at": SEEN[0]}}
    check_in = {"key": "a", "at": 500, "fields": {"name": "one", "last_seen_at": SEEN[2]}}
    between = {"key": "a", "at": 300, "fields": {"name": "two", "last_seen_at": SEEN[1]}}
    again = {"key": "a", "at": 400, "fields": {"name": "one", "last_seen_at": SEEN[1]}}
    orders = itertools.product((1, 10), itertools.permutations([check_in, between, again]))
    for number, (page, order) in enumerate(orders):
        source = MemorySource(f"src{number}", page=page)
        source.records["s"] = [first]
        read(state, source, PlainMapper())
        source.records["s"] = list(order)
        for changed in (None, 0):
            counts = read(state, source, PlainMapper())
            assert changed is None or counts.changed == changed, order
            [last] = [item for item in contributions(state) if item.source == source.name]
            assert last.fields == check_in["fields"], order


def test_a_limit_and_a_missing_record_stay_what_they_are(state: SqlState) -> None:
    """Who does not check in is absent, who does is not."""
    source, mapper = MemorySource(), PlainMapper()
    source.records["s"] = rows(4, SEEN[0], 1)
    read(state, source, mapper)
    source.records["s"] = rows(3, SEEN[1], 2)
    counts = read(state, source, mapper)
    assert (counts.moved, counts.absent) == (3, 1)
    source.records["s"] = rows(4, SEEN[2], 3)
    counts = read(state, source, mapper)
    assert (counts.moved, counts.absent) == (4, 0)
    assert _rows(state, "select count(*) from absence") == [(0,)]


@pytest.mark.parametrize("job", [{"newest": True}, {"silent_after": 3600}])
def test_check_ins_that_matter_are_news(state: SqlState, job: dict[str, Any]) -> None:
    """A rule that prefers the newest, and a source that had fallen silent, have them looked at."""
    source, mapper = MemorySource(), PlainMapper()
    source.records["s"] = rows(3, SEEN[0], 1)
    read(state, source, mapper, **job)
    source.records["s"] = rows(3, SEEN[1], 2)
    assert read(state, source, mapper, **job).changed == 3


def test_another_map_asks_again(state: SqlState) -> None:
    """What was a check-in under one map may be news under the next, and its stored payload is the last one."""
    source = MemorySource()
    source.records["s"] = rows(3, SEEN[0], 1)
    read(state, source, PlainMapper())
    source.records["s"] = rows(3, SEEN[1], 2)
    read(state, source, PlainMapper())
    counts = read(state, source, PlainMapper("map 2", rename={"description": "at"}))
    assert (counts.unchanged, counts.remapped) == (3, 3)
    assert stored(state)["1"][0] == {"name": "n1", "last_seen_at": SEEN[1], "description": 2}
    source.records["s"] = rows(3, SEEN[2], 3)
    assert read(state, source, PlainMapper("map 2", rename={"description": "at"})).changed == 3


def test_the_next_identification_sees_what_check_ins_said(state: SqlState) -> None:
    """They are not identified themselves, but not forgotten either."""
    world = World(state)
    world.say("mdm", "1", **SERIAL, last_seen_at=SEEN[0])
    world.update()
    world.say("mdm", "1", **SERIAL, last_seen_at=SEEN[1])
    assert world.update().records == 0
    world.say("erp", "2", **SERIAL)
    world.update()
    [(doc,)] = world.query("select doc from entity")
    assert json.loads(doc)["last_seen_at"] == SEEN[1]
