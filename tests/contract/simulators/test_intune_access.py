"""Tokens, consent, licence and limits of the simulated Graph."""

from __future__ import annotations

import pytest

from simulators.http import SimClock
from tests.contract.simulators.conftest import Serve
from tests.contract.simulators.graph import DEVICES


@pytest.mark.parametrize(
    ("changed", "status", "error", "code"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": "other"}, 400, "unauthorized_client", 700016),
        ({"client_id": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"scope": "https://graph.microsoft.com/User.Read"}, 400, "invalid_scope", 70011),
        ({"scope": ""}, 400, "invalid_scope", 70011),
    ],
)
def test_bad_token_requests_get_the_documented_error(
    serve: Serve, changed: dict[str, str], status: int, error: str, code: int
) -> None:
    """Each mistake has its AADSTS code; the secret is never in the answer."""
    answer = serve(1).token(**changed)
    body = answer.json()

    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert {"timestamp", "trace_id", "correlation_id"} <= set(body)
    assert "wrong" not in answer.text and "simulated-secret" not in answer.text


def test_unknown_tenant_is_refused(serve: Serve) -> None:
    """A tenant that does not exist has its own code."""
    graph = serve(1)
    answer = graph.http.post("/another/oauth2/v2.0/token", data={"grant_type": "client_credentials"})

    assert (answer.status_code, answer.json()["error_codes"]) == (400, [90002])


def test_token_expires(serve: Serve) -> None:
    """After its life a token answers 401 and a new one works."""
    clock = SimClock("2026-11-22 12:00:00", frozen=True)
    graph = serve(1, clock=clock, token_seconds=600)
    assert graph.token().json()["expires_in"] == 600
    clock.advance(599)
    assert graph.get(DEVICES).status_code == 200
    clock.advance(2)
    answer = graph.get(DEVICES)
    graph.login()

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    assert "WWW-Authenticate" in answer.headers
    assert graph.get(DEVICES).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer made-up", "Basic abc"])
def test_without_a_token_nothing_is_shown(serve: Serve, header: str) -> None:
    """No token, or one nobody issued, is 401."""
    graph = serve(1)
    graph.http.headers["authorization"] = header

    assert graph.get(DEVICES).status_code == 401


def test_tokens_can_be_revoked(serve: Serve) -> None:
    """All tokens end at once, new ones work."""
    graph = serve(1)
    graph.tenant.revoke_tokens()
    assert graph.get(DEVICES).status_code == 401
    graph.login()

    assert graph.get(DEVICES).status_code == 200


def test_missing_consent_is_403(serve: Serve) -> None:
    """Each resource needs its own application permission."""
    graph = serve(1, permissions=["User.Read.All"])
    devices, users = graph.get(DEVICES), graph.get("/v1.0/users")

    assert (devices.status_code, devices.json()["error"]["code"]) == (403, "Forbidden")
    assert users.status_code == 200
    graph.tenant.permissions = {"DeviceManagementManagedDevices.Read.All"}
    assert graph.get("/v1.0/users").json()["error"]["code"] == "Authorization_RequestDenied"


def test_missing_licence_is_refused(serve: Serve) -> None:
    """A tenant without Intune says so."""
    answer = serve(1, licensed=False).get(DEVICES)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_throttling_with_and_without_retry_after(serve: Serve) -> None:
    """The next requests are refused, with the header or, as some resources do, without."""
    graph = serve(1)
    graph.tenant.throttle(1, retry_after=7)
    graph.tenant.throttle(1, retry_after=None)
    first, second, third = (graph.get(DEVICES) for _ in range(3))

    assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
    assert second.status_code == 429 and "Retry-After" not in second.headers
    assert second.json()["error"]["code"] == "TooManyRequests"
    assert third.status_code == 200


def test_limit_is_per_twenty_seconds(serve: Serve) -> None:
    """Over the documented limit requests are refused until the window has moved."""
    clock = SimClock("2026-11-22 12:00:00", frozen=True)
    graph = serve(1, clock=clock, throttle_limit=3)
    for _ in range(3):
        assert graph.get(DEVICES).status_code == 200
    clock.advance(5)
    refused = graph.get(DEVICES)
    clock.advance(16)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "15")
    assert graph.get(DEVICES).status_code == 200


def test_injected_faults_have_graphs_body(serve: Serve) -> None:
    """A 503 or 429 from the server's faults looks as Graph writes it."""
    graph = serve(1)
    graph.server.faults.add("status", status=503, nth=1, path="managedDevices")
    graph.server.faults.add("throttle", retry_after=3, nth=2, path="managedDevices")
    first, second = graph.get(DEVICES), graph.get(DEVICES)

    assert first.status_code == 503
    assert first.json()["error"]["code"] == "ServiceUnavailable"
    assert (second.status_code, second.headers["Retry-After"]) == (429, "3")
    assert second.json()["error"]["code"] == "TooManyRequests"
