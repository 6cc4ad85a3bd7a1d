"""The simulated instance: routing, headers, control path, Python API."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

from simulators.clock import SimClock
from simulators.coming import Coming
from simulators.faults import Faults, Rule
from simulators.http import Request, Response, Server
from simulators.log import RequestLog
from simulators.servicenow import contract, errors, small_apis
from simulators.servicenow.access import Access, Acl, Policy, RateLimit, User
from simulators.servicenow.assets import AssetSync
from simulators.servicenow.control import Control
from simulators.servicenow.ire import Ire
from simulators.servicenow.render import Renderer
from simulators.servicenow.schema import Schema
from simulators.servicenow.schema_data import MODEL_CATEGORIES, RELATION_TYPES
from simulators.servicenow.store import Row, Store
from simulators.servicenow.table_api import TableApi, cancelled
from simulators.servicenow.writing import Writer

MAX_BODY = 10 * 1024 * 1024
_BODIES = ("POST", "PUT", "PATCH", "DELETE")


class ServiceNow:
    """One simulated instance. See the package's docstring for what it serves and how to use it.

    Args:
        port: 0 for any free port.
        seed: Of sys_ids, tokens and fault probabilities.
        start: UTC moment at which the clock starts; real time when empty.
        frozen: The clock moves only by `clock.advance`.
        name: `instance_name` of `sys_properties`.
        base_data: Put in model categories, relation types, choices, properties.
        validate: Check every request and answer against the documents; findings in `log.problems()`.
        sync_requests: Asset and CI counterparts appear and follow so many requests late.
        sync_seconds: The same in seconds of the simulated clock.
        sync: Whether asset and CI are kept in step at all.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        seed: int = 0,
        start: str = "",
        frozen: bool = False,
        name: str = "synchub-sim",
        base_data: bool = True,
        validate: bool = False,
        sync: bool = True,
        sync_requests: int = 0,
        sync_seconds: float = 0.0,
    ) -> None:
        self.clock = SimClock(start, frozen=frozen)
        self.schema = Schema()
        self.store = Store(self.schema, self.clock, seed)
        self.access = Access(self.clock, seed)
        self.renderer = Renderer(self.store)
        self.writer = Writer(self.store, self.access)
        self.tables = TableApi(self)
        self.coming = Coming()
        self.tiny = small_apis.TinyUrls()
        self.ire = Ire(self)
        self.shuffle = random.Random(seed).shuffle
        self.assets = AssetSync(self.store, requests=sync_requests, seconds=sync_seconds, active=sync)
        self.limit: RateLimit | None = None
        self.cancel_above_rows = 0
        self.max_url = 0
        self.unordered = False
        self.oauth_blocked: set[tuple[str, str]] = set()
        self.batch_parts = 0
        self.batch_seconds = 30.0
        self.server = Server(
            self._handle,
            port=port,
            clock=self.clock,
            seed=seed,
            control=Control(self).handle,
            error=errors.injected,
            effects={"cancelled": self._cancel, "drift": self._drift},
            checks=[contract.check_request, contract.check_response] if validate else [],
        )
        self.access.add_user("admin", "admin", {"admin"})
        self.access.add_user("hub", "hub-password", {"itil", "asset", "rest_service"})
        self.access.clients["hub-client"] = "hub-client-secret"
        self.access.client_users["hub-client"] = "hub"
        self.access.keys["hub-api-key"] = "hub"
        if base_data:
            self._base_data(name)

    def _base_data(self, name: str) -> None:
        instance = {"instance_name": name, "instance_id": self.store.new_id(), "glide.servlet.uri": f"https://{name}/"}
        self.store.seed("sys_properties", [{"name": key, "value": value} for key, value in instance.items()])
        self.store.seed(
            "cmdb_model_category",
            [
                {"name": label, "cmdb_ci_class": table, "asset_class": "alm_hardware"}
                for label, table in MODEL_CATEGORIES.items()
            ],
        )
        self.store.seed("cmdb_rel_type", [{"name": name, "sys_name": name} for name in RELATION_TYPES])
        for value in list(self.schema.choices["discovery_source"]):
            self.add_data_source(value)

    # -- running ----------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return self.server.url

    @property
    def log(self) -> RequestLog:
        """What was asked."""
        return self.server.log

    @property
    def faults(self) -> Faults:
        """What goes wrong; own kinds: `cancelled`, `drift`."""
        return self.server.faults

    def start(self) -> Self:
        """Bind and answer."""
        self.server.start()
        return self

    def stop(self) -> None:
        """Stop answering; the data stays."""
        self.server.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- data -------------------------------------------------------------

    def seed(self, table: str, rows: Iterable[Mapping[str, object]], user: str = "admin") -> list[str]:
        """Put rows in as they are, without rules or synchronisation; returns their sys_ids (see `Store.seed`)."""
        with self.server.lock():
            return self.store.seed(table, rows, user)

    def edit(self, table: str, sys_id: str, values: Mapping[str, str], user: str = "jane.doe") -> None:
        """Change a record as somebody else would: stamps, audit and asset-CI synchronisation follow."""
        with self.server.lock():
            self.store.update(table, sys_id, values, user)
            self.assets.run()

    def edit_at_write(self, table: str, sys_id: str, values: Mapping[str, str], user: str = "jane.doe") -> None:
        """Let somebody change a record at the very moment the next write to it arrives, right before it."""
        self.coming.add(sys_id, lambda: self.edit(table, sys_id, values, user))

    def create(self, table: str, values: Mapping[str, str], user: str = "jane.doe") -> str:
        """Create a record as somebody else would, with synchronisation; returns its sys_id."""
        with self.server.lock():
            row = self.writer.create(self.schema.tables[table], values, User(user, ""))
            self.assets.run()
            return row["sys_id"]

    def delete(self, table: str, sys_id: str, user: str = "jane.doe") -> None:
        """Remove a record as somebody else would."""
        with self.server.lock():
            self.store.delete(table, sys_id, user)

    def get(self, table: str, sys_id: str) -> Row | None:
        """Copy one row; only fields that are not empty."""
        with self.server.lock():
            row = self.store.get(table, sys_id)
            return dict(row) if row else None

    def dump(self, table: str, query: str = "") -> list[Row]:
        """Copy the rows of a table and those that extend it, chosen by an encoded query; seen by no ACL."""
        with self.server.lock():
            params = {"sysparm_query": query}
            return [dict(row) for row in self.tables.select(self.schema.tables[table], params)]

    def settle(self) -> None:
        """Carry out all synchronisation that is due later."""
        with self.server.lock():
            self.assets.settle()

    def property(self, name: str, default: str = "") -> str:
        """Read a system property."""
        found = self.store.find("sys_properties", "name", [name])
        return found[0].get("value", "") if found else default

    def set_property(self, name: str, value: str) -> None:
        """Write a system property."""
        with self.server.lock():
            found = self.store.find("sys_properties", "name", [name])
            if found:
                self.store.update("sys_properties", found[0]["sys_id"], {"value": value}, "admin")
            else:
                self.store.seed("sys_properties", [{"name": name, "value": value}])

    def add_data_source(self, value: str) -> None:
        """Add a choice of `cmdb_ci.discovery_source`, case-sensitive."""
        self.schema.add_choice("discovery_source", value)
        row = {"name": "cmdb_ci", "element": "discovery_source", "value": value, "label": value, "language": "en"}
        self.seed("sys_choice", [row])

    # -- rules ------------------------------------------------------------

    def deny(
        self,
        operation: str,
        table: str,
        field: str = "",
        *,
        user: str = "hub",
        rows: Callable[[Row], bool] | Iterable[str] | None = None,
        loud: bool = False,
    ) -> Acl:
        """Add an ACL: `read` hides a field or a row, `write`/`create`/`delete` refuse (see `Acl`).

        `rows` is a test of a row, or sys_ids.
        """
        if rows is not None and not callable(rows):
            ids = frozenset(rows)
            rows = lambda row: row["sys_id"] in ids  # noqa: E731
        acl = Acl(operation, table, field, user, rows, loud)
        self.access.acls.append(acl)
        return acl

    def data_policy(self, table: str, mandatory: Iterable[str], operation: str = "insert") -> Policy:
        """Add a data policy: fields that must be filled, else 403."""
        wanted = list(mandatory)

        def test(row: Mapping[str, str]) -> str:
            missing = [name for name in wanted if not row.get(name)]
            return f"Data Policy Exception: The following fields are mandatory: {', '.join(missing)}" if missing else ""

        policy = Policy(table, operation, test)
        self.access.policies.append(policy)
        return policy

    def business_rule(self, table: str, test: Callable[[Mapping[str, str]], bool], name: str = "Abort") -> Policy:
        """Add a business rule that aborts a write of a row `test` says true of."""
        why = f"Operation against file '{table}' was aborted by Business Rule '{name}'. Business Rule Stack:{name}"
        policy = Policy(table, "", lambda row: why if test(row) else "")
        self.access.policies.append(policy)
        return policy

    def rate_limit(self, per_hour: int, *, lag: float = 30.0) -> RateLimit:
        """Limit requests per user and clock hour; `lag` 0 enforces at once."""
        self.limit = RateLimit(per_hour, self.clock, lag=lag)
        return self.limit

    def set_skew(self, seconds: float) -> None:
        """Let the instance's clock be wrong: `Date` headers and the stamps of records it writes from now on."""
        self.server.skew = self.store.skew = seconds

    # -- answering --------------------------------------------------------

    def base(self, request: Request) -> str:
        """Origin for links: what the caller used."""
        return f"http://{request.headers.get('host') or self.server.url.partition('//')[2]}"

    def _handle(self, request: Request) -> Response:
        self.assets.tick()
        if request.path == "/oauth_token.do" and request.method == "POST":
            return self.access.token(request)
        if not request.path.startswith("/api/"):
            return Response(404, b"<html><body>Page not found</body></html>", content_type="text/html")
        try:
            user = self.access.authenticate(request)
        except errors.SnowError as problem:
            return problem.response()
        request.entry.user = user.name
        headers: list[tuple[str, str]] = []
        if self.limit is not None:
            headers, refusal = self.limit.take(user.name)
            if refusal is not None:
                return refusal
        response = self.route(request, user)
        response.headers += [*headers, ("X-Is-Logged-In", "true")]
        return response

    def route(self, request: Request, user: User) -> Response:
        """Answer an authenticated request, or a part of a batch."""
        try:
            check_headers(request, self.max_url)
            response = self._dispatch(request, user)
        except errors.SnowError as problem:
            return problem.response()
        if request.entry.writes:
            self.assets.run()
        return response

    def _dispatch(self, request: Request, user: User) -> Response:
        parts = [part for part in request.path.split("/")[2:] if part]
        if not parts or parts[0] != "now" or len(parts) < 2:
            raise errors.no_resource()
        version = parts[1] if parts[1] in ("v1", "v2") else ""
        area, rest = (parts[2], parts[3:]) if version and len(parts) > 2 else (parts[1], parts[2:])
        if (area, request.method) in self.oauth_blocked and "bearer" in request.headers.get(
            "authorization", ""
        ).lower():
            raise errors.forbidden("Access to unscoped api is not allowed", "User Not Authorized")
        if area == "table":
            return self.tables.handle(request, user, version, rest)
        if area == "stats":
            return small_apis.aggregate(self, request, user, rest)
        if area == "batch" and request.method == "POST" and not rest and not request.entry.via:
            return small_apis.batch(self, request, user)
        if area == "identifyreconcile" and request.method == "POST":
            return self.ire.handle(request, user, rest)
        if area == "tinyurl" and request.method == "POST" and not rest:
            return self.tiny.make(request)
        if area == "cmdb" and rest[:1] == ["meta"]:
            return small_apis.meta(self, request, rest[1:])
        raise errors.no_resource()

    def _cancel(self, rule: Rule, _request: Request, response: Response | None) -> Response | None:
        if response is None or response.status != 200:
            return None
        return cancelled(response, rule.keep, text_result=bool(rule.options.get("text_result")))

    def _drift(self, rule: Rule, _request: Request, response: Response | None) -> Response | None:
        """Insert and delete rows before a request is answered.

        `options`: `{"insert": {TABLE: [ROW]}, "delete": {TABLE: [SYS_ID]}}`.
        """
        if response is None:
            for table, rows in rule.options.get("insert", {}).items():
                self.store.seed(table, rows)
            for table, ids in rule.options.get("delete", {}).items():
                for sys_id in ids:
                    self.store.delete(table, sys_id)
        return None


