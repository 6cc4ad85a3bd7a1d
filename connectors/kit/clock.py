"""A clock that moves only when somebody sleeps."""

from __future__ import annotations

import threading
import time


class FakeClock:
    """Implements `synchub.ports.Clock` without waiting.

    Args:
        start: Seconds since 1970 UTC; the real time when None, so that a simulator's `Date` header agrees.
        most: Waits after which a check ends: what waits so often never gives up.

    Attributes:
        slept: Every wait asked for, in seconds, in order.
    """

    def __init__(self, start: float | None = None, *, most: int = 1000) -> None:
        self._time = time.time() if start is None else start
        self._most = most
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> int:
        """Seconds since 1970 UTC."""
        return int(self._time)

    def exact(self) -> float:
        """Seconds with fractions, for a rate budget."""
        return self._time

    def sleep(self, seconds: float) -> None:
        """Move on at once."""
        with self._lock:
            self.slept.append(seconds)
            self._time += max(seconds, 0)
        assert len(self.slept) <= self._most, f"waited {self._most} times: it never gives up"
