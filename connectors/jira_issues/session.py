"""The `jira` library on a session of ours, and what the library lacks.

jira 3.10 repeats requests by itself (with its own waits, creations too), puts whole answers into its errors, follows
redirects and links with the log-in, asks for server information when it is made, and lets the names of custom fields
stand in for system fields. None of that happens here: the session sends once, within the budget, to the site only, and
raises the hub's errors; `connectors.retry` repeats.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests
import urllib3
from jira import JIRA
from jira.resilientsession import ResilientSession
from jira.resources import Issue

from connectors.address import fault, origin
from connectors.auth import Basic
from connectors.body import Limits, parse_json
from connectors.http import user_agent
from connectors.registry import Context
from connectors.requests_session import TIMEOUTS, outfit, read_whole
from connectors.status import error_for, parse_date, parse_retry_after
from synchub.domain.clocks import apart
from synchub.errors import ConfigError, ConnectorError, ContractChanged, RateLimited, Unavailable
from synchub.ports import RateBudget

_LIMITS = Limits()
_FIXES = {
    401: "Check the references under `auth`, and that the API token has not expired.",
    403: "Give the account the project permissions that docs/connectors/jira_issues.md names.",
}


class Session(ResilientSession):
    """Sends what the library asks for, once each.

    Args:
        name: Connection name, for messages.
        url: Address of the site.
        auth: Log-in.
        budget: Request budget of this log-in.
        context: What the hub lends.

    Raises:
        ConfigError: `url` is no https address (plain http for this machine only), or the authorities cannot be read.
    """

    def __init__(self, name: str, url: str, auth: Basic, budget: RateBudget, context: Context) -> None:
        super().__init__(max_retries=0)
        self.skew_s = 0
        self.server_now = 0
        self._name, self._login, self._budget, self._clock = name, auth, budget, context.clock
        self._proxy_secret = urlsplit(context.proxy).password if context.proxy else None
        self._origin = origin(url)
        said, fix = fault(url)
        if said:
            raise ConfigError(said, where=name, fix=fix)
        outfit(self, name, context)

    def request(self, method: str, url: str | bytes, *_: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Send one request and return its 2xx answer, read whole and valid JSON.

        Raises:
            ConnectorError: See `connectors.status.TABLE`; `context["sent"]` is False when it certainly never arrived,
                `context["fields"]` tells field id -> the system's words where it names fields.
        """
        address = urlsplit(str(url))
        where = f"{self._name}: {method.upper()} {address.path}"
        if origin(str(url)) != self._origin:
            raise ContractChanged(
                "the answer holds a link to another host; it is not followed, so that credentials stay here.",
                where=where, fix="Check `url`, and proxies that rewrite answers.",
            )  # fmt: skip
        self._budget.take()
        headers = {**self.headers, **(kwargs.pop("headers", None) or {}), **self._login.headers(),
                   "User-Agent": user_agent(), "Accept": "application/json"}  # fmt: skip
        kwargs |= {"timeout": TIMEOUTS, "allow_redirects": False, "stream": True, "headers": headers}
        try:
            response = requests.Session.request(self, method, str(url), **kwargs)
            body = read_whole(response, where)
        except requests.RequestException as exc:
            raise _broken(exc, where) from None
        self._check(response, body, where)
        return response

    def _check(self, response: requests.Response, body: bytes, where: str) -> None:
        date = parse_date(response.headers.get("Date"))
        if date is not None:
            self.server_now, skew = date, date - self._clock.now()
            self.skew_s = skew if abs(skew) > abs(self.skew_s) else self.skew_s
        status = response.status_code
        if 200 <= status < 300:
            if status != 204 and (body or status == 200):
                parse_json(body, _LIMITS, where)
            return
        wait = parse_retry_after(response.headers.get("Retry-After"), now=date or self._clock.now())
        words, fields = _said(body)
        error = error_for(status, where=where, said=self.clean(words), retry_after=wait, fixes=_FIXES)
        error.context["fields"] = {name: self.clean(text) for name, text in fields.items()}
        if isinstance(error, RateLimited) and wait is not None:
            self._budget.pause(wait)
        raise error

    def clean(self, text: str) -> str:
        """Prepare words of the system for a message: secrets struck out, one line, at most 300 characters."""
        for secret in (*self._login.secrets(), self._proxy_secret or ""):
            if len(secret) >= 4:
                text = text.replace(secret, "***")
        return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))[:300]

    def warnings(self) -> list[str]:
        """Say what a person should know: a server clock that is off by more than a minute."""
        words = apart(self.skew_s)
        return [f"{self._name}: the system's clock is {words}"] if words else []


