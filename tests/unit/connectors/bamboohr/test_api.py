"""Filters and words of BambooHR's API."""

from __future__ import annotations

import pytest

from connectors.bamboohr.api import any_of, said
from connectors.kit.cases import HOSTILE
from synchub.errors import ContractChanged


def test_filter_of_numbers() -> None:
    """Numbers are joined by `or`, which is what the vendor's filters allow for numbers."""
    assert "eeid eq 7" == any_of(["7"])
    assert "eeid eq 7 or eeid eq 12" == any_of(["7", "12"])


@pytest.mark.parametrize("value", [*HOSTILE, "", "7 or eeid gt 0", "-1", "7\n", "\u0667", "1" * 19])
def test_only_numbers_become_part_of_a_filter(value: str) -> None:
    """An id that is no number is refused; it does not become part of a query."""
    with pytest.raises(ContractChanged):
        any_of(["1", value])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"detail": "Too odd.", "code": "INVALID_FILTER", "title": "x"}', "INVALID_FILTER: Too odd."),
        (b'{"title": "Not Found", "status": 404}', "Not Found"),
        (b'{"error": {"code": 403, "message": "No."}}', "No."),
        (b'{"error": {}}', ""),
        (b"[]", ""), (b"", ""), (b"<html>", ""), (b"null", ""),
    ],
)  # fmt: skip
def test_said(body: bytes, expected: str) -> None:
    """The words of both error forms are found; other bodies say nothing."""
    assert expected == said(body)
