"""Jira platform REST v3: search for issues.

`GET|POST /search/jql`: pages by `nextPageToken` only, no total, ids only unless fields are named, fewer issues a page
than asked for where fields are named, and no read-after-write unless `reconcileIssues` names the issue. `/search` is
gone: 410 (developer.atlassian.com, changelog 2046, read 2026-11-22).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from simulators.http import Response
from simulators.jira.call import Call, Routes
from simulators.jira.errors import JiraError, bad_request
from simulators.jira.issues import Issue
from simulators.jira.lexer import QueryError

if TYPE_CHECKING:
    from simulators.jira.app import Jira

MAX_IDS = 5000
MAX_FIELDS = 100
_KNOWN = {"jql", "nextPageToken", "maxResults", "fields", "expand", "properties", "fieldsByKeys", "reconcileIssues"}
_GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline "
    "is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)


class SearchApi:
    """Answers searches of one site."""

    def __init__(self, sim: Jira) -> None:
        self._sim = sim
        self._tokens: dict[str, tuple[str, list[str]]] = {}

    def routes(self, routes: Routes) -> None:
        """Add what is served."""
        for method in ("GET", "POST"):
            routes.add(method, "/search", self.gone)
            routes.add(method, "/search/jql", self.search, "read:jira-work", "read:issue:jira")
        routes.add("POST", "/search/approximate-count", self.count, "read:jira-work", "read:issue:jira")

    def gone(self, _call: Call) -> Response:
        """`/search`: removed."""
        raise JiraError(410, _GONE)

    def search(self, call: Call) -> Response:
        """`GET|POST /search/jql`."""
        data = _asked(call)
        names, size = _names(data.get("fields")), data.get("maxResults", 50)
        if not isinstance(size, int) or isinstance(size, bool) or size < 0:
            raise bad_request("maxResults must be a number of at least 0")
        bare = all(name in ("id", "key") for name in names)
        size = min(size or 50, MAX_IDS if bare else self._sim.search_page)
        jql = data.get("jql") or ""
        if not isinstance(jql, str):
            raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
        kept = _numbers(data.get("reconcileIssues"))
        token = data.get("nextPageToken")
        rest = self._resume(token, jql) if token else [issue.id for issue in self._found(call, jql, kept)]
        now = self._sim.clock.now()
        views = [
            self._sim.view(self._sim.issues.issues[n], kept, now) for n in rest[:size] if n in self._sim.issues.issues
        ]
        shown = [self._sim.show(v, names, call, expand=str(data.get("expand") or "")) for v in views if v is not None]
        for issue, view in zip(shown, (v for v in views if v is not None), strict=True):
            if data.get("properties"):
                issue["properties"] = {
                    k: view.properties[k] for k in _names(data["properties"]) if k in view.properties
                }
        answer: dict[str, Any] = {"issues": shown, "isLast": len(rest) <= size}
        if len(rest) > size:
            answer["nextPageToken"] = self._token(jql, rest[size:])
        return Response.json(answer)

    def count(self, call: Call) -> Response:
        """`POST /search/approximate-count`."""
        jql = call.body().get("jql")
        if not isinstance(jql, str):
            raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
        return Response.json({"count": len(self._found(call, jql, set()))})

    def _found(self, call: Call, jql: str, kept: set[str]) -> list[Issue]:
        try:
            query = self._sim.jql.parse(jql, call.account)
        except QueryError as problem:
            raise bad_request(f"Error in the JQL Query: {problem}") from None
        if not query.bounded:
            raise bad_request("Unbounded JQL queries are not allowed here. Please add a search restriction.")
        now, permits = self._sim.clock.now(), self._sim.permits
        store = self._sim.issues
        may = {p.id for p in store.projects.values() if permits("BROWSE_PROJECTS", p, call.account)}
        views = [self._sim.view(issue, kept, now) for issue in store.issues.values() if issue.project in may]
        return self._sim.jql.sort([view for view in views if view is not None and query.test(view)], query)

    def _token(self, jql: str, rest: list[str]) -> str:
        token = f"tok{len(self._tokens) + 1:08x}{self._sim.cloud_id[:8]}"
        self._tokens[token] = (jql, rest)
        return token

    def _resume(self, token: object, jql: str) -> list[str]:
        known, rest = self._tokens.get(str(token), (None, []))
        if known != jql:
            raise bad_request("The nextPageToken is not valid for this query.")
        return rest


def _asked(call: Call) -> dict[str, Any]:
    """Read the parameters of a search from body or query.

    Raises:
        JiraError: 400 for what the body must not contain.
    """
    if call.request.method == "POST":
        data = call.body()
        if set(data) - _KNOWN:
            raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
        return data
    found: dict[str, Any] = {}
    for name, value in parse_qsl(call.request.query, keep_blank_values=True):
        if name in ("fields", "properties", "reconcileIssues"):
            found.setdefault(name, []).extend(value.split(","))
        elif name in _KNOWN:
            found[name] = value
    if "maxResults" in found:
        found["maxResults"] = call.number("maxResults", 50)
    return found


def _names(value: object) -> list[str]:
    if value is None:
        return ["id"]
    if not isinstance(value, list):
        raise bad_request("Invalid request payload. Refer to the REST API documentation and try again.")
    return [part for text in value for part in str(text).split(",") if part] or ["id"]


def _numbers(value: object) -> set[str]:
    found = {str(one) for one in value if str(one)} if isinstance(value, list) else set()
    if len(found) > 50:
        raise bad_request("reconcileIssues accepts at most 50 ids")
    return found
