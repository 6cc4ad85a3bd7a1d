"""What all simulators share: an HTTP server on loopback, a log of requests, injected faults, a control path.

A simulator is a function from `Request` to `Response` (plain or async), or any ASGI application wrapped by `from_asgi`.
`Server` puts the log, the faults and `/_sim/` around it. The control path serves other processes:

- `GET /_sim/log?after=N`, `GET /_sim/counters?after=N`, `DELETE /_sim/log`
- `GET|POST|DELETE /_sim/faults` (see `Faults.load`)
- `GET /_sim/clock`, `POST /_sim/clock` with `{"advance": SECONDS}`
- everything else goes to the simulator's own `control` function.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import socket
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, unquote

import orjson
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulators.clock import SimClock
from simulators.faults import Faults, Rule
from simulators.log import Entry, RequestLog

__all__ = ["Entry", "Faults", "Request", "RequestLog", "Response", "Rule", "Server", "SimClock", "from_asgi"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Scope = MutableMapping[str, Any]


@dataclass(slots=True)
class Request:
    """One HTTP request, read whole.

    Attributes:
        method: Upper case.
        path: Decoded, without query.
        query: Raw query string.
        headers: Lower-case names; of repeated headers the last.
        body: As received.
        entry: Its log entry; handlers set `writes` and `user`.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    entry: Entry

    def params(self) -> dict[str, str]:
        """Parse the query string; of repeated names the last wins."""
        return dict(parse_qsl(self.query, keep_blank_values=True)) if self.query else {}


@dataclass(slots=True)
class Response:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)
    content_type: str = "application/json;charset=UTF-8"

    @classmethod
    def json(cls, data: Any, status: int = 200, headers: list[tuple[str, str]] | None = None) -> Self:
        """Render data as JSON."""
        return cls(status, orjson.dumps(data), headers or [])


Handler = Callable[[Request], "Response | Awaitable[Response]"]
Effect = Callable[[Rule, Request, "Response | None"], "Response | None"]
Check = Callable[[Request, Response], list[str]]


def from_asgi(app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> Handler:
    """Wrap an ASGI application (Starlette) as a handler."""

    async def handle(request: Request) -> Response:
        response = Response(500)

        async def receive() -> Message:
            return {"type": "http.request", "body": request.body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                response.status = message["status"]
                pairs = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message.get("headers", [])]
                response.content_type = next((v for k, v in pairs if k == "content-type"), "")
                response.headers = [(k, v) for k, v in pairs if k not in ("content-type", "content-length")]
            else:
                response.body += message.get("body", b"")

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http",
            "method": request.method, "path": request.path, "raw_path": request.path.encode(), "root_path": "",
            "query_string": request.query.encode("latin-1"), "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 0), "extensions": {}, "state": {},
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in request.headers.items()],
        }  # fmt: skip
        await app(scope, receive, send)
        return response

    return handle


