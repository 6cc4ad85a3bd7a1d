"""Checks requests and answers of BambooHR against its OpenAPI description."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import parse_qsl

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from simulators.http import Request, Response

_HOST = "https://companySubDomain.bamboohr.com"
# What every endpoint may answer says the technical overview, not the description of each.
_ANYWHERE = frozenset({401, 403, 404, 406, 409, 412, 429, 500, 502, 503})


class BambooContract:
    """A check for `simulators.http.Server`: what it finds goes into the request log.

    Args:
        contracts: Folder with the vendors' specifications.
    """

    def __init__(self, contracts: Path) -> None:
        document = json.loads((contracts / "bamboohr" / "bamboohr.trimmed.json").read_text())
        # The key is checked by the simulator; schemes that openapi-core does not know would only make it warn.
        document["components"].pop("securitySchemes", None)
        for operations in document["paths"].values():
            for operation in operations.values():
                if isinstance(operation, dict):
                    operation.pop("security", None)
        self._api = OpenAPI.from_dict(
            document,
            config=Config(
                spec_validator_cls=None, extra_media_type_deserializers={"application/problem+json": json.loads}
            ),
        )

    def __call__(self, request: Request, response: Response) -> list[str]:
        """List what is wrong with a request and its answer; the gateway's path counts as the company's own."""
        path = re.sub(r"^/api/gateway\.php/[^/]+", "/api", request.path)
        asked = MockRequest(
            _HOST, request.method.lower(), path, args=dict(parse_qsl(request.query, keep_blank_values=True)),
            headers=request.headers, data=request.body or None,
            content_type=request.headers.get("content-type", "application/json"),
        )  # fmt: skip
        found = [f"request: {_short(error)}" for error in self._api.iter_request_errors(asked)]
        if response.status in _ANYWHERE or dict(response.headers).get("x-bent"):
            return found
        mime = response.content_type.partition(";")[0]
        answered = MockResponse(response.body, response.status, content_type=mime)
        return found + [f"answer: {_short(error)}" for error in self._api.iter_response_errors(asked, answered)]


def _short(error: Exception) -> str:
    """Say what a schema found, without the whole document."""
    inner = list(getattr(error.__cause__ or error, "schema_errors", ()))
    places = [f"{'/'.join(map(str, e.absolute_path))}: {e.message[:100]}" for e in inner[:3]]
    return "; ".join(places) or f"{error} {error.__cause__ or ''}"[:300]
