"""Everything that reads a folder, against the conformance kit."""

from __future__ import annotations

from tests.contract.folder_cases import DOCUMENTS, FILES, INVENTORIES, SCANS
from tests.contract.kit.suite import source_suite

test_files_source = source_suite(FILES)
test_agent_inventory_source = source_suite(INVENTORIES)
test_nmap_source = source_suite(SCANS)
test_procurement_source = source_suite(DOCUMENTS)
