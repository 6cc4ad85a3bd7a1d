"""Reading what the state knows of single entities and records, for `explain` and `plan show`. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from state.db import Database, Tx
from state.overlay import overlay_fields, stamped
from state.targets import SAME
from synchub.stores import EntityRow


class LookupStore:
    """Reads single things; used beside `state.reports.ReportStore`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def class_counts(self) -> dict[str, int]:
        """Count the live entities by class."""
        with self._db.read() as tx:
            return dict(tx.rows("select cls, count(*) from entity where state='live' group by cls"))

    def missing(self, count: int) -> list[EntityRow]:
        """Return live entities that are missing, the latest first, at most `count`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select id, family, cls, doc, winners, hash, sources, rev, state, merged_into, due_at, hub_key,"
                " missing_at from entity where missing_at is not null and state='live'"
                " order by missing_at desc, id limit ?",
                (count,),
            )
        return [EntityRow._make(row) for row in rows]

    def count_missing(self) -> int:
        """Count the live entities that are missing."""
        with self._db.read() as tx:
            return int(tx.value("select count(*) from entity where missing_at is not null and state='live'"))

    def count_parked(self) -> int:
        """Count the entities that are delivered nowhere: nothing identifies them, or nobody may create them."""
        with self._db.read() as tx:
            return int(tx.rows("select count(*) from entity where state='parked'")[0][0])

    def entities_saying(self, needles: Sequence[bytes], count: int = 20) -> list[int]:
        """Find entities whose golden record contains one of some pieces of JSON; reads all of them."""
        with self._db.read() as tx:
            where = " or ".join([_contains(tx)] * len(needles))
            rows = tx.rows(
                f"select id from entity where state<>'gone' and ({where}) order by id limit ?",
                (*needles, count),
            )
        return [row[0] for row in rows]

    def entities_told(self, needles: Sequence[bytes], count: int = 20) -> list[int]:
        """Find entities of which a record contains one of some pieces of JSON, though the golden record may not."""
        with self._db.read() as tx:
            told = [f"({_contains(tx, 'r.doc')} or {_contains(tx, 's.fields')})" for _ in needles]
            joined = (
                "select distinct m.entity from record r join member m on m.record=r.id"
                " join seen s on s.stream=r.stream and s.record=r.id"
            )
            twice = [needle for needle in needles for _ in range(2)]
            rows = tx.rows(f"{joined} where {' or '.join(told)} order by 1 limit ?", (*twice, count))
        return [row[0] for row in rows]

    def entities_of_object(self, object_id: str) -> list[int]:
        """Find the entities linked to a target object by the target's own id."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select distinct entity from target_object where object_id=? and entity is not null", (object_id,)
            )
        return [row[0] for row in rows]

    def entities_of_objects(self, target: int, object_ids: Sequence[str]) -> dict[str, int]:
        """Return object id -> linked entity within one target."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select object_id, entity from target_object"
                " where entity is not null and target=? and object_id in {in}",
                list(object_ids),
                before=(target,),
            )
        return {row[0]: row[1] for row in rows}

    def first_seen(self, entity: int) -> tuple[int, int] | None:
        """Return the run that made an entity and when it began."""
        with self._db.read() as tx:
            row = tx.first(
                "select e.created_run, r.started_at from entity e left join run r on r.id=e.created_run where e.id=?",
                (entity,),
            )
        return (int(row[0]), int(row[1] or 0)) if row else None

    def objects_of(self, entity: int) -> list[dict[str, Any]]:
        """List an entity's objects in all targets; `base` is None where hub and target never agreed on anything."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select t.id, t.name, o.facet, o.kind, o.cls, o.object_id, o.fields, o.base, o.updated_at,"
                " o.updated_by, o.refused, o.origin from target_object o join target t on t.id=o.target"
                " where o.entity=? order by t.name, o.facet",
                (entity,),
            )
        keys = (
            "target_id", "target", "facet", "kind", "cls", "object_id", "fields", "base", "updated_at", "updated_by",
            "refused", "origin",
        )  # fmt: skip
        found = [dict(zip(keys, row, strict=True)) for row in rows]
        for item in found:
            fields, base, refused = orjson.loads(item["fields"]), item["base"], item["refused"]
            item["fields"] = fields
            item["base"] = None if base is None else fields if bytes(base) == SAME else orjson.loads(base)
            item["refused"] = orjson.loads(refused) if refused else {}
        return found

    def waiting_of(self, entity: int) -> dict[str, str]:
        """Return target -> why an entity is planned again."""
        with self._db.read() as tx:
            return dict(
                tx.rows(
                    "select t.name, r.reason from replan r join target t on t.id=r.target where r.entity=?", (entity,)
                )
            )

    def waiting_reasons(self, target: int) -> list[tuple[str, int]]:
        """Return (why, how many entities) of what is planned again in a target, most first."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select reason, count(*) from replan where target=? group by reason order by 2 desc", (target,)
            )
        return [(row[0], row[1]) for row in rows]

    def absences_of(self, records: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Return record -> (since when, in how many complete snapshots in a row) it is missing from its stream."""
        with self._db.read() as tx:
            rows = tx.select_in("select record, since_at, snapshots from absence where record in {in}", list(records))
        return {row[0]: (row[1], row[2]) for row in rows}

    def proposals_of(self, entity: int) -> list[tuple[int, str]]:
        """Return (other entity, reason) of open merge proposals."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select a, b, reason from proposal where state='open' and (a=? or b=?) order by a, b", (entity, entity)
            )
        return [(row[1] if row[0] == entity else row[0], row[2]) for row in rows]

    def payload(self, source: str, stream: str, key: str) -> bytes | None:
        """Return the stored payload of a record by its native key."""
        with self._db.read() as tx:
            row = tx.first(
                "select p.body, e.stamps from payload p join record r on r.id=p.record join stream s on s.id=r.stream"
                " join seen e on e.stream=r.stream and e.record=r.id where s.source=? and s.stream=? and r.key=?",
                (source, stream, key),
            )
        return None if row is None else stamped(bytes(row[0]), row[1])

    def mapped(self, source: str, stream: str) -> Iterator[tuple[str, str, dict[str, Any], bytes]]:
        """Yield (native key, class, canonical fields, payload) of the stored records of a stream, a slice in memory."""
        with self._db.read() as tx:
            for key, cls, doc, fields, body, stamps in tx.iterate(
                "select r.key, r.cls, r.doc, e.fields, p.body, e.stamps from record r"
                " join stream s on s.id=r.stream join payload p on p.record=r.id"
                " join seen e on e.stream=r.stream and e.record=r.id where s.source=? and s.stream=? order by r.key",
                (source, stream), size=2000,
            ):  # fmt: skip
                yield key, cls, overlay_fields(orjson.loads(doc), fields), stamped(bytes(body), stamps)

    def plans(self, count: int = 10) -> list[dict[str, Any]]:
        """List the newest plans, newest first."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select p.token, t.name, p.run, p.state, p.created_at, p.expires_at from plan p"
                " join target t on t.id=p.target where p.token<>'' order by p.id desc limit ?",
                (count,),
            )
        keys = ("plan", "target", "run", "state", "created_at", "expires_at")
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def target_names(self) -> dict[int, str]:
        """Return number -> name of every target the state knows."""
        with self._db.read() as tx:
            return dict(tx.rows("select id, name from target"))


def _contains(tx: Tx, column: str = "doc") -> str:
    return f"position(? in {column}) > 0" if tx.postgres else f"instr({column}, ?) > 0"
