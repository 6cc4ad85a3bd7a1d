"""The request budget."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from connectors.budget import LocalBudget
from connectors.kit import FakeClock


def _budget(clock: FakeClock, per_second: float = 2, burst: int = 4) -> LocalBudget:
    return LocalBudget(per_second=per_second, burst=burst, now=clock.exact, sleep=clock.sleep)


def test_burst_then_rate() -> None:
    """The burst goes at once, then the rate holds."""
    clock = FakeClock(0)
    budget = _budget(clock)

    for _ in range(4):
        budget.take()
    assert clock.slept == []
    for _ in range(6):
        budget.take()

    assert clock.exact() == pytest.approx(3.0)


def test_rest_refills_no_more_than_the_burst() -> None:
    """A long rest is worth one burst."""
    clock = FakeClock(0)
    budget = _budget(clock)
    budget.take(4)
    clock.sleep(1000)
    clock.slept.clear()

    for _ in range(5):
        budget.take()

    assert sum(clock.slept) == pytest.approx(0.5)


def test_count_is_charged() -> None:
    """Several at once cost as much as one by one."""
    clock = FakeClock(0)
    budget = _budget(clock)

    budget.take(4)
    budget.take(4)

    assert clock.exact() == pytest.approx(2.0)


def test_pause_stops_everybody_and_never_shortens() -> None:
    """After 429 nobody sends for the time asked for; a shorter pause does not end a longer one."""
    clock = FakeClock(0)
    budget = _budget(clock)

    budget.pause(timedelta(seconds=30))
    budget.pause(timedelta(seconds=5))
    budget.take()

    assert clock.exact() == pytest.approx(30)


def test_pause_during_a_wait_is_honoured() -> None:
    """A caller that already waits learns of a pause."""
    clock = FakeClock(0)

    def sleep(seconds: float) -> None:
        if not clock.slept:
            budget.pause(timedelta(seconds=60))
        clock.sleep(seconds)

    budget = LocalBudget(per_second=1, burst=1, now=clock.exact, sleep=sleep)
    budget.take()
    budget.take()

    assert clock.exact() == pytest.approx(60)


def test_shared_between_threads() -> None:
    """Many threads together get no more than the rate."""
    clock = FakeClock(0)
    budget = _budget(clock, per_second=10, burst=1)

    def work() -> None:
        for _ in range(20):
            budget.take()

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert clock.exact() >= 9.9 - 1e-6


def test_senseless_rate_is_refused() -> None:
    """A rate of zero would wait for ever."""
    with pytest.raises(ValueError, match="positive"):
        LocalBudget(per_second=0, burst=1, now=float, sleep=lambda _s: None)
