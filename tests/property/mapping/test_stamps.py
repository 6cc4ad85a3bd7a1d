"""A payload of a known essence brings nothing but stamps."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mapping.engine import FieldMap
from mapping.loader import load_map
from state.overlay import overlay_fields, stamped
from synchub.domain.model import VOLATILE

_MAP = """
version: 1
stream: things
class: [{is: server, when: "kind == 's'"}, {is: peripheral, when: "kind == 'p'"}, {is: computer}]
key: id
observed_at: {path: seen.changed, to: [moment]}
keep: "b.c != 'private'"
fields:
  name: {path: a, to: [text]}
  location: {path: n, to: [text]}
  last_seen_at: {first: [seen.at, seen.changed], to: [moment]}
  storage_free_gb: {path: free, to: [{gb: {unit: GB}}], clear: [""]}
  ip_addresses: {paths: [n, "l[].ip"], to: [ip]}
"""
_SCALARS = st.sampled_from(
    (None, True, "", " ", "x", "s", "p", "private", 0, 1, 0.5, 7.25, "10.0.0.1", "2024-02-29T12:00:01Z",
     "2025-01-01T00:00:00Z", "2025-01-01 00:00:00")
)  # fmt: skip
_VALUES = st.one_of(
    _SCALARS,
    st.dictionaries(st.sampled_from(("at", "changed", "c")), _SCALARS, max_size=3),
    st.lists(st.dictionaries(st.just("ip"), _SCALARS), max_size=2),
)
_NAMES = ("kind", "a", "b", "n", "l", "free", "seen")
_STAMPED = {"free": st.integers(0, 9), "seen": st.fixed_dictionaries({"at": _SCALARS, "changed": _SCALARS})}
_PAYLOADS = st.fixed_dictionaries(
    {"id": st.just("1")}, optional=dict.fromkeys(_NAMES, _VALUES) | {n: _VALUES | s for n, s in _STAMPED.items()}
)


def _compiled(folder: Path) -> FieldMap:
    path = folder / "things.yaml"
    path.write_text(_MAP)
    return load_map(path)


def test_essence(tmp_path_factory: Any) -> None:
    """The same class, key, meaning and fate; `check_in` reads what `map` reads; laid over the old it gives the new."""
    field_map = _compiled(tmp_path_factory.mktemp("maps"))
    hits = []

    @settings(max_examples=150, deadline=None)
    @given(_PAYLOADS, st.data())
    def law(old: dict[str, Any], data: st.DataObject) -> None:
        for name, what in _STAMPED.items():  # mostly both have their stamps
            if data.draw(st.booleans()):
                old[name] = data.draw(what)
        new = copy.deepcopy(old)
        for name in data.draw(st.sets(st.sampled_from(_NAMES), max_size=1)):
            new[name] = data.draw(_VALUES)
        new |= {name: data.draw(what) for name, what in _STAMPED.items() if data.draw(st.booleans())}
        before = copy.deepcopy(new)
        same = field_map.essence(old) == field_map.essence(new)
        assert new == before  # nothing is left blanked
        assume(same)
        one, other = field_map.map(old), field_map.map(new)
        if one is None or other is None:
            assert one is other
            return
        assert (one.key, one.cls) == (other.key, other.cls)
        volatile = VOLATILE[one.cls]
        assert {n: v for n, v in one.fields.items() if n not in volatile} == {
            n: v for n, v in other.fields.items() if n not in volatile
        }
        said = field_map.check_in(new)
        if said is None:
            assert other.warnings
            return
        hits.append(new != old)
        assert said.observed_at == other.observed_at
        assert overlay_fields(dict(one.fields), orjson.dumps(said.fields)) == other.fields
        assert orjson.loads(stamped(orjson.dumps(old), orjson.dumps(said.stamps))) == new

    law()
    assert any(hits)  # the law was tried on payloads that differ


def test_nothing_that_anything_else_reads_is_a_stamp(tmp_path: Path) -> None:
    """A path of a key, a class, a condition or another field tells meaning, and so does what lies around or in it."""
    field_map = _compiled(tmp_path)
    base = {"id": "1", "n": "10.0.0.1", "free": 5, "seen": {"at": "2025-01-01T00:00:00Z"}, "l": [{"ip": "10.0.0.2"}]}
    essence = field_map.essence(base)
    assert field_map.essence(base | {"free": 6, "seen": {"at": "2026-01-01T00:00:00Z"}}) == essence
    changes: tuple[dict[str, Any], ...] = (
        {"id": "2"}, {"n": "10.0.0.3"}, {"l": [{"ip": "10.0.0.4"}]}, {"free": None}, {"free": "5"}, {"seen": {}},
        {"seen": None}, {"kind": "s"}, {"b": {"c": "private"}}, {"unmapped": 1},
    )  # fmt: skip
    for change in changes:
        assert field_map.essence(base | change) != essence, change
