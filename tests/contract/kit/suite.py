"""Runs the conformance kit: one line per connector."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors.kit import SOURCE_CHECKS, TARGET_CHECKS, SourceCase, TargetCase, applicable

# Which case a test function runs: `tests.contract.matrix` reads it.
CASE_OF: dict[Callable[..., None], SourceCase | TargetCase] = {}


def source_suite(case: SourceCase) -> Callable[..., None]:
    """Make a test function that runs every check that applies to a source."""

    @pytest.mark.parametrize("check", applicable(SOURCE_CHECKS, case))
    def test(check: str) -> None:
        SOURCE_CHECKS[check](case)

    CASE_OF[test] = case
    return test


def target_suite(case: TargetCase) -> Callable[..., None]:
    """Make a test function that runs every check that applies to a target."""

    @pytest.mark.parametrize("check", applicable(TARGET_CHECKS, case))
    def test(check: str) -> None:
        TARGET_CHECKS[check](case)

    CASE_OF[test] = case
    return test
