"""Hand writes to a target, in parts and side by side, and answer for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from synchub.domain.plan import Edit, Outcome, RowState, Write
from synchub.errors import HubError, Recovery
from synchub.ports import Historied, Target


class Sender:
    """Sends to one target."""

    def __init__(self, target: Target) -> None:
        self._target, self._can = target, target.capabilities()
        self.tells_history = isinstance(target, Historied)

    def send(self, writes: Sequence[Write]) -> list[Outcome]:
        """Send writes in parts; what goes past the target's identification comes last.

        Such a row is inserted because another row creates a thing of the same name: were it there first, the target
        would take it for the other.
        """
        inserts = [w for w in writes if w.extra.get("direct")]
        others = [w for w in writes if not w.extra.get("direct")] if inserts else writes
        return [*self._in_parts(others), *self._in_parts(inserts)]

    def _in_parts(self, writes: Sequence[Write]) -> list[Outcome]:
        parts = [writes[i : i + self._can.batch] for i in range(0, len(writes), self._can.batch)]
        if len(parts) <= 1 or self._can.workers == 1:
            return [outcome for part in parts for outcome in self._guarded(part)]
        with ThreadPoolExecutor(self._can.workers) as pool:
            return [outcome for outcomes in pool.map(self._guarded, parts) for outcome in outcomes]

    def _guarded(self, part: Sequence[Write]) -> list[Outcome]:
        try:
            outcomes = self._target.write(part)
        except HubError as exc:
            if exc.recovery is Recovery.ABORT:
                raise
            return [
                Outcome(w.row, RowState.FAILED, message=str(exc), retryable=exc.recovery is Recovery.RETRY_LATER)
                for w in part
            ]
        missing = {w.row for w in part} - {o.row for o in outcomes}
        return [
            *outcomes,
            *(
                Outcome(row, RowState.FAILED, message="the target gave no answer for this row.", retryable=True)
                for row in sorted(missing)
            ),
        ]

    def histories(self, ids: Sequence[str]) -> dict[str, list[Edit]]:
        """Read the histories of objects, side by side; those that cannot be read are missing.

        Raises:
            AuthError: The target does not let the hub in.
        """
        target = self._target
        if not isinstance(target, Historied):
            return {}

        def one(object_id: str) -> tuple[str, list[Edit]]:
            try:
                return object_id, target.history(object_id)
            except HubError as exc:
                if exc.recovery is Recovery.ABORT:
                    raise
                return object_id, []

        if len(ids) <= 1 or self._can.workers == 1:
            return dict(map(one, ids))
        with ThreadPoolExecutor(self._can.workers) as pool:
            return dict(pool.map(one, ids))
