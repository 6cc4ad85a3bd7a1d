"""Laws of clustering, over records that collide all the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from synchub.domain.records import Contribution
from synchub.reconcile.assign import assign
from synchub.reconcile.cluster import Cluster, Decisions, cluster, plainly_one
from synchub.reconcile.compare import one_edit
from synchub.reconcile.identifiers import JOINING, Traits, identifier_hash, identifiers, traits
from synchub.reconcile.steps import default_steps
from tests.property.reconcile.strategies import HARDWARE_FIELDS, PLACEHOLDERS, contributions

RULES = default_steps("hardware")
Shape = set[frozenset[int]]


def clusters(records: Sequence[Contribution], shared: Iterable[int] = (), **more: Any) -> list[Cluster]:
    """Cluster with the shipped steps."""
    return cluster(records, shared=set(shared), rules=RULES, **more)


def shape(found: Iterable[Cluster]) -> Shape:
    """Who is with whom."""
    return {frozenset(r.record for r in c.members) for c in found}


def joining(record: Contribution) -> set[int]:
    """Hashes of the joining identifiers of a record."""
    return {identifier_hash(k, v) for k, v in identifiers(record.cls, record.fields) if k in JOINING}


@given(contributions(), st.randoms())
def test_order_of_records_does_not_matter(records: list[Contribution], random: Any) -> None:
    """Shuffled records give the same clusters, edges and refusals."""
    shuffled = list(records)
    random.shuffle(shuffled)

    assert clusters(records) == clusters(shuffled)


@given(contributions(), st.permutations(range(1, 11)))
def test_ledger_ids_say_nothing(records: list[Contribution], ids: list[int]) -> None:
    """Other ledger ids for the same records give the same clusters."""
    renamed = [r._replace(record=ids[i]) for i, r in enumerate(records)]
    back = {new.record: old.record for new, old in zip(renamed, records, strict=True)}

    assert shape(clusters(records)) == {frozenset(back[i] for i in c) for c in shape(clusters(renamed))}


@given(contributions(max_size=8), contributions(max_size=8))
def test_components_cluster_by_themselves(a: list[Contribution], b: list[Contribution]) -> None:
    """What shares no eligible identifier clusters as if the other were not there."""
    b = [r._replace(record=r.record + 100, key=f"b{r.key}") for r in b]
    common = {h for r in a for h in joining(r)} & {h for r in b for h in joining(r)}

    together = shape(clusters([*a, *b], common))

    assert together == shape(clusters(a, common)) | shape(clusters(b, common))


@given(contributions())
def test_every_record_is_in_exactly_one_cluster(records: list[Contribution]) -> None:
    """Clusters partition the records, and edges span each of them."""
    found = clusters(records)

    assert sorted(r.record for c in found for r in c.members) == sorted(r.record for r in records)
    assert all(len(c.edges) == len(c.members) - 1 for c in found)


@given(contributions())
def test_clustering_a_cluster_again_keeps_what_its_edges_hold(records: list[Contribution]) -> None:
    """Clustering twice is clustering once."""
    once = clusters(records)

    assert shape(clusters([r for c in once for r in c.members])) == shape(once)


@given(contributions(), st.data())
def test_nothing_joins_on_placeholders_or_shared_values(records: list[Contribution], data: Any) -> None:
    """No edge carries a placeholder or a value that is not eligible."""
    every = sorted({h for r in records for h in joining(r)})
    shared = set(data.draw(st.lists(st.sampled_from(every), unique=True))) if every else set()

    edges = [e for c in clusters(records, shared) for e in c.edges]

    assert not [e for e in edges if identifier_hash(e.kind, e.value) in shared]
    assert not [e for e in edges if e.value in PLACEHOLDERS or e.value.split("|")[0] in PLACEHOLDERS]


@given(contributions())
def test_no_entity_holds_contradicting_identities(records: list[Contribution]) -> None:
    """One asset tag, one IMEI, one manufacturer; serial numbers at most a typing error apart."""
    for c in clusters(records):
        known = [traits(r.cls, r.fields) for r in c.members]
        hardware = [t for t in known if isinstance(t, Traits)]
        for values in ({t.tag for t in hardware}, {t.imei for t in hardware}, {t.maker for t in hardware}):
            assert len(values - {""}) <= 1
        serials = {t.serial for t in hardware} - {""}
        assert all(one_edit(a, b) for a, b in combinations(sorted(serials), 2))


@given(contributions(min_size=2), st.data())
def test_people_decide(records: list[Contribution], data: Any) -> None:
    """Pairs put together are together, pairs put apart are apart."""
    ids = [r.record for r in records]
    pair = tuple(data.draw(st.lists(st.sampled_from(ids), min_size=2, max_size=2, unique=True)))

    joined = shape(clusters(records, decisions=Decisions(together=frozenset({(pair[0], pair[1])}))))
    parted = shape(clusters(records, decisions=Decisions(apart=frozenset({(pair[0], pair[1])}))))

    assert any(set(pair) <= c for c in joined)
    assert not any(set(pair) <= c for c in parted)


@given(contributions(max_size=8), HARDWARE_FIELDS)
def test_merge_then_split_is_without_loss(records: list[Contribution], bridge: dict[str, Any]) -> None:
    """A record that came and went leaves the entities as they were, ids included."""
    before = clusters(records)
    entity_of = {r.record: n for n, c in enumerate(before) for r in c.members}
    age = {n: n for n in range(len(before))}
    extra = Contribution(999, "scan", "other", "bridge", "computer", bridge, 0)
    with_it = clusters([*records, extra])
    ids = assign(with_it, entity_of, age).ids
    merged_of = {
        r.record: 1000 + n if entity is None else entity
        for n, (c, entity) in enumerate(zip(with_it, ids, strict=True))
        for r in c.members
    }

    after = clusters(records)
    kept = assign(after, {k: v for k, v in merged_of.items() if k != 999}, age).ids

    assert shape(after) == shape(before)
    known = [entity for entity in kept if entity is not None]
    assert len(known) == len(set(known))


@given(contributions(max_size=12))
@settings(max_examples=50)
def test_ids_go_to_each_cluster_once_and_stay(records: list[Contribution]) -> None:
    """Unchanged clusters keep their ids."""
    found = clusters(records)
    entity_of = {r.record: 10 + n for n, c in enumerate(found) for r in c.members}

    result = assign(found, entity_of, {})

    assert result.ids == [10 + n for n in range(len(found))]
    assert not result.merged
    assert not result.split


SAME = {"serial_number": "5CG81F02QX", "manufacturer": "HP", "model": "EliteBook 840 G10"}


@given(contributions(max_size=5), st.booleans(), st.sampled_from([{}, {"hostname": "nb-1"}, {"asset_tag": "A204117"}]))
def test_what_is_plainly_one_is_one_cluster(records: list[Contribution], shared: bool, more: dict[str, str]) -> None:
    """The short way never unites what the long way does not."""
    each = {r.source: r._replace(cls="computer", fields={**r.fields, **SAME, **more}) for r in records}
    members = list(each.values())
    held = {h for r in members for h in joining(r)} if shared else set()

    assert len(members) < 2 or not plainly_one(members, shared=held, rules=RULES) or (len(clusters(members, held)) == 1)


def test_what_is_plainly_one_is_found() -> None:
    """Records that agree need no long way; another asset tag, a shared serial or a second record of a source do."""
    a = Contribution(1, "mdm", "s", "a", "computer", {**SAME, "hostname": "nb-1", "asset_tag": "A1001"}, 0)
    b = Contribution(2, "scan", "s", "b", "computer", {**SAME, "hostname": "nb-1"}, 0)

    assert plainly_one([a, b], shared=set(), rules=RULES)
    assert not plainly_one([a, b._replace(source="mdm")], shared=set(), rules=RULES)
    assert not plainly_one([a, b], shared=joining(b), rules=RULES)
    assert not plainly_one([a, b._replace(fields={**b.fields, "asset_tag": "A1002"})], shared=set(), rules=RULES)