def check_headers(request: Request, max_url: int) -> None:
    """Check what holds for every API: sizes, method override, data format headers (docs_rest/c_RESTAPI.md).

    Raises:
        SnowError: 400, 406, 414, 415.
    """
    headers = request.headers
    if max_url and len(request.path) + len(request.query) > max_url:
        raise errors.SnowError(414, "Request-URI Too Long")
    request.method = headers.get("x-http-method-override", request.method).upper()
    if len(request.body) > MAX_BODY:
        size = len(request.body)
        detail = f"Rejected large REST payload with content-length = {size} bytes. Max allowed: {MAX_BODY} bytes."
        raise errors.SnowError(400, "Exception while reading request", detail)
    accept = headers.get("accept", "")
    if not accept:
        raise errors.SnowError(400, "Bad Request", "Accept header is required")
    if not any(kind in accept for kind in ("application/json", "*/*", "application/*")):
        raise errors.SnowError(406, "Not acceptable", f"The simulator serves application/json only, not {accept[:60]}")
    if request.method in _BODIES:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if not kind:
            raise errors.SnowError(400, "Bad Request", "Content-Type header is required")
        if kind != "application/json":
            detail = f"The simulator reads application/json only, not {kind[:60]}"
            raise errors.SnowError(415, "Unsupported media type", detail)


def load_seed(sim: ServiceNow, data: Mapping[str, Any]) -> int:
    """Seed an instance from `{TABLE: [ROW, …]}`; returns how many rows."""
    return sum(len(sim.seed(table, rows)) for table, rows in data.items())
