"""The token endpoint of the Microsoft identity platform: client credentials only.

Source: `v2-oauth2-client-creds-grant-flow` and `reference-error-codes` of the identity platform's documents, read
2026-11-22.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

SCOPES = ("https://graph.microsoft.com/.default",)


class Tokens:
    """Issues and checks bearer tokens.

    Args:
        tenant: The tenant's id.
        client_id: The one application that is registered.
        client_secret: Its secret.
        seconds: Life of a token.
        clock: Seconds since 1970 UTC.
    """

    def __init__(
        self, tenant: str, client_id: str, client_secret: str, seconds: int, clock: Callable[[], float]
    ) -> None:
        self.tenant = tenant
        self.client_id = client_id
        self.client_secret = client_secret
        self.seconds = seconds
        self.issued = 0
        self._clock = clock
        self._valid: dict[str, float] = {}

    def revoke(self) -> None:
        """End all tokens at once."""
        self._valid = dict.fromkeys(self._valid, 0.0)

    def check(self, authorization: str) -> str:
        """Return what is wrong with an `Authorization` header, empty when nothing is."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return "Access token is empty."
        if token.strip() not in self._valid:
            return "CompactToken parsing failed with error code: 80049217"
        if self._valid[token.strip()] <= self._clock():
            return "Lifetime validation failed, the token is expired."
        return ""

    def answer(self, tenant: str, content_type: str, body: bytes, origin: str) -> tuple[int, dict[str, Any]]:
        """Answer a token request; returns (HTTP status, body)."""
        if tenant.lower() != self.tenant.lower():
            return self._error(
                400,
                "invalid_request",
                90002,
                f"Tenant '{tenant[:60]}' not found. Check to make sure you have the correct tenant ID.",
            )
        if not content_type.startswith("application/x-www-form-urlencoded"):
            return self._missing("grant_type")
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
        if "grant_type" not in form:
            return self._missing("grant_type")
        if form["grant_type"] != "client_credentials":
            return self._error(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if not form.get("client_id"):
            return self._missing("client_id")
        return self._credentials(form, origin)

    def _credentials(self, form: dict[str, str], origin: str) -> tuple[int, dict[str, Any]]:
        if form["client_id"] != self.client_id:
            text = f"Application '{form['client_id'][:60]}' was not found in the directory '{self.tenant}'."
            return self._error(400, "unauthorized_client", 700016, text)
        if not form.get("client_secret"):
            text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            return self._error(401, "invalid_client", 7000218, text)
        if form["client_secret"] != self.client_secret:
            text = (
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{self.client_id}'."
            )
            return self._error(401, "invalid_client", 7000215, text)
        scope = form.get("scope", "")
        if scope not in (*SCOPES, f"{origin}/.default"):
            text = f"The provided value for the input parameter 'scope' is not valid. Scope: {scope[:100]}."
            return self._error(400, "invalid_scope", 70011, text)
        token = secrets.token_urlsafe(48)
        self._valid[token] = self._clock() + self.seconds
        self.issued += 1
        return 200, {
            "token_type": "Bearer",
            "expires_in": self.seconds,
            "ext_expires_in": self.seconds,
            "access_token": token,
        }

    def _missing(self, name: str) -> tuple[int, dict[str, Any]]:
        return self._error(
            400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
        )

    def _error(self, status: int, error: str, code: int, text: str) -> tuple[int, dict[str, Any]]:
        trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
        moment = datetime.fromtimestamp(self._clock(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        where = f"Trace ID: {trace} Correlation ID: {correlation} Timestamp: {moment}"
        return status, {
            "error": error,
            "error_description": f"AADSTS{code}: {text} {where}",
            "error_codes": [code],
            "timestamp": moment,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        }
