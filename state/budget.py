"""One request budget per credential, shared by every process that works on a state.

The books are a row per credential: the moment from which the next request may leave at a steady rate (generic cell
rate algorithm), in the database's time. So that a request does not cost a transaction, tokens are taken a few at a
time; each is good for a quarter of a second beyond its moment, so nobody saves them up, and those of a process that
died are simply gone. In any stretch of time no more requests leave than rate times (stretch + a quarter of a second),
plus the burst.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from state.db import Database, Tx

_AHEAD_S = 0.2  # worth of tokens taken at a time
_MOST = 64  # tokens taken at a time
_GOOD_S = 0.25  # how long a token can be used after its moment
_LOOK_S = 0.5  # at most between two looks while urgent requests go first


def database_micros(tx: Tx) -> str:
    """Return the expression for the database's time in microseconds since 1970 UTC."""
    if tx.postgres:
        return "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)"
    return "cast((julianday('now') - 2440587.5) * 86400000 as integer) * 1000"  # SQLite's clock counts milliseconds


def label(credential: str) -> str:
    """Name a credential without saying it: what stands before the first colon, and a digest.

    >>> label("jira:ann@corp.example")
    'jira:714ccd041ab465f4'
    """
    digest = hashlib.blake2b(credential.encode(), digest_size=8).hexdigest()
    return f"{credential.partition(':')[0][:40]}:{digest}"


@dataclass(slots=True)
class _Tokens:
    """Tokens in hand: `left` of them, the first good from `next_at` on, then one per interval; monotonic seconds."""

    left: int = 0
    next_at: float = 0.0
    taken_at: float = 0.0


class SharedBudget:
    """Implements `synchub.ports.RateBudget` over the state; safe to share between threads.

    Args:
        database: The state database.
        credential: Whose budget; stored as `label` says.
        per_second: Requests that may be sent per second in the long run, by all processes together.
        burst: Requests that may be sent at once after a rest.
        now: A clock that never goes back, seconds with fractions (`time.monotonic`).
        sleep: Waits; must move `now` on.
        urgent: Goes before those that are not, as soon as the tokens they hold are used.
    """

    def __init__(
        self, database: Database, credential: str, *, per_second: float, burst: int, now: Callable[[], float],
        sleep: Callable[[float], None], urgent: bool = False,
    ) -> None:  # fmt: skip
        if per_second <= 0 or burst < 1:
            msg = f"a budget needs a positive rate and burst, not {per_second} and {burst}"
            raise ValueError(msg)
        self._db, self._label, self._urgent = database, label(credential), urgent
        self._interval = 1 / per_second
        self._slack = (burst - 1) * self._interval
        self._size = min(_MOST, max(1, int(per_second * _AHEAD_S)))
        self._now, self._sleep = now, sleep
        self._lock = threading.Lock()
        self._tokens = _Tokens()
        self._paused_until = 0.0
        self._known = False

    def take(self, count: int = 1) -> None:
        """Wait until `count` requests may be sent; see `synchub.ports.RateBudget`.

        Raises:
            StateError: The database does not answer.
        """
        ready = max(self._book() for _ in range(count)) if count > 0 else 0.0
        while (wait := max(ready, self._paused_until) - self._now()) > 0:
            self._sleep(wait)

    def pause(self, wait: timedelta) -> None:
        """Stop every process for a while, this one at once, the others with their next tokens.

        Raises:
            StateError: The database does not answer.
        """
        with self._lock:
            self._paused_until = max(self._paused_until, self._now() + wait.total_seconds())
            self._tokens.left = 0
        micros = int(wait.total_seconds() * 1_000_000)
        with self._db.begin(fenced=False) as tx:
            self._ensure(tx)
            until = f"{database_micros(tx)} + ?"
            tx.run(
                f"update budget set paused_until={until} where credential=? and paused_until<{until}",
                (micros, self._label, micros),
            )

    def _book(self) -> float:
        """Take one token; returns from when on it is good."""
        with self._lock:
            while True:
                tokens, now = self._tokens, self._now()
                old = now - _GOOD_S
                if tokens.left and tokens.taken_at < old and tokens.next_at < old:  # not used in time: gone
                    gone = min(tokens.left, int((old - tokens.next_at) / self._interval) + 1)
                    tokens.left -= gone
                    tokens.next_at += gone * self._interval
                if tokens.left:
                    ready = tokens.next_at
                    tokens.left -= 1
                    tokens.next_at += self._interval
                    return ready
                if wait := self._fetch():
                    self._sleep(min(wait, _LOOK_S))

    def _fetch(self) -> float:
        """Take tokens out of the books; returns how long to wait before the next try, 0 when there are some."""
        size, interval = self._size, self._interval * 1_000_000
        with self._db.begin(fenced=False) as tx:
            if not self._known:
                self._ensure(tx)
            now = database_micros(tx)
            free = "" if self._urgent else f" and urgent_until<={now}"
            row = tx.first(
                f"update budget set ready_at=(case when ready_at<{now} then {now} else ready_at end) + ?"
                f" where credential=?{free} returning ready_at, paused_until, {now}",
                (int(size * interval), self._label),
            )
            self._known = True
            if row is None:
                urgent = tx.value(f"select urgent_until - {now} from budget where credential=?", (self._label,))
                return max(int(urgent or 0), 1000) / 1_000_000
            behind, paused, moment = (int(value) for value in row)
            first = behind - int(size * interval) - int(self._slack * 1_000_000)
            if self._urgent and first > moment:
                tx.run("update budget set urgent_until=? where credential=?", (behind, self._label))
        here = self._now()
        self._tokens = _Tokens(size, here + (first - moment) / 1_000_000, here)
        if paused > moment:
            self._paused_until = max(self._paused_until, here + (paused - moment) / 1_000_000)
        return 0.0

    def _ensure(self, tx: Tx) -> None:
        tx.run(
            "insert into budget(credential, ready_at, paused_until, urgent_until) values (?,0,0,0)"
            " on conflict do nothing",
            (self._label,),
        )
