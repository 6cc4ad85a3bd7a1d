"""The Table API: `/api/now[/v1|/v2]/table/{table}[/{sys_id}]` (docs_rest/c_TableAPI.md, read 2026-11-22)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson

from simulators.http import Request, Response
from simulators.servicenow import errors, query
from simulators.servicenow.access import User
from simulators.servicenow.schema import Table
from simulators.servicenow.store import Row

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow

DEFAULT_LIMIT = 10000


class TableApi:
    """Serves the Table API of one instance."""

    def __init__(self, instance: ServiceNow) -> None:
        self._sim = instance
        self._cache: dict[tuple[str, str], tuple[int, list[Row]]] = {}

    def handle(self, request: Request, user: User, version: str, parts: list[str]) -> Response:
        """Answer one request; `parts` is the path after `table`.

        Raises:
            SnowError: Any refusal.
        """
        if not parts or len(parts) > 2:
            raise errors.no_resource()
        table = self._sim.schema.tables.get(parts[0])
        if table is None:
            raise errors.invalid_table(parts[0])
        if len(parts) == 1:
            if request.method in ("GET", "HEAD"):
                return self._list(request, user, version, table)
            if request.method == "POST":
                return self._create(request, user, table)
        else:
            if request.method in ("GET", "HEAD"):
                return self._one(request, user, table, self._visible(user, table, parts[1]))
            if request.method in ("PATCH", "PUT"):
                return self._update(request, user, table, parts[1])
            if request.method == "DELETE":
                return self._delete(request, user, table, parts[1])
        raise errors.SnowError(405, "Method not supported", f"{request.method} method not supported")

    def _visible(self, user: User, table: Table, sys_id: str) -> Row:
        row = self._sim.store.get(table.name, sys_id)
        if row is None:
            raise errors.no_record()
        line = self._sim.schema.tables[row["sys_class_name"]].line
        if self._sim.access.acls and self._sim.access.denied(user, "read", line, row):
            raise errors.no_record()
        return row

    def select(self, table: Table, params: dict[str, str]) -> list[Row]:
        """List the rows a request's query selects, before ACLs and paging; do not change the list.

        Raises:
            SnowError: 400 for what is not simulated.
        """
        text = params.get("sysparm_query", "")
        if "sysparm_query" not in params:
            pairs = [(k, v) for k, v in params.items() if not k.startswith("sysparm_")]
            text = "^".join(f"{k}={v.replace('^', '^^')}" for k, v in pairs)
        known = self._cache.get((table.name, text))
        if known is not None and known[0] == self._sim.store.version:
            return known[1]
        try:
            parsed = query.parse(self._sim.store, table.name, text)
        except query.NotSimulatedError as problem:
            raise errors.not_simulated(str(problem)) from problem
        if parsed.invalid and self._sim.property("glide.invalid_query.returns_no_rows") == "true":
            return []
        rows = query.run(self._sim.store, table.name, parsed)
        if self._sim.unordered and not parsed.order:
            self._sim.shuffle(rows)
            return rows
        if len(self._cache) > 16:
            self._cache.clear()
        self._cache[table.name, text] = (self._sim.store.version, rows)
        return rows

    def _list(self, request: Request, user: User, version: str, table: Table) -> Response:
        params = self._sim.tiny.expand(request.params())
        if self._sim.access.acls and self._sim.access.denied(user, "read", table.line):
            raise errors.forbidden("Failed API level ACL Validation", "User Not Authorized")
        if params.get("sysparm_view") and not params.get("sysparm_fields"):
            raise errors.not_simulated("sysparm_view")
        limit, offset = number(params, "sysparm_limit", DEFAULT_LIMIT), number(params, "sysparm_offset", 0)
        rows = self.select(table, params)
        page = rows[offset : offset + limit]
        cap = self._sim.cancel_above_rows
        shown = self._readable(user, page) if self._sim.access.acls else page
        if version == "v1" and not rows:
            body = {"error": {"message": "No Record found", "detail": "Records matching query not found"}, "result": []}
            return Response.json(body, 404)
        response = Response(200, self._render(request, user, table, params, shown))
        if cap and len(page) > cap:
            return cancelled(response, share=0.5)
        response.headers = paging(self._sim.base(request), request, params, len(rows), len(page), limit, offset)
        return response

    def _readable(self, user: User, page: list[Row]) -> list[Row]:
        tables, denied = self._sim.schema.tables, self._sim.access.denied
        return [row for row in page if not denied(user, "read", tables[row["sys_class_name"]].line, row)]

    def _render(self, request: Request, user: User, table: Table, params: dict[str, str], rows: list[Row]) -> bytes:
        render = self._sim.renderer
        hidden = self._sim.access.fields(user, "read", table.line)
        fields = render.fields(table.name, params.get("sysparm_fields", ""), hidden)
        make = render.compile(
            fields,
            self._sim.base(request),
            display=params.get("sysparm_display_value", "false"),
            links=params.get("sysparm_exclude_reference_link", "false") != "true",
            zone=user.zone,
        )
        if not any(acl.rows and acl.field for acl in self._sim.access.acls):
            return orjson.dumps({"result": [make(row) for row in rows]})
        made = []
        for row in rows:
            extra = self._sim.access.fields(user, "read", table.line, row)
            made.append({key: value for key, value in make(row).items() if key.split(".")[0] not in extra})
        return orjson.dumps({"result": made})

    def _one(self, request: Request, user: User, table: Table, row: Row, status: int = 200) -> Response:
        params = self._sim.tiny.expand(request.params())
        body = self._render(request, user, table, params, [row])
        return Response(status, b'{"result":' + body[len(b'{"result":[') : -2] + b"}")

    def _create(self, request: Request, user: User, table: Table) -> Response:
        values, params = read_record(request), request.params()
        if self._sim.access.denied(user, "create", table.line):
            raise errors.forbidden("ACL Exception Insert Failed due to security constraints")
        display = params.get("sysparm_input_display_value") == "true"
        cleaned = self._sim.writer.clean(table, values, user, None, display=display)
        row = self._sim.writer.create(table, cleaned, user)
        request.entry.writes = 1
        response = self._one(request, user, table, row, 201)
        response.headers.append(("Location", f"{self._sim.base(request)}/api/now/table/{table.name}/{row['sys_id']}"))
        return response

    def _update(self, request: Request, user: User, table: Table, sys_id: str) -> Response:
        self._sim.coming.arrive(sys_id)
        values, params = read_record(request), request.params()
        row = self._visible(user, table, sys_id)
        line = self._sim.schema.tables[row["sys_class_name"]].line
        if self._sim.access.denied(user, "write", line, row):
            raise errors.forbidden("ACL Exception Update Failed due to security constraints")
        display = params.get("sysparm_input_display_value") == "true"
        cleaned = self._sim.writer.clean(table, values, user, row, display=display)
        request.entry.writes = int(self._sim.writer.change(table, row, cleaned, user))
        return self._one(request, user, table, row)

    def _delete(self, request: Request, user: User, table: Table, sys_id: str) -> Response:
        row = self._visible(user, table, sys_id)
        line = self._sim.schema.tables[row["sys_class_name"]].line
        if self._sim.access.denied(user, "delete", line, row):
            raise errors.forbidden("ACL Exception Delete Failed due to security constraints")
        self._sim.store.delete(table.name, sys_id, user.name)
        request.entry.writes = 1
        return Response(204)


def number(params: dict[str, str], name: str, default: int) -> int:
    """Read a number that is not negative.

    Raises:
        SnowError: 400.
    """
    text = params.get(name, "")
    if not text:
        return default
    if not text.isdigit():
        raise errors.SnowError(400, "Invalid parameter", f"{name} must be a number that is not negative: {text[:20]}")
    return int(text)


def read_record(request: Request) -> dict[str, Any]:
    """Read the body of a write: one object; of several only the first counts (docs_rest/c_RESTAPI.md).

    Raises:
        SnowError: 400.
    """
    try:
        data = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise errors.SnowError(400, "Exception while reading request", "The payload is not valid JSON.") from None
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        raise errors.SnowError(400, "Exception while reading request", "The payload is not valid JSON.")
    return data


def paging(
    base: str, request: Request, params: dict[str, str], total: int, raw: int, limit: int, offset: int
) -> list[tuple[str, str]]:
    """Make the `X-Total-Count` and `Link` headers; `raw` is the page's row count before ACLs."""
    counted = params.get("sysparm_no_count", "false") != "true"
    headers = [("X-Total-Count", str(total))] if counted else []
    if params.get("sysparm_suppress_pagination_header", "false") == "true" or limit < 1:
        return headers

    def link(start: int, rel: str) -> str:
        query_string = urlencode({**params, "sysparm_limit": limit, "sysparm_offset": start}, quote_via=quote)
        return f'<{base}{request.path}?{query_string}>;rel="{rel}"'

    links = [link(0, "first")]
    if offset > 0:
        links.append(link(max(0, offset - limit), "prev"))
    if offset + limit < total if counted else raw == limit:
        links.append(link(offset + limit, "next"))
    if counted:
        links.append(link(max(0, (total - 1) // limit * limit), "last"))
    return [*headers, ("Link", ",".join(links))]


def cancelled(response: Response, share: float, *, text_result: bool = False) -> Response:
    """Make the answer of a transaction that ran out of time: HTTP 200, some of the rows, and an error beside them.

    With `text_result` a string stands among the rows (both seen on live instances, `facts.json`).
    """
    rows = orjson.loads(response.body).get("result", [])
    kept: list[Any] = rows[: int(len(rows) * share)] if isinstance(rows, list) else []
    message = "Transaction cancelled: maximum execution time exceeded"
    if text_result:
        kept.append(message)
    error = {"message": message, "detail": f"{message} Check logs for error trace"}
    return Response.json({"result": kept, "error": error, "status": "failure"}, 200, response.headers)
