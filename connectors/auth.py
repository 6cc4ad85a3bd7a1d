"""How requests prove who sends them: basic, bearer, API key header, OAuth 2.0 client credentials.

Each implements `connectors.http.Auth` and gives plain headers, so that clients other than ours (pysnow) use it too.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import SecretStr

from synchub.errors import AuthError, ConfigError, ContractChanged, Rejected
from synchub.ports import Clock

if TYPE_CHECKING:
    from connectors.http import HttpClient

_EARLY_S = 60  # a token is renewed so long before it ends
_DEFAULT_LIFE_S = 300  # when the server does not say how long a token lives (RFC 6749 §5.1 only recommends it)
_LONGEST_LIFE_S = 24 * 3600


def header_value(secret: SecretStr, what: str) -> str:
    """Return a secret that is to travel in a header.

    Raises:
        ConfigError: It holds characters that no header can carry (a line end from a file, an accent). The HTTP library
            would repeat the whole value in its own message.
    """
    value = secret.get_secret_value()
    if not value or not all("\x21" <= c <= "\x7e" or c == " " for c in value):
        raise ConfigError(f"{what} is empty or holds a line end or another character that no HTTP header can carry.",
                          fix="Store the bare value, as issued.")  # fmt: skip
    return value


class _Fixed:
    def __init__(self, name: str, value: str, secrets: list[str]) -> None:
        self._name, self._value, self._secrets = name, value, secrets

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._name})"

    def headers(self) -> Mapping[str, str]:
        """Return the one header."""
        return {self._name: self._value}

    def refused(self, used: Mapping[str, str]) -> bool:
        """Say whether there are other headers to try by now: a fixed value never changes."""
        return dict(used) != self.headers()

    def secrets(self) -> list[str]:
        """List what must not be shown."""
        return list(self._secrets)


class Basic(_Fixed):
    """User and password (RFC 7617, UTF-8)."""

    def __init__(self, user: str, password: SecretStr) -> None:
        if ":" in user:
            raise ConfigError("a user name for basic authentication cannot hold a colon.", fix="Check the user name.")
        plain = password.get_secret_value()
        token = base64.b64encode(f"{user}:{plain}".encode()).decode()
        super().__init__("Authorization", f"Basic {token}", [token, plain])


class BasicKey(_Fixed):
    """An API key as the user name of basic authentication; the password does not count (BambooHR, for example)."""

    def __init__(self, key: SecretStr) -> None:
        value = header_value(key, "the API key")
        if ":" in value:
            raise ConfigError("the API key holds a colon.", fix="Store the bare key, as issued.")
        token = base64.b64encode(f"{value}:x".encode()).decode()
        super().__init__("Authorization", f"Basic {token}", [token, value])


class Bearer(_Fixed):
    """A fixed bearer token."""

    def __init__(self, token: SecretStr) -> None:
        value = header_value(token, "the token")
        super().__init__("Authorization", f"Bearer {value}", [value])


class Token(_Fixed):
    """An authentication token of Request Tracker: `Authorization: token …`."""

    def __init__(self, token: SecretStr) -> None:
        value = header_value(token, "the token")
        super().__init__("Authorization", f"token {value}", [value])


class ApiKey(_Fixed):
    """A key in a header of its own, for example `x-sn-apikey`."""

    def __init__(self, header: str, key: SecretStr) -> None:
        value = header_value(key, "the API key")
        super().__init__(header, value, [value])


class OAuth:
    """OAuth 2.0 token endpoint with a token cache: client credentials or resource owner password (RFC 6749 §4.4, §4.3).

    The token is fetched when first needed and a minute before it ends, by one thread at a time; a 401 to a token makes
    it fetch another, once.

    Args:
        login: Client of the login service, without credentials of its own.
        path: Path of the token endpoint below it.
        client_id: Client id.
        client_secret: Client secret; sent in the form body.
        form: Further form fields (`grant_type`, `scope`, `username`, `password`); client credentials when empty.
        clock: Time.
    """

    def __init__(
        self,
        login: HttpClient,
        path: str,
        *,
        client_id: str,
        client_secret: SecretStr,
        clock: Clock,
        form: Mapping[str, SecretStr | str] | None = None,
    ) -> None:
        self._login, self._path, self._clock = login, path, clock
        self._client_id, self._client_secret = client_id, client_secret
        self._form = dict(form or {})
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0

    def __repr__(self) -> str:
        return f"OAuth({self._login.connection})"

    def headers(self) -> Mapping[str, str]:
        """Return the header with a valid token, fetching one where needed.

        Raises:
            AuthError: The login service refuses the client.
            ConnectorError: It cannot be reached, or answers something else.
        """
        with self._lock:
            if not self._token or self._clock.now() >= self._renew_at:
                self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def refused(self, used: Mapping[str, str]) -> bool:
        """Forget the refused token; another thread may already have fetched a better one."""
        with self._lock:
            if used.get("Authorization") == f"Bearer {self._token}":
                self._token = ""
            return True

    def secrets(self) -> list[str]:
        """List what must not be shown."""
        fixed = [v.get_secret_value() for v in self._form.values() if isinstance(v, SecretStr)]
        return [v for v in (self._token, self._client_secret.get_secret_value(), *fixed) if v]

    def _fetch(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": self._client_id}
        form |= {k: v.get_secret_value() if isinstance(v, SecretStr) else v for k, v in self._form.items()}
        form["client_secret"] = self._client_secret.get_secret_value()
        try:
            # Asking twice for a token does no harm.
            answer = self._login.request_json("POST", self._path, form=form, idempotent=True)
        except Rejected as exc:  # RFC 6749 §5.2: 400 invalid_client, invalid_grant, unauthorized_client …
            raise AuthError(
                f"the login service refuses client {self._client_id!r} ({exc.context.get('status')}).", where=exc.where,
                fix="Check client id, secret and its end date.", status=exc.context.get("status"),
            ) from None  # fmt: skip
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or not token:
            raise ContractChanged(
                "the login service sent no token.", where=self._login.connection, fix="Check its address."
            )
        self._token = header_value(SecretStr(token), "the token from the login service")
        self._renew_at = self._clock.now() + _life(answer.get("expires_in"))


def _life(expires_in: object) -> int:
    """Seconds that a token is used: some servers send the number as text."""
    text = str(expires_in)
    life = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else _DEFAULT_LIFE_S
    return max(min(life, _LONGEST_LIFE_S) - _EARLY_S, 1)
