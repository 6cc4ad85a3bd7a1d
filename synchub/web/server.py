"""The server in a thread of its own, so that what schedules the flows keeps the main one."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from ssl import SSLError
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from synchub.errors import ConfigError
from synchub.settings.serve import Tls
from synchub.web.app import Web
from synchub.web.limits import DEFAULT, Limits
from synchub.wiring import Hub

_START_S = 10


def _protocol(limits: Limits) -> type[H11Protocol]:
    """Close connections whose request does not arrive; uvicorn waits for ever for one that has begun."""

    class Protocol(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            cycle: Any = self.cycle  # None before the first request, whatever it is declared as
            if cycle is None or cycle.response_complete:
                self._wait()  # of the next request a part is here, not the whole head
            else:
                self._stop()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def on_response_complete(self) -> None:
            self._stop()  # idle from here on: uvicorn's own time limit
            super().on_response_complete()

        def _wait(self) -> None:
            if self._timer is None:
                self._timer = self.loop.call_later(limits.head_s, self.transport.abort)

        def _stop(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    return Protocol


class Server:
    """Answers until it is stopped.

    Attributes:
        url: Where it answers.
    """

    def __init__(self, web: Web, listening: socket.socket, tls: Tls | None, base_dir: Path, limits: Limits) -> None:
        host, port = listening.getsockname()[:2]
        self.url = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
        self._web, self._listening = web, listening
        files: dict[str, Any] = {"ssl_certfile": base_dir / tls.cert, "ssl_keyfile": base_dir / tls.key} if tls else {}
        config = uvicorn.Config(
            web.app, http=_protocol(limits), loop="asyncio", lifespan="off", ws="none", log_config=None,
            access_log=False, server_header=False, proxy_headers=False, limit_concurrency=limits.connections,
            timeout_keep_alive=limits.idle_s, timeout_graceful_shutdown=10, h11_max_incomplete_event_size=32_768,
            **files,
        )  # fmt: skip
        try:
            config.load()
        except (OSError, SSLError) as exc:
            raise ConfigError(
                f"the certificate cannot be used: {exc.strerror or type(exc).__name__}.", where="serve.tls",
                fix="Give cert and key of one certificate as PEM files that the hub may read.",
            ) from None  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listening]}, name="web", daemon=True
        )

    def start(self) -> None:
        """Answer from here on.

        Raises:
            ConfigError: It did not come up.
        """
        self._thread.start()
        limit = time.monotonic() + _START_S
        while not self._server.started:
            if time.monotonic() > limit or not self._thread.is_alive():
                raise ConfigError("the server did not start.", where="serve", fix="Run it with --debug.")
            time.sleep(0.005)

    def stop(self) -> None:
        """Finish what is being answered, then end."""
        self._server.should_exit = True
        self._thread.join(timeout=15)
        self._listening.close()
        self._web.close()


@contextmanager
def serving(hub: Hub, limits: Limits = DEFAULT) -> Iterator[Server | None]:
    """Serve a hub as configured; None where `listen` is off.

    Raises:
        ConfigError: The address is taken, or a secret, certificate or folder cannot be used.
    """
    block = hub.loaded.settings.serve
    if block.address is None:
        yield None
        return
    token = None if block.metrics_token is None else hub.resolve(block.metrics_token)
    listening = _listen(*block.address)
    try:
        with hub.receivers() as receivers:
            web = Web(hub, receivers, token, limits)
            tls = block.tls if isinstance(block.tls, Tls) else None
            server = Server(web, listening, tls, hub.loaded.base_dir, limits)
            server.start()
            try:
                yield server
            finally:
                server.stop()
    finally:
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        listening = socket.create_server(address[:2], family=family, backlog=256)
    except OSError as exc:
        raise ConfigError(
            f"{host}:{port} cannot be listened on: {exc.strerror}.", where="serve.listen",
            fix="Set serve: {listen: 127.0.0.1:PORT} to a free port, or listen: off.",
        ) from None  # fmt: skip
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
