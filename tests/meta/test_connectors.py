"""A connector is complete when it has a page, maps and a line in the conformance kit."""

from __future__ import annotations

import re

import pytest

from connectors import registry
from connectors.kit import TargetCase
from connectors.registry import _OURS as OURS
from tests.contract import matrix
from tests.meta.project import ROOT, named

HEADINGS = ["Prerequisites", "Permissions", "Configure", "Run", "What is", "Limits", "Troubleshooting", "References"]


@pytest.mark.parametrize("name", OURS)
def test_connector_has_a_page_with_the_fixed_headings(name: str) -> None:
    """Every page answers the same questions in the same order; what is read or written has its own heading."""
    page = ROOT / registry.load(name).docs
    headings = re.findall(r"^## (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)

    assert page == ROOT / "docs" / "connectors" / f"{name}.md"
    assert ["What is" if h in ("What is read", "What is written") else h for h in headings] == HEADINGS


@pytest.mark.parametrize("name", OURS)
def test_connector_is_in_the_index(name: str) -> None:
    """`docs/connectors/README.md` links every page."""
    assert f"({name}.md)" in (ROOT / "docs" / "connectors" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", OURS)
def test_connector_has_a_map(name: str) -> None:
    """Its streams or classes are mapped as shipped."""
    assert list(registry.load(name).maps.glob("*.yaml")) != []


@pytest.mark.parametrize("name", OURS)
def test_connector_is_held_to_the_conformance_kit(name: str) -> None:
    """A case of the kit opens the connector: through its package, with the suite that makes it a test."""
    cases = {
        p.stem: p.read_text(encoding="utf-8") for p in named("tests/contract/*_case.py", "tests/contract/*_cases.py")
    }
    suites = "".join(p.read_text(encoding="utf-8") for p in named("tests/contract/test_*conformance.py"))
    holding = [case for case, text in cases.items() if f"from connectors.{name}" in text]

    assert any(f"from tests.contract.{case} import" in suites for case in holding)


def test_page_without_connector() -> None:
    """No page describes a connector that is gone."""
    pages = {path.stem for path in named("docs/connectors/*.md")} - {"README"}

    assert pages == set(OURS)


def test_conformance_table_is_what_the_tests_hold() -> None:
    """Every connector of the registry and every case of a test stands in it; `make matrix` writes it anew."""
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(lambda _case, _check: True), "make matrix"


def test_conformance_table_does_not_hide_a_failure() -> None:
    """A check that fails is "not yet", and so is a connector without a case."""
    held = matrix.render(lambda _case, check: check != "identity")

    assert f"| identity |{f' {matrix.NOT_YET} |' * len(list(matrix.columns(TargetCase)))}" in held
    assert {case.name for _, case in matrix.cases()} == set(OURS)
