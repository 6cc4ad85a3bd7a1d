"""The conformance kit against a real Request Tracker: `RT5_URL=… RT5_TOKEN=… pytest -m peers`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.kit import TARGET_CHECKS, applicable
from connectors.kit.cases import context
from tests.contract.rt_case import ASSET, open_rt
from tests.peers import rt
from tests.property.connectors.test_rt_sql import HOSTILE

CASE = replace(ASSET, start=rt.start)


@pytest.mark.peers
@pytest.mark.parametrize("check", applicable(TARGET_CHECKS, CASE))
def test_real_rt(check: str) -> None:
    """Every promise of a target, kept by the real system."""
    TARGET_CHECKS[check](CASE)


@pytest.mark.peers
def test_hostile_values_find_themselves_and_nothing_else() -> None:
    """The escaping of the query builder is the one that the real system reads."""
    real = rt.real()
    catalog, name = real.catalog()
    target = open_rt(real.url, real.token, context(), catalog=name)
    try:
        held = {
            text: real.made("/asset", {"Name": text, "Catalog": catalog, "CustomFields": {"Serial Number": text}})
            for text in ("plain", *HOSTILE)
        }
        for text, number in held.items():
            assert target.lookup("asset", "Serial Number", [text]) == {text: number}
            assert target.lookup("asset", "Name", [text]) == {text: number}
        assert target.lookup("asset", "Serial Number", list(held)) == held
    finally:
        target.close()
        real.clear(catalog)
