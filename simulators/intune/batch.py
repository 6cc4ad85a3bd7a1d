"""JSON batching: `POST /v1.0/$batch` (Graph concepts `json-batching`, read 2026-11-22).

At most 20 requests with unique ids and relative URLs; each has its own status and headers; answers come in any order; a
request whose `dependsOn` failed is answered 424; a throttled one 429 with its own `Retry-After`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from simulators.http import Request
from simulators.intune.errors import GraphError, bad_request

if TYPE_CHECKING:
    from simulators.intune.app import Intune

LARGEST = 20


def run_batch(graph: Intune, request: Request, origin: str) -> dict[str, Any]:
    """Answer a batch.

    Raises:
        GraphError: The batch as a whole cannot be accepted.
    """
    if request.method != "POST":
        raise GraphError(405, "MethodNotAllowed", "Specified HTTP method is not allowed for the request target.")
    items = _items(request.body)
    done: dict[str, int] = {}
    answers = []
    for item in items:
        answer = _answer(graph, request, item, done, origin)
        done[item["id"]] = answer["status"]
        answers.append(answer)
    graph.shuffle(answers)
    return {"responses": answers}


def _items(body: bytes) -> list[dict[str, Any]]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise bad_request("Invalid batch payload format.") from None
    items = document.get("requests") if isinstance(document, dict) else None
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise bad_request("Invalid batch payload format.")
    if len(items) > LARGEST:
        raise bad_request(f"Number of batch request steps exceeds the maximum value: {LARGEST}.")
    seen: set[str] = set()
    for item in items:
        key, url, method = item.get("id"), item.get("url"), item.get("method")
        if not isinstance(key, str) or not key or key in seen:
            raise bad_request("Invalid batch request: every request needs an id of its own.")
        if not isinstance(url, str) or not url.startswith("/") or not isinstance(method, str):
            raise bad_request(f"Invalid batch request '{key[:50]}': method and a relative url are needed.")
        for needed in item.get("dependsOn", []):
            if needed not in seen:
                raise bad_request(f"Invalid batch request '{key[:50]}': dependsOn names no earlier request.")
        seen.add(key)
    return items


def _answer(graph: Intune, request: Request, item: dict[str, Any], done: dict[str, int], origin: str) -> dict[str, Any]:
    path, _, query = item["url"].partition("?")
    headers = {str(k).lower(): str(v) for k, v in (item.get("headers") or {}).items()}
    entry = None
    if graph.log is not None:
        entry = graph.log.open(graph.clock.now(), item["method"], f"/v1.0{path}", query, via=request.entry.n)
    try:
        if any(done[needed] >= 400 for needed in item.get("dependsOn", [])):
            raise GraphError(424, "FailedDependency", "A request this one depends on has failed.")
        graph.admit()
        params = dict(parse_qsl(query, keep_blank_values=True))
        body = graph.get(item["method"].upper(), f"/v1.0{unquote(path)}", params, headers, origin)
        answer = {"id": item["id"], "status": 200, "headers": {"Content-Type": "application/json"}, "body": body}
    except GraphError as refusal:
        own = {"Content-Type": "application/json"} | refusal.headers
        answer = {"id": item["id"], "status": refusal.status, "headers": own, "body": graph.error_body(refusal)}
    if entry is not None:
        entry.status = answer["status"]
    return answer
