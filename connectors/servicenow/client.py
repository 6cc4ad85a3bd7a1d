"""The way to one ServiceNow instance: log-in, errors in the body, long addresses, the instance's clock and name.

Source: *REST API*, *Table API*, *REST API HTTP response codes* (ServiceNow documentation, release Australia, read
2026-11-22). An answer can begin as 200 with a `result` and still carry `error` and `status: failure` (*Transaction
cancelled: maximum execution time exceeded*), so `error` is looked at before `result`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from connectors.auth import ApiKey, Basic, OAuth
from connectors.http import Answer, Auth, HttpClient
from connectors.registry import Context
from connectors.servicenow.settings import ApiKeySettings, BasicSettings, ServiceNowSettings
from connectors.status import parse_date
from synchub.errors import (
    ConfigError,
    ConnectorError,
    ContractChanged,
    NotFound,
    PermissionDenied,
    Rejected,
    Unavailable,
)

LONGEST_URL = 2000  # beyond about 2,048 characters instances and proxies refuse an address
_UNSCOPED = "unscoped api"
_FIXES = {
    401: "Check the references under `auth`, and that the integration user is active and not locked out.",
    403: "Grant the roles that docs/connectors/servicenow.md names, or look for the rule or data policy behind it.",
}


class Cancelled(Unavailable):
    """The instance broke the answer off because it took too long; a smaller page may pass."""


class ServiceNowClient:
    """Requests to one instance. Safe to use from several threads.

    Args:
        name: Connection name, for messages.
        settings: Of the connection.
        context: What the hub lends.
    """

    def __init__(self, name: str, settings: ServiceNowSettings, context: Context) -> None:
        self.name = name
        self.settings = settings
        self.clock = context.clock
        self.budget = context.budget(f"servicenow:{urlsplit(settings.url).hostname}:{_login_name(settings)}")
        self._login = HttpClient.open(name, settings.url, context, said=error_text)
        self.auth = _auth(name, settings, context, self._login)
        self.http = HttpClient.open(
            name, settings.url, context, auth=self.auth, budget=self.budget, fixes=_FIXES, said=error_text
        )

    def get(self, path: str, params: Mapping[str, str | int]) -> tuple[Any, Answer]:
        """Read; an address that would be too long goes through `/api/now/tinyurl`.

        Returns:
            What `result` holds, and the answer with its headers.

        Raises:
            ConnectorError: As `HttpClient.request`.
            Cancelled: The instance broke off; nothing of the answer is used.
        """
        if len(path) + len(urlencode(params)) + len(self.settings.url) > LONGEST_URL:
            params = self._shortened(path, params)
        answer = self._request("GET", path, params=params)
        return result_of(answer.json(), answer.where), answer

    def send(self, method: str, path: str, body: Any, *, params: Mapping[str, str] | None = None, again: bool) -> Any:
        """Send a JSON body and return what the answer holds, unwrapped from `result` where there is one.

        Args:
            method: HTTP method.
            path: Below the instance's address.
            body: JSON value.
            params: Query.
            again: Sending it twice has the effect of sending it once.
        """
        answer = self._request(method, path, params=params, json=orjson.dumps(body), idempotent=again)
        try:
            parsed = answer.json()
            if isinstance(parsed, dict) and ("result" in parsed or "error" in parsed):
                return result_of(parsed, answer.where)
        except ConnectorError as error:
            error.context["sent"] = True  # it was taken in; what became of it cannot be read
            raise
        return parsed

    def server_time(self) -> int:
        """Read the instance's clock from the `Date` header, seconds since 1970 UTC.

        Raises:
            ContractChanged: The answer carries no date (a proxy removed it).
        """
        _, answer = self.get("/api/now/table/sys_properties", {"sysparm_limit": 1, "sysparm_fields": "sys_id"})
        moment = parse_date(answer.headers.get("date"))
        if moment is None:
            raise ContractChanged("the answer carries no readable Date header.", where=answer.where,
                                  fix="Check proxies in between; cursors need the instance's own time.")  # fmt: skip
        return moment

    def identity(self) -> str:
        """Name the instance that really answers, from its properties `instance_name` and `instance_id`.

        A clone keeps the address of nobody but gets an id of its own, so both are part of the name.

        Raises:
            PermissionDenied: The properties cannot be read with this login.
        """
        params: dict[str, str | int] = {
            "sysparm_query": "nameINinstance_name,instance_id", "sysparm_fields": "name,value", "sysparm_limit": 10,
        }  # fmt: skip
        rows, answer = self.get("/api/now/table/sys_properties", params)
        found = {str(r.get("name")): str(r.get("value") or "") for r in rows or [] if isinstance(r, dict)}
        parts = [found.get("instance_name", ""), found.get("instance_id", "")]
        if not any(parts):
            raise PermissionDenied(
                "the instance does not tell its name: sys_properties instance_name and instance_id are not readable.",
                where=answer.where, fix="Let the integration user read these two properties.",
            )  # fmt: skip
        return "/".join(part for part in parts if part)

    def close(self) -> None:
        """Give connections back."""
        self.http.close()
        self._login.close()

    def _request(self, method: str, path: str, **options: Any) -> Answer:
        try:
            return self.http.request(method, path, **options)
        except PermissionDenied as error:
            if _UNSCOPED in error.message.lower():
                error.fix = (
                    "The OAuth client is restricted to API scopes: add a REST API Auth Scope for this API and method."
                )
            raise

    def _shortened(self, path: str, params: Mapping[str, str | int]) -> dict[str, str | int]:
        address = f"{path}?{urlencode(params)}"
        answer = self.send("POST", "/api/now/tinyurl", {"url": address}, again=True)
        tiny = answer.get("tiny_url") or answer.get("url") if isinstance(answer, dict) else answer
        if not isinstance(tiny, str) or not tiny:
            raise ContractChanged(
                "no short address was given for a long query.", where=f"{self.name}: POST /api/now/tinyurl"
            )
        return {"sysparm_tiny": tiny.rpartition("sysparm_tiny=")[2]}


def result_of(parsed: Any, where: str) -> Any:
    """Unwrap `result`, looking for an error first.

    Raises:
        Cancelled: *Transaction cancelled*.
        NotFound: A list of the first API version that found nothing.
        Rejected: Any other error in a successful answer.
        ContractChanged: Neither `result` nor `error`.
    """
    if not isinstance(parsed, dict):
        raise ContractChanged("the answer is no JSON object.", where=where, fix="Check `url`.")
    error = parsed.get("error")
    if error or parsed.get("status") == "failure":
        text = _said(error)
        if "cancelled" in text.lower() or "maximum execution time" in text.lower():
            raise Cancelled(f"broken off by the instance ({text}).", where=where, fix="Lower `page`.", sent=True)
        if "no record" in text.lower():
            raise NotFound(f"not there, or hidden from this login ({text}).", where=where)
        raise Rejected(f"an error came with status 200 ({text}).", where=where)
    if "result" not in parsed:
        raise ContractChanged("the answer holds no `result`.", where=where, fix="Check `url` and the API version.")
    return parsed["result"]


def may_be_done(error: ConnectorError) -> bool:
    """Say whether the instance may have carried a failed request out, so that it has to be looked up."""
    sent = error.context.get("sent")
    return sent is True or (isinstance(error, (Unavailable, ContractChanged)) and sent is not False)


def error_text(body: bytes) -> str:
    """Pick the instance's words out of an error body: `error.message` and `error.detail`."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    return _said(parsed.get("error")) if isinstance(parsed, dict) else ""


