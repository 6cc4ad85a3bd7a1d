"""Records from payloads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mapping.loader import load_map
from synchub.domain.records import CLEAR, FieldWarning
from synchub.errors import MappingError
from tests.unit.mapping.building import HEAD, field_map, mapped, write


@pytest.mark.parametrize("empty", [{}, {"a": None}, {"a": ""}, {"a": "   "}, {"b": 1}], ids=str)
def test_nothing_known_is_an_absent_field(tmp_path: Path, empty: dict[str, Any]) -> None:
    """Missing, null, empty and blank all mean *unknown*: no value, no warning."""
    record = mapped(tmp_path, "name: {path: a, to: [text]}", empty)
    assert (record.fields, record.warnings) == ({}, [])


def test_a_value_that_is_not_understood_is_a_warning_with_the_raw_value(tmp_path: Path) -> None:
    """The field stays unknown, the record lives."""
    record = mapped(tmp_path, "uuid: {path: a, to: [uuid]}\nname: {path: n}", {"a": "not one", "n": "x"})
    assert record.fields == {"name": "x"}
    assert [(w.field, w.raw) for w in record.warnings] == [("uuid", "not one")]
    assert record.warnings[0].message.startswith("uuid: expected")


def test_warnings_of_personal_fields_hold_no_value(tmp_path: Path) -> None:
    """Neither the raw value nor a part of it shows."""
    record = mapped(tmp_path, "email: {path: a, to: [email]}", {"a": "anna novak"}, cls="person")
    assert record.fields == {}
    assert [w.field for w in record.warnings] == ["email"]
    assert "anna" not in repr(record.warnings)


@pytest.mark.parametrize("raw", [{"x": 1}, [1, 2], []], ids=str)
def test_an_object_or_list_in_place_of_a_value_is_a_warning(tmp_path: Path, raw: Any) -> None:
    """No payload is dumped into the warning."""
    record = mapped(tmp_path, "name: {path: a}", {"a": raw})
    assert record.fields == {}
    assert [w.raw for w in record.warnings] == [""]


def test_values_must_fit_the_canonical_field(tmp_path: Path) -> None:
    """Without a transform a raw value has to be canonical already."""
    rules = "ordered_on: {path: d}\ncurrency: {path: c}\nram_mib: {path: r}\nis_encrypted: {path: e}\nprice: {path: p}"
    good = mapped(tmp_path, rules, {"d": "2024-02-29", "c": "EUR", "r": 16, "e": True, "p": 12.5})
    assert good.fields == {
        "ordered_on": "2024-02-29", "currency": "EUR", "ram_mib": 16, "is_encrypted": True, "price": "12.5",
    }  # fmt: skip
    bad = mapped(tmp_path, rules, {"d": "2024-02-30", "c": "eur", "r": "16", "e": "yes", "p": "1,5"})
    assert bad.fields == {}
    assert {w.field for w in bad.warnings} == {"ordered_on", "currency", "ram_mib", "is_encrypted", "price"}


def test_list_fields_are_unique_and_sorted_and_bad_items_warn(tmp_path: Path) -> None:
    """One unreadable address does not take the others with it."""
    rules = "mac_addresses: {paths: [a, b, 'c[].m'], to: [mac]}"
    payload = {"a": "00-50-56-BF-BB-17", "b": "nonsense", "c": [{"m": "0050.56bf.bb17"}, {"m": "00:00:0c:00:00:01"}]}
    record = mapped(tmp_path, rules, payload)
    assert record.fields["mac_addresses"] == ["00:00:0c:00:00:01", "00:50:56:bf:bb:17"]
    assert [w.raw for w in record.warnings] == ["nonsense"]


def test_a_flood_of_values_is_bounded(tmp_path: Path) -> None:
    """A hostile list costs a bounded number of values and warnings."""
    record = mapped(tmp_path, "ip_addresses: {path: 'a[]', to: [ip]}", {"a": ["x"] * 100_000})
    assert len(record.warnings) <= 6


def test_first_takes_the_first_that_holds_something(tmp_path: Path) -> None:
    """Blank and unset values are passed over, lists are walked."""
    rules = 'name: {first: [a, b, "c[]", d], to: [text], unset: ["n/a"]}'
    assert mapped(tmp_path, rules, {"a": " ", "b": "n/a", "c": [None, "x"], "d": "y"}).fields == {"name": "x"}


def test_unset_and_clear_tokens(tmp_path: Path) -> None:
    """`unset` means unknown, `clear` means empty on purpose; both by their text, numbers included."""
    rules = 'price: {path: a, to: [decimal], unset: ["0", "n/a"], clear: "(none)"}'
    assert mapped(tmp_path, rules, {"a": 0}).fields == {}
    assert mapped(tmp_path, rules, {"a": " n/a "}).fields == {}
    assert mapped(tmp_path, rules, {"a": "(none)"}).fields == {"price": CLEAR}
    assert mapped(tmp_path, rules, {"a": "5"}).fields == {"price": "5"}


def test_null_clears_only_where_the_map_says_so(tmp_path: Path) -> None:
    """Null never overwrites unless told, and a path that is not there never does."""
    told = 'location: {path: a.b, clear: [null, ""]}'
    assert mapped(tmp_path, told, {"a": {"b": None}}).fields == {"location": CLEAR}
    assert mapped(tmp_path, told, {"a": {"b": ""}}).fields == {"location": CLEAR}
    assert mapped(tmp_path, told, {"a": {}}).fields == {}
    assert mapped(tmp_path, told, {}).fields == {}
    assert mapped(tmp_path, "location: {path: a.b}", {"a": {"b": None}}).fields == {}


def test_a_payload_cannot_forge_the_clear_token(tmp_path: Path) -> None:
    """The hub's own mark for *empty on purpose* is refused as a value."""
    record = mapped(tmp_path, "name: {path: a}\nmac_addresses: {path: 'b[]'}", {"a": CLEAR, "b": [CLEAR, "x"]})
    assert record.fields == {"mac_addresses": ["x"]}
    assert len(record.warnings) == 2


