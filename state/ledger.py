"""The record ledger: what each source last said, its payload, and which identifiers it carries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import orjson

from state.db import Database, Tx
from state.entities import bury
from state.erasure import ErasureStore
from state.overlay import overlaid_fields, stamped
from synchub.domain.records import End
from synchub.stores import Essence, Known, LedgerBatch, StreamState
from synchub.stores.ledger import Unseen

_PAYLOAD_MAX = 65_536  # bytes kept of a dead letter


class LedgerStore:
    """Implements `synchub.stores.Ledger`."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self.erased = ErasureStore(database).erased

    def stream(self, source: str, stream: str) -> StreamState:
        """See `Ledger.stream`."""
        with self._db.begin() as tx:
            row = tx.first(
                "select id, fingerprint, cursor, scope, shape, paths, withheld_at from stream"
                " where source=? and stream=?",
                (source, stream),
            )
            if row is None:
                number = tx.allocate("stream", 1)
                tx.run(
                    "insert into stream(id, source, stream, fingerprint, scope, paths, proof) values (?,?,?,?,?,?,?)",
                    (number, source, stream, "", "", "[]", ""),
                )
                return StreamState(number, "", None, "", {}, (), 0)
            count = tx.value("select count(*) from record where stream=?", (row[0],))
        shape = orjson.loads(row[4]) if row[4] else {}
        return StreamState(row[0], row[1], row[2], row[3], shape, tuple(orjson.loads(row[5])), int(count), row[6])

    def hashes(self, stream: int) -> dict[bytes, int]:
        """See `Ledger.hashes`."""
        with self._db.read() as tx:
            return dict(tx.iterate("select raw_hash, record from seen where stream=?", (stream,)))

    def essences(self, stream: int, *, docs: bool) -> list[Essence]:
        """See `Ledger.essences`."""
        doc = "r.doc, s.fields" if docs else "null, null"
        with self._db.read() as tx:
            rows = tx.rows(
                f"select s.essence, s.record, s.raw_hash, r.observed_at, {doc} from seen s"
                " join record r on r.id=s.record where s.stream=?",
                (stream,),
            )
        return [
            Essence(essence, record, raw, at, None if doc is None else overlaid_fields(bytes(doc), fields))
            for essence, record, raw, at, doc, fields in rows
        ]

    def known(self, stream: int, keys: Sequence[str]) -> dict[str, Known]:
        """See `Ledger.known`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select r.key, r.id, s.raw_hash, r.doc_hash, r.cls, r.doc, r.observed_at, s.fields,"
                " coalesce(s.observed_at, r.observed_at) from record r"
                " join seen s on s.stream=r.stream and s.record=r.id where r.stream=? and r.key in {in}",
                list(keys),
                before=(stream,),
            )
        return {
            key: Known(number, bytes(raw), bytes(doc_hash), cls, overlaid_fields(bytes(doc), fields), at, checked_at)
            for key, number, raw, doc_hash, cls, doc, at, fields, checked_at in rows
        }

    def absent(self, stream: int) -> dict[int, tuple[str, int]]:
        """See `Ledger.absent`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select a.record, coalesce(a.scope, s.scope), a.snapshots from absence a"
                " join record r on r.id=a.record join stream s on s.id=r.stream where r.stream=?",
                (stream,),
            )
        return {record: (scope, snapshots) for record, scope, snapshots in rows}

    def absences(self) -> dict[int, int | None]:
        """See `Ledger.absences`."""
        with self._db.read() as tx:
            return dict(tx.rows("select record, aged_at from absence"))

    def age(self, now: int, limits: Mapping[str, tuple[int, int]]) -> int:
        """See `Ledger.age`."""
        if not limits:
            return 0
        least, soonest = (min(limit[i] for limit in limits.values()) for i in (0, 1))
        with self._db.begin() as tx:
            rows = tx.rows(
                "select a.record, e.cls, a.snapshots, a.since_at from absence a join member m on m.record=a.record"
                " join entity e on e.id=m.entity where a.aged_at is null and a.snapshots>=? and a.since_at<=?",
                (least, now - soonest),
            )
            aged = [
                record
                for record, cls, snapshots, since in rows
                if cls in limits and snapshots >= limits[cls][0] and since + limits[cls][1] <= now
            ]
            tx.run_in("update absence set aged_at=? where record in {in}", aged, before=(now,))
            _dirty(tx, aged)
        return len(aged)

    def allocate(self, count: int) -> int:
        """See `Ledger.allocate`."""
        with self._db.begin() as tx:
            return tx.allocate("record", count)

    def write(self, source: str, stream: str, run: int, at: int, batch: LedgerBatch) -> None:
        """See `Ledger.write`."""
        with self._db.begin() as tx:
            _write_records(tx, batch)
            _write_identifiers(tx, batch)
            if batch.dropped:
                _drop(tx, source, stream, batch.dropped)
            if batch.rekeyed:
                tx.many("update record set key=? where id=?", batch.rekeyed)
                _dirty(tx, [record for _, record in batch.rekeyed])
            if batch.warnings:
                tx.many(
                    "insert into field_warning(record, warnings) values (?,?) on conflict (record) do update set"
                    " warnings=excluded.warnings",
                    batch.warnings,
                )
            if batch.unwarned:
                tx.run_in("delete from field_warning where record in {in}", batch.unwarned)
            if batch.rejected:
                first = tx.allocate("dead_letter", len(batch.rejected))
                tx.many(
                    "insert into dead_letter(id, run, source, stream, place, code, message, key, payload, at) values"
                    " (?,?,?,?,?,?,?,?,?,?)"
                    " on conflict (source, stream, place, code) do update set run=excluded.run,"
                    " message=excluded.message,"
                    " key=excluded.key, payload=excluded.payload, at=excluded.at",
                    [
                        (
                            first + i,
                            run,
                            source,
                            stream,
                            r.where,
                            r.code,
                            r.message,
                            r.key,
                            r.payload[:_PAYLOAD_MAX],
                            at,
                        )
                        for i, r in enumerate(batch.rejected)
                    ],
                )

    def remap(self, stream: int, fingerprint: str) -> None:
        """See `Ledger.remap`."""
        with self._db.begin() as tx:
            tx.run("update stream set fingerprint=? where id=?", (fingerprint, stream))

    def payloads(self, stream: int, after: int, count: int) -> list[tuple[int, str, bytes, bytes]]:
        """See `Ledger.payloads`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select r.id, r.key, s.raw_hash, p.body, s.stamps from seen s join record r on r.id=s.record"
                " join payload p on p.record=s.record where s.stream=? and s.record>? order by s.record limit ?",
                (stream, after, count),
            )
        return [(row[0], row[1], bytes(row[2]), stamped(bytes(row[3]), row[4])) for row in rows]

    def finish(
        self,
        stream: int,
        run: int,
        at: int,
        end: End,
        *,
        fingerprint: str,
        shape: Mapping[str, Any],
        paths: Sequence[str],
        unseen: Unseen,
        whole: bool,
    ) -> None:
        """See `Ledger.finish`."""
        with self._db.begin() as tx:
            tx.run(
                "update stream set fingerprint=?, cursor=?, shape=?, paths=?, read_at=?, proof=? where id=?",
                (
                    fingerprint,
                    end.cursor,
                    orjson.dumps(dict(shape)),
                    orjson.dumps(list(paths)).decode(),
                    at,
                    end.proof,
                    stream,
                ),
            )
            fresh_at = _fresh_at(at, end)
            if fresh_at is not None:
                tx.run("update stream set fresh_at=? where id=?", (fresh_at, stream))
            if whole:
                tx.run(
                    "delete from dead_letter where run<>? and source=(select source from stream where id=?)"
                    " and stream=(select stream from stream where id=?)",
                    (run, stream, stream),
                )
            _note_absence(tx, stream, run, at, unseen)
            if not end.complete:
                return
            tx.run("update stream set complete_at=?, scope=? where id=?", (at, end.scope, stream))
            tx.run(
                "update stream set withheld=?, withheld_at=case when ?=0 then null else coalesce(withheld_at, ?) end"
                " where id=?",
                (unseen.withheld, unseen.withheld, at, stream),
            )


def _note_absence(tx: Tx, stream: int, run: int, at: int, unseen: Unseen) -> None:
    """Note who is absent and who is there again; whoever speaks otherwise because of that is identified again."""
    known = tx.rows(
        "select a.record, a.aged_at from absence a join record r on r.id=a.record where r.stream=?", (stream,)
    )
    away = set(unseen.records) if known else set()
    back = [record for record, _ in known if record not in away]
    tx.run_in("delete from absence where record in {in}", back)
    tx.run_in(
        "update absence set snapshots=snapshots+1, scope_run=? where record in {in}", unseen.missed, before=(run,)
    )
    tx.many(
        "insert into absence(record, since_at, snapshots, scope_run, scope) values (?,?,?,?,?)"
        " on conflict (record) do update set snapshots=excluded.snapshots, scope_run=excluded.scope_run",
        [(record, at, counted, run, scope) for record, scope, counted in unseen.fresh],
    )
    noted = {record for record, _ in known}
    _dirty(tx, [record for record, aged in known if aged is not None and record not in away])
    # Beside another record of its stream one that is gone speaks no more, and does again when it is back.
    tx.run_in(
        "insert into dirty(record) select distinct m.record from member m join member o on o.entity=m.entity and"
        " o.record<>m.record join record r on r.id=o.record where r.stream=? and m.record in {in}"
        " on conflict do nothing",
        back + [record for record, _, _ in unseen.fresh if record not in noted],
        before=(stream,),
    )


def _fresh_at(at: int, end: End) -> int | None:
    """Tell how old what was read is; None when the read proves nothing about that (cut short, incomplete)."""
    if end.as_of is not None:
        return min(at, end.as_of)
    return at if end.complete or end.cursor is not None else None


def _write_records(tx: Tx, batch: LedgerBatch) -> None:
    if batch.new:
        tx.many(
            "insert into record(id, stream, key, doc_hash, cls, doc, observed_at, run) values (?,?,?,?,?,?,?,?)",
            list(map(_RECORD, batch.new)),
        )
        tx.many("insert into seen(stream, record, raw_hash, essence) values (?,?,?,?)", list(map(_SEEN, batch.new)))
    if batch.changed:
        tx.many(
            "update record set doc_hash=?, cls=?, doc=?, observed_at=?, run=? where id=?",
            [(r.doc_hash, r.cls, r.doc, r.observed_at, r.run, r.record) for r in batch.changed],
        )
        _dirty(tx, [r.record for r in batch.changed])
    if batch.moved:
        tx.many("update record set doc=? where id=?", [(m.doc, m.record) for m in batch.moved])
    if batch.changed or batch.moved:
        seen: list[tuple[bytes, bytes, int | None, int, int]]
        seen = [(r.raw_hash, r.essence, None, r.stream, r.record) for r in batch.changed]
        seen += [(m.raw_hash, m.essence, m.observed_at, m.stream, m.record) for m in batch.moved]
        tx.many(
            "update seen set raw_hash=?, essence=?, observed_at=?, fields=null, stamps=null"
            " where stream=? and record=?",
            seen,
        )
    if batch.checked:
        tx.many(
            "update seen set raw_hash=?, fields=?, stamps=?, observed_at=? where stream=? and record=?", batch.checked
        )
    if batch.payloads:
        tx.many(
            "insert into payload(record, body) values (?,?) on conflict (record) do update set body=excluded.body",
            batch.payloads,
        )


# Columns of a `NewRecord` by table.
_RECORD = itemgetter(0, 1, 2, 4, 5, 6, 7, 8)
_SEEN = itemgetter(1, 0, 3, 9)


def _dirty(tx: Tx, records: Sequence[int]) -> None:
    tx.many("insert into dirty(record) values (?) on conflict do nothing", [(record,) for record in records])


def _write_identifiers(tx: Tx, batch: LedgerBatch) -> None:
    if batch.left:
        tx.many("delete from identifier where hash=? and record=?", batch.left)
        tx.many("insert into removed(hash) values (?) on conflict do nothing", [(h,) for h, _ in batch.left])
    if batch.withdrawn:
        tx.many("delete from proposal_key where hash=? and record=?", batch.withdrawn)
        tx.many("insert into removed(hash) values (?) on conflict do nothing", [(h,) for h, _ in batch.withdrawn])
    if batch.joined:
        tx.many("insert into identifier(hash, record) values (?,?) on conflict do nothing", sorted(batch.joined))
    if batch.proposed:
        tx.many("insert into proposal_key(hash, record) values (?,?) on conflict do nothing", sorted(batch.proposed))


def _drop(tx: Tx, source: str, stream: str, records: Sequence[int]) -> None:
    """Take records out with all they contributed; those that shared their entity are to be identified again."""
    entities = [row[0] for row in tx.select_in("select distinct entity from member where record in {in}", records)]
    for table in ("identifier", "proposal_key"):
        tx.run_in(
            f"insert into removed(hash) select distinct hash from {table} where record in {{in}} on conflict do"
            " nothing",
            records,
        )
    for table in (
        "identifier", "proposal_key", "payload", "absence", "field_warning", "dirty", "member",
    ):  # fmt: skip
        tx.run_in(f"delete from {table} where record in {{in}}", records)
    tx.run_in(
        "delete from seen where stream=(select id from stream where source=? and stream=?) and record in {in}",
        records,
        before=(source, stream),
    )
    tx.run_in("delete from record where id in {in}", records)
    tx.run_in(
        "insert into dirty(record) select record from member where entity in {in} on conflict do nothing", entities
    )
    left = {row[0] for row in tx.select_in("select distinct entity from member where entity in {in}", entities)}
    bury(tx, [(entity, None) for entity in entities if entity not in left])
