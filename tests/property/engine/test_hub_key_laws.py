"""Hub keys are made of native keys: no two things of a state share one, whatever comes apart, goes or comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from synchub.domain.hubkey import hub_key, hub_of, other_hub, token
from synchub.domain.records import Contribution
from synchub.engine.hubkeys import found
from synchub.stores import Entities

_RECORD = st.tuples(st.sampled_from(["erp", "mdm"]), st.just("s"), st.sampled_from("abcde"))
_BATCHES = st.lists(st.lists(st.lists(_RECORD, min_size=1, max_size=3, unique=True), max_size=4), max_size=5)


class _Entities:
    def __init__(self) -> None:
        self.tokens: list[str] = []

    def taken(self, tokens: Sequence[str]) -> set[str]:
        return set(self.tokens) & set(tokens)


def _records(members: Sequence[tuple[str, str, str]]) -> list[Contribution]:
    return [
        Contribution(n, source, stream, key, "computer", {}, 0)
        for n, (source, stream, key) in enumerate(sorted(members))
    ]


@given(batches=_BATCHES)
def test_no_key_is_given_twice(batches: list[list[list[tuple[str, str, str]]]]) -> None:
    """Records may found things over and over: each of these gets a key of its own."""
    entities = _Entities()
    for batch in batches:
        founded = [_records(members) for members in batch]
        made = found(cast(Entities, cast(Any, entities)), founded, known=True)
        assert len(made) == len(founded)
        entities.tokens += made
    assert len(set(entities.tokens)) == len(entities.tokens)


@given(key=st.text(), again=st.integers(0, 5))
def test_a_key_is_told_from_what_people_write(key: str, again: int) -> None:
    """Every key reads back as its hub's, and as another hub's for everybody else."""
    mark = hub_key("acme", token("mdm", "devices", key, again))
    assert hub_of(mark) == "acme"
    assert other_hub(mark, "other:1") == "acme"
    assert other_hub(mark, mark) is None


@given(text=st.from_regex(r"[A-Za-z0-9._ -]{1,40}", fullmatch=True))
def test_what_has_no_colon_is_no_key(text: str) -> None:
    """Ticket numbers, names, serial numbers: nobody's."""
    assert hub_of(text) is None
