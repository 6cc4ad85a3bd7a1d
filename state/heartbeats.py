"""When each object of a target was last told that its thing was seen."""

from __future__ import annotations

from collections.abc import Sequence

from state.db import Database
from synchub.stores.heartbeats import Beat


class HeartbeatStore:
    """Implements `synchub.stores.Heartbeats`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def due(self, target: int, facets: Sequence[str], before: int, *, after: int = -1, count: int = 1000) -> list[Beat]:
        """See `Heartbeats.due`."""
        with self._db.read() as tx:
            rows = tx.rows(
                "select o.id, o.entity, e.cls, o.facet, o.kind, o.object_id, coalesce(h.seen, '') from target_object o"
                " join entity e on e.id=o.entity and e.state='live' left join heartbeat h on h.object=o.id"
                " where o.target=? and o.id>? and o.entity is not null and (h.at is null or h.at<=?)"
                f" and o.facet in ({','.join('?' * len(facets))}) order by o.id limit ?",
                (target, after, before, *facets, count),
            )
        return [Beat(*row) for row in rows]

    def told(self, at: int, beats: Sequence[tuple[int, str]]) -> None:
        """See `Heartbeats.told`."""
        with self._db.begin() as tx:
            tx.many(
                "insert into heartbeat(object, at, seen) values (?,?,?) on conflict (object) do update set"
                " at=excluded.at, seen=excluded.seen",
                [(number, at, seen) for number, seen in beats],
            )
