"""What a Jira site holds beside Assets: projects, issue types, statuses, fields, issues and their change log."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulators.clock import SimClock

CMDB = "com.atlassian.jira.plugins.cmdb:cmdb-object-cftype"
_CUSTOM = "com.atlassian.jira.plugin.system.customfieldtypes:"
# Kind of field -> (schema type, schema items, custom type): developer.atlassian.com, "Field types", read 2026-11-22.
CUSTOM_KINDS = {
    "text": ("string", "", _CUSTOM + "textfield"),
    "area": ("string", "", _CUSTOM + "textarea"),
    "url": ("string", "", _CUSTOM + "url"),
    "number": ("number", "", _CUSTOM + "float"),
    "date": ("date", "", _CUSTOM + "datepicker"),
    "labels": ("array", "string", _CUSTOM + "labels"),
    "select": ("option", "", _CUSTOM + "select"),
    "cmdb": ("array", "cmdb-object-field", CMDB),
}
# id -> (name, kind, schema type, schema items)
SYSTEM_FIELDS = {
    "summary": ("Summary", "text", "string", ""), "description": ("Description", "area", "string", ""),
    "issuetype": ("Issue Type", "issuetype", "issuetype", ""), "project": ("Project", "project", "project", ""),
    "status": ("Status", "status", "status", ""), "priority": ("Priority", "priority", "priority", ""),
    "labels": ("Labels", "labels", "array", "string"), "assignee": ("Assignee", "user", "user", ""),
    "reporter": ("Reporter", "user", "user", ""), "created": ("Created", "stamp", "datetime", ""),
    "updated": ("Updated", "stamp", "datetime", ""), "resolution": ("Resolution", "resolution", "resolution", ""),
    "duedate": ("Due date", "date", "date", ""), "comment": ("Comment", "comment", "comments-page", ""),
    "issuelinks": ("Linked Issues", "issuelinks", "array", "issuelinks"),
}  # fmt: skip
READ_ONLY = frozenset({"status", "created", "updated", "resolution", "comment", "issuelinks"})
# id -> (name, category key); categories: id, colour, name.
STATUSES = {
    "1": ("Open", "new"), "3": ("In Progress", "indeterminate"), "10003": ("Pending", "indeterminate"),
    "5": ("Resolved", "done"), "6": ("Closed", "done"),
}  # fmt: skip
CATEGORIES = {
    "new": (2, "blue-gray", "To Do"), "indeterminate": (4, "yellow", "In Progress"), "done": (3, "green", "Done"),
}  # fmt: skip
# Transition id -> (name, from, to)
TRANSITIONS = {
    "11": ("Start work", ("1", "10003"), "3"), "21": ("Pending", ("1", "3"), "10003"),
    "31": ("Resolve", ("1", "3", "10003"), "5"), "41": ("Close", ("5",), "6"), "51": ("Reopen", ("5", "6"), "1"),
}  # fmt: skip
ISSUE_TYPES = {"10001": "Task", "10002": "Service Request", "10003": "Incident"}
PRIORITIES = {"1": "Highest", "2": "High", "3": "Medium", "4": "Low", "5": "Lowest"}
LINK_TYPES = {
    "10000": ("Blocks", "is blocked by", "blocks"), "10001": ("Duplicate", "is duplicated by", "duplicates"),
    "10003": ("Relates", "relates to", "relates to"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A field of issues; `options` are the values of a select."""

    id: str
    name: str
    kind: str
    type: str
    items: str = ""
    custom: str = ""
    options: tuple[str, ...] = ()


@dataclass(slots=True)
class Project:
    """A project; `fields` lists the ids of fields on its screens, None for all."""

    id: str
    key: str
    name: str
    kind: str = "service_desk"
    last: int = 0
    fields: frozenset[str] | None = None


@dataclass(slots=True)
class Comment:
    """A comment; `body` is an Atlassian document."""

    id: str
    author: str
    body: dict[str, Any]
    created: float
    updated: float


