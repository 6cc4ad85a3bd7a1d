"""Checks of batch requests and answers (docs_rest/batch-api.md)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import orjson

_PART = {"id", "method", "url", "headers", "body", "exclude_response_headers"}
_ANSWER = {
    "id", "body", "status_code", "status_text", "headers", "execution_time", "error_message", "redirect_url",
}  # fmt: skip


def check_batch_request(body: bytes) -> list[str]:
    """Check the body of a batch request."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ["the body is no JSON"]
    parts = data.get("rest_requests") if isinstance(data, dict) else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        return ["rest_requests is required"]
    problems = [f"unknown key {name}" for name in set(data) - {"batch_request_id", "rest_requests"}]
    ids = [part.get("id") for part in parts]
    if len(set(map(str, ids))) != len(ids):
        problems.append("ids of a batch must differ")
    for part in parts:
        problems += [f"part {part.get('id')}: {text}" for text in _part(part)]
    return problems


def _part(part: dict[str, Any]) -> list[str]:
    problems = [f"unknown key {name}" for name in set(part) - _PART]
    problems += [
        f"{name} is required, a string" for name in ("id", "method", "url") if not isinstance(part.get(name), str)
    ]
    if not str(part.get("url", "")).startswith("/"):
        problems.append("url must be a relative path")
    for header in part.get("headers", []):
        if not isinstance(header, dict) or set(header) != {"name", "value"}:
            problems.append("a header is an object of name and value")
    if "body" in part:
        try:
            base64.b64decode(part["body"], validate=True)
        except (binascii.Error, TypeError, ValueError):
            problems.append("body is no Base64")
    return problems


def check_batch_response(data: Any) -> list[str]:
    """Check the body of a batch answer."""
    if not isinstance(data, dict):
        return ["the answer is no object"]
    problems = [
        f"{name} missing"
        for name in ("batch_request_id", "serviced_requests", "unserviced_requests")
        if name not in data
    ]
    for part in data.get("serviced_requests", []):
        problems += [f"unknown key {name}" for name in set(part) - _ANSWER]
        if not isinstance(part.get("status_code"), int) or not isinstance(part.get("id"), str):
            problems.append("a serviced request needs id and status_code")
        try:
            base64.b64decode(part.get("body", ""), validate=False)
        except (binascii.Error, TypeError, ValueError):
            problems.append("a body that is no Base64")
    if not all(isinstance(one, str) for one in data.get("unserviced_requests", [])):
        problems.append("unserviced_requests holds ids")
    return problems
