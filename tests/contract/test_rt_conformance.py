"""The Request Tracker target against the conformance kit, with the simulator; `tests/peers` does it with a real one."""

from __future__ import annotations

from tests.contract.kit.suite import target_suite
from tests.contract.rt_case import ASSET

test_assets = target_suite(ASSET)
