"""A request budget within one process: a token bucket per credential."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta


class LocalBudget:
    """Token bucket that implements `synchub.ports.RateBudget`; safe to share between threads.

    Waiting callers are served in the order in which they came: each books its place before it sleeps.

    Args:
        per_second: Requests that may be sent per second in the long run.
        burst: Requests that may be sent at once after a rest.
        now: A clock that never goes back, seconds with fractions (`time.monotonic`).
        sleep: Waits; must move `now` on.
    """

    def __init__(
        self, *, per_second: float, burst: int, now: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        if per_second <= 0 or burst < 1:
            msg = f"a budget needs a positive rate and burst, not {per_second} and {burst}"
            raise ValueError(msg)
        self._interval = 1 / per_second
        self._slack = (burst - 1) * self._interval
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._free_at = now()  # when the bucket is full again, less the burst (generic cell rate algorithm)
        self._paused_until = self._free_at

    def take(self, count: int = 1) -> None:
        """Wait until `count` requests may be sent.

        A pause that begins while this waits is honoured too. More than the burst at once costs its time.
        """
        with self._lock:
            now = self._now()
            start = max(self._free_at, now)
            self._free_at = start + count * self._interval
            ready = max(self._free_at - self._interval - self._slack, now)
        while True:
            with self._lock:
                wait = max(ready, self._paused_until) - self._now()
            if wait <= 0:
                return
            self._sleep(wait)

    def pause(self, wait: timedelta) -> None:
        """Stop everybody for a while; a shorter pause never ends a longer one."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._now() + wait.total_seconds())


class Unlimited:
    """A budget without limits, for files and tests."""

    def take(self, count: int = 1) -> None:
        """Return at once."""

    def pause(self, wait: timedelta) -> None:
        """Do nothing."""
