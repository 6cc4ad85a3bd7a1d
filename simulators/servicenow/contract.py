"""Checks of requests and answers against the vendor's documents, written apart from the simulator that answers.

Sources (read 2026-11-22): docs_rest/c_TableAPI.md, c_RESTAPI.md, c_IdentifyReconcileAPI.md, batch-api.md,
c_AggregateAPI.md, inbound-REST-API-rate-limiting.md, r_RESTAPIHTTPResponseCodes.md, r_RESTOAuthExample.md and the
shapes of examples.json. An empty list means: nothing found that the documents do not allow.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson

from simulators.http import Request, Response
from simulators.servicenow import contract_ire
from simulators.servicenow.contract_batch import check_batch_request, check_batch_response

_PATH = re.compile(r"^/api/now/(?:(v\d)/)?(table|stats|batch|identifyreconcile|tinyurl|cmdb)(?:/(.*))?$")
_FLAG = re.compile(r"^(true|false)$")
_NUMBER = re.compile(r"^\d+$")
_TABLE_PARAMS = {
    "sysparm_query": None, "sysparm_fields": None, "sysparm_view": re.compile("^(desktop|mobile|both)$"),
    "sysparm_limit": _NUMBER, "sysparm_offset": _NUMBER, "sysparm_no_count": _FLAG, "sysparm_tiny": None,
    "sysparm_display_value": re.compile("^(true|false|all)$"), "sysparm_exclude_reference_link": _FLAG,
    "sysparm_suppress_pagination_header": _FLAG, "sysparm_query_no_domain": _FLAG, "sysparm_query_category": None,
    "sysparm_input_display_value": _FLAG, "sysparm_suppress_auto_sys_field": _FLAG,
}  # fmt: skip
_STATS_PARAMS = {
    "sysparm_query", "sysparm_count", "sysparm_group_by", "sysparm_having", "sysparm_order_by", "sysparm_display_value",
    "sysparm_avg_fields", "sysparm_min_fields", "sysparm_max_fields", "sysparm_sum_fields", "sysparm_tiny",
}  # fmt: skip
_METHODS = {
    "table": ({"GET", "HEAD", "POST"}, {"GET", "HEAD", "PATCH", "PUT", "DELETE"}), "stats": ({"GET"}, set()),
    "batch": ({"POST"}, set()), "tinyurl": ({"POST"}, set()), "identifyreconcile": ({"POST"}, {"POST"}),
    "cmdb": ({"GET"}, {"GET"}),
}  # fmt: skip
_TERM = re.compile(r"^(NQ|OR)?(EQ|ORDERBY(DESC)?[a-z0-9_.]+|[a-z_][a-z0-9_.]*(=|!=|>|<|[A-Z][A-Z ]+).*)?$", re.DOTALL)


def check_request(request: Request, _response: Response) -> list[str]:
    """Check a request of the running simulator."""
    return validate_request(request.method, request.path, request.query, request.headers, request.body)


def check_response(request: Request, response: Response) -> list[str]:
    """Check an answer of the running simulator."""
    headers = {name.lower(): value for name, value in response.headers}
    headers["content-type"] = response.content_type
    return validate_response(request.method, request.path, response.status, headers, response.body, request.query)


def validate_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Check a request; header names in lower case."""
    if path == "/oauth_token.do":
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        return [] if method == "POST" and "grant_type" in form else ["oauth_token.do takes a form with grant_type"]
    match = _PATH.match(path)
    if match is None:
        return [f"no documented resource: {path}"]
    area, rest = match[2], match[3] or ""
    problems = _headers(method, headers)
    own = area == "table" and "/" in rest
    allowed = _METHODS[area][1 if own or (area == "identifyreconcile" and rest) else 0]
    if method not in allowed:
        problems.append(f"{method} is not documented for {path}")
    pairs = parse_qsl(query, keep_blank_values=True)
    if area == "table":
        problems += _table_params(pairs) + (_record(body) if method in ("POST", "PUT", "PATCH") else [])
    elif area == "stats":
        problems += [f"unknown parameter {n}" for n, _ in pairs if n.startswith("sysparm_") and n not in _STATS_PARAMS]
    elif area == "identifyreconcile":
        problems += contract_ire.request(rest, dict(pairs), body)
    elif area == "batch":
        problems += check_batch_request(body)
    return problems


def _headers(method: str, headers: Mapping[str, str]) -> list[str]:
    problems = [] if headers.get("accept") else ["no Accept header"]
    if method in ("POST", "PUT", "PATCH", "DELETE") and not headers.get("content-type"):
        problems.append(f"no Content-Type header on {method}")
    return problems


def _table_params(pairs: list[tuple[str, str]]) -> list[str]:
    problems = []
    names = {name for name, _ in pairs}
    for name, value in pairs:
        if not name.startswith("sysparm_"):
            if "sysparm_query" in names:
                problems.append(f"name-value pair {name} beside sysparm_query: they exclude each other")
        elif name not in _TABLE_PARAMS:
            problems.append(f"unknown parameter {name}")
        elif (pattern := _TABLE_PARAMS[name]) is not None and not pattern.match(value):
            problems.append(f"{name} cannot be {value[:40]!r}")
        elif name == "sysparm_query":
            problems += _query(value)
    return problems


