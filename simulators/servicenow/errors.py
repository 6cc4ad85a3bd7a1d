"""The vendor's error answers.

Statuses: docs_rest/r_RESTAPIHTTPResponseCodes.md. The envelope `{"error": {"message", "detail"}, "status": "failure"}`:
docs_rest/inbound-REST-API-rate-limiting.md. Wording of the messages: vendor knowledge base and recorded answers of
instances in public client tests; a client must not depend on it.
"""

from __future__ import annotations

from simulators.http import Response


class SnowError(Exception):
    """An error the instance answers with.

    Args:
        status: HTTP status.
        message: `error.message`.
        detail: `error.detail`.
    """

    def __init__(self, status: int, message: str, detail: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.detail = detail

    def response(self) -> Response:
        """Render the error."""
        body = {"error": {"message": self.message, "detail": self.detail}, "status": "failure"}
        answer = Response.json(body, self.status)
        if self.status == 401:
            answer.headers.append(("WWW-Authenticate", 'BASIC realm="Service-now"'))
        return answer


def unauthenticated() -> SnowError:
    """No or wrong credentials."""
    return SnowError(401, "User Not Authenticated", "Required to provide Auth information")


def no_record() -> SnowError:
    """Missing, or hidden by an ACL: the caller cannot tell."""
    return SnowError(404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval")


def invalid_table(name: str) -> SnowError:
    """A table that does not exist."""
    return SnowError(400, f"Invalid table {name}")


def no_resource() -> SnowError:
    """A path that no API serves."""
    return SnowError(400, "Requested URI does not represent any resource")


def forbidden(detail: str, message: str = "Operation Failed") -> SnowError:
    """ACL, business rule or data policy."""
    return SnowError(403, message, detail)


def not_simulated(what: str) -> SnowError:
    """Something documented that this simulator does not serve: refused, never answered as if it had worked."""
    return SnowError(400, "Not simulated", f"The simulator does not serve {what}")


def injected(status: int) -> Response:
    """Render the vendor's answer for an injected status."""
    texts = {
        401: ("User Not Authenticated", "Required to provide Auth information"),
        403: ("Operation Failed", "ACL Exception Update Failed due to security constraints"),
        404: ("No Record found", "Record doesn't exist or ACL restricts the record retrieval"),
        429: ("Rate limit exceeded", "Rate limit of 100 requests per hour for Table API exceeded"),
        500: (
            "Internal Server Error",
            "Unexpected error. Check logs for error trace or enable glide.rest.debug property",
        ),
    }
    if status in (502, 503, 504):
        return Response(status, b"<html><body><h1>Service Unavailable</h1></body></html>", content_type="text/html")
    message, detail = texts.get(status, ("Operation Failed", f"injected {status}"))
    return SnowError(status, message, detail).response()
