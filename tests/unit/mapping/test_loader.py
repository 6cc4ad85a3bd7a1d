"""Reading field maps: overrides, and errors that name the place and the way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from mapping.loader import load_map
from synchub.errors import ConfigError
from tests.unit.mapping.building import HEAD, field_map, mapped, write

BASE = """version: 1
stream: things
class: computer
key: id
observed_at: {path: seen, to: [moment]}
keep: "owner != 'personal'"
fields:
  name: {path: title, to: [text]}
  model: {path: model}
"""


def refused(folder: Path, text: str) -> ConfigError:
    """Return the error with which a map is refused."""
    with pytest.raises(ConfigError) as caught:
        load_map(write(folder, "x.yaml", text))
    return caught.value


@pytest.mark.parametrize(
    ("rule", "where", "fix"),
    [
        ("serialNumber: {path: a}", 6, "did you mean 'serial_number'?"),
        ("name: {pth: a}", 6, "did you mean 'path'?"),
        ("name: {path: a, to: [txet]}", 6, "did you mean 'text'?"),
        ("name:\n    path: a\n    to:\n      - text\n      - fnord", 10, "known are"),
        ("price: {path: a, to: [{money: {decmal: ','}}]}", 6, "did you mean 'decimal'?"),
        ("lifecycle: {path: a, lookup: {x: deployd}}", 6, "did you mean 'deployed'?"),
        ("name: title", 6, "write `{path: title}`"),
    ],
)
def test_typos_name_the_line_and_the_nearest_known_word(tmp_path: Path, rule: str, where: int, fix: str) -> None:
    """Whoever mistypes a field, key, transform, option or value is told what was probably meant, and where."""
    error = refused(tmp_path, HEAD.format(cls="computer") + f"  {rule}\n")
    assert error.where == f"maps/x.yaml:{where}"
    assert fix in error.fix


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("name: {path: a, value: b}", "exactly one of"),
        ("name: {to: [text]}", "exactly one of"),
        ("name: {path: 'a[0]'}", "list item"),
        ("name: {path: 'a[]'}", "several values"),
        ("name: {paths: [a, b]}", "several values"),
        ("name: {path: a, to: [{split: ','}]}", "several values"),
        ("name: {path: a, to: [{extract: '(?=x)'}]}", "RE2"),
        ("name: {path: a, to: [{extract: '('}]}", "RE2"),
        ("name: {path: a, to: [{replace: {regex: a, with: '\\\\7'}}]}", "group"),
        ("name: {path: a, to: [{upper: x}]}", "takes no option"),
        ("name: {path: a, to: [{divide: 0}]}", "other than 0"),
        ("name: {path: a, when: 'b =='}", "not JMESPath"),
        ("name: {path: a, otherwise: drop}", "no"),
        ("name: {path: a, lookup: {x: y, X: z}}", "differ only in case"),
        ("name: {path: a, lookup: {x: y}, otherwise: perhaps}", "expected warn, drop, pass"),
        ("name: {path: a, lookup: {}}", "at least one entry"),
        ("ram_mib: {value: lots}", "does not fit"),
        ("currency: {value: euro}", "does not fit"),
        ("name: {value: x, to: [upper]}", "constant"),
        ("name: {first: [a, b], clear: null}", "one `path`"),
        ("last_seen_at: {path: a, to: [{moment: {timezone: Mars/Base}}]}", "time zone"),
        ("ram_mib: {path: a, to: [{mib: {unit: parsec}}]}", "unit"),
        ("price: {path: a, to: [{money: {decimal: ';'}}]}", "expected one of"),
        ("price: {path: a, to: [{money: ','}]}", "must be named"),
        ("model: {path: a, to: [{model: {manufacturer: {path: 'b[]'}}}]}", "one value"),
        ("imei: {path: a}", "no such class has a field"),
    ],
)
def test_rules_that_cannot_work_are_refused_at_load(tmp_path: Path, rule: str, why: str) -> None:
    """What would fail on every record fails once, when the map is read."""
    error = refused(tmp_path, HEAD.format(cls="computer") + f"  {rule}\n")
    assert error.where == "maps/x.yaml:6"
    assert why in error.message


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "mapping"),
        ("stream: a\nclass: computer\nkey: id\n", "version: 1"),
        ("version: 2\nstream: a\nclass: computer\nkey: id\n", "version: 1"),
        ("version: 1\nstream: a\nclass: computer\n", "lacks key"),
        ("version: 1\nstream: a\nclass: laptop\nkey: id\n", "no canonical class"),
        ("version: 1\nstream: a\nclass: computer\nkey: 'a[]'\n", "one value per record"),
        ("version: 1\nstream: a\nclass: [{when: a}]\nkey: id\n", "either `is` or `words`"),
        ("version: 1\nstream: a\nclass: [{is: server}, {is: computer}]\nkey: id\n", "no record reaches"),
        ("version: 1\nstream: a\nclass: computer\nkey: id\nfields: [a]\n", "mapping"),
        ("version: 1\nstream: a\nclass: computer\nkey: id\nkeep: 'a =='\n", "not JMESPath"),
        ("version: 1\nstream: a\nclass: computer\nkey: id\nlookups: {}\n", "no key 'lookups'"),
        ("version: 1\nstream: a\nclass: computer\nkey: &k id\n", "anchor"),
    ],
)
def test_heads_that_cannot_work_are_refused(tmp_path: Path, text: str, why: str) -> None:
    """The head of a map is checked like its fields."""
    assert why in refused(tmp_path, text).message


def test_a_missing_file_is_a_configuration_error(tmp_path: Path) -> None:
    """The message names the file."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_map(tmp_path / "nowhere.yaml")


