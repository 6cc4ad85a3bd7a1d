"""The simulated site: routing, authentication, control path, Python API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Self

from simulators.clock import SimClock
from simulators.coming import Coming
from simulators.faults import Faults, Rule
from simulators.http import Check, Request, Response, Server
from simulators.jira import errors
from simulators.jira.access import Access, Account, Limit, limited
from simulators.jira.aql import Aql
from simulators.jira.call import Call, Routes
from simulators.jira.control import Control
from simulators.jira.desk import Desk
from simulators.jira.issue_api import IssueApi
from simulators.jira.link_api import LinkApi
from simulators.jira.object_api import MAX_PAGE, ObjectApi
from simulators.jira.render import Renderer
from simulators.jira.schema_api import SchemaApi
from simulators.jira.search_api import SearchApi
from simulators.jira.site_api import SiteApi
from simulators.jira.store import Attribute, Obj, ObjectType, Schema, Store
from simulators.jira.values import Values
from simulators.log import RequestLog

HUB = ("hub@acme.example", "hub-token")
ADMIN = ("admin@acme.example", "admin-token")
CLIENT = ("hub-client", "hub-client-secret")
_ASSETS = re.compile(r"^((?:/ex/jira/[^/]+)?/jsm/assets/workspace/([^/]+)/v1)(/.*)$")
_PLATFORM = re.compile(r"^((?:/ex/jira/[^/]+)?/rest/(?:api/(?:2|3|latest)|servicedeskapi))(/.*)$")


class Jira(Desk):
    """One simulated Jira Cloud site with an Assets workspace. See the package's docstring for what it serves.

    Args:
        port: 0 for any free port.
        seed: Of ids, tokens and fault probabilities.
        start: UTC moment at which the clock starts; real time when empty.
        frozen: The clock moves only by `clock.advance`.
        name: Name of the site.
        checks: Contract validators; what they find stands in `log.problems()`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 0,
        start: str = "",
        frozen: bool = False,
        name: str = "acme",
        checks: Iterable[Check] = (),
    ) -> None:
        clock = SimClock(start, frozen=frozen)
        super().__init__(clock, Access(clock, seed), Store(clock, seed))
        self.name = name
        self.cloud_id = self.store.workspace[::-1]
        self.values = Values(self.store, self.access, lambda: self.url)
        self.aql = Aql(self.store, self.values)
        self.renderer = Renderer(self.store, self.values, lambda: self.url)
        self.max_page = MAX_PAGE
        self.total_cap = 1000
        self._assets_limit: Limit | None = None
        self._burst: Limit | None = None
        self._per_issue: Limit | None = None
        self._hidden: dict[int, set[str]] = {}
        self.coming = Coming()
        self._refused: dict[tuple[int, str], str] = {}
        self.hub = self.access.add(*_account(HUB, "Hub"), token=HUB[1], roles={"assets-manager", "agent"}, kind="app")
        self.admin = self.access.add(*_account(ADMIN, "Site Admin"), token=ADMIN[1], roles={"admin"})
        self.access.add_client(*CLIENT, HUB[0])
        self._assets, self._service, self._platform = Routes(self._count_assets), Routes(), Routes(self._count_site)
        self.objects = ObjectApi(self)
        for part in (SchemaApi(self), self.objects):
            part.routes(self._assets)
        for side in (SiteApi(self), IssueApi(self), LinkApi(self), SearchApi(self)):
            side.routes(self._platform)
        for name in ("assets", "insight"):
            self._service.add("GET", f"/{name}/workspace", self._workspaces, "read:servicedesk-request")
        self.server = Server(
            self.handle, port=port, clock=self.clock, seed=seed, control=Control(self).handle, error=errors.injected,
            checks=list(checks), effects={"drift": self._drift},
        )  # fmt: skip

    # -- running ----------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return self.server.url

    @property
    def assets_url(self) -> str:
        """Where Assets answers: `{url}/jsm/assets/workspace/{workspace}/v1`."""
        return f"{self.url}/jsm/assets/workspace/{self.store.workspace}/v1"

    @property
    def log(self) -> RequestLog:
        """What was asked."""
        return self.server.log

    @property
    def faults(self) -> Faults:
        """What goes wrong on purpose."""
        return self.server.faults

    def start(self) -> Self:
        """Answer; returns when requests are accepted."""
        self.server.start()
        return self

    def stop(self) -> None:
        """Stop answering."""
        self.server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- data -------------------------------------------------------------

    def schema(self, name: str, key: str) -> Schema:
        """Add an object schema."""
        with self.server.lock():
            return self.store.add_schema(name, key)

    def type(
        self, schema: Schema, name: str, attributes: Mapping[str, Mapping[str, Any]], **settings: Any
    ) -> ObjectType:
        """Add an object type with attributes: name -> fields of `Attribute` (`{"unique": True}`, `{"kind": 2}` …)."""
        with self.server.lock():
            kind = self.store.add_type(schema.id, name, **settings)
            for attribute, about in attributes.items():
                self.store.add_attribute(kind.id, attribute, **about)
            return kind

    def named_type(self, name: str) -> ObjectType:
        """Find an object type by its name.

        Raises:
            KeyError: There is none.
        """
        for kind in self.store.types.values():
            if kind.name == name:
                return kind
        raise KeyError(name)

    def attribute(self, kind: ObjectType | int, name: str) -> Attribute:
        """Find an attribute of an object type by its name.

        Raises:
            KeyError: There is none.
        """
        number = kind if isinstance(kind, int) else kind.id
        for about in self.store.attributes_of(number):
            if about.name == name:
                return about
        raise KeyError(name)

    def seed(
        self, kind: ObjectType, rows: Iterable[Mapping[str, object]], *, by: str = "", at: float | None = None
    ) -> list[Obj]:
        """Add objects as somebody else: attribute name -> value or list of values, valid ones.

        Raises:
            KeyError: An attribute the type does not have.
            ValueError: A value the attribute refuses.
        """
        with self.server.lock():
            actor = by or self.admin.account_id
            return [self.store.add_object(kind.id, self._values(kind.id, row), actor, at) for row in rows]

    def edit(self, key: str, row: Mapping[str, object], *, by: str = "", at: float | None = None) -> Obj:
        """Change an object as somebody else: with history, not in the request log.

        Args:
            key: Object key.
            row: Attribute name -> value or list of values.
            by: Account id; the administrator when empty.
            at: Seconds since 1970 UTC; now when not given.
        """
        with self.server.lock():
            obj = self.get(key)
            values = self._values(obj.type, row, obj.id)
            self.store.change(obj, values, by or self.admin.account_id, self.values.shown, at)
            return obj

    def edit_at_write(self, key: str, row: Mapping[str, object], *, by: str = "") -> None:
        """Let somebody change an object or issue at the very moment the next write to it arrives, right before it."""
        issue = key not in self.store.by_key
        self.coming.add(key, lambda: self.edit_issue(key, row, by=by) if issue else self.edit(key, row, by=by))

    def get(self, key: str) -> Obj:
        """Find an object by its key.

        Raises:
            KeyError: There is none.
        """
        return self.store.objects[self.store.by_key[key]]

    def row(self, obj: Obj) -> dict[str, list[str]]:
        """Show an object's values by attribute name, as people read them (references as keys)."""
        return {
            about.name: [self.values.search(about, text) for text in self.values.of(obj, about)]
            for about in self.store.attributes_of(obj.type)
            if self.values.of(obj, about)
        }

    def delete(self, key: str) -> None:
        """Delete an object as somebody else."""
        with self.server.lock():
            self.store.remove(self.get(key))

    def _values(self, kind: int, row: Mapping[str, object], owner: int = 0) -> dict[int, list[str]]:
        schema, found = self.store.types[kind].schema, {}
        for name, value in row.items():
            about = self.attribute(kind, name)
            texts: list[object] = list(value) if isinstance(value, list) else [value]
            found[about.id] = self.values.take(about, texts, schema, owner)
        return found

    # -- rules ------------------------------------------------------------

    def hide(self, key: str, account: Account | None = None) -> None:
        """Hide an object from an account (the hub when not given): not found, in no search, but still unique."""
        with self.server.lock():
            self._hidden.setdefault(self.get(key).id, set()).add((account or self.hub).account_id)
            self.store.version += 1

    def sees(self, account: Account, obj: Obj) -> bool:
        """Say whether an account may see an object."""
        return account.account_id not in self._hidden.get(obj.id, ())

    def refuse(self, attribute: Attribute, why: str, account: Account | None = None) -> None:
        """Refuse writes of an attribute by an account (the hub when not given) with a reason; empty: allow again."""
        self._refused[attribute.id, (account or self.hub).account_id] = why

    def refusal(self, account: Account, attribute: Attribute) -> str:
        """Say why an account may not write an attribute, or nothing."""
        if not attribute.editable:
            return f"{attribute.name} is not editable"
        return self._refused.get((attribute.id, account.account_id), "")

    def rate_limit(self, aql: int, seconds: float = 60, *, retry_after: bool = True) -> None:
        """Allow so many AQL requests per account and time (documented: 500 a minute)."""
        self.objects.set_limit(aql, seconds, retry_after=retry_after)

    def assets_limit(self, count: int, seconds: float = 60) -> None:
        """Allow so many Assets requests of any kind per account (once stated: 1,000 a minute); no limit at first."""
        self._assets_limit = Limit(count, seconds)

    def burst_limit(self, count: int, seconds: float = 1) -> None:
        """Allow so many requests per account, endpoint and method of the platform; no limit at first."""
        self._burst = Limit(count, seconds, "jira-burst-based")

    def issue_limit(self, count: int, seconds: float = 2) -> None:
        """Allow so many writes of one issue; no limit at first."""
        self._per_issue = Limit(count, seconds, "jira-per-issue-on-write")

    def _count_assets(self, call: Call, _template: str) -> None:
        self._count(self._assets_limit, call.account.account_id)

    def _count_site(self, call: Call, template: str) -> None:
        self._count(self._burst, f"{call.account.account_id} {call.request.method} {template}")
        if call.request.method != "GET" and template.startswith("^/issue/") and call.ids:
            self._count(self._per_issue, call.ids[0].upper())

    def _count(self, limit: Limit | None, key: str) -> None:
        now = self.clock.now()
        wait = limit.take(key, now) if limit is not None else 0.0
        if limit is not None and wait:
            raise limited(wait, limit, now)

    def _drift(self, rule: Rule, _request: Request, response: Response | None) -> Response | None:
        """Change objects before a request is answered.

        `options`: `{"insert": {TYPE: [ROW]}, "edit": {KEY: ROW}, "delete": [KEY]}`, rows by attribute name.
        """
        if response is None:
            for name, rows in rule.options.get("insert", {}).items():
                self.seed(self.named_type(name), rows)
            for key, row in rule.options.get("edit", {}).items():
                self.edit(key, row)
            for key in rule.options.get("delete", ()):
                self.delete(key)
        return None

    # -- answering --------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        desk = "/servicedeskapi/" in request.path
        try:
            if request.path == "/oauth/token" and request.method == "POST":
                return self.access.token(request)
            caller = self.access.caller(request)
            request.entry.user = caller.account.email
            call = Call(request, caller, params=request.params())
            assets = _ASSETS.match(request.path)
            response = self._in_assets(call, assets) if assets else self._in_site(call)
            if response is None:
                raise errors.not_found(f"The resource {request.method} {request.path[:100]}")
        except errors.JiraError as problem:
            return problem.response(desk=desk)
        return response

    def _in_assets(self, call: Call, match: re.Match[str]) -> Response | None:
        call.base = match[1]
        if match[2] != self.store.workspace:
            raise errors.not_found("The workspace")
        return self._assets.answer(match[3], call)

    def _in_site(self, call: Call) -> Response | None:
        match = _PLATFORM.match(call.request.path)
        if match is None:
            return None
        call.base = match[1]
        routes = self._service if match[1].endswith("servicedeskapi") else self._platform
        return routes.answer(match[2], call)

    def _workspaces(self, call: Call) -> Response:
        """`GET /rest/servicedeskapi/assets/workspace`."""
        start, limit = call.number("start", 0), call.number("limit", 50)
        values = [{"workspaceId": self.store.workspace}][start : start + limit]
        base = f"{self.url}/rest/servicedeskapi"
        return Response.json({
            "_expands": [], "size": len(values), "start": start, "limit": limit, "isLastPage": True,
            "_links": {"base": base, "context": "", "self": f"{base}/assets/workspace"}, "values": values,
        })  # fmt: skip


def _account(credentials: tuple[str, str], name: str) -> tuple[str, str]:
    return credentials[0], name
