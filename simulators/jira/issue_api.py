"""Jira platform REST v3: issues, comments, transitions, links, remote links, properties, change log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from simulators.http import Response
from simulators.jira import adf
from simulators.jira.call import Call, Routes
from simulators.jira.errors import JiraError, bad_request, forbidden
from simulators.jira.issues import (
    ISSUE_TYPES,
    LINK_TYPES,
    STATUSES,
    TRANSITIONS,
    Change,
    Comment,
    Issue,
    Project,
    stamp,
)

if TYPE_CHECKING:
    from simulators.jira.app import Jira

_NO_ISSUE = "Issue does not exist or you do not have permission to see it."
_MAX_PROPERTY = 32_768


class IssueApi:
    """Answers for the issues of one site."""

    def __init__(self, sim: Jira) -> None:
        self._sim = sim
        self._store = sim.issues

    def routes(self, routes: Routes) -> None:
        """Add what is served."""
        read, write = ("read:jira-work", "read:issue:jira"), ("write:jira-work", "write:issue:jira")
        routes.add("POST", "/issue", self.create, *write)
        routes.add("GET", "/issue/{}", self.get, *read)
        routes.add("PUT", "/issue/{}", self.edit, *write)
        routes.add("DELETE", "/issue/{}", self.delete, *write)
        routes.add("PUT", "/issue/{}/assignee", self.assign, *write)
        routes.add("GET", "/issue/{}/comment", self.comments, *read)
        routes.add("POST", "/issue/{}/comment", self.add_comment, *write)
        routes.add("GET", "/issue/{}/transitions", self.transitions, *read)
        routes.add("POST", "/issue/{}/transitions", self.transition, *write)
        routes.add("GET", "/issue/{}/changelog", self.changelog, *read)
        routes.add("GET", "/issue/{}/editmeta", self.editmeta, *read)
        routes.add("GET", "/issue/{}/remotelink", self.remote_links, *read)
        routes.add("POST", "/issue/{}/remotelink", self.add_remote_link, *write)
        routes.add("GET", "/issue/{}/properties", self.property_keys, *read)
        routes.add("GET", "/issue/{}/properties/{}", self.property, *read)
        routes.add("PUT", "/issue/{}/properties/{}", self.set_property, *write)
        routes.add("DELETE", "/issue/{}/properties/{}", self.delete_property, *write)
        routes.add("POST", "/issueLink", self.link, *write)

    # -- issues -----------------------------------------------------------

    def create(self, call: Call) -> Response:
        """`POST /issue`."""
        data = call.body()
        sent = dict(data.get("fields") or {})
        project, kind, errors = self._home(call, sent)
        if project is None:
            raise JiraError(400, "", errors)
        values, wrong = self._taken(call, sent, project)
        errors |= wrong
        if not values.get("summary") and "summary" not in errors:
            errors["summary"] = "You must specify a summary of the issue."
        if errors:
            raise JiraError(400, "", errors)
        reporter = values.pop("reporter", None) or call.account.account_id
        issue = self._store.add_issue(project, kind, reporter, values)
        for item in data.get("properties") or ():
            issue.properties[str(item["key"])] = item["value"]
        self._sim.reindex(issue, new=True)
        call.wrote()
        answer = {"id": issue.id, "key": issue.key, "self": f"{self._sim.url}/rest/api/3/issue/{issue.id}"}
        return Response.json(answer, 201)

    def _home(self, call: Call, sent: dict[str, Any]) -> tuple[Project | None, str, dict[str, str]]:
        """Find project and issue type of a new issue, taking them out of the fields."""
        where, what = sent.pop("project", None), sent.pop("issuetype", None)
        errors: dict[str, str] = {}
        key = str(where.get("id") or where.get("key") or "") if isinstance(where, dict) else ""
        project = self._store.project(key) if key else None
        if project is None or not self._sim.permits("BROWSE_PROJECTS", project, call.account):
            return None, "", {"project": "Specify a valid project ID or key"}
        if not self._sim.permits("CREATE_ISSUES", project, call.account):
            return None, "", {"project": "You do not have permission to create issues in this project."}
        kind = ""
        if isinstance(what, dict):
            wanted = (str(what.get("id", "")), str(what.get("name", "")).lower())
            kind = next((n for n, name in ISSUE_TYPES.items() if n == wanted[0] or name.lower() == wanted[1]), "")
        if not kind:
            errors["issuetype"] = "Specify a valid issue type"
        return project, kind, errors

    def _taken(self, call: Call, sent: dict[str, Any], project: Project) -> tuple[dict[str, Any], dict[str, str]]:
        sees = self._sim.sees
        values, errors = self._sim.fields.take(
            sent, project, lambda obj: sees(call.account, obj), plain="/rest/api/2" in call.base
        )
        for name in list(values):
            why = self._sim.field_refusal(call.account, name)
            if why:
                del values[name]
                errors[name] = why
        return values, errors

    def get(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}`."""
        issue = self._issue(call)
        names = call.params.get("fields", "*all").split(",") if "fields" in call.params else ["*all"]
        return Response.json(self._sim.show(issue, names, call, expand=call.params.get("expand", "")))

    def edit(self, call: Call) -> Response:
        """`PUT /issue/{issueIdOrKey}`: `fields` and `update`; the last writer wins."""
        issue = self._issue(call)
        project = self._store.projects[issue.project]
        self._need(call, "EDIT_ISSUES", project)
        self._apply(call, issue, call.body())
        if call.flag("returnIssue"):
            return Response.json(self._sim.show(issue, ["*all"], call))
        return Response(204)

    def _apply(self, call: Call, issue: Issue, data: dict[str, Any]) -> None:
        """Carry out `fields` and `update` of an edit or transition.

        Raises:
            JiraError: 400 with what is wrong per field; nothing is written.
        """
        fields, update = dict(data.get("fields") or {}), data.get("update") or {}
        both = {
            name: f"Field '{name}' cannot appear in both 'fields' and 'update'" for name in fields if name in update
        }
        if both:
            raise JiraError(400, "", both)
        comments = []
        for name, operations in update.items():
            if name == "comment":
                comments += [_body(one.get("add", {}).get("body"), call) for one in operations]
            else:
                fields[name] = self._operated(issue, name, operations)
        values, errors = self._taken(call, fields, self._store.projects[issue.project])
        if errors:
            raise JiraError(400, "", errors)
        changed = self._sim.change_issue(issue, values, call.account.account_id)
        for body in comments:
            self._comment(call, issue, body)
        if changed:
            call.wrote()

    def _operated(self, issue: Issue, name: str, operations: list[dict[str, Any]]) -> Any:
        """Turn operations into a value."""
        present: Any = issue.values.get(name)
        about = self._store.fields.get(name)
        if about is not None and about.kind == "cmdb":
            workspace = self._sim.store.workspace
            present = [{"id": f"{workspace}:{n}"} for n in present or ()]
        for operation in operations:
            [(verb, value)] = operation.items()
            if verb == "set":
                present = value
            elif verb in ("add", "remove") and about is not None and about.kind in ("labels", "cmdb"):
                rest = [one for one in present or [] if _key(one) != _key(value)]
                present = [*rest, value] if verb == "add" else rest
            else:
                raise JiraError(400, "", {name: f"Field does not support update '{verb[:40]}'"})
        return present

    def delete(self, call: Call) -> Response:
        """`DELETE /issue/{issueIdOrKey}`."""
        issue = self._issue(call)
        if not self._sim.permits("DELETE_ISSUES", self._store.projects[issue.project], call.account):
            raise forbidden("You do not have permission to delete issues in this project.")
        self._store.remove(issue)
        call.wrote()
        return Response(204)

    def assign(self, call: Call) -> Response:
        """`PUT /issue/{issueIdOrKey}/assignee`."""
        issue = self._issue(call)
        self._need(call, "ASSIGN_ISSUES", self._store.projects[issue.project])
        self._apply(call, issue, {"fields": {"assignee": call.body()}})
        return Response(204)

    # -- comments and transitions -----------------------------------------

    def comments(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/comment`."""
        issue = self._issue(call)
        start, size = call.number("startAt", 0), call.number("maxResults", 100)
        order = call.params.get("orderBy", "created")
        if order.lstrip("+-") != "created":
            raise bad_request("orderBy can only be created")
        found = issue.comments[::-1] if order.startswith("-") else issue.comments
        plain = "/rest/api/2" in call.base
        shown = [self._sim.fields.comment(issue, one, plain=plain) for one in found[start : start + size]]
        return Response.json({"startAt": start, "maxResults": size, "total": len(found), "comments": shown})

    def add_comment(self, call: Call) -> Response:
        """`POST /issue/{issueIdOrKey}/comment`."""
        issue = self._issue(call)
        self._need(call, "ADD_COMMENTS", self._store.projects[issue.project])
        comment = self._comment(call, issue, _body(call.body().get("body"), call))
        return Response.json(self._sim.fields.comment(issue, comment, plain="/rest/api/2" in call.base), 201)

    def _comment(self, call: Call, issue: Issue, body: dict[str, Any]) -> Comment:
        call.wrote()
        return self._sim.comment(issue.key, body, by=call.account.account_id)

    def transitions(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/transitions`: those the present status allows."""
        issue = self._issue(call)
        wanted = call.params.get("transitionId", "")
        shown = [
            {
                "id": number, "name": name, "to": self._sim.fields.status(target), "hasScreen": False,
                "isGlobal": False, "isInitial": False, "isAvailable": True, "isConditional": False, "looped": False,
            }
            for number, (name, sources, target) in TRANSITIONS.items()
            if issue.status in sources and wanted in ("", number)
        ]  # fmt: skip
        if not self._sim.permits("TRANSITION_ISSUES", self._store.projects[issue.project], call.account):
            shown = []
        return Response.json({"expand": "transitions", "transitions": shown})

    def transition(self, call: Call) -> Response:
        """`POST /issue/{issueIdOrKey}/transitions`."""
        issue, data = self._issue(call), call.body()
        wanted = data.get("transition")
        number = str(wanted.get("id", "")) if isinstance(wanted, dict) else ""
        if not number:
            raise bad_request("Missing 'transition' identifier")
        name, sources, target = TRANSITIONS.get(number, ("", (), ""))
        allowed = self._sim.permits("TRANSITION_ISSUES", self._store.projects[issue.project], call.account)
        if not name or issue.status not in sources or not allowed:
            raise bad_request(f"Transition id '{number[:20]}' is not valid for this issue.")
        self._apply(call, issue, data)
        self._sim.move_issue(issue, target, call.account.account_id)
        call.wrote()
        return Response(204)

    def changelog(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/changelog`: oldest first."""
        issue = self._issue(call)
        start, size = call.number("startAt", 0), min(call.number("maxResults", 100), 100)
        cut = issue.changes[start : start + size]
        url = f"{self._sim.url}/rest/api/3/issue/{issue.id}/changelog"
        return Response.json({
            "self": f"{url}?startAt={start}&maxResults={size}", "startAt": start, "maxResults": size,
            "total": len(issue.changes), "isLast": start + size >= len(issue.changes),
            "values": [self._change(one) for one in cut],
        })  # fmt: skip

    def _change(self, change: Change) -> dict[str, Any]:
        items = []
        for number, name, old, old_text, new, new_text in change.items:
            item = {"field": name, "fieldtype": "custom" if number.startswith("custom") else "jira", "fieldId": number}
            more = {"from": old, "fromString": old_text, "to": new, "toString": new_text}
            items.append(item | {key: text for key, text in more.items() if text})
        author = self._sim.fields.user(change.author)
        return {"id": change.id, "author": author, "created": stamp(change.time), "items": items}

    def editmeta(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/editmeta`."""
        project = self._store.projects[self._issue(call).project]
        return Response.json({"fields": self._sim.screen(project, create=False)})

    # -- links and properties ---------------------------------------------

    def link(self, call: Call) -> Response:
        """`POST /issueLink`: the same link twice is one."""
        data = call.body()
        sides = [self._named(call, data.get(name)) for name in ("inwardIssue", "outwardIssue")]
        wanted = data.get("type") if isinstance(data.get("type"), dict) else {}
        assert wanted is not None
        name = str(wanted.get("name", "")).lower()
        kind = next((n for n, found in LINK_TYPES.items() if n == wanted.get("id") or found[0].lower() == name), "")
        if not kind:
            raise JiraError(404, f"No issue link type with name '{name[:40]}' found.")
        inward, outward = sides
        for issue in sides:
            self._need(call, "LINK_ISSUES", self._store.projects[issue.project])
        if not any(link[1:] == (kind, True, outward.id) for link in inward.links):
            number = self._store.number("link")
            inward.links.append((number, kind, True, outward.id))
            outward.links.append((number, kind, False, inward.id))
            call.wrote()
        return Response(201)

    def _named(self, call: Call, value: object) -> Issue:
        key = str(value.get("key") or value.get("id") or "") if isinstance(value, dict) else ""
        return self._visible(call, key)

    def remote_links(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/remotelink`; with `globalId` that one."""
        issue, wanted = self._issue(call), call.params.get("globalId", "")
        found = [self._remote(issue, number) for number in issue.remote]
        if not wanted:
            return Response.json(found)
        match = next((one for one in found if one.get("globalId") == wanted), None)
        if match is None:
            raise JiraError(404, "No remote issue link with the global ID was found.")
        return Response.json(match)

    def _remote(self, issue: Issue, number: int) -> dict[str, Any]:
        url = f"{self._sim.url}/rest/api/3/issue/{issue.key}/remotelink/{number}"
        return {"id": number, "self": url, **issue.remote[number]}

    def add_remote_link(self, call: Call) -> Response:
        """`POST /issue/{issueIdOrKey}/remotelink`: a known `globalId` is updated (200), else created (201)."""
        issue, data = self._issue(call), call.body()
        self._need(call, "LINK_ISSUES", self._store.projects[issue.project])
        about = data.get("object")
        missing = [name for name in ("url", "title") if not isinstance(about, dict) or not about.get(name)]
        if missing:
            raise JiraError(400, "", {name: f"'{name}' is required." for name in missing})
        known = {one["globalId"]: number for number, one in issue.remote.items() if one.get("globalId")}
        number = known.get(data.get("globalId"), 0)
        status = 200 if number else 201
        number = number or int(self._store.number("remote"))
        sent: dict[str, Any] = {
            name: data[name] for name in ("globalId", "application", "relationship", "object") if name in data
        }
        if issue.remote.get(number) != sent:
            issue.remote[number] = sent
            call.wrote()
        url = f"{self._sim.url}/rest/api/3/issue/{issue.key}/remotelink/{number}"
        return Response.json({"id": number, "self": url}, status)

    def property_keys(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/properties`."""
        issue = self._issue(call)
        url = f"{self._sim.url}/rest/api/3/issue/{issue.key}/properties/"
        return Response.json({"keys": [{"key": key, "self": f"{url}{key}"} for key in issue.properties]})

    def property(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/properties/{propertyKey}`."""
        issue, key = self._issue(call), call.ids[1]
        if key not in issue.properties:
            raise JiraError(404, f"The property {key[:60]} does not exist.")
        return Response.json({"key": key, "value": issue.properties[key]})

    def set_property(self, call: Call) -> Response:
        """`PUT /issue/{issueIdOrKey}/properties/{propertyKey}`: 201 when new, else 200."""
        issue, key = self._issue(call), call.ids[1]
        if not self._sim.permits("EDIT_ISSUES", self._store.projects[issue.project], call.account):
            raise forbidden("You do not have permission to edit the issue.")
        if len(key) > 255 or len(call.request.body) > _MAX_PROPERTY:
            raise bad_request("The property key or value is too long.")
        try:
            value = orjson.loads(call.request.body)
        except orjson.JSONDecodeError:
            raise bad_request("The property value has to be a valid, non-empty JSON.") from None
        status = 200 if key in issue.properties else 201
        if issue.properties.get(key) != value:
            issue.properties[key] = value
            call.wrote()
        return Response(status)

    def delete_property(self, call: Call) -> Response:
        """`DELETE /issue/{issueIdOrKey}/properties/{propertyKey}`."""
        issue, key = self._issue(call), call.ids[1]
        if issue.properties.pop(key, None) is None:
            raise JiraError(404, f"The property {key[:60]} does not exist.")
        call.wrote()
        return Response(204)

    # -- look-ups ---------------------------------------------------------

    def _issue(self, call: Call) -> Issue:
        return self._visible(call, call.ids[0])

    def _visible(self, call: Call, key: str) -> Issue:
        issue = self._store.find(key)
        if issue is None:
            raise JiraError(404, _NO_ISSUE)
        if not self._sim.permits("BROWSE_PROJECTS", self._store.projects[issue.project], call.account):
            raise JiraError(404, _NO_ISSUE)
        return issue

    def _need(self, call: Call, permission: str, project: Project) -> None:
        """Refuse what a project does not permit; Jira says so with 400 for edits, else with 403.

        Raises:
            JiraError: 400 or 403.
        """
        if not self._sim.permits(permission, project, call.account):
            text = "You do not have permission to do this in the project. Contact your administrator."
            raise JiraError(400 if permission == "ADD_COMMENTS" else 403, text)


def _body(value: Any, call: Call) -> dict[str, Any]:
    if "/rest/api/2" in call.base and isinstance(value, str):
        value = adf.of_text(value)
    try:
        return adf.check(value)
    except ValueError as problem:
        text = "Comment body is not valid!" if "Atlassian" in str(problem) else str(problem)
        raise JiraError(400, "", {"comment": text}) from None


def _key(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value


__all__ = ["STATUSES", "IssueApi"]
