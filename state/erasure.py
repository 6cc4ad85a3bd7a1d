"""Erase a person: their records, their entity, and every mention of them in any table, the audit log included."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from sqlalchemy import LargeBinary, Text

from state.db import Database, Tx
from state.schema import metadata
from synchub.domain.mentions import Mentions
from synchub.stores.erasure import Erased, LegalHold

_OF_RECORD = ("seen", "payload", "absence", "field_warning", "identifier", "proposal_key", "dirty", "member")
_SALT = "erasure"  # name in `meta`
_APART = {"meta", "sequence", "lease", "budget", "erased", "stream", "target"}
_CHUNK = 500


class ErasureStore:
    """Implements `synchub.stores.Erasure`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def hold(self, entity: int, reason: str, who: str, at: int) -> None:
        """See `Erasure.hold`."""
        with self._db.begin() as tx:
            tx.run(
                "insert into legal_hold(entity, reason, who, at) values (?,?,?,?) on conflict (entity) do update set"
                " reason=excluded.reason, who=excluded.who, at=excluded.at",
                (entity, reason, who, at),
            )

    def release(self, entity: int) -> bool:
        """See `Erasure.release`."""
        with self._db.begin() as tx:
            return tx.run("delete from legal_hold where entity=?", (entity,)) > 0

    def held(self, entity: int) -> LegalHold | None:
        """See `Erasure.held`."""
        with self._db.read() as tx:
            row = tx.first("select reason, who, at from legal_hold where entity=?", (entity,))
        return LegalHold(*row) if row else None

    def leavers(self, before: str) -> list[int]:
        """See `Erasure.leavers`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select id, doc from entity where family='person' and state='live'"
                " and id not in (select entity from legal_hold)"
            )
        return [entity for entity, doc in rows if (end := orjson.loads(doc).get("ends_on")) and end < before]

    def erased(self, keys: Sequence[str]) -> set[str]:
        """See `Erasure.erased`."""
        with self._db.read() as tx:
            if tx.first("select 1 from erased limit 1") is None:
                return set()
            digests = {_digest(_salt(tx), key): key for key in keys}
            return {
                digests[bytes(row[0])] for row in tx.select_in("select hash from erased where hash in {in}", digests)
            }

    def erase(self, entity: int, mentions: Mentions) -> Erased:
        """See `Erasure.erase`."""
        counts: Counter[str] = Counter()
        with self._db.begin() as tx:
            records = [row[0] for row in tx.rows("select record from member where entity=?", (entity,))]
            objects = tx.rows(
                "select t.name, o.kind, o.object_id, o.id from target_object o join target t on t.id=o.target"
                " where o.entity=?",
                (entity,),
            )
            self._remember(tx, records, objects)
            _drop_records(tx, records)
            counts["record"] = len(records)
            _drop_entity(tx, entity, [row[3] for row in objects])
            for table in metadata.sorted_tables:
                if table.name not in _APART and (found := _scrub(tx, table, mentions)):
                    counts[str(table.name)] += found
            tx.run(
                "update plan set state='superseded' where state in ('open', 'applying') and id in (select plan from"
                " plan_row where note=? or entity=?)",
                (mentions.instead, entity),
            )
        return Erased(dict(counts), [(name, kind, id_) for name, kind, id_, _ in objects])

    def clean(self, tables: Sequence[str]) -> None:
        """See `Erasure.clean`."""
        with self._db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if connection.dialect.name == "postgresql":
                names = [t.name for t in metadata.sorted_tables if t.name in {*tables, *_OF_RECORD}]
                connection.exec_driver_sql(f"vacuum full {', '.join(names)}")
                return
            cursor = connection.connection.cursor()
            cursor.execute("vacuum")
            cursor.execute("pragma wal_checkpoint(truncate)")
            cursor.close()

    def mentioned(self, mentions: Mentions) -> dict[str, int]:
        """See `Erasure.mentioned`."""
        found: dict[str, int] = {}
        with self._db.read() as tx:
            for table in metadata.sorted_tables:
                columns = _columns(table)
                if columns and table.name not in _APART:
                    count = sum(
                        any(mentions.among(value) for value in row)
                        for row in tx.iterate(f"select {', '.join(columns)} from {table.name}")
                    )
                    found |= {str(table.name): count} if count else {}
        return found

    def _remember(self, tx: Tx, records: Sequence[int], objects: Sequence[Any]) -> None:
        """Keep digests of what is never to be stored again."""
        salt = _salt(tx)
        keys = [
            f"{source}/{stream}/{key}"
            for source, stream, key in tx.select_in(
                "select s.source, s.stream, r.key from record r join stream s on s.id=r.stream where r.id in {in}",
                records,
            )
        ]
        keys += [f"{target}/{kind}/{id_}" for target, kind, id_, _ in objects]
        tx.many("insert into erased(hash) values (?) on conflict do nothing", [(_digest(salt, key),) for key in keys])


def _salt(tx: Tx) -> bytes:
    value = tx.value("select value from meta where name=?", (_SALT,))
    if value is None:
        value = secrets.token_hex(16)
        tx.run("insert into meta(name, value) values (?,?)", (_SALT, value))
    return bytes.fromhex(value)


def _digest(salt: bytes, key: str) -> bytes:
    return hashlib.blake2b(key.encode(), key=salt, digest_size=16).digest()


def _drop_records(tx: Tx, records: Sequence[int]) -> None:
    """Take records out of the ledger; whoever shares an identifier with them is identified again."""
    hashes = tx.select_in("select hash from identifier where record in {in}", list(records))
    hashes += tx.select_in("select hash from proposal_key where record in {in}", list(records))
    tx.many("insert into removed(hash) values (?) on conflict do nothing", sorted({(row[0],) for row in hashes}))
    for table in _OF_RECORD:
        tx.run_in(f"delete from {table} where record in {{in}}", list(records))
    tx.run_in("delete from record where id in {in}", list(records))


def _drop_entity(tx: Tx, entity: int, objects: Sequence[int]) -> None:
    tx.run("update entity set doc=?, winners=?, state='gone', due_at=null where id=?", (b"{}", b"{}", entity))
    for table in ("entity_change", "replan", "awaited", "overwritten", "conflict", "frozen", "pin", "held_row"):
        tx.run(f"delete from {table} where entity=?", (entity,))
    tx.run("delete from proposal where a=? or b=?", (entity, entity))
    tx.run("update plan_row set changes=?, label='', note='' where entity=?", (b"{}", entity))
    tx.run_in("delete from target_identifier where object in {in}", list(objects))
    tx.run_in(
        "update target_object set entity=null, facet=null, base=null, refused=null, updated_by=null, fields=?"
        " where id in {in}",
        list(objects),
        before=(b"{}",),
    )


def _columns(table: Any) -> list[str]:
    return [c.name for c in table.columns if isinstance(c.type, Text | LargeBinary)]


def _scrub(tx: Tx, table: Any, mentions: Mentions) -> int:
    """Rewrite every value of a table that mentions the person; returns how many rows."""
    columns, keys = _columns(table), [c.name for c in table.primary_key.columns]
    if not columns:
        return 0
    names = ", ".join([*keys, *columns])
    count = 0
    for part in _parts(_mentioning(tx, f"select {names} from {table.name}", len(keys), mentions)):
        for key, values in part:
            changed = {c: new for c, old in zip(columns, values, strict=True) if (new := mentions.cleared(old)) != old}
            where = " and ".join(f"{name}=?" for name in keys)
            if changed.keys() & set(keys):  # waits for, or is named after, the person
                tx.run(f"delete from {table.name} where {where}", key)
            else:
                sets = ", ".join(f"{name}=?" for name in changed)
                tx.run(f"update {table.name} set {sets} where {where}", [*changed.values(), *key])
            count += 1
            if table.name == "record":
                tx.run("insert into dirty(record) values (?) on conflict do nothing", key)
    return count


def _mentioning(tx: Tx, statement: str, keys: int, mentions: Mentions) -> Iterator[tuple[Any, Any]]:
    for row in tx.iterate(statement):
        if any(mentions.among(value) for value in row[keys:]):
            yield row[:keys], row[keys:]


def _parts(found: Iterable[Any]) -> list[list[Any]]:
    """Gather first: a table is not written while it is read."""
    everything = list(found)
    return [everything[i : i + _CHUNK] for i in range(0, len(everything), _CHUNK)]
