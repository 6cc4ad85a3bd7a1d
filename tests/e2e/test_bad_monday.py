"""The short form of Bad Monday; `make soak` kills the hub thirty times."""

from __future__ import annotations

from pathlib import Path

from bench.bad_monday import bad_monday


def test_bad_monday(tmp_path: Path) -> None:
    """No retirement, no duplicate, few holds; 250 edits kept, the 50 within a write reported with both values."""
    found = bad_monday(tmp_path, kills=4)
    assert found.good, found
    assert found.kills == 4
