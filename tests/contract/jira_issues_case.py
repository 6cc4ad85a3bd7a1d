"""The Jira issues connector and its simulator, described for the conformance kit, as source and as target."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from connectors.jira_issues import CONNECTOR
from connectors.jira_issues.settings import JiraIssuesSettings
from connectors.kit import Fault, Sent, SourceCase, SourceRun, TargetCase, TargetRun
from connectors.registry import Context
from connectors.secrets import Resolver
from simulators.http import Request, Response
from simulators.jira import Jira, adf
from simulators.jira.issues import Issue, Project
from synchub.domain.plan import Value
from synchub.ports import Source, Target
from tests.conftest import SHARED
from tests.contract.jira_assets_case import AUTH, SECRETS
from tests.contract.jira_assets_case import contract as jira_contract

PAGE = 10
PROJECT = "OPS"
LIST = "/rest/api/3/search/jql"
_SOURCE_PATHS = {"read": f"^{LIST}$", "login": "", "write": ""}
_TARGET_PATHS = {"read": f"^{LIST}$", "login": "/myself$", "write": r"/rest/api/3/issue(/[0-9]+)?$"}
_TOKEN = re.compile(r"nextPageToken=([^&]*)")


class JiraUnderTest(Jira):
    """A site whose answers can be bent in ways the simulator itself has no switch for.

    Args:
        issues: How many issues the project has.
    """

    def __init__(self, issues: int) -> None:
        self.bent: dict[str, dict[str, Any]] = {}
        self.redirect = ""  # where every search is sent instead
        self.short: set[int] = set()
        self.empty: set[int] = set()
        self._searches = 0
        self._aliases: dict[str, str] = {}
        super().__init__(seed=1, checks=[self._judge] if SHARED.is_dir() else [])
        self.ops: Project = self.project(PROJECT, "Operations")
        self.other: Project = self.project("HR", "People")
        for number in range(issues):
            self.add(f"kit-{number}")
        self.issue(self.other, "somebody else's", by=self.admin.account_id)

    def add(self, summary: str, **values: Any) -> Issue:
        """Add an issue to the project as somebody else."""
        return self.issue(self.ops, summary, by=self.admin.account_id, duedate="2027-01-31", **values)

    def _judge(self, request: Request, response: Response) -> list[str]:
        bent = any(name == "x-bent" for name, _ in response.headers)
        return [] if bent else jira_contract()(request, response)

    def handle(self, request: Request) -> Response:
        """Answer one request, bent where a test asks for it."""
        if request.path != LIST:
            return super().handle(request)
        if self.redirect:
            return _bend(Response(302, b"", [("location", f"{self.redirect}{LIST}")]))
        self._searches += 1
        token = _TOKEN.search(request.query)
        if token and token[1] in self._aliases:
            request.query = request.query.replace(token[0], f"nextPageToken={self._aliases[token[1]]}")
        if self._searches in self.empty and token:
            alias = f"alias{self._searches}"
            self._aliases[alias] = self._aliases.get(token[1], token[1])
            return _bend(Response.json({"issues": [], "isLast": False, "nextPageToken": alias}))
        usual, self.search_page = self.search_page, 3 if self._searches in self.short else self.search_page
        response = super().handle(request)
        self.search_page = usual
        return self._bend(response) if self.bent and response.status == 200 else response

    def _bend(self, response: Response) -> Response:
        body = json.loads(response.body)
        for issue in body["issues"]:
            for name, value in self.bent.get(issue["id"], {}).items():
                for holder in (issue, issue["fields"]):
                    if value is ...:
                        holder.pop(name, None)
                if value is not ...:
                    issue["fields"][name] = value
        response.body = json.dumps(body).encode()
        return _bend(response)

    def inject(self, fault: Fault, paths: Mapping[str, str]) -> None:
        """Misbehave."""
        if fault.kind == "short_page":
            self.short |= {n + self._searches for n in fault.nth}
        elif fault.kind == "empty_page":
            self.empty |= {n + self._searches for n in fault.nth}
        elif fault.kind == "failed_item":
            self.faults.add("status", path=paths["write"], method="POST", nth=(1,), status=400,
                            text='{"errorMessages": ["refused"], "errors": {}}')  # fmt: skip
        elif fault.kind == "skew":
            self.server.skew = fault.seconds
        else:
            self.faults.add(
                {"duplicate_page": "duplicate"}.get(fault.kind, fault.kind), path=paths[fault.where], nth=fault.nth,
                status=fault.status or 503, text=fault.text,
                retry_after=-1 if fault.retry_after is None else fault.retry_after, http_date=fault.http_date,
                call=fault.call,
            )  # fmt: skip

    def change(self, key: str, fields: Mapping[str, Any]) -> None:
        """Set fields of an issue as a person; what Jira does not take (unknown, removed) is bent into the answers."""
        plain = {n: v for n, v in fields.items() if n in self.issues.fields and isinstance(v, str)}
        bent = {n: v for n, v in fields.items() if n not in plain}
        if plain:
            with self.server.lock():
                self.edit_issue(key, plain, by=self.admin.account_id)
        if bent:
            self.bent.setdefault(key, {}).update(bent)

    def insert(self, count: int) -> None:
        """Add issues; keys only grow, so they come last."""
        for number in range(count):
            self.add(f"late-{number}")

    def held(self) -> dict[str, dict[str, Any]]:
        """Show the project's issues as the kit compares them: id -> fields, documents as text."""
        found = {}
        for issue in self.issues.issues.values():
            if issue.project == self.ops.id:
                values = {n: adf.text(v) if isinstance(v, dict) else v for n, v in issue.values.items()}
                found[issue.id] = {"description": "", **values, "status": issue.status, "comments": len(issue.comments)}
        return found

    def sent(self) -> list[Sent]:
        """List the requests so far."""
        return [Sent(e.method, e.path, e.query, e.status) for e in self.log.entries]


