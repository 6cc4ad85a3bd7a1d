"""The generated functions of target maps against the getters they were written from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.servicenow import CONNECTOR
from mapping.target import _converter, _getter
from mapping.target_generate import ABSENT, generate
from mapping.target_load import FieldSpec, load_specs
from synchub.domain.plan import Link, Lookup
from synchub.domain.records import CLEAR

_BENCH = Path(__file__).parents[3] / "bench" / "maps" / "null.yaml"
_SPECS = [
    (f"{path}: {cls}.{facet.facet}", facet.fields)
    for path, shipped in (("servicenow", sorted(CONNECTOR.maps.glob("*.yaml"))), ("bench", [_BENCH]))
    for cls, facets in load_specs(shipped, ())[0].items()
    for facet in facets
]
_ODD = (
    FieldSpec("a'b\"\\\n", ("serial_number", "name"), max_length=3),
    FieldSpec("chosen", ("lifecycle",), values={"in_use": "1", "7": "x"}, lookup="core_company"),
    FieldSpec("constant", (), value=5),
    FieldSpec("nothing", (), value=None, form="raw"),
    FieldSpec("where", ("assigned_to",), link="person", where={"status": frozenset({"active"})}),
    FieldSpec("both", ("manufacturer", "model"), lookup="model", by="maker+name"),
    FieldSpec("day", ("ends_on", "starts_on"), form="date"),
    FieldSpec("moment", ("ends_on",), form="datetime"),
)
_VALUES: st.SearchStrategy[Any] = (
    st.text(max_size=8)
    | st.sampled_from([CLEAR, "in_use", "active", "2026-01-02", "2026-01-02T03:04:05Z", 7, 0, 1.5, True, False])
    | st.lists(st.text(max_size=3), max_size=2)
    | st.none()
)


@pytest.mark.parametrize(("place", "fields"), [*_SPECS, ("odd", _ODD)], ids=lambda x: x if isinstance(x, str) else "")
def test_generated_functions_do_what_the_getters_do(place: str, fields: tuple[FieldSpec, ...]) -> None:
    """For any value of any field; references are told apart from what can be written as it is."""
    names = sorted({source for f in fields for source in (*f.sources, *f.where)})
    parts = generate([(f, _getter(f), _converter(f)) for f in fields], place)

    guards = {name for f in fields for name in f.where}  # single values in every class
    docs = st.dictionaries(st.sampled_from(names), _VALUES) if names else st.just({})

    @given(docs.map(lambda doc: {n: v for n, v in doc.items() if not (n in guards and isinstance(v, list))}))
    def law(doc: dict[str, Any]) -> None:
        plain, references = parts(doc)
        found = {f.name: _getter(f)(doc) for f in fields}
        assert plain | references == {name: value for name, value in found.items() if value is not ABSENT}
        assert all(value.__class__ in (Link, Lookup) for value in references.values())
        assert not any(value.__class__ in (Link, Lookup) for value in plain.values())

    law()
