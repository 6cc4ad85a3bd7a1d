"""Laws of people with several records."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from synchub.domain.records import CLEAR, Contribution
from synchub.reconcile.explain import explain_field
from synchub.reconcile.merge import merge, moment
from synchub.reconcile.rules import compile_rules

NOW = moment("2026-11-22T00:00:00Z")
RULES = compile_rules(None, {"hr": "hr", "hr2": "hr", "ad": "other"})
DAYS = st.sampled_from(["2019-01-01", "2024-06-30", "2026-02-01", "2026-12-31", CLEAR])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["active", "leave", "prehire", "terminated", CLEAR]),
        "starts_on": DAYS,
        "ends_on": DAYS,
        "worker_id": st.sampled_from(["E1", "E2", "E3"]),
    },
)
ROWS = st.lists(
    st.tuples(st.sampled_from(["hr", "hr", "hr2", "ad"]), FIELDS, st.integers(0, 2)), min_size=1, max_size=5
)


def _members(rows: list[tuple[str, dict[str, Any], int]]) -> list[Contribution]:
    return [Contribution(i, source, "s", f"k{i}", "person", fields, at) for i, (source, fields, at) in enumerate(rows)]


@given(ROWS, st.randoms())
def test_order_does_not_matter_and_the_explanation_agrees(rows: list[Any], random: Any) -> None:
    """Whatever the records say, the result has no memory of how they came."""
    members = _members(rows)
    golden = merge(members, RULES, NOW)
    shuffled = list(members)
    random.shuffle(shuffled)

    assert golden == merge(shuffled, RULES, NOW)
    for name in ("status", "starts_on", "ends_on", "worker_id"):
        told = explain_field(shuffled, RULES, NOW, name)
        assert (golden.fields.get(name), golden.winners.get(name)) == (told.value, told.winner)


@given(ROWS)
def test_who_works_here_without_an_end_has_none(rows: list[Any]) -> None:
    """However many employments of the same source are over."""
    members = _members([("hr", fields, at) for _, fields, at in rows])
    working = [r.fields for r in members if r.fields.get("status") in ("active", "leave", "prehire")]
    golden = merge(members, RULES, NOW)

    if any("ends_on" not in fields for fields in working):
        assert "ends_on" not in golden.fields
    if working:
        assert golden.fields["status"] in ("active", "leave", "prehire")
