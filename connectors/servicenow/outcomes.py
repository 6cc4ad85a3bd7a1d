"""Comparing what was sent with what the instance holds, and putting refusals into words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from connectors.servicenow.batch import Reply
from synchub.domain.plan import Op, Outcome, RowState, TargetObject, Value, Write
from synchub.errors import ConnectorError, PermissionDenied, Recovery

_DATE = re.compile(r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d)?")


def to_wire(value: Value) -> str:
    """Bring a value into the API's form: everything is text, `""` clears."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(value) if isinstance(value, list) else str(value)


def same(sent: Value, held: Value) -> bool:
    """Compare in the instance's terms: `1249` is `1249.0000`, a date is its midnight, an unset tick box is `false`.

    >>> same("1249.00", "1249.0000"), same("2024-03-01 00:00:00", "2024-03-01"), same("8192", "8190")
    (True, True, False)
    """
    one, two = to_wire(sent).strip(), to_wire(held).strip()
    if one == two or {one, two} == {"", "false"}:
        return True
    if not one or not two:
        return False
    if _DATE.fullmatch(one) and _DATE.fullmatch(two):
        return f"{one} 00:00:00"[:19] == f"{two} 00:00:00"[:19]
    if one[0] in "-.0123456789" and two[0] in "-.0123456789" and ("." in one or "." in two):
        try:
            return Decimal(one) == Decimal(two)
        except InvalidOperation:
            return False
    return False


def compare(write: Write, held: TargetObject, *, prefix: str = "", refused: Mapping[str, str] | None = None) -> Outcome:
    """Judge one write by what was read back.

    Every field that holds something else, or cannot be read back, is refused; a write none of whose fields took hold
    is refused as a whole.
    """
    gone: dict[str, str] = dict(refused or {})
    for name, value in write.fields.items():
        if name in gone:
            continue
        if name not in held.fields:
            gone[name] = "the field does not exist in this class, or this login may not read it back"
        elif not same(value, held.fields[name]):
            gone[name] = "the instance kept or made another value (access rule, business rule, data policy or length)"
    took = [name for name in write.fields if name not in gone]
    state = RowState.APPLIED if took or write.op is Op.CREATE else RowState.REFUSED
    message = (
        f"{prefix}{len(gone)} of {len(write.fields)} fields were not taken: {', '.join(sorted(gone))}."
        if gone
        else prefix
    )
    return Outcome(
        write.row, state, object_id=held.id, version=held.version,
        fields={name: held.fields[name] for name in write.fields if name in held.fields},
        refused=gone, counterpart=held.counterpart, message=message,
    )  # fmt: skip


def refusal(write: Write, reply: Reply, where: str) -> Outcome:
    """Put an item that failed into an outcome."""
    said = f" ({reply.message})" if reply.message else ""
    head = f"{where}: {reply.status or 'no answer'}{said}."
    if reply.status == 404:
        return Outcome(
            write.row, RowState.FAILED, object_id=write.object_id,
            message=f"{head} The object is gone, or hidden from this login.",
        )  # fmt: skip
    if reply.status in (0, 408, 429) or reply.status >= 500:
        return Outcome(write.row, RowState.FAILED, object_id=write.object_id, retryable=True, message=head)
    return Outcome(
        write.row, RowState.REFUSED, object_id=write.object_id, refused=dict.fromkeys(write.fields, head), message=head
    )


def failed(write: Write, error: ConnectorError) -> Outcome:
    """Put a request that failed as a whole into the outcome of one of its rows."""
    if isinstance(error, PermissionDenied):
        return Outcome(write.row, RowState.REFUSED, object_id=write.object_id, message=str(error))
    later = error.recovery is Recovery.RETRY_LATER
    return Outcome(write.row, RowState.FAILED, object_id=write.object_id, retryable=later, message=str(error))
