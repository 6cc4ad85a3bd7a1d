"""Batches and answers that no well-behaved instance gives."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.kit import FakeClock
from connectors.kit.cases import context
from connectors.secrets import Resolver
from connectors.servicenow import batch
from connectors.servicenow.client import ServiceNowClient
from connectors.servicenow.settings import ServiceNowSettings
from connectors.servicenow.table import TableReader, plain
from synchub.errors import AuthError, ConfigError, ContractChanged, NotFound, Rejected, Unavailable

Handler = Callable[[httpx.Request], httpx.Response]
CALLS = [batch.Call("PATCH", f"/api/now/table/incident/{n}", body={"x": "y"}) for n in range(3)]


def client(handler: Handler, clock: FakeClock | None = None, **settings: Any) -> ServiceNowClient:
    values = {"url": "https://acme.service-now.com", "auth": {"user": "hub", "password": "env:PW"}, **settings}
    resolve = Resolver({"PW": "s3cret-pw", "ID": "client"}, Path())
    lent = context(clock, transport=httpx.MockTransport(handler), resolve=resolve)
    return ServiceNowClient("snow", ServiceNowSettings.model_validate(values), lent)


def item(identifier: str, status: int = 200, body: Any = None, raw: bytes | None = None) -> dict[str, Any]:
    sent = raw if raw is not None else json.dumps(body if body is not None else {"result": {}}).encode()
    return {"id": identifier, "status_code": status, "body": base64.b64encode(sent).decode()}


def answers(*bodies: Any) -> tuple[Handler, list[list[str]]]:
    """Answer one batch after the other with given bodies (functions get the ids); notes which ids were sent."""
    asked: list[list[str]] = []
    left = list(bodies)

    def handle(request: httpx.Request) -> httpx.Response:
        ids = [part["id"] for part in json.loads(request.content)["rest_requests"]]
        asked.append(ids)
        body = left.pop(0) if len(left) > 1 else left[0]
        return httpx.Response(200, json=body(ids) if callable(body) else body)

    return handle, asked


def served(ids: list[str]) -> dict[str, Any]:
    return {"serviced_requests": [item(i) for i in ids], "unserviced_requests": []}


def test_unserviced_calls_are_sent_again_alone() -> None:
    """What was serviced is not sent twice."""
    handle, asked = answers({"serviced_requests": [item("0")], "unserviced_requests": ["1", {"id": "2"}]}, served)
    assert [r.status for r in batch.run(client(handle), CALLS, again=False)] == [200, 200, 200]
    assert asked == [["0", "1", "2"], ["1", "2"]]


def test_batch_that_never_gets_anywhere_ends() -> None:
    """Calls that are never serviced come back as *may pass later*, after a bounded number of batches."""
    clock = FakeClock()
    handle, asked = answers(lambda ids: {"serviced_requests": [], "unserviced_requests": ids})
    replies = batch.run(client(handle, clock), CALLS, again=False)
    assert [(r.status, batch.throttled(r)) for r in replies] == [(503, True)] * 3
    assert len(asked) == batch.ROUNDS
    assert clock.slept


def test_call_that_is_not_mentioned_is_lost_not_repeated() -> None:
    """Of a create that the answer does not mention nobody knows whether it was carried out."""
    handle, asked = answers({"serviced_requests": [item("0"), item("2")]})
    replies = batch.run(client(handle), CALLS, again=False)
    assert [r is batch.LOST for r in replies] == [False, True, False]
    assert len(asked) == 1


def test_call_that_is_not_mentioned_is_repeated_where_it_does_no_harm() -> None:
    """A change to given values may be sent twice."""
    handle, asked = answers({"serviced_requests": [item("0"), item("2")]}, served)
    assert all(r.ok for r in batch.run(client(handle), CALLS, again=True))
    assert asked[1] == ["1"]


def test_throttled_and_busy_items_wait_and_are_repeated() -> None:
    """429 within a batch is repeated always, 503 where it does no harm."""
    clock = FakeClock()
    handle, asked = answers({"serviced_requests": [item("0", 429), item("1", 503), item("2")]}, served)
    assert all(r.ok for r in batch.run(client(handle, clock), CALLS, again=True))
    assert asked[1] == ["0", "1"]
    assert sum(clock.slept) >= 1


def test_item_that_cannot_be_read_is_not_taken_for_done() -> None:
    """A 201 whose body is broken off says nothing about what was made."""
    handle, _ = answers({"serviced_requests": [item("0", 201, raw=b'{"result": {"sys'), item("1"), item("2")]})
    replies = batch.run(client(handle), CALLS, again=False)
    assert (replies[0].status, replies[0].ok, replies[1].ok) == (0, False, True)


def test_error_beside_a_result_is_no_success() -> None:
    """An item of status 200 with an error in it failed."""
    handle, _ = answers(
        {"serviced_requests": [item("0", 200, {"result": {}, "error": {"message": "no"}}), item("1"), item("2")]}
    )
    reply = batch.run(client(handle), CALLS, again=False)[0]
    assert (reply.ok, reply.result, reply.message) == (False, None, "no")


def test_401_within_a_batch_is_for_the_whole_connection() -> None:
    """Credentials that ended in the middle stop the run."""
    handle, _ = answers({"serviced_requests": [item("0", 401), item("1"), item("2")]})
    with pytest.raises(AuthError):
        batch.run(client(handle), CALLS, again=False)


@pytest.mark.parametrize("body", [[], {"serviced_requests": [{"id": "0"}]}, {"serviced_requests": ["x"]}])
def test_answer_of_another_shape_is_no_batch(body: Any) -> None:
    """What does not fit the description is not believed."""
    handle, _ = answers(body)
    with pytest.raises(ContractChanged):
        batch.run(client(handle), CALLS, again=True)


def test_large_bodies_are_split_over_requests() -> None:
    """A batch stays below the size at which the instance would leave calls unserviced."""
    handle, asked = answers(served)
    calls = [batch.Call("POST", "/api/now/table/incident", body={"x": "y" * 3_000_000}) for _ in range(4)]
    assert all(r.ok for r in batch.run(client(handle), calls, again=False))
    assert [len(ids) for ids in asked] == [2, 2]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "Transaction cancelled: maximum execution time exceeded"}, "result": []}, Unavailable),
        ({"status": "failure", "result": [{"sys_id": "1"}]}, Rejected),
        ({"error": "No Record found", "result": []}, NotFound),
        ({"rows": []}, ContractChanged),
        ([], ContractChanged),
        ({"result": "text"}, ContractChanged),
        ({"result": [{"name": "no id"}]}, ContractChanged),
    ],
)
def test_what_is_no_list_of_rows_is_an_error(body: Any, error: type[Exception]) -> None:
    """Nothing short, odd or failed passes for a page; only *no record* of an old API version is an empty one."""
    reader = TableReader(client(lambda _: httpx.Response(200, json=body, headers={"X-Total-Count": "1"})))
    if error is NotFound:
        assert list(reader.pages("incident", ["name"])) == [[]]
    else:
        with pytest.raises(error):
            list(reader.pages("incident", ["name"]))


@pytest.mark.parametrize("total", [None, "", "many", "-1"])
def test_page_without_a_total_is_an_error(total: str | None) -> None:
    """Without the total nobody can tell where the list ends."""
    headers = {"X-Total-Count": total} if total is not None else {}
    reader = TableReader(client(lambda _: httpx.Response(200, json={"result": []}, headers=headers)))
    with pytest.raises(ContractChanged):
        list(reader.pages("incident", ["name"]))


def test_page_that_repeats_for_ever_is_an_error() -> None:
    """A server that gives the same page again and again is given up on."""
    rows = [{"sys_id": f"{n:032x}"} for n in range(5)]
    sent: list[int] = []

    def same(_: httpx.Request) -> httpx.Response:
        sent.append(1)
        return httpx.Response(200, json={"result": rows}, headers={"X-Total-Count": "50"})

    with pytest.raises(ContractChanged):
        list(TableReader(client(same, page=5)).pages("incident", ["name"]))
    assert len(sent) < 10


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"link": "https://x/api/now/table/sys_user/abc", "value": "abc"}, "abc"),
        ({"link": "https://x/api/now/table/sys_user/abc", "display_value": "Anna"}, "abc"),
        ("", None), (None, None), ("x", "x"), (True, "true"), (3, "3"),
    ],
)  # fmt: skip
def test_reference_in_any_form_is_its_id(value: Any, expected: Any) -> None:
    """The four ways in which the API renders a reference mean the same."""
    assert plain(value) == expected


def test_login_by_password_grant_and_by_key() -> None:
    """Each way to log in sends what the instance expects, and nothing else."""
    seen: list[tuple[str, str, str]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        key = request.headers.get("x-sn-apikey", "")
        seen.append((request.url.path, key or request.headers.get("authorization", ""), request.content.decode()))
        if request.url.path == "/oauth_token.do":
            return httpx.Response(200, json={"access_token": "tok", "expires_in": 1799})
        return httpx.Response(200, json={"result": [{"name": "instance_name", "value": "acme"}]})

    oauth = {"oauth": "password", "client_id": "env:ID", "client_secret": "env:PW", "user": "u", "password": "env:PW"}
    one = client(handle, auth=oauth)
    assert one.identity() == "acme"
    assert seen[0][0] == "/oauth_token.do"
    assert "grant_type=password" in seen[0][2]
    assert "username=u" in seen[0][2]
    assert seen[1][1] == "Bearer tok"
    one.close()
    two = client(handle, auth={"api_key": "env:PW"})
    assert two.identity() == "acme"
    assert seen[2][1] == "s3cret-pw"
    two.close()


def test_password_grant_without_a_user_is_a_configuration_error() -> None:
    """What is missing is named before anything is sent."""
    with pytest.raises(ConfigError):
        client(lambda _: httpx.Response(500), auth={"oauth": "password", "client_id": "x", "client_secret": "env:PW"})


def test_instance_without_a_date_has_no_clock() -> None:
    """Cursors go by the instance's clock: without it nothing is guessed."""
    one = client(lambda _: httpx.Response(200, json={"result": []}))
    with pytest.raises(ContractChanged):
        one.server_time()
    one.close()
