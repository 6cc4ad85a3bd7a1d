"""Values of other people that the hub wrote over."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from state.db import Database, Row, Tx
from synchub.stores.overwritten import BACK, DUE, Overwritten

_COLUMNS = (
    "entity, facet, kind, object_id, field, theirs, ours, how, edited_by, edited_at, state, id, target, at, run,"
    " put_back_at"
)


def _overwritten(row: Row) -> Overwritten:
    entity, facet, kind, object_id, field, theirs, ours, *rest = row
    return Overwritten(entity, facet, kind, object_id, field, orjson.loads(theirs), orjson.loads(ours), *rest)


class OverwrittenStore:
    """Implements `synchub.stores.Overwrites`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of_entity(self, entity: int) -> list[Overwritten]:
        """See `Overwrites.of_entity`."""
        with self._db.read() as tx:
            rows = tx.rows(f"select {_COLUMNS} from overwritten where entity=? order by id", (entity,))
        return [_overwritten(row) for row in rows]

    def due(self, target: int) -> list[Overwritten]:
        """See `Overwrites.due`."""
        with self._db.read() as tx:
            rows = tx.rows(
                f"select {_COLUMNS} from overwritten where state='{DUE}' and target=? order by id", (target,)
            )
        return [_overwritten(row) for row in rows]

    def settle(self, numbers: Sequence[int], state: str, at: int) -> None:
        """See `Overwrites.settle`."""
        when = at if state == BACK else None
        with self._db.begin() as tx:
            tx.run_in(
                "update overwritten set state=?, put_back_at=? where id in {in}", list(numbers), before=(state, when)
            )

    def count(self, run: int) -> dict[tuple[int, str, str], int]:
        """See `Overwrites.count`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select target, how, state, count(*) from overwritten where run=? group by target, how, state", (run,)
            )
        return {(row[0], row[1], row[2]): row[3] for row in rows}


def write_overwritten(tx: Tx, target: int, found: Sequence[Overwritten], at: int, run: int) -> None:
    """Store what was written over, within a transaction; `id`, `target`, `at` and `run` are given here."""
    if not found:
        return
    first = tx.allocate("overwritten", len(found))
    tx.many(
        "insert into overwritten(id, target, entity, facet, kind, object_id, field, theirs, ours, how, edited_by,"
        " edited_at, at, run, state) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [
            (first + i, target, o.entity, o.facet, o.kind, o.object_id, o.field, orjson.dumps(o.theirs),
             orjson.dumps(o.ours), o.how, o.edited_by, o.edited_at, at, run, o.state)
            for i, o in enumerate(found)
        ],
    )  # fmt: skip
