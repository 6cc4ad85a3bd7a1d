"""Deleting records: re-read, judge, `DELETE` by sys_id in batches, and look whether they are gone.

Source: *Table API*, `DELETE /now/table/{tableName}/{sys_id}`: 204, and 404 for a record that is not there (ServiceNow
documentation, release Australia, read 2026-11-22). Sending it twice has the effect of sending it once.
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.servicenow import batch, query
from connectors.servicenow.client import ServiceNowClient
from connectors.servicenow.marks import Marks
from connectors.servicenow.outcomes import failed, refusal
from connectors.servicenow.table import TableReader
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Outcome, RowState, TargetObject, Write
from synchub.errors import AuthError, ConnectorError, WrongInstance

_GONE = 404


class Deleter:
    """Takes records away. Safe to use from several threads as long as they delete different objects."""

    def __init__(self, client: ServiceNowClient, reader: TableReader, marks: Marks) -> None:
        self._client, self._reader, self._marks = client, reader, marks

    def delete(self, kind: str, writes: Sequence[Write]) -> list[Outcome]:
        """Delete records of one table that are as they were when that was decided.

        Raises:
            ConnectorError: They cannot be read; nothing was sent.
        """
        mark = self._marks.field(kind)
        ids = [w.object_id or "" for w in writes]
        held = self._reader.fetch(kind, [mark] if mark else [], ids)
        outcomes: list[Outcome] = []
        ready: list[tuple[Write, TargetObject]] = []
        for write in writes:
            found = held.get(write.object_id or "")
            outcome = self._judge(write, found, mark)
            if outcome is not None:
                outcomes.append(outcome)
            elif found is not None:
                ready.append((write, found))
        return outcomes + (self._send(kind, ready) if ready else [])

    def _judge(self, write: Write, held: TargetObject | None, mark: str | None) -> Outcome | None:
        where = f"{self._client.name}: {write.kind}/{write.object_id}"
        if held is None:
            return Outcome(write.row, RowState.UNCHANGED, object_id=write.object_id, message="it is gone already")
        owner = other_hub(held.fields.get(mark), write.hub_key) if mark else None
        if owner is not None:
            message = f"{where}: the object belongs to hub {owner!r} and is not touched."
            return Outcome(write.row, RowState.CONFLICT, object_id=held.id, message=message)
        if write.expected_version not in (None, held.version):
            message = f"{where}: the object changed since the plan was made."
            return Outcome(write.row, RowState.DRIFTED, object_id=held.id, message=message)
        return None

    def _send(self, kind: str, ready: Sequence[tuple[Write, TargetObject]]) -> list[Outcome]:
        calls = [
            batch.Call("DELETE", f"/api/now/table/{query.table_name(o.cls or kind)}/{query.sys_id(o.id)}")
            for _, o in ready
        ]
        try:
            replies = batch.run(self._client, calls, again=True)
            left = self._reader.fetch(kind, [], [o.id for _, o in ready])
        except (AuthError, WrongInstance):
            raise
        except ConnectorError as error:
            return [failed(w, error) for w, _ in ready]
        outcomes = []
        for (write, held), reply in zip(ready, replies, strict=True):
            where = f"{self._client.name}: {write.kind}/{held.id}"
            if not reply.ok and reply.status != _GONE:
                outcomes.append(refusal(write, reply, where))
            elif held.id in left:
                message = f"{where}: the instance kept it (business rule or reference)."
                outcomes.append(Outcome(write.row, RowState.REFUSED, object_id=held.id, message=message))
            else:
                outcomes.append(Outcome(write.row, RowState.APPLIED, object_id=held.id))
        return outcomes
