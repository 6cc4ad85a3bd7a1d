"""What a rollback restored, and stays until the hub wants something else than what was undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from state.db import Database, Tx
from state.targets import add_replan
from synchub.domain.plan import Op
from synchub.stores.pins import WHOLE, Pinned

_WHOLE = (Op.RETIRE, Op.DELETE, Op.UNLINK)  # what these undo must not come again
_PIN = (
    "insert into pin(target, entity, facet, field, undone, run, at) values (?,?,?,?,?,?,?)"
    " on conflict (target, entity, facet, field) do update set undone=excluded.undone, run=excluded.run, at=excluded.at"
)


class PinStore:
    """Implements `synchub.stores.Pins`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def any(self, target: int) -> bool:
        """See `Pins.any`."""
        with self._db.read() as tx:
            return tx.first("select 1 from pin where target=? limit 1", (target,)) is not None

    def of(self, target: int, entities: Sequence[int]) -> Pinned:
        """See `Pins.of`."""
        found: dict[tuple[int, str], dict[str, Any]] = {}
        with self._db.read() as tx:
            rows = tx.select_in(
                "select entity, facet, field, undone from pin where target=? and entity in {in}",
                list(entities),
                before=(target,),
            )
        for entity, facet, field, undone in rows:
            found.setdefault((entity, facet), {})[field] = orjson.loads(undone)
        return found

    def end(self, target: int, ended: Sequence[tuple[int, str, str]]) -> None:
        """See `Pins.end`."""
        with self._db.begin() as tx:
            tx.many(
                "delete from pin where target=? and entity=? and facet=? and field=?",
                [(target, *one) for one in ended],
            )

    def count(self) -> dict[str, int]:
        """See `Pins.count`."""
        with self._db.read() as tx:
            rows = tx.rows("select t.name, count(*) from pin p join target t on t.id=p.target group by t.name")
        return dict(sorted(rows))

    def unpin(self, run: int) -> int:
        """See `Pins.unpin`."""
        with self._db.begin() as tx:
            rows = tx.rows("select distinct target, entity from pin where run=?", (run,))
            for target in sorted({row[0] for row in rows}):
                add_replan(tx, target, [(entity, "unpinned") for t, entity in rows if t == target])
            return tx.run("delete from pin where run=?", (run,))


def pin_restored(tx: Tx, target: int, plan: int, undoes: int, at: int, numbers: Sequence[int]) -> None:
    """Pin what rows of a plan that undoes a run restored, within the transaction that notes them as done."""
    rows = tx.select_in(
        "select entity, facet, op, changes from plan_row where plan=? and n in {in}", list(numbers), before=(plan,)
    )
    pins = []
    for entity, facet, op, body in rows:
        if op in _WHOLE:
            pins.append((target, entity, facet, WHOLE, b"null", undoes, at))
        else:
            changes: dict[str, Any] = orjson.loads(body).get("changes", {})
            pins += [(target, entity, facet, name, orjson.dumps(c[0]), undoes, at) for name, c in changes.items()]
    tx.many(_PIN, pins)
