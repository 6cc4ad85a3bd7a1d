"""Each field's value, and why."""

from __future__ import annotations

from typing import Any

from synchub.domain.records import CLEAR
from synchub.reconcile.explain import explain_field
from synchub.reconcile.merge import merge, moment
from synchub.reconcile.rules import compile_rules
from tests.unit.synchub.reconcile.records import SOURCES, record

NOW = moment("2026-11-22T12:00:00Z")
SHIPPED = compile_rules(None, SOURCES)


def configured(**hardware: Any) -> Any:
    """Rules with one family configured."""
    return compile_rules({"hardware": hardware}, SOURCES)


def test_shipped_matrix() -> None:
    """Money from procurement, user from management, network from discovery; both lists united."""
    erp = record(
        1, "erp", price="1249.00", currency="EUR", assigned_to="ben", ram_mib=1, mac_addresses=["00:50:56:bf:bb:17"]
    )
    mdm = record(2, "mdm", price="1.00", currency="USD", assigned_to="anna", ram_mib=2, os_version="10")
    scan = record(3, "scan", ram_mib=16384, os_version="11", mac_addresses=["00:50:56:bf:bb:18"])

    golden = merge([mdm, scan, erp], SHIPPED, NOW)

    assert golden.fields == {
        "price": "1249.00",
        "currency": "EUR",
        "assigned_to": "anna",
        "ram_mib": 16384,
        "os_version": "10",
        "mac_addresses": ["00:50:56:bf:bb:17", "00:50:56:bf:bb:18"],
    }
    assert golden.winners["price"] == 1
    assert golden.winners["os_version"] == 2


def test_most_specific_class_wins() -> None:
    """Procurement bought hardware, discovery saw a server."""
    assert merge([record(1, "erp", "hardware"), record(2, "scan", "server")], SHIPPED, NOW).cls == "server"
    assert merge([record(1, "mdm", "computer"), record(2, "scan", "server")], SHIPPED, NOW).cls == "computer"


def test_fields_of_another_class_are_left_out() -> None:
    """A printer has no IMEI, whatever a record of another class says."""
    members = [record(1, "mdm", "printer", name="p"), record(2, "scan", "mobile_device", imei="356938035643809")]

    assert "imei" not in merge(members, SHIPPED, NOW).fields


def test_currency_follows_its_price() -> None:
    """A price without currency does not borrow another price's."""
    erp = record(1, "erp", price="1249.00")
    mdm = record(2, "mdm", price="900.00", currency="USD")

    assert merge([erp, mdm], SHIPPED, NOW).fields == {"price": "1249.00"}


def test_empty_on_purpose_clears_and_unknown_does_not() -> None:
    """A source that clears a field wins where its value would; a source that is silent does not."""
    cleared = merge([record(1, "mdm", assigned_to=CLEAR), record(2, "erp", assigned_to="ben")], SHIPPED, NOW)
    silent = merge([record(1, "mdm"), record(2, "erp", assigned_to="ben")], SHIPPED, NOW)

    assert "assigned_to" not in cleared.fields
    assert cleared.winners["assigned_to"] == 1
    assert silent.fields["assigned_to"] == "ben"


def test_placeholders_never_reach_the_entity() -> None:
    """The better source's placeholder loses to the other source's serial number."""
    mdm = record(1, "mdm", serial_number="DEFAULTSTRING", mac_addresses=["0a:00:27:00:00:00", "00:50:56:bf:bb:17"])
    erp = record(2, "erp", serial_number="5CG81F02QX")

    golden = merge([mdm, erp], SHIPPED, NOW)

    assert golden.fields == {"serial_number": "5CG81F02QX", "mac_addresses": ["00:50:56:bf:bb:17"]}


def test_newer_record_of_a_source_wins_over_its_older_one() -> None:
    """Re-enrolled: the stale record says nothing any more, not even where a rule takes the largest."""
    old = record(1, "mdm", at=100, os_version="12", ram_mib=32768)
    new = record(2, "mdm", at=200, os_version="11", ram_mib=16384)
    rules = configured(fields={"ram_mib": "largest", "os_version": "most_reported"})

    assert merge([old, new], rules, NOW).fields == {"os_version": "11", "ram_mib": 16384}


def test_a_default_of_ones_own_replaces_the_shipped_order() -> None:
    """Sources that it does not name come last."""
    rules = configured(fields={"default": ["scan", "erp"]})
    mdm, scan = record(1, "mdm", name="m", location="M"), record(2, "scan", name="s")

    golden = merge([mdm, scan], rules, NOW)

    assert golden.fields == {"name": "s", "location": "M"}


