"""Status and Retry-After."""

from __future__ import annotations

from datetime import timedelta

import pytest

from connectors.status import error_for, meaning, parse_date, parse_retry_after
from synchub import errors

NOW = 1_795_000_000


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.Rejected), (401, errors.AuthError), (403, errors.PermissionDenied), (404, errors.NotFound),
        (409, errors.Rejected), (410, errors.NotFound), (412, errors.Rejected), (413, errors.Rejected),
        (418, errors.Rejected), (429, errors.RateLimited), (500, errors.Unavailable), (503, errors.Unavailable),
        (599, errors.Unavailable), (302, errors.ContractChanged), (204, errors.ContractChanged),
    ],
)  # fmt: skip
def test_each_status_has_its_error(status: int, kind: type[errors.ConnectorError]) -> None:
    """The table decides, and every error says where, what and the way out."""
    error = error_for(status, where="mdm: GET /x")

    assert type(error) is kind is meaning(status).error
    assert error.context["status"] == status
    assert str(status) in error.message
    assert error.where == "mdm: GET /x"
    assert error.fix


def test_connector_may_know_a_better_way_out() -> None:
    """A vendor-specific fix replaces the general one."""
    assert error_for(403, where="x", fixes={403: "Grant itil."}).fix == "Grant itil."


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120), ("0", 0), (" 7 ", 7), ("1.5", 1.5), ("Sat, 21 Nov 2026 06:27:20 GMT", 3640), ("999999999", 86400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 86400),
    ],
)  # fmt: skip
def test_retry_after_in_both_forms(header: str, seconds: float) -> None:
    """Seconds and HTTP dates are read; never negative, never more than a day."""
    now = parse_date("Sat, 21 Nov 2026 05:26:40 GMT")
    assert now is not None

    assert parse_retry_after(header, now=now) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1e9", "٣", "Sat, 99 Nov 2026", "0x10", "1" * 200])
def test_retry_after_that_cannot_be_read(header: str | None) -> None:
    """Nonsense counts as no header."""
    assert parse_retry_after(header, now=NOW) is None
