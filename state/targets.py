"""Objects of targets: links, bases, and what other people's objects look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from state.db import Database, Row, Tx
from synchub.domain.packed import packed
from synchub.domain.plan import TargetObject
from synchub.stores import DeliveryBatch, Look, ObjectRow, TargetState

COLUMNS = (
    "id, kind, object_id, entity, facet, fields, base, version, updated_at, updated_by, counterpart, cls, refused,"
    " origin, mark, gone"
)
_UPSERT = (
    "insert into target_object(id, target, kind, object_id, entity, facet, fields, base, version, updated_at,"
    " updated_by, counterpart, cls, refused, origin, mark)"
    " values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) on conflict (target, object_id, kind) do update set"
    " entity=excluded.entity, facet=excluded.facet,"
    " fields=excluded.fields, base=excluded.base, version=excluded.version, updated_at=excluded.updated_at,"
    " updated_by=excluded.updated_by,"
    " counterpart=coalesce(excluded.counterpart, target_object.counterpart), cls=coalesce(excluded.cls,"
    " target_object.cls), refused=excluded.refused, mark=excluded.mark,"
    " origin=case when excluded.origin='created' then 'created' else target_object.origin end,"
    " was=case when coalesce(excluded.entity, 0) in (0, coalesce(target_object.entity, 0)) then target_object.was end"
)
_MARKED = "select mark, id from target_object where target=? and mark is not null and entity is null"
SAME = b"="  # as `base`: hub and target agree on everything that `fields` holds


def as_object(row: Row) -> ObjectRow:
    """Read a row of `COLUMNS`."""
    fields: dict[str, Any] = orjson.loads(row[5])
    base = None if row[6] is None else fields if bytes(row[6]) == SAME else orjson.loads(row[6])
    refused = orjson.loads(row[12]) if row[12] else {}
    return ObjectRow(
        row[0], row[1], row[2], row[3], row[4], fields, base, row[7], row[8], row[9], row[10], row[11], refused,
        row[13], row[14], orjson.loads(row[15]) if row[15] else {},
    )  # fmt: skip


class TargetStore:
    """Implements `synchub.stores.Targets`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def target(self, name: str) -> TargetState:
        """See `Targets.target`."""
        with self._db.begin() as tx:
            row = tx.first(
                "select id, identity, planned_rev, read_since, fingerprint, looks from target where name=?", (name,)
            )
            if row is None:
                number = tx.allocate("target", 1)
                tx.run(
                    "insert into target(id, name, planned_rev, fingerprint, identified) values (?,?,0,'',0)",
                    (number, name),
                )
                row = (number, None, 0, None, "", None)
        number, identity, rev, since, fingerprint, told = row
        looks = {kind: Look(*look) for kind, look in orjson.loads(told or b"{}").items()}
        return TargetState(number, identity, rev, since, fingerprint, looks)

    def pin(self, target: int, identity: str) -> None:
        """See `Targets.pin`."""
        with self._db.begin() as tx:
            tx.run("update target set identity=? where id=?", (identity, target))

    def saw(self, target: int, since: int, looks: Mapping[str, Look]) -> None:
        """See `Targets.saw`."""
        told = orjson.dumps({kind: tuple(look) for kind, look in looks.items()}).decode()
        with self._db.begin() as tx:
            tx.run("update target set read_since=?, looks=? where id=?", (since, told, target))

    def planned(self, target: int, rev: int, fingerprint: str) -> None:
        """See `Targets.planned`."""
        with self._db.begin() as tx:
            tx.run("update target set planned_rev=?, fingerprint=? where id=?", (rev, fingerprint, target))

    def observe(
        self, target: int, objects: Sequence[TargetObject], identifiers: Sequence[Sequence[int]]
    ) -> list[tuple[int, TargetObject]]:
        """See `Targets.observe`."""
        with self._db.begin() as tx:
            ids = [o.id for o in objects]
            rows_known = tx.select_in(
                f"select {COLUMNS} from target_object where target=? and object_id in {{in}}", ids, before=(target,)
            )
            known = {(row[2], row[1]): row for row in rows_known}
            fresh = [o for o in objects if (o.id, o.kind) not in known]
            numbers = (
                iter(range(first := tx.allocate("target_object", len(fresh)), first + len(fresh)))
                if fresh
                else iter(())
            )
            changed: list[tuple[int, TargetObject]] = []
            rows: list[Row] = []
            hashes: list[Row] = []
            numbered: list[int] = []
            for item, item_hashes in zip(objects, identifiers, strict=True):
                old = known.get((item.id, item.kind))
                if old is None:
                    number = next(numbers)
                    rows.append(
                        (number, target, item.kind, item.id, None, None, packed(item.fields), None, item.version,
                         item.updated_at, item.updated_by, item.counterpart, item.cls, None, "found", item.mark)
                    )  # fmt: skip
                else:
                    number, before = old[0], as_object(old)
                    if (
                        before.fields == item.fields
                        and before.version == item.version
                        and before.counterpart == item.counterpart
                        and before.mark == item.mark
                    ):
                        continue
                    base = old[6] if old[6] is None or bytes(old[6]) != SAME else old[5]
                    edited = _differs(before.fields, item.fields)
                    at, by = (item if edited else before).updated_at, (item if edited else before).updated_by
                    rows.append(
                        (number, target, item.kind, item.id, before.entity, before.facet, packed(item.fields),
                         base, item.version, at, by, item.counterpart, item.cls, old[12], before.origin,
                         item.mark)
                    )  # fmt: skip
                    if before.entity is not None and edited:
                        changed.append((before.entity, item))
                    numbered.append(number)
                hashes.extend((h, number, target) for h in item_hashes)
            if numbered:
                tx.run_in("delete from target_identifier where object in {in}", numbered)
            tx.many(_UPSERT, rows)
            tx.many("insert into target_identifier(hash, object, target) values (?,?,?) on conflict do nothing", hashes)
        return changed

    def signed(self, target: int, edits: Sequence[tuple[str, str, str, int]]) -> None:
        """See `Targets.signed`."""
        with self._db.begin() as tx:
            tx.many(
                "update target_object set updated_by=?, updated_at=? where target=? and object_id=? and kind=?",
                [(by, at, target, identifier, kind) for kind, identifier, by, at in edits],
            )

    def linked(self, target: int, entities: Sequence[int]) -> dict[int, list[ObjectRow]]:
        """See `Targets.linked`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                f"select {COLUMNS} from target_object where target=? and entity in {{in}}",
                list(entities),
                before=(target,),
            )
        result: dict[int, list[ObjectRow]] = {}
        for row in rows:
            result.setdefault(row[3], []).append(as_object(row))
        return result

    def object_ids(self, target: int, entities: Sequence[int]) -> dict[tuple[int, str], str]:
        """See `Targets.object_ids`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select entity, facet, object_id from target_object where target=? and entity in {in}",
                list(entities),
                before=(target,),
            )
        return {(row[0], row[1]): row[2] for row in rows}

    def objects(self, target: int, ids: Sequence[int]) -> list[ObjectRow]:
        """See `Targets.objects`."""
        with self._db.read() as tx:
            return [
                as_object(r)
                for r in tx.select_in(
                    f"select {COLUMNS} from target_object where target=? and id in {{in}}", list(ids), before=(target,)
                )
            ]

    def by_object_id(self, target: int, object_ids: Sequence[str]) -> dict[str, ObjectRow]:
        """See `Targets.by_object_id`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                f"select {COLUMNS} from target_object where target=? and object_id in {{in}}",
                list(object_ids),
                before=(target,),
            )
        return {row[2]: as_object(row) for row in rows}

    def candidates(self, target: int, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """See `Targets.candidates`."""
        with self._db.read() as tx:
            return tx.select_in(
                "select hash, object from target_identifier where target=? and hash in {in}",
                list(hashes),
                before=(target,),
            )

    def has_marked(self, target: int) -> bool:
        """See `Targets.has_marked`."""
        with self._db.read() as tx:
            return tx.first(f"{_MARKED} limit 1", (target,)) is not None

    def marked(self, target: int, hub_keys: Sequence[str] | None = None) -> list[tuple[str, int]]:
        """See `Targets.marked`."""
        with self._db.read() as tx:
            if hub_keys is None:
                return list(tx.rows(_MARKED, (target,)))
            return tx.select_in(f"{_MARKED} and mark in {{in}}", list(hub_keys), before=(target,))

    def people(self, target: int, hashes: Sequence[int]) -> dict[int, tuple[int, str | None]]:
        """See `Targets.people`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select i.hash, m.entity, o.object_id from identifier i join member m on m.record = i.record"
                " join entity e on e.id = m.entity and e.family = 'person' and e.state = 'live'"
                " left join target_object o on o.entity = m.entity and o.target = ? where i.hash in {in}",
                list(hashes),
                before=(target,),
            )
        found: dict[int, set[tuple[int, str | None]]] = {}
        for hash_, entity, object_id in rows:
            found.setdefault(hash_, set()).add((entity, object_id))
        return {h: next(iter(people)) for h, people in found.items() if len({p[0] for p in people}) == 1}

    def beside_linked(self, target: int, pairs: Sequence[tuple[str, str]]) -> list[int]:
        """See `Targets.beside_linked`."""
        if not pairs:
            return []
        linked = (
            "select object_id, entity from target_object where target=? and entity is not null and object_id in {in}"
        )
        with self._db.read() as tx:
            entities = dict(tx.select_in(linked, [other for _, other in pairs], before=(target,)))
            if not entities:
                return []
            own = dict(tx.select_in(linked, [object_id for object_id, _ in pairs], before=(target,)))
        return sorted({entities[other] for object_id, other in pairs if other in entities and object_id not in own})

    def replan(self, target: int, entities: Sequence[tuple[int, str]]) -> None:
        """See `Targets.replan`."""
        if entities:
            with self._db.begin() as tx:
                add_replan(tx, target, entities)

    def orphans(self, target: int) -> int:
        """See `Targets.orphans`."""
        with self._db.read() as tx:
            return int(
                tx.value(
                    "select count(*) from target_object where target=? and entity is null and origin='created'"
                    " and was is null",
                    (target,),
                )
            )

    def is_empty(self, target: int) -> bool:
        """See `Targets.is_empty`."""
        with self._db.read() as tx:
            return tx.first("select 1 from target_identifier where target=? limit 1", (target,)) is None


