"""The HTTP client: what it sends, follows, refuses and says."""

from __future__ import annotations

import gzip
import logging
import pickle
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from connectors.auth import Bearer
from connectors.body import Limits
from connectors.http import HttpClient, quote
from connectors.kit import FakeClock
from synchub import errors

CANARY = "canary-token-81fa"


def _client(handler: Callable[[httpx.Request], httpx.Response], **options: Any) -> HttpClient:
    values: dict[str, Any] = {"clock": FakeClock(1_795_000_000), "transport": httpx.MockTransport(handler), **options}
    return HttpClient("mdm", values.pop("url", "https://graph.example/v1.0"), **values)


class _Stream(httpx.SyncByteStream):
    """A body as it comes from a wire: not read in advance."""

    def __init__(self, *chunks: bytes) -> None:
        self.chunks = chunks
        self.given = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.given += 1
            yield chunk


class _Recorder:
    """Answers everything, and remembers the requests."""

    def __init__(self, content: bytes = b"{}") -> None:
        self.requests: list[httpx.Request] = []
        self.content = content

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, content=self.content)


def _ok(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"url": str(request.url)})


def test_path_goes_below_the_base_url() -> None:
    """The prefix of the base URL stays; the query is encoded."""
    got = _client(_ok).request_json("GET", "/users", params={"$top": 5, "q": "a&b=c"})

    assert httpx.URL(got["url"]).path == "/v1.0/users"
    assert dict(httpx.URL(got["url"]).params) == {"$top": "5", "q": "a&b=c"}


@pytest.mark.parametrize("text", ["a/b", "...", "x?y#z", "100%", "é"])
def test_quoted_segment_stays_one_segment(text: str) -> None:
    """A value in a path cannot become another path or a query."""
    server = _Recorder()

    _client(server).request("GET", f"/devices/{quote(text)}/x")

    raw = server.requests[0].url.raw_path
    assert raw.count(b"/") == 4
    assert b"?" not in raw


@pytest.mark.parametrize("text", ["", ".", ".."])
def test_segment_that_would_be_another_path(text: str) -> None:
    """What a path would swallow is refused."""
    with pytest.raises(errors.Rejected):
        quote(text)


def test_says_who_asks() -> None:
    """The user agent names the hub and its version."""
    server = _Recorder()

    _client(server).request("GET", "/")

    assert server.requests[0].headers["user-agent"].startswith("synchub/")


def test_link_of_own_origin_is_followed_verbatim() -> None:
    """A next link keeps its opaque token byte for byte."""
    link = "https://graph.example/v1.0/users?$skiptoken=a%2Fb=="

    assert _client(_ok).request_json("GET", link)["url"] == link


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/users", "http://graph.example/v1.0/users", "https://graph.example:444/v1.0/users",
        "https://graph.example@evil.example/", "https://user:pw@graph.example/", "https://graph.example.evil.example/",
        "https://[::1", "https://graph.example:99999999/",
    ],
)  # fmt: skip
def test_foreign_link_is_refused(link: str) -> None:
    """Another scheme, host, port, or credentials in the link: not followed, and nothing is sent."""
    server = _Recorder()

    with pytest.raises(errors.ContractChanged):
        _client(server).request("GET", link)

    assert server.requests == []


