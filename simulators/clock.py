"""The simulated system's clock: real time plus an offset, or standing still."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email.utils import formatdate


class SimClock:
    """Time as the simulated system sees it.

    Args:
        start: UTC moment `YYYY-MM-DD HH:MM:SS` (or with `T`/`Z`) at which the clock starts; real time when empty.
        frozen: The clock moves only by `advance`.
    """

    def __init__(self, start: str = "", *, frozen: bool = False) -> None:
        self._origin = time.time()
        moment = datetime.fromisoformat(start) if start else None
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        self._base = moment.timestamp() if moment else self._origin
        self._frozen = frozen
        self._text = (0, "")
        self._http = (0, "")

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self._base if self._frozen else self._base + time.time() - self._origin

    def advance(self, seconds: float) -> None:
        """Move the clock on (or back, with a negative number)."""
        self._base += seconds

    def text(self, shift: float = 0.0) -> str:
        """Render now, plus `shift` seconds, as `YYYY-MM-DD HH:MM:SS` in UTC, cut to the second."""
        second = int(self.now() + shift)
        if self._text[0] != second:
            self._text = (second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%d %H:%M:%S"))
        return self._text[1]

    def http_date(self, shift: float = 0.0) -> str:
        """Render now, plus `shift` seconds, as an HTTP date."""
        second = int(self.now() + shift)
        if self._http[0] != second:
            self._http = (second, formatdate(second, usegmt=True))
        return self._http[1]
