"""Policies for other people's edits, per class and field."""

from __future__ import annotations

from typing import Any

import pytest

from synchub.errors import ConfigError
from synchub.reconcile.diff import Policy
from synchub.reconcile.policies import Policies, check_policies, flatten
from tests.support.world import TARGET_MAP

BLOCK: dict[str, Any] = {
    "default": "target",
    "os_name": "ask",
    "hardware": {"default": "if_empty", "os_name": "hub"},
    "computer": {"ram": "target_for: 30d"},
    "person": {"default": "hub"},
}


@pytest.mark.parametrize(
    ("cls", "field", "sources", "expected"),
    [
        ("computer", "ram", ("ram_mib",), Policy("target_for", 30 * 86400)),
        ("computer", "os", ("os_name",), Policy("hub")),
        ("computer", "note", ("description",), Policy("if_empty")),
        ("person", "title", ("job_title",), Policy("hub")),
        ("person", "os", ("os_name",), Policy("ask")),
        ("invoice", "note", (), Policy("target")),
    ],
)
def test_the_narrowest_policy_wins(cls: str, field: str, sources: tuple[str, ...], expected: Policy) -> None:
    """Field of the class, of the family, field, then the defaults in the same order."""
    assert Policies(flatten(BLOCK)).of(cls, field, sources) == expected


def test_the_class_stands_before_its_family() -> None:
    """A class of its own answers before the family it belongs to."""
    block = {"computer": {"default": "ask", "os": "hub"}, "hardware": {"default": "target", "os": "if_empty"}}
    policies = Policies(flatten(block))

    assert policies.text("computer", "os", ()) == "hub"
    assert policies.text("computer", "note", ()) == "ask"
    assert policies.text("server", "os", ()) == "if_empty"


@pytest.mark.parametrize(
    ("block", "place", "said"),
    [
        ({"os_nam": "hub"}, "os_nam", "os_name"),
        ({"computr": {"default": "hub"}}, "computr", "computer"),
        ({"computer": {"mem": "hub", "ramm": "hub"}}, "computer.mem", ""),
        ({"computer": {"os_nam": "hub"}}, "computer.os_nam", "os_name"),
        ({"person": {"ram": "hub"}}, "person.ram", ""),
        ({"computer": "hub"}, "computer", "computer: {default: hub}"),
        ({"ram": "hup"}, "ram", "hub"),
    ],
)
def test_a_key_that_nothing_is_delivered_to_is_refused(block: dict[str, Any], place: str, said: str) -> None:
    """A typing error must not quietly leave people's edits to another policy."""
    with pytest.raises(ConfigError) as caught:
        check_policies(block, TARGET_MAP, ("computer", "person"), lambda *way: ".".join(way))
    assert caught.value.where == place
    assert said in caught.value.fix


def test_fields_by_either_name_are_accepted() -> None:
    """Target names and canonical names are known, of a class and of its family."""
    block: dict[str, Any] = {
        "default": "hub",
        "ram_mib": "ask",
        "computer": {"ram": "hub"},
        "hardware": {"default": "target"},
    }
    check_policies(block, TARGET_MAP, ("computer",), lambda *way: ".".join(way))
