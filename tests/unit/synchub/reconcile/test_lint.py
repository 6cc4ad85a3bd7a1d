"""Rules that are right in form and do not do what they say; each beside one that does."""

from __future__ import annotations

from typing import Any

import pytest

from synchub.domain.model import CLASSES, FIELDS, family_of
from synchub.reconcile.lint import lint_rules
from synchub.reconcile.lintflow import lint_echo, lint_pace
from synchub.reconcile.rules import compile_rules
from synchub.reconcile.steps import JOIN_STEPS, PROPOSE_STEPS, default_steps
from synchub.reconcile.voices import Lint, Says

ROLES = {"erp": "procurement", "mdm": "mdm", "scan": "discovery", "hr": "hr"}
SAYS: dict[str, Says | None] = {
    "erp": {"computer": dict.fromkeys(("serial_number", "manufacturer", "price", "currency", "model"))},
    "mdm": {
        "computer": {
            **dict.fromkeys(("serial_number", "hostname", "model", "last_seen_at", "mac_addresses", "is_encrypted")),
            "lifecycle": frozenset({"deployed"}),
        }
    },
    "scan": {"computer": dict.fromkeys(("hostname", "uuid", "fqdn", "mac_addresses"))},
    "hr": {"person": dict.fromkeys(("worker_id", "email", "given_name", "family_name"))},
}


def place(path: tuple[str, ...]) -> str:
    """Name a place as the tests read it."""
    return ".".join(path)


def lints(block: dict[str, Any], says: dict[str, Says | None] = SAYS, roles: dict[str, str] = ROLES) -> list[Lint]:
    """Lint a `rules:` block that compiles."""
    return lint_rules(block, compile_rules(block, roles), says, place, lambda name: f"sources.{name}")


def hardware(**block: Any) -> list[Lint]:
    """Lint rules of hardware."""
    return lints({"hardware": block})


_WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    ({"hardware": {"fields": {"price": ["mdm"]}}}, "nobody_may_say", "hardware.fields.price", "erp would"),
    ({"hardware": {"fields": {"default": "newest"}}}, "dynamic_default", "hardware.fields.default", "no order"),
    ({"computer": {"identify": ["uuid"]}}, "identify_of_class", "computer.identify", "all hardware"),
    ({"hardware": {"fields": {"price": ["*", "erp", "*"]}}}, "star_twice", "hardware.fields.price", "`*` twice"),
]
_DOUBTFUL: list[tuple[dict[str, Any], str, str, str]] = [
    ({"hardware": {"fields": {"price": ["erp", "mdm"]}}}, "never_says", "hardware.fields.price", "mdm never wins"),
    ({"hardware": {"fields": {"default": ["hr", "mdm"]}}}, "never_says", "hardware.fields.default", "hr never wins"),
    ({"hardware": {"fields": {"currency": ["erp"]}}}, "follows", "hardware.fields.currency", "price"),
    ({"hardware": {"identify": ["uuid", "imei"]}}, "never_fires", "hardware.identify", "'imei' never fires"),
    ({"hardware": {"identify": ["uuid", "propose:owner+model"]}}, "never_fires", "hardware.identify", "assigned_to"),
    ({"hardware": {"identify": ["propose:serial~1"]}}, "nothing_joins", "hardware.identify", "thing of its own"),
    ({"server": {"fields": {"hostname": ["mdm"]}}}, "no_such_things", "server", "no map gives a server"),
    ({"invoice": {"silent_after": "9d"}}, "no_such_things", "invoice", "no map gives a invoice"),
    ({"hardware": {"silent_after": {"scan": "9d"}}}, "never_silent", "hardware.silent_after", "scan never goes silent"),
    ({"person": {"silent_after": "9d"}}, "never_silent", "person.silent_after", "every source never goes silent"),
]


@pytest.mark.parametrize(("block", "code", "where", "said"), _WRONG)
def test_what_never_works_is_wrong(block: dict[str, Any], code: str, where: str, said: str) -> None:
    """With its place, the reason, and a way out."""
    [found] = lints(block)
    assert (found.code, found.wrong, found.where) == (code, True, where)
    assert said in found.message
    assert found.fix


@pytest.mark.parametrize(("block", "code", "where", "said"), _DOUBTFUL)
def test_what_may_be_meant_is_a_warning(block: dict[str, Any], code: str, where: str, said: str) -> None:
    """With its place, the reason, and a way out."""
    [found] = [item for item in lints(block) if item.code == code]
    assert (found.wrong, found.where) == (False, where)
    assert said in found.message
    assert found.fix


def test_rules_that_work_say_nothing() -> None:
    """Orders of sources that speak, steps that fire, windows of a source that says when it saw a thing."""
    block = {
        "hardware": {
            "identify": ["serial+manufacturer", "uuid", "mac+hostname", "propose:hostname+domain", "propose:serial~1"],
            "fields": {
                "default": ["mdm", "scan", "erp"],
                "price": ["erp"],
                "hostname": ["scan", "*"],
                "model": [{"source": "mdm", "when": {"lifecycle": ["deployed"], "class": "computer"}}, "erp"],
                "last_seen_at": "newest",
            },
            "silent_after": {"mdm": "14d"},
        },
        "computer": {"fields": {"price": ["erp", "*"]}},
        "person": {"identify": ["worker_id", "email", "propose:name"]},
    }
    assert lints(block) == []


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"class": "server"}, "it gives computer"),
        ({"imei": "1"}, "no map of mdm fills imei"),
        ({"mac_addresses": ["aa"]}, "is a list"),
        ({"lifecycle": ["retired"]}, "always says 'deployed'"),
        ({"worker_id": "E1"}, "hardware has no worker_id"),
        ({"is_encrypted": "yes"}, "is_encrypted is never 'yes'"),
    ],
)
def test_a_condition_that_never_holds_is_wrong(when: dict[str, Any], said: str) -> None:
    """Judged by what the source's maps fill, and the form of the canonical field."""
    found = hardware(fields={"hostname": [{"source": "mdm", "when": when}, "scan"]})
    assert [(item.code, item.wrong) for item in found] == [("never_true", True)]
    assert said in found[0].message