class Library(JIRA):
    """The `jira` library without its surprises, and with what it lacks. Safe to use from several threads.

    Args:
        url: Address of the site.
        session: Sends everything.
    """

    def __init__(self, url: str, session: Session) -> None:
        options = {"server": url, "rest_api_version": "3", "check_update": False}
        super().__init__(options=options, get_server_info=False, max_retries=0, logging=False)
        self._session.close()
        session.headers.update(self._options["headers"])
        self._session = session
        self.deploymentType = "Cloud"  # unsaid, the library answers None to what only Jira Cloud knows

    @property
    def _fields_cache(self) -> dict[str, str]:
        """Let field ids stand for themselves: a custom field that is called `summary` would be asked for instead."""
        return {}

    def fetch_many(self, ids: Sequence[str], fields: Sequence[str]) -> Any:
        """`POST /issue/bulkfetch` (not in the library): at most 100 issues, as they are, not as searches see them."""
        body = {"issueIdsOrKeys": list(ids), "fields": list(fields)}
        return self._session.post(self._get_url("issue/bulkfetch"), data=json.dumps(body)).json()

    def transit(self, issue: str, transition: str) -> None:
        """`POST /issue/{id}/transitions`: the library sends the id as a number, the specification asks for a text."""
        body = {"transition": {"id": transition}}
        self._session.post(self._get_url(f"issue/{issue}/transitions"), data=json.dumps(body))

    def edit(self, issue: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Set fields of an issue and return it as it is afterwards."""
        held = Issue(self._options, self._session, raw={"id": issue, "self": self._get_url(f"issue/{issue}")})
        held.update(fields=fields)
        return dict(held.raw)

    def changelog(self, issue: str, start: int, count: int) -> Any:
        """`GET /issue/{id}/changelog`, which the library has only for issues that it read itself."""
        url = self._get_url(f"issue/{issue}/changelog")
        return self._session.get(url, params={"startAt": str(start), "maxResults": str(count)}).json()

    def people(self, query: str) -> Any:
        """`GET /user/search` with the one parameter the specification has (the library sends five)."""
        return self._session.get(self._get_url("user/search"), params={"query": query, "maxResults": "50"}).json()


def _broken(exc: requests.RequestException, where: str) -> ConnectorError:
    """Say what became of a request without an answer, without the library's text, which holds the address."""
    unsendable = (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, requests.exceptions.InvalidSchema)
    if isinstance(exc, unsendable):
        return ContractChanged("the request cannot be sent.", where=where, fix="Check `url`.", sent=False)
    never = (requests.exceptions.ConnectTimeout, requests.exceptions.ProxyError, requests.exceptions.SSLError)
    cause = getattr(exc.args[0], "reason", None) if exc.args else None
    if isinstance(exc, never) or isinstance(cause, urllib3.exceptions.NewConnectionError):
        return Unavailable(f"no connection ({type(exc).__name__}).", where=where,
                           fix="Check `url`, `http.proxy` and `http.ca_file`.", sent=False)  # fmt: skip
    return Unavailable(f"the connection broke before the answer was whole ({type(exc).__name__}).", where=where,
                       fix="Try again later.")  # fmt: skip


def _said(body: bytes) -> tuple[str, dict[str, str]]:
    """Read an error body: all words, and the words per field."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", {}
    if not isinstance(parsed, dict):
        return "", {}
    messages, errors = parsed.get("errorMessages"), parsed.get("errors")
    fields = {str(k): str(v) for k, v in errors.items()} if isinstance(errors, dict) else {}
    parts = [str(m) for m in messages] if isinstance(messages, list) else []
    parts += [f"{name}: {text}" for name, text in fields.items()]
    parts += [str(parsed["message"])] if isinstance(parsed.get("message"), str) else []
    return "; ".join(dict.fromkeys(parts)), fields
