"""Identifiers, what is dirty, and which record belongs to which entity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson

from state.db import Database
from state.overlay import overlay_fields
from synchub.domain.records import Contribution
from synchub.stores import Dirty

_MANY = 1000  # new records
_NATIVE_KEYS = (
    "select m.entity, s.source, s.stream, r.key from member m join record r on r.id=m.record"
    " join stream s on s.id=r.stream"
)


class IdentityStore:
    """Implements `synchub.stores.Identity`.

    Records above the settled mark are new and need no row in `dirty`.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def _settled(self) -> int:
        with self._db.read() as tx:
            return int(tx.value("select value from meta where name='settled'") or 0)

    def pending(self) -> Dirty:
        """See `Identity.pending`."""
        settled = self._settled()
        with self._db.read() as tx:
            new = tx.value("select count(*) from record where id>?", (settled,))
            old = tx.value("select count(*) from dirty where record<=?", (settled,))
            removed = tx.value("select count(*) from removed")
            removed += tx.value("select count(*) from meta where name='unsettled'")  # cut off: proposals may be missing
            total = new if settled == 0 else tx.value("select count(*) from record")
        return Dirty(int(new) + int(old) + (1 if removed and not new + old else 0), int(total))

    def last_record(self) -> int:
        """See `Identity.last_record`."""
        with self._db.read() as tx:
            return int(tx.value("select max(id) from record") or 0)

    def groups(self) -> Iterator[tuple[int, list[int]]]:
        """See `Identity.groups`."""
        yield from self._groups("identifier")

    def groups_proposing(self) -> Iterator[tuple[int, list[int]]]:
        """See `Identity.groups_proposing`."""
        yield from self._groups("proposal_key")

    def _groups(self, table: str) -> Iterator[tuple[int, list[int]]]:
        """Yield the groups of more than one; the database puts them together: most identifiers have one holder."""
        with self._db.read() as tx:
            listed = "string_agg(record::text, ',')" if tx.postgres else "group_concat(record)"
            found = tx.iterate(f"select hash, {listed} from {table} group by hash having count(*)>1 order by hash")
            for hash_, records in found:
                yield hash_, sorted(map(int, records.split(",")))

    def replace_shared(self, shared: Sequence[tuple[int, int]]) -> None:
        """See `Identity.replace_shared`."""
        with self._db.begin() as tx:
            tx.run("delete from shared")
            tx.many("insert into shared(hash, holders) values (?,?)", list(shared))

    def shared(self) -> set[int]:
        """See `Identity.shared`."""
        with self._db.read() as tx:
            return {row[0] for row in tx.rows("select hash from shared")}

    def counts(self, hashes: Sequence[int]) -> dict[int, int]:
        """See `Identity.counts`."""
        with self._db.read() as tx:
            return dict(
                tx.select_in("select hash, count(*) from identifier where hash in {in} group by hash", list(hashes))
            )

    def flip(self, gained: Sequence[tuple[int, int]], lost: Sequence[int]) -> None:
        """See `Identity.flip`."""
        with self._db.begin() as tx:
            tx.many(
                "insert into shared(hash, holders) values (?,?) on conflict (hash) do update set"
                " holders=excluded.holders",
                list(gained),
            )
            tx.run_in("delete from shared where hash in {in}", list(lost))
            hashes = [h for h, _ in gained] + list(lost)
            tx.run_in(
                "insert into dirty(record) select distinct record from identifier where hash in {in} on conflict do"
                " nothing",
                hashes,
            )

    def dirty(self, count: int) -> list[int]:
        """See `Identity.dirty`."""
        settled = self._settled()
        with self._db.read() as tx:
            old = [row[0] for row in tx.rows("select record from dirty order by record limit ?", (count,))]
            if len(old) >= count:
                return old
            new = tx.rows("select id from record where id>? order by id limit ?", (settled, count - len(old)))
        return old + [row[0] for row in new]

    def removed(self) -> list[int]:
        """See `Identity.removed`."""
        with self._db.read() as tx:
            return [row[0] for row in tx.rows("select hash from removed")]

    def holders(self, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """See `Identity.holders`."""
        with self._db.read() as tx:
            return tx.select_in("select hash, record from identifier where hash in {in}", list(hashes))

    def proposing(self, hashes: Sequence[int]) -> list[tuple[int, int]]:
        """See `Identity.proposing`."""
        with self._db.read() as tx:
            return tx.select_in("select hash, record from proposal_key where hash in {in}", list(hashes))

    def contributions(self, records: Sequence[int]) -> list[Contribution]:
        """See `Identity.contributions`."""
        with self._db.read() as tx:
            names = {row[0]: (row[1], row[2]) for row in tx.rows("select id, source, stream from stream")}
            rows = tx.select_in(
                "select r.id, r.stream, r.key, r.cls, r.doc, r.observed_at, s.fields from record r"
                " join seen s on s.stream=r.stream and s.record=r.id where r.id in {in}",
                list(records),
            )
        loads = orjson.loads
        return [
            Contribution(r[0], *names[r[1]], r[2], r[3],
                         loads(r[4]) if r[6] is None else overlay_fields(loads(r[4]), r[6]), r[5])
            for r in rows
        ]  # fmt: skip

    def entities_of(self, records: Sequence[int]) -> dict[int, int]:
        """See `Identity.entities_of`."""
        with self._db.read() as tx:
            return dict(tx.select_in("select record, entity from member where record in {in}", list(records)))

    def came_from(self, records: Sequence[int]) -> dict[int, int]:
        """See `Identity.came_from`."""
        with self._db.read() as tx:
            return dict(
                tx.select_in(
                    "select m.record, m.was from member m join entity e on e.id=m.was and e.state='gone'"
                    " and e.merged_into=m.entity where m.record in {in}",
                    list(records),
                )
            )

    def members_of(self, entities: Sequence[int]) -> dict[int, list[int]]:
        """See `Identity.members_of`."""
        result: dict[int, list[int]] = {}
        with self._db.read() as tx:
            for entity, record in tx.select_in(
                "select entity, record from member where entity in {in}", list(entities)
            ):
                result.setdefault(entity, []).append(record)
        return result

    def native_keys(self, entities: Sequence[int] | None = None) -> Iterator[tuple[int, str, str, str]]:
        """See `Identity.native_keys`."""
        with self._db.read() as tx:
            if entities is None:
                yield from tx.iterate(_NATIVE_KEYS)
            else:
                yield from tx.select_in(f"{_NATIVE_KEYS} where m.entity in {{in}}", list(entities))

    def unsettle(self) -> bool:
        """See `Identity.unsettle`."""
        with self._db.begin() as tx:
            return tx.run("insert into meta(name, value) values ('unsettled', '') on conflict (name) do nothing") == 0

    def rules(self) -> str:
        """See `Identity.rules`."""
        with self._db.read() as tx:
            return str(tx.value("select value from meta where name='rules'") or "")

    def decided(self) -> int:
        """See `Identity.decided`."""
        with self._db.read() as tx:
            return int(tx.value("select value from meta where name='decided'") or 0)

    def settle(self, upto: int, rules: str, decided: int = 0) -> None:
        """See `Identity.settle`."""
        with self._db.begin() as tx:
            settled = int(tx.value("select value from meta where name='settled'") or 0)
            if tx.postgres and upto - settled > _MANY:  # its planner does not know of them for a minute
                for table in ("record", "seen", "identifier", "proposal_key", "member", "entity"):
                    tx.run(f"analyze {table}")
            tx.run("delete from dirty")
            tx.run("delete from removed")
            tx.run("delete from meta where name='unsettled'")
            tx.many(
                "insert into meta(name, value) values (?, ?) on conflict (name) do update set value=excluded.value",
                [("settled", str(upto)), ("rules", rules), *([("decided", str(decided))] if decided else [])],
            )
