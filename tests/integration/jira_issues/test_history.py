"""Other people's edits in the change log of an issue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.cases import context
from synchub.domain.plan import Edit
from synchub.ports import Historied
from tests.contract.jira_issues_case import JiraUnderTest, open_target


@pytest.fixture
def sim() -> Iterator[JiraUnderTest]:
    """A running site; every exchange has kept to the specification in the end."""
    site = JiraUnderTest(0)
    site.start()
    try:
        yield site
        assert site.log.problems() == []
    finally:
        site.stop()


def edits(sim: JiraUnderTest, issue: str, field: str = "") -> list[Edit]:
    target = open_target(sim, context())
    assert isinstance(target, Historied)
    found = [e for e in target.history(issue) if not field or e.field == field]
    target.close()
    return found


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("summary", "typed", "typed"),
        ("duedate", "2027-02-03", "2027-02-03"),
        ("labels", ["b", "a", "kit:1"], ["a", "b"]),
        ("priority", {"name": "High"}, "High"),
    ],
)
def test_values_come_in_the_form_in_which_fields_hold_them(
    sim: JiraUnderTest, field: str, value: Any, told: Any
) -> None:
    """So that they can be compared and put back; hub keys are no labels."""
    issue = sim.add("old")
    sim.edit_issue(issue.key, {field: value}, by=sim.admin.account_id)
    [edit] = edits(sim, issue.id, field)

    assert (edit.value, edit.told, edit.ours, edit.by) == (told, True, False, "Site Admin")
    assert edit.at > 0


def test_the_newest_of_many_edits_is_first(sim: JiraUnderTest) -> None:
    """Change logs are told oldest first, a hundred a page: the last page is read, too."""
    issue = sim.add("old")
    for n in range(130):
        sim.edit_issue(issue.key, {"summary": f"text {n}"}, by=sim.admin.account_id)
    found = [e.new for e in edits(sim, issue.id, "summary")]

    assert found[0] == "text 129"
    assert found == sorted(found, key=lambda text: -int(str(text).removeprefix("text ")))


def test_an_issue_that_is_gone_has_no_history(sim: JiraUnderTest) -> None:
    """Neither has what is no id."""
    assert edits(sim, "987654") == edits(sim, "../x") == []
