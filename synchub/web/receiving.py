"""One receiver behind HTTP: who sends, how much, how fast, and how many at once."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from synchub.errors import InputError
from synchub.ports import Post, Receiver, Reply
from synchub.web.limits import Bucket, Limits
from synchub.web.metrics import Metrics

_LOG = logging.getLogger("synchub.web")
_RETRY_S = {408: "60", 429: "60", 503: "60"}
_CHALLENGE = 'Basic realm="synchub"'


def _refused(status: int, reason: str, outcome: str) -> InputError:
    """Refuse a request: what its sender is told, and a word for counting."""
    return InputError(reason, status=status, outcome=outcome)


class Desk:
    """Takes requests for all receivers; they share memory, workers and rate.

    Args:
        limits: See `Limits`.
        metrics: Counts.
    """

    def __init__(self, limits: Limits, metrics: Metrics) -> None:
        self._limits, self._metrics = limits, metrics
        self._bucket = Bucket(limits.per_second, limits.burst, time.monotonic)
        self._workers = ThreadPoolExecutor(limits.workers, "receive")
        self._buffered = 0
        self._working = 0

    def close(self) -> None:
        """Finish what is being stored."""
        self._workers.shutdown(wait=True, cancel_futures=True)

    async def take(self, request: Request, receiver: Receiver) -> Response:
        """Answer one request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            reply = await self._taken(request, receiver, headers)
        except InputError as exc:
            answer = receiver.refuse(exc.context["status"], exc.message, headers)
            reply = Reply(answer.status, answer.body, answer.content_type, exc.context["outcome"])
        self._metrics.inventories.labels(receiver.path, reply.outcome).inc()
        if reply.status >= 400:
            _LOG.info("refused a message at %s: %s (%d)", receiver.path, reply.outcome, reply.status)
        return self._response(reply)

    async def _taken(self, request: Request, receiver: Receiver, headers: dict[str, str]) -> Reply:
        if not self._bucket.take():
            raise _refused(429, "Too many requests; try again later.", "too_many")
        is_known = receiver.knows(headers.get("authorization", ""))
        if not is_known and headers.get("expect", "").lower() == "100-continue":
            raise _refused(401, "Authentication is required.", "unauthorised")
        kept = 0
        try:
            body = await self._body(request, receiver, keep=is_known)
            kept = len(body)
            if not is_known:
                raise _refused(401, "Authentication is required.", "unauthorised")
            self._metrics.received.labels(receiver.path).inc(kept)
            return await self._work(receiver, Post(request.method, headers, dict(request.query_params), body))
        finally:
            self._free(kept)

    async def _body(self, request: Request, receiver: Receiver, *, keep: bool) -> bytes:
        """Read a body; what an unknown sender sends is read too, so that it hears why, but not kept."""
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > receiver.max_bytes):
            raise _refused(413, f"More than {receiver.max_bytes:,} bytes are not taken.", "too_large")
        parts: list[bytes] = []
        size = kept = 0
        try:
            async with asyncio.timeout(self._limits.body_s):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > receiver.max_bytes:
                        raise _refused(413, f"More than {receiver.max_bytes:,} bytes are not taken.", "too_large")
                    if keep:
                        kept += len(chunk)
                        self._hold(len(chunk))
                        parts.append(chunk)
        except BaseException as exc:
            self._free(kept)
            if isinstance(exc, TimeoutError):
                raise _refused(408, "The message did not arrive in time.", "too_slow") from None
            if isinstance(exc, ClientDisconnect):
                raise _refused(400, "The message was cut off.", "cut_off") from None
            raise
        return b"".join(parts)

    def _hold(self, size: int) -> None:
        self._buffered += size
        self._metrics.buffered.set(self._buffered)
        if self._buffered > self._limits.buffered_bytes:
            raise _refused(503, "Too much is being received; try again later.", "busy")

    def _free(self, size: int) -> None:
        self._buffered -= size
        self._metrics.buffered.set(self._buffered)

    async def _work(self, receiver: Receiver, post: Post) -> Reply:
        if self._working >= self._limits.workers + self._limits.queue:
            raise _refused(503, "Too much is waiting to be stored; try again later.", "busy")
        self._working += 1
        self._metrics.queue.set(self._working)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._workers, receiver.receive, post)
        except Exception as exc:  # noqa: BLE001 - one message must not stop the others; its content is not logged
            _LOG.error("a message at %s could not be taken: %s", receiver.path, type(exc).__name__)
            raise _refused(500, "The message could not be taken.", "error") from None
        finally:
            self._working -= 1
            self._metrics.queue.set(self._working)

    def _response(self, reply: Reply) -> Response:
        response = Response(reply.body, reply.status, media_type=None, headers={"content-type": reply.content_type})
        if reply.status == 401:
            response.headers["www-authenticate"] = _CHALLENGE
        if reply.status in _RETRY_S:
            response.headers["retry-after"] = _RETRY_S[reply.status]
        if reply.status in (408, 413, 503):
            response.headers["connection"] = "close"  # what is still sent is not waited for
        return response
