"""Who may do what: users, OAuth tokens, API keys, ACLs, data policies, business rules, rate limits."""

from __future__ import annotations

import base64
import binascii
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from simulators.clock import SimClock
from simulators.http import Request, Response
from simulators.servicenow import errors
from simulators.servicenow.store import Row


@dataclass(slots=True)
class User:
    """Somebody who may call the instance; `zone` is the time zone of display values."""

    name: str
    password: str
    roles: set[str] = field(default_factory=set)
    zone: str = "UTC"


@dataclass(slots=True)
class Acl:
    """A refusal. The first field of the API that matches decides.

    Attributes:
        operation: `read`, `write`, `create` or `delete`.
        table: Table it is defined on; holds for those that extend it.
        field: Column; empty for the whole record.
        user: Only for this user; empty for everybody but administrators.
        rows: Only for rows this says true of.
        loud: Refused writes of a field answer 403 instead of being dropped.
    """

    operation: str
    table: str
    field: str = ""
    user: str = ""
    rows: Callable[[Row], bool] | None = None
    loud: bool = False


@dataclass(slots=True)
class Policy:
    """A data policy or business rule that aborts a write.

    `test` gets the row as it would be, and says why not, or an empty string.
    """

    table: str
    operation: str
    test: Callable[[Mapping[str, str]], str]
    detail: str = ""


class Access:
    """Authentication and authorisation of one instance.

    Args:
        clock: For token expiry.
        seed: Of the tokens.
    """

    def __init__(self, clock: SimClock, seed: int = 0) -> None:
        self.users: dict[str, User] = {}
        self.clients: dict[str, str] = {}
        self.client_users: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.acls: list[Acl] = []
        self.policies: list[Policy] = []
        self.token_seconds = 1799
        self._clock = clock
        self._random = random.Random(seed ^ 0x5EED)
        self._tokens: dict[str, tuple[str, float]] = {}
        self._refresh: dict[str, str] = {}
        self._basic: dict[str, User] = {}

    def add_user(self, name: str, password: str, roles: set[str], zone: str = "UTC") -> User:
        """Add somebody who may call."""
        self._basic.clear()
        user = self.users[name] = User(name, password, roles, zone)
        return user

    def authenticate(self, request: Request) -> User:
        """Find the caller by API key, bearer token or basic authentication.

        Raises:
            SnowError: 401.
        """
        key = request.headers.get("x-sn-apikey")
        if key is not None and key in self.keys:
            return self.users[self.keys[key]]
        header = request.headers.get("authorization", "")
        known = self._basic.get(header)
        if known is not None:
            return known
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "bearer":
            name, expires = self._tokens.get(rest.strip(), ("", 0.0))
            if name in self.users and self._clock.now() < expires:
                return self.users[name]
        elif scheme.lower() == "basic":
            try:
                name, _, password = base64.b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise errors.unauthenticated() from None
            user = self.users.get(name)
            if user is not None and user.password == password:
                self._basic[header] = user
                return user
        raise errors.unauthenticated()

    def token(self, request: Request) -> Response:
        """Answer `POST /oauth_token.do` (docs_rest/r_RESTOAuthExample.md): a form, not JSON."""
        form = {name: values[-1] for name, values in parse_qs(request.body.decode("utf-8", "replace")).items()}
        client, grant = form.get("client_id", ""), form.get("grant_type", "")
        if request.headers.get("content-type", "").split(";")[0] != "application/x-www-form-urlencoded":
            return Response.json({"error": "invalid_request", "error_description": "content type must be a form"}, 400)
        if client not in self.clients or self.clients[client] != form.get("client_secret"):
            return Response.json({"error": "invalid_client", "error_description": "access_denied"}, 401)
        name = self._grant(grant, form, client)
        if not name:
            return Response.json({"error": "invalid_grant", "error_description": "access_denied"}, 401)
        access, refresh = (f"{self._random.getrandbits(256):064x}" for _ in range(2))
        self._tokens[access] = (name, self._clock.now() + self.token_seconds)
        answer = {"access_token": access, "scope": "useraccount", "token_type": "Bearer"}
        if grant != "client_credentials":
            self._refresh[refresh] = name
            answer["refresh_token"] = refresh
        request.entry.user = name
        return Response.json({**answer, "expires_in": self.token_seconds})

    def _grant(self, grant: str, form: Mapping[str, str], client: str) -> str:
        if grant == "password":
            user = self.users.get(form.get("username", ""))
            return user.name if user and user.password == form.get("password") else ""
        if grant == "client_credentials":
            return self.client_users.get(client, "")
        if grant == "refresh_token":
            return self._refresh.get(form.get("refresh_token", ""), "")
        return ""

    def expire_tokens(self) -> None:
        """Make all tokens invalid now."""
        self._tokens.clear()

    def denied(self, user: User, operation: str, line: list[str], row: Row | None = None) -> Acl | None:
        """Find the ACL that refuses an operation on a whole record; `line` is the table with all it extends."""
        for acl in self.acls:
            if acl.operation == operation and not acl.field and self._applies(acl, user, line, row):
                return acl
        return None

    def fields(self, user: User, operation: str, line: list[str], row: Row | None = None) -> dict[str, Acl]:
        """List the fields that ACLs refuse for an operation."""
        if not self.acls:
            return {}
        return {
            acl.field: acl
            for acl in self.acls
            if acl.operation == operation and acl.field and self._applies(acl, user, line, row)
        }

    def _applies(self, acl: Acl, user: User, line: list[str], row: Row | None) -> bool:
        if acl.table not in line or (acl.user and acl.user != user.name) or ("admin" in user.roles and not acl.user):
            return False
        return acl.rows is None or (row is not None and acl.rows(row))

    def check_policies(self, operation: str, line: list[str], row: Mapping[str, str]) -> None:
        """Run data policies and business rules over a row as it would be.

        Raises:
            SnowError: 403 with the reason.
        """
        for policy in self.policies:
            if policy.table in line and policy.operation in ("", operation):
                why = policy.test(row)
                if why:
                    raise errors.forbidden(policy.detail or why)


