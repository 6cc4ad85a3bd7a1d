"""HTTP status -> error, as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from synchub.errors import (
    AuthError,
    ConnectorError,
    ContractChanged,
    NotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    Unavailable,
)

LONGEST_WAIT = timedelta(days=1)  # a larger Retry-After is nonsense and would overflow


class Meaning(NamedTuple):
    """What a status means to the hub."""

    error: type[ConnectorError]
    why: str
    fix: str


TABLE: dict[int, Meaning] = {
    400: Meaning(Rejected, "the request is not accepted", "Look at the field values of this object."),
    401: Meaning(AuthError, "the credentials are missing, wrong or expired", "Renew them and check their references."),
    403: Meaning(
        PermissionDenied, "this login is not allowed to do that", "Grant the role named in the connector's page."
    ),
    404: Meaning(NotFound, "not there, or hidden from this login", "Check the id, and what this login may read."),
    405: Meaning(ContractChanged, "the address does not know this method", "Check `url` and the API version."),
    406: Meaning(ContractChanged, "the format asked for is not offered", "Check `url` and the API version."),
    408: Meaning(Unavailable, "the system gave up waiting", "Try again later."),
    409: Meaning(
        Rejected, "the object conflicts with another, or was changed meanwhile", "Read it again and plan anew."
    ),
    410: Meaning(NotFound, "gone for good", "Read again from the start."),
    412: Meaning(Rejected, "the object was changed meanwhile", "Read it again and plan anew."),
    413: Meaning(Rejected, "the request is too large for the system", "Lower the batch size of the connection."),
    415: Meaning(ContractChanged, "the format sent is not accepted", "Check `url` and the API version."),
    422: Meaning(Rejected, "the values are not accepted", "Look at the field values of this object."),
    429: Meaning(RateLimited, "the request budget is used up", "Wait, or lower the rate of the connection."),
}
_REFUSED = Meaning(Rejected, "the request is refused", "Look at what the system answered.")
_DOWN = Meaning(Unavailable, "the system failed", "Try again later; if it stays, ask who runs it.")
_ELSEWHERE = Meaning(
    ContractChanged, "the answer points elsewhere", "Check `url`; redirects to other hosts are not followed."
)
_ODD = Meaning(ContractChanged, "the status is not expected here", "Check `url` and the API version.")


def meaning(status: int) -> Meaning:
    """Look a status up; every number has a meaning, 2xx ones are `ContractChanged` (not expected here)."""
    if status in TABLE:
        return TABLE[status]
    if 300 <= status < 400:
        return _ELSEWHERE
    if 400 <= status < 500:
        return _REFUSED
    return _DOWN if status >= 500 else _ODD


def error_for(
    status: int,
    *,
    where: str,
    said: str = "",
    retry_after: timedelta | None = None,
    fixes: Mapping[int, str] | None = None,
) -> ConnectorError:
    """Build the error of a status, of a whole answer or of one item of a batch.

    Args:
        status: HTTP status.
        where: Connection, method and path, e.g. `"mdm: GET /deviceManagement/managedDevices"`; no query.
        said: What the system said, already cleaned of secrets and control characters.
        retry_after: Wait asked for; kept with 429 and 503.
        fixes: Vendor-specific way out by status.
    """
    kind, why, fix = meaning(status)
    message = f"{status}: {why}{f' ({said})' if said else ''}."
    fix = (fixes or {}).get(status, fix)
    if kind is RateLimited:
        return RateLimited(message, retry_after=retry_after, where=where, fix=fix, status=status)
    if retry_after is not None:
        return kind(message, where=where, fix=fix, status=status, retry_after=retry_after)
    return kind(message, where=where, fix=fix, status=status)


def parse_retry_after(value: str | None, *, now: int) -> timedelta | None:
    """Read a `Retry-After` header: seconds, or an HTTP date (RFC 9110 §10.2.3).

    Args:
        value: The header, or None.
        now: The server's time (its `Date` header) or ours, seconds since 1970 UTC.

    Returns:
        At least zero and at most a day; None when absent or unreadable.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text, re.ASCII):
        return min(timedelta(seconds=float(text)), LONGEST_WAIT)
    moment = parse_date(text)
    return None if moment is None else min(max(timedelta(seconds=moment - now), timedelta(0)), LONGEST_WAIT)


def parse_date(value: str | None) -> int | None:
    """Read an HTTP date into seconds since 1970 UTC; None when absent or unreadable."""
    if not value or len(value) > 100:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    try:
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (OverflowError, ValueError):
        return None
