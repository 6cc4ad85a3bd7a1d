"""Plans and their rows; the pending rows are the outbox."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import orjson

from state.db import Database, Row, Tx
from state.letters import note_failures, settle_letters
from state.overwritten import write_overwritten
from state.pins import pin_restored
from state.targets import add_replan, take_away, unlink, write_objects
from synchub.domain.packed import packed, packed_row
from synchub.domain.plan import FieldChange, Op, PlanRow, RowState
from synchub.errors import PlanError
from synchub.stores import DeliveryBatch, PlanState

_PLAN = "id, token, target, state, created_at, expires_at, config, upto_rev, summary, run, digest, undoes, covers"
_ROW = "n, entity, cls, facet, kind, op, object_id, changes, label, state, note, hold"


_DOES = "n, entity, cls, facet, kind, op, object_id, label, changes"  # what the digest of a plan is made of
_DONE = (RowState.APPLIED, RowState.UNCHANGED)
_OPS = {op.value: op for op in Op}  # a dict is several times faster than the enumeration's own look-up
_STATES = {state.value: state for state in RowState}


_number = attrgetter("n")


def _plan(row: Row) -> PlanState:
    number, token, target, state, created, expires, config, upto, summary, run, digest, undoes, covers = row
    return PlanState(
        number, token, target, state, created, expires, config, upto, orjson.loads(summary), run, digest or "", undoes,
        covers or "",
    )  # fmt: skip


def _row(row: Row) -> PlanRow:
    n, entity, cls, facet, kind, op, object_id, blob, label, state, note, hold = row
    body = orjson.loads(blob)
    values = body.get("values")
    changes = {} if values else {name: FieldChange(*change) for name, change in body["changes"].items()}
    return PlanRow(
        n, entity, cls, facet, kind, _OPS[op], object_id, changes, label, _STATES[state], note, values or {}, hold,
        body.get("agreed", []),
    )  # fmt: skip


def _dump(row: PlanRow) -> bytes:
    if row.values:
        return packed({"values": row.values})
    body: dict[str, Any] = {"changes": {name: tuple(change) for name, change in row.changes.items()}}
    if row.agreed:
        body["agreed"] = row.agreed
    return packed(body)


class PlanStore:
    """Implements `synchub.stores.Plans`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def create(self, target: int, run: int, at: int, config: str, *, undoes: int | None = None) -> int:
        """See `Plans.create`."""
        with self._db.begin() as tx:
            old = [
                row[0]
                for row in tx.rows("select id from plan where target=? and state in ('draft', 'open')", (target,))
            ]
            tx.run_in("delete from plan_row where plan in {in}", old)
            tx.run_in("update plan set state='superseded' where id in {in}", old)
            number = tx.allocate("plan", 1)
            tx.run(
                "insert into plan(id, token, target, run, created_at, expires_at, state, config, upto_rev, summary,"
                " undoes) values (?,?,?,?,?,0,'draft',?,0,?,?)",
                (number, "", target, run, at, config, b"{}", undoes),
            )
        return number

    def add(self, plan: int, rows: Sequence[PlanRow]) -> None:
        """See `Plans.add`."""
        rows = sorted(rows, key=_number)
        with self._db.begin() as tx:
            _insert(tx, plan, rows, [_dump(row) for row in rows])

    def digest(self, plan: int) -> str:
        """See `Plans.digest`."""
        digest = hashlib.sha256()
        with self._db.read() as tx:
            for row in tx.iterate(f"select {_DOES} from plan_row where plan=? order by n", (plan,)):
                digest.update(packed_row(list(row[:-1]), row[-1]))
        return digest.hexdigest()

    def stand(self, target: int, rows: Sequence[PlanRow], replaced: Sequence[int], run: int, at: int) -> None:
        """See `Plans.stand`."""
        with self._db.begin() as tx:
            plan = _standing(tx, target)
            if plan is None:
                plan = tx.allocate("plan", 1)
                tx.run(
                    "insert into plan(id, token, target, run, created_at, expires_at, state, config, upto_rev, summary)"
                    " values (?,'',?,?,?,0,'standing','',0,?)",
                    (plan, target, run, at, b"{}"),
                )
            tx.run_in("delete from plan_row where plan=? and n in {in}", list(replaced), before=(plan,))
            _insert(tx, plan, rows, [_dump(row) for row in rows])

    def count_standing(self, target: int) -> None:
        """See `Plans.count_standing`."""
        counts: dict[str, dict[str, tuple[int, str]]] = {}
        with self._db.begin() as tx:
            plan = _standing(tx, target)
            for cls, note, label in tx.rows("select cls, note, label from plan_row where plan=? order by n", (plan,)):
                notes, why = counts.setdefault(cls, {}), note.split(":")[0]
                count, example = notes.get(why, (0, label))
                notes[why] = (count + 1, example)
            tx.run("update plan set summary=? where id=?", (orjson.dumps(counts), plan))

    def standing(self, target: int) -> dict[str, dict[str, tuple[int, str]]]:
        """See `Plans.standing`."""
        with self._db.read() as tx:
            body = tx.value("select summary from plan where target=? and state='standing'", (target,))
        counts: dict[str, dict[str, tuple[int, str]]] = orjson.loads(body) if body else {}
        return counts

    def seal(
        self,
        plan: int,
        token: str,
        expires_at: int,
        upto_rev: int,
        summary: Mapping[str, Any],
        digest: str = "",
        covers: str = "",
    ) -> None:
        """See `Plans.seal`."""
        with self._db.begin() as tx:
            tx.run(
                "update plan set token=?, expires_at=?, upto_rev=?, summary=?, digest=?, covers=?, state='open'"
                " where id=?",
                (token, expires_at, upto_rev, orjson.dumps(dict(summary)), digest, covers or None, plan),
            )

    def summarise(self, plan: int, summary: Mapping[str, Any]) -> None:
        """See `Plans.summarise`."""
        with self._db.begin(fenced=False) as tx:
            tx.run("update plan set summary=? where id=?", (orjson.dumps(dict(summary)), plan))

    def get(self, token: str | int) -> PlanState | None:
        """See `Plans.get`."""
        with self._db.read() as tx:
            if isinstance(token, int):
                row = tx.first(f"select {_PLAN} from plan where id=?", (token,))
                return _plan(row) if row else None
            escaped = token.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            rows = tx.rows(f"select {_PLAN} from plan where token like ? escape '\\' and token<>''", (escaped + "%",))
        if len(rows) > 1:
            raise PlanError(
                f"plan {token!r} is not unique: {', '.join(r[1] for r in rows[:5])}.", fix="Give more characters."
            )
        return _plan(rows[0]) if rows else None

    def unfinished(self, target: int) -> PlanState | None:
        """See `Plans.unfinished`."""
        with self._db.read() as tx:
            row = tx.first(
                f"select {_PLAN} from plan where target=? and state='applying' order by id limit 1", (target,)
            )
        return _plan(row) if row else None

    def latest(self, target: int) -> PlanState | None:
        """See `Plans.latest`."""
        with self._db.read() as tx:
            row = tx.first(f"select {_PLAN} from plan where target=? and token<>'' order by id desc limit 1", (target,))
        return _plan(row) if row else None

    def mark(self, plan: int, state: str) -> None:
        """See `Plans.mark`."""
        with self._db.begin() as tx:
            tx.run("update plan set state=? where id=?", (state, plan))

    def rows(
        self,
        plan: int,
        *,
        states: Sequence[str] = (),
        after: int = -1,
        count: int = 1000,
        within: int = 0,
        before: int | None = None,
    ) -> list[PlanRow]:
        """See `Plans.rows`."""
        wanted = f" and state in ({','.join('?' * len(states))})" if states else ""
        upto, end = (" and n<?", (before,)) if before is not None else ("", ())
        with self._db.read() as tx:
            rows = tx.rows(
                f"select {_ROW} from plan_row where plan=? and n>?{upto}{wanted} order by n limit ?",
                (plan, after, *end, *states, count),
            )
            if len(rows) < count and before is None and not within and (not states or "held" in states):
                target = tx.value("select target from plan where id=?", (plan,))
                standing = _standing(tx, target) if target is not None else None
                rows += tx.rows(
                    f"select {_ROW} from plan_row where plan=? and n>? order by n limit ?",
                    (standing, after, count - len(rows)),
                )
        if within and rows and rows[-1][0] // within != rows[0][0] // within:
            rows = [row for row in rows if row[0] // within == rows[0][0] // within]
        return [_row(row) for row in rows]

    def unsent(self, plan: int, below: int) -> int:
        """See `Plans.unsent`."""
        with self._db.read() as tx:
            found = tx.value(
                "select count(*) from plan_row where plan=? and n>=0 and n<? and state in ('pending','sent')"
                " and op<>'insert'",
                (plan, below),
            )
        return int(found)

    def rewrite(self, plan: int, row: PlanRow) -> None:
        """See `Plans.rewrite`."""
        with self._db.begin() as tx:
            tx.run(
                "update plan_row set op=?, object_id=?, changes=?, state=? where plan=? and n=?",
                (row.op.value, row.object_id, _dump(row), row.state.value, plan, row.n),
            )

    def send(self, plan: int, numbers: Sequence[int]) -> None:
        """See `Plans.send`."""
        mark = "update plan_row set state='sent', attempts=attempts+1 where plan=? and n"
        with self._db.begin() as tx:
            if numbers[-1] - numbers[0] + 1 == len(numbers):
                tx.run(f"{mark} between ? and ?", (plan, numbers[0], numbers[-1]))
            else:
                tx.run_in(f"{mark} in {{in}}", numbers, before=(plan,))

    def deliver(self, target: int, plan: int, at: int, run: int, batch: DeliveryBatch) -> None:
        """See `Plans.deliver`."""
        with self._db.begin() as tx:
            plain: dict[str, list[int]] = {}
            noted: list[Row] = []
            for n, state, note in batch.states:
                text = state._value_ if state.__class__ is RowState else state
                if note:
                    noted.append((text, note, run, plan, n))
                elif text in plain:
                    plain[text].append(n)
                else:
                    plain[text] = [n]
            for text, numbers in plain.items():
                tx.run_in(
                    "update plan_row set state=?, note='', run=? where plan=? and n in {in}",
                    numbers,
                    before=(text, run, plan),
                )
            tx.many("update plan_row set state=?, note=?, run=? where plan=? and n=?", noted)
            write_objects(tx, target, batch)
            add_replan(tx, target, batch.replan)
            note_failures(tx, target, run, at, batch.failed)
            settle_letters(tx, target, [item[0] for item in batch.objects if item[0] is not None])
            unlink(tx, target, batch.unlinked)
            take_away(tx, target, batch)
            undoes = tx.value("select undoes from plan where id=?", (plan,))
            if undoes is not None:
                done = [n for n, state, _ in batch.states if state in _DONE]
                pin_restored(tx, target, plan, undoes, at, done)
            write_overwritten(tx, target, batch.overwritten, at, run)
            if batch.conflicts:
                first = tx.allocate("conflict", len(batch.conflicts))
                tx.many(
                    "insert into conflict(id, target, entity, facet, field, kind, detail, state, run) values"
                    " (?,?,?,?,?,?,?,'open',?)"
                    " on conflict (target, entity, facet, field, kind) do update set detail=excluded.detail,"
                    " run=excluded.run, state='open'",
                    [(first + i, target, *item, run) for i, item in enumerate(batch.conflicts)],
                )

    def delivered_entities(self, target: int, run: int) -> list[int]:
        """See `Plans.delivered_entities`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select distinct r.entity from plan_row r join plan p on p.id=r.plan"
                " where p.target=? and r.run=? and r.state='applied' order by r.entity",
                (target, run),
            )
        return [row[0] for row in rows]

    def delivered(self, target: int, run: int, entities: Sequence[int]) -> list[PlanRow]:
        """See `Plans.delivered`."""
        columns = ", ".join(f"r.{name}" for name in _ROW.split(", "))
        with self._db.read() as tx:
            rows = tx.select_in(
                f"select r.plan, {columns} from plan_row r join plan p on p.id=r.plan"
                " where p.target=? and r.run=? and r.state='applied' and r.entity in {in}",
                list(entities),
                before=(target, run),
            )
        return [_row(row[1:]) for row in sorted(rows, key=lambda row: row[:2])]

    def last_classes(self, target: int, entities: Sequence[int]) -> dict[tuple[int, str], str]:
        """See `Plans.last_classes`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select r.plan, r.n, r.entity, r.facet, r.cls from plan_row r join plan p on p.id=r.plan"
                " where p.target=? and r.state='applied' and r.entity in {in}",
                list(entities),
                before=(target,),
            )
        return {(entity, facet): cls for _, _, entity, facet, cls in sorted(rows)}

    def targets_of(self, run: int) -> list[int]:
        """See `Plans.targets_of`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select distinct p.target from plan_row r join plan p on p.id=r.plan where r.run=? and"
                " r.state='applied' order by p.target",
                (run,),
            )
        return [row[0] for row in rows]

    def outcomes(self, plan: int) -> dict[tuple[str, str, str], int]:
        """See `Plans.outcomes`."""
        with self._db.read() as tx:
            target = tx.value("select target from plan where id=?", (plan,))
            numbers = [plan, *([] if target is None else [_standing(tx, target) or plan])]
            rows = tx.select_in(
                "select cls, op, state, count(*) from plan_row where plan in {in} group by cls, op, state",
                list(dict.fromkeys(numbers)),
            )
        return {(row[0], row[1], row[2]): row[3] for row in rows}


def _standing(tx: Tx, target: int) -> int | None:
    """Return the number under which the rows of a target stand that wait for a person."""
    number = tx.value("select id from plan where target=? and state='standing'", (target,))
    return None if number is None else int(number)


def _insert(tx: Tx, plan: int, rows: Sequence[PlanRow], bodies: Sequence[bytes]) -> None:
    tx.many(
        "insert into plan_row(plan, n, entity, cls, facet, kind, op, object_id, changes, label, state, note,"
        " hold, attempts) values (?,?,?,?,?,?,?,?,?,?,?,?,?,0)",
        [
            (plan, r.n, r.entity, r.cls, r.facet, r.kind, r.op._value_, r.object_id, body, r.label, r.state._value_,
             r.note, r.hold)
            for r, body in zip(rows, bodies, strict=True)
        ],
    )  # fmt: skip
