"""Outcomes of single rows in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from synchub.domain.plan import Outcome, RowState, Write
from synchub.errors import ConnectorError, NotFound, PermissionDenied, Recovery

_DONE = re.compile(r"changed from |changed to | added| deleted| set to |is no longer a value", re.IGNORECASE)
KEPT = "RT kept or made another value (permission, lifecycle, validation or a scrip)"


def failed(write: Write, error: ConnectorError) -> Outcome:
    """Put a request that failed into the outcome of its row."""
    message = str(error)
    if isinstance(error, PermissionDenied):
        return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, message=message)
    if error.context.get("status") in (409, 412):
        return Outcome(write.row, RowState.DRIFTED, object_id=write.object_id, message=message)
    if error.recovery is Recovery.SKIP_RECORD and not isinstance(error, NotFound):
        refused = dict.fromkeys(write.fields, error.message)
        return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, refused=refused, message=message)
    later = error.recovery is Recovery.RETRY_LATER
    return Outcome(write.row, RowState.FAILED, object_id=write.object_id, retryable=later, message=message)


def gone(write: Write, where: str) -> Outcome:
    """Say that the object of a row is not there."""
    message = f"{where}: the object is gone or deleted, or hidden from this login."
    return Outcome(write.row, RowState.FAILED, object_id=write.object_id, message=message)


def partly(refused: dict[str, str], total: int) -> str:
    """Say in words how many fields of a row were not taken."""
    return f"{len(refused)} of {total} fields were not taken: {', '.join(sorted(refused))}." if refused else ""


def reason(name: str, said: Sequence[str]) -> str:
    """Pick from what RT said about a change why a field was not taken.

    The texts are prose in the language of the login: what names the field, or does not look like a success, is
    repeated; whether a field was taken is never told from them but by reading it again.
    """
    bad = [text for text in said if not _DONE.search(text)]
    chosen = [text for text in bad if name in text] or bad
    words = "; ".join(dict.fromkeys(text.rpartition(": ")[2] for text in chosen))
    return "".join(c if c.isprintable() else " " for c in words)[:200] or KEPT
