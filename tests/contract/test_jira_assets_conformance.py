"""The Jira Assets target against the conformance kit; requests and answers are held to the vendor's specification."""

from __future__ import annotations

from tests.contract.jira_assets_case import COMPUTER
from tests.contract.kit.suite import target_suite

test_objects = target_suite(COMPUTER)
