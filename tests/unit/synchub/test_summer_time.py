"""Schedules over both switches of summer time: no run is missed, none comes twice."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from synchub.settings.schedule import next_run

_SWITCHES = [("Europe/Berlin", 2026, 3, 29), ("Europe/Berlin", 2026, 10, 25),
             ("America/New_York", 2026, 3, 8), ("America/New_York", 2026, 11, 1)]  # fmt: skip


def runs(cron: str, zone: str, start: datetime, days: int) -> list[int]:
    """List the runs from midnight on, as whoever waits for the next one sees them."""
    now = int(start.timestamp()) - 1
    end, found = now + days * 86_400 + 7200, []
    while (at := next_run(cron, zone, now)) is not None and at < end:
        assert at > now
        found.append(at)
        now = at
    return found


@pytest.mark.parametrize(("zone", "year", "month", "day"), _SWITCHES)
def test_a_daily_run_in_the_hour_of_the_switch_comes_once_a_day(zone: str, year: int, month: int, day: int) -> None:
    """Left out or doubled, 02:30 and 01:30 come once on each day."""
    start = datetime(year, month, day - 1 if day > 1 else day, tzinfo=ZoneInfo(zone))
    for cron in ("30 2 * * *", "30 1 * * *"):
        days = [datetime.fromtimestamp(at, ZoneInfo(zone)).date() for at in runs(cron, zone, start, 3)]
        assert len(days) == len(set(days))
        assert (max(days) - min(days)).days == len(days) - 1
