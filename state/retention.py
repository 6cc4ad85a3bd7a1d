"""Let go of what has been kept long enough, in short transactions beside running work."""

from __future__ import annotations

from state.db import Database
from synchub.stores.retention import Before

_SLICE = 5000  # rows per transaction
_ENDED = "('applied', 'superseded', 'expired')"
# What goes: (counted as, table, key columns, condition, which moment). Rows before plans, plans before runs.
_RULES = (
    ("pre_images", "plan_row", "plan, n", f"plan in (select id from plan where created_at<? and state in {_ENDED})",
     "pre_images"),
    ("plans", "plan", "id", f"created_at<? and state in {_ENDED} and id not in (select plan from plan_row)",
     "pre_images"),
    ("history", "entity_change", "id", "at<?", "history"),
    ("history", "overwritten", "id", "at<? and state<>'due'", "history"),
    ("holds", "held_row", "hold, entity, facet, op, digest",
     "hold in (select id from hold where opened_at<? and state='over')", "history"),
    ("holds", "hold", "id", "opened_at<? and state='over'", "history"),
    ("runs", "run", "id", "started_at<? and ended_at is not null and id not in (select run from plan)", "history"),
    ("dead_letters", "dead_letter", "id", "at<?", "dead_letters"),
)  # fmt: skip


class RetentionStore:
    """Implements `synchub.stores.Retention`."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def due(self, before: Before) -> dict[str, int]:
        """See `Retention.due`."""
        counts: dict[str, int] = {}
        with self._db.read() as tx:
            for name, table, _, condition, moment in _RULES:
                at = before._asdict()[moment]
                found = int(tx.value(f"select count(*) from {table} where {condition}", (at,)))
                counts[name] = counts.get(name, 0) + found
        return counts

    def prune(self, before: Before) -> dict[str, int]:
        """See `Retention.prune`."""
        counts: dict[str, int] = {}
        for name, table, key, condition, moment in _RULES:
            at = before._asdict()[moment]
            chosen = f"select {key} from {table} where {condition} limit {_SLICE}"
            while True:
                with self._db.begin() as tx:
                    gone = tx.run(f"delete from {table} where ({key}) in ({chosen})", (at,))
                counts[name] = counts.get(name, 0) + gone
                if gone < _SLICE:
                    break
        return counts
