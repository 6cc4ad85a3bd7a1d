"""When a schedule runs next."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_HORIZON = 8 * 86_400
_RUNS = 14


def is_cron(cron: str) -> bool:
    """Tell whether this is a cron expression.

    >>> is_cron("15 */4 * * *"), is_cron("99 * * * *")
    (True, False)
    """
    try:
        CronSim(cron, datetime(2026, 1, 1, tzinfo=UTC))
    except CronSimError:
        return False
    return True


def next_run(cron: str, zone: str, now: int) -> int | None:
    """Return the next moment of a schedule after `now`, seconds since 1970 UTC; None: there is none.

    Args:
        cron: Five fields, in the hub's zone; hours that the change to summer time leaves out run right after it.
        zone: Name of the zone; an unknown one counts as UTC, as it is shown.
        now: Seconds since 1970 UTC.

    >>> next_run("15 */4 * * *", "UTC", 1_800_000_000) - 1_800_000_000
    900
    """
    try:
        place: tzinfo = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        place = UTC
    try:
        return int(next(CronSim(cron, datetime.fromtimestamp(now, place))).timestamp())
    except (CronSimError, StopIteration):
        return None


def longest_gap(cron: str, zone: str, now: int) -> int:
    """Return the most seconds between two runs of a schedule, as far as the next eight days and fourteen runs show.

    >>> longest_gap("0 8-18 * * *", "UTC", 1_800_000_000) // 3600
    14
    """
    gap, before, count = 0, next_run(cron, zone, now), 0
    first = before or now
    while before is not None and (count < _RUNS or before - first < _HORIZON):
        following = next_run(cron, zone, before)
        gap = max(gap, (following or before) - before)
        before, count = following, count + 1
    return gap
