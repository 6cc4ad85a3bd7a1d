"""The retry policy."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.kit import FakeClock
from connectors.retry import RetryPolicy, call
from synchub.errors import ConnectorError, NotFound, RateLimited, Unavailable


class _Failing:
    """Fails so many times, then answers."""

    def __init__(self, *errors: ConnectorError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def _down(**context: Any) -> Unavailable:
    return Unavailable("503: down.", where="x", **context)


def test_repeats_until_it_succeeds() -> None:
    """Waits grow, stay jittered, and the result comes back."""
    clock, function = FakeClock(), _Failing(_down(), _down(), _down())

    assert call(function, policy=RetryPolicy(), clock=clock, idempotent=True, chance=lambda: 0.5) == "done"
    assert clock.slept == [0.75, 1.5, 3.0]


def test_bounded_by_attempts() -> None:
    """After the last attempt the last error comes, and says how often was tried."""
    function = _Failing(*(_down() for _ in range(10)))

    with pytest.raises(Unavailable, match="Tried 3 times") as caught:
        call(function, policy=RetryPolicy(attempts=3), clock=FakeClock(), idempotent=True)

    assert function.calls == 3
    assert caught.value.context["attempts"] == 3


def test_bounded_by_time() -> None:
    """A wait that would go beyond the total is not begun."""
    clock, function = FakeClock(), _Failing(*(RateLimited("429", retry_after=timedelta(seconds=50)) for _ in range(9)))

    with pytest.raises(RateLimited):
        call(function, policy=RetryPolicy(attempts=9, total=timedelta(seconds=120)), clock=clock, idempotent=True)

    assert function.calls == 3
    assert sum(clock.slept) <= 120


def test_wait_longer_than_the_total_fails_at_once() -> None:
    """A system that asks for an hour is not waited for; the caller learns how long it asked."""
    clock, function = FakeClock(), _Failing(RateLimited("429", retry_after=timedelta(hours=1)))

    with pytest.raises(RateLimited) as caught:
        call(function, policy=RetryPolicy(), clock=clock, idempotent=True)

    assert (function.calls, clock.slept) == (1, [])
    assert caught.value.retry_after == timedelta(hours=1)


@pytest.mark.parametrize(
    "error", [RateLimited("429", retry_after=timedelta(seconds=7)), _down(retry_after=timedelta(seconds=7))]
)
def test_never_earlier_than_asked(error: ConnectorError) -> None:
    """The wait asked for is kept, also with 503."""
    clock = FakeClock()

    call(_Failing(error), policy=RetryPolicy(), clock=clock, idempotent=True, chance=lambda: 0.0)

    assert clock.slept == [7.0]


@pytest.mark.parametrize(
    ("error", "calls"), [(_down(sent=True), 1), (_down(), 1), (_down(sent=False), 2), (RateLimited("429"), 2)]
)
def test_not_idempotent(error: ConnectorError, calls: int) -> None:
    """A call that must not happen twice is repeated only when the system certainly did nothing."""
    function = _Failing(error)
    clock = FakeClock()

    if calls == 1:
        with pytest.raises(Unavailable):
            call(function, policy=RetryPolicy(), clock=clock, idempotent=False)
    else:
        assert call(function, policy=RetryPolicy(), clock=clock, idempotent=False) == "done"
    assert function.calls == calls


def test_lasting_errors_are_not_repeated() -> None:
    """What will not pass later is raised at once."""
    function = _Failing(NotFound("404"))

    with pytest.raises(NotFound):
        call(function, policy=RetryPolicy(), clock=FakeClock(), idempotent=True)

    assert function.calls == 1
