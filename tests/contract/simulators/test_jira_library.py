"""The `jira` library against the simulated site: what it asks for is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jira import JIRA, JIRAError

from tests.contract.simulators.jira_site import HUB, Site, document


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    found = Site()
    project = found.sim.project("ITS", "IT Support")
    for n in range(7):
        found.sim.issue(project, f"Ticket {n}", by=found.sim.admin.account_id)
    yield found
    found.close()


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[JIRA]:
    options = {"server": site.sim.url, "rest_api_version": "3", "check_update": False}
    found = JIRA(options=options, basic_auth=HUB, max_retries=0, timeout=10)
    yield found
    found.close()  # type: ignore[no-untyped-call]


def test_the_library_sees_a_cloud_site(client: JIRA) -> None:
    """Server information says that it is Cloud, so that the library asks Cloud's way."""
    assert client.deploymentType == "Cloud" and client.myself()["displayName"] == "Hub"


def test_an_issue_is_created_commented_moved_and_read(site: Site, client: JIRA) -> None:
    """The library's own calls do all a ticket needs."""
    fields = {"project": "ITS", "issuetype": "Task", "summary": "New laptop", "description": document("For Jane")}
    issue = client.create_issue(fields=fields)
    client.add_comment(issue, document("Ordered"))
    issue.update(fields={"labels": ["hub"]})
    client.transition_issue(issue, "Start work")
    client.assign_issue(issue, "hub@acme.example")
    client.add_simple_link(issue.key, {"url": "https://hub.example/1", "title": "Hub"})

    found = client.issue(issue.key)
    assert (found.fields.summary, found.fields.status.name) == ("New laptop", "In Progress")
    assert found.fields.labels == ["hub"] and found.raw["fields"]["assignee"]["accountId"] == site.sim.hub.account_id
    assert [comment.raw["body"] for comment in client.comments(issue)] == [document("Ordered")]
    assert len(client.remote_links(issue)) == 1


def test_search_follows_tokens_to_the_end(client: JIRA) -> None:
    """All pages are read though each holds few issues."""
    found = client.enhanced_search_issues("project = ITS AND summary ~ Ticket", maxResults=0, fields="summary")
    assert sorted(issue.fields.summary for issue in found) == [f"Ticket {n}" for n in range(7)]


def test_people_are_found_by_address(site: Site, client: JIRA) -> None:
    """`search_users` takes an e-mail address."""
    assert [user.accountId for user in client.search_users(query="hub@acme.example")] == [site.sim.hub.account_id]


def test_refusals_arrive_as_errors_of_the_library(client: JIRA) -> None:
    """Field errors, malformed JQL and missing issues raise `JIRAError` with Jira's text."""
    with pytest.raises(JIRAError, match="can't contain spaces"):
        client.create_issue(project="ITS", issuetype="Task", summary="x", labels=["two words"])
    with pytest.raises(JIRAError, match="Error in the JQL Query"):
        client.enhanced_search_issues("project = ")
    with pytest.raises(JIRAError, match="does not exist"):
        client.issue("ITS-999")
