"""Where the next read of changes starts."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from synchub.domain.clocks import trusted
from synchub.ports import Clock


def timed(server_now: int, clock: Clock) -> bool:
    """Tell whether changes may be read by the server's clock; when not, everything is read and no cursor is kept.

    Args:
        server_now: What the server said, seconds since 1970 UTC; 0: nothing.
        clock: Ours; it never becomes a cursor.
    """
    return bool(server_now) and trusted(server_now - clock.now())


class Cursor(NamedTuple):
    """Where a read of changes starts: server's time of the last read and of the last full one; what was asked for."""

    since: int
    full: int
    scope: str

    def text(self) -> str:
        """Write it down."""
        return orjson.dumps(self._asdict()).decode()

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """Read it back; None when there is none or it is not one of ours, which means a full read."""
        try:
            found = cls(**orjson.loads(text or ""))
        except (orjson.JSONDecodeError, TypeError):
            return None
        return found if type(found.since) is int and type(found.full) is int else None
