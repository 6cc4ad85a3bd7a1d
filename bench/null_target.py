"""A target that acknowledges every write and answers reads from its own SQLite file. Nobody else writes to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import orjson

from synchub.domain.plan import Foreseen, Op, Outcome, RowState, TargetObject, Value, Write
from synchub.ports import Capabilities


class NullTarget:
    """Implements `synchub.ports.Target`.

    Args:
        path: SQLite file beside the state.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=60)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=normal")
        self._db.execute(
            "create table if not exists object(id integer primary key, kind text, hub_key text unique, version int,"
            " fields blob)"
        )
        self.writes = 0

    def identity(self) -> str:
        """There is only one."""
        return "null"

    def capabilities(self) -> Capabilities:
        """Take large batches, one at a time."""
        return Capabilities(batch=1000, workers=1)

    def server_time(self) -> int:
        """Has no clock: nobody else writes here."""
        return 0

    def objects(self, kind: str, fields: Sequence[str], *, since: int | None = None) -> Iterator[list[TargetObject]]:
        """Yield nothing: every object here was written by the hub, and its own writes are not other people's edits."""
        del kind, fields, since
        yield from ()

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Read objects by id."""
        del fields
        found = {}
        for start in range(0, len(ids), 500):
            part = [int(i) for i in ids[start : start + 500]]
            marks = ",".join("?" * len(part))
            for number, version, body in self._db.execute(
                f"select id, version, fields from object where id in ({marks})", part
            ):
                found[str(number)] = TargetObject(kind, str(number), orjson.loads(body), str(version))
        return found

    def find(self, kind: str, fields: Sequence[str], hub_keys: Sequence[str]) -> dict[str, TargetObject]:
        """Find objects by hub key."""
        del fields
        found = {}
        for key in hub_keys:
            row = self._db.execute(
                "select id, version, fields from object where hub_key=?", (f"{key}/{kind}",)
            ).fetchone()
            if row:
                found[key] = TargetObject(kind, str(row[0]), orjson.loads(row[2]), str(row[1]))
        return found

    def lookup(self, kind: str, by: str, values: Sequence[str]) -> dict[str, str]:
        """Every name is its own id."""
        del kind, by
        return {value: value for value in values}

    def foresee(self, writes: Sequence[Write]) -> list[Foreseen]:
        """Cannot be asked."""
        del writes
        return []

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """Store and acknowledge."""
        self.writes += len(writes)
        db, dumps = self._db, orjson.dumps
        db.execute("begin immediate")  # several workers may write at once
        outcomes = []
        first = (db.execute("select max(id) from object").fetchone()[0] or 0) + 1
        creates = [w for w in writes if w.op is Op.CREATE]
        db.executemany(
            "insert into object(id, kind, hub_key, version, fields) values (?,?,?,1,?)",
            [(first + i, w.kind, f"{w.hub_key}/{w.kind}", dumps(w.fields)) for i, w in enumerate(creates)],
        )
        outcomes += [Outcome(w.row, RowState.APPLIED, str(first + i), "1") for i, w in enumerate(creates)]
        for w in writes:
            if w.op is not Op.CREATE:
                outcomes.append(self._update(w))
        db.execute("commit")
        return outcomes

    def _update(self, write: Write) -> Outcome:
        number = int(write.object_id or 0)
        version, body = self._db.execute("select version, fields from object where id=?", (number,)).fetchone()
        fields: dict[str, Value] = {**orjson.loads(body), **write.fields}
        self._db.execute(
            "update object set version=?, fields=? where id=?", (version + 1, orjson.dumps(fields), number)
        )
        return Outcome(write.row, RowState.APPLIED, write.object_id, str(version + 1))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
