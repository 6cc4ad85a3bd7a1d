"""Rules as configured."""

from __future__ import annotations

from typing import Any

import pytest

from synchub.errors import ConfigError
from synchub.reconcile.authority import SHIPPED, matrix_table
from synchub.reconcile.identifiers import Kind
from synchub.reconcile.rules import compile_rules, duration
from tests.unit.synchub.reconcile.records import SOURCES


def rules(hardware: dict[str, Any]) -> Any:
    """Compile a `rules:` block with one family."""
    return compile_rules({"hardware": hardware}, SOURCES, place=lambda path: "synchub.yaml:" + "/".join(path))


def test_shipped_steps_are_in_order_of_certainty() -> None:
    """Serial and manufacturer first, host name last."""
    steps = [s.name for s in compile_rules(None, SOURCES).identify["hardware"].steps]

    assert steps[0] == "serial+manufacturer"
    assert steps[-1] == "hostname+model"


def test_configured_steps_replace_the_shipped_ones() -> None:
    """As in the example configuration."""
    entries = ["serial+manufacturer", "uuid", "imei", "asset_tag", "mac+hostname", "propose:owner+model"]

    found = rules({"identify": entries}).identify["hardware"]

    assert [s.name for s in found.steps] == entries[:5]
    assert [s.kind for s in found.proposing] == [Kind.OWNER_MODEL]


@pytest.mark.parametrize(
    ("hardware", "says"),
    [
        ({"identify": ["serial+manufacture"]}, "Did you mean 'serial+manufacturer'?"),
        ({"identify": ["uuid", "uuid"]}, "listed twice"),
        ({"identify": ["owner+model"]}, "propose:owner+model"),
        ({"fields": {"prize": ["erp"]}}, "Did you mean 'price'?"),
        ({"fields": {"price": ["epr"]}}, "Did you mean 'erp'?"),
        ({"fields": {"price": ["erp", "erp"]}}, "listed twice"),
        ({"fields": {"price": []}}, "at least one source"),
        ({"fields": {"last_seen_at": "newst"}}, "Did you mean 'newest'?"),
        ({"fields": {"price": [{"source": "erp", "if": 1}]}}, "is not a source"),
        ({"silent_after": "0d"}, "is not a duration"),
        ({"silent_after": "-3d"}, "is not a duration"),
        ({"silent_after": 14}, "is not a duration"),
        ({"silent_after": {"mdm": "14"}}, "is not a duration"),
        ({"silent_after": {"mdmm": "14d"}}, "Did you mean 'mdm'?"),
    ],
)
def test_mistakes_name_place_and_way_out(hardware: dict[str, Any], says: str) -> None:
    """A configuration error names where it stands and what is meant."""
    with pytest.raises(ConfigError) as caught:
        rules(hardware)

    assert says in str(caught.value)
    assert caught.value.where.startswith("synchub.yaml:hardware")


def test_unknown_roles_classes_and_families_are_refused() -> None:
    """Nothing in the configuration is ignored silently."""
    with pytest.raises(ConfigError, match="role"):
        compile_rules(None, {"erp": "purchasing"})
    with pytest.raises(ConfigError, match="Did you mean 'hardware'"):
        compile_rules({"hardwear": {}}, SOURCES)
    with pytest.raises(ConfigError, match="computer"):
        compile_rules(None, SOURCES, may_create={"scan": ["computr"]})


def test_may_create_limits_a_source() -> None:
    """Elsewhere it only adds to what exists; other sources are free."""
    identify = compile_rules(None, SOURCES, may_create={"scan": ["server"]}).identify["hardware"]

    assert identify.creates("scan", "server")
    assert not identify.creates("scan", "computer")
    assert identify.creates("mdm", "computer")


def test_rule_text_and_place_for_explanations() -> None:
    """`mdm before erp`, and the line it stands on."""
    rule = rules({"fields": {"assigned_to": ["mdm", "erp"]}}).classes["computer"].rule("assigned_to")

    assert (rule.text, rule.place) == ("mdm before erp", "synchub.yaml:hardware/fields/assigned_to")
    assert compile_rules(None, SOURCES).classes["computer"].rule("price").place == "shipped"


def test_a_class_overrides_its_family() -> None:
    """The child class's rule beats the parent's, field by field."""
    both = compile_rules(
        {"hardware": {"fields": {"name": ["erp"], "location": ["erp"]}}, "server": {"fields": {"name": ["scan"]}}},
        SOURCES,
    )

    assert both.classes["server"].rule("name").text == "only scan"
    assert both.classes["server"].rule("location").text == "only erp"
    assert both.classes["computer"].rule("name").text == "only erp"


def test_fingerprint_follows_the_configuration() -> None:
    """Equal rules, equal fingerprint; another order is another one."""
    one = rules({"fields": {"name": ["mdm", "erp"]}})

    assert one.fingerprint == rules({"fields": {"name": ["mdm", "erp"]}}).fingerprint
    assert one.fingerprint != rules({"fields": {"name": ["erp", "mdm"]}}).fingerprint
    assert one.fingerprint != compile_rules(None, SOURCES).fingerprint


@pytest.mark.parametrize(("text", "seconds"), [("14d", 1_209_600), ("26h", 93_600), ("30m", 1800), ("2w", 1_209_600)])
def test_durations(text: str, seconds: int) -> None:
    """As they are written in the configuration."""
    assert duration(text) == seconds


def test_every_field_of_the_matrix_exists() -> None:
    """A field that is renamed in the model does not linger in the matrix."""
    from synchub.domain.model import CLASSES, FIELDS, family_of

    for family, fields in SHIPPED.items():
        known = {f for cls in CLASSES if family_of(cls) == family for f in FIELDS[cls]}
        assert fields.keys() - {"default"} <= known


def test_the_documented_matrix_is_the_shipped_one() -> None:
    """The table in the documentation is generated."""
    from pathlib import Path

    page = Path(__file__).parents[4] / "docs" / "identification.md"

    assert matrix_table() in page.read_text(encoding="utf-8")
