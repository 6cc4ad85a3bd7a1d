"""The issue side of a site: what the APIs, tests and other people do with issues."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from simulators.clock import SimClock
from simulators.jira import adf
from simulators.jira.access import AGENT, Access, Account
from simulators.jira.call import Call
from simulators.jira.call import stamp as assets_stamp
from simulators.jira.fields import Fields
from simulators.jira.issues import (
    ISSUE_TYPES,
    PRIORITIES,
    STATUSES,
    TRANSITIONS,
    Change,
    Comment,
    Field,
    Issue,
    IssueStore,
    Project,
)
from simulators.jira.jql import Jql
from simulators.jira.search_api import MAX_FIELDS
from simulators.jira.store import Obj, Store


class Desk:
    """Issues of one site, beside the Assets workspace they refer to.

    Args:
        clock: For stamps.
        access: The people.
        store: The Assets workspace.
    """

    def __init__(self, clock: SimClock, access: Access, store: Store) -> None:
        self.clock = clock
        self.access = access
        self.store = store
        self.issues = IssueStore(clock)
        self.searchable: set[str] = set()
        self.fields = Fields(self.issues, store, access, lambda: self.url)
        self.jql = Jql(self.issues, access, self.searchable)
        self.search_page = MAX_FIELDS
        self.search_lag = 0.0
        self._denied: set[tuple[str, str, str]] = set()
        self._refused_fields: dict[tuple[str, str], str] = {}

    @property
    def url(self) -> str:
        """Where the site answers."""
        raise NotImplementedError

    def sees(self, account: Account, obj: Obj) -> bool:
        """Say whether an account may see an Assets object."""
        raise NotImplementedError

    # -- data -------------------------------------------------------------

    def project(self, key: str, name: str = "") -> Project:
        """Add a project."""
        return self.issues.add_project(key, name or key)

    def field(self, name: str, kind: str = "text", options: Iterable[str] = ()) -> Field:
        """Add a custom field: text, area, url, number, date, labels, select or cmdb (Assets objects)."""
        return self.issues.add_field(name, kind, tuple(options))

    def issue(self, project: Project, summary: str, *, by: str, kind: str = "Task", **values: Any) -> Issue:
        """Add an issue as somebody else.

        Args:
            project: Where.
            summary: Its summary.
            by: Account id of the reporter.
            kind: Name of the issue type.
            values: Field id -> value as the API takes it; a description may be plain text.

        Raises:
            ValueError: A value that is not accepted.
        """
        taken, errors = self.fields.take({"summary": summary, **values}, project, lambda _obj: True, plain=True)
        if errors:
            raise ValueError(str(errors))
        number = next(n for n, name in ISSUE_TYPES.items() if name == kind)
        return self.issues.add_issue(project, number, by, taken)

    def edit_issue(self, key: str, values: Mapping[str, Any], *, by: str, at: float | None = None) -> Issue:
        """Change an issue as somebody else, with an entry in its change log; `at` in seconds since 1970 UTC.

        Raises:
            KeyError: There is no such issue.
            ValueError: A value that is not accepted.
        """
        issue = self._known(key)
        project = self.issues.projects[issue.project]
        taken, errors = self.fields.take(values, project, lambda _obj: True, plain=True)
        if errors:
            raise ValueError(str(errors))
        self.change_issue(issue, taken, by, at)
        return issue

    def comment(self, key: str, body: str | dict[str, Any], *, by: str, at: float | None = None) -> Comment:
        """Add a comment: plain text or an Atlassian document."""
        issue = self._known(key)
        now = self.clock.now() if at is None else at
        document = adf.of_text(body) if isinstance(body, str) else body
        comment = Comment(self.issues.number("comment"), by, document, now, now)
        self.reindex(issue)
        issue.comments.append(comment)
        issue.updated = max(issue.updated, now)
        return comment

    def do(self, key: str, transition: str, *, by: str) -> Issue:
        """Carry out a transition by name as somebody else.

        Raises:
            KeyError: There is no such issue or transition from its status.
        """
        issue = self._known(key)
        for name, sources, target in TRANSITIONS.values():
            if name == transition and issue.status in sources:
                self.move_issue(issue, target, by)
                return issue
        raise KeyError(transition)

    def _known(self, key: str) -> Issue:
        issue = self.issues.find(key)
        if issue is None:
            raise KeyError(key)
        return issue

    # -- rules ------------------------------------------------------------

    def deny(self, permission: str, project: Project, account: Account) -> None:
        """Take a project permission from an account; without BROWSE_PROJECTS the project does not exist for it."""
        self._denied.add((permission, project.id, account.account_id))

    def permits(self, permission: str, project: Project, account: Account) -> bool:
        """Say whether an account has a project permission."""
        return account.may(AGENT) and (permission, project.id, account.account_id) not in self._denied

    def refuse_field(self, field_id: str, why: str, account: Account) -> None:
        """Refuse writes of a field by an account with a reason; empty: allow again."""
        self._refused_fields[field_id, account.account_id] = why

    def field_refusal(self, account: Account, field_id: str) -> str:
        """Say why an account may not write a field, or nothing."""
        return self._refused_fields.get((field_id, account.account_id), "")

    def screen(self, project: Project, *, create: bool) -> dict[str, dict[str, Any]]:
        """Render the fields of a project's screens."""
        hidden = {"status", "created", "updated", "resolution", "comment", "issuelinks"}
        hidden |= set() if create else {"issuetype", "project"}
        return {
            name: self.fields.meta(about, create=create)
            for name, about in self.issues.fields.items()
            if name not in hidden and (project.fields is None or name in project.fields)
        }

    # -- changes ----------------------------------------------------------

    def reindex(self, issue: Issue, *, new: bool = False) -> None:
        """Let searches see a change only after `search_lag` seconds; called before an issue changes."""
        now = self.clock.now()
        if new:
            issue.before = None
        elif self.search_lag and issue.indexed <= now:
            issue.before = copy.deepcopy(issue)
        issue.indexed = now + self.search_lag if self.search_lag else 0.0

    def view(self, issue: Issue, kept: set[str], now: float) -> Issue | None:
        """Return what a search sees of an issue; `kept` are ids to be consistent with their present state."""
        return issue if issue.indexed <= now or issue.id in kept else issue.before

    def change_issue(self, issue: Issue, values: Mapping[str, Any], by: str, at: float | None = None) -> int:
        """Put values in place of others; returns how many changed."""
        items = []
        for name, value in values.items():
            before = issue.reporter if name == "reporter" else issue.values.get(name)
            if before == value or (not before and not value and value != 0):
                continue
            about = self.issues.fields[name]
            items.append((name, about.name, *self.fields.text(about, before), *self.fields.text(about, value)))
        if not items:
            return 0
        self.reindex(issue)
        for item in items:
            if item[0] == "reporter":
                issue.reporter = str(values["reporter"] or "")
            else:
                issue.values[item[0]] = values[item[0]]
        self._log(issue, by, items, at)
        self.issues.refer(issue)
        return len(items)

    def move_issue(self, issue: Issue, target: str, by: str) -> None:
        """Put an issue into another status."""
        self.reindex(issue)
        old, issue.status = issue.status, target
        self._log(issue, by, [("status", "Status", old, STATUSES[old][0], target, STATUSES[target][0])], None)

    def _log(self, issue: Issue, by: str, items: list[Any], at: float | None) -> None:
        now = self.clock.now() if at is None else at
        issue.changes.append(Change(self.issues.number("change"), by, now, items))
        issue.updated = max(issue.updated, now)

    # -- shapes -----------------------------------------------------------

    def show(self, issue: Issue, names: list[str], call: Call, *, expand: str = "") -> dict[str, Any]:
        """Render an issue with the named fields (`*all`, `*navigable`, `-name`)."""
        asked = {name.strip() for name in names if name.strip()}
        without = {name[1:] for name in asked if name.startswith("-")}
        everything = bool(asked & {"*all", "*navigable"}) or (
            asked == {f"-{name}" for name in without} and bool(without)
        )
        plain = "/rest/api/2" in call.base
        shown = self.fields.show(issue, lambda n: n not in without and (everything or n in asked), plain=plain)
        found: dict[str, Any] = {
            "expand": "renderedFields,names,schema,operations,editmeta,changelog", "id": issue.id,
            "self": f"{self.url}/rest/api/{2 if plain else 3}/issue/{issue.id}", "key": issue.key,
        }  # fmt: skip
        if shown:
            found["fields"] = shown
        if "names" in expand.split(","):
            found["names"] = {name: self.issues.fields[name].name for name in shown}
        if "changelog" in expand.split(","):
            entries = [self.fields.change(change) for change in reversed(issue.changes)]
            page = {"startAt": 0, "maxResults": len(entries), "total": len(entries), "histories": entries}
            return found | {"changelog": page}
        if asked == {"id"}:
            return {"id": issue.id}
        return found

    def tickets_of(self, obj: Obj) -> list[dict[str, Any]]:
        """List the issues that name an Assets object, as Assets shows them."""
        found = []
        for number in sorted(self.issues.of_object.get(str(obj.id), ()), key=int):
            issue = self.issues.issues[number]
            priority = issue.values.get("priority") or "3"
            found.append({
                "workspaceId": self.store.workspace, "globalId": f"{self.store.workspace}:{number}", "key": issue.key,
                "id": number, "reporter": issue.reporter, "created": assets_stamp(issue.created),
                "updated": assets_stamp(issue.updated), "title": str(issue.values.get("summary", "")),
                "status": {"name": STATUSES[issue.status][0], "description": "", "colorName": "yellow"},
                "type": {"name": ISSUE_TYPES[issue.type], "description": "", "iconUrl": f"{self.url}/images/type.png"},
                "priority": {"name": PRIORITIES[priority], "iconUrl": f"{self.url}/images/priority.png"},
            })  # fmt: skip
        return found
