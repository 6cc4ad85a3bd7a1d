"""Pauses, kept in `meta` under `pause:<target>`."""

from __future__ import annotations

import orjson

from state.db import Database
from synchub.stores.pauses import Pause

_KEY = "pause:"


class PauseStore:
    """Implements `synchub.stores.pauses.Pauses`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def pause(self, pause: Pause) -> None:
        """See `Pauses.pause`."""
        with self._db.begin(fenced=False) as tx:
            tx.run(
                "insert into meta(name, value) values (?,?) on conflict (name) do update set value=excluded.value",
                (_KEY + pause.target, orjson.dumps(pause[1:]).decode()),
            )

    def resume(self, target: str) -> bool:
        """See `Pauses.resume`."""
        with self._db.begin(fenced=False) as tx:
            return bool(tx.run("delete from meta where name=?", (_KEY + target,)))

    def of(self, target: str) -> Pause | None:
        """See `Pauses.of`."""
        with self._db.read() as tx:
            row = tx.first(
                "select name, value from meta where name in (?,?) order by name limit 1", (_KEY, _KEY + target)
            )
        return None if row is None else _pause(row[0], row[1])

    def all(self) -> dict[str, Pause]:
        """See `Pauses.all`."""
        with self._db.read() as tx:
            rows = tx.rows("select name, value from meta where name>=? and name<? order by name", (_KEY, "pause;"))
        found = [_pause(name, value) for name, value in rows]
        return {pause.target: pause for pause in found}


def _pause(name: str, value: str) -> Pause:
    return Pause(name.removeprefix(_KEY), *orjson.loads(value))
