"""How what was read is told: complete, cut off, or only what changed."""

from __future__ import annotations

from typing import Any

from synchub.domain.records import CHANGES_ONLY
from synchub.report import read_lines


def _line(complete: bool, proof: str) -> str:
    counts: dict[str, Any] = {"read": 3, "new": 0, "changed": 3, "complete": complete, "proof": proof}
    (line,) = read_lines({"hr": {"employees": counts}})
    return line


def test_a_read_of_changes_is_not_called_incomplete() -> None:
    """It is partial on purpose: what it read is said, nothing sounds like a failure."""
    line = _line(False, f"{CHANGES_ONLY} since 2026-11-22 12:00 UTC: 3 employees")

    assert line.endswith("only what changed since 2026-11-22 12:00 UTC: 3 employees")
    assert "INCOMPLETE" not in line


def test_a_read_that_was_cut_off_says_so() -> None:
    """What did not reach its end is called incomplete, with what follows from it."""
    line = _line(False, "server total 30, but 29 read")

    assert "INCOMPLETE: server total 30, but 29 read; nothing goes missing because of hr" in line
    assert "complete (server total 30)" in _line(True, "server total 30")