def _differs(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Tell whether a field that was known holds something else; fields read for the first time are news, no change."""
    return any(now[name] != value and (now[name] or value) for name, value in before.items() if name in now)


def add_replan(tx: Tx, target: int, entities: Sequence[tuple[int, str]]) -> None:
    """Note entities that need another plan, within a transaction."""
    tx.many(
        "insert into replan(target, entity, reason, due_at) values (?,?,?,0) on conflict (target, entity) do update"
        " set reason=excluded.reason, due_at=0",
        [(target, entity, reason) for entity, reason in entities],
    )


def write_objects(tx: Tx, target: int, batch: DeliveryBatch) -> None:
    """Store objects that were written or linked, within a transaction."""
    if not batch.objects:
        return
    number = tx.allocate("target_object", len(batch.objects))
    rows = []
    dumps = packed
    for entity, facet, item, base, refused, origin in batch.objects:
        same = SAME if base is item.fields or base == item.fields else dumps(base)
        rows.append(
            (number, target, item.kind, item.id, entity, facet, dumps(item.fields), same, item.version,
             item.updated_at, item.updated_by, item.counterpart, item.cls, dumps(refused) if refused else None, origin,
             item.mark)
        )  # fmt: skip
        number += 1
    tx.many(_UPSERT, rows)


def take_away(tx: Tx, target: int, batch: DeliveryBatch) -> None:
    """Forget objects that were deleted, and keep what others held before they were retired, within a transaction."""
    numbers: list[int] = []
    for object_id, kind in batch.deleted:
        rows = tx.rows(
            "select id from target_object where target=? and object_id=? and kind=?", (target, object_id, kind)
        )
        numbers += [row[0] for row in rows]
    for table, column in (("target_identifier", "object"), ("heartbeat", "object"), ("target_object", "id")):
        tx.run_in(f"delete from {table} where {column} in {{in}}", numbers)
    tx.many(
        "update target_object set gone=? where target=? and object_id=? and kind=?",
        [(packed(before) if before else None, target, object_id, kind) for object_id, kind, before in batch.gone],
    )


def unlink(tx: Tx, target: int, objects: Sequence[tuple[str, str]]) -> None:
    """Let objects (object id, kind) be nobody's, within a transaction."""
    tx.many(
        "update target_object set entity=null, facet=null, base=null, refused=null where target=? and object_id=?"
        " and kind=?",
        [(target, *one) for one in objects],
    )
