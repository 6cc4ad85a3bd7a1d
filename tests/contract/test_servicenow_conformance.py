"""The ServiceNow target against the conformance kit: through the identification engine and through the Table API."""

from __future__ import annotations

from tests.contract.kit.suite import target_suite
from tests.contract.servicenow_case import ASSET, ASSET_AS_SHIPPED, CI, PERSON

test_cis = target_suite(CI)
test_people = target_suite(PERSON)
test_assets = target_suite(ASSET)
test_assets_as_shipped = target_suite(ASSET_AS_SHIPPED)
