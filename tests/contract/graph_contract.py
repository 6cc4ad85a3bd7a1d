"""Checks requests and answers of Graph against its specification."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from simulators.http import Request, Response

_HOST = "https://graph.microsoft.com"


class GraphContract:
    """A check for `simulators.http.Server`: what it finds goes into the request log.

    Args:
        contracts: Folder with the vendors' specifications.
    """

    def __init__(self, contracts: Path) -> None:
        document = json.loads((contracts / "msgraph" / "msgraph-intune.trimmed.json").read_text())
        schemas = document["components"]["schemas"]
        self._api = OpenAPI.from_dict(_nullable(document, schemas), config=Config(spec_validator_cls=None))

    def __call__(self, request: Request, response: Response) -> list[str]:
        """List what is wrong with a request and its answer; token requests are no part of Graph."""
        if "/oauth2/" in request.path:
            return []
        asked = _as_openapi(request.method, request.path, request.query, request.headers, request.body)
        mime = response.content_type.partition(";")[0]
        answered = MockResponse(response.body, response.status, content_type=mime)
        found = [f"request: {_short(error)}" for error in self._api.iter_request_errors(asked)]
        found += [f"answer: {_short(error)}" for error in self._api.iter_response_errors(asked, answered)]
        if request.path.endswith("/$batch") and response.status == 200:
            found += [error for part in json.loads(request.body)["requests"] for error in self._part(part, request)]
        return found

    def _part(self, part: dict[str, Any], request: Request) -> Iterator[str]:
        """Check one request inside a batch as if it had been sent by itself."""
        path, _, query = part["url"].partition("?")
        asked = _as_openapi(part["method"], f"/v1.0{path}", query, request.headers, b"")
        for error in self._api.iter_request_errors(asked):
            yield f"part {part['id']}: {_short(error)}"


def _short(error: Exception) -> str:
    """Say what a schema found, without the whole document."""
    inner = list(getattr(error.__cause__ or error, "schema_errors", ()))
    places = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:100]}" for e in inner[:3]]
    return "; ".join(places) or f"{error} {error.__cause__ or ''}"[:300]


def _nullable(node: Any, schemas: dict[str, Any]) -> Any:
    """Let `{allOf: [ref], nullable: true}` accept null: that is what the metadata means and OpenAPI 3.0 cannot say."""
    if isinstance(node, list):
        return [_nullable(item, schemas) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("nullable") is True and "allOf" in node:
        merged = {**schemas[node["allOf"][0]["$ref"].rpartition("/")[2]], "nullable": True}
        return {**merged, "enum": [*merged["enum"], None]} if "enum" in merged else merged
    return {name: _nullable(value, schemas) for name, value in node.items()}


def _as_openapi(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> MockRequest:
    return MockRequest(
        _HOST, method.lower(), path, args=dict(parse_qsl(query, keep_blank_values=True)), headers=headers,
        data=body or None, content_type=headers.get("content-type", "application/json"),
    )  # fmt: skip