def test_lookup_ignores_case_and_says_what_it_does_not_know(tmp_path: Path) -> None:
    """Known, known without meaning, and unknown values; `otherwise` decides about the last."""
    rule = "lifecycle: {path: a, lookup: {Managed: deployed, n: null, 1: in_stock, true: retired}%s}"
    for raw, value in [(" managed ", "deployed"), ("N", None), (1, "in_stock"), (True, "retired")]:
        record = mapped(tmp_path, rule % "", {"a": raw})
        assert (record.fields.get("lifecycle"), record.warnings) == (value, [])
    warned = mapped(tmp_path, rule % "", {"a": "wipePending"})
    assert warned.warnings == [FieldWarning("lifecycle", "wipePending", "lookup: expected a value of the lookup table")]
    assert mapped(tmp_path, rule % ", otherwise: drop", {"a": "x"}).warnings == []
    assert mapped(tmp_path, rule % ", otherwise: {value: missing}", {"a": "x"}).fields == {"lifecycle": "missing"}
    assert mapped(tmp_path, rule % ", otherwise: pass", {"a": "stolen"}).fields == {"lifecycle": "stolen"}


def test_conditions_switch_single_fields(tmp_path: Path) -> None:
    """Where `when` does not hold the field is unknown; where it cannot be told there is a warning."""
    rule = "name: {path: a, when: \"starts_with(b, 'x')\"}"
    assert mapped(tmp_path, rule, {"a": "n", "b": "xy"}).fields == {"name": "n"}
    assert mapped(tmp_path, rule, {"a": "n", "b": "y"}).warnings == []
    assert [w.field for w in mapped(tmp_path, rule, {"a": "n"}).warnings] == ["name"]


def test_constants_and_options_from_the_payload(tmp_path: Path) -> None:
    """A rule can hold a value, and an option can stand in the payload."""
    rules = "currency: {value: EUR}\nos_name: {path: o, to: [{os_name: {version: {path: v}}}]}"
    assert mapped(tmp_path, rules, {"o": "Windows", "v": "10.0.22631.1"}).fields == {
        "currency": "EUR",
        "os_name": "Windows 11",
    }
    assert mapped(tmp_path, rules, {"o": "Windows", "v": "10.0.19045.1"}).fields["os_name"] == "Windows 10"
    assert mapped(tmp_path, rules, {"o": "Linux", "v": {"x": 1}}).fields["os_name"] == "Linux"


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        ({}, "missing or empty"),
        ({"id": None}, "missing or empty"),
        ({"id": ""}, "missing or empty"),
        ({"id": "  "}, "no text"),
        ({"id": {"x": 1}}, "no text"),
        ({"id": True}, "no text"),
        ({"id": "x" * 501}, "no text"),
        ([], "not a JSON object"),
        ("text", "not a JSON object"),
    ],
)
def test_without_a_key_there_is_no_record(tmp_path: Path, payload: Any, why: str) -> None:
    """The error says which path and does not quote the payload."""
    with pytest.raises(MappingError, match=why) as caught:
        field_map(tmp_path, "name: {path: a}").map(payload)
    assert caught.value.where == "maps/x.yaml:4"


def test_keys_are_opaque_text(tmp_path: Path) -> None:
    """Numbers become text; several paths become a JSON array, so that no joining can make two keys one."""
    assert field_map(tmp_path, "name: {path: a}").map({"id": 7}).key == "7"  # type: ignore[union-attr]
    text = "version: 1\nstream: s\nclass: person\nkey: [a, b]\n"
    double = load_map(write(tmp_path, "y.yaml", text))
    assert double.map({"a": "1,2", "b": 3}).key == '["1,2","3"]'  # type: ignore[union-attr]
    with pytest.raises(MappingError, match="native key b"):
        double.map({"a": "1"})


