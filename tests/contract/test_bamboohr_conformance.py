"""The BambooHR connector against the conformance kit."""

from __future__ import annotations

from tests.contract.bamboohr_case import BAMBOOHR
from tests.contract.kit.suite import source_suite

test_bamboohr_source = source_suite(BAMBOOHR)
