"""Runs, leases and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from state.db import Database, Tx
from synchub.errors import LeaseHeld, LeaseLost


def database_time(tx: Tx) -> int:
    """Tell the database's time, so that leases do not depend on the workers' clocks."""
    return int(
        tx.value(
            "select cast(extract(epoch from clock_timestamp()) as bigint)" if tx.postgres else "select unixepoch()"
        )
    )


class RunStore:
    """Implements `synchub.stores.Runs`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def begin(self, kind: str, at: int, config: str, flow_run: str | None = None) -> int:
        """See `Runs.begin`."""
        with self._db.begin() as tx:
            number = tx.allocate("run", 1)
            tx.run(
                "insert into run(id, kind, started_at, state, flow_run, config, counts) values (?,?,?,'running',?,?,?)",
                (number, kind, at, flow_run, config, b"{}"),
            )
        return number

    def note(self, run: int, counts: Mapping[str, Any]) -> None:
        """See `Runs.note`."""
        with self._db.begin() as tx:
            alone = " for update" if tx.postgres else ""  # several workers note what they did in one run
            have = orjson.loads(tx.value(f"select counts from run where id=?{alone}", (run,)))
            for key, value in counts.items():
                have[key] = (
                    {**have[key], **value} if isinstance(value, dict) and isinstance(have.get(key), dict) else value
                )
            tx.run("update run set counts=? where id=?", (orjson.dumps(have), run))

    def end(self, run: int, at: int, state: str) -> None:
        """See `Runs.end`."""
        with self._db.begin(fenced=False) as tx:
            tx.run("update run set ended_at=?, state=? where id=?", (at, state, run))

    def acquire(self, scope: str, owner: str, seconds: int) -> None:
        """See `Runs.acquire`."""
        with self._db.begin(fenced=False) as tx:
            now = database_time(tx)
            taken = tx.run(
                "insert into lease(scope, owner, until_at) values (?,?,?) on conflict (scope) do update set"
                " owner=excluded.owner,"
                " until_at=excluded.until_at where lease.owner=excluded.owner or lease.until_at<?",
                (scope, owner, now + seconds, now),
            )
            holder = tx.first("select owner, until_at from lease where scope=?", (scope,))
        if not taken or holder is None or holder[0] != owner:
            left = holder[1] - now if holder else 0
            raise LeaseHeld(
                f"another run ({holder[0].partition(' in ')[0] if holder else 'unknown'}) works on {scope!r}.",
                where="state",
                fix=f"Wait for it, or {left} s for its lease to end if it died.",
                owner=holder[0] if holder else "",
            )

    def renew(self, scope: str, owner: str, seconds: int) -> None:
        """See `Runs.renew`."""
        with self._db.begin(fenced=False) as tx:
            until = database_time(tx) + seconds
            held = tx.run("update lease set until_at=? where scope=? and owner=?", (until, scope, owner))
        if not held:
            raise LeaseLost(f"the lease on {scope!r} is held by another run.", where="state")

    def work_under(self, scope: str, owner: str | None) -> None:
        """See `Runs.work_under`."""
        if owner is None:
            self._db.leases.pop(scope, None)
        else:
            self._db.leases[scope] = owner

    def release(self, scope: str, owner: str) -> None:
        """See `Runs.release`."""
        with self._db.begin(fenced=False) as tx:
            tx.run("delete from lease where scope=? and owner=?", (scope, owner))

    def audit(self, at: int, run: int | None, actor: str, action: str, detail: Mapping[str, Any]) -> None:
        """See `Runs.audit`."""
        with self._db.begin() as tx:
            number = tx.allocate("audit", 1)
            tx.run(
                "insert into audit(id, at, run, actor, action, detail) values (?,?,?,?,?,?)",
                (number, at, run, actor, action, orjson.dumps(dict(detail))),
            )
