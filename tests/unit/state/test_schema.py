"""An empty state."""

from __future__ import annotations

from state.store import SqlState


def test_an_empty_state_knows_no_record(state: SqlState) -> None:
    """A stream that was never read holds nothing."""
    assert state.ledger.stream("a", "b").records == 0
