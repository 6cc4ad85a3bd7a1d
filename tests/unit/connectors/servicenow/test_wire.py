"""Answers as the vendor documents them, and the way out of pysnow."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.kit import FakeClock
from connectors.kit.cases import context
from connectors.secrets import Resolver
from connectors.servicenow import CONNECTOR
from connectors.servicenow.client import ServiceNowClient, error_text
from connectors.servicenow.ire import ask
from connectors.servicenow.settings import ServiceNowSettings
from synchub.domain.plan import Op, Write
from synchub.errors import ConfigError, ConnectorError, PermissionDenied, RateLimited
from synchub.ports import Target

URL = "https://acme.service-now.com"


def _settings(**changes: Any) -> ServiceNowSettings:
    values = {"url": URL, "auth": {"user": "hub", "password": "env:PW"}, **changes}
    return ServiceNowSettings.model_validate(values)


def _lent(handler: Any, clock: FakeClock | None = None) -> Any:
    return context(clock, transport=httpx.MockTransport(handler), resolve=Resolver({"PW": "s3cret-pw"}, Path()))


def _target(handler: Any, clock: FakeClock | None = None, **settings: Any) -> Target:
    assert CONNECTOR.open_target is not None
    return CONNECTOR.open_target("snow", _settings(**settings), _lent(handler, clock))


def test_documented_identification_answers_are_understood(shared: Path) -> None:
    """Each example of the vendor gives a verdict: what was done, to which object, by what."""
    examples = json.loads((shared / "contracts/servicenow/examples.json").read_text())
    seen = []
    for example in examples:
        if "identifyreconcile" not in example["endpoint"] or not example.get("response"):
            continue
        body, count = example["response"], len(example["response"]["result"]["items"])
        client = ServiceNowClient("snow", _settings(), _lent(lambda _, body=body: httpx.Response(200, json=body)))
        writes = [Write(n, "cmdb_ci_computer", Op.CREATE, None, {"name": f"n{n}"}, f"a:{n}") for n in range(count)]
        seen += [(v.operation, v.by, bool(v.sys_id)) for v in ask(client, writes)]
        client.close()
    assert ("UPDATE", ("name",), True) in seen
    assert ("INSERT", (), True) in seen
    assert ("INSERT_AS_PARTIAL", (), False) in seen


def test_documented_errors_are_put_into_words(shared: Path) -> None:
    """The vendor's error bodies give message and detail."""
    examples = json.loads((shared / "contracts/servicenow/examples.json").read_text())
    bodies = [e["response"] for e in examples if isinstance(e.get("response"), dict) and "error" in e["response"]]
    said = [error_text(json.dumps(body).encode()) for body in bodies]
    assert any("Rate limit exceeded" in text for text in said)
    assert all(said)


def test_restricted_oauth_client_is_not_taken_for_a_missing_role() -> None:
    """*Access to unscoped api is not allowed* is about the client's scope."""
    body = {"error": {"message": "User Not Authorized", "detail": "Access to unscoped api is not allowed"}}
    target = _target(lambda _: httpx.Response(403, json=body, headers={"X-Is-Logged-In": "true"}))
    with pytest.raises(PermissionDenied) as caught:
        target.identity()
    assert "Auth Scope" in caught.value.fix
    target.close()


def test_lookup_through_pysnow_never_shows_the_password() -> None:
    """What the library raises is translated; no message, repr or cause holds a secret."""

    def refuse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(400, json={"error": {"message": f"bad {request.headers['authorization']} s3cret-pw"}})

    target = _target(refuse)
    with pytest.raises(ConnectorError) as caught:
        target.lookup("core_company", "name", ["HP"])
    assert "s3cret-pw" not in f"{caught.value!r} {caught.value} {caught.value.__cause__!r}"
    assert "aHVi" not in str(caught.value)
    target.close()


def test_lookup_through_pysnow_asks_for_what_is_needed() -> None:
    """One page with the fields, without links, display values and empty parameters."""
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(dict(request.url.params))
        return httpx.Response(
            200, json={"result": [{"sys_id": "1" * 32, "name": "HP"}]}, headers={"X-Total-Count": "1"}
        )

    target = _target(answer)
    assert target.lookup("core_company", "name", ["HP"]) == {"HP": "1" * 32}
    assert asked[0]["sysparm_query"] == "nameINHP^ORDERBYsys_id"
    assert asked[0]["sysparm_fields"] == "sys_id,name"
    assert asked[0]["sysparm_exclude_reference_link"] == "true"
    assert "" not in asked[0].values()
    target.close()


def test_lookup_through_pysnow_is_bounded() -> None:
    """A system that always refuses is given up on, after waiting as it asked."""
    clock = FakeClock()
    sent: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        sent.append(str(request.url))
        return httpx.Response(429, json={"error": {"message": "Rate limit exceeded"}}, headers={"Retry-After": "20"})

    target = _target(busy, clock)
    with pytest.raises(RateLimited):
        target.lookup("core_company", "name", ["HP"])
    assert 1 < len(sent) < 10
    assert sum(clock.slept) >= 20
    target.close()


def test_settings_refuse_a_literal_secret_and_unknown_keys() -> None:
    """Secrets are references; a misspelt key is an error, and neither repeats what was typed."""
    for wrong in ({"auth": {"user": "hub", "password": "hunter2"}}, {"pages": 5}):
        with pytest.raises(ValueError) as caught:
            _settings(**wrong)
        assert "hunter2" not in str(caught.value)


def test_every_setting_and_heading_is_documented() -> None:
    """The page names each setting and has the headings of every connector page."""
    page = (Path(__file__).parents[4] / CONNECTOR.docs).read_text()
    assert [name for name in ServiceNowSettings.model_fields if f"`{name}`" not in page] == []
    headings = ["Prerequisites", "Permissions", "Configure", "Run", "What is written", "Limits", "Troubleshooting"]
    assert [h for h in headings if f"\n## {h}\n" not in page] == []


def test_lookup_through_pysnow_takes_the_configured_proxy() -> None:
    """The library knows no proxy; the session handed to it does, and asks nothing of the environment."""
    asked: list[str] = []

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = b'{"result": []}'
            self.send_response(200)
            self.send_header("X-Total-Count", "0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    lent = context(resolve=Resolver({"PW": "x"}, Path()), proxy=f"http://127.0.0.1:{server.server_port}")
    assert CONNECTOR.open_target is not None
    target = CONNECTOR.open_target("snow", _settings(url="http://127.0.0.1:1"), lent)
    try:
        assert target.lookup("core_company", "name", ["HP"]) == {}
    finally:
        target.close()
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked[0].startswith("http://127.0.0.1:1/api/now/table/core_company?")


def test_ca_file_that_is_none_is_named(tmp_path: Path) -> None:
    """A CA file that is none is said so before anything is sent."""
    (tmp_path / "ca.pem").write_text("no certificate")
    lent = context(resolve=Resolver({"PW": "x"}, Path()), ca_file=tmp_path / "ca.pem")
    assert CONNECTOR.open_target is not None
    with pytest.raises(ConfigError) as caught:
        CONNECTOR.open_target("snow", _settings(), lent)
    assert "ca_file" in str(caught.value)
