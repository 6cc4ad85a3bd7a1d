"""The Jira issues connector against the conformance kit; every request and answer is held to the specification."""

from __future__ import annotations

from tests.contract.jira_issues_case import ISSUES, TASK
from tests.contract.kit.suite import source_suite, target_suite

test_source = source_suite(ISSUES)
test_target = target_suite(TASK)
