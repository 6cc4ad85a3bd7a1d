"""The one way to talk HTTP: sync httpx with limits, time-outs, verified TLS, retries, budget and clear errors.

What it promises to every connector: nothing but the connection's own origin is ever asked (redirects and links from
answers included), credentials never travel elsewhere, TLS is always verified, an answer costs at most `Limits`, and
each failure is an error of `synchub.errors` that names connection, method, path, status and the way out, without query
values, payloads or secrets. Paths are given percent-encoded (`quote` below).
"""

from __future__ import annotations

import logging
import random
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx

from connectors.address import fault, origin
from connectors.body import Limits, parse_json, read_body
from connectors.budget import Unlimited
from connectors.ratelimit import RateNotes
from connectors.registry import Context
from connectors.retry import RetryPolicy, call
from connectors.status import error_for, parse_date, parse_retry_after
from connectors.tls import tls_context
from synchub.domain.clocks import apart
from synchub.errors import AuthError, ConfigError, ConnectorError, ContractChanged, RateLimited, Rejected, Unavailable
from synchub.ports import Clock, RateBudget

# At INFO and below these write whole addresses, query values (names, mail addresses) included.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that each phase of a request may take."""

    connect: float = 10
    read: float = 60
    write: float = 30
    pool: float = 60


class Auth(Protocol):
    """How requests prove who sends them (`connectors.auth`)."""

    def headers(self) -> Mapping[str, str]:
        """Return the headers of the next request; may log in first."""
        ...

    def refused(self, used: Mapping[str, str]) -> bool:
        """Learn that these headers got a 401; True when asking `headers` again may help."""
        ...

    def secrets(self) -> list[str]:
        """List the secret texts in use now, to be struck out of what systems say."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer.

    Attributes:
        status: HTTP status.
        headers: Header name in lower case -> value.
        body: Unpacked body.
        where: Connection, method and path, for messages.
        limits: Those of the client.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str
    limits: Limits = field(default_factory=Limits)

    def json(self) -> Any:
        """Parse the body; raises as `connectors.body.parse_json`."""
        return parse_json(self.body, self.limits, self.where)


Said = Callable[[bytes], str]
"""Picks the system's own words out of an error body; returns "" when it cannot."""

Facts = Callable[[bytes], Mapping[str, Any]]
"""Picks facts for `HubError.context` out of an error body (which field was refused); no secrets, no payload."""


def quote(text: str) -> str:
    """Percent-encode one path segment, slashes included.

    Raises:
        Rejected: It is empty or made of dots: servers and libraries would take it for another path.
    """
    if text in ("", ".", ".."):
        raise Rejected(f"{text!r} cannot be an id in an address.", where="address", fix="Look at this id.")
    return urllib.parse.quote(text, safe="")


def user_agent() -> str:
    """Name the hub and its version."""
    try:
        return f"synchub/{metadata.version('synchub')}"
    except metadata.PackageNotFoundError:
        return "synchub/0"


