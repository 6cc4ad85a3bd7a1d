"""Who may call the site: accounts, API tokens, OAuth bearer tokens and their scopes, rate limits.

Basic authentication takes an e-mail address and an API token; a bearer token comes from `POST /oauth/token` with client
credentials (developer.atlassian.com, "Basic auth for REST APIs", "OAuth 2.0", read 2026-11-22). Scopes of a token are
those named in the specifications (`x-atlassian-oauth2-scopes`).
"""

from __future__ import annotations

import base64
import binascii
import random
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from simulators.clock import SimClock
from simulators.http import Request, Response
from simulators.jira.errors import JiraError, unauthenticated

ADMIN = "admin"
MANAGER = "assets-manager"
WRITER = "assets-developer"
READER = "assets-user"
AGENT = "agent"


@dataclass(slots=True)
class Account:
    """Somebody with an Atlassian account.

    Attributes:
        account_id: Opaque, of 24 characters.
        email: Empty where the profile hides it from others.
        kind: `atlassian`, `app` or `customer`.
        roles: `admin` (everything), `assets-manager` (schema and objects), `assets-developer` (objects),
            `assets-user` (reading), `agent` (Jira issues).
        token: API token; empty for people who call nothing.
        shown: Whether the e-mail address is visible to others (a profile setting).
    """

    account_id: str
    email: str
    name: str
    kind: str = "atlassian"
    active: bool = True
    roles: frozenset[str] = frozenset({READER, AGENT})
    token: str = ""
    shown: bool = True

    def may(self, *roles: str) -> bool:
        """Say whether the account has one of the roles."""
        return ADMIN in self.roles or any(role in self.roles for role in roles)


@dataclass(slots=True)
class Caller:
    """Who asks, and what the token allows; `scopes` is None where scopes do not apply (API tokens)."""

    account: Account
    scopes: frozenset[str] | None = None


@dataclass(slots=True)
class Limit:
    """At most `count` requests of one account within `seconds`."""

    count: int
    seconds: float
    reason: str = ""
    retry_after: bool = True
    seen: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, key: str, now: float) -> float:
        """Count a request; returns how many seconds to wait before the next would be taken, 0 when this one is."""
        times = self.seen[key]
        while times and times[0] <= now - self.seconds:
            times.popleft()
        if len(times) >= self.count:
            return max(0.001, times[0] + self.seconds - now)
        times.append(now)
        return 0.0


class Access:
    """Authentication of one site.

    Args:
        clock: For expiry and limits.
        seed: Of account ids and tokens.
    """

    def __init__(self, clock: SimClock, seed: int = 0) -> None:
        self.accounts: dict[str, Account] = {}
        self.clients: dict[str, tuple[str, str, frozenset[str] | None]] = {}
        self.token_seconds = 3600
        self._clock = clock
        self._random = random.Random(seed ^ 0xA55E7)
        self._tokens: dict[str, tuple[str, float, frozenset[str] | None]] = {}
        self._by_email: dict[str, Account] = {}

    def add(self, email: str, name: str, *, account_id: str = "", **settings: Any) -> Account:
        """Add an account; the settings are the attributes of `Account`."""
        if "roles" in settings:
            settings["roles"] = frozenset(settings["roles"])
        account = Account(account_id or f"{self._random.getrandbits(96):024x}", email, name, **settings)
        self.accounts[account.account_id] = account
        self._by_email.setdefault(email.lower(), account)
        return account

    def add_client(self, client: str, secret: str, email: str, scopes: Iterable[str] | None = None) -> None:
        """Let an OAuth client act as an account, with all scopes or only these."""
        self.clients[client] = (secret, email, None if scopes is None else frozenset(scopes))

    def by_email(self, email: str) -> Account | None:
        """Find an account by its address."""
        return self._by_email.get(email.strip().lower())

    def expire_tokens(self) -> None:
        """Make all bearer tokens worthless."""
        self._tokens.clear()

    def caller(self, request: Request) -> Caller:
        """Find out who asks.

        Raises:
            JiraError: 401.
        """
        kind, _, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "basic":
            return Caller(self._basic(value))
        if kind.lower() == "bearer":
            email, until, scopes = self._tokens.get(value.strip(), ("", 0.0, None))
            account = self.by_email(email)
            if account is not None and account.active and until > self._clock.now():
                return Caller(account, scopes)
        raise unauthenticated()

    def _basic(self, value: str) -> Account:
        try:
            email, _, token = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise unauthenticated() from None
        account = self.by_email(email)
        if account is None or not account.token or account.token != token or not account.active:
            raise unauthenticated()
        return account

    def token(self, request: Request) -> Response:
        """Answer `POST /oauth/token` (client credentials, as form or JSON)."""
        form = _form(request)
        secret, email, scopes = self.clients.get(form.get("client_id", ""), ("", "", None))
        if form.get("grant_type") != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type", "Unsupported grant type")
        if not secret or form.get("client_secret") != secret:
            return _oauth_error(401, "access_denied", "Unauthorized")
        token = f"{self._random.getrandbits(256):064x}"
        self._tokens[token] = (email, self._clock.now() + self.token_seconds, scopes)
        granted = " ".join(sorted(scopes)) if scopes is not None else ""
        return Response.json(
            {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer", "scope": granted}
        )


def _form(request: Request) -> dict[str, str]:
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            data = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            return {}
        return {str(k): str(v) for k, v in data.items()} if isinstance(data, dict) else {}
    inner = Request("GET", "", request.body.decode("utf-8", "replace"), {}, b"", request.entry)
    return inner.params()


def _oauth_error(status: int, code: str, text: str) -> Response:
    return Response.json({"error": code, "error_description": text}, status)


def check_scope(caller: Caller, *wanted: str) -> None:
    """Refuse a bearer token that has none of the scopes; the gateway says so in its own form.

    Raises:
        JiraError: 401.
    """
    if caller.scopes is not None and wanted and not caller.scopes.intersection(wanted):
        raise JiraError(401, "Unauthorized; scope does not match")


def limited(wait: float, limit: Limit, now: float) -> JiraError:
    """Refuse for now, with the headers of the rate limit documents (`X-RateLimit-Reset` is ISO 8601)."""
    headers = []
    if limit.retry_after:
        reset = datetime.fromtimestamp(now + wait, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        headers = [
            ("Retry-After", str(int(wait) + 1)), ("X-RateLimit-Limit", str(limit.count)),
            ("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", reset),
        ]  # fmt: skip
        if limit.reason:
            headers.append(("RateLimit-Reason", limit.reason))
    return JiraError(429, "The request has been rate limited by the system.", headers=headers)
