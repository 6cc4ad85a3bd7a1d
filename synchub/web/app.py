"""The routes: receivers, `/healthz`, `/healthz/ready`, `/metrics`."""

from __future__ import annotations

import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from synchub.errors import HubError
from synchub.ports import Receiver
from synchub.web.limits import DEFAULT, Limits
from synchub.web.metrics import CONTENT_TYPE, Metrics, snapshot
from synchub.web.receiving import Desk
from synchub.web.state import Cached, readiness
from synchub.wiring import Hub

Endpoint = Callable[[Request], Awaitable[Response]]


class Web:
    """The application of one hub.

    Args:
        hub: Whose state is shown.
        receivers: What is received.
        token: What `/metrics` and `/healthz/ready` ask for; None: nothing.
        limits: See `Limits`.
    """

    def __init__(
        self, hub: Hub, receivers: Sequence[Receiver], token: str | None = None, limits: Limits = DEFAULT
    ) -> None:
        self._receivers = receivers
        self._token = None if token is None else sha256(f"bearer {token}".encode()).digest()
        self._metrics = Metrics()
        self._desk = Desk(limits, self._metrics)
        self._ready = Cached(lambda: readiness(hub), limits.fresh_s, limits.state_s, time.monotonic)
        self._seen = Cached(lambda: snapshot(hub), limits.fresh_s, limits.state_s, time.monotonic)
        self.app = Starlette(
            routes=[
                self._route("/healthz", self._health),
                self._route("/healthz/ready", self._readiness, private=True),
                self._route("/metrics", self._show_metrics, private=True),
                *(self._receiving(receiver) for receiver in receivers),
            ],
            exception_handlers={404: self._unknown, 405: self._unknown},
        )

    def close(self) -> None:
        """Finish what is being stored."""
        self._desk.close()
        self._ready.close()
        self._seen.close()

    def _route(self, path: str, endpoint: Endpoint, *, private: bool = False) -> Route:
        async def answer(request: Request) -> Response:
            if private and not self._knows(request):
                return PlainTextResponse("unauthorised\n", 401, headers={"www-authenticate": "Bearer"})
            return await endpoint(request)

        return Route(path, self._counted(path, answer), methods=["GET"])

    def _receiving(self, receiver: Receiver) -> Route:
        async def answer(request: Request) -> Response:
            return await self._desk.take(request, receiver)

        return Route(receiver.path, self._counted(receiver.path, answer), methods=["GET", "POST"])

    def _counted(self, route: str, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            start = time.monotonic()
            response = await endpoint(request)
            self._metrics.requests.labels(route, str(response.status_code)).inc()
            self._metrics.seconds.labels(route).observe(time.monotonic() - start)
            return response

        return answer

    def _knows(self, request: Request) -> bool:
        if self._token is None:
            return True
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        given = sha256(f"{scheme.lower()} {rest.strip()}".encode("utf-8", "surrogatepass")).digest()
        return hmac.compare_digest(given, self._token)

    async def _health(self, _request: Request) -> Response:
        """Say that the process lives; asks nothing else."""
        return JSONResponse({"status": "ok"})

    async def _readiness(self, _request: Request) -> Response:
        """Say whether the hub can work."""
        try:
            found: dict[str, Any] = await self._ready.get()
        except TimeoutError:
            found = {"ready": False, "error": "timeout"}
        return JSONResponse(found, 200 if found["ready"] else 503)

    async def _show_metrics(self, _request: Request) -> Response:
        try:
            self._metrics.shown = await self._seen.get()
        except (HubError, TimeoutError):
            self._metrics.shown = None
        for receiver in self._receivers:
            self._metrics.spool.labels(receiver.path).set(receiver.waiting())
        return Response(self._metrics.render(), headers={"content-type": CONTENT_TYPE})

    async def _unknown(self, _request: Request, exc: Exception) -> Response:
        status = int(getattr(exc, "status_code", 404))
        self._metrics.requests.labels("other", str(status)).inc()
        return PlainTextResponse("there is nothing here\n", status)
