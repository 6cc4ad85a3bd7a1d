"""The kit itself: exemptions, and what its page says about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.kit import SOURCE_CHECKS, TARGET_CHECKS, FakeClock, applicable
from tests.contract.intune_case import INTUNE


def test_every_check_says_what_must_hold() -> None:
    """A check without a description is of no help to whoever turns it red."""
    assert [name for name, check in {**SOURCE_CHECKS, **TARGET_CHECKS}.items() if not check.__doc__] == []


def test_exemption_leaves_out_one_check() -> None:
    """What is exempted with a reason is not run, everything else is."""
    names = applicable(SOURCE_CHECKS, replace(INTUNE, exempt={"resume": "no cursor"}))

    assert set(SOURCE_CHECKS) - set(names) == {"resume"}


@pytest.mark.parametrize("exempt", [{"no_such_check": "reason"}, {"resume": " "}])
def test_exemption_must_name_a_check_and_a_reason(exempt: dict[str, str]) -> None:
    """A misspelt or unexplained exemption is an error, not a check that is silently left out."""
    with pytest.raises(ValueError, match="names no check or gives no reason"):
        applicable(SOURCE_CHECKS, replace(INTUNE, exempt=exempt))


def test_endless_waiting_ends() -> None:
    """A connector that waits for ever fails its check instead of hanging the run."""
    clock = FakeClock(0, most=1)
    clock.sleep(1)

    with pytest.raises(AssertionError, match="never gives up"):
        clock.sleep(1)


def test_page_shows_a_case_that_works() -> None:
    """The page's example uses names that the kit has."""
    text = (Path(__file__).parents[3] / "docs" / "conformance.md").read_text()

    for name in ("SOURCE_CHECKS", "SourceCase", "applicable", "SourceRun", "TargetRun", *INTUNE.__dataclass_fields__):
        assert name in text
