"""What systems say about their rate limits, in words."""

from __future__ import annotations

import pytest

from connectors.ratelimit import RateNotes


def _notes() -> RateNotes:
    notes = RateNotes()
    notes.keeps("snow:hub", 30, 60)
    return notes


@pytest.mark.parametrize(
    ("headers", "says"),
    [
        ({"X-RateLimit-Limit": "20000", "X-RateLimit-Reset": "1795345200"}, "limit 20000, reset 1795345200"),
        ({"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "7"}, "limit 100, remaining 7"),
        ({"RateLimit-Policy": '"burst";q=100;w=60', "RateLimit": '"burst";r=50'}, 'policy "burst";q=100;w=60, state'),
        ({"x-ms-throttle-limit-percentage": "0.9"}, "share used 0.9"),
    ],
)
def test_headers_become_words(headers: dict[str, str], says: str) -> None:
    """Of each vendor and of the standard to come."""
    notes = _notes()

    notes.heard(headers)

    assert notes.text().startswith(f"the system says {says}")
    assert notes.text().endswith("; the hub keeps to 30 requests a second (at once up to 60)")


def test_an_answer_without_such_headers_changes_nothing() -> None:
    """The newest answer that says something counts."""
    notes = _notes()

    notes.heard({"X-RateLimit-Limit": "20000"})
    notes.heard({"Content-Type": "application/json"})

    assert "limit 20000" in notes.text()


def test_headers_are_shown_short_and_harmless() -> None:
    """They are the system's words."""
    notes = _notes()

    notes.heard({"X-RateLimit-Rule": "\x1b[31m" + "x" * 5000})

    assert "\x1b" not in notes.text()
    assert len(notes.text()) < 200


def test_nothing_is_said_without_a_budget() -> None:
    """Files ask for none."""
    assert RateNotes().text() == ""
