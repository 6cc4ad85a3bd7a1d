"""Authentication."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from pydantic import SecretStr

from connectors.auth import ApiKey, Basic, BasicKey, Bearer, OAuth
from connectors.http import HttpClient
from connectors.kit import FakeClock
from synchub.errors import AuthError, ConfigError, ContractChanged, Unavailable

CANARY = "canary-secret-77"


class _Login:
    """A login service."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.forms: list[dict[str, list[str]]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.forms.append(parse_qs(request.content.decode()))
        if self.answers:
            return self.answers.pop(0)
        return httpx.Response(200, json={"access_token": f"token{len(self.forms)}", "expires_in": 3600})


def _oauth(login: _Login, clock: FakeClock | None = None, **options: Any) -> OAuth:
    clock = clock or FakeClock(0)
    client = HttpClient("mdm", "https://login.example", clock=clock, transport=httpx.MockTransport(login))
    return OAuth(client, "/t/token", client_id="app", client_secret=SecretStr(CANARY), clock=clock, **options)


def test_fixed_headers() -> None:
    """The three fixed kinds give their header, and hide it in their repr."""
    assert Basic("hub", SecretStr("pä")).headers() == {"Authorization": "Basic aHViOnDDpA=="}
    assert Bearer(SecretStr("t")).headers() == {"Authorization": "Bearer t"}
    assert ApiKey("x-key", SecretStr("k")).headers() == {"x-key": "k"}
    assert CANARY not in repr(Bearer(SecretStr(CANARY)))


@pytest.mark.parametrize("value", [f"{CANARY}\n", f"{CANARY}\r\nX-Other: 1", f"{CANARY}é", ""])
def test_secret_that_no_header_can_carry(value: str) -> None:
    """A line end from a file is a configuration error that does not repeat the secret."""
    with pytest.raises(ConfigError) as caught:
        Bearer(SecretStr(value))
    assert CANARY not in str(caught.value)


def test_token_is_fetched_once_and_renewed_before_it_ends() -> None:
    """One token serves until a minute before its end."""
    login, clock = _Login(), FakeClock(0)
    auth = _oauth(login, clock, form={"scope": "s/.default"})

    assert auth.headers() == auth.headers() == {"Authorization": "Bearer token1"}
    clock.sleep(3539)
    assert auth.headers() == {"Authorization": "Bearer token1"}
    clock.sleep(2)
    assert auth.headers() == {"Authorization": "Bearer token2"}
    assert login.forms[0] == {"grant_type": ["client_credentials"], "client_id": ["app"], "client_secret": [CANARY],
                              "scope": ["s/.default"]}  # fmt: skip


@pytest.mark.parametrize("life", [None, "3600", "soon", -5, 10**12, 0, True])
def test_odd_life_of_a_token(life: object) -> None:
    """A life that is missing, text or nonsense still gives a token that is used and renewed."""
    login, clock = _Login(httpx.Response(200, json={"access_token": "a", "expires_in": life})), FakeClock(0)
    auth = _oauth(login, clock)

    assert auth.headers() == {"Authorization": "Bearer a"}
    clock.sleep(86400)
    assert auth.headers() == {"Authorization": "Bearer token2"}


def test_refused_token_is_replaced_once() -> None:
    """A 401 makes one new login; a second 401 is an AuthError."""
    login, clock = _Login(), FakeClock(0)
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(401)

    client = HttpClient(
        "mdm", "https://api.example", clock=clock, auth=_oauth(login, clock), transport=httpx.MockTransport(handle)
    )
    with pytest.raises(AuthError):
        client.request("GET", "/x")

    assert seen == ["Bearer token1", "Bearer token2"]


def test_token_that_another_thread_renewed_is_kept() -> None:
    """A late 401 for an old token does not throw a new one away."""
    auth = _oauth(_Login())
    old = auth.headers()
    auth.refused(old)
    new = auth.headers()

    auth.refused(old)

    assert auth.headers() == new


@pytest.mark.parametrize("status", [400, 401])
def test_login_that_is_refused(status: int) -> None:
    """Wrong client or secret is an AuthError at once, without the secret."""
    login = _Login(*[httpx.Response(status, json={"error": "invalid_client", "error_description": CANARY})] * 3)

    with pytest.raises(AuthError) as caught:
        _oauth(login).headers()

    assert len(login.forms) == 1
    assert CANARY not in str(caught.value)
    assert caught.value.fix


def test_login_that_is_down() -> None:
    """A login service that fails for the moment is asked again."""
    login = _Login(httpx.Response(503), httpx.Response(503))

    assert _oauth(login).headers() == {"Authorization": "Bearer token3"}
    with pytest.raises(Unavailable):
        _oauth(_Login(*[httpx.Response(503)] * 9)).headers()


@pytest.mark.parametrize("body", [{}, {"access_token": ""}, {"access_token": 5}, [], "x"])
def test_login_without_a_token(body: object) -> None:
    """An answer without a token is a changed contract."""
    with pytest.raises(ContractChanged):
        _oauth(_Login(httpx.Response(200, json=body))).headers()


def test_token_that_no_header_can_carry() -> None:
    """A token with a line end is refused before it reaches a header."""
    with pytest.raises(ConfigError) as caught:
        _oauth(_Login(httpx.Response(200, json={"access_token": f"{CANARY}\n"}))).headers()
    assert CANARY not in str(caught.value)


def test_key_as_user_name() -> None:
    """The key is the user, the password does not count; both forms of it are secret."""
    auth = BasicKey(SecretStr("k-1"))

    assert auth.headers() == {"Authorization": "Basic ay0xOng="}
    assert set(auth.secrets()) == {"ay0xOng=", "k-1"}
    assert "k-1" not in repr(auth)


@pytest.mark.parametrize("key", ["", f"{CANARY}:x", f"{CANARY}\n", f"{CANARY}ä"])
def test_key_that_no_header_can_carry(key: str) -> None:
    """A key with a colon, a line end or an accent is refused unseen."""
    with pytest.raises(ConfigError) as raised:
        BasicKey(SecretStr(key))

    assert CANARY not in str(raised.value)