def test_redirect_within_the_origin_is_followed() -> None:
    """A GET may be sent on within the same origin, with its credentials."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1.0/old":
            return httpx.Response(301, headers={"Location": "/v1.0/new"})
        return httpx.Response(200, json=request.headers["authorization"])

    assert _client(handle, auth=Bearer(SecretStr(CANARY))).request_json("GET", "/old") == f"Bearer {CANARY}"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_redirect_elsewhere_is_refused(method: str) -> None:
    """Credentials never travel to another host; a redirected write is never repeated."""
    hosts: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        hosts.append(request.url.host)
        return httpx.Response(307, headers={"Location": "https://evil.example/x"})

    with pytest.raises(errors.ContractChanged):
        _client(handle, auth=Bearer(SecretStr(CANARY))).request(method, "/x")
    assert hosts == ["graph.example"]


def test_redirect_in_a_circle_ends() -> None:
    """A circle of redirects is an error."""
    with pytest.raises(errors.ContractChanged, match="circle"):
        _client(lambda _r: httpx.Response(302, headers={"Location": "/v1.0/x"})).request("GET", "/x")


@pytest.mark.parametrize(
    "url", ["http://graph.example", "ftp://x", "graph.example", "https://", "https://u:p@graph.example"]
)
def test_address_that_is_not_safe(url: str) -> None:
    """Plain http beyond this machine, and credentials in an address, are configuration errors."""
    with pytest.raises(errors.ConfigError):
        _client(_ok, url=url)


def test_loopback_may_be_plain() -> None:
    """Simulators on this machine need no certificate."""
    assert _client(_ok, url="http://127.0.0.1:8080").request("GET", "/").status == 200


def test_ca_file_that_is_none(tmp_path: Path) -> None:
    """A CA file that cannot be read is a configuration error before anything is sent."""
    (tmp_path / "ca.pem").write_text("no certificate")

    with pytest.raises(errors.ConfigError, match="ca_file"):
        HttpClient("mdm", "https://graph.example", clock=FakeClock(), ca_file=str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("raised", "sent"),
    [
        (httpx.ConnectError("refused"), False), (httpx.ConnectTimeout(""), False), (httpx.PoolTimeout(""), False),
        (httpx.ReadTimeout(""), True), (httpx.WriteTimeout(""), True), (httpx.ReadError(""), True),
        (httpx.RemoteProtocolError("peer closed"), True),
    ],
)  # fmt: skip
def test_broken_connection_says_whether_it_was_sent(raised: Exception, sent: bool) -> None:
    """A lost connection is Unavailable, and tells whether the system may have done the work."""
    calls = 0

    def handle(_request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        raise raised

    with pytest.raises(errors.Unavailable) as caught:
        _client(handle).request("POST", "/x")

    assert caught.value.context["sent"] is sent
    assert calls == (1 if sent else 5)


def test_header_that_cannot_be_sent_is_not_repeated() -> None:
    """The HTTP library repeats an illegal header in its message; ours does not."""

    def handle(_request: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError(f"Illegal header value b'{CANARY}'")

    with pytest.raises(errors.ContractChanged) as caught:
        _client(handle).request("GET", "/x")
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_error_names_method_and_path_without_query() -> None:
    """Where it happened is said; query values may be personal and are not."""
    with pytest.raises(errors.NotFound) as caught:
        _client(lambda _r: httpx.Response(404)).request(
            "GET", "/users", params={"$filter": "mail eq 'anna@corp.example'"}
        )

    assert caught.value.where == "mdm: GET /v1.0/users"
    assert "anna" not in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301


def test_query_values_and_headers_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever the level of the root logger, neither queries nor credentials reach a log."""
    caplog.set_level(logging.DEBUG)

    _client(_ok, auth=Bearer(SecretStr(CANARY))).request("GET", "/users", params={"mail": "anna@corp.example"})

    assert "anna" not in caplog.text
    assert CANARY not in caplog.text


def test_what_the_system_says_is_cleaned() -> None:
    """Its words are shown without secrets and control characters, on one line, cut."""
    text = f"bad\n\x1b[31m {CANARY} " + "x" * 1000

    with pytest.raises(errors.Rejected) as caught:
        _client(
            lambda _r: httpx.Response(400, text=text), auth=Bearer(SecretStr(CANARY)), said=lambda body: body.decode()
        ).request("GET", "/x")

    assert CANARY not in caught.value.message
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400


def test_words_in_a_header_are_shown_cleaned() -> None:
    """Where the body says nothing, the named header does; it is cleaned like a body."""
    refused = httpx.Response(400, headers={"X-Why": f"no {CANARY} here"})

    with pytest.raises(errors.Rejected, match=r"\(no \*\*\* here\)"):
        _client(lambda _r: refused, auth=Bearer(SecretStr(CANARY)), said=lambda _body: "", said_header="X-Why").request(
            "GET", "/x"
        )


def test_budget_is_paused_for_everybody() -> None:
    """A 429 stops all users of the credential for the time asked for; each try is charged."""
    clock = FakeClock(0)
    taken: list[int] = []
    paused: list[timedelta] = []

    class _Budget:
        def take(self, count: int = 1) -> None:
            taken.append(count)

        def pause(self, wait: timedelta) -> None:
            paused.append(wait)

    answers = iter([httpx.Response(429, headers={"Retry-After": "9"}), httpx.Response(200, json=1)])
    client = _client(lambda _r: next(answers), clock=clock, budget=_Budget())

    assert client.request_json("GET", "/x", cost=20) == 1
    assert (taken, paused) == ([20, 20], [timedelta(seconds=9)])


