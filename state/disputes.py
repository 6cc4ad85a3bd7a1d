"""Fields about which sources disagree: rows of `conflict` without a target."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from state.db import Tx
from synchub.stores.entities import Dispute, EntityBatch
from synchub.stores.questions import SOURCES

_MINE = f"target is null and kind='{SOURCES}'"


def any_dispute(tx: Tx) -> bool:
    """Tell whether there ever was one."""
    return tx.first(f"select 1 from conflict where {_MINE} limit 1") is not None


def load(tx: Tx, entities: Sequence[int]) -> dict[tuple[int, str], Dispute]:
    """Return (entity, field) -> dispute, closed ones too."""
    rows = tx.select_in(
        f"select id, entity, field, detail, state from conflict where {_MINE} and entity in {{in}}", list(entities)
    )
    found = {}
    for number, entity, field, detail, state in rows:
        told = orjson.loads(detail)
        at = told.pop("at")
        found[entity, field] = Dispute(number, entity, field, orjson.dumps(told), at, open=state == "open")
    return found


def store(tx: Tx, run: int, batch: EntityBatch) -> None:
    """Write what a batch says of disputes."""
    tx.run_in("update conflict set state='closed' where id in {in}", batch.settled)
    new = [item for item in batch.disputes if not item.id]
    first = tx.allocate("conflict", len(new)) if new else 0
    tx.many(
        "insert into conflict(id, target, entity, facet, field, kind, detail, state, run)"
        f" values (?,null,?,'',?,'{SOURCES}',?,'open',?)",
        [(first + i, item.entity, item.field, _detail(item), run) for i, item in enumerate(new)],
    )
    tx.many(
        "update conflict set state='open', detail=?, run=? where id=?",
        [(_detail(item), run, item.id) for item in batch.disputes if item.id],
    )


def _detail(item: Dispute) -> bytes:
    return orjson.dumps({**orjson.loads(item.said), "at": item.at})
