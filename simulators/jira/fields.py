"""Fields of issues: which values are accepted, how they are stored, how they are shown.

Stored forms: text as such, documents as Atlassian documents, people as account ids, labels as a list, options and
priorities as ids or texts, Assets objects as a list of object ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from simulators.jira import adf
from simulators.jira.access import Access, Account
from simulators.jira.issues import (
    CATEGORIES,
    ISSUE_TYPES,
    LINK_TYPES,
    PRIORITIES,
    READ_ONLY,
    STATUSES,
    Change,
    Comment,
    Field,
    Issue,
    IssueStore,
    Project,
    stamp,
)
from simulators.jira.store import Obj, Store

MAX_SUMMARY = 255


class Fields:
    """Checks and renders the fields of one site.

    Args:
        issues: The issues.
        assets: The objects that fields may name.
        access: The people.
        base: Address that links start with.
    """

    def __init__(self, issues: IssueStore, assets: Store, access: Access, base: Callable[[], str]) -> None:
        self._issues = issues
        self._assets = assets
        self._access = access
        self._base = base

    # -- in ---------------------------------------------------------------

    def take(
        self, sent: Mapping[str, Any], project: Project, sees: Callable[[Obj], bool], *, plain: bool = False
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Check fields and bring them to the stored form; returns values and errors per field.

        Args:
            sent: Field id -> value; project and issue type are left to the caller.
            project: Whose screens count.
            sees: Whether the caller sees an Assets object.
            plain: Documents come as plain text (version 2 of the API).
        """
        values: dict[str, Any] = {}
        errors: dict[str, str] = {}
        for name, value in sent.items():
            about = self._issues.fields.get(name)
            unknown = about is None or name in READ_ONLY or (project.fields is not None and name not in project.fields)
            if about is None or unknown:
                errors[name] = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
                continue
            try:
                values[name] = None if value is None else self._one(about, value, sees, plain=plain)
            except ValueError as problem:
                errors[name] = str(problem)
        return values, errors

    def _one(self, about: Field, value: Any, sees: Callable[[Obj], bool], *, plain: bool) -> Any:
        if about.kind == "area":
            return adf.of_text(value) if plain and isinstance(value, str) else adf.check(value)
        if about.kind in ("text", "url"):
            return _text(about, value)
        if about.kind == "labels":
            return _labels(value)
        if about.kind == "number":
            if isinstance(value, bool) or not isinstance(value, int | float):
                msg = f"'{str(value)[:60]}' is an invalid number"
                raise ValueError(msg)
            return float(value)
        if about.kind == "date":
            return _date(value)
        if about.kind == "user":
            return self._user(about, value)
        if about.kind == "select":
            text = value.get("value") if isinstance(value, dict) else None
            if text not in about.options:
                msg = f"Option value '{str(text)[:60]}' is not valid"
                raise ValueError(msg)
            return text
        if about.kind == "priority":
            return _named(value, PRIORITIES, "The priority selected is invalid.")
        return self._objects(value, sees)

    def _user(self, about: Field, value: Any) -> str | None:
        number = value.get("accountId", value.get("id")) if isinstance(value, dict) else None
        if isinstance(value, dict) and number is None and ("accountId" in value or "id" in value):
            return None
        account = self._access.accounts.get(str(number))
        if account is None or not account.active or (about.id == "assignee" and account.kind == "customer"):
            msg = (
                f"User '{str(number)[:60]}' cannot be assigned issues." if about.id == "assignee"
                else f"Specify a valid value for {about.name}"
            )  # fmt: skip
            raise ValueError(msg)
        return account.account_id

    def _objects(self, value: Any, sees: Callable[[Obj], bool]) -> list[str]:
        """Take `[{"workspaceId", "id": "workspace:number", "objectId"}]`; `id` alone is enough."""
        if not isinstance(value, list):
            msg = "data was not an array"
            raise ValueError(msg)
        found = []
        for item in value:
            workspace, _, number = str(item.get("id", "") if isinstance(item, dict) else "").partition(":")
            obj = self._assets.objects.get(int(number)) if number.isdigit() and number.isascii() else None
            if workspace != self._assets.workspace or obj is None or not sees(obj):
                msg = "One or more Assets objects could not be found or are not valid for this field"
                raise ValueError(msg)
            if str(item.get("objectId", number)) != number:
                msg = "id and objectId name different Assets objects"
                raise ValueError(msg)
            found.append(number)
        return list(dict.fromkeys(found))

    # -- out --------------------------------------------------------------

    def show(self, issue: Issue, wanted: Callable[[str], bool], *, plain: bool = False) -> dict[str, Any]:
        """Render the fields of an issue; those never set are null."""
        root = f"{self._base()}/rest/api/{2 if plain else 3}"
        found: dict[str, Any] = {}
        for name, about in self._issues.fields.items():
            if wanted(name):
                found[name] = self._shown(issue, about, root, plain=plain)
        return found

    def _shown(self, issue: Issue, about: Field, root: str, *, plain: bool) -> Any:
        builders: dict[str, Callable[[], Any]] = {
            "issuetype": lambda: self.issue_type(issue.type),
            "project": lambda: self.project(self._issues.projects[issue.project]),
            "status": lambda: self.status(issue.status), "created": lambda: stamp(issue.created),
            "updated": lambda: stamp(issue.updated), "reporter": lambda: self.user(issue.reporter),
            "resolution": lambda: self._resolution(issue, root),
            "comment": lambda: self._comments(issue, root, plain=plain),
            "issuelinks": lambda: [self.link(link, root) for link in issue.links],
            "labels": lambda: issue.values.get("labels") or [],
        }  # fmt: skip
        if about.id in builders:
            return builders[about.id]()
        value = issue.values.get(about.id)
        if value is None:
            return None
        if about.kind == "area":
            return adf.text(value) if plain else value
        if about.kind == "user":
            return self.user(value)
        if about.kind == "select":
            return {"self": f"{root}/customFieldOption/1", "value": value, "id": str(about.options.index(value) + 1)}
        if about.kind == "priority":
            return self.priority(value)
        if about.kind == "cmdb":
            workspace = self._assets.workspace
            return [{"workspaceId": workspace, "id": f"{workspace}:{n}", "objectId": n} for n in value]
        return value

    def _resolution(self, issue: Issue, root: str) -> dict[str, Any] | None:
        if STATUSES[issue.status][1] != "done":
            return None
        return {"self": f"{root}/resolution/10000", "id": "10000", "description": "", "name": "Done"}

    def _comments(self, issue: Issue, root: str, *, plain: bool) -> dict[str, Any]:
        shown = [self.comment(issue, comment, plain=plain) for comment in issue.comments]
        return {
            "comments": shown, "self": f"{root}/issue/{issue.id}/comment", "maxResults": len(shown),
            "total": len(shown), "startAt": 0,
        }  # fmt: skip

    def comment(self, issue: Issue, comment: Comment, *, plain: bool = False) -> dict[str, Any]:
        """Render a comment."""
        author, root = self.user(comment.author), f"{self._base()}/rest/api/{2 if plain else 3}"
        return {
            "self": f"{root}/issue/{issue.id}/comment/{comment.id}", "id": comment.id,
            "author": author, "body": adf.text(comment.body) if plain else comment.body, "updateAuthor": author,
            "created": stamp(comment.created), "updated": stamp(comment.updated), "jsdPublic": True,
        }  # fmt: skip

    def change(self, change: Change) -> dict[str, Any]:
        """Render an entry of a change log."""
        items = []
        for number, name, old, old_text, new, new_text in change.items:
            item = {"field": name, "fieldtype": "custom" if number.startswith("custom") else "jira", "fieldId": number}
            more = {"from": old, "fromString": old_text, "to": new, "toString": new_text}
            items.append(item | {key: text for key, text in more.items() if text})
        return {"id": change.id, "author": self.user(change.author), "created": stamp(change.time), "items": items}

    def link(self, link: tuple[str, str, bool, str], root: str) -> dict[str, Any]:
        """Render a link between issues."""
        number, kind, outward, other = link
        found = self._issues.issues[other]
        inner = {
            "id": found.id, "key": found.key, "self": f"{root}/issue/{found.id}",
            "fields": {"summary": found.values.get("summary"), "status": self.status(found.status)},
        }  # fmt: skip
        side = "outwardIssue" if outward else "inwardIssue"
        return {"id": number, "self": f"{root}/issueLink/{number}", "type": self.link_type(kind), side: inner}

    def link_type(self, number: str) -> dict[str, Any]:
        """Render a type of link."""
        name, inward, outward = LINK_TYPES[number]
        return {
            "id": number, "name": name, "inward": inward, "outward": outward,
            "self": f"{self._base()}/rest/api/3/issueLinkType/{number}",
        }  # fmt: skip

    def user(self, account_id: str | None) -> dict[str, Any] | None:
        """Render a person as an issue or comment shows them."""
        account = self._access.accounts.get(account_id or "")
        return self.account(account) if account else None

    def account(self, account: Account, *, own: bool = False) -> dict[str, Any]:
        """Render an account; `own` shows the e-mail address whatever the profile says."""
        found: dict[str, Any] = {
            "self": f"{self._base()}/rest/api/3/user?accountId={account.account_id}",
            "accountId": account.account_id, "accountType": account.kind, "displayName": account.name,
            "avatarUrls": {f"{size}x{size}": f"{self._base()}/avatar/{size}.png" for size in (16, 24, 32, 48)},
            "active": account.active, "timeZone": "Etc/UTC",
        }  # fmt: skip
        if account.email and (account.shown or own):
            found["emailAddress"] = account.email
        return found

    def status(self, number: str) -> dict[str, Any]:
        """Render a status."""
        name, key = STATUSES[number]
        category, colour, shown = CATEGORIES[key]
        root = f"{self._base()}/rest/api/3"
        return {
            "self": f"{root}/status/{number}", "description": "", "name": name, "id": number,
            "iconUrl": f"{self._base()}/images/icons/statuses/generic.png",
            "statusCategory": {
                "self": f"{root}/statuscategory/{category}", "id": category, "key": key, "colorName": colour,
                "name": shown,
            },
        }  # fmt: skip

    def issue_type(self, number: str) -> dict[str, Any]:
        """Render an issue type."""
        return {
            "self": f"{self._base()}/rest/api/3/issuetype/{number}", "id": number, "name": ISSUE_TYPES[number],
            "description": "", "iconUrl": f"{self._base()}/images/icons/issuetypes/{number}.png", "subtask": False,
            "hierarchyLevel": 0,
        }  # fmt: skip

    def priority(self, number: str) -> dict[str, Any]:
        """Render a priority."""
        return {
            "self": f"{self._base()}/rest/api/3/priority/{number}", "id": number, "name": PRIORITIES[number],
            "iconUrl": f"{self._base()}/images/icons/priorities/{number}.png",
        }  # fmt: skip

    def project(self, project: Project) -> dict[str, Any]:
        """Render a project as an issue shows it."""
        return {
            "self": f"{self._base()}/rest/api/3/project/{project.id}", "id": project.id, "key": project.key,
            "name": project.name, "projectTypeKey": project.kind, "simplified": False,
        }  # fmt: skip

    def meta(self, about: Field, *, create: bool) -> dict[str, Any]:
        """Render what a screen says about a field."""
        operations = ["set"] if about.kind not in ("labels", "cmdb") else ["add", "set", "remove"]
        found: dict[str, Any] = {
            "required": create and about.id in ("summary", "issuetype", "project"), "schema": self.schema(about),
            "name": about.name, "key": about.id, "hasDefaultValue": False, "operations": operations,
        }  # fmt: skip
        if about.options:
            found["allowedValues"] = [{"value": text, "id": str(n)} for n, text in enumerate(about.options, 1)]
        if about.id == "priority":
            found["allowedValues"] = [self.priority(number) for number in PRIORITIES]
        return found

    @staticmethod
    def schema(about: Field) -> dict[str, Any]:
        """Render the type of a field."""
        found: dict[str, Any] = {"type": about.type}
        if about.items:
            found["items"] = about.items
        if about.custom:
            return found | {"custom": about.custom, "customId": int(about.id.removeprefix("customfield_"))}
        return found | {"system": about.id}

    def text(self, about: Field, value: Any) -> tuple[str, str]:
        """Render a stored value for the change log: raw and as people read it."""
        if value in (None, "", []):
            return "", ""
        if about.kind == "area":
            return "", adf.text(value)
        if about.kind == "user":
            account = self._access.accounts.get(value)
            return value, account.name if account else value
        if about.kind == "priority":
            return value, PRIORITIES[value]
        if isinstance(value, list):
            return "", " ".join(value)
        return "", str(value)


