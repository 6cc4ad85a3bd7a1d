"""Jira issues as a target: what the kit does not know of (labels, transitions, comments, links, slow searches)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.kit import FakeClock
from connectors.kit.cases import context
from simulators.jira import adf
from simulators.jira.issues import Issue
from synchub.domain.plan import Op, Outcome, RowState, Value, Write
from synchub.errors import ConfigError, ContractChanged, PermissionDenied
from synchub.ports import Examined, Target
from tests.contract.jira_issues_case import PROJECT, JiraUnderTest, open_target


@pytest.fixture
def sim() -> Iterator[JiraUnderTest]:
    """Give a site with an empty project; every exchange has kept to the specification in the end."""
    site = JiraUnderTest(0)
    site.start()
    try:
        yield site
        assert site.log.problems() == []
    finally:
        site.stop()


def create(row: int = 1, **fields: Value) -> Write:
    """Make a row that creates an issue."""
    return Write(row, "Task", Op.CREATE, None, {"summary": f"new {row}", **fields}, f"kit:{row}")


def update(issue: Issue, **fields: Value) -> Write:
    """Make a row that updates an issue."""
    return Write(1, "Task", Op.UPDATE, issue.id, fields, "kit:1")


def send(sim: JiraUnderTest, *writes: Write, clock: FakeClock | None = None, **settings: Any) -> list[Outcome]:
    """Write with a connection of its own, as another process would."""
    target = open_target(sim, context(clock), **settings)
    try:
        return target.write(writes)
    finally:
        target.close()


def opened(sim: JiraUnderTest, **settings: Any) -> Target:
    """Open a connection."""
    return open_target(sim, context(), **settings)


def ours(sim: JiraUnderTest) -> list[Issue]:
    """List the issues of the project."""
    return [issue for issue in sim.issues.issues.values() if issue.project == sim.ops.id]


# --- hub key ----------------------------------------------------------------------------------------------------------


def test_new_issue_carries_the_hub_key_beside_its_labels(sim: JiraUnderTest) -> None:
    """The label comes with the creation, and is none of the labels the hub speaks of."""
    [made] = send(sim, create(labels=["hardware"]))

    assert ours(sim)[0].values["labels"] == ["hardware", "kit:1"]
    assert made.fields["labels"] == ["hardware"]


def test_writing_labels_keeps_the_hub_key(sim: JiraUnderTest) -> None:
    """Else the issue would not be found again."""
    send(sim, create(labels=["old"]))
    [done] = send(sim, update(ours(sim)[0], labels=["new"]))

    assert done.state is RowState.APPLIED
    assert ours(sim)[0].values["labels"] == ["kit:1", "new"]


def test_issue_of_another_hub_is_not_touched(sim: JiraUnderTest) -> None:
    """Its label says whose it is."""
    issue = sim.add("theirs", labels=["other:7"])
    [done] = send(sim, update(issue, summary="ours now"))

    assert done.state is RowState.CONFLICT
    assert issue.values["summary"] == "theirs"


def test_issue_of_another_project_is_not_touched(sim: JiraUnderTest) -> None:
    """An issue that moved away is gone."""
    issue = sim.issue(sim.other, "personal", by=sim.admin.account_id)
    [done] = send(sim, update(issue, summary="ours now"))

    assert done.state is RowState.FAILED
    assert issue.values["summary"] == "personal"


def test_hub_key_that_cannot_be_set_creates_nothing(sim: JiraUnderTest) -> None:
    """An issue without it could not be looked up, and would be made again and again."""
    sim.refuse_field("labels", "Field 'labels' cannot be set. It is not on the appropriate screen", sim.hub)
    [done] = send(sim, create())

    assert done.state is RowState.REFUSED
    assert "labels" in done.message
    assert ours(sim) == []


def test_custom_field_of_labels_carries_the_hub_key(sim: JiraUnderTest) -> None:
    """Where Labels are for people only; found again by the number of the field."""
    field = sim.field("Hub Key", "labels")
    [made] = send(sim, create(), hub_key="Hub Key")
    [again] = send(sim, create(), hub_key="Hub Key")

    assert again.object_id == made.object_id
    assert ours(sim)[0].values[field.id] == ["kit:1"]


def test_text_field_carries_no_hub_key(sim: JiraUnderTest) -> None:
    """JQL finds words in text, so two hub keys could pass for one."""
    sim.field("Hub Key", "text")
    with pytest.raises(ConfigError, match="holds no labels"):
        send(sim, create(), hub_key="Hub Key")


class _Moving(FakeClock):
    """A clock whose waits pass on the site, too."""

    def __init__(self, sim: JiraUnderTest) -> None:
        super().__init__()
        self._sim = sim

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._sim.clock.advance(seconds)


def test_lost_creation_is_found_once_searches_show_it(sim: JiraUnderTest) -> None:
    """Searches lag behind: the look-up waits for them, and the issue is not made again."""
    sim.search_lag = 10
    sim.faults.add("timeout_after", path=r"/issue$", nth=(1,))
    [done] = send(sim, create(), clock=_Moving(sim))
    [again] = send(sim, create(), clock=_Moving(sim))

    assert (done.state, again.state) == (RowState.APPLIED, RowState.APPLIED)
    assert len(ours(sim)) == 1


def test_reused_number_is_no_match(sim: JiraUnderTest) -> None:
    """An issue with our hub key that is about something else is left to a person."""
    sim.add("something else", labels=["kit:1"])
    [done] = send(sim, create(description="text", priority="High"))

    assert done.state is RowState.CONFLICT
    assert len(ours(sim)) == 1


# --- transitions ------------------------------------------------------------------------------------------------------


def test_status_category_is_reached_by_a_transition(sim: JiraUnderTest) -> None:
    """The first that leads there, or the one that the configuration prefers."""
    [plain] = send(sim, create(1, status_category="indeterminate"))
    send(sim, create(2, status_category="indeterminate"), transitions={"indeterminate": "Pending"})

    assert plain.fields["status_category"] == "indeterminate"
    assert [issue.status for issue in ours(sim)] == ["3", "10003"]


def test_refused_transition_is_shown_and_the_rest_is_written(sim: JiraUnderTest) -> None:
    """From Resolved nothing leads to In Progress: the field is refused with the reason, the summary is written."""
    issue = sim.add("old")
    sim.do(issue.key, "Resolve", by=sim.admin.account_id)
    [done] = send(sim, update(issue, status_category="indeterminate", summary="new"))

    assert done.state is RowState.APPLIED
    assert "no transition leads to 'indeterminate'" in done.refused["status_category"]
    assert issue.values["summary"] == "new"


def test_transition_alone_that_is_refused_refuses_the_row(sim: JiraUnderTest) -> None:
    """Nothing of it was done."""
    issue = sim.add("old")
    sim.deny("TRANSITION_ISSUES", sim.ops, sim.hub)
    [done] = send(sim, update(issue, status_category="done"))

    assert done.state is RowState.REFUSED
    assert issue.status == "1"


def test_transition_refused_by_the_workflow(sim: JiraUnderTest) -> None:
    """What Jira says stands in the outcome."""
    issue = sim.add("old")
    sim.faults.add("status", method="POST", path="/transitions$", status=400,
                   text='{"errorMessages": ["Resolution is required"], "errors": {}}')  # fmt: skip
    [done] = send(sim, update(issue, status_category="done"))

    assert "Resolution is required" in done.refused["status_category"]


def test_lost_transition_is_not_repeated_blindly(sim: JiraUnderTest) -> None:
    """The row fails; sent again it finds the issue where it is wanted."""
    issue = sim.add("old")
    sim.faults.add("timeout_after", method="POST", path="/transitions$", nth=(1,))
    [first] = send(sim, update(issue, status_category="done"))
    [second] = send(sim, update(issue, status_category="done"))

    assert (first.state, first.retryable, second.state) == (RowState.FAILED, True, RowState.UNCHANGED)
    assert [change.items[0][5] for change in issue.changes] == ["Resolved"]


# --- comments ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["timeout_before", "timeout_after", "truncate"])
def test_comment_is_said_once(sim: JiraUnderTest, fault: str) -> None:
    """Whatever becomes of the answer."""
    issue = sim.add("old")
    sim.faults.add(fault, method="POST", path="/comment$", nth=(1,))
    for _ in range(3):
        send(sim, update(issue, comment="Replacement\nordered [now|http://x]."))

    assert [adf.text(comment.body) for comment in issue.comments] == ["Replacement\nordered [now|http://x]."]


def test_same_words_of_somebody_else_are_no_comment_of_ours(sim: JiraUnderTest) -> None:
    """Only what this login said counts as said."""
    issue = sim.add("old")
    sim.comment(issue.key, "Ordered.", by=sim.admin.account_id)
    [done] = send(sim, update(issue, comment="Ordered."))

    assert done.fields["comment"] == "Ordered."
    assert len(issue.comments) == 2


def test_comment_is_looked_for_on_every_page(sim: JiraUnderTest) -> None:
    """A long talk came after it."""
    issue = sim.add("old")
    send(sim, update(issue, comment="First."))
    send(sim, update(issue, comment="Second."))
    for number in range(130):
        sim.comment(issue.key, f"talk {number}", by=sim.admin.account_id)
    send(sim, update(issue, comment="First."))

    assert len(issue.comments) == 132


# --- links and people -------------------------------------------------------------------------------------------------


def test_issue_is_linked_to_an_assets_object(sim: JiraUnderTest) -> None:
    """Looked up by serial number in Assets, written as the field wants it."""
    kind = sim.type(sim.schema("ITAM", "ITAM"), "Hardware", {"Serial Number": {}})
    [device, _] = sim.seed(kind, [{"Name": "NB-1", "Serial Number": "5CG1"}, {"Name": "NB-2", "Serial Number": "5CG2"}])
    field = sim.field("Affected Assets", "cmdb")
    block = {"field": "Affected Assets", "schema": "ITAM", "api": sim.url}
    target = opened(sim, assets=block)
    found = target.lookup("Hardware", "Serial Number", ["5CG1", "5CG404"])
    [done] = target.write([create(assets=found["5CG1"])])
    target.close()

    assert found == {"5CG1": str(device.id)}
    assert done.fields["assets"] == str(device.id)
    assert ours(sim)[0].values[field.id] == [str(device.id)]


def test_link_without_the_block_assets_is_refused(sim: JiraUnderTest) -> None:
    """There is no field for it; the issue is made all the same."""
    [done] = send(sim, create(assets="1"))

    assert set(done.refused) == {"assets"}
    assert len(ours(sim)) == 1


def test_people_are_found_by_their_whole_address(sim: JiraUnderTest) -> None:
    """The search finds beginnings of names and addresses; who hides the address is not guessed."""
    ann = sim.access.add("ann@corp.example", "Ann")
    sim.access.add("ann@corp.example.org", "Ann Other")
    target = opened(sim)
    found = target.lookup("user", "email", ["ann@corp.example", "ann@corp", 'x" OR 1=1', "Ann"])
    target.close()

    assert found == {"ann@corp.example": ann.account_id}


# --- the way there ----------------------------------------------------------------------------------------------------


def test_custom_field_with_the_name_of_a_system_field(sim: JiraUnderTest) -> None:
    """The library would ask for the custom field instead."""
    sim.field("summary", "text")
    sim.field("labels", "text")
    send(sim, create())
    target = opened(sim)
    [page] = target.objects("Task", ["summary"])
    target.close()

    assert page[0].fields["summary"] == "new 1"


def test_redirects_are_not_followed(sim: JiraUnderTest) -> None:
    """Nobody is asked but the site, and nothing of the log-in goes elsewhere."""
    with JiraUnderTest(0) as elsewhere:
        sim.redirect = elsewhere.url
        target = opened(sim)
        with pytest.raises(ContractChanged):
            list(target.objects("Task", ["summary"]))
        target.close()
        assert elsewhere.sent() == []


def test_nothing_is_asked_before_it_is_needed(sim: JiraUnderTest) -> None:
    """Opening sends nothing: no server information, no list of fields."""
    opened(sim).close()

    assert sim.sent() == []


def test_plain_http_to_another_host_is_refused(sim: JiraUnderTest) -> None:
    """The token would be readable on the way."""
    with pytest.raises(ValidationError, match="https"):
        open_target(sim, context(), url="http://jira.corp.example")


def test_missing_permissions_are_named(sim: JiraUnderTest) -> None:
    """`synchub check` says which."""
    sim.deny("ADD_COMMENTS", sim.ops, sim.hub)
    target = opened(sim)
    assert isinstance(target, Examined)
    checks = dict(target.examine())
    with pytest.raises(PermissionDenied, match=f"lacks ADD_COMMENTS in project {PROJECT}"):
        checks["permissions"]()
    assert checks["hub key"]() == "carried as a label in labels"
    target.close()


def test_somebody_elses_edit_is_kept(sim: JiraUnderTest) -> None:
    """A value that moved since the decision is not overwritten."""
    issue = sim.add("old")
    target = opened(sim)
    item = target.fetch("Task", ["summary"], [issue.id])[issue.id]
    sim.clock.advance(1)
    sim.edit_issue(issue.key, {"summary": "theirs"}, by=sim.admin.account_id)
    [done] = target.write([replace(update(issue, summary="ours"), expected_version=item.version,
                                   extra={"expected": {"summary": "old"}})])  # fmt: skip
    target.close()

    assert done.state is RowState.DRIFTED
    assert issue.values["summary"] == "theirs"
