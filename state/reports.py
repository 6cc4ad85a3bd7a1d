"""Reading the state for people: status, explain, history, dead letters. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson

from state.db import Database
from state.overlay import stamped


class ReportStore:
    """Implements `synchub.stores.Reports`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def streams(self, *, count: bool = True) -> list[dict[str, Any]]:
        """List the streams with their counts and ages; without `count` they have no records, but cost nothing."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select id, source, stream, read_at, complete_at, fresh_at, proof, fingerprint, withheld, withheld_at"
                " from stream order by source, stream"
            )
            counts = dict(tx.rows("select stream, count(*) from record group by stream")) if count else {}
            absent = dict(
                tx.rows("select r.stream, count(*) from absence a join record r on r.id=a.record group by r.stream")
            )
        keys = (
            "id", "source", "stream", "read_at", "complete_at", "fresh_at", "proof", "fingerprint", "withheld",
            "withheld_at",
        )  # fmt: skip
        return [
            {**dict(zip(keys, row, strict=True)), "records": counts.get(row[0], 0), "absent": absent.get(row[0], 0)}
            for row in rows
        ]

    def targets(self) -> list[dict[str, Any]]:
        """List the targets with identity and number of objects."""
        with self._db.read() as tx:
            rows = tx.rows("select id, name, identity, planned_rev, read_since from target order by name")
            linked = dict(
                tx.rows("select target, count(*) from target_object where entity is not null group by target")
            )
            known = dict(tx.rows("select target, count(*) from target_object group by target"))
            waiting = dict(tx.rows("select target, count(*) from replan group by target"))
            conflicts = dict(tx.rows("select target, count(*) from conflict where state='open' group by target"))
        return [
            {
                "id": r[0], "name": r[1], "identity": r[2], "read_since": r[4], "linked": linked.get(r[0], 0),
                "known": known.get(r[0], 0),
                "waiting": waiting.get(r[0], 0), "conflicts": conflicts.get(r[0], 0),
            }
            for r in rows
        ]  # fmt: skip

    def runs(self, count: int = 10) -> list[dict[str, Any]]:
        """List the newest runs, newest first."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select id, kind, started_at, ended_at, state, flow_run, config, counts from run order by id desc"
                " limit ?",
                (count,),
            )
        keys = ("id", "kind", "started_at", "ended_at", "state", "flow_run", "config")
        return [{**dict(zip(keys, row[:7], strict=True)), "counts": orjson.loads(row[7])} for row in rows]

    def run(self, number: int) -> dict[str, Any] | None:
        """Return one run as `runs` lists them; None where there is none."""
        with self._db.read() as tx:
            row = tx.first(
                "select id, kind, started_at, ended_at, state, flow_run, config, counts from run where id=?", (number,)
            )
        keys = ("id", "kind", "started_at", "ended_at", "state", "flow_run", "config")
        return None if row is None else {**dict(zip(keys, row[:7], strict=True)), "counts": orjson.loads(row[7])}

    def counts(self, run: int) -> dict[str, Any]:
        """Return what was noted in a run; empty for one that there is not."""
        with self._db.read() as tx:
            found = tx.value("select counts from run where id=?", (run,))
        return dict(orjson.loads(found)) if found is not None else {}

    def dead_letters(self, count: int = 50, *, source: str | None = None) -> list[dict[str, Any]]:
        """List dead letters, newest first; payloads only as their size."""
        where, parameters = ("where source=?", (source,)) if source else ("", ())
        with self._db.read() as tx:
            rows = tx.rows(
                "select id, run, source, stream, place, code, message, key, length(payload), at from dead_letter"
                f" {where} order by id desc limit ?",
                (*parameters, count),
            )
        keys = ("id", "run", "source", "stream", "place", "code", "message", "key", "payload_bytes", "at")
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def count_dead_letters(self) -> dict[str, int]:
        """Count dead letters by source and code."""
        with self._db.read() as tx:
            return {
                f"{r[0]}/{r[1]}": r[2]
                for r in tx.rows("select source, code, count(*) from dead_letter group by source, code")
            }

    def history(self, entity: int) -> list[dict[str, Any]]:
        """List what changed on an entity, oldest first."""
        with self._db.read() as tx:
            rows = tx.rows("select run, at, changes from entity_change where entity=? order by id", (entity,))
        return [{"run": r[0], "at": r[1], "changes": orjson.loads(r[2])} for r in rows]

    def plan_history(self, entity: int) -> list[dict[str, Any]]:
        """List what plans did to an entity's objects, oldest first; `run` and `at` are of the delivery, once begun."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select t.name, p.token, coalesce(r.run, p.run), coalesce(d.started_at, p.created_at), r.facet, r.kind,"
                " r.op, r.object_id, r.changes, r.state, r.note, p.undoes from plan_row r"
                " join plan p on p.id=r.plan join target t on t.id=p.target left join run d on d.id=r.run"
                " where r.entity=? and p.token<>'' order by p.id, r.n",
                (entity,),
            )
        keys = ("target", "plan", "run", "at", "facet", "kind", "op", "object_id", "changes", "state", "note", "undoes")
        return [{**dict(zip(keys, r, strict=True)), "changes": orjson.loads(r[8])} for r in rows]

    def conflicts(self, entity: int | None = None, count: int = 100) -> list[dict[str, Any]]:
        """List open conflicts, of one entity or all."""
        where, parameters = ("and c.entity=?", (entity,)) if entity is not None else ("", ())
        with self._db.read() as tx:
            rows = tx.rows(
                "select c.id, t.name, c.entity, c.facet, c.field, c.kind, c.detail, c.run from conflict c left join"
                " target t on t.id=c.target"
                f" where c.state='open' {where} order by c.id limit ?",
                (*parameters, count),
            )
        keys = ("id", "target", "entity", "facet", "field", "kind", "detail", "run")
        return [{**dict(zip(keys, r, strict=True)), "detail": orjson.loads(r[6])} for r in rows]

    def proposals(self, count: int | None = None) -> list[dict[str, Any]]:
        """List open merge proposals."""
        limit = "" if count is None else f" limit {int(count)}"
        with self._db.read() as tx:
            rows = tx.rows(f"select a, b, reason from proposal where state='open' order by a, b{limit}")
        return [{"a": r[0], "b": r[1], "reason": r[2]} for r in rows]

    def find_entities(self, hashes: Sequence[int], text: str) -> list[int]:
        """Find entities by identifier hashes, or by the native key of a record."""
        with self._db.read() as tx:
            found = tx.select_in(
                "select distinct m.entity from identifier i join member m on m.record=i.record where i.hash in {in}",
                list(hashes),
            )
            if not found:
                found = tx.rows(
                    "select distinct m.entity from record r join member m on m.record=r.id where r.key=?", (text,)
                )
        return [row[0] for row in found]

    def warnings_of(self, records: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
        """Return the field warnings of records."""
        with self._db.read() as tx:
            rows = tx.select_in("select record, warnings from field_warning where record in {in}", list(records))
        return {row[0]: orjson.loads(row[1]) for row in rows}

    def payloads_of(self, records: Sequence[int]) -> dict[int, bytes]:
        """Return the stored payloads of records."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select p.record, p.body, s.stamps from payload p join record r on r.id=p.record"
                " join seen s on s.stream=r.stream and s.record=r.id where p.record in {in}",
                list(records),
            )
        return {row[0]: stamped(bytes(row[1]), row[2]) for row in rows}

    def membership(self) -> Iterator[tuple[str, str, str, int]]:
        """Yield (source, stream, key, entity) of every identified record, a slice in memory at a time."""
        with self._db.read() as tx:
            yield from tx.iterate(
                "select s.source, s.stream, r.key, m.entity from record r join stream s on s.id=r.stream join member"
                " m on m.record=r.id order by r.id"
            )
