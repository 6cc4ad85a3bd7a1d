"""The Intune connector against the conformance kit."""

from __future__ import annotations

from tests.contract.intune_case import INTUNE
from tests.contract.kit.suite import source_suite

test_intune_source = source_suite(INTUNE)
