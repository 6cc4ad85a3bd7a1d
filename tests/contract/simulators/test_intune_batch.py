"""JSON batching of the simulated Graph."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.simulators.conftest import Serve
from tests.contract.simulators.graph import device


def get(n: int, **more: Any) -> dict[str, Any]:
    url = f"/deviceManagement/managedDevices/{device(n)['id']}?$select=id,notes"
    return {"id": str(n), "method": "GET", "url": url, **more}


def test_answers_carry_ids_in_any_order(serve: Serve) -> None:
    """Twenty requests come back with their ids, not in the order they were sent."""
    answers = serve(20).batch(*(get(n) for n in range(20))).json()["responses"]
    order = [int(answer["id"]) for answer in answers]

    assert order != list(range(20))
    assert sorted(order) == list(range(20))
    assert all(answer["body"]["notes"] == f"Asset A{int(answer['id']):06d}" for answer in answers)


def test_each_item_has_its_own_status(serve: Serve) -> None:
    """The batch is 200 though one device is gone, one method is refused and one path is unknown."""
    graph = serve(2)
    lost = get(1) | {"url": "/deviceManagement/managedDevices/gone"}
    answer = graph.batch(get(0), lost, get(5, method="DELETE"), {"id": "x", "method": "GET", "url": "/nonsense"})

    assert answer.status_code == 200
    assert {a["id"]: a["status"] for a in answer.json()["responses"]} == {"0": 200, "1": 404, "5": 405, "x": 400}


def test_items_are_throttled_one_by_one(serve: Serve) -> None:
    """A throttled item says so itself, with its own Retry-After; the others are answered."""
    graph = serve(3)
    graph.tenant.throttle(1, retry_after=4)
    answers = {a["id"]: a for a in graph.batch(get(0), get(1), get(2)).json()["responses"]}

    assert {key: a["status"] for key, a in answers.items()} == {"0": 429, "1": 200, "2": 200}
    assert answers["0"]["headers"]["Retry-After"] == "4"
    assert answers["0"]["body"]["error"]["code"] == "TooManyRequests"


def test_dependent_request_fails_with_what_it_depends_on(serve: Serve) -> None:
    """What names a failed request in `dependsOn` is answered 424."""
    first = {"id": "a", "method": "GET", "url": "/users/nobody"}
    answers = serve(1).batch(first, get(0, dependsOn=["a"])).json()["responses"]

    assert {a["id"]: a["status"] for a in answers} == {"a": 404, "0": 424}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"requests": []}, {"requests": "x"}, {"requests": ["x"]}, [],
        {"requests": [get(0), get(0)]}, {"requests": [get(0) | {"url": "https://elsewhere.example/x"}]},
        {"requests": [{"id": "1", "url": "/users"}]}, {"requests": [get(0, dependsOn=["later"])]},
        {"requests": [get(n) for n in range(21)]},
    ],
)  # fmt: skip
def test_malformed_batches_are_refused(serve: Serve, body: Any) -> None:
    """More than twenty, ids that are not unique, absolute URLs and broken shapes refuse the whole batch."""
    answer = serve(1).http.post("/v1.0/$batch", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")


def test_no_json_is_refused(serve: Serve) -> None:
    """A body that is no JSON is a bad request, not a crash."""
    assert serve(1).http.post("/v1.0/$batch", content=b"[" * 100_000).status_code == 400


def test_batch_needs_a_token(serve: Serve) -> None:
    """Without a token the batch as a whole is refused."""
    graph = serve(1)
    graph.http.headers["authorization"] = ""

    assert graph.batch(get(0)).status_code == 401


def test_parts_are_logged_under_their_batch(serve: Serve) -> None:
    """The request log shows each part with the number of the request that carried it."""
    graph = serve(2)
    graph.batch(get(0), get(1))
    outer = graph.server.log.select(path="$batch")[0]

    assert [e.via for e in graph.server.log.entries if e.via] == [outer.n, outer.n]