def _said(error: Any) -> str:
    if isinstance(error, dict):
        parts = [str(error.get(key) or "") for key in ("message", "detail")]
        text = ": ".join(part for part in parts if part)
    else:
        text = str(error or "")
    return " ".join(text.split())[:300]


def _login_name(settings: ServiceNowSettings) -> str:
    auth = settings.auth
    if isinstance(auth, ApiKeySettings):
        return str(auth.api_key)
    return str(auth.user) if isinstance(auth, BasicSettings) else str(auth.client_id)


def _auth(name: str, settings: ServiceNowSettings, context: Context, login: HttpClient) -> Auth:
    auth = settings.auth
    if isinstance(auth, ApiKeySettings):
        return ApiKey("x-sn-apikey", auth.api_key.read(context.resolve))
    if isinstance(auth, BasicSettings):
        return Basic(auth.user.read(context.resolve), auth.password.read(context.resolve))
    form: dict[str, Any] = {"grant_type": auth.oauth}
    if auth.oauth == "password":
        if auth.user is None or auth.password is None:
            raise ConfigError("the grant `password` needs `user` and `password`.", where=f"{name}: auth")
        form |= {"username": auth.user.read(context.resolve), "password": auth.password.read(context.resolve)}
    return OAuth(
        login, "/oauth_token.do", client_id=auth.client_id.read(context.resolve),
        client_secret=auth.client_secret.read(context.resolve), clock=context.clock, form=form,
    )  # fmt: skip
