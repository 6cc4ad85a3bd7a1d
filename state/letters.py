"""Dead letters: tried again on request; rows of plans become some when they failed too often."""

from __future__ import annotations

from collections.abc import Sequence

from state.db import Database, Tx
from synchub.stores.letters import DELIVERY, RUNS
from synchub.stores.parking import NEVER

_CODE = "gave_up"


class LetterStore:
    """Implements `synchub.stores.letters.Letters`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def retry_reads(self, sources: Sequence[str]) -> dict[str, int]:
        """See `Letters.retry_reads`."""
        with self._db.begin(fenced=False) as tx:
            rows = tx.select_in(
                "select s.id, s.source, s.stream, count(*) from dead_letter d join stream s on s.source=d.source"
                " and s.stream=d.stream where s.source in {in} group by s.id, s.source, s.stream",
                list(sources),
            )
            tx.run_in("update stream set cursor=null where id in {in}", [row[0] for row in rows])
        return {f"{row[1]}/{row[2]}": row[3] for row in rows}

    def retry_rows(self, targets: Sequence[str]) -> dict[str, int]:
        """See `Letters.retry_rows`."""
        found: dict[str, int] = {}
        with self._db.begin(fenced=False) as tx:
            rows = tx.select_in(
                "select t.id, t.name, d.key from dead_letter d join target t on t.name=d.source"
                f" where d.stream='{DELIVERY}' and d.source in {{in}}",
                list(targets),
            )
            tx.many(
                "update replan set due_at=0, reason='tried again' where target=? and entity=?",
                [(row[0], int(row[2])) for row in rows],
            )
            tx.run_in(f"delete from dead_letter where stream='{DELIVERY}' and source in {{in}}", list(targets))
        for _, name, _ in rows:
            found[name] = found.get(name, 0) + 1
        return found


def note_failures(tx: Tx, target: int, run: int, at: int, failed: Sequence[tuple[int, str, str]]) -> None:
    """Count in how many runs things failed that no waiting helps; after `RUNS` they become dead letters.

    Args:
        tx: The transaction.
        target: Number of the target.
        run: The run.
        at: Seconds since 1970 UTC.
        failed: (entity, class, what the target said).
    """
    if not failed:
        return
    entities = list(dict.fromkeys(entity for entity, _, _ in failed))
    times = _failed_plans(tx, target, entities)
    words = {e: f"failed in {n} run{'s' if n > 1 else ''}" for e, n in times.items()}
    tx.many(
        "insert into replan(target, entity, reason, due_at) values (?,?,?,?) on conflict (target, entity) do update"
        " set reason=excluded.reason, due_at=excluded.due_at",
        [(target, e, words[e], NEVER if n >= RUNS else 0) for e, n in times.items()],
    )
    over = {e: (cls, said) for e, cls, said in failed if times[e] >= RUNS}
    if not over:
        return
    name = tx.value("select name from target where id=?", (target,))
    first = tx.allocate("dead_letter", len(over))
    tx.many(
        "insert into dead_letter(id, run, source, stream, place, code, message, key, payload, at) values"
        " (?,?,?,?,?,?,?,?,?,?) on conflict (source, stream, place, code) do update set run=excluded.run,"
        " message=excluded.message, at=excluded.at",
        [
            (
                first + i,
                run,
                name,
                DELIVERY,
                f"{cls} {e}",
                _CODE,
                f"{words[e]}, left alone: {said}"[:1000],
                str(e),
                b"",
                at,
            )
            for i, (e, (cls, said)) in enumerate(over.items())
        ],
    )


def _failed_plans(tx: Tx, target: int, entities: Sequence[int]) -> dict[int, int]:
    """Count the plans in a row, up to the newest, in which something of an entity failed."""
    failed: dict[int, dict[int, bool]] = {entity: {} for entity in entities}
    for entity, plan, state in tx.select_in(
        "select r.entity, r.plan, r.state from plan_row r join plan p on p.id=r.plan"
        " where p.target=? and r.state in ('failed', 'applied', 'unchanged') and r.entity in {in}",
        list(entities),
        before=(target,),
    ):
        plans = failed[entity]
        plans[plan] = plans.get(plan, False) or state == "failed"
    times = {}
    for entity, plans in failed.items():
        newest_first = [plans[plan] for plan in sorted(plans, reverse=True)]
        times[entity] = newest_first.index(False) if False in newest_first else len(newest_first)
    return times


def settle_letters(tx: Tx, target: int, entities: Sequence[int]) -> None:
    """Forget the dead letters of things that a target took after all."""
    name = tx.value("select name from target where id=?", (target,))
    if entities and tx.value(f"select 1 from dead_letter where source=? and stream='{DELIVERY}' limit 1", (name,)):
        tx.run_in(
            f"delete from dead_letter where stream='{DELIVERY}' and source=? and key in {{in}}",
            [str(entity) for entity in entities],
            before=(name,),
        )
