"""Checks requests and answers of Jira, Assets and the service desk against their specifications.

Use it with a running simulator (`Jira(checks=[JiraContract(shared / "contracts")])`, then `log.problems() == []`), or
call `errors(...)` on a recorded exchange. Where a specification contradicts itself or leaves out what is well known,
it is mended here, each time with the reason.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from werkzeug.datastructures import ImmutableMultiDict

from simulators.http import Request, Response

_ASSETS = re.compile(r"^(?:/ex/jira/[^/]+)?/jsm/assets/workspace/([^/]+)/v1(/.*)$")
_SITE = re.compile(r"^(?:/ex/jira/[^/]+)?(/rest/(?:api/(?:2|3|latest)|servicedeskapi)(/.*))$")
_HOST = "https://your-domain.atlassian.net"
_ERRORS = {
    "type": "object", "required": ["errorMessages", "errors"], "additionalProperties": False,
    "properties": {
        "errorMessages": {"type": "array", "items": {"type": "string"}},
        "errors": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}  # fmt: skip


class JiraContract:
    """A check for `simulators.http.Server`: what it finds goes into the request log.

    Args:
        contracts: Folder with the vendors' specifications.
    """

    def __init__(self, contracts: Path) -> None:
        self._assets = _api(_mended_assets(json.loads((contracts / "jsm_assets" / "assets.fixed.json").read_text())))
        jira = _mended_jira(json.loads((contracts / "jira" / "jira-v3.trimmed.json").read_text()))
        # Null takes the assignee away (description of `PUT /issue/{issueIdOrKey}/assignee`).
        jira["components"]["schemas"]["User"]["properties"]["accountId"]["nullable"] = True
        self._jira = _api(jira)
        self._desk = _api(json.loads((contracts / "jsm" / "jsm.trimmed.json").read_text()))

    def __call__(self, request: Request, response: Response) -> list[str]:
        """List what is wrong with a request and its answer; token requests are no part of the specifications."""
        mime = response.content_type.partition(";")[0]
        return self.errors(
            request.method, request.path, request.query, request.headers, request.body, response.status, mime,
            response.body,
        )  # fmt: skip

    def errors(
        self,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        status: int,
        mime: str,
        answer: bytes,
    ) -> list[str]:
        """List what is wrong with one exchange; header names in lower case."""
        if path == "/oauth/token":
            return []
        api, host, path = self._find(path)
        if api is None:
            return [f"no specification knows {path}"]
        asked = MockRequest(
            host, method.lower(), path, args=ImmutableMultiDict(parse_qsl(query, keep_blank_values=True)),
            headers=dict(headers), data=body or None, content_type=headers.get("content-type", "application/json"),
        )  # fmt: skip
        refused = status in (400, 404) or status >= 500
        found = [] if refused else [f"request: {_short(error)}" for error in api.iter_request_errors(asked)]
        if status in (401, 403, 410, 429) or status >= 500 or (method == "DELETE" and status in (200, 204)):
            # The specifications leave these out here and there; a body is in the vendor's form all the same.
            return found + _error_form(status, answer, path)
        answered = MockResponse(answer, status, content_type=mime)
        found += [f"answer {status}: {_short(error)}" for error in api.iter_response_errors(asked, answered)]
        return found + (_error_form(status, answer, path) if status >= 400 else [])

    def _find(self, path: str) -> tuple[OpenAPI | None, str, str]:
        assets, site = _ASSETS.match(path), _SITE.match(path)
        if assets:
            return self._assets, "https://api.atlassian.com", f"/jsm/assets/workspace/workspaceId/v1{assets[2]}"
        if site and "/servicedeskapi/" in path:
            return self._desk, _HOST, site[1]
        if site:
            return self._jira, _HOST, f"/rest/api/3{site[2]}"
        return None, "", path


def _api(document: dict[str, Any]) -> OpenAPI:
    _drop_security(document)
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


def _error_form(status: int, answer: bytes, path: str) -> list[str]:
    if not answer or path.endswith("/issue/bulk"):  # its errors stand beside what was created, in a form of their own
        return []
    try:
        data = json.loads(answer)
    except ValueError:
        return [f"answer {status}: no JSON"]
    if "/servicedeskapi/" in path:
        fine = isinstance(data, dict) and isinstance(data.get("errorMessage"), str)
    else:
        fine = isinstance(data, dict) and set(data) == {"errorMessages", "errors"}
    return [] if fine or status < 400 else [f"answer {status}: not the vendor's form of an error"]


def _short(error: Exception) -> str:
    """Say what a schema found, without the whole document."""
    inner = list(getattr(error.__cause__ or error, "schema_errors", ()))
    places = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:100]}" for e in inner[:3]]
    return "; ".join(places) or f"{error} {error.__cause__ or ''}"[:300]


def _mended_assets(document: dict[str, Any]) -> dict[str, Any]:
    """Mend the Assets specification."""
    document = copy.deepcopy(document)
    schemas = document["components"]["schemas"]
    # A date-time is a string too: oneOf of both refuses every date.
    schemas["ObjectAttributeValue"]["properties"]["value"] = {"type": "string"}
    # `self` is required but nowhere defined; the example has `totalCount` only.
    schemas["ObjectAQLTotalCountResult"]["required"] = ["totalCount"]
    # Everything a client sends is judged strictly: a misspelt property would be dropped in silence.
    for name in ("ObjectIn", "ObjectAttributeIn", "ObjectAttributeValueIn", "ObjectAQLParams", "ObjectTypeIn",
                 "ObjectAQLTotalCountParams", "ObjectSchemaIn", "ObjectTypeAttributeCreate", "StatusIn",
                 "ObjectTypeAttributeUpdate"):  # fmt: skip
        schemas[name]["additionalProperties"] = False
    for item in document["paths"].values():
        # Errors are documented without a body; facts.json has their schema.
        for operation in (item[method] for method in ("get", "post", "put", "delete") if method in item):
            for status in ("400", "404"):
                operation["responses"][status] = {
                    "description": "", "content": {"application/json": {"schema": _ERRORS}},
                }  # fmt: skip
    return document


def _mended_jira(node: Any) -> Any:
    """Let moments be written as Jira and the specification's own examples do: `+0000` is no RFC 3339.

    Where an answer is anything at all (`schema: {}`), it may be nothing: 204 has no body.
    """
    if isinstance(node, list):
        return [_mended_jira(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("format") == "date-time" and node.get("type") == "string":
        rest = {name: value for name, value in node.items() if name != "format"}
        return rest | {"pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$"}
    if node.get("content") == {"application/json": {"schema": {}}} and "required" not in node:
        return {"description": node.get("description", "")}
    return {name: _mended_jira(value) for name, value in node.items()}


def _drop_security(document: dict[str, Any]) -> None:
    """Authentication is judged by the simulator; the scheme of the specification is OAuth only."""
    document.pop("security", None)
    document["components"].pop("securitySchemes", None)
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
