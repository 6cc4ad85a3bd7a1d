"""Judge what a read that has ended did not hold.

Only a complete snapshot may say that something is absent, and only of what was seen under the same scope before. A
snapshot that proves itself complete and misses much of what was there all at once is not believed either: sources lose
devices by the thousand when a permission, a filter or a page goes wrong. It is told, and counts for nothing until the
records are back or a person says that they are gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from synchub.domain.guards import Limit
from synchub.domain.records import End
from synchub.reconcile.absence import too_many
from synchub.stores import Ledger, StreamState
from synchub.stores.ledger import Unseen


def judge(
    state: StreamState,
    end: End,
    away: Collection[int],
    claimed: Sequence[int],
    ledger: Ledger,
    limit: Limit,
    approved: int,
) -> Unseen:
    """Say what is noted about stored records that were not seen.

    Args:
        state: The stream before this read.
        end: How it ended.
        away: All stored records that were not seen.
        claimed: Those of them that this read may call absent; empty unless it was complete.
        ledger: Knows what was absent before.
        limit: So many may vanish at once.
        approved: So many more a person said are gone.
    """
    result = Unseen(away)
    if not claimed:
        return result
    before = ledger.absent(state.id)
    suspects: list[int] = []
    for record in claimed:
        scope, counted = before.get(record, (state.scope, 0))
        if scope != end.scope:  # nobody asked for it this time
            if record not in before:
                result.fresh.append((record, scope, 0))
        elif counted:
            result.missed.append(record)
        else:
            suspects.append(record)
    present = state.records - sum(1 for scope, counted in before.values() if counted or scope != end.scope)
    believed = len(suspects) <= approved or not too_many(len(suspects), present, limit)
    if not believed:
        result.withheld = len(suspects)
        suspects = [record for record in suspects if record not in before]
    result.fresh += [(record, end.scope, int(believed)) for record in suspects]
    return result