@dataclass(slots=True)
class Change:
    """One entry of an issue's change log; items are (field id, field name, from, from text, to, to text)."""

    id: str
    author: str
    time: float
    items: list[tuple[str, str, str, str, str, str]]


@dataclass(slots=True)
class Issue:
    """An issue. `values` holds fields in the form they are stored in (see `simulators.jira.fields`).

    Attributes:
        links: (link id, link type id, whether this issue is the outward one, id of the other).
        remote: Remote link id -> what was sent.
        indexed: From when on a search sees its present state.
        before: What a search sees until then; None where it sees nothing.
    """

    id: str
    key: str
    project: str
    type: str
    reporter: str
    created: float
    updated: float
    status: str = "1"
    values: dict[str, Any] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    links: list[tuple[str, str, bool, str]] = field(default_factory=list)
    remote: dict[int, dict[str, Any]] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    indexed: float = 0.0
    before: Issue | None = None


class IssueStore:
    """Projects and issues of one site.

    Args:
        clock: For stamps.
    """

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.projects: dict[str, Project] = {}
        self.issues: dict[str, Issue] = {}
        self.by_key: dict[str, str] = {}
        self.fields: dict[str, Field] = {
            key: Field(key, name, kind, schema, items) for key, (name, kind, schema, items) in SYSTEM_FIELDS.items()
        }
        self.of_object: dict[str, set[str]] = defaultdict(set)
        self._last: defaultdict[str, int] = defaultdict(lambda: 9999)

    def number(self, kind: str) -> str:
        """Hand out the next id of a kind; ids begin with 10000."""
        self._last[kind] += 1
        return str(self._last[kind])

    def add_project(self, key: str, name: str, kind: str = "service_desk") -> Project:
        """Add a project."""
        project = Project(self.number("project"), key, name, kind)
        self.projects[project.id] = project
        return project

    def add_field(self, name: str, kind: str, options: tuple[str, ...] = ()) -> Field:
        """Add a custom field; `kind` is a key of `CUSTOM_KINDS`."""
        schema, items, custom = CUSTOM_KINDS[kind]
        found = Field(f"customfield_{self.number('field')}", name, kind, schema, items, custom, options)
        self.fields[found.id] = found
        return found

    def add_issue(self, project: Project, kind: str, reporter: str, values: dict[str, Any]) -> Issue:
        """Add an issue with values that are valid already."""
        now = self.clock.now()
        project.last += 1
        issue = Issue(self.number("issue"), f"{project.key}-{project.last}", project.id, kind, reporter, now, now)
        issue.values = dict(values)
        self.issues[issue.id] = issue
        self.by_key[issue.key] = issue.id
        self.refer(issue)
        return issue

    def refer(self, issue: Issue) -> None:
        """Note which Assets objects an issue names."""
        for holders in self.of_object.values():
            holders.discard(issue.id)
        for about in self.fields.values():
            if about.kind == "cmdb":
                for number in issue.values.get(about.id) or ():
                    self.of_object[number].add(issue.id)

    def remove(self, issue: Issue) -> None:
        """Remove an issue and the links to it."""
        for _number, _kind, _outward, other in issue.links:
            found = self.issues.get(other)
            if found:
                found.links = [link for link in found.links if link[3] != issue.id]
        issue.values.clear()
        self.refer(issue)
        del self.issues[issue.id]
        del self.by_key[issue.key]

    def find(self, key: str) -> Issue | None:
        """Find an issue by id or key, whatever the key's case."""
        return self.issues.get(key) or self.issues.get(self.by_key.get(key.upper(), ""))

    def project(self, key: str) -> Project | None:
        """Find a project by id or key."""
        found = self.projects.get(key)
        return found or next((p for p in self.projects.values() if p.key == key.upper()), None)


def stamp(seconds: float) -> str:
    """Render a moment as Jira does: `2021-01-17T12:34:00.000+0000`."""
    return (
        datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(seconds * 1000) % 1000:03d}+0000"
    )
