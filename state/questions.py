"""What waits for a person, as it stands in the state."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from state.db import Database, Row
from synchub.stores.questions import DUPLICATE, IDENTITY, Question

_SELECT = (
    "select c.id, coalesce(t.name, ''), c.entity, e.cls, c.facet, c.field, c.kind, c.detail, c.run, c.state"
    " from conflict c left join target t on t.id=c.target join entity e on e.id=c.entity"
)


def _question(row: Row) -> Question:
    number, target, entity, cls, facet, field, kind, detail, run, state = row
    return Question(number, target, entity, cls, facet, field, kind, orjson.loads(detail), run, state)


class QuestionStore:
    """Implements `synchub.stores.Questions`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def see(self, target: int, entities: Sequence[int], found: Sequence[tuple[int, str, bytes]], run: int) -> None:
        """See `Questions.see`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                f"select entity, facet, detail, id from conflict where target=? and state='open' and kind='{IDENTITY}'"
                " and entity in {in}",
                list(entities),
                before=(target,),
            )
        known = {(row[0], row[1]): (bytes(row[2]), row[3]) for row in rows}
        new = [item for item in found if known.get(item[:2], (b"", 0))[0] != item[2]]
        seen = {item[:2] for item in found}
        gone = [number for key, (_, number) in known.items() if key not in seen]
        if not new and not gone:
            return
        with self._db.begin() as tx:
            tx.run_in("update conflict set state='closed' where id in {in}", gone)
            if new:
                first = tx.allocate("conflict", len(new))
                tx.many(
                    "insert into conflict(id, target, entity, facet, field, kind, detail, state, run)"
                    f" values (?,?,?,?,'','{IDENTITY}',?,'open',?)"
                    " on conflict (target, entity, facet, field, kind) do update set detail=excluded.detail,"
                    " state='open'",
                    [(first + i, target, *item, run) for i, item in enumerate(new)],
                )

    def any_identity(self, target: int) -> bool:
        """See `Questions.any_identity`."""
        with self._db.read() as tx:
            return tx.first(
                f"select 1 from conflict where target=? and kind='{IDENTITY}' and state='open' limit 1", (target,)
            ) is not None  # fmt: skip

    def open(
        self, count: int, *, kind: str = "", cls: str = "", target: str = "", field: str = "", entity: int | None = None
    ) -> list[Question]:
        """See `Questions.open`."""
        wanted = {"c.kind": kind, "e.cls": cls, "t.name": target, "c.field": field, "c.entity": entity or ""}
        given = {column: value for column, value in wanted.items() if value}
        where = "".join(f" and {column}=?" for column in given)
        with self._db.read() as tx:
            rows = tx.rows(f"{_SELECT} where c.state='open'{where} order by c.id limit ?", (*given.values(), count))
        return [_question(row) for row in rows]

    def counts(self) -> list[tuple[str, str, str, str, int]]:
        """See `Questions.counts`."""
        field = f"case when c.kind='{DUPLICATE}' then '' else c.field end"
        with self._db.read() as tx:
            return tx.rows(
                f"select c.kind, coalesce(t.name, ''), e.cls, {field}, count(*) from conflict c"
                " left join target t on t.id=c.target"
                f" join entity e on e.id=c.entity where c.state='open' group by c.kind, t.name, e.cls, {field}"
                " order by 5 desc, 1, 2, 3, 4"
            )

    def get(self, number: int) -> Question | None:
        """See `Questions.get`."""
        with self._db.read() as tx:
            row = tx.first(f"{_SELECT} where c.id=?", (number,))
        return None if row is None else _question(row)

    def close(self, number: int) -> None:
        """See `Questions.close`."""
        with self._db.begin(fenced=False) as tx:
            tx.run("update conflict set state='closed' where id=?", (number,))
