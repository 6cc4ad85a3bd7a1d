"""Outcomes of single rows in words."""

from __future__ import annotations

from synchub.domain.plan import Outcome, RowState, Write
from synchub.errors import ConnectorError, NotFound, PermissionDenied, Recovery

_MOVED = (409, 412)


def failed(write: Write, error: ConnectorError) -> Outcome:
    """Put a request that failed into the outcome of its row."""
    message = str(error)
    if isinstance(error, PermissionDenied):
        return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, message=message)
    if error.context.get("status") in _MOVED:
        return Outcome(write.row, RowState.DRIFTED, object_id=write.object_id, message=message)
    if error.recovery is Recovery.SKIP_RECORD and not isinstance(error, NotFound):
        refused = dict.fromkeys(write.fields, error.message)
        return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, refused=refused, message=message)
    later = error.recovery is Recovery.RETRY_LATER
    return Outcome(write.row, RowState.FAILED, object_id=write.object_id, retryable=later, message=message)


def gone(write: Write, where: str) -> Outcome:
    """Say that the object of a row is not there."""
    message = f"{where}: the object is gone, or hidden from this login."
    return Outcome(write.row, RowState.FAILED, object_id=write.object_id, message=message)


def partly(refused: dict[str, str], total: int) -> str:
    """Say in words how many fields of a row were not taken."""
    return f"{len(refused)} of {total} fields were not taken: {', '.join(sorted(refused))}." if refused else ""
