"""Entities that need another plan though they did not change."""

from __future__ import annotations

from collections.abc import Sequence

from state.db import Database, Tx
from synchub.stores.parking import NEVER, Parked

IDENTIFIED = "identified"  # sequence that moves on with every slice of an identification


class ParkingStore:
    """Implements `synchub.stores.Parking`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def any(self, target: int) -> bool:
        """See `Parking.any`."""
        with self._db.read() as tx:
            return tx.first("select 1 from replan where target=? limit 1", (target,)) is not None

    def due(self, target: int, now: int) -> list[int]:
        """See `Parking.due`."""
        with self._db.read() as tx:
            rows = tx.rows("select entity from replan where target=? and due_at<=?", (target, now))
        return sorted(row[0] for row in rows)

    def park(self, target: int, parked: Sequence[Parked], *, again: Sequence[int], settled: Sequence[int]) -> None:
        """See `Parking.park`."""
        if not parked and not again and not settled:
            return
        with self._db.begin() as tx:
            tx.run_in("delete from replan where target=? and entity in {in}", list(settled), before=(target,))
            tx.run_in("update replan set due_at=0 where target=? and entity in {in}", list(again), before=(target,))
            known = [*settled, *again, *(p.entity for p in parked)]
            tx.run_in("delete from awaited where target=? and entity in {in}", known, before=(target,))
            tx.many(
                "insert into replan(target, entity, reason, due_at) values (?,?,?,?) on conflict (target, entity)"
                " do update set reason=excluded.reason, due_at=excluded.due_at",
                [(target, p.entity, p.reason, p.due_at) for p in parked],
            )
            tx.many(
                "insert into awaited(target, kind, name, entity) values (?,?,?,?) on conflict do nothing",
                [(target, kind, name, p.entity) for p in parked for kind, name in p.keys],
            )

    def sleeping(self, target: int, entities: Sequence[int]) -> list[int]:
        """See `Parking.sleeping`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select entity from replan where target=? and due_at=? and entity in {in}",
                list(entities),
                before=(target, NEVER),
            )
        return [row[0] for row in rows]

    def awaited(self, target: int, kind: str) -> list[str]:
        """See `Parking.awaited`."""
        with self._db.read() as tx:
            rows = tx.rows("select distinct name from awaited where target=? and kind=?", (target, kind))
        return sorted(row[0] for row in rows)

    def wake(self, target: int, kind: str, names: Sequence[str], *, identified: int | None = None) -> None:
        """See `Parking.wake`."""
        with self._db.begin() as tx:
            rows = tx.select_in(
                "select entity from awaited where target=? and kind=? and name in {in}", names, before=(target, kind)
            )
            entities = sorted({row[0] for row in rows})
            tx.run_in("update replan set due_at=0 where target=? and entity in {in}", entities, before=(target,))
            if identified is not None:
                tx.run("update target set identified=? where id=?", (identified, target))

    def identified(self, target: int) -> tuple[int, int]:
        """See `Parking.identified`."""
        with self._db.read() as tx:
            last = tx.value("select next from sequence where name=?", (IDENTIFIED,))
            return int(last or 0), int(tx.value("select identified from target where id=?", (target,)) or 0)


def wake_entities(tx: Tx, entities: Sequence[int]) -> None:
    """Make some entities due in every target, where they wait for anything, within a transaction."""
    tx.run_in("update replan set due_at=0 where entity in {in}", list(entities))
