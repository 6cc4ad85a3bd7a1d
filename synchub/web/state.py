"""What the server reads from the state: in threads of its own, one at a time, and not for longer than anybody waits.

A state that hangs must keep neither agents nor the monitoring waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from state.migrate import versions
from synchub.errors import HubError
from synchub.wiring import Hub

T = TypeVar("T")


class Cached(Generic[T]):
    """A value that is dear to find.

    Args:
        find: Finds it, in a thread.
        fresh_s: How long it is good for.
        wait_s: How long somebody waits for it.
        now: Monotonic seconds.
    """

    def __init__(self, find: Callable[[], T], fresh_s: float, wait_s: float, now: Callable[[], float]) -> None:
        self._find, self._fresh_s, self._wait_s, self._now = find, fresh_s, wait_s, now
        self._threads = ThreadPoolExecutor(1, "state")
        self._running: asyncio.Future[T] | None = None
        self._found: tuple[float, T] | None = None

    async def get(self) -> T:
        """Return it.

        Raises:
            TimeoutError: It takes too long; whoever asks next waits for the same attempt.
            HubError: It could not be found.
        """
        if self._found is not None and self._now() - self._found[0] < self._fresh_s:
            return self._found[1]
        if self._running is None:
            self._running = asyncio.get_running_loop().run_in_executor(self._threads, self._find)
            self._running.add_done_callback(self._done)
        return await asyncio.wait_for(asyncio.shield(self._running), self._wait_s)

    def _done(self, running: asyncio.Future[T]) -> None:
        self._running = None
        if not running.cancelled() and running.exception() is None:
            self._found = (self._now(), running.result())

    def close(self) -> None:
        """Wait for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def readiness(hub: Hub) -> dict[str, Any]:
    """Tell whether the hub can work: the state answers and has the schema that this program needs.

    Returns:
        `{"ready", "schema": {"have", "need"}}`, with `error` (a code) where it is not ready.
    """
    have = need = None
    try:
        have, need = versions(hub.state.database.engine)
    except HubError as exc:
        return {"ready": False, "schema": {"have": have, "need": need}, "error": exc.code}
    ready = have == need
    return {"ready": ready, "schema": {"have": have, "need": need}} | ({} if ready else {"error": "schema"})
