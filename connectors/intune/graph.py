"""Microsoft Graph: lists by nextLink, and details in batches. Knows JSON envelopes, not devices.

Sources (read 2026-11-22): microsoft-graph-docs `concepts/paging.md`, `concepts/json-batching.md`,
`concepts/throttling.md`; the shapes are those of Graph v1.0's CSDL.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson

from connectors import retry
from connectors.http import HttpClient, quote
from connectors.pagination import LoopGuard
from connectors.status import parse_retry_after
from synchub.errors import ConnectorError, ContractChanged, RateLimited, Unavailable
from synchub.ports import RateBudget

BATCH = 20  # requests in one $batch, a hard limit of Graph
_AGAIN = frozenset({408, 429, 500, 502, 503, 504})


def said(body: bytes) -> str:
    """Pick code and message out of Graph's error body; "" when it has another shape."""
    try:
        error = orjson.loads(body)["error"]
        return f"{error['code']}: {error['message']}" if isinstance(error, dict) else str(error)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return ""


@dataclass(frozen=True, slots=True)
class GraphPage:
    """One page of a list.

    Attributes:
        items: The entries, as they came; may be empty though more pages follow.
        total: What the server says the list holds in all; None when it does not say.
        where: The request, for messages.
        last: There is no further page.
    """

    items: list[Any]
    total: int | None
    where: str
    last: bool


@dataclass(frozen=True, slots=True)
class Details:
    """What a batch brought.

    Attributes:
        found: Id -> entity.
        missing: Ids that are gone (404).
        failed: Status -> how many could not be read.
    """

    found: dict[str, dict[str, Any]]
    missing: list[str]
    failed: dict[int, int]


class Graph:
    """Reads lists and batches. Safe to use from several threads.

    Args:
        client: Client whose base URL ends in the API version.
        budget: Budget that batches pause when one of their parts is throttled.
        policy: How often parts of a batch are asked for again.
    """

    def __init__(self, client: HttpClient, budget: RateBudget, policy: retry.RetryPolicy | None = None) -> None:
        self.client = client
        self._budget = budget
        self._policy = policy or retry.RetryPolicy()

    def pages(self, path: str, params: dict[str, str | int]) -> Iterator[GraphPage]:
        """Yield the pages of a list until one comes without a nextLink.

        The nextLink is followed as it is: it holds the original query and an opaque token. A page may be short or
        empty while more follow.

        Raises:
            ContractChanged: No list, a nextLink to another host, or one that was followed before.
            ConnectorError: As `HttpClient.request`.
        """
        where = f"{self.client.connection}: GET {path}"
        guard = LoopGuard(where)
        link: str | None = None
        number = 0
        while number == 0 or link is not None:
            number += 1
            page_where = f"{where} page {number}"
            if link is None:
                answer = self.client.request_json("GET", path, params=params)
            else:
                answer = self.client.request_json("GET", link)
            items = answer.get("value") if isinstance(answer, dict) else None
            if not isinstance(items, list):
                raise ContractChanged("the answer holds no list `value`.", where=page_where, fix="Check `url`.")
            link = answer.get("@odata.nextLink")
            if link is not None:
                if not isinstance(link, str):
                    raise ContractChanged("the nextLink is no text.", where=page_where, fix="Check `url`.")
                guard.step(self.client.own_url(link, where=page_where))
            total = answer.get("@odata.count")
            yield GraphPage(items, total if type(total) is int else None, page_where, last=link is None)

    def details(self, path: str, ids: Sequence[str], select: Sequence[str]) -> Details:
        """Read some fields of up to 20 objects with one request.

        Parts that are throttled or fail for the moment are asked for again within the policy; what still fails is
        counted, not raised.

        Args:
            path: Collection, e.g. `/deviceManagement/managedDevices`.
            ids: At most 20 ids.
            select: Fields.

        Raises:
            ConnectorError: The batch as a whole failed.
        """
        result = Details({}, [], {})
        pending = [key for key in ids if key not in (".", "..")]  # those would be another path
        where = f"{self.client.connection}: POST /$batch"

        def once() -> None:
            nonlocal pending
            answers = self._batch(path, pending, select, where)
            again, error = [], None
            for key, (status, wait, body) in zip(pending, answers, strict=True):
                if status == 200 and isinstance(body, dict):
                    result.found[key] = body
                elif status == 404:
                    result.missing.append(key)
                elif status in _AGAIN:
                    again.append((key, status))
                    error = _worse(error, status, wait, where)
                else:
                    result.failed[status] = result.failed.get(status, 0) + 1
            pending = [key for key, _ in again]
            if error is not None:
                if isinstance(error, RateLimited) and error.retry_after is not None:
                    self._budget.pause(error.retry_after)
                error.context["parts"] = [status for _, status in again]
                raise error

        try:
            retry.call(once, policy=self._policy, clock=self.client.clock, idempotent=True)
        except ConnectorError as error:
            if "parts" not in error.context:
                raise
            for status in error.context["parts"]:
                result.failed[status] = result.failed.get(status, 0) + 1
        return result

    def _batch(
        self, path: str, ids: Sequence[str], select: Sequence[str], where: str
    ) -> list[tuple[int, timedelta | None, Any]]:
        query = ",".join(select)
        requests = [
            {"id": str(n), "method": "GET", "url": f"{path}/{quote(key)}?$select={query}"} for n, key in enumerate(ids)
        ]
        answer = self.client.request_json(
            "POST", "/$batch", json=orjson.dumps({"requests": requests}), cost=len(ids), idempotent=True,
            retry=retry.NO_RETRY,
        )  # fmt: skip
        parts = answer.get("responses") if isinstance(answer, dict) else None
        if not isinstance(parts, list):
            raise ContractChanged("the batch answer holds no list `responses`.", where=where, fix="Check `url`.")
        by_id = {part.get("id"): part for part in parts if isinstance(part, dict)}
        return [self._part(by_id.get(str(n))) for n in range(len(ids))]

    def _part(self, part: dict[str, Any] | None) -> tuple[int, timedelta | None, Any]:
        """Read one part; one that is missing or has no status counts as a failure of the moment."""
        if part is None or type(part.get("status")) is not int:
            return 503, None, None
        if part["status"] == 200:
            return 200, None, part.get("body")
        headers = part.get("headers")
        pairs = {str(k).lower(): str(v) for k, v in headers.items()} if isinstance(headers, dict) else {}
        wait = parse_retry_after(pairs.get("retry-after"), now=self.client.clock.now())
        return part["status"], wait, part.get("body")


def _worse(error: ConnectorError | None, status: int, wait: timedelta | None, where: str) -> ConnectorError:
    """Combine the failures of several parts: throttling before others, the longest wait asked for."""
    longest = max(filter(None, [retry.asked_wait(error) if error else None, wait]), default=None)
    if status == 429 or isinstance(error, RateLimited):
        return RateLimited(
            "429: parts of the batch are throttled.", retry_after=longest, where=where, fix="Wait, or lower the rate."
        )
    return Unavailable(
        f"{status}: parts of the batch failed.", where=where, fix="Try again later.", retry_after=longest
    )