@dataclass(slots=True)
class RateLimit:
    """One rate limit rule: requests per clock hour and user (docs_rest/inbound-REST-API-rate-limiting.md).

    Counts are committed every `lag` seconds, so enforcement may start late.
    """

    limit: int
    clock: SimClock
    rule: str = "5a1c2e3f4b5d6071829304a5b6c7d8e9"
    lag: float = 30.0
    _hour: int = 0
    _counts: dict[str, int] = field(default_factory=dict)
    _committed: dict[str, tuple[int, float]] = field(default_factory=dict)

    def take(self, user: str) -> tuple[list[tuple[str, str]], Response | None]:
        """Count a request; returns the headers, and the refusal when the limit is passed."""
        now = self.clock.now()
        if int(now // 3600) != self._hour:
            self._hour = int(now // 3600)
            self._counts.clear()
            self._committed.clear()
        count = self._counts[user] = self._counts.get(user, 0) + 1
        seen, when = self._committed.get(user, (0, now))
        if self.lag == 0 or now - when >= self.lag or user not in self._committed:
            seen, when = (count if self.lag == 0 else count - 1), now
            self._committed[user] = (seen, when)
        reset = (self._hour + 1) * 3600
        headers = [
            ("X-RateLimit-Limit", str(self.limit)),
            ("X-RateLimit-Reset", str(reset)),
            ("X-RateLimit-Rule", self.rule),
        ]
        if seen <= self.limit:
            return headers, None
        detail = f"Rate limit of {self.limit} requests per hour for Table API exceeded"
        refusal = errors.SnowError(429, "Rate limit exceeded", detail).response()
        refusal.headers += [*headers, ("Retry-After", str(int(reset - now) + 1))]
        return headers, refusal
