"""Errors as Graph writes them: `{"error": {"code", "message", "innerError": {"date", "request-id", …}}}`."""

from __future__ import annotations

from typing import Any


class GraphError(Exception):
    """A refusal.

    Attributes:
        status: HTTP status.
        code: Graph's error code.
        message: What Graph tells people.
        headers: Further response headers, for example `Retry-After`.
    """

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}

    def body(self, date: str, request_id: str, client_request_id: str) -> dict[str, Any]:
        """Render the body; `date` is `YYYY-MM-DDTHH:MM:SS` in UTC."""
        inner = {"date": date, "request-id": request_id, "client-request-id": client_request_id or request_id}
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    """Refuse a request that Graph cannot understand."""
    return GraphError(400, code, message)


def throttled(retry_after: float | None) -> GraphError:
    """Refuse for now; `retry_after` in seconds, None leaves the header out as some resources do."""
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return GraphError(429, "TooManyRequests", "Too many requests", headers)


_BY_STATUS = {
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    403: ("Forbidden", "Access is denied to the requested resource."),
    404: ("ResourceNotFound", "Resource not found."),
    429: ("TooManyRequests", "Too many requests"),
    500: ("InternalServerError", "An internal server error occurred while processing the request."),
    502: ("BadGateway", "Failed to execute backend request."),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
    504: ("GatewayTimeout", "The request timed out."),
}


def of_status(status: int) -> GraphError:
    """Return what Graph says with an HTTP status, for injected faults."""
    code, message = _BY_STATUS.get(status, ("UnknownError", ""))
    return GraphError(status, code, message)
