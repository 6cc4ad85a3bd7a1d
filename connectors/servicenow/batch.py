"""Many calls in one request: `POST /api/now/v1/batch`.

Source: *Batch API* (ServiceNow documentation, release Australia, read 2026-11-22). Bodies travel as Base64 both ways.
The outer status says nothing about the items: each carries its own. What did not fit the time or size limit comes back
by id in `unserviced_requests`, with HTTP 200, and is sent again.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from connectors.servicenow.client import ServiceNowClient, error_text, may_be_done
from synchub.errors import AuthError, ConnectorError, ContractChanged

PATH = "/api/now/v1/batch"
ITEM_BYTES = 4 * 1024 * 1024  # the default ceiling for one item is 5 MB
REQUEST_BYTES = 8 * 1024 * 1024
ROUNDS = 6  # how often what came back unserviced or throttled is sent again


@dataclass(frozen=True, slots=True)
class Call:
    """One call within a batch.

    Attributes:
        method: HTTP method.
        path: Path on the instance.
        params: Query.
        body: JSON body; None for none.
    """

    method: str
    path: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one call.

    Attributes:
        status: HTTP status of the item; 0 when it is not known whether the call was carried out.
        data: Parsed body; None when there is none or it is no JSON.
        message: The instance's words when it refused.
    """

    status: int
    data: Any = None
    message: str = ""

    @property
    def ok(self) -> bool:
        """Say whether the item itself succeeded: a 2xx status and no error in its body."""
        return 200 <= self.status < 300 and not (isinstance(self.data, dict) and self.data.get("error"))

    @property
    def result(self) -> Any:
        """Return what `result` holds; None when the item failed."""
        return self.data.get("result") if self.ok and isinstance(self.data, dict) else None


LOST = Reply(0, None, "the answer was lost; it is not known whether the instance carried it out")


def run(client: ServiceNowClient, calls: Sequence[Call], *, again: bool) -> list[Reply]:
    """Carry out calls in as few requests as the limits allow.

    Args:
        client: The instance.
        calls: What to do; order is kept in the answer, not on the instance.
        again: Each call has the same effect when it is carried out twice (reads, changes to given values).

    Returns:
        One reply per call. With `again=False` a call whose answer was lost comes back as `LOST`.

    Raises:
        ConnectorError: The batch as a whole was refused before anything was carried out, or, with `again`, failed.
    """
    replies: list[Reply | None] = [None] * len(calls)
    waiting = list(range(len(calls)))
    for _ in range(ROUNDS):
        if not waiting:
            break
        before = len(waiting)
        waiting = [
            n
            for part in _parts(calls, waiting, client.settings.batch)
            for n in _round(client, calls, part, replies, again=again)
        ]
        if waiting and len(waiting) == before:
            client.clock.sleep(1.0)  # nothing was serviced at all: the instance is busy
    for n in waiting:
        replies[n] = Reply(503, None, "the instance did not get to this call within several batches")
    return [reply if reply is not None else LOST for reply in replies]


def _parts(calls: Sequence[Call], waiting: Sequence[int], most: int) -> list[list[int]]:
    parts: list[list[int]] = []
    size = 0
    for n in waiting:
        cost = 400 + (len(orjson.dumps(calls[n].body)) * 4 // 3 if calls[n].body is not None else 0)
        if not parts or len(parts[-1]) >= most or size + cost > REQUEST_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(n)
        size += cost
    return parts


def _round(
    client: ServiceNowClient, calls: Sequence[Call], part: Sequence[int], replies: list[Reply | None], *, again: bool
) -> list[int]:
    """Send one batch, note the replies, and return what has to be sent again."""
    body = {"batch_request_id": "synchub", "rest_requests": [_item(n, calls[n]) for n in part]}
    try:
        answer = client.send("POST", PATH, body, again=again)
    except ConnectorError as error:
        # A broken answer to something that may have been carried out: the caller looks it up.
        if again or not may_be_done(error):
            raise
        # With a status the instance has finished; without one it may still be at work.
        unknown = LOST if error.context.get("status") is None else Reply(0, None, error.message)
        for n in part:
            replies[n] = unknown
        return []
    if not isinstance(answer, dict):
        raise ContractChanged("the answer to a batch is no object.", where=f"{client.name}: POST {PATH}")
    serviced = _serviced(client, answer)
    unserviced = {
        str(item.get("id") if isinstance(item, dict) else item) for item in answer.get("unserviced_requests") or []
    }
    repeat: list[int] = []
    busy = False
    for n in part:
        reply = serviced.get(str(n))
        if reply is None:
            if again or str(n) in unserviced:
                repeat.append(n)
            else:
                replies[n] = LOST
        elif reply.status == 429 or (again and reply.status in (0, 408, 503)):
            busy = True
            repeat.append(n)
        elif reply.status == 401:
            raise AuthError("401: the credentials are refused within a batch.", where=f"{client.name}: POST {PATH}")
        else:
            replies[n] = reply
    if busy:
        client.clock.sleep(5.0)
    return repeat


def _item(n: int, call: Call) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": str(n),
        "method": call.method,
        "url": f"{call.path}?{urlencode(call.params)}" if call.params else call.path,
        "headers": [
            {"name": "Content-Type", "value": "application/json"}, {"name": "Accept", "value": "application/json"},
        ],
        "exclude_response_headers": True,
    }  # fmt: skip
    if call.body is not None:
        item["body"] = base64.b64encode(orjson.dumps(call.body)).decode()
    return item


def _serviced(client: ServiceNowClient, answer: Mapping[str, Any]) -> dict[str, Reply]:
    found: dict[str, Reply] = {}
    where = f"{client.name}: POST {PATH}"
    for item in answer.get("serviced_requests") or []:
        if not isinstance(item, dict) or not isinstance(item.get("status_code"), int):
            raise ContractChanged("an item of a batch answer carries no status.", where=where)
        raw = b""
        try:
            raw = base64.b64decode(str(item.get("body") or ""), validate=False)
            data = orjson.loads(raw) if raw else None
        except (binascii.Error, orjson.JSONDecodeError):
            data = None
        message = error_text(raw) or str(item.get("error_message") or "")[:300]
        status = item["status_code"]
        if 200 <= status < 300 and raw and data is None:
            status = 0  # said to be done, but what came back cannot be read: look it up
        found[str(item.get("id"))] = Reply(status, data, client.http.clean(message))
    return found


def throttled(reply: Reply) -> bool:
    """Say whether the same call may pass later."""
    return reply.status in (0, 408, 429) or reply.status >= 500
