"""People who were hired again, or have two contracts: until when they work here."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from synchub.domain.records import Contribution
from synchub.reconcile.explain import explain_field
from synchub.reconcile.merge import Golden, merge, moment
from synchub.reconcile.rules import compile_rules
from tests.unit.synchub.reconcile.records import found, record

NOW = moment("2026-11-22T12:00:00Z")
RULES = compile_rules(None, {"hr": "hr", "hr2": "hr", "ad": "other"})
LEFT: dict[str, Any] = {
    "worker_id": "E1",
    "status": "terminated",
    "starts_on": "2019-01-01",
    "ends_on": "2024-06-30",
    "job_title": "Clerk",
}
BACK: dict[str, Any] = {"worker_id": "E2", "status": "active", "starts_on": "2026-02-01", "job_title": "Analyst"}


def person(number: int, source: str, *, at: int = 0, **fields: Any) -> Contribution:
    """A record of one person."""
    return record(number, source, "person", at=at, email="anna.novak@corp.example", **fields)


def golden(*members: Contribution) -> Golden:
    """The merged person; the order of members never matters, and the explanations agree."""
    results = [merge(order, RULES, NOW) for order in permutations(members)]
    assert all(result == results[0] for result in results)
    for name in ("status", "ends_on", "worker_id"):
        told = explain_field(members, RULES, NOW, name)
        assert (results[0].fields.get(name), results[0].winners.get(name)) == (told.value, told.winner)
    return results[0]


@pytest.mark.parametrize(("old", "new"), [(1, 2), (2, 1)])
@pytest.mark.parametrize("at", [(0, 0), (10, 20), (20, 10)])
def test_who_was_hired_again_has_no_end(old: int, new: int, at: tuple[int, int]) -> None:
    """Whichever record came or was touched first: works here, under the new number, until further notice."""
    left, back = person(old, "hr", at=at[0], **LEFT), person(new, "hr", at=at[1], **BACK)

    (one,) = found(left, back, family="person")
    fields = golden(*one.members).fields

    assert "ends_on" not in fields
    assert ("active", "E2", "2026-02-01", "Analyst") == tuple(
        fields[name] for name in ("status", "worker_id", "starts_on", "job_title")
    )


def test_who_left_twice_ended_the_second_time() -> None:
    """The later employment counts."""
    again = person(2, "hr", **{**BACK, "status": "terminated", "ends_on": "2026-09-30"})

    assert "2026-09-30" == golden(person(1, "hr", **LEFT), again).fields["ends_on"]


def test_the_end_of_the_present_contract_stays_known() -> None:
    """A decided termination of somebody who works here is a fact, whatever happened before."""
    leaving = person(2, "hr", **BACK, ends_on="2026-12-31")

    assert "2026-12-31" == golden(person(1, "hr", **LEFT), leaving).fields["ends_on"]


def test_a_contract_that_follows_takes_the_end_away() -> None:
    """Until New Year under one number, from then under another: the person is active and does not end."""
    now = person(1, "hr", **{**BACK, "worker_id": "E1"}, ends_on="2026-12-31")
    then = person(2, "hr", worker_id="E2", status="prehire", starts_on="2027-01-01")

    fields = golden(now, then).fields

    assert ("active", "E1") == (fields["status"], fields["worker_id"])
    assert "ends_on" not in fields


def test_the_old_system_does_not_end_whom_the_new_one_hired() -> None:
    """Two HR systems: an employment that is over says nothing where the other says that the person works here."""
    old, new = person(1, "hr", at=10, **LEFT), person(2, "hr2", at=20, **BACK)

    assert "ends_on" not in golden(old, new).fields


def test_an_account_s_end_before_the_present_employment_is_old() -> None:
    """What a directory knows counts, unless it is from before the person came back."""
    back = person(1, "hr", **BACK)

    assert "ends_on" not in golden(back, person(2, "ad", ends_on="2024-06-30")).fields
    assert "2027-03-31" == golden(back, person(2, "ad", ends_on="2027-03-31")).fields["ends_on"]


def test_a_leaver_s_end_from_another_source_is_taken() -> None:
    """A file of terminations without any status still says when somebody ends."""
    works = person(1, "hr", **{**BACK, "starts_on": "2020-01-01"})

    assert "2026-12-31" == golden(works, person(2, "hr2", ends_on="2026-12-31")).fields["ends_on"]
    assert golden(person(1, "hr", **LEFT)).fields["ends_on"] == "2024-06-30"


def test_the_explanation_says_why_an_end_does_not_count() -> None:
    """Who looks at the lost date reads that another employment counts."""
    told = explain_field([person(1, "hr", **LEFT), person(2, "hr", **BACK)], RULES, NOW, "ends_on")

    assert told.value is None
    assert "another employment counts" in [voice.reason for voice in told.voices]