@pytest.mark.parametrize("when", [{"is_encrypted": True}, {"imei": [None]}, {"lifecycle": ["retired", "deployed"]}])
def test_a_condition_that_may_hold_is_right(when: dict[str, Any]) -> None:
    """A value that occurs, or unknown where nothing is filled."""
    assert hardware(fields={"hostname": [{"source": "mdm", "when": when}, "scan"]}) == []


def test_a_class_that_repeats_its_family() -> None:
    """The same rule on both levels; another one is an exception, which is what levels are for."""
    same = lints({"hardware": {"fields": {"price": ["erp"]}}, "computer": {"fields": {"price": ["erp"]}}})
    assert [(item.code, item.where) for item in same] == [("repeats_family", "computer.fields.price")]
    assert lints({"hardware": {"fields": {"price": ["erp"]}}, "computer": {"fields": {"price": ["erp", "*"]}}}) == []


def test_two_equal_authorities_on_one_field() -> None:
    """Two sources of one role that fill the same fields; an order of the two settles it."""
    says = {**SAYS, "jamf": {"computer": dict.fromkeys(("hostname", "model", "last_seen_at"))}}
    roles = {**ROLES, "jamf": "mdm"}
    [found] = lints({}, says, roles)
    assert (found.code, found.wrong, found.where) == ("equal_authorities", False, "sources.jamf")
    assert "mdm and jamf are equal authorities on 2 fields of hardware (hostname, model)" in found.message
    assert lints({"hardware": {"fields": {"default": ["mdm", "jamf"]}}}, says, roles) == []


def test_a_source_whose_maps_are_not_known_is_not_judged() -> None:
    """It might say everything."""
    says = {**SAYS, "mdm": None}
    block = {"hardware": {"fields": {"price": ["mdm"]}, "identify": ["imei"], "silent_after": "9d"}}
    assert lints(block, says) == []


def test_every_step_says_what_it_needs() -> None:
    """No step of any family is unknown to the lint, and none fires for a source that says nothing."""
    for family in JOIN_STEPS:
        cls = next(name for name in CLASSES if family_of(name) == family)
        fields = {name for other in CLASSES if family_of(other) == family for name in FIELDS[other]}
        names = [*JOIN_STEPS[family], *(f"propose:{name}" for name in PROPOSE_STEPS[family])]
        block = {family: {"identify": names}}
        roles = {"erp": "procurement"}
        every: dict[str, Says | None] = {"erp": {cls: dict.fromkeys(fields)}}
        assert [item for item in lints(block, every, roles) if item.code == "never_fires"] == []
        none: dict[str, Says | None] = {"erp": {cls: {}}}
        silent = [item for item in lints(block, none, roles) if item.code == "never_fires"]
        assert len(silent) == len(default_steps(family).steps) + len(default_steps(family).proposing)


def test_a_window_that_ends_before_the_next_read() -> None:
    """Of all sources or of one, against the schedule or the age that a file may have."""
    pace = {"mdm": (86_400, "schedules: sync"), "scan": (7 * 86_400, "fresh_within")}
    found = lint_pace({"hardware": {"silent_after": "2d"}}, pace, place)
    assert [(item.code, item.where) for item in found] == [("window_too_short", "hardware.silent_after")]
    assert "scan loses its place after 2d, and up to 7d may lie between two reads (fresh_within)" in found[0].message
    assert len(lint_pace({"hardware": {"silent_after": {"mdm": "12h", "scan": "8d"}}}, pace, place)) == 1
    assert lint_pace({"hardware": {"silent_after": {"mdm": "24h", "scan": "8d"}}}, pace, place) == []


def test_a_source_that_reads_what_a_target_writes() -> None:
    """Only what another source says as well comes back as an echo."""
    writes = {"snow": {"computer": frozenset({"hostname", "price", "is_encrypted"})}}
    [found] = lint_echo([("mdm", "snow")], SAYS, writes, lambda name: f"sources.{name}")
    assert (found.code, found.wrong, found.where) == ("echo", False, "sources.mdm")
    assert "1 fields (hostname)" in found.message
    assert lint_echo([], SAYS, writes, place_of) == []
    assert lint_echo([("mdm", "snow")], {"mdm": SAYS["mdm"]}, writes, place_of) == []


def place_of(name: str) -> str:
    """Name the place of a source."""
    return name


def test_references_of_classes_make_no_cycle() -> None:
    """Nothing but a person's manager leads back, so no rule or map can make one; people are ordered by the engine."""
    edges = {
        (family_of(cls), info.reference)
        for cls in CLASSES for info in FIELDS[cls].values() if info.reference
    } - {("person", "person")}  # fmt: skip
    while edges:
        leaves = {b for _, b in edges} - {a for a, _ in edges}
        assert leaves, f"a cycle of references: {edges}"
        edges = {(a, b) for a, b in edges if b not in leaves}
