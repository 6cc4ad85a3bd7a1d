"""Decisions of people: kept, replaced, revoked, and found again by what happened since."""

from __future__ import annotations

from state.store import SqlState
from synchub.stores.decisions import APART, TOGETHER, pair, record_name, record_parts
from tests.support.fakes import NOW

_PAIR = pair("mdm/devices/2", "erp/lines/a/1")


def test_a_decision_holds_until_it_is_revoked(state: SqlState) -> None:
    """Only its own kind and subject find it."""
    number = state.decisions.decide(TOGETHER, _PAIR, {"proposal": 1}, "anna", NOW, "same sticker")
    found = state.decisions.get(TOGETHER, _PAIR)
    assert found is not None
    assert (found.id, found.answer, found.who, found.at, found.reason) == (
        number, {"proposal": 1}, "anna", NOW, "same sticker",
    )  # fmt: skip
    assert found.names == ["erp/lines/a/1", "mdm/devices/2"]
    assert state.decisions.active(TOGETHER) == [found]
    assert state.decisions.active(APART) == []
    assert state.decisions.get(APART, _PAIR) is None
    state.decisions.revoke(number, NOW + 1)
    assert state.decisions.get(TOGETHER, _PAIR) is None
    assert state.decisions.active(TOGETHER) == []


def test_a_second_decision_replaces_the_first(state: SqlState) -> None:
    """The first one is kept as revoked: who decided what stays known."""
    state.decisions.decide("source", '["a","price"]', "erp", "anna", NOW, "")
    state.decisions.decide("source", '["a","price"]', "mdm", "ben", NOW + 5, "invoice was wrong")
    assert [d.answer for d in state.decisions.active("source")] == ["mdm"]
    old = next(d for d in state.decisions.since(0) if d.answer == "erp")
    assert old.revoked_at == NOW + 5


def test_what_happened_since_is_found_by_number(state: SqlState) -> None:
    """Both a new decision and a revocation count, a second revocation does not."""
    assert state.decisions.events() == 0
    first = state.decisions.decide(APART, _PAIR, None, "anna", NOW, "")
    seen = state.decisions.events()
    assert seen > 0
    assert state.decisions.since(seen) == []
    state.decisions.revoke(first, NOW + 1)
    assert [d.id for d in state.decisions.since(seen)] == [first]
    seen = state.decisions.events()
    state.decisions.revoke(first, NOW + 2)
    assert state.decisions.since(seen) == []


def test_a_record_is_named_by_source_stream_and_key() -> None:
    """Slashes in the key are its own."""
    assert record_parts(record_name("erp", "lines", "a/1")) == ("erp", "lines", "a/1")