def test_an_override_replaces_removes_and_adds_field_by_field(tmp_path: Path) -> None:
    """What the override does not name stays as shipped; each rule knows the file it stands in."""
    shipped = write(tmp_path, "things.yaml", BASE)
    user = write(tmp_path, "mine.yaml", "fields:\n  name: {path: label}\n  model: null\n  asset_tag: {path: tag}\n")
    record = load_map(shipped, [user]).map({"id": "1", "title": "t", "label": "l", "model": "m", "tag": "A1"})
    assert record is not None
    assert record.fields == {"name": "l", "asset_tag": "A1"}
    assert load_map(shipped, [user]).line_of("name") == "maps/mine.yaml:2"
    assert load_map(shipped).line_of("name") == "maps/things.yaml:8"


def test_an_override_can_lift_the_filter_and_change_the_class(tmp_path: Path) -> None:
    """Parts of the head are replaced as a whole; `keep: null` removes the filter."""
    shipped = write(tmp_path, "things.yaml", BASE)
    user = write(tmp_path, "mine.yaml", "keep: null\nclass: server\n")
    payload = {"id": "1", "owner": "personal"}
    assert load_map(shipped).map(payload) is None
    record = load_map(shipped, [user]).map(payload)
    assert record is not None
    assert record.cls == "server"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("stream: others\n", "of stream 'things'"),
        ("fields: {modell: null}\n", "no rule for 'modell'"),
        ("version: 3\n", "version: 1"),
        ("fields: {name: {path: 'a['}}\n", "not a path"),
        ("class: purchase_order\n", "no such class has the 'model' of maps/things.yaml:"),
    ],
)
def test_overrides_are_checked_like_shipped_maps(tmp_path: Path, text: str, why: str) -> None:
    """The place named is that of the override."""
    shipped = write(tmp_path, "things.yaml", BASE)
    with pytest.raises(ConfigError) as caught:
        load_map(shipped, [write(tmp_path, "mine.yaml", text)])
    assert why in caught.value.message
    assert caught.value.where == "maps/mine.yaml:1"


def test_the_fingerprint_follows_what_is_mapped_and_nothing_else(tmp_path: Path) -> None:
    """Comments, order and file names do not move it; a rule, an override or an option of the stream does."""
    base = load_map(write(tmp_path, "things.yaml", BASE)).fingerprint
    lines = BASE.splitlines()
    turned = "\n".join(["# comment", *lines[:7], lines[8], lines[7]])
    assert load_map(write(tmp_path, "turned.yaml", turned)).fingerprint == base
    assert load_map(write(tmp_path, "things.yaml", BASE.replace("[text]", "[lower]"))).fingerprint != base
    shipped = write(tmp_path, "things.yaml", BASE)
    assert load_map(shipped, [write(tmp_path, "m.yaml", "fields: {model: null}")]).fingerprint != base
    assert load_map(shipped, options={"decimal": ","}).fingerprint != base


def test_the_stream_says_how_numbers_and_dates_are_written(tmp_path: Path) -> None:
    """`decimal`, `dates` and `timezone` of the stream reach the transforms that read such values."""
    rules = """
ordered_on: {path: d, to: [date]}
price: {path: p, to: [{money: {decimal: "."}}]}
last_seen_at: {path: m, to: [moment]}
"""
    payload = {"d": "03/04/2024", "p": "1.249,5", "m": "03/04/2024 10:00"}
    said = {"decimal": ",", "dates": "%d/%m/%Y", "timezone": "Europe/Berlin"}
    record = mapped(tmp_path, rules, payload, **said)
    assert record.fields == {"ordered_on": "2024-04-03", "price": "1249.50", "last_seen_at": "2024-04-03T08:00:00Z"}


def test_an_override_wins_over_what_the_stream_says(tmp_path: Path) -> None:
    """Options a user wrote into an override are the last word."""
    shipped = write(tmp_path, "x.yaml", HEAD.format(cls="computer") + "  price: {path: p, to: [money]}\n")
    user = write(tmp_path, "mine.yaml", 'fields: {price: {path: p, to: [{money: {decimal: "."}}]}}')
    record = load_map(shipped, [user], options={"decimal": ","}).map({"id": "1", "p": "1.249"})
    assert record is not None
    assert record.fields["price"] == "1.249"


def test_paths_lists_everything_that_is_read(tmp_path: Path) -> None:
    """Keys, values, conditions, and options that stand in the payload."""
    rules = """
model: {path: m, to: [{model: {manufacturer: {path: maker.name}}}], when: "a.b == 'x'"}
mac_addresses: {path: "nics[].mac", to: [mac]}
"""
    assert field_map(tmp_path, rules).paths == ("a.b", "id", "m", "maker.name", "nics[].mac")
