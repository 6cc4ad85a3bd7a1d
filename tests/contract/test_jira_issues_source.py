"""Jira issues as a source: what the kit does not know of (changes, time zones, other projects, people)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.kit.cases import context
from connectors.kit.clock import FakeClock
from synchub.domain.records import End
from tests.contract.jira_issues_case import LIST, JiraUnderTest, open_source


@pytest.fixture
def sim() -> Iterator[JiraUnderTest]:
    """Give a site with three issues in the project and one outside."""
    site = JiraUnderTest(3)
    site.start()
    try:
        yield site
        assert site.log.problems() == []
    finally:
        site.stop()


def read(
    sim: JiraUnderTest, cursor: str | None = None, clock: FakeClock | None = None, **settings: Any
) -> tuple[dict[str, dict[str, Any]], End]:
    """Read to the end: summary -> payload, and what was said at the end."""
    source = open_source(sim, context(clock), **settings)
    pages = list(source.read("issues", cursor=cursor))
    source.close()
    payloads = [json.loads(payload) for page in pages for payload in page.payloads]
    assert pages[-1].end is not None
    return {p["summary"]: p for p in payloads}, pages[-1].end


def queries(sim: JiraUnderTest) -> list[str]:
    """List the searches asked so far, as they were sent."""
    return [entry.query for entry in sim.log.entries if entry.path == LIST]


def test_only_the_project_is_read(sim: JiraUnderTest) -> None:
    """The login sees more than was asked for."""
    found, end = read(sim)

    assert set(found) == {"kit-0", "kit-1", "kit-2"}
    assert end.complete


def test_issue_types_are_a_scope_of_their_own(sim: JiraUnderTest) -> None:
    """A cursor of other types starts a full read."""
    sim.issue(sim.ops, "broken", by=sim.admin.account_id, kind="Incident")
    _, end = read(sim)
    found, narrow = read(sim, end.cursor, issue_types=["Incident"])

    assert set(found) == {"broken"}
    assert narrow.complete
    assert narrow.scope != end.scope


def test_change_that_the_search_did_not_show_yet_is_not_lost(sim: JiraUnderTest) -> None:
    """Searches lag behind edits and count in minutes: reads of changes reach back behind the one before."""
    sim.clock.advance(3600)
    sim.search_lag = 120
    sim.edit_issue("OPS-1", {"summary": "edited"}, by=sim.admin.account_id)
    sim.clock.advance(90)
    clock = FakeClock(sim.clock.now())
    first, end = read(sim, clock=clock)
    sim.clock.advance(600)
    clock.sleep(600)
    found, second = read(sim, end.cursor, clock)

    assert "edited" not in first
    assert set(found) == {"edited"}
    assert not second.complete
    assert second.proof.startswith("only what changed")


def test_changes_are_asked_for_by_age(sim: JiraUnderTest) -> None:
    """A moment would be read in the time zone of the account, hours beside what is meant."""
    _, end = read(sim)
    read(sim, end.cursor)

    assert "updated" not in queries(sim)[0].split("fields=")[0]
    assert "updated+%3E%3D+%22-11m%22" in queries(sim)[1]


def test_everything_is_read_again_after_a_day(sim: JiraUnderTest) -> None:
    """Only a full read notices what is gone."""
    _, end = read(sim)
    sim.clock.advance(25 * 3600)
    sim.issues.remove(sim.issues.issues[sim.issues.by_key["OPS-1"]])
    found, second = read(sim, end.cursor)

    assert set(found) == {"kit-1", "kit-2"}
    assert second.complete


@pytest.mark.parametrize("cursor", ["", "x", "[]", '{"since": "now", "full": 1, "scope": "x"}'])
def test_cursor_of_something_else_is_a_full_read(sim: JiraUnderTest, cursor: str) -> None:
    """Nothing is concluded from it."""
    found, end = read(sim, cursor)

    assert len(found) == 3
    assert end.complete


def test_people_are_kept_to_what_identifies_them(sim: JiraUnderTest) -> None:
    """No names, pictures or addresses of pictures; custom fields are not asked for."""
    sim.field("Salary", "text")
    found, _ = read(sim)

    assert set(found["kit-0"]["reporter"]) <= {"accountId", "emailAddress", "active"}
    assert not [name for name in found["kit-0"] if name.startswith("customfield")]


def test_document_is_read_as_its_text(sim: JiraUnderTest) -> None:
    """Lists and mentions too."""
    item = {"type": "listItem", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "one"}]}]}
    mention = {"type": "mention", "attrs": {"id": "1", "text": "@Ann"}}
    content = [{"type": "paragraph", "content": [{"type": "text", "text": "Hi "}, mention]},
               {"type": "bulletList", "content": [item]}]  # fmt: skip
    sim.edit_issue("OPS-1", {"description": {"type": "doc", "version": 1, "content": content}}, by=sim.hub.account_id)
    found, _ = read(sim)

    assert found["kit-0"]["description"] == "Hi @Ann\none"
