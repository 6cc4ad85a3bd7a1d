"""What health, metrics and alerts go by: a fixed number of statements, each of bounded cost."""

from __future__ import annotations

from typing import Any

from state.db import Database
from state.runs import database_time


class WatchStore:
    """Reads what is watched. Nothing here writes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def first_run_at(self) -> int | None:
        """Tell when the first run began; None before it."""
        with self._db.read() as tx:
            found = tx.value("select started_at from run order by id limit 1")
        return None if found is None else int(found)

    def is_working(self) -> bool:
        """Tell whether a run holds a lease now."""
        with self._db.read() as tx:
            return bool(tx.value("select count(*) from lease where until_at>=?", (database_time(tx),)))

    def held(self) -> list[tuple[str, str, int]]:
        """List (target, token, held rows) of each target's newest plan, with what stands in every plan of it."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select t.name, p.token, count(*) from plan p join target t on t.id=p.target"
                " join plan h on h.id=p.id or (h.target=p.target and h.state='standing')"
                " join plan_row r on r.plan=h.id where r.state='held' and r.hold is null"
                " and p.id in (select max(id) from plan where token<>'' group by target)"
                " group by t.name, p.token order by t.name"
            )
        return [(row[0], row[1], row[2]) for row in rows]

    def holds(self) -> list[tuple[str, int, str, str, int]]:
        """List (target, number, guard, class, rows) of the holds that nobody answered yet."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select t.name, h.id, h.guard, h.cls, h.held from hold h join target t on t.id=h.target"
                " where h.state='open' order by h.id"
            )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def run_totals(self) -> list[tuple[str, str, int]]:
        """Count runs as (kind, state, number)."""
        with self._db.read() as tx:
            rows = tx.rows("select kind, state, count(*) from run group by kind, state order by kind, state")
        return [(row[0], row[1], row[2]) for row in rows]

    def last_runs(self) -> list[dict[str, Any]]:
        """Return the newest run of each kind that has ended, and when one of that kind was last done."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select r.kind, r.state, r.started_at, r.ended_at, (select max(d.ended_at) from run d where"
                " d.kind=r.kind and d.state in ('done', 'partly')) from run r where r.id in (select max(id) from run"
                " where ended_at is not null group by kind) order by r.kind"
            )
        keys = ("kind", "state", "started_at", "ended_at", "done_at")
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def dead_letters(self) -> list[tuple[str, str, str, int]]:
        """Count dead letters as (source, stream, code, number)."""
        with self._db.read() as tx:
            rows = tx.rows("select source, stream, code, count(*) from dead_letter group by source, stream, code")
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def count_proposals(self) -> int:
        """Count the pairs that may be the same thing."""
        with self._db.read() as tx:
            return int(tx.value("select count(*) from proposal where state='open'"))
