"""Jira platform REST v3: issues, comments, transitions, change log."""

from __future__ import annotations

from typing import Any

from simulators.http import Response
from simulators.jira import adf
from simulators.jira.call import Call, Routes
from simulators.jira.errors import JiraError, bad_request, forbidden
from simulators.jira.issue_lookup import IssueLookup
from simulators.jira.issues import ISSUE_TYPES, TRANSITIONS, Comment, Issue, Project

_MAX_BULK = 50
_MAX_FETCH = 100


class IssueApi(IssueLookup):
    """Answers for the issues of one site."""

    def routes(self, routes: Routes) -> None:
        """Add what is served."""
        read, write = ("read:jira-work", "read:issue:jira"), ("write:jira-work", "write:issue:jira")
        routes.add("POST", "/issue", self.create, *write)
        routes.add("POST", "/issue/bulk", self.create_many, *write)
        routes.add("POST", "/issue/bulkfetch", self.fetch_many, *read)
        routes.add("GET", "/issue/{}", self.get, *read)
        routes.add("PUT", "/issue/{}", self.edit, *write)
        routes.add("DELETE", "/issue/{}", self.delete, *write)
        routes.add("PUT", "/issue/{}/assignee", self.assign, *write)
        routes.add("GET", "/issue/{}/comment", self.comments, *read)
        routes.add("POST", "/issue/{}/comment", self.add_comment, *write)
        routes.add("GET", "/issue/{}/comment/{}", self.comment, *read)
        routes.add("PUT", "/issue/{}/comment/{}", self.edit_comment, *write)
        routes.add("DELETE", "/issue/{}/comment/{}", self.delete_comment, *write)
        routes.add("GET", "/issue/{}/transitions", self.transitions, *read)
        routes.add("POST", "/issue/{}/transitions", self.transition, *write)
        routes.add("GET", "/issue/{}/changelog", self.changelog, *read)
        routes.add("GET", "/issue/{}/editmeta", self.editmeta, *read)

    # -- issues -----------------------------------------------------------

    def create(self, call: Call) -> Response:
        """`POST /issue`."""
        return Response.json(self._created(call, call.body()), 201)

    def create_many(self, call: Call) -> Response:
        """`POST /issue/bulk`: at most 50; those that are refused stand under `errors`, 400 where all are."""
        updates = call.body().get("issueUpdates")
        if not isinstance(updates, list) or not 0 < len(updates) <= _MAX_BULK:
            raise bad_request(f"The request must hold 1 to {_MAX_BULK} issues")
        issues, errors = [], []
        for number, update in enumerate(updates):
            try:
                issues.append(self._created(call, update))
            except JiraError as problem:
                inner = {"errorMessages": [problem.message] if problem.message else [], "errors": problem.errors}
                errors.append({"status": problem.status, "elementErrors": inner, "failedElementNumber": number})
        return Response.json({"issues": issues, "errors": errors}, 201 if issues else 400)

    def fetch_many(self, call: Call) -> Response:
        """`POST /issue/bulkfetch`: at most 100 issues by id or key, those not found under `issueErrors`."""
        data = call.body()
        wanted = data.get("issueIdsOrKeys")
        if not isinstance(wanted, list) or len(wanted) > _MAX_FETCH:
            raise bad_request(f"issueIdsOrKeys must hold at most {_MAX_FETCH} issues")
        names = [str(name) for name in _list(data.get("fields"))] or ["*all"]
        found: dict[str, Issue] = {}
        errors = []
        for key in wanted:
            try:
                issue = self._visible(call, str(key))
                found[issue.id] = issue
            except JiraError as problem:
                errors.append({"id": str(key), "errorMessage": problem.message})
        expand = ",".join(str(name) for name in _list(data.get("expand")))
        ordered = sorted(found.values(), key=lambda issue: int(issue.id))
        shown = [self._sim.show(issue, names, call, expand=expand) for issue in ordered]
        return Response.json({"issues": shown, "issueErrors": errors})

    def _created(self, call: Call, data: dict[str, Any]) -> dict[str, str]:
        """Create an issue and render what Jira says of it.

        Raises:
            JiraError: 400 with what is wrong per field.
        """
        data = _details(data)
        sent = dict(data["fields"])
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
        issue.properties |= data["properties"]
        self._sim.reindex(issue, new=True)
        call.wrote()
        version = 2 if "/rest/api/2" in call.base else 3
        return {"id": issue.id, "key": issue.key, "self": f"{self._sim.url}/rest/api/{version}/issue/{issue.id}"}

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
        self._sim.coming.arrive(issue.key)
        self._apply(call, issue, call.body())
        if call.flag("returnIssue"):
            return Response.json(self._sim.show(issue, ["*all"], call))
        return Response(204)

    def _apply(self, call: Call, issue: Issue, data: dict[str, Any]) -> None:
        """Carry out `fields` and `update` of an edit or transition.

        Raises:
            JiraError: 400 with what is wrong per field; nothing is written.
        """
        data = _details(data)
        fields, update = dict(data["fields"]), data["update"]
        both = {
            name: f"Field '{name}' cannot appear in both 'fields' and 'update'" for name in fields if name in update
        }
        if both:
            raise JiraError(400, "", both)
        comments = []
        for name, operations in update.items():
            if name == "comment":
                added = [one.get("add") for one in operations]
                comments += [_body(one.get("body") if isinstance(one, dict) else None, call) for one in added]
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

    def comment(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/comment/{id}`."""
        issue = self._issue(call)
        shown = self._sim.fields.comment(issue, self._one(issue, call), plain="/rest/api/2" in call.base)
        return Response.json(shown)

    def edit_comment(self, call: Call) -> Response:
        """`PUT /issue/{issueIdOrKey}/comment/{id}`: of the caller's own."""
        issue = self._issue(call)
        comment = self._one(issue, call)
        if comment.author != call.account.account_id and not call.account.may("admin"):
            raise bad_request("You do not have the permission to edit this comment.")
        body = _body(call.body().get("body"), call)
        if body != comment.body:
            comment.body, comment.updated = body, self._store.clock.now()
            call.wrote()
        return Response.json(self._sim.fields.comment(issue, comment, plain="/rest/api/2" in call.base))

    def delete_comment(self, call: Call) -> Response:
        """`DELETE /issue/{issueIdOrKey}/comment/{id}`: of the caller's own."""
        issue = self._issue(call)
        comment = self._one(issue, call)
        if comment.author != call.account.account_id and not call.account.may("admin"):
            raise bad_request("You do not have the permission to delete this comment.")
        issue.comments.remove(comment)
        call.wrote()
        return Response(204)

    @staticmethod
    def _one(issue: Issue, call: Call) -> Comment:
        found = next((comment for comment in issue.comments if comment.id == call.ids[1]), None)
        if found is None:
            raise JiraError(404, f"Can not find a comment for the id: {call.ids[1][:40]}.")
        return found

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
            "values": [self._sim.fields.change(one) for one in cut],
        })  # fmt: skip

    def editmeta(self, call: Call) -> Response:
        """`GET /issue/{issueIdOrKey}/editmeta`."""
        project = self._store.projects[self._issue(call).project]
        return Response.json({"fields": self._sim.screen(project, create=False)})


def _details(data: object) -> dict[str, Any]:
    """Check the shape of what creates or edits an issue: `fields`, `update`, `properties` (as key -> value).

    Raises:
        JiraError: 400 where it has another one.
    """
    fields = data.get("fields") or {} if isinstance(data, dict) else None
    update = data.get("update") or {} if isinstance(data, dict) else None
    items = data.get("properties") or [] if isinstance(data, dict) else None
    fine = isinstance(fields, dict) and isinstance(update, dict) and isinstance(items, list)
    if fine and isinstance(update, dict) and isinstance(items, list):
        operations = [one for some in update.values() for one in (some if isinstance(some, list) else [None])]
        fine = all(isinstance(one, dict) and len(one) == 1 for one in operations)
        fine = fine and all(isinstance(one, dict) and {"key", "value"} <= set(one) for one in items)
    if not fine:
        raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
    properties = {str(one["key"]): one["value"] for one in items or ()}
    return {"fields": fields, "update": update, "properties": properties}


def _list(value: object) -> list[Any]:
    if value is None or isinstance(value, list):
        return value or []
    raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")


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
