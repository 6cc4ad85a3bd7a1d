"""How much the server believes, takes at once and waits for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; each has a test that breaks it.

    Attributes:
        connections: Open at once; further requests get 503.
        head_s: A request line with its headers arrives within this time, else the connection is closed.
        body_s: A body arrives within this time, else 408.
        idle_s: A connection without a request is kept this long.
        per_second: Requests to receivers in the long run; beyond 429.
        burst: Requests at once after a rest.
        buffered_bytes: Bodies in memory together; beyond 503.
        workers: Messages that are unpacked and stored at once.
        queue: Messages that wait for that; beyond 503.
        state_s: Health and metrics wait this long for the state.
        fresh_s: What was read from the state is shown this long.
    """

    connections: int = 500
    head_s: float = 10
    body_s: float = 60
    idle_s: int = 15
    per_second: float = 100
    burst: int = 500
    buffered_bytes: int = 256 * MIB
    workers: int = 2
    queue: int = 64
    state_s: float = 5
    fresh_s: float = 30


DEFAULT = Limits()


class Bucket:
    """Lets so many pass per second in the long run.

    Args:
        per_second: In the long run.
        burst: At once after a rest.
        now: Monotonic seconds.
    """

    def __init__(self, per_second: float, burst: int, now: Callable[[], float]) -> None:
        self._rate, self._burst, self._now = per_second, burst, now
        self._left, self._at = float(burst), now()

    def take(self) -> bool:
        """Take one; False when none is left."""
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
