"""Conflicts over fields of objects, as the plans see them."""

from __future__ import annotations

from collections.abc import Sequence

from state.db import Database
from synchub.stores.conflicts import FIELD_KINDS, RACE

_KINDS = ",".join(f"'{kind}'" for kind in FIELD_KINDS)
_SEEN = (
    "insert into conflict(id, target, entity, facet, field, kind, detail, state, run) values (?,?,?,?,?,?,?,'open',?)"
    " on conflict (target, entity, facet, field, kind) do update set detail=excluded.detail, run=excluded.run,"
    " state='open'"
)


class ConflictStore:
    """Implements `synchub.stores.Conflicts`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def any(self, target: int) -> bool:
        """See `Conflicts.any`."""
        with self._db.read() as tx:
            found = tx.first(
                f"select 1 from conflict where target=? and state='open' and kind in ({_KINDS}) limit 1", (target,)
            )
        return found is not None

    def see(
        self, target: int, entities: Sequence[int], found: Sequence[tuple[int, str, str, str, bytes]], run: int
    ) -> None:
        """See `Conflicts.see`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select id, entity, facet, field, kind, detail from conflict"
                f" where target=? and state='open' and kind in ({_KINDS}) and entity in {{in}}",
                list(entities),
                before=(target,),
            )
        known = {tuple(row[1:5]): (row[0], bytes(row[5])) for row in rows}
        new = [c for c in found if known.get(c[:4], (0, b""))[1] != c[4]]
        seen, fields = {c[:4] for c in found}, {c[:3] for c in found}
        gone = [
            number for key, (number, _) in known.items() if (key[:3] in fields if key[3] == RACE else key not in seen)
        ]
        if not new and not gone:
            return
        with self._db.begin() as tx:
            tx.run_in("update conflict set state='closed' where id in {in}", gone)
            if new:
                first = tx.allocate("conflict", len(new))
                tx.many(_SEEN, [(first + i, target, *conflict, run) for i, conflict in enumerate(new)])
