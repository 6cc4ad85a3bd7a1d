"""What is wrong now, who was told, and who is telling."""

from __future__ import annotations

from collections.abc import Sequence

from state.db import Database, Row
from synchub.stores.alerts import Alert, AlertRow

_COLUMNS = "kind, about, text, fix, since_at, told_at, resolved_at"
_FREE = "(claimed_until is null or claimed_until<?)"


class AlertStore:
    """Implements `synchub.stores.Alerts`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def open(self) -> list[AlertRow]:
        """See `Alerts.open`."""
        with self._db.read() as tx:
            rows = tx.rows(f"select {_COLUMNS} from alert where resolved_at is null order by since_at, kind, about")
        return [_row(row) for row in rows]

    def settle(self, at: int, found: Sequence[Alert], kinds: Sequence[str]) -> None:
        """See `Alerts.settle`."""
        with self._db.begin() as tx:
            stored = {(row[0], row[1]) for row in tx.rows("select kind, about from alert")}
            tx.many(
                "insert into alert(kind, about, since_at, text, fix) values (?,?,?,?,?) on conflict (kind, about)"
                " do update set text=excluded.text, fix=excluded.fix, resolved_at=null",
                [(a.kind, a.about, at, a.text, a.fix) for a in found],
            )
            over = stored - {(a.kind, a.about) for a in found}
            for kind, about in sorted(key for key in over if key[0] in kinds):
                # Nobody was told and nobody is telling: it goes without a word.
                gone = tx.run(
                    f"delete from alert where kind=? and about=? and told_at is null and {_FREE}", (kind, about, at)
                )
                if not gone:
                    tx.run(
                        "update alert set resolved_at=? where kind=? and about=? and resolved_at is null",
                        (at, kind, about),
                    )

    def claim(self, at: int, seconds: int) -> list[AlertRow]:
        """See `Alerts.claim`."""
        with self._db.begin() as tx:
            rows = tx.rows(
                f"update alert set claimed_until=? where {_FREE} and (told_at is null)=(resolved_at is null)"
                f" returning {_COLUMNS}",
                (at + seconds, at),
            )
        return sorted((_row(row) for row in rows), key=lambda row: (row.resolved_at is not None, row.alert))

    def told(self, at: int, rows: Sequence[AlertRow]) -> None:
        """See `Alerts.told`."""
        with self._db.begin() as tx:
            for row in rows:
                key = (row.alert.kind, row.alert.about)
                if row.resolved_at is None:
                    tx.run("update alert set told_at=?, claimed_until=null where kind=? and about=?", (at, *key))
                    continue
                # It may have begun again meanwhile: then it is new.
                tx.run("delete from alert where kind=? and about=? and resolved_at is not null", key)
                tx.run(
                    "update alert set told_at=null, since_at=?, claimed_until=null where kind=? and about=?", (at, *key)
                )

    def release(self, rows: Sequence[AlertRow]) -> None:
        """See `Alerts.release`."""
        with self._db.begin() as tx:
            tx.many(
                "update alert set claimed_until=null where kind=? and about=?",
                [(row.alert.kind, row.alert.about) for row in rows],
            )


def _row(row: Row) -> AlertRow:
    kind, about, text, fix, since_at, told_at, resolved_at = row
    return AlertRow(Alert(kind, about, text, fix), since_at, told_at, resolved_at)
