"""The conformance kit against a real Request Tracker: `RT5_URL=… RT5_TOKEN=… pytest -m peers`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.kit import TARGET_CHECKS, applicable
from tests.contract.rt_case import ASSET
from tests.peers import rt

CASE = replace(ASSET, start=rt.start)


@pytest.mark.peers
@pytest.mark.parametrize("check", applicable(TARGET_CHECKS, CASE))
def test_real_rt(check: str) -> None:
    """Every promise of a target, kept by the real system."""
    TARGET_CHECKS[check](CASE)