def test_retry_date_is_read_by_the_server_clock() -> None:
    """A date in Retry-After is compared with the server's own Date, so that a wrong clock does not matter."""
    headers = {"Date": "Sat, 21 Nov 2026 10:00:00 GMT", "Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT"}
    answers = iter([httpx.Response(503, headers=headers), httpx.Response(200, json=1)])
    clock = FakeClock(0)

    _client(lambda _r: next(answers), clock=clock).request("GET", "/x")

    assert 30 <= sum(clock.slept) < 32


def test_clock_skew_is_measured() -> None:
    """More than a minute is told, in both directions; less is not."""
    for date, expected in (("01:00:00", "3600 s ahead"), ("00:00:30", ""), ("00:01:01", "61 s ahead")):
        header = {"Date": f"Thu, 01 Jan 1970 {date} GMT"}
        client = _client(lambda _r, h=header: httpx.Response(200, headers=h), clock=FakeClock(0))  # type: ignore[misc]
        client.request("GET", "/x")

        assert (expected in client.warnings()[0]) if expected else client.warnings() == []


def test_large_answer_is_cut_off() -> None:
    """A body beyond the limit is not read to its end."""
    stream = _Stream(*[b"x" * 1000] * 1000)
    client = _client(lambda _r: httpx.Response(200, stream=stream), limits=Limits(body_bytes=10_000))

    with pytest.raises(errors.ContractChanged, match="larger than 10,000 bytes"):
        client.request("GET", "/x")
    assert stream.given <= 12


def test_zip_bomb_is_cut_off() -> None:
    """A body that unpacks to many times its size is refused long before it is unpacked."""
    packed = gzip.compress(b"0" * 50_000_000)
    client = _client(lambda _r: httpx.Response(200, stream=_Stream(packed), headers={"Content-Encoding": "gzip"}))

    with pytest.raises(errors.ContractChanged, match="unpacks to more than 200 times"):
        client.request("GET", "/x")


def test_packed_answer_is_read() -> None:
    """A packed body is unpacked, also when it comes in small pieces."""
    packed = gzip.compress(b'{"a": "' + b"b" * 5000 + b'"}')
    pieces = [packed[n : n + 7] for n in range(0, len(packed), 7)]
    client = _client(lambda _r: httpx.Response(200, stream=_Stream(*pieces), headers={"Content-Encoding": "gzip"}))

    assert client.request_json("GET", "/x") == {"a": "b" * 5000}


@pytest.mark.parametrize("keep", [5, 20, -1])
def test_packed_answer_that_ends_early(keep: int) -> None:
    """A packed body that is cut is Unavailable, also when what came would parse."""
    packed = gzip.compress(b'{"value": []}')[:keep]
    client = _client(lambda _r: httpx.Response(200, stream=_Stream(packed), headers={"Content-Encoding": "gzip"}))

    with pytest.raises(errors.Unavailable):
        client.request_json("GET", "/x")


def test_unknown_packing_is_refused() -> None:
    """An encoding that was not offered is not guessed at."""
    client = _client(lambda _r: httpx.Response(200, stream=_Stream(b"x"), headers={"Content-Encoding": "br"}))

    with pytest.raises(errors.ContractChanged, match="packed"):
        client.request("GET", "/x")


@pytest.mark.parametrize("body", [b"", b"  ", b'{"a": [1, 2', b'{"a": "\xc3', b'{"a": "x'])
def test_json_that_ends_early_may_pass_later(body: bytes) -> None:
    """A body that stops in the middle is asked for again."""
    answers = iter([httpx.Response(200, content=body), httpx.Response(200, content=b"[1]")])

    assert _client(lambda _r: next(answers)).request_json("GET", "/x") == [1]


@pytest.mark.parametrize(
    "body", [b"<html>Sign in", b"{'a': 1}", b'{"a": 1}}', b"NaN", b'"\xff"', b"[" * 65 + b"]" * 65]
)
def test_json_that_is_none(body: bytes) -> None:
    """Another format, or nesting beyond the limit, is a changed contract and not asked for again."""
    server = _Recorder(body)

    with pytest.raises(errors.ContractChanged):
        _client(server).request_json("GET", "/x")
    assert len(server.requests) == 1


def test_depth_within_the_limit() -> None:
    """64 levels pass."""
    body = b"[" * 64 + b"]" * 64

    assert _client(lambda _r: httpx.Response(200, content=body)).request_json("GET", "/x")


def test_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the configured proxy counts."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    assert _client(_ok).request("GET", "/").status == 200