class Server:
    """Runs a simulator in a thread, on loopback only.

    Args:
        handler: Answers requests.
        port: 0 for any free port.
        clock: Simulated time; real time when not given.
        seed: Of the faults' probabilities.
        control: Answers `/_sim/...` paths the server itself does not know; `None` from it means 404.
        error: Renders the vendor's error for an injected HTTP status.
        effects: Fault kinds of this simulator: called before the request is handled (answer `None` to go on) with no
            response, or after it with the response.
        checks: Contract validators: what they find goes into the log entry's `problems`.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        port: int = 0,
        clock: SimClock | None = None,
        seed: int = 0,
        control: Callable[[Request], Response | None] | None = None,
        error: Callable[[int], Response] | None = None,
        effects: dict[str, Effect] | None = None,
        checks: list[Check] | None = None,
    ) -> None:
        self.clock = clock or SimClock()
        self.log = RequestLog()
        self.faults = Faults(seed)
        self.checks = checks or []
        self.skew = 0.0
        self._handler = handler
        self._control = control
        self._error = error or (lambda status: Response(status, b'{"error":"injected"}'))
        self._effects = effects or {}
        for kind in self._effects:
            self.faults.register(kind)
        self._port = port
        self._lock = threading.RLock()
        self._last: dict[tuple[str, str], Response] = {}
        self._transports: dict[Any, asyncio.Transport] = {}
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def lock(self) -> threading.RLock:
        """Return the lock that is held while a request is handled; hold it to change the simulator from outside."""
        return self._lock

    def start(self) -> Self:
        """Bind and answer; returns when requests are accepted.

        Raises:
            RuntimeError: The server did not come up within ten seconds.
        """
        # With the protocol named, asyncio sets TCP_NODELAY; without it every answer waits 40 ms for an acknowledgement.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self._port))
        self._port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self, http=self._protocol(), loop="asyncio", lifespan="off", ws="none", log_config=None,
            access_log=False, date_header=False, server_header=False, timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        config.load()
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name=f"simulator-{self._port}", daemon=True
        )
        self._thread.start()
        limit = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > limit or not self._thread.is_alive():
                msg = f"simulator on port {self._port} did not start"
                raise RuntimeError(msg)
            time.sleep(0.002)
        return self

    def stop(self) -> None:
        """Close all connections and end the thread."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
            self._server = self._thread = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _protocol(self) -> type[HttpToolsProtocol]:
        """Let the server find a request's connection, to close it without an answer."""
        transports = self._transports

        class Protocol(HttpToolsProtocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                transports[transport.get_extra_info("peername")] = transport
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                transports.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        return Protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI request."""
        body = await _body(receive)
        if body is None:
            return
        method, path = scope["method"], unquote(scope["raw_path"].decode("latin-1").partition("?")[0])
        query = scope["query_string"].decode("latin-1")
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if path.startswith("/_sim/"):
            quiet = Entry(0, 0.0, method, path, query)
            with self._lock:
                await _send(send, self._controlled(Request(method, path, query, headers, body, quiet)))
            return
        entry = self.log.open(self.clock.now(), method, path, query)
        entry.request_size = len(body)
        request = Request(method, path, query, headers, body, entry)
        rules = self.faults.match(method, path, query)
        entry.fault = ",".join(rule.kind for rule in rules)
        response = await self._answer(request, rules)
        if response is None:
            await self._drop(scope, receive)
            return
        entry.status = response.status
        entry.response_size = len(response.body)
        shift = self.skew + sum(rule.seconds for rule in rules if rule.kind == "skew")
        response.headers.append(("date", self.clock.http_date(shift)))
        cut = next((rule for rule in rules if rule.kind == "truncate"), None)
        if cut is None:
            await _send(send, response, head=method == "HEAD")
        else:
            await self._send_part(scope, receive, send, response, cut.keep)

    async def _answer(self, request: Request, rules: list[Rule]) -> Response | None:
        """Handle a request under its faults; `None` when no answer is to be sent."""
        for rule in rules:
            if rule.kind == "latency":
                await asyncio.sleep(rule.seconds)
            elif rule.kind == "timeout_before":
                await asyncio.sleep(rule.seconds)
                return None
            elif rule.kind in ("status", "throttle"):
                return self._refusal(rule)
            elif rule.kind == "call":
                self._call(rule)
            elif rule.kind == "duplicate" and (request.method, request.path) in self._last:
                last = self._last[request.method, request.path]
                return Response(last.status, last.body, list(last.headers), last.content_type)
            elif rule.kind in self._effects:
                with self._lock:
                    early = self._effects[rule.kind](rule, request, None)
                if early is not None:
                    return early
        return await self._spoilt(request, await self._handle(request), rules)

    async def _spoilt(self, request: Request, response: Response, rules: list[Rule]) -> Response | None:
        """Apply the faults that hit a request after it was carried out."""
        for rule in rules:
            if rule.kind == "timeout_after":
                await asyncio.sleep(rule.seconds)
                return None
            if rule.kind == "call_after":
                self._call(rule)
            elif rule.kind == "content_type":
                response.content_type = rule.text or "text/html"
            elif rule.kind == "body":
                response.body = rule.text.encode()
            elif rule.kind in self._effects:
                response = self._effects[rule.kind](rule, request, response) or response
        return response

    def _call(self, rule: Rule) -> None:
        if rule.call is not None:
            with self._lock:
                rule.call()

    async def _handle(self, request: Request) -> Response:
        with self._lock:
            answer = self._handler(request)
            response = answer if isinstance(answer, Response) else None
        if response is None:
            assert inspect.isawaitable(answer)
            response = await answer
        if any(rule.kind == "duplicate" for rule in self.faults.rules) and response.status == 200:
            copy = Response(response.status, response.body, list(response.headers), response.content_type)
            self._last[request.method, request.path] = copy
        for check in self.checks:
            request.entry.problems += check(request, response)
        return response

    def _refusal(self, rule: Rule) -> Response:
        response = self._error(rule.status)
        if rule.text:
            response.body = rule.text.encode()
        if rule.retry_after >= 0:
            soon = self.clock.http_date(rule.retry_after) if rule.http_date else f"{rule.retry_after:g}"
            response.headers.append(("Retry-After", soon))
        return response

    async def _drop(self, scope: Scope, receive: Receive) -> None:
        transport = self._transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass

    async def _send_part(self, scope: Scope, receive: Receive, send: Send, response: Response, keep: float) -> None:
        await send({"type": "http.response.start", "status": response.status, "headers": _headers(response)})
        part = response.body[: int(len(response.body) * keep)]
        await send({"type": "http.response.body", "body": part, "more_body": True})
        transport = self._transports.get(tuple(scope["client"]))
        if transport is not None:
            transport.close()
        while (await receive())["type"] != "http.disconnect":
            pass

    def _controlled(self, request: Request) -> Response:
        """Answer a control request."""
        part, params = request.path.removeprefix("/_sim/"), request.params()
        with contextlib.suppress(KeyError):
            return self._builtin(request.method, part, int(params.get("after", "0")), request.body)
        response = self._control(request) if self._control is not None else None
        return response or Response.json({"error": f"no control path {request.path}"}, 404)

    def _builtin(self, method: str, part: str, after: int, body: bytes) -> Response:
        if (method, part) == ("GET", "log"):
            return Response(200, self.log.dump(after))
        if (method, part) == ("GET", "counters"):
            return Response.json(self.log.counters(after))
        if (method, part) == ("DELETE", "log"):
            self.log.clear()
        elif (method, part) == ("GET", "faults"):
            return Response.json([{**asdict(rule), "call": None} for rule in self.faults.rules])
        elif (method, part) == ("POST", "faults"):
            try:
                self.faults.load(orjson.loads(body))
            except (ValueError, TypeError) as problem:
                return Response.json({"error": str(problem)}, 400)
        elif (method, part) == ("DELETE", "faults"):
            self.faults.clear()
        elif (method, part) == ("POST", "clock"):
            self.clock.advance(float(orjson.loads(body)["advance"]))
        elif (method, part) != ("GET", "clock"):
            raise KeyError(part)
        return Response.json({"now": self.clock.now()})


async def _body(receive: Receive) -> bytes | None:
    """Read a request body whole; `None` when the client went away."""
    message = await receive()
    if message["type"] != "http.request":
        return None
    if not message.get("more_body"):
        return bytes(message.get("body", b""))
    parts = [message.get("body", b"")]
    while message.get("more_body"):
        message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
    return b"".join(parts)


def _headers(response: Response) -> list[tuple[bytes, bytes]]:
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    if response.content_type and response.status != 204:
        pairs.append((b"content-type", response.content_type.encode("latin-1")))
    if response.status != 204:
        pairs.append((b"content-length", str(len(response.body)).encode()))
    return pairs


async def _send(send: Send, response: Response, *, head: bool = False) -> None:
    await send({"type": "http.response.start", "status": response.status, "headers": _headers(response)})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
