"""Entities, their history, and the merges proposed to people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from state import disputes
from state.db import Database, Tx
from state.links import hand_over, restore
from state.parking import IDENTIFIED, wake_entities
from synchub.domain.frozen import Frozen
from synchub.stores import EntityBatch, EntityRow
from synchub.stores.entities import Dispute

_COLUMNS = "id, family, cls, doc, winners, hash, sources, rev, state, merged_into, due_at, hub_key, missing_at"


_entity = EntityRow._make  # both drivers give bytes for documents


class EntityStore:
    """Implements `synchub.stores.Entities`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def allocate(self, count: int) -> int:
        """See `Entities.allocate`."""
        with self._db.begin() as tx:
            return tx.allocate("entity", count)

    def allocate_rev(self, count: int) -> int:
        """See `Entities.allocate_rev`."""
        with self._db.begin() as tx:
            return tx.allocate("rev", count)

    def get(self, ids: Sequence[int]) -> dict[int, EntityRow]:
        """See `Entities.get`."""
        with self._db.read() as tx:
            rows = tx.select_in(f"select {_COLUMNS} from entity where id in {{in}}", list(ids))
        return {row[0]: _entity(row) for row in rows}

    def hub_keys(self, ids: Sequence[int]) -> dict[int, str]:
        """See `Entities.hub_keys`."""
        with self._db.read() as tx:
            return dict(tx.select_in("select id, hub_key from entity where id in {in}", list(ids)))

    def taken(self, tokens: Sequence[str]) -> set[str]:
        """See `Entities.taken`."""
        with self._db.read() as tx:
            return {row[0] for row in tx.select_in("select hub_key from entity where hub_key in {in}", list(tokens))}

    def sources(self, ids: Iterable[int]) -> list[tuple[int, str]]:
        """See `Entities.sources`."""
        with self._db.read() as tx:
            return tx.select_in("select id, sources from entity where id in {in}", sorted(ids))

    def write(self, run: int, at: int, batch: EntityBatch) -> None:
        """See `Entities.write`."""
        with self._db.begin() as tx:
            if batch.entities:
                tx.many(
                    "insert into entity(id, family, cls, doc, winners, hash, sources, rev, created_run, due_at,"
                    " merged_into, state, hub_key, missing_at)"
                    " values (?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict (id) do update set cls=excluded.cls,"
                    " doc=excluded.doc, winners=excluded.winners,"
                    " hash=excluded.hash, sources=excluded.sources, rev=excluded.rev, due_at=excluded.due_at,"
                    " merged_into=excluded.merged_into,"
                    " state=excluded.state, missing_at=excluded.missing_at",
                    batch.entities,
                )
            if batch.members or batch.gone or batch.done or batch.entities:
                tx.allocate(IDENTIFIED, 1)
            if batch.members:
                tx.many(
                    "insert into member(record, entity) values (?,?) on conflict (record) do update set"
                    " was=member.entity, entity=excluded.entity",
                    batch.members,
                )
            if batch.changes:
                first = tx.allocate("entity_change", len(batch.changes))
                tx.many(
                    "insert into entity_change(id, entity, run, at, changes) values (?,?,?,?,?)",
                    [(first + i, entity, run, at, changes) for i, (entity, changes) in enumerate(batch.changes)],
                )
            bury(tx, batch.gone)
            if batch.revived:
                restore(tx, batch.revived)
            if batch.thawed or batch.frozen:
                _freeze(tx, batch)
            if batch.disputes or batch.settled:
                disputes.store(tx, run, batch)
            if batch.done:
                tx.run_in("delete from dirty where record in {in}", batch.done)

    def changed_after(self, rev: int, count: int, *, family: str | None = None) -> list[EntityRow]:
        """See `Entities.changed_after`."""
        only, which = ("and family=? ", (family,)) if family else ("", ())
        with self._db.read() as tx:
            rows = tx.rows(
                f"select {_COLUMNS} from entity where rev>? {only}order by rev limit ?", (rev, *which, count)
            )
        return [_entity(row) for row in rows]

    def any_dispute(self) -> bool:
        """See `Entities.any_dispute`."""
        with self._db.read() as tx:
            return disputes.any_dispute(tx)

    def disputes(self, entities: Sequence[int]) -> dict[tuple[int, str], Dispute]:
        """See `Entities.disputes`."""
        with self._db.read() as tx:
            return disputes.load(tx, entities)

    def due(self, now: int) -> list[int]:
        """See `Entities.due`."""
        with self._db.read() as tx:
            return [
                row[0]
                for row in tx.rows(
                    "select m.record from entity e join member m on m.entity=e.id where e.due_at<=?", (now,)
                )
            ]

    def propose(self, run: int, proposals: Iterable[tuple[int, int, str]], touched: Sequence[int] | None) -> None:
        """See `Entities.propose`."""
        with self._db.begin() as tx:
            before = set(_proposals(tx, touched))
            tx.many("delete from proposal where a=? and b=?", [(a, b) for a, b, _ in before])
            tx.many(
                "insert into proposal(a, b, reason, state, run) values (?,?,?,'open',?) on conflict (a, b) do nothing",
                [(a, b, reason, run) for a, b, reason in proposals],
            )
            others = before ^ set(_proposals(tx, touched))
            wake_entities(tx, sorted({entity for a, b, _ in others for entity in (a, b)}))

    def proposed(self, entities: Sequence[int]) -> list[tuple[int, int, str]]:
        """See `Entities.proposed`."""
        with self._db.read() as tx:
            return sorted(set(_proposals(tx, entities)))

    def answer(self, a: int, b: int, state: str) -> None:
        """See `Entities.answer`."""
        with self._db.begin(fenced=False) as tx:
            if state:
                tx.run("update proposal set state=? where a=? and b=?", (state, min(a, b), max(a, b)))
            else:
                tx.run("delete from proposal where a=? and b=? and state<>'open'", (min(a, b), max(a, b)))
            wake_entities(tx, sorted((a, b)))

    def frozen(self) -> dict[int, dict[str, Frozen]]:
        """See `Entities.frozen`."""
        found: dict[int, dict[str, Frozen]] = {}
        with self._db.read() as tx:
            for entity, name, value, detail, at in tx.rows(
                "select entity, field, value, detail, at from frozen order by entity, field"
            ):
                source, rival, other, rule = orjson.loads(detail)
                found.setdefault(entity, {})[name] = Frozen(orjson.loads(value), source, rival, other, rule, at)
        return found

    def changes(self, entities: Sequence[int], since: int) -> list[tuple[int, int, dict[str, Any]]]:
        """See `Entities.changes`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select entity, at, changes, id from entity_change where at>=? and entity in {in}",
                list(entities),
                before=(since,),
            )
        return [(row[0], row[1], orjson.loads(row[2])) for row in sorted(rows, key=lambda row: row[3])]

    def names(self) -> dict[str, int]:
        """See `Entities.names`."""
        counts: dict[str, int] = {}
        with self._db.read() as tx:
            for (doc,) in tx.iterate("select doc from entity where family='hardware' and state='live'"):
                fields = orjson.loads(doc)
                name = str(fields.get("hostname") or fields.get("name") or "").lower()
                counts[name] = counts.get(name, 0) + 1
        return {name: count for name, count in counts.items() if name and count > 1}

    def count(self) -> dict[str, int]:
        """See `Entities.count`."""
        with self._db.read() as tx:
            return dict(tx.rows("select family, count(*) from entity where state='live' group by family"))


def bury(tx: Tx, gone: Sequence[tuple[int, int | None]]) -> None:
    """Close entities that have no record any more: (entity, the one that took most of its records or None).

    Their objects in targets go to the survivor where it has none of that facet; the others are nobody's again.
    """
    if not gone:
        return
    rev = tx.allocate("rev", len(gone))
    tx.many(
        "update entity set state='gone', merged_into=?, rev=?, due_at=null where id=?",
        [(into, rev + i, entity) for i, (entity, into) in enumerate(gone)],
    )
    ids = [entity for entity, _ in gone]
    wake_entities(tx, sorted({entity for a, b, _ in _proposals(tx, ids) for entity in (a, b)}))
    tx.run_in("delete from proposal where state='open' and a in {in}", ids)
    tx.run_in("delete from proposal where state='open' and b in {in}", ids)
    tx.run_in("delete from frozen where entity in {in}", ids)
    hand_over(tx, dict(gone))


def _freeze(tx: Tx, batch: EntityBatch) -> None:
    tx.many("delete from frozen where entity=? and field=?", batch.thawed)
    tx.many(
        "insert into frozen(entity, field, value, detail, at) values (?,?,?,?,?) on conflict (entity, field)"
        " do update set value=excluded.value, detail=excluded.detail, at=excluded.at",
        [
            (entity, name, orjson.dumps(f.value), orjson.dumps([f.source, f.rival, f.other, f.rule]), f.at)
            for entity, name, f in batch.frozen
        ],
    )


def _proposals(tx: Tx, entities: Sequence[int] | None) -> list[tuple[int, int, str]]:
    """Return the open proposals that concern one of some entities, or all; some of them twice."""
    if entities is None:
        return tx.rows("select a, b, reason from proposal where state='open'")
    ids = list(entities)
    rows = tx.select_in("select a, b, reason from proposal where state='open' and a in {in}", ids)
    return rows + tx.select_in("select a, b, reason from proposal where state='open' and b in {in}", ids)