CLASSES = """version: 1
stream: s
class:
  - {is: mobile_device, when: "os == 'iOS'"}
  - {is: server, when: "starts_with(host, 'srv-')"}
key: id
fields:
  imei: {path: imei}
  name: {path: host}
"""


def test_the_first_class_rule_that_holds_wins_and_fields_follow_the_class(tmp_path: Path) -> None:
    """Fields the class does not have are skipped silently."""
    both = load_map(write(tmp_path, "x.yaml", CLASSES))
    phone = both.map({"id": "1", "os": "iOS", "host": "srv-1", "imei": "i"})
    server = both.map({"id": "1", "host": "srv-1", "imei": "i"})
    assert phone is not None
    assert server is not None
    assert (phone.cls, phone.fields) == ("mobile_device", {"imei": "i", "name": "srv-1"})
    assert (server.cls, server.fields, server.warnings) == ("server", {"name": "srv-1"}, [])


def test_a_record_of_no_class_is_refused(tmp_path: Path) -> None:
    """Also where a condition cannot be told."""
    for payload in ({"id": "1", "host": "nb-1"}, {"id": "1"}):
        with pytest.raises(MappingError, match="no rule of `class`"):
            load_map(write(tmp_path, "x.yaml", CLASSES)).map(payload)


def test_words_tell_hardware_classes(tmp_path: Path) -> None:
    """Where the words say nothing the next rule is asked."""
    text = "version: 1\nstream: s\nclass:\n  - {words: [d, m]}\n  - {is: purchase_order_line}\nkey: id\n"
    told = load_map(write(tmp_path, "x.yaml", text))
    found = {d: told.map({"id": "1", "d": d}).cls for d in ("EliteBook laptop", "Cisco switch", "Chain oil")}  # type: ignore[union-attr]
    assert found == {
        "EliteBook laptop": "computer",
        "Cisco switch": "network_device",
        "Chain oil": "purchase_order_line",
    }
    assert told.map({"id": "1", "d": "x" * 100_000, "m": [1]}).cls == "purchase_order_line"  # type: ignore[union-attr]


def test_keep_drops_before_anything_else(tmp_path: Path) -> None:
    """A dropped record is no error, even without a key; one whose fate cannot be told is."""
    text = HEAD.format(cls="computer").replace("fields:\n", "") + "keep: \"!contains(tags, 'byod')\"\n"
    kept = load_map(write(tmp_path, "x.yaml", text))
    assert kept.map({"tags": ["byod"]}) is None
    assert kept.map({"id": "1", "tags": []}) is not None
    with pytest.raises(MappingError, match="to be kept cannot be told"):
        kept.map({"id": "1"})


def test_observed_at_is_seconds_and_zero_when_not_said(tmp_path: Path) -> None:
    """A moment that cannot be read is a warning, and the time counts as unknown."""
    text = HEAD.format(cls="computer").replace("fields:", "observed_at: {first: [a, b], to: [moment]}\nfields: {}")
    seen = load_map(write(tmp_path, "x.yaml", text))
    for payload, seconds, warnings in [
        ({"b": "2024-01-02T00:00:00.1234567Z"}, 1704153600, []),
        ({"a": "0001-01-01T00:00:00Z"}, 0, []),
        ({"a": "yesterday"}, 0, ["observed_at"]),
    ]:
        record = seen.map({"id": "1", **payload})
        assert record is not None
        assert (record.observed_at, [w.field for w in record.warnings]) == (seconds, warnings)


def test_projection_of_people_keeps_mapped_paths_and_maps_the_same(tmp_path: Path) -> None:
    """What is not mapped is never stored."""
    people = field_map(tmp_path, "email: {path: mail, to: [email]}\nname: {path: n.full, when: active}", cls="person")
    payload = {
        "id": "1",
        "mail": "A@B.example",
        "n": {"full": "x", "maiden": "y"},
        "active": True,
        "salary": 1,
        "iban": "z",
    }
    assert people.project(payload) == {"id": "1", "mail": "A@B.example", "n": {"full": "x"}, "active": True}
    assert people.map(people.project(payload)) == people.map(payload)


def test_repeated_values_are_not_confused(tmp_path: Path) -> None:
    """What is remembered of one raw value is used for that value and kind only, however many come."""
    one = field_map(tmp_path, "model: {path: a, to: [text]}\ncpu_cores: {path: b, to: [integer]}")
    for n in [*range(5000), *range(5000)]:
        record = one.map({"id": "1", "a": f"m{n % 1500}", "b": str(n)})
        assert record is not None
        assert record.fields == {"model": f"m{n % 1500}", "cpu_cores": n}
    mixed = [one.map({"id": "1", "a": raw}).fields for raw in (1, True, 1.0, "1", "true")]  # type: ignore[union-attr]
    assert mixed == [{"model": m} for m in ("1", "true", "1", "1", "true")]
