"""Whose an object of a target is when entities become one, and when they come apart again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson

from state.db import Database, Tx
from state.targets import COLUMNS, add_replan, as_object
from synchub.stores import ObjectRow


class LinkStore:
    """Implements `synchub.stores.Links`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def duplicates(self, target: int) -> list[tuple[int, ObjectRow]]:
        """See `Links.duplicates`."""
        with self._db.read() as tx:
            rows = tx.rows(
                # But for the signs SQLite would look through all objects of the target; those with `was` are few.
                f"select {COLUMNS}, was from target_object where was is not null and entity is null and +target=?"
                " order by +id",
                (target,),
            )
            survivors = _survivors(tx, {row[-1] for row in rows})
        return [(survivors[row[-1]], as_object(row)) for row in rows]

    def swap(self, target: int, entity: int, linked: Sequence[ObjectRow], instead: Sequence[ObjectRow]) -> None:
        """See `Links.swap`."""
        with self._db.begin() as tx:
            tx.many(
                "update target_object set entity=null, was=coalesce(was, ?) where id=?",
                [(entity, item.id) for item in linked],
            )
            tx.many("update target_object set entity=? where id=?", [(entity, item.id) for item in instead])
            tx.many(
                "delete from conflict where kind='duplicate' and target=? and field=?",
                [(target, item.object_id) for item in instead],
            )
            _note_duplicates(tx, [(target, entity, item.facet, item.object_id, entity) for item in linked])


_PINS_FOLLOW = (
    "update pin set entity=? where entity=? and not exists (select 1 from pin q where q.target=pin.target"
    " and q.entity=? and q.facet=pin.facet and q.field=pin.field)"
)


def hand_over(tx: Tx, gone: Mapping[int, int | None]) -> None:
    """Give the objects of entities that are gone to those that took their place, within a transaction.

    An object of which the survivor has one already becomes nobody's and is noted as a duplicate; nothing is deleted.
    Each remembers whose it was, so that `restore` can give it back.
    """
    ids = list(gone)
    tx.run_in("delete from replan where entity in {in}", ids)
    tx.run_in("delete from awaited where entity in {in}", ids)
    tx.run_in(
        "update plan_row set state='drifted', note='the entity is part of another one by now'"
        " where state in ('pending', 'failed', 'waiting') and entity in {in}",
        ids,
    )
    rows = tx.select_in("select id, target, entity, facet, object_id from target_object where entity in {in}", ids)
    survivors = [into for into in gone.values() if into is not None]
    held = set(tx.select_in("select target, entity, facet from target_object where entity in {in}", survivors))
    conflicts = []
    for number, target, entity, facet, object_id in sorted(rows):
        into = gone[entity]
        if into is None:
            tx.run("update target_object set entity=null, facet=null, base=null where id=?", (number,))
            continue
        add_replan(tx, target, [(into, "merged")])
        if (target, into, facet) not in held:
            held.add((target, into, facet))
            tx.run("update target_object set entity=?, was=? where id=?", (into, entity, number))
        else:
            tx.run("update target_object set entity=null, was=? where id=?", (entity, number))
            conflicts.append((target, into, facet, object_id, entity))
    _note_duplicates(tx, conflicts)
    if tx.first("select 1 from pin limit 1") is not None:  # what was undone stays undone
        tx.many(_PINS_FOLLOW, [(into, entity, into) for entity, into in gone.items() if into is not None])


def restore(tx: Tx, revived: Collection[int]) -> None:
    """Give objects back to entities that came out of a merge again, within a transaction."""
    rows: list[Any] = tx.select_in(
        "select id, target, entity, facet, was from target_object where was in {in}", revived
    )
    lost = set()
    for number, target, entity, facet, was in sorted(rows):
        tx.run("update target_object set entity=?, was=null where id=?", (was, number))
        add_replan(tx, target, [(was, "split")])
        if entity is not None:
            lost.add((target, entity, facet))
    for target, entity, facet in sorted(lost):  # it had given up its own for the older one
        tx.run(
            "update target_object set entity=?, was=null where target=? and was=? and facet=? and entity is null",
            (entity, target, entity, facet),
        )
        add_replan(tx, target, [(entity, "split")])
    tx.run(
        "delete from conflict where kind='duplicate' and not exists (select 1 from target_object o"
        " where o.target=conflict.target and o.object_id=conflict.field and o.entity is null and o.was is not null)"
    )


def _survivors(tx: Tx, entities: Collection[int]) -> dict[int, int]:
    """Return entity -> the live one that it is part of by now, itself where it lives."""
    found = {entity: entity for entity in entities}
    asked = set(entities)
    while asked:
        rows = tx.select_in(
            "select id, merged_into from entity where merged_into is not null and state='gone' and id in {in}", asked
        )
        into = dict(rows)
        found = {entity: into.get(now, now) for entity, now in found.items()}
        asked = set(into.values())
    return found


def _note_duplicates(tx: Tx, found: Sequence[tuple[int, int, Any, str, int]]) -> None:
    """Note (target, entity, facet, object id, whose it was) for people."""
    if not found:
        return
    first = tx.allocate("conflict", len(found))
    tx.many(
        "insert into conflict(id, target, entity, facet, field, kind, detail, state, run) values"
        " (?,?,?,?,?,'duplicate',?,'open',0)"
        " on conflict (target, entity, facet, field, kind) do update set state='open'",
        [
            (first + i, target, entity, facet, object_id, orjson.dumps({"object": object_id, "was": was}))
            for i, (target, entity, facet, object_id, was) in enumerate(found)
        ],
    )
