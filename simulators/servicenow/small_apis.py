"""Small APIs beside Table and IRE: Aggregate, CMDB Meta, tiny URLs, Batch.

Documents: docs_rest/c_AggregateAPI.md, cmdb-meta-api.md, batch-api.md (read 2026-11-22). Tiny URLs are undocumented;
their shape (`{"url"}` -> `{"result": "...?sysparm_tiny=ID"}`) is that of public clients.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import orjson

from simulators.http import Request, Response
from simulators.servicenow import errors
from simulators.servicenow.access import User
from simulators.servicenow.query import value_of
from simulators.servicenow.store import Row
from simulators.servicenow.table_api import read_record

if TYPE_CHECKING:
    from simulators.servicenow.app import ServiceNow

MAX_ITEM_IN = 5 * 1024 * 1024
MAX_ITEM_OUT = 10 * 1024 * 1024
_REASONS = {
    200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
    404: "Not Found", 405: "Method Not Allowed", 429: "Too Many Requests", 500: "Internal Server Error",
}  # fmt: skip


class TinyUrls:
    """Long queries kept on the instance."""

    def __init__(self) -> None:
        self._kept: dict[str, dict[str, str]] = {}

    def make(self, request: Request) -> Response:
        """Answer `POST /api/now/tinyurl`.

        Raises:
            SnowError: 400 without a URL.
        """
        url = read_record(request).get("url")
        if not isinstance(url, str) or "?" not in url:
            raise errors.SnowError(400, "Bad Request", "url is required")
        path, _, rest = url.partition("?")
        name = f"{len(self._kept) + 1:032x}"
        self._kept[name] = dict(parse_qsl(rest, keep_blank_values=True))
        return Response.json({"result": f"{path}?sysparm_tiny={name}"})

    def expand(self, params: dict[str, str]) -> dict[str, str]:
        """Put the kept parameters in the place of `sysparm_tiny`.

        Raises:
            SnowError: 400 for an unknown one.
        """
        name = params.get("sysparm_tiny")
        if name is None:
            return params
        if name not in self._kept:
            raise errors.SnowError(400, "Bad Request", "Unknown sysparm_tiny")
        return {**self._kept[name], **{key: value for key, value in params.items() if key != "sysparm_tiny"}}


def aggregate(sim: ServiceNow, request: Request, user: User, parts: list[str]) -> Response:
    """Answer `GET /api/now/stats/{table}`: count, sum, avg, min, max, grouped.

    Raises:
        SnowError: Unknown table, no access, `sysparm_having`.
    """
    if len(parts) != 1 or request.method != "GET":
        raise errors.no_resource()
    table = sim.schema.tables.get(parts[0])
    if table is None:
        raise errors.invalid_table(parts[0])
    if sim.access.denied(user, "read", table.line):
        raise errors.forbidden("Failed API level ACL Validation", "User Not Authorized")
    params = sim.tiny.expand(request.params())
    if params.get("sysparm_having"):
        raise errors.not_simulated("sysparm_having")
    rows = sim.tables.select(table, params)
    by = [name for name in params.get("sysparm_group_by", "").split(",") if name]
    if not by:
        return Response.json({"result": {"stats": _stats(sim, table.name, rows, params)}})
    groups: dict[tuple[str, ...], list[Row]] = {}
    paths = [(name, sim.schema.column(table.name, name)) for name in by]
    known = [(name, columns) for name, columns in paths if columns]
    for row in rows:
        groups.setdefault(tuple(value_of(sim.store, row, name, columns) for name, columns in known), []).append(row)
    result = [
        {
            "stats": _stats(sim, table.name, members, params),
            "groupby_fields": [{"field": name, "value": value} for (name, _), value in zip(known, key, strict=True)],
        }
        for key, members in sorted(groups.items())
    ]
    return Response.json({"result": result})


def _stats(sim: ServiceNow, table: str, rows: list[Row], params: dict[str, str]) -> dict[str, Any]:
    stats: dict[str, Any] = {}
    if params.get("sysparm_count") == "true":
        stats["count"] = str(len(rows))
    functions: dict[str, Callable[[list[float]], float]] = {
        "avg": lambda v: sum(v) / len(v),
        "sum": sum,
        "min": min,
        "max": max,
    }
    for name, function in functions.items():
        fields = [field for field in params.get(f"sysparm_{name}_fields", "").split(",") if field]
        if fields:
            stats[name] = {}
        for field in fields:
            columns = sim.schema.column(table, field)
            texts = [value_of(sim.store, row, field, columns) for row in rows] if columns else []
            if name in ("min", "max") and columns and columns[-1].kind not in ("number", "money"):
                stats[name][field] = (min if name == "min" else max)([t for t in texts if t], default="")
                continue
            values = [float(text) for text in texts if text]
            stats[name][field] = f"{function(values):.4f}" if values else ""
    return stats


def meta(sim: ServiceNow, request: Request, parts: list[str]) -> Response:
    """Answer `GET /api/now/cmdb/meta/{class}`.

    Raises:
        SnowError: Not a CMDB class.
    """
    table = sim.schema.tables.get(parts[0]) if len(parts) == 1 and request.method == "GET" else None
    if table is None or table.root != "cmdb":
        raise errors.SnowError(404, "Invalid class", "The class is not a CMDB class")
    inherited = sim.schema.tables[table.parent].columns if table.parent else {}
    kinds = {"datetime": "glide_date_time", "date": "glide_date", "number": "integer", "money": "currency"}
    attributes = [
        {
            "is_inherited": str(name in inherited).lower(), "is_mandatory": str(column.mandatory).lower(),
            "is_read_only": str(column.locked).lower(), "default_value": None, "element": name,
            "label": name.replace("_", " ").capitalize(), "type": kinds.get(column.kind, column.kind),
            "max_length": str(column.length), "is_display": str(name == "name").lower(),
            **({"reference": column.table} if column.kind == "reference" else {}),
        }
        for name, column in table.columns.items()
    ]  # fmt: skip
    children = sorted(name for name in table.classes if sim.schema.tables[name].parent == table.name)
    body = {
        "icon_url": "images/app.ngbsm/computer.svg", "is_extendable": True, "parent": table.parent,
        "children": children,
        "name": table.name, "icon": "", "attributes": attributes, "relationship_rules": [], "label": table.label,
        "identification_rules": sim.ire.describe(table.name),
    }  # fmt: skip
    return Response.json({"result": body})


def batch(sim: ServiceNow, request: Request, user: User) -> Response:
    """Answer `POST /api/now/v1/batch`: parts in order, each with its own status; what passes a limit is unserviced.

    Raises:
        SnowError: 400 for a body that is no batch.
    """
    data = read_record(request)
    parts = data.get("rest_requests")
    if not isinstance(parts, list):
        raise errors.SnowError(400, "Bad Request", "rest_requests is required")
    most = int(request.headers.get("x-batchrequest-max-output-size", MAX_ITEM_OUT))
    started = time.monotonic()
    served: list[dict[str, Any]] = []
    unserved: list[str] = []
    for number, part in enumerate(parts):
        over = sim.batch_parts and number >= sim.batch_parts
        if over or unserved or time.monotonic() - started > sim.batch_seconds:
            unserved.append(str(part.get("id", "")))
            continue
        answer = _part(sim, request, user, part, min(most, MAX_ITEM_OUT))
        if answer is None:
            unserved.append(str(part.get("id", "")))
        else:
            served.append(answer)
    body = {
        "batch_request_id": str(data.get("batch_request_id", "")),
        "serviced_requests": served,
        "unserviced_requests": unserved,
    }
    return Response.json(body)


def _part(sim: ServiceNow, outer: Request, user: User, part: dict[str, Any], most: int) -> dict[str, Any] | None:
    url = str(part.get("url", ""))
    raw_path, _, query_string = url.partition("?")
    path = unquote(raw_path)
    try:
        body = base64.b64decode(str(part.get("body", "")), validate=False)
    except (binascii.Error, ValueError):
        body = b""
    if len(body) > MAX_ITEM_IN:
        return None
    entry = sim.log.open(sim.clock.now(), str(part.get("method", "")), path, query_string, via=outer.entry.n)
    headers = {str(h.get("name", "")).lower(): str(h.get("value", "")) for h in part.get("headers", [])}
    entry.request_size, entry.user = len(body), user.name
    inner = Request(entry.method, path, query_string, {"host": outer.headers.get("host", ""), **headers}, body, entry)
    started = time.monotonic()
    response = sim.route(inner, user)
    entry.status, entry.response_size = response.status, len(response.body)
    for check in sim.server.checks:
        entry.problems += check(inner, response)
    if len(response.body) > most:
        return None
    shown = [("Content-Type", response.content_type), *response.headers]
    keep = part.get("exclude_response_headers") is not True
    answer = {
        "id": str(part.get("id", "")),
        "body": base64.b64encode(response.body).decode(),
        "status_code": response.status,
        "status_text": _REASONS.get(response.status, ""),
        "headers": [{"name": name, "value": value} for name, value in shown] if keep else [],
        "execution_time": int((time.monotonic() - started) * 1000),
    }
    if response.status >= 400:
        answer["error_message"] = _message(response.body)
    return answer


def _message(body: bytes) -> str:
    try:
        return str(orjson.loads(body)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""