def _query(text: str) -> list[str]:
    terms = text.replace("^^", "\x00").split("^")
    bad = [term for term in terms if term and not _TERM.match(term)]
    return [f"sysparm_query has a term that is no condition: {term[:60]!r}" for term in bad]


def _record(body: bytes) -> list[str]:
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ["the body is no JSON"]
    if not isinstance(data, dict):
        return ["the body is no single record"]
    problems = [f"{name} is not updatable" for name in data if name.startswith("sys_")]
    problems += [f"{name}: a value must be scalar" for name, value in data.items() if isinstance(value, dict | list)]
    return problems


def validate_response(
    method: str, path: str, status: int, headers: Mapping[str, str], body: bytes, query: str = ""
) -> list[str]:
    """Check an answer; header names in lower case. Answers of proxies (502 to 504) are not judged."""
    if status in (502, 503, 504):
        return []
    if status == 204:
        return ["204 with a body"] if body else []
    if not headers.get("content-type", "").startswith("application/json"):
        return [] if status == 404 and not path.startswith("/api/") else ["the answer is not application/json"]
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ["the answer is no JSON"]
    if path == "/oauth_token.do":
        wanted = {"access_token", "token_type", "expires_in", "scope"}
        return [] if status != 200 or wanted <= set(data) else [f"token answer lacks {wanted - set(data)}"]
    if status >= 400:
        return _error(status, data, headers)
    match = _PATH.match(path)
    if match is None:
        return [f"success for a path no document knows: {path}"]
    area, rest = match[2], match[3] or ""
    if area == "batch":
        return check_batch_response(data)
    if not isinstance(data, dict) or "result" not in data:
        return ["no result in a success"]
    if area == "table":
        return _rows(method, "/" in rest, status, headers, data, dict(parse_qsl(query)))
    if area == "identifyreconcile":
        return contract_ire.response(rest, data["result"])
    if area == "stats":
        return _stats(data["result"])
    return []


def _error(status: int, data: Any, headers: Mapping[str, str]) -> list[str]:
    problems = []
    error = data.get("error") if isinstance(data, dict) else None
    if not isinstance(error, dict) or "message" not in error or "detail" not in error:
        problems.append("error answer without error.message and error.detail")
    elif data.get("status") != "failure" and "result" not in data:
        problems.append("error answer without status failure")
    if status == 429:
        wanted = [n for n in ("x-ratelimit-limit", "x-ratelimit-reset", "retry-after") if n not in headers]
        problems += [f"429 without {name}" for name in wanted]
    return problems


def _rows(
    method: str, single: bool, status: int, headers: Mapping[str, str], data: dict[str, Any], params: dict[str, str]
) -> list[str]:
    result = data["result"]
    problems = []
    if "error" in data and data.get("status") != "failure":
        problems.append("error beside a result without status failure")
    if method == "POST" and status != 201:
        problems.append(f"POST answered {status}, not 201")
    if (single or method == "POST") != isinstance(result, dict):
        return [*problems, "result is of the wrong kind (one record or a list)"]
    total = headers.get("x-total-count")
    if total is not None and not total.isdigit():
        problems.append("X-Total-Count is no number")
    if "link" in headers and any('rel="' not in part for part in headers["link"].split(",<")):
        problems.append("a Link without rel")
    rows = [result] if isinstance(result, dict) else result
    mode = params.get("sysparm_display_value", "false")
    bare = params.get("sysparm_exclude_reference_link") == "true"
    for row in rows[:50]:
        if not isinstance(row, dict):
            return [*problems, "a row that is no object"] if "error" not in data else problems
        problems += [f"{name}: {why}" for name, value in row.items() if (why := _value(value, mode, bare=bare))]
    return problems


def _value(value: Any, mode: str, *, bare: bool) -> str:
    """Say what is wrong with one value, or nothing."""
    if mode == "all":
        fine = isinstance(value, dict) and {"display_value", "value"} <= set(value) <= {
            "display_value",
            "value",
            "link",
        }
        return "" if fine else "sysparm_display_value=all wants display_value and value"
    if isinstance(value, str):
        return ""
    if not isinstance(value, dict):
        return f"a value that is no string: {type(value).__name__}"
    if bare:
        return "a link in spite of sysparm_exclude_reference_link"
    wanted = {"display_value", "link"} if mode == "true" else {"link", "value"}
    return "" if set(value) == wanted and all(isinstance(v, str) and v for v in value.values()) else "bad reference"


def _stats(result: Any) -> list[str]:
    groups = result if isinstance(result, list) else [result]
    problems = []
    for group in groups:
        if not isinstance(group, dict) or not isinstance(group.get("stats"), dict):
            return ["stats missing"]
        if isinstance(result, list) and not isinstance(group.get("groupby_fields"), list):
            problems.append("groupby_fields missing")
        if not isinstance(group["stats"].get("count", "0"), str):
            problems.append("count is no string")
    return problems
