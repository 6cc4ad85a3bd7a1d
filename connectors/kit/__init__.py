"""The conformance kit: what every connector must do when its system misbehaves, written once.

A connector describes itself with a `SourceCase` or `TargetCase` (how to start its simulator, how to open it, how to
make the simulator misbehave) and runs every check of `SOURCE_CHECKS` or `TARGET_CHECKS`. A check is a plain function
that raises `AssertionError`, so that any test runner will do:

    @pytest.mark.parametrize("name", applicable(SOURCE_CHECKS, CASE))
    def test_conformance(name):
        SOURCE_CHECKS[name](CASE)
"""

from __future__ import annotations

from connectors.kit.cases import Fault, Sent, SourceCase, SourceRun, TargetCase, TargetRun, applicable
from connectors.kit.clock import FakeClock
from connectors.kit.source_checks import SOURCE_CHECKS
from connectors.kit.target_checks import TARGET_CHECKS

__all__ = [
    "SOURCE_CHECKS",
    "TARGET_CHECKS",
    "FakeClock",
    "Fault",
    "Sent",
    "SourceCase",
    "SourceRun",
    "TargetCase",
    "TargetRun",
    "applicable",
]
