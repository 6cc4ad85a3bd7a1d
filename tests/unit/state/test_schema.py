from state.store import SqlState
def test_x(state: SqlState) -> None:
    assert state.ledger.stream("a","b").records == 0