def _bend(response: Response) -> Response:
    response.headers.append(("x-bent", "1"))
    return response


def settings(sim: Jira, **more: Any) -> JiraIssuesSettings:
    """Make the settings of a connection to a simulated site."""
    values = {"url": sim.url, "auth": AUTH, "project": PROJECT, "page": PAGE, **more}
    return JiraIssuesSettings.model_validate(values)


def lent(context: Context) -> Context:
    """Let a context know the secrets."""
    fields = {name: getattr(context, name) for name in context.__dataclass_fields__}
    return Context(**{**fields, "resolve": Resolver(SECRETS, context.base_dir)})


def open_source(sim: Jira, context: Context, **more: Any) -> Source:
    """Open the reading side."""
    assert CONNECTOR.open_source is not None
    return CONNECTOR.open_source("desk", settings(sim, **more), lent(context))


def open_target(sim: Jira, context: Context, **more: Any) -> Target:
    """Open the writing side."""
    assert CONNECTOR.open_target is not None
    return CONNECTOR.open_target("desk", settings(sim, **more), lent(context))


def secrets() -> list[str]:
    """List what must never be seen."""
    token = SECRETS["JIRA_TOKEN"]
    return [token, base64.b64encode(f"{AUTH['email']}:{token}".encode()).decode(), quote(token, safe="") + "@"]


def _start_source(issues: int) -> SourceRun:
    sim = JiraUnderTest(issues)
    sim.start()
    return SourceRun(
        open=lambda context: open_source(sim, context), stream="issues",
        inject=lambda fault: sim.inject(fault, _SOURCE_PATHS), keys=lambda: set(sim.held()), change=sim.change,
        insert=sim.insert,
        delete=lambda key: sim.issues.remove(sim.issues.issues[key]), sent=sim.sent, secrets=secrets, stop=sim.stop,
        problems=sim.log.problems,
    )  # fmt: skip


def _start_target(issues: int) -> TargetRun:
    sim = JiraUnderTest(issues)
    sim.start()
    return TargetRun(
        open=lambda context: open_target(sim, context), inject=lambda fault: sim.inject(fault, _TARGET_PATHS),
        objects=sim.held, edit=lambda key, fields: sim.change(key, fields), sent=sim.sent, secrets=secrets,
        stop=sim.stop, problems=sim.log.problems,
    )  # fmt: skip


def new(n: int) -> tuple[dict[str, Value], dict[str, Any]]:
    """Give the fields of the n-th issue."""
    return {"summary": f"new {n}"}, {}


ISSUES = SourceCase(
    name="jira_issues",
    start=_start_source,
    page=PAGE,
    key_of=lambda payload: str(payload["id"]),
    key_field="id",
    text_field="description",
    optional_field="duedate",
    is_list=lambda sent: sent.path == LIST,
    exempt={
        "token_expired": "an API token has no end that a new login could move: a 401 stays one",
        "foreign_link": "pages follow by token: there are no links in a list (redirects have a test of their own)",
    },
)

TASK = TargetCase(
    name="jira_issues", start=_start_target, kind="Task", new=new, text_field="description", bad={"duedate": "soon"}
)
