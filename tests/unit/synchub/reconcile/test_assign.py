"""Which entity id a cluster keeps."""

from __future__ import annotations

from synchub.reconcile.assign import assign
from synchub.reconcile.cluster import Cluster
from tests.unit.synchub.reconcile.records import record


def cluster_of(*numbers: int) -> Cluster:
    """A cluster of records with these ids."""
    return Cluster(tuple(record(n, "mdm") for n in numbers))


def test_new_records_get_a_new_id() -> None:
    """None asks for one."""
    assert assign([cluster_of(1, 2)], {}, {}).ids == [None]


def test_greatest_overlap_keeps_the_id() -> None:
    """Three of four records went here, one went there."""
    result = assign([cluster_of(1), cluster_of(2, 3, 4)], {1: 7, 2: 7, 3: 7, 4: 7}, {7: 100})

    assert result.ids == [None, 7]
    assert result.split == {7: [1, 0]}


def test_the_older_entity_survives_an_even_merge() -> None:
    """Equal overlap: the one that was made first, whatever its number."""
    result = assign([cluster_of(1, 2)], {1: 3, 2: 9}, {3: 200, 9: 100})

    assert result.ids == [9]
    assert result.merged == {3: 9}


def test_an_id_is_given_once() -> None:
    """A split gives the id to one part; the other part of two entities takes its second best."""
    result = assign([cluster_of(1, 2), cluster_of(3, 4)], {1: 5, 2: 5, 3: 5, 4: 6}, {5: 1, 6: 2})

    assert result.ids == [5, 6]
    assert result.split == {5: [0, 1]}
    assert result.merged == {}
