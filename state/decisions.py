"""What people decided."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson

from state.db import Database, Row, Tx
from synchub.stores.decisions import Decision, record_name, record_parts

_COLUMNS = "id, kind, about, answer, who, at, reason, revoked_at"
_EVENTS = "decision_event"  # sequence


def _decision(row: Row) -> Decision:
    return Decision(row[0], row[1], row[2], orjson.loads(row[3]), *row[4:])


class DecisionStore:
    """Implements `synchub.stores.Decisions`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def decide(self, kind: str, about: str, answer: Any, who: str, at: int, reason: str) -> int:
        """See `Decisions.decide`."""
        with self._db.begin(fenced=False) as tx:
            for (old,) in tx.rows(
                "select id from decision where kind=? and about=? and revoked_at is null", (kind, about)
            ):
                _revoke(tx, old, at)
            number = tx.allocate("decision", 1)
            tx.run(
                "insert into decision(id, kind, about, answer, who, at, reason, event) values (?,?,?,?,?,?,?,?)",
                (number, kind, about, orjson.dumps(answer), who, at, reason, tx.allocate(_EVENTS, 1)),
            )
        return number

    def revoke(self, number: int, at: int) -> None:
        """See `Decisions.revoke`."""
        with self._db.begin(fenced=False) as tx:
            _revoke(tx, number, at)

    def active(self, kind: str) -> list[Decision]:
        """See `Decisions.active`."""
        with self._db.read() as tx:
            rows = tx.rows(f"select {_COLUMNS} from decision where kind=? and revoked_at is null order by id", (kind,))
        return [_decision(row) for row in rows]

    def get(self, kind: str, about: str) -> Decision | None:
        """See `Decisions.get`."""
        with self._db.read() as tx:
            row = tx.first(
                f"select {_COLUMNS} from decision where kind=? and about=? and revoked_at is null", (kind, about)
            )
        return None if row is None else _decision(row)

    def events(self) -> int:
        """See `Decisions.events`."""
        with self._db.read() as tx:
            return int(tx.value("select next from sequence where name=?", (_EVENTS,)) or 1) - 1

    def since(self, event: int) -> list[Decision]:
        """See `Decisions.since`."""
        with self._db.read() as tx:
            rows = tx.rows(f"select {_COLUMNS} from decision where event>? order by event", (event,))
        return [_decision(row) for row in rows]

    def records(self, names: Collection[str]) -> dict[str, int]:
        """See `Decisions.records`."""
        by_stream: dict[tuple[str, str], dict[str, str]] = {}
        for name in names:
            if name.count("/") < 2:
                continue  # an erased person's
            source, stream, key = record_parts(name)
            by_stream.setdefault((source, stream), {})[key] = name
        found: dict[str, int] = {}
        with self._db.read() as tx:
            for place, keys in by_stream.items():
                number = tx.value("select id from stream where source=? and stream=?", place)
                rows = tx.select_in("select key, id from record where stream=? and key in {in}", list(keys),
                                    before=(number,)) if number is not None else []  # fmt: skip
                found.update((keys[key], record) for key, record in rows)
        return found

    def names(self, records: Sequence[int]) -> dict[int, str]:
        """See `Decisions.names`."""
        with self._db.read() as tx:
            rows = tx.select_in(
                "select r.id, s.source, s.stream, r.key from record r join stream s on s.id=r.stream"
                " where r.id in {in}",
                list(records),
            )
        return {row[0]: record_name(*row[1:]) for row in rows}


def _revoke(tx: Tx, number: int, at: int) -> None:
    tx.run(
        "update decision set revoked_at=?, event=? where id=? and revoked_at is null",
        (at, tx.allocate(_EVENTS, 1), number),
    )
