"""Answers of the simulated Graph against the vendor's specification."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from simulators.estate import build
from simulators.http import Server
from simulators.intune import HIDDEN_IN_LIST, Intune
from simulators.intune.devices import DEFAULTS, FILTERS
from simulators.intune.users import DEFAULTS as USER_DEFAULTS
from simulators.intune.users import ON_SELECT
from tests.contract.graph_contract import GraphContract
from tests.contract.simulators.graph import DEVICES, Graph


@pytest.fixture(scope="module")
def schemas(shared: Path) -> dict[str, Any]:
    text = (shared / "contracts" / "msgraph" / "msgraph-intune.trimmed.json").read_text()
    return dict(json.loads(text)["components"]["schemas"])


def test_every_answer_meets_the_specification(shared: Path) -> None:
    """Lists, single devices, users, batches, errors and throttling of a whole estate satisfy the OpenAPI document."""
    estate = build(seed=3, people=40, devices=60)
    tenant = Intune(estate.intune_devices, users=estate.intune_users, page_size=20, empty_pages=(2,))
    contract = GraphContract(shared / "contracts")
    with Server(tenant.handle, checks=[contract], error=tenant._injected) as server:
        graph = Graph(tenant, server)
        first = graph.pages(count="true")[0]["value"][0]
        graph.get(f"{DEVICES}/{first['id']}", select="id,notes,ethernetMacAddress,physicalMemoryInBytes,udid")
        graph.pages("/v1.0/users", select="id,mail,accountEnabled,employeeId")
        graph.get(f"{DEVICES}/nope")
        graph.get(DEVICES, filter="nonsense eq 1")
        graph.batch(
            {"id": "1", "method": "GET", "url": f"/deviceManagement/managedDevices/{first['id']}?$select=notes"},
            {"id": "2", "method": "GET", "url": "/users/nobody"},
        )
        tenant.throttle(1, retry_after=2)
        assert graph.get(DEVICES).status_code == 429
        tenant.revoke_tokens()
        assert graph.get(DEVICES).status_code == 401
        graph.http.close()

        assert server.log.count() > 8
        assert server.log.problems() == []


def test_properties_are_those_of_the_metadata(schemas: dict[str, Any]) -> None:
    """The simulated device has exactly the metadata's properties, its user only such."""
    device = set(schemas["microsoft.graph.managedDevice"]["properties"]) - {"@odata.type"}

    assert set(DEFAULTS) == device
    assert {*USER_DEFAULTS, *ON_SELECT} <= set(schemas["microsoft.graph.user"]["properties"])


def test_hidden_properties_are_those_the_metadata_names(schemas: dict[str, Any]) -> None:
    """What a LIST hides is what the annotations say needs an individual GET."""
    described = schemas["microsoft.graph.managedDevice"]["properties"].items()
    named = {
        name for name, about in described
        if re.search(r"(?i)retrieve actual values", about.get("description", ""))
    }  # fmt: skip

    assert set(HIDDEN_IN_LIST) == named


def test_filters_are_those_the_metadata_names(schemas: dict[str, Any]) -> None:
    """A property can be filtered with exactly the operators its annotation lists."""
    found = {}
    for name, about in schemas["microsoft.graph.managedDevice"]["properties"].items():
        match = re.search(r"Supports \$filter operator ([^.]*)", about.get("description", ""))
        if match:
            found[name] = frozenset(re.findall(r"'(\w+)'", match.group(1)))

    assert found == FILTERS
