"""Dates and moments. Where a text has two customary readings it is refused, not guessed; the map names the format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import date as Date  # noqa: N812 - `date` is the name of the normaliser in a field map
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mapping.normalise.texts import Scalar, plain

_LONGEST = 64
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]+(.+))?", re.ASCII)
_TIGHT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T?(\d{6}(?:\.\d+)?(?:Z|[+-]\d{4})?))?", re.ASCII)
_PARTS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:,? +(.+))?", re.ASCII)
_NAMED = re.compile(
    r"(?:[a-z]{3,9},? )?"
    r"(?:(\d{1,2})(?:st|nd|rd|th|\.)?[ -]([a-zä]{3,9})\.?,?[ -](\d{4})"
    r"|([a-zä]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4}))"
    r"(?:,? +(.+))?"
)
_TIME = re.compile(
    r"(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d{1,12})?)? ?([ap]\.?m\.?)? ?(z|utc|gmt|[+-]\d\d:?(?:\d\d)?)?", re.ASCII
)
_TIGHT_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(?:\.\d{1,12})?(z|[+-]\d{4})?", re.ASCII)
_NUMBER = re.compile(r"\d{9,19}(?:\.\d{1,9})?|0(?:\.0)?", re.ASCII)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,12})?Z", re.ASCII)
_MONTHS = {
    name: month
    for month, names in enumerate(
        ("jan january januar", "feb february februar", "mar march märz mrz", "apr april", "may mai", "jun june juni",
         "jul july juli", "aug august", "sep sept september", "oct october okt oktober", "nov november",
         "dec december dez dezember"), 1
    )
    for name in names.split()
}  # fmt: skip
# What systems write when they mean that nothing happened yet: .NET's and SQL's zero, the epoch, the zero of FILETIME.
_NEVER = frozenset({(1, 1, 1), (0, 0, 0), (1601, 1, 1)})
_EXCEL_ZERO = Date(1899, 12, 30)
_Reading = tuple[Date | None, str]


def _expected(what: str) -> ValueError:
    return ValueError(f"expected {what}")


def _day(year: int, month: int, day: int) -> Date | None:
    """Make a date; None for the zeros that mean *never*."""
    if (year, month, day) in _NEVER:
        return None
    if not 1900 <= year <= 9999:
        raise _expected("a date with a year from 1900 to 9999")
    try:
        return Date(year, month, day)
    except ValueError:
        raise _expected("a date that exists") from None


def _readings(
    first: int, middle: int, last: int, lengths: tuple[int, int], dayfirst: bool | None
) -> set[tuple[int, int, int]]:
    """List the customary readings (year, month, day) of three numbers."""
    if lengths[0] == 4:
        return {(first, middle, last)}
    if lengths[0] > 2 or lengths[1] not in (2, 4):
        raise _expected("a date with a day, a month and a year of four digits")
    year = last if lengths[1] == 4 else last + (1900 if last > 68 else 2000)
    orders = set()
    if dayfirst is not False:
        orders.add((year, middle, first))
    if dayfirst is not True:
        orders.add((year, first, middle))
    if dayfirst is None and lengths[1] == 2:
        orders.add((first + (1900 if first > 68 else 2000), middle, last))
    return orders


def _numeric(match: re.Match[str], dayfirst: bool | None) -> Date | None:
    found: set[Date | None] = set()
    problem = _expected("a date that exists")
    for reading in _readings(int(match[1]), int(match[3]), int(match[4]), (len(match[1]), len(match[4])), dayfirst):
        try:
            found.add(_day(*reading))
        except ValueError as error:
            problem = error
    if len(found) > 1:
        raise _expected("a date with one reading; say the order with dayfirst or formats")
    if not found:
        raise problem
    return found.pop()


def _formatted(low: str, formats: tuple[str, ...]) -> _Reading:
    """Read by the formats of the map, and by nothing else."""
    for pattern in formats:
        if pattern == "excel":
            if re.fullmatch(r"[1-9][0-9]{0,5}(?:\.[0-9]+)?", low):
                days = float(low)
                moment = datetime(1899, 12, 30) + timedelta(seconds=round(days * 86400))  # noqa: DTZ001 - zone comes later
                return moment.date(), moment.strftime("%H:%M:%S")
            continue
        try:
            read = datetime.strptime(low, pattern)  # noqa: DTZ007 - zone comes later
        except (ValueError, re.error):
            continue
        return _day(read.year, read.month, read.day), read.strftime("%H:%M:%S%z")
    raise _expected("a date written as " + " or ".join(formats))


def _read(low: str, formats: tuple[str, ...], dayfirst: bool | None) -> _Reading:
    """Split a lower-case text into a date (None: never) and the text of the time."""
    if match := _ISO.fullmatch(low.upper()):
        return _day(int(match[1]), int(match[2]), int(match[3])), (match[4] or "").lower()
    if formats:
        return _formatted(low, formats)
    if match := _TIGHT.fullmatch(low.upper()):
        return _day(int(match[1]), int(match[2]), int(match[3])), (match[4] or "").lower()
    if match := _PARTS.fullmatch(low):
        return _numeric(match, dayfirst), match[5] or ""
    if (match := _NAMED.fullmatch(low)) and (month := _MONTHS.get(match[2] or match[4])):
        return _day(int(match[3] or match[6]), month, int(match[1] or match[5])), match[7] or ""
    raise _expected("a date")


def _epoch(text: str) -> datetime | None:
    """Read seconds, milliseconds or microseconds since 1970, told apart by their size (1973 to 5138)."""
    number = int(text.partition(".")[0])
    if number == 0:
        return None
    for scale in (1, 1_000, 1_000_000):
        if number < 10**11 * scale:
            return datetime.fromtimestamp(number // scale, UTC)
    raise _expected("seconds, milliseconds or microseconds since 1970")


@lru_cache(64)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"time zone {name!r} is unknown; use a name such as Europe/Berlin or UTC"
        raise ValueError(msg) from None


def _clock(text: str) -> tuple[timedelta, timedelta | None]:
    """Read a time of day and its offset from UTC (None: not said)."""
    match = _TIME.fullmatch(text) or _TIGHT_TIME.fullmatch(text)
    if match is None:
        raise _expected("a time such as 17:03:34")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    half = match[4] if match.re is _TIME else None
    if half:
        if not 1 <= hour <= 12:
            raise _expected("an hour from 1 to 12 before am or pm")
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    if hour > 23 or minute > 59 or second > 60:
        raise _expected("a time that exists")
    return timedelta(hours=hour, minutes=minute, seconds=min(second, 59)), _offset(match[match.re.groups])


def _offset(text: str | None) -> timedelta | None:
    if not text:
        return None
    if text[0] not in "+-":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[3:].lstrip(":") or 0)
    if hours > 15 or minutes > 59:
        raise _expected("an offset of at most 15 hours")
    span = timedelta(hours=hours, minutes=minutes)
    return -span if text[0] == "-" else span


def _utc(day: Date, time: str, zone: str | None) -> datetime:
    clock, offset = _clock(time) if time else (timedelta(0), None)
    local = datetime(day.year, day.month, day.day) + clock  # noqa: DTZ001 - the zone is added below
    try:
        if offset is not None:
            return (local - offset).replace(tzinfo=UTC)
        if zone is None:
            raise _expected("a moment with its offset; name the time zone of the source (timezone: Europe/Berlin)")
        return (_only(local, zone) if time else local.replace(tzinfo=_zone(zone))).astimezone(UTC)
    except OverflowError:
        raise _expected("a moment before the year 9999 ends") from None


def _only(local: datetime, zone: str) -> datetime:
    """Place a local time in its zone, unless the clocks passed over it or showed it twice.

    Either guess would put it an hour from others that are sure, and what seems older than the last is not taken.
    """
    here = local.replace(tzinfo=_zone(zone))
    before, after = here.utcoffset(), here.replace(fold=1).utcoffset()
    if before == after or before is None or after is None:
        return here
    if before < after:
        raise _expected(f"a moment that exists; clocks of {zone} passed over this one")
    raise _expected(f"a moment with its offset; clocks of {zone} showed this one twice")


def _short(value: Scalar, what: str) -> str:
    if value.__class__ is bool:
        raise _expected(f"{what}, got a truth value")
    tidy = plain(value)
    if len(tidy) > _LONGEST:
        raise _expected(f"{what} of at most {_LONGEST} characters")
    return tidy


def _write(moment: datetime) -> str:
    if moment.year < 1900:
        raise _expected("a moment from 1900 on")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(8192)
def _date(tidy: str, formats: tuple[str, ...], dayfirst: bool | None, zone: str | None) -> str | None:
    if _NUMBER.fullmatch(tidy) and not formats:
        moment = _epoch(tidy)
        return moment.astimezone(_zone(zone or "UTC")).date().isoformat() if moment else None
    day, time = _read(tidy.lower(), formats, dayfirst)
    if day is None:
        return None
    if zone and time and _clock(time)[1] is not None:
        return _utc(day, time, zone).astimezone(_zone(zone)).date().isoformat()
    if time:
        _clock(time)
    return day.isoformat()


def date(
    value: Scalar, *, formats: Sequence[str] = (), dayfirst: bool | None = None, timezone: str | None = None
) -> str | None:
    """Read a date and write it as `YYYY-MM-DD`.

    Always read: ISO 8601, `20240301`, `1 March 2024`, `Mar 1, 2024`, epoch numbers, and `05.18.2014` or `09/20/18`,
    because only one order of day and month exists for them. Year 1, year 0, 1601-01-01 and epoch 0 mean *never* and
    give None.

    Args:
        value: The raw date; a time behind it is checked and dropped.
        formats: `strptime` patterns, tried in order; `excel` reads the serial day of a spreadsheet. Besides ISO 8601
            nothing else is read then.
        dayfirst: Order of day and month in `03/04/2024`: True for 3 April, False for March 4.
        timezone: Zone in which the day is meant when the value carries an offset; without it the day as written.

    Raises:
        ValueError: No date, one that does not exist, or one with two readings.
    """
    if value.__class__ is str and is_plain_day(value):
        return str(value)
    tidy = _short(value, "a date")
    return _date(tidy, tuple(formats), dayfirst, timezone) if tidy else None


@lru_cache(8192)
def is_plain_day(value: str) -> bool:
    """Tell whether a text is a day from 1971 to 2100 in the canonical form.

    >>> is_plain_day("2024-02-29"), is_plain_day("2023-02-29"), is_plain_day("2024-W01-1")
    (True, False, False)
    """
    try:
        day = Date.fromisoformat(value) if len(value) == 10 else None
    except ValueError:
        return False
    return day is not None and 1970 < day.year <= 2100 and day.isoformat() == value


_MINUTES = {f"{hour:02}:{minute:02}": hour * 3600 + minute * 60 for hour in range(24) for minute in range(60)}
_SECONDS = {f":{second:02}Z": second for second in range(60)}


@lru_cache(8192)
def _midnight(day: str) -> int | None:
    """Return the seconds since 1970 UTC of `YYYY-MM-DDT`; None where that is no day after 1970."""
    if not (day[10:] == "T" and day[4] == day[7] == "-" and day[:10].replace("-", "").isdecimal() and day.isascii()):
        return None
    try:
        found = Date.fromisoformat(day[:10])
    except ValueError:
        return None
    return (found.toordinal() - 719_163) * 86_400 if found.year > 1970 else None


@lru_cache(2048)
def stamp_seconds(value: str) -> int | None:
    """Read a moment after 1970 that has the canonical form already; None for anything else.

    >>> stamp_seconds("2024-02-29T12:00:01Z"), stamp_seconds("2023-02-29T12:00:01Z"), stamp_seconds("yesterday")
    (1709208001, None, None)
    """
    if len(value) != 20:
        return None
    minutes, seconds = _MINUTES.get(value[11:16]), _SECONDS.get(value[16:])
    if minutes is None or seconds is None:
        return None
    day = _midnight(value[:11])
    return None if day is None else day + minutes + seconds


@lru_cache(8192)
def _moment(tidy: str, formats: tuple[str, ...], dayfirst: bool | None, zone: str | None) -> str | None:
    if _NUMBER.fullmatch(tidy) and not formats:
        moment = _epoch(tidy)
        return _write(moment) if moment else None
    day, time = _read(tidy.lower(), formats, dayfirst)
    if day is None:
        return None
    result = _utc(day, time, zone)
    return None if result.timestamp() == 0 else _write(result)


def moment(
    value: Scalar, *, timezone: str | None = None, formats: Sequence[str] = (), dayfirst: bool | None = None
) -> str | None:
    """Read a moment and write it in UTC as `YYYY-MM-DDTHH:MM:SSZ`; fractions of any length are cut off.

    Args:
        value: ISO 8601, a date as `date` reads it with a time, or seconds, milliseconds or microseconds since 1970.
        timezone: IANA zone of values without an offset. Without it such values are refused. A day without a time is
            the moment at which it begins there.
        formats: As for `date`.
        dayfirst: As for `date`.

    Returns:
        None also for year 1, year 0, 1601-01-01 and epoch 0, with which systems say *never*.

    Raises:
        ValueError: No moment, one that does not exist (also by a switch to summer time), one with two readings (also
            by a switch back), or one without a zone.
    """
    if value.__class__ is str and not formats and stamp_seconds(value) is not None:
        return str(value)
    if value.__class__ is str and not formats and _STAMP.fullmatch(value):
        try:
            year = datetime.fromisoformat(value[:19]).year
        except ValueError:
            raise _expected("a moment that exists") from None
        if 1970 < year <= 9999:
            return f"{value[:10]}T{value[11:19]}Z"
    tidy = _short(value, "a moment")
    return _moment(tidy, tuple(formats), dayfirst, timezone) if tidy else None