def _text(about: Field, value: Any) -> str:
    if not isinstance(value, str):
        msg = "Operation value must be a string"
        raise ValueError(msg)
    if about.id == "summary" and ("\n" in value or "\r" in value):
        msg = "The summary is invalid because it contains newline characters."
        raise ValueError(msg)
    if about.id == "summary" and not value.strip():
        msg = "You must specify a summary of the issue."
        raise ValueError(msg)
    if len(value) > MAX_SUMMARY:
        msg = f"{about.name} must be less than {MAX_SUMMARY} characters."
        raise ValueError(msg)
    return value


def _labels(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        msg = "data was not an array"
        raise ValueError(msg)
    for one in value:
        if " " in one or not one:
            msg = f"The label '{one[:60]}' can't contain spaces."
            raise ValueError(msg)
        if len(one) > MAX_SUMMARY:
            msg = f"The label '{one[:60]}' is too long: at most {MAX_SUMMARY} characters."
            raise ValueError(msg)
    return sorted(set(value))


def _date(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        msg = "Operation value must be a string in the format yyyy-MM-dd"
        raise ValueError(msg) from None


def _named(value: Any, known: Mapping[str, str], message: str) -> str:
    if isinstance(value, dict):
        for number, name in known.items():
            if str(value.get("id", "")) == number or str(value.get("name", "")).lower() == name.lower():
                return number
    raise ValueError(message)
