"""Rows that a guard stopped, and what people answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from state.db import Database, Tx
from state.targets import add_replan
from synchub.stores.holds import APPROVED, OPEN, OVER, HeldRow, Hold

_HOLD = (
    "id, target, guard, cls, state, opened_at, run, plan, held, total, allowed, cause, asked_by, answered_at,"
    " answered_by, reason"
)
_STILL = ("open", "applying")  # states of a plan whose rows may still be sent


class HoldStore:
    """Implements `synchub.stores.Holds`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, target: int | None = None, states: Sequence[str] = (OPEN,)) -> list[Hold]:
        """See `Holds.of`."""
        where = [] if target is None else ["target=?"]
        where += [f"state in ({','.join('?' * len(states))})"] if states else []
        parameters = [*([] if target is None else [target]), *states]
        with self._db.read() as tx:
            rows = tx.rows(f"select {_HOLD} from hold where {' and '.join(where) or '1=1'} order by id", parameters)
        return [Hold(*row) for row in rows]

    def get(self, number: int) -> Hold | None:
        """See `Holds.get`."""
        with self._db.read() as tx:
            row = tx.first(f"select {_HOLD} from hold where id=?", (number,))
        return Hold(*row) if row else None

    def rows_of(self, target: int, entities: Sequence[int]) -> list[HeldRow]:
        """See `Holds.rows_of`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select r.hold, r.entity, r.facet, r.op, r.digest from held_row r join hold h on h.id=r.hold"
                " where h.target=? and h.state<>'over' and r.entity in {in}",
                list(entities),
                before=(target,),
            )
        return [HeldRow(*row) for row in rows]

    def open(
        self, hold: Hold, rows: Sequence[HeldRow], plan_rows: Sequence[int], *, whole: bool
    ) -> tuple[Hold, dict[tuple[str, str], int]]:
        """See `Holds.open`."""
        numbers = list(plan_rows)
        with self._db.begin() as tx:
            number = tx.allocate("hold", 1)
            hold = hold._replace(id=number)
            tx.run(f"insert into hold({_HOLD}) values ({','.join('?' * len(hold))})", hold)
            tx.many(
                "insert into held_row(hold, entity, facet, op, digest) values (?,?,?,?,?) on conflict do nothing",
                [(number, *row[1:]) for row in rows],
            )
            if not rows:
                tx.run_in(
                    "insert into held_row(hold, entity, facet, op, digest) select distinct cast(? as bigint), entity,"
                    " facet, op, '' from plan_row where plan=? and n in {in}",
                    numbers,
                    before=(number, hold.plan),
                )
            stop = "update plan_row set state='held', hold=?, note=? where plan=? and state='pending' and "
            before = (number, f"hold {hold.name}", hold.plan)
            if whole:
                tx.run(f"{stop} entity in (select entity from held_row where hold=?)", (*before, number))
            else:
                tx.run_in(f"{stop} n in {{in}}", numbers, before=before)
            held = int(tx.value("select count(*) from held_row where hold=?", (number,)))
            tx.run("update hold set held=? where id=?", (held, number))
            stopped = tx.rows(
                "select cls, op, count(*) from plan_row where plan=? and hold=? group by cls, op", (hold.plan, number)
            )
        return hold._replace(held=held), {(row[0], row[1]): row[2] for row in stopped}

    def settle(self, rows: Sequence[HeldRow], at: int) -> None:
        """See `Holds.settle`."""
        with self._db.begin() as tx:
            tx.many("delete from held_row where hold=? and entity=? and facet=? and op=? and digest=?", list(rows))
            for number in sorted({row.hold for row in rows}):
                left = tx.value("select count(*) from held_row where hold=?", (number,))
                tx.run("update hold set held=? where id=?", (left, number))
                if not left:
                    tx.run("update hold set state=?, answered_at=? where id=? and state=?", (OVER, at, number, OPEN))

    def answer(self, number: int, state: str, who: str, at: int, reason: str) -> dict[int, dict[tuple[str, str], int]]:
        """See `Holds.answer`."""
        with self._db.begin(fenced=False) as tx:
            tx.run(
                "update hold set state=?, answered_by=?, answered_at=?, reason=? where id=?",
                (state, who, at, reason, number),
            )
            target = tx.value("select target from hold where id=?", (number,))
            entities = tx.rows("select distinct entity from held_row where hold=? order by entity", (number,))
            add_replan(tx, target, [(row[0], f"hold h-{number} {state}") for row in entities])
            return _release(tx, number) if state == APPROVED else {}

    def linked(self, target: int) -> dict[str, int]:
        """See `Holds.linked`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select e.cls, count(distinct e.id) from target_object o join entity e on e.id=o.entity"
                " where o.target=? and o.entity is not null group by e.cls",
                (target,),
            )
        return {row[0]: row[1] for row in rows}

    def counts(self, target: int) -> dict[str, int]:
        """See `Holds.counts`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select cls, count(*) from (select distinct h.cls, r.entity, r.facet, r.op from held_row r"
                " join hold h on h.id=r.hold where h.target=? and h.state='open') x group by cls",
                (target,),
            )
        return {row[0]: row[1] for row in rows}

    def sample(self, number: int, count: int) -> list[tuple[int, str, str]]:
        """See `Holds.sample`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select distinct entity, facet, op from held_row where hold=? order by entity, facet, op limit ?",
                (number, count),
            )
        return [(row[0], row[1], row[2]) for row in rows]

    def changes(self, number: int, entities: Sequence[int]) -> dict[tuple[int, str, str], list[list[Any]]]:
        """See `Holds.changes`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select r.entity, r.facet, r.op, r.changes from plan_row r where r.hold=? and r.entity in {in}"
                " order by r.plan",
                list(dict.fromkeys(entities)),
                before=(number,),
            )
        found = {}
        for entity, facet, op, body in rows:
            told = orjson.loads(body)
            fields = [[n, c[0], c[1]] for n, c in told.get("changes", {}).items()]
            found[entity, facet, op] = fields + [[n, None, v] for n, v in told.get("values", {}).items()]
        return found


def _release(tx: Tx, number: int) -> dict[int, dict[tuple[str, str], int]]:
    """Let the rows go that a hold stopped in a plan that may still be applied: plan -> (class, operation) -> rows."""
    released = {}
    for (plan,) in tx.rows(
        f"select id from plan where state in {_STILL} and target=(select target from hold where id=?)", (number,)
    ):
        # Those that another guard stops, too, wait for that answer.
        tx.run(
            "update plan_row set hold=(select min(r.hold) from held_row r join hold h on h.id=r.hold"
            " where r.entity=plan_row.entity and r.facet=plan_row.facet and r.op=plan_row.op and r.hold<>?"
            " and h.target=(select target from hold where id=?) and h.state in ('open', 'rejected'))"
            " where plan=? and hold=? and state='held'",
            (number, number, plan, number),
        )
        free = "where plan=? and state='held' and hold is null and note=?"
        mine = (plan, f"hold h-{number}")
        rows = tx.rows(f"select cls, op, count(*) from plan_row {free} group by cls, op", mine)
        released[int(plan)] = {(row[0], row[1]): row[2] for row in rows}
        tx.run(f"update plan_row set state='pending', note='' {free}", mine)
        tx.run("update plan_row set note='hold h-' || hold where plan=? and state='held' and hold is not null", (plan,))
    return released
