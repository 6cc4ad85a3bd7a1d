"""Stores: numbers, leases, errors, long lists."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from state.db import Database
from state.store import SqlState
from synchub.errors import LeaseHeld, LeaseLost, StateError
from synchub.stores import LedgerBatch, NewRecord
from tests.support.fakes import NOW
from tests.support.states import Databases


def test_numbers_are_given_once(databases: Databases) -> None:
    """Also to two connections at the same time."""
    url = databases.url()
    states = [databases.open(url), databases.open(url)]
    given: list[int] = []

    def take(state: SqlState) -> None:
        for _ in range(10):
            first = state.ledger.allocate(3)
            given.extend(range(first, first + 3))

    threads = [threading.Thread(target=take, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 61))


def test_two_runs_exclude_each_other(databases: Databases) -> None:
    """The holder renews, the other waits for it; what is given back can be taken."""
    url = databases.url()
    one, two = databases.open(url), databases.open(url)
    one.runs.acquire("sync", "a", 60)
    one.runs.acquire("sync", "a", 60)
    with pytest.raises(LeaseHeld, match="another run"):
        two.runs.acquire("sync", "b", 60)
    two.runs.acquire("other", "b", 60)
    two.runs.release("sync", "b")  # not its own
    with pytest.raises(LeaseHeld):
        two.runs.acquire("sync", "b", 60)
    one.runs.release("sync", "a")
    two.runs.acquire("sync", "b", 60)


def test_the_lease_of_a_dead_run_ends_by_the_time_of_the_database(databases: Databases) -> None:
    """No clock of a worker takes part."""
    url = databases.url()
    one, two = databases.open(url), databases.open(url)
    one.runs.acquire("sync", "a", 1)
    with pytest.raises(LeaseHeld):
        two.runs.acquire("sync", "b", 1)
    time.sleep(2.1)
    two.runs.acquire("sync", "b", 60)


def test_whoever_lost_his_lease_writes_nothing(databases: Databases) -> None:
    """Held up for longer than the lease, with another in his place; what is only late goes on."""
    url = databases.url()
    one, two = databases.open(url), databases.open(url)
    one.runs.acquire("sync", "a", 1)
    one.runs.work_under("sync", "a")
    run = one.runs.begin("sync", NOW, "cfg")
    time.sleep(2.1)
    one.runs.renew("sync", "a", 1)  # ended, but nobody wanted it
    one.targets.target("snow")
    time.sleep(2.1)
    two.runs.acquire("sync", "b", 60)
    with pytest.raises(LeaseLost, match="b took over"):
        one.targets.target("other")
    with pytest.raises(LeaseLost):
        one.runs.renew("sync", "a", 60)
    one.runs.end(run, NOW, "failed")
    one.runs.release("sync", "a")
    with pytest.raises(LeaseHeld):
        one.runs.acquire("sync", "a", 60)
    two.runs.release("sync", "b")
    with pytest.raises(LeaseLost):  # not even when the other is done: what was known is old
        one.targets.target("other")
    assert [t["name"] for t in two.reports.targets()] == ["snow"]


def test_a_transaction_that_fails_leaves_nothing(state: SqlState) -> None:
    """A slice is stored as a whole or not at all, and the error says where without the values."""
    stream = state.ledger.stream("src", "s").id
    row = NewRecord(1, stream, "a", b"r", b"d", "computer", b'{"name":"canary"}', 0, 1)
    twice = LedgerBatch(new=[row, row._replace(record=2)], payloads=[(1, b"canary")])
    with pytest.raises(StateError) as caught:
        state.ledger.write("src", "s", 1, NOW, twice)
    assert "canary" not in str(caught.value)
    assert state.ledger.known(stream, ["a"]) == {}
    state.ledger.write("src", "s", 1, NOW, LedgerBatch(new=[row]))
    assert state.ledger.known(stream, ["a"])["a"].doc == b'{"name":"canary"}'


def test_long_lists_are_asked_for_in_parts(state: SqlState) -> None:
    """More values than a statement takes."""
    stream = state.ledger.stream("src", "s").id
    count = 5000
    first = state.ledger.allocate(count)
    rows = [
        NewRecord(first + n, stream, f"k{n}", b"r%d" % n, b"d", "computer", b"{}", 0, 1) for n in range(count)
    ]  # fmt: skip
    joined = [(n % 7, first + n) for n in range(count)]
    state.ledger.write("src", "s", 1, NOW, LedgerBatch(new=rows, joined=joined))
    assert len(state.ledger.known(stream, [f"k{n}" for n in range(count)])) == count
    assert len(state.ledger.hashes(stream)) == count
    assert sum(len(records) for _, records in state.identity.groups()) == count
    assert sum(state.identity.counts(list(range(7))).values()) == count
    assert state.identity.pending() == (count, count)


def test_values_survive_as_they_are(state: SqlState) -> None:
    """Quotes, percent signs, question marks and other scripts are data, not statements."""
    stream = state.ledger.stream("sr'c", "s?%s").id
    key = "k'\"%?;--\\ü漢🙂"
    row = NewRecord(1, stream, key, b"\x00\xff", b"\x01", "computer", '{"name":"ü漢"}'.encode(), -5, 1)
    state.ledger.write("sr'c", "s?%s", 1, NOW, LedgerBatch(new=[row], payloads=[(1, b"\x00\xff")]))
    known = state.ledger.known(stream, [key])[key]
    assert (known.raw_hash, known.doc, known.observed_at) == (b"\x00\xff", '{"name":"ü漢"}'.encode(), -5)


def test_a_lease_is_renewed_while_a_transaction_is_long(databases: Databases) -> None:
    """The one waits for the other; neither fails."""
    url = databases.url()
    working, renewing = databases.open(url), databases.open(url)
    renewing.runs.acquire("sync", "a", 60)
    errors: list[BaseException] = []

    def renew() -> None:
        try:
            renewing.runs.acquire("sync", "a", 60)
        except BaseException as exc:  # noqa: BLE001 - carried to the test
            errors.append(exc)

    with long_transaction(working.database):
        thread = threading.Thread(target=renew)
        thread.start()
        time.sleep(1.0)
    thread.join()
    assert errors == []


@contextmanager
def long_transaction(database: Database) -> Iterator[None]:
    """Hold a write transaction open."""
    with database.begin() as tx:
        tx.run("update sequence set next=next")
        yield


def test_reading_waits_for_no_writer(databases: Databases) -> None:
    """And sees the state before the write."""
    url = databases.url()
    writing, reading = databases.open(url), databases.open(url)
    with writing.database.begin() as tx:
        tx.run("insert into meta(name, value) values ('settled', '7')")
        assert reading.identity.pending() == (0, 0)


def test_a_plan_is_found_by_the_beginning_of_its_token_only(state: SqlState) -> None:
    """Wildcards of the database are ordinary characters."""
    target = state.targets.target("snow").id
    plan = state.plans.create(target, 1, NOW, "cfg")
    state.plans.seal(plan, "abc123", NOW, 0, {})
    found = state.plans.get("abc")
    assert found is not None
    assert found.id == plan
    assert state.plans.get("%") is None
    assert state.plans.get("a_c") is None
