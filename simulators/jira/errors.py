"""The vendor's error answers.

Assets and the Jira platform answer `{"errorMessages": [...], "errors": {...}}`; the service desk API answers
`{"errorMessage", "i18nErrorMessage"}` (jsm.trimmed.json, `ErrorResponse`). Which keys stand in `errors` of Assets is
not documented; clients in public repositories parse `rlabs-insight-attribute-<objectTypeAttributeId>` (read
2026-11-22). The wording of messages is not documented: a client must not depend on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simulators.http import Response


class JiraError(Exception):
    """An error the site answers with.

    Args:
        status: HTTP status.
        message: One entry of `errorMessages`; empty for none.
        errors: What is wrong per field.
        headers: Further response headers.
        desk: Answer in the form of the service desk API.
    """

    def __init__(
        self,
        status: int,
        message: str = "",
        errors: Mapping[str, str] | None = None,
        headers: Sequence[tuple[str, str]] = (),
        *,
        desk: bool = False,
    ) -> None:
        super().__init__(message or str(errors))
        self.status = status
        self.message = message
        self.errors = dict(errors or {})
        self.headers = list(headers)
        self.desk = desk

    def response(self, *, desk: bool = False) -> Response:
        """Render the error."""
        if desk or self.desk:
            translated = {"i18nKey": "sd.error", "parameters": []}
            body: object = {"errorMessage": self.message, "i18nErrorMessage": translated}
        else:
            body = {"errorMessages": [self.message] if self.message else [], "errors": self.errors}
        answer = Response.json(body, self.status, list(self.headers))
        if self.status == 401:
            answer.headers.append(("WWW-Authenticate", 'OAuth realm="https%3A%2F%2Facme.example"'))
        return answer


def unauthenticated() -> JiraError:
    """No or wrong credentials."""
    return JiraError(401, "Client must be authenticated to access this resource.")


def forbidden(message: str = "") -> JiraError:
    """Known, but not allowed."""
    return JiraError(403, message or "Authenticated user is missing permission to fulfill the request")


def not_found(what: str) -> JiraError:
    """Missing, or hidden from the caller, who cannot tell."""
    return JiraError(404, f"{what} could not be found or you do not have permission to view it.")


def bad_request(message: str) -> JiraError:
    """A request that cannot be understood as a whole."""
    return JiraError(400, message)


def attribute_errors(found: Mapping[int, str]) -> JiraError:
    """Refuse attribute values, each with its reason; keys are ids of object type attributes."""
    return JiraError(400, "", {f"rlabs-insight-attribute-{number}": why for number, why in found.items()})


_BY_STATUS = {
    401: "Client must be authenticated to access this resource.",
    403: "Authenticated user is missing permission to fulfill the request",
    404: "Representation of the target resource do not exist",
    409: "The request conflicts with the current state of the resource.",
    429: "The request has been rate limited by the system.",
    500: "Something went wrong. Please try again later. If the error persists, contact our support team.",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def injected(status: int) -> Response:
    """Render what the site says with an HTTP status, for injected faults."""
    return JiraError(status, _BY_STATUS.get(status, "")).response()
