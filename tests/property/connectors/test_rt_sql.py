"""Whatever a value holds, in AssetSQL it stays one value: the simulator's reader is independent of the builder."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.rt import sql
from simulators.clock import SimClock
from simulators.rt import change, query
from simulators.rt.store import Store

HOSTILE = (
    "' OR id > 0 OR Name = '", "\\' OR id > 0 --", "\\", "\\\\", "'", "a' OR 'a' = 'a", "}' OR CF.{2} LIKE '%",
    "%", "_", "', 'b", ") OR (id > 0", "__Active__", "NULL", "1 OR id > 0",
)  # fmt: skip
_TEXT = st.one_of(
    st.text(max_size=40), st.sampled_from(HOSTILE), st.builds("".join, st.lists(st.sampled_from(HOSTILE), max_size=3))
)
_SAFE = _TEXT.filter(sql.is_safe)


def _store(*names: str) -> Store:
    store = Store(SimClock())
    mark = store.field("Hub Key")
    for name in names:
        change.create_asset(store, {"Catalog": "1", "Name": name, "CustomFields": {str(mark.id): name}}, 14)
    return store


@given(value=_TEXT)
def test_a_value_finds_itself_and_nothing_else(value: str) -> None:
    """Of two assets a query for one value finds the one that holds it; what cannot be written is refused."""
    if not sql.is_safe(value):
        with pytest.raises(sql.UnsafeValueError):
            sql.quoted(value)
        return
    store = _store("another", value)
    mark = next(iter(store.fields))
    for text in (sql.text_is("Name", [value]), sql.field_is(str(mark), [value])):
        test = query.parse(sql.all_of(sql.above(0), sql.catalogs(["1"]), text), store)
        assert [a.id for a in store.assets.values() if test(a)] == [1, 2][value.casefold() != "another" :]


@given(values=st.lists(_SAFE, min_size=1, max_size=5, unique_by=str.casefold))
def test_alternatives_stay_within_their_condition(values: list[str]) -> None:
    """However many values are compared, what stands beside them still has to hold."""
    store = _store(*values)
    test = query.parse(sql.all_of(sql.ids(["1"]), sql.text_is("Name", values)), store)

    assert [a.id for a in store.assets.values() if test(a)] == [1]


@given(values=st.lists(_SAFE, max_size=120))
def test_chunks_lose_nothing_and_stay_short(values: list[str]) -> None:
    """All values come, in their order, in groups that fit into an address."""
    parts = list(sql.chunks(values))

    assert [v for part in parts for v in part] == values
    assert all(0 < len(part) <= sql.CHUNK for part in parts)
    assert all(len(urlencode({"query": sql.field_is("123456", part)})) < 6000 for part in parts)


@pytest.mark.parametrize("identifier", ["0", "", "-1", "1 OR id > 0", "\uff11", "1" * 16, "01"])
def test_what_is_no_id_is_never_written(identifier: str) -> None:
    """Ids come from answers and from the state: they too are looked at."""
    for write in (sql.ids, sql.catalogs):
        with pytest.raises(sql.UnsafeValueError):
            write([identifier])
    with pytest.raises(sql.UnsafeValueError):
        sql.field_is(identifier, ["x"])


def test_nothing_to_compare_with_is_refused() -> None:
    """An empty condition would match everything."""
    with pytest.raises(sql.UnsafeValueError):
        sql.ids([])
    with pytest.raises(sql.UnsafeValueError):
        sql.text_is("Name", [])
    with pytest.raises(sql.UnsafeValueError):
        sql.field_is("2", [])


@given(seconds=st.integers(min_value=-10, max_value=10**9))
def test_a_time_reaches_back_far_enough_in_at_most_three_digits(seconds: int) -> None:
    """RT takes four digits for a year; what is too long ago is not asked for at all."""
    text = sql.changed_within(seconds)
    if text:
        number, unit = text.split("'")[1].split()[:2]
        assert len(number) <= 3
        assert int(number) * {"minutes": 60, "hours": 3600, "days": 86400}[unit] >= seconds
    else:
        assert seconds > 999 * 86400