class HttpClient:
    """A client of one system. Safe to use from several threads.

    Args:
        connection: Configured name, for messages.
        base_url: Scheme, host and optional path prefix. Plain `http` is accepted for loopback only.
        clock: Time and waiting.
        auth: Adds credentials; None where none are needed.
        budget: Request budget of these credentials.
        retry: Bounds for repeating.
        timeouts: Per phase.
        limits: Per answer.
        headers: Sent with every request.
        fixes: Vendor-specific way out by status.
        said: Picks the system's words out of an error body.
        said_header: Header in which the system says why, where the body does not.
        facts: Picks facts out of an error body, for callers that look closer.
        transport: Replaces the network; `proxy` and `ca_file` are then not used.
        proxy: URL of the outgoing proxy.
        ca_file: PEM file with further certificate authorities, beside the usual ones.
        chance: Numbers in [0, 1) for the jitter of retries.
        notes: Where to note what the system says about its rate limit.

    Raises:
        ConfigError: The address or the CA file cannot be used.
    """

    def __init__(
        self,
        connection: str,
        base_url: str,
        *,
        clock: Clock,
        auth: Auth | None = None,
        budget: RateBudget | None = None,
        retry: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        headers: Mapping[str, str] | None = None,
        fixes: Mapping[int, str] | None = None,
        said: Said | None = None,
        said_header: str = "",
        facts: Facts | None = None,
        transport: httpx.BaseTransport | None = None,
        proxy: str | None = None,
        ca_file: str | None = None,
        chance: Callable[[], float] = random.random,
        notes: RateNotes | None = None,
    ) -> None:
        self.connection = connection
        self.clock = clock
        self.limits = limits or Limits()
        self.skew_s: int | None = None
        self._base = _checked_base(connection, base_url)
        self._origin = origin(str(self._base))
        self._auth = auth
        self._budget = budget or Unlimited()
        self._notes = notes or RateNotes()
        self._retry = retry or RetryPolicy()
        self._fixes, self._said, self._facts, self._chance = dict(fixes or {}), said, facts, chance
        self._said_header = said_header.lower()
        self._proxy_secret = urlsplit(proxy).password if proxy else None
        times = timeouts or Timeouts()
        needs_tls = transport is None and (self._base.scheme == "https" or proxy is not None)
        self._client = httpx.Client(
            timeout=httpx.Timeout(connect=times.connect, read=times.read, write=times.write, pool=times.pool),
            headers={
                "User-Agent": user_agent(), "Accept": "application/json", "Accept-Encoding": "gzip, identity",
                **(headers or {}),
            },
            transport=transport,
            proxy=proxy if transport is None else None,
            verify=tls_context(connection, ca_file) if needs_tls else True,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
        )  # fmt: skip

    @classmethod
    def open(cls, connection: str, base_url: str, context: Context, **options: Any) -> HttpClient:
        """Open a client with what the hub lends: clock, transport, proxy and CA file; `options` as for the class."""
        return cls(
            connection, base_url, clock=context.clock, transport=context.transport, proxy=context.proxy,
            ca_file=str(context.ca_file) if context.ca_file else None, notes=context.notes, **options,
        )  # fmt: skip

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: bytes | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool | None = None,
        cost: int = 1,
        retry: RetryPolicy | None = None,
    ) -> Answer:
        """Send one request, repeated within the policy, and return the 2xx answer.

        Args:
            method: HTTP method.
            path: Below the base URL, or an absolute URL taken from an answer (`own_url` is applied to it).
            params: Query.
            json: JSON body, already encoded.
            form: Form body.
            headers: Further headers.
            idempotent: Sending twice has the effect of sending once; None judges by the method.
            cost: Requests it counts for in the budget.
            retry: Replaces the client's policy.

        Raises:
            ConnectorError: See `connectors.status.TABLE`; `Unavailable.context["sent"]` is False when the request
                certainly never reached the system.
        """
        url = self._url(path)
        where = f"{self.connection}: {method} {url.raw_path.partition(b'?')[0].decode()}"
        if params:
            url = url.copy_merge_params(params)
        sending: dict[str, Any] = {"headers": dict(headers or {})}
        if json is not None:
            sending["content"] = json
            sending["headers"].setdefault("Content-Type", "application/json")
        elif form is not None:
            sending["data"] = dict(form)
        return call(
            lambda: self._once(method, url, where, sending, cost),
            policy=retry or self._retry,
            clock=self.clock,
            idempotent=method in _IDEMPOTENT if idempotent is None else idempotent,
            chance=self._chance,
        )

    def request_json(self, method: str, path: str, **options: Any) -> Any:
        """Send as `request` does and parse the answer; a body that ends early is repeated like any other failure.

        Raises:
            ConnectorError: As `request`.
            ContractChanged: The answer is no JSON, or nested too deeply.
        """
        policy = options.pop("retry", None) or self._retry
        idempotent = options.pop("idempotent", None)
        repeatable = method in _IDEMPOTENT if idempotent is None else bool(idempotent)
        from_one = RetryPolicy(attempts=1)
        return call(
            lambda: self.request(method, path, idempotent=repeatable, retry=from_one, **options).json(),
            policy=policy, clock=self.clock, idempotent=repeatable, chance=self._chance,
        )  # fmt: skip

    def own_url(self, url: str, *, where: str = "") -> str:
        """Check a link from an answer and return it.

        Raises:
            ContractChanged: It leads away from the connection's own origin (scheme, host and port).
        """
        if origin(url) != self._origin:
            raise ContractChanged(
                "the answer holds a link to another host; it is not followed, so that credentials stay here.",
                where=where or self.connection, fix="Check `url`, and proxies that rewrite answers.",
            )  # fmt: skip
        return url

    def warnings(self) -> list[str]:
        """Say what a person should know: a server clock that is off by more than a minute."""
        words = apart(self.skew_s or 0)
        return [f"{self.connection}: the system's clock is {words}"] if words else []

    def close(self) -> None:
        """Give the sockets back."""
        self._client.close()

    def clean(self, text: str) -> str:
        """Prepare words of the system for a message: secrets struck out, one line, at most 300 characters."""
        for secret in [*(self._auth.secrets() if self._auth else []), self._proxy_secret or ""]:
            if len(secret) >= 4:
                text = text.replace(secret, "***")
        return "".join(c if c.isprintable() else "\N{SYMBOL FOR SUBSTITUTE}" for c in " ".join(text.split()))[:300]

    def _url(self, path: str) -> httpx.URL:
        if "://" in path:
            try:
                return httpx.URL(self.own_url(path))
            except httpx.InvalidURL:
                raise ContractChanged("a link in the answer cannot be read.", where=self.connection) from None
        prefix = self._base.raw_path.decode().rstrip("/")
        return self._base.copy_with(raw_path=f"{prefix}/{path.lstrip('/')}".encode())

    def _once(self, method: str, url: httpx.URL, where: str, sending: dict[str, Any], cost: int) -> Answer:
        for last_login in (False, True):
            credentials = dict(self._auth.headers()) if self._auth else {}
            self._budget.take(cost)
            try:
                return self._exchange(method, url, where, {**sending, "headers": {**sending["headers"], **credentials}})
            except AuthError:
                if last_login or self._auth is None or not self._auth.refused(credentials):
                    raise
            except RateLimited as error:
                if error.retry_after is not None:
                    self._budget.pause(error.retry_after)
                raise
        raise AssertionError(where)

    def _exchange(self, method: str, url: httpx.URL, where: str, sending: dict[str, Any]) -> Answer:
        for _ in range(self.limits.redirects + 1):
            request = self._client.build_request(method, url, **sending)
            status, headers, body = self._send(request, where)
            if status in (301, 302, 303, 307, 308) and method in ("GET", "HEAD") and "location" in headers:
                url = httpx.URL(self.own_url(str(url.join(headers["location"])), where=where))
                continue
            if 200 <= status < 300:
                return Answer(status, headers, body, where, self.limits)
            raise self._error(status, headers, body, where)
        raise ContractChanged("the answers redirect in a circle.", where=where, fix="Check `url`.")

    def _send(self, request: httpx.Request, where: str) -> tuple[int, Mapping[str, str], bytes]:
        try:
            response = self._client.send(request, stream=True)
            try:
                self._measure_skew(response.headers.get("date"))
                self._notes.heard(response.headers)
                if response.is_stream_consumed:  # a test transport that built the whole response; already unpacked
                    body = read_body([response.content], "", self.limits, where)
                else:
                    encoding = response.headers.get("content-encoding", "")
                    body = read_body(response.iter_raw(), encoding, self.limits, where)
            finally:
                response.close()
        except (httpx.TransportError, httpx.InvalidURL) as exc:
            raise self._transport_error(exc, where) from None
        return response.status_code, {k.lower(): v for k, v in response.headers.items()}, body

    def _transport_error(self, exc: Exception, where: str) -> ConnectorError:
        sent = not isinstance(exc, _NEVER_SENT)
        if isinstance(exc, (httpx.LocalProtocolError, httpx.InvalidURL, httpx.UnsupportedProtocol)):
            return ContractChanged(
                "the request cannot be sent (a value that no header or address can carry).", where=where
            )
        if isinstance(exc, httpx.TimeoutException):
            why = f"no answer in time ({type(exc).__name__})"
        elif isinstance(exc, httpx.RemoteProtocolError):
            why = "the connection broke in the middle of the answer"
        else:
            why = f"no connection ({type(exc).__name__}: {self.clean(str(exc))})"
        fix = "Check `url`, `http.proxy` and `http.ca_file`." if not sent else "Try again later."
        return Unavailable(f"{why}.", where=where, fix=fix, sent=sent)

    def _error(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ConnectorError:
        server_now = parse_date(headers.get("date")) or self.clock.now()
        retry_after = parse_retry_after(headers.get("retry-after"), now=server_now)
        said = self.clean((self._said(body) if self._said else "") or headers.get(self._said_header, ""))
        error = error_for(status, where=where, said=said, retry_after=retry_after, fixes=self._fixes)
        error.context.update(self._facts(body) if self._facts else {})
        return error

    def _measure_skew(self, date: str | None) -> None:
        moment = parse_date(date)
        if moment is None:
            return
        skew = moment - self.clock.now()
        if self.skew_s is None or abs(skew) > abs(self.skew_s):
            self.skew_s = skew


def _checked_base(connection: str, base_url: str) -> httpx.URL:
    said, fix = fault(base_url)
    if said:
        raise ConfigError(said, where=connection, fix=fix)
    try:
        return httpx.URL(base_url)
    except httpx.InvalidURL:
        raise ConfigError("`url` cannot be read.", where=connection, fix="Use https://host.") from None
