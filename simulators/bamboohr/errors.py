"""Refusals as BambooHR writes them.

The older API says why in the header `X-BambooHR-Error-Message` and sends no body; the newer parts (datasets v1.2 and
v2) send RFC 7807 problems; custom reports send `{"error": {"code", "message"}}` (specification and technical overview,
read 2026-11-22).
"""

from __future__ import annotations

from typing import Literal

import orjson

from simulators.http import Response

Form = Literal["header", "problem", "data", "object"]  # `data`: a problem, sent as plain JSON by datasets v2


class BambooError(Exception):
    """A refusal.

    Attributes:
        status: HTTP status.
        message: What BambooHR tells people.
        form: How it is written.
        code: Code of a problem, e.g. `INVALID_FILTER`.
        retry_after: Seconds; None for no header.
    """

    def __init__(
        self, status: int, message: str = "", *, form: Form = "header", code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.form, self.code, self.retry_after = status, message, form, code, retry_after

    def response(self) -> Response:
        """Render it."""
        headers = [] if self.retry_after is None else [("Retry-After", f"{self.retry_after:g}")]
        if self.form in ("problem", "data"):
            body = {"type": "about:blank", "title": _TITLES.get(self.status, "Error"), "status": self.status}
            body |= {"detail": self.message, **({"code": self.code} if self.code else {})}
            kind = "application/problem+json" if self.form == "problem" else "application/json"
            return Response(self.status, orjson.dumps(body), headers, kind)
        if self.form == "object":
            body = {"error": {"code": self.status, "message": self.message}}
            return Response(self.status, orjson.dumps(body), headers, "application/json")
        if self.message:
            headers.append(("X-BambooHR-Error-Message", self.message))
        return Response(self.status, b"", headers, "text/html; charset=UTF-8")


_TITLES = {
    400: "Bad Request", 403: "Forbidden", 404: "Not Found", 413: "Content Too Large", 422: "Unprocessable Content",
    500: "Internal Server Error",
}  # fmt: skip
