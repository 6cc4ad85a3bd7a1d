"""Odd answers of Graph."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.http import HttpClient
from connectors.intune.graph import Graph, said
from connectors.kit import FakeClock
from synchub.errors import ContractChanged

LINK = "https://graph.example/v1.0/users?$skiptoken=2"


class _Budget:
    def __init__(self) -> None:
        self.paused: list[timedelta] = []

    def take(self, count: int = 1) -> None:
        """Let everything through."""

    def pause(self, wait: timedelta) -> None:
        """Remember."""
        self.paused.append(wait)


def _graph(answer: Callable[[httpx.Request], Any], budget: _Budget | None = None) -> Graph:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answer(request))

    client = HttpClient("mdm", "https://graph.example/v1.0", clock=FakeClock(0), transport=httpx.MockTransport(handle))
    return Graph(client, budget or _Budget())


def _part(request: httpx.Request, **answer: Any) -> list[dict[str, Any]]:
    return [{"id": part["id"], **answer} for part in json.loads(request.content)["requests"]]


@pytest.mark.parametrize("link", [5, "", ["https://graph.example"], {"href": "x"}, True])
def test_next_link_that_is_none(link: object) -> None:
    """A nextLink that is no address is a changed contract, not the end of the list."""
    with pytest.raises(ContractChanged):
        list(_graph(lambda _r: {"value": [], "@odata.nextLink": link}).pages("/users", {}))


def test_next_link_that_is_null_ends_the_list() -> None:
    """A nextLink of null is none."""
    pages = list(_graph(lambda _r: {"value": [1], "@odata.nextLink": None}).pages("/users", {}))

    assert [page.last for page in pages] == [True]


def test_circle_of_links() -> None:
    """Two pages that point at each other are noticed."""
    other = LINK.replace("=2", "=3")

    with pytest.raises(ContractChanged, match="read already"):
        list(
            _graph(lambda r: {"value": [], "@odata.nextLink": other if str(r.url) == LINK else LINK}).pages(
                "/users", {}
            )
        )


@pytest.mark.parametrize("count", ["25", -1.5, True, None])
def test_total_that_is_no_number(count: object) -> None:
    """A count that is no whole number says nothing."""
    page = next(_graph(lambda _r: {"value": [], "@odata.count": count}).pages("/users", {}))

    assert page.total is None


@pytest.mark.parametrize("body", [{}, [], {"responses": {}}, {"responses": None}])
def test_batch_answer_of_another_shape(body: object) -> None:
    """A batch answer without a list of responses is a changed contract."""
    with pytest.raises(ContractChanged, match="responses"):
        _graph(lambda _r: body).details("/d", ["a"], ["notes"])


@pytest.mark.parametrize("extra", [[], [5], [{"id": "0"}], [{"id": "0", "status": "200", "body": {"notes": "x"}}]])
def test_part_that_is_missing_or_says_nothing(extra: list[Any]) -> None:
    """A part without an answer of its own is asked again, and counted when it never comes."""
    got = _graph(lambda _r: {"responses": extra}).details("/d", ["a"], ["notes"])

    assert (got.found, got.failed) == ({}, {503: 1})


def test_answers_in_any_order_find_their_device() -> None:
    """Answers are matched by id, not by place; an answer nobody asked for is ignored."""

    def answer(request: httpx.Request) -> dict[str, Any]:
        parts = json.loads(request.content)["requests"]
        found = [{"id": p["id"], "status": 200, "body": {"notes": p["url"].split("/")[2][0]}} for p in parts]
        return {"responses": [{"id": "77", "status": 200, "body": {"notes": "?"}}, *reversed(found)]}

    got = _graph(answer).details("/d", ["a", "b", "c"], ["notes"])

    assert got.found == {key: {"notes": key} for key in "abc"}


@pytest.mark.parametrize("body", [None, [], "text"])
def test_part_of_status_200_without_an_object(body: object) -> None:
    """A part that succeeded without an object is counted as unread."""
    got = _graph(lambda r: {"responses": _part(r, status=200, body=body)}).details("/d", ["a"], ["notes"])

    assert (got.found, got.failed) == ({}, {200: 1})


def test_longest_wait_of_the_parts_counts() -> None:
    """Parts that ask for different waits pause everybody for the longest."""
    budget = _Budget()

    def answer(request: httpx.Request) -> dict[str, Any]:
        parts = _part(request, status=200, body={})
        if len(parts) == 3:
            parts[0] |= {"status": 429, "headers": {"Retry-After": "3"}}
            parts[1] |= {"status": 503, "headers": {"retry-after": "9"}}
        return {"responses": parts}

    got = _graph(answer, budget).details("/d", ["a", "b", "c"], ["notes"])

    assert set(got.found) == {"a", "b", "c"}
    assert budget.paused == [timedelta(seconds=9)]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"error": {"code": "Forbidden", "message": "no"}}', "Forbidden: no"),
        (b'{"error": "invalid_client"}', "invalid_client"),
        (b"<html>", ""), (b"[]", ""), (b"{}", ""), (b'{"error": {}}', ""), (b"", ""),
    ],
)  # fmt: skip
def test_words_of_graph(body: bytes, text: str) -> None:
    """Code and message are picked out of an error; other bodies say nothing."""
    assert said(body) == text
