"""Jira platform REST v3: the site, its people, projects, fields, types, statuses, permissions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulators.http import Response
from simulators.jira.call import Call, Routes, page
from simulators.jira.errors import JiraError, bad_request
from simulators.jira.issues import ISSUE_TYPES, LINK_TYPES, PRIORITIES, STATUSES, Project, stamp

if TYPE_CHECKING:
    from simulators.jira.app import Jira

PERMISSIONS = (
    "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "LINK_ISSUES",
    "ASSIGN_ISSUES", "DELETE_ISSUES",
)  # fmt: skip
GLOBAL = ("ADMINISTER", "USER_PICKER")
_MAX_USERS = 1000


class SiteApi:
    """Answers for what surrounds issues."""

    def __init__(self, sim: Jira) -> None:
        self._sim = sim
        self._store = sim.issues

    def routes(self, routes: Routes) -> None:
        """Add what is served."""
        work, people = "read:jira-work", "read:jira-user"
        routes.add("GET", "/serverInfo", self.server_info)
        routes.add("GET", "/myself", self.myself, people)
        routes.add("GET", "/mypermissions", self.permissions, work)
        routes.add("GET", "/user", self.user, people)
        routes.add("GET", "/user/search", self.search_users, people)
        routes.add("GET", "/user/assignable/search", self.assignable, people)
        routes.add("GET", "/users/search", self.all_users, people)
        routes.add("GET", "/field", self.fields, work)
        routes.add("GET", "/project", self.projects, work)
        routes.add("GET", "/project/search", self.search_projects, work)
        routes.add("GET", "/project/{}", self.project, work)
        routes.add("GET", "/project/{}/statuses", self.statuses_of, work)
        routes.add("GET", "/issuetype", self.issue_types, work)
        routes.add("GET", "/status", self.statuses, work)
        routes.add("GET", "/priority", self.priorities, work)
        routes.add("GET", "/issueLinkType", self.link_types, work)
        routes.add("GET", "/issue/createmeta", self.createmeta_old, work)
        routes.add("GET", "/issue/createmeta/{}/issuetypes", self.createmeta_types, work)
        routes.add("GET", "/issue/createmeta/{}/issuetypes/{}", self.createmeta_fields, work)

    # -- site and people --------------------------------------------------

    def server_info(self, _call: Call) -> Response:
        """`GET /serverInfo`."""
        now = self._sim.clock.now() + self._sim.server.skew
        return Response.json({
            "baseUrl": self._sim.url, "version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0],
            "deploymentType": "Cloud", "buildNumber": 100300, "buildDate": "2026-11-20T10:00:00.000+0000",
            "serverTime": stamp(now), "scmInfo": self._sim.cloud_id, "serverTitle": self._sim.name,
            "serverTimeZone": "Etc/UTC",
        })  # fmt: skip

    def myself(self, call: Call) -> Response:
        """`GET /myself`."""
        return Response.json(self._sim.fields.account(call.account, own=True))

    def permissions(self, call: Call) -> Response:
        """`GET /mypermissions`: `permissions` is needed."""
        wanted = [name for name in call.params.get("permissions", "").split(",") if name]
        if not wanted:
            raise bad_request("The 'permissions' query parameter is required.")
        unknown = [name for name in wanted if name not in PERMISSIONS + GLOBAL]
        if unknown:
            raise bad_request(f"Unrecognized permissions: {', '.join(unknown)[:100]}")
        key = call.params.get("projectId") or call.params.get("projectKey") or ""
        projects = [self._project(call, key)] if key else list(self._store.projects.values())
        shown = {}
        for number, name in enumerate(wanted, 1):
            have = call.account.may("admin") or name == "USER_PICKER"
            if name in PERMISSIONS:
                have = any(self._sim.permits(name, project, call.account) for project in projects)
            shown[name] = {
                "id": str(number), "key": name, "name": name.replace("_", " ").capitalize(), "description": "",
                "type": "PROJECT" if name in PERMISSIONS else "GLOBAL", "havePermission": have,
            }  # fmt: skip
        return Response.json({"permissions": shown})

    def user(self, call: Call) -> Response:
        """`GET /user?accountId=`."""
        number = call.params.get("accountId", "")
        if not number:
            raise bad_request("The query parameter 'accountId' must be provided")
        account = self._sim.access.accounts.get(number)
        if account is None:
            raise JiraError(404, "Specified user does not exist or you do not have required permissions")
        return Response.json(self._sim.fields.account(account))

    def search_users(self, call: Call) -> Response:
        """`GET /user/search?query=`: active people whose name or address begins with the query; at most 1,000."""
        query, number = call.params.get("query", ""), call.params.get("accountId", "")
        if bool(query) == bool(number):
            raise bad_request("The query parameter 'query' must be provided" if not query else "Only one of them")
        found = [
            account
            for account in self._sim.access.accounts.values()
            if account.active
            and (account.account_id == number if number else _matches(account.name, account.email, query))
        ][:_MAX_USERS]
        return self._people(call, found)

    def assignable(self, call: Call) -> Response:
        """`GET /user/assignable/search?query=&project=`."""
        key = call.params.get("project", "")
        if not key and not call.params.get("issueKey"):
            raise bad_request("Specify a project or an issue")
        query = call.params.get("query", "")
        found = [
            account
            for account in self._sim.access.accounts.values()
            if account.active and account.kind != "customer" and _matches(account.name, account.email, query)
        ]
        return self._people(call, found)

    def all_users(self, call: Call) -> Response:
        """`GET /users/search`: also those who are no longer active."""
        return self._people(call, list(self._sim.access.accounts.values()))

    def _people(self, call: Call, found: list[Any]) -> Response:
        start, size = call.number("startAt", 0), min(call.number("maxResults", 50), _MAX_USERS)
        return Response.json([self._sim.fields.account(account) for account in page(found, start, size)[0]])

    # -- projects and fields ----------------------------------------------

    def fields(self, _call: Call) -> Response:
        """`GET /field`."""
        found = []
        for about in self._store.fields.values():
            number = about.id.removeprefix("customfield_")
            names = [f"cf[{number}]", about.name] if about.custom else [about.id]
            found.append({
                "id": about.id, "key": about.id, "name": about.name, "custom": bool(about.custom), "orderable": True,
                "navigable": True, "searchable": True, "clauseNames": names, "schema": self._sim.fields.schema(about),
            })  # fmt: skip
        return Response.json(found)

    def projects(self, call: Call) -> Response:
        """`GET /project`."""
        return Response.json([self._sim.fields.project(project) for project in self._browsable(call)])

    def search_projects(self, call: Call) -> Response:
        """`GET /project/search`."""
        start, size = call.number("startAt", 0), min(call.number("maxResults", 50), 50)
        query, keys = call.params.get("query", "").lower(), call.params.get("keys", "").split(",")
        found = [
            project for project in self._browsable(call)
            if (query in project.name.lower() or query in project.key.lower())
            and (keys == [""] or project.key in keys)
        ]  # fmt: skip
        cut, last = page(found, start, size)
        url = f"{self._sim.url}/rest/api/3/project/search"
        return Response.json({
            "self": f"{url}?startAt={start}&maxResults={size}", "maxResults": size, "startAt": start,
            "total": len(found), "isLast": last, "values": [self._sim.fields.project(project) for project in cut],
        })  # fmt: skip

    def project(self, call: Call) -> Response:
        """`GET /project/{projectIdOrKey}`."""
        shown = self._sim.fields.project(self._project(call, call.ids[0]))
        return Response.json(shown | {"issueTypes": [self._sim.fields.issue_type(n) for n in ISSUE_TYPES]})

    def statuses_of(self, call: Call) -> Response:
        """`GET /project/{projectIdOrKey}/statuses`: per issue type."""
        self._project(call, call.ids[0])
        shown = [self._sim.fields.status(number) for number in STATUSES]
        kinds = [self._sim.fields.issue_type(number) for number in ISSUE_TYPES]
        keep = ("self", "id", "name", "subtask")
        return Response.json([{name: kind[name] for name in keep} | {"statuses": shown} for kind in kinds])

    def issue_types(self, _call: Call) -> Response:
        """`GET /issuetype`."""
        return Response.json([self._sim.fields.issue_type(number) for number in ISSUE_TYPES])

    def statuses(self, _call: Call) -> Response:
        """`GET /status`."""
        return Response.json([self._sim.fields.status(number) for number in STATUSES])

    def priorities(self, _call: Call) -> Response:
        """`GET /priority`."""
        return Response.json([self._sim.fields.priority(number) for number in PRIORITIES])

    def link_types(self, _call: Call) -> Response:
        """`GET /issueLinkType`."""
        return Response.json({"issueLinkTypes": [self._sim.fields.link_type(number) for number in LINK_TYPES]})

    # -- screens ----------------------------------------------------------

    def createmeta_old(self, call: Call) -> Response:
        """`GET /issue/createmeta` (deprecated, what the `jira` library asks)."""
        keys = [key for key in call.params.get("projectKeys", "").split(",") if key]
        expand = "projects.issuetypes.fields" in call.params.get("expand", "")
        shown = []
        for project in self._browsable(call):
            if keys and project.key not in keys:
                continue
            kinds = [self._sim.fields.issue_type(number) for number in ISSUE_TYPES]
            more = {"fields": self._sim.screen(project, create=True)} if expand else {}
            home = self._sim.fields.project(project)
            keep = {name: home[name] for name in ("self", "id", "key", "name")}
            shown.append(keep | {"issuetypes": [kind | more for kind in kinds]})
        return Response.json({"expand": "projects", "projects": shown})

    def createmeta_types(self, call: Call) -> Response:
        """`GET /issue/createmeta/{projectIdOrKey}/issuetypes`."""
        self._project(call, call.ids[0])
        return self._paged(call, "issueTypes", [self._sim.fields.issue_type(number) for number in ISSUE_TYPES])

    def createmeta_fields(self, call: Call) -> Response:
        """`GET /issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}`."""
        project = self._project(call, call.ids[0])
        if call.ids[1] not in ISSUE_TYPES:
            raise bad_request("The issue type is not valid for the project.")
        screen = self._sim.screen(project, create=True)
        return self._paged(call, "fields", [about | {"fieldId": name} for name, about in screen.items()])

    def _paged(self, call: Call, name: str, found: list[dict[str, Any]]) -> Response:
        start, size = call.number("startAt", 0), min(call.number("maxResults", 50), 200)
        cut, _last = page(found, start, size)
        return Response.json({"startAt": start, "maxResults": size, "total": len(found), name: cut})

    # -- look-ups ---------------------------------------------------------

    def _browsable(self, call: Call) -> list[Project]:
        permits = self._sim.permits
        return [p for p in self._store.projects.values() if permits("BROWSE_PROJECTS", p, call.account)]

    def _project(self, call: Call, key: str) -> Project:
        project = self._store.project(key)
        if project is None or not self._sim.permits("BROWSE_PROJECTS", project, call.account):
            raise JiraError(404, f"No project could be found with key '{key[:40]}'.")
        return project


def _matches(name: str, email: str, query: str) -> bool:
    """Say whether a word of the name, or the address, begins with the query."""
    low = query.lower()
    return any(name.lower()[at:].startswith(low) for at in _starts(name)) or email.lower().startswith(low)


def _starts(name: str) -> list[int]:
    return [0] + [at + 1 for at, char in enumerate(name) if char == " "]