def test_only_named_sources_may_say_a_field() -> None:
    """And a star lets the others in."""
    mdm = record(1, "mdm", price="5.00")

    assert merge([mdm], configured(fields={"price": ["erp"]}), NOW).fields == {}
    assert merge([mdm], configured(fields={"price": ["erp", "*"]}), NOW).fields == {"price": "5.00"}


def test_conditions() -> None:
    """Management names the user only while the device is deployed."""
    rules = configured(fields={"assigned_to": [{"source": "mdm", "when": {"lifecycle": ["deployed"]}}, "erp"]})
    erp = record(2, "erp", assigned_to="ben")

    deployed = merge([record(1, "mdm", assigned_to="anna", lifecycle="deployed"), erp], rules, NOW)
    stored = merge([record(1, "mdm", assigned_to="anna", lifecycle="in_stock"), erp], rules, NOW)

    assert (deployed.fields["assigned_to"], stored.fields["assigned_to"]) == ("anna", "ben")


def test_dynamic_rules() -> None:
    """Newest observation, largest value, most reported value."""
    rules = configured(fields={"name": "newest", "ram_mib": "largest", "location": "most_reported"})
    members = [
        record(1, "mdm", at=10, name="a", ram_mib=8192, location="BER"),
        record(2, "scan", at=30, name="b", ram_mib=4096, location="MUC"),
        record(3, "erp", at=20, name="c", ram_mib=16384, location="MUC"),
    ]

    assert merge(members, rules, NOW).fields == {"name": "b", "ram_mib": 16384, "location": "MUC"}


def test_a_silent_source_loses_its_place_when_the_clock_moves() -> None:
    """Nothing but time passes: the change comes exactly when it was announced."""
    rules = configured(silent_after="14d")
    mdm = record(1, "mdm", name="m", last_seen_at="2026-11-20T00:00:00Z")
    erp = record(2, "erp", name="e")

    before = merge([mdm, erp], rules, NOW)
    assert before.due_at is not None
    eve = merge([mdm, erp], rules, before.due_at - 1)
    after = merge([mdm, erp], rules, before.due_at)

    assert (before.fields["name"], eve.fields["name"], after.fields["name"]) == ("m", "m", "e")
    assert after.due_at is None


def test_a_source_that_still_speaks_elsewhere_is_not_silent() -> None:
    """The latest sign of life of any of its records counts; sources without one never go silent."""
    rules = configured(silent_after={"mdm": "14d"})
    old = record(1, "mdm", at=1, name="old", last_seen_at="2026-01-01T00:00:00Z")
    new = record(2, "mdm", at=2, last_seen_at="2026-11-22T00:00:00Z")

    assert merge([old, new, record(3, "scan", name="s")], rules, NOW).fields["name"] == "old"


def test_explanation_names_winner_losers_and_reasons() -> None:
    """Rank, age, placeholder, empty, not allowed, silent: each loser is told why."""
    rules = configured(fields={"serial_number": ["mdm", "erp", "hr"]}, silent_after={"hr": "1d"})
    members = [
        record(1, "mdm", at=5, serial_number="DEFAULTSTRING"),
        record(2, "mdm", at=9, serial_number="5CG81F02QX"),
        record(3, "mdm", at=7, serial_number="5CG81F02OX"),
        record(4, "erp", serial_number="5CG81F02QX"),
        record(5, "scan", serial_number="5CG81F02QX"),
        record(6, "erp"),
        record(7, "hr", serial_number="PF1ABCDE", last_seen_at="2020-01-01T00:00:00Z"),
    ]

    told = explain_field(members, rules, NOW, "serial_number")

    assert (told.value, told.winner, told.rule) == ("5CG81F02QX", 2, "mdm before erp before hr")
    assert {v.record: v.reason for v in told.voices} == {
        1: "a placeholder is no value",
        2: "",
        3: "older: the same source said '5CG81F02QX' later (1970-01-01 00:00 UTC)",
        4: "rule: mdm before erp before hr",
        5: "scan may not say this field: mdm before erp before hr",
        6: "an empty value does not win",
        7: "silent for longer than its window",
    }


def test_explanation_of_a_field_nobody_knows() -> None:
    """Says so, and does not fail."""
    told = explain_field([record(1, "mdm")], SHIPPED, NOW, "price")

    assert (told.value, told.winner) == (None, None)
    assert told.voices[0].reason == "an empty value does not win"
