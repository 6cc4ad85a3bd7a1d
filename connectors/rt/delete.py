"""Deleting assets: judge what is there, give it the status `deleted`, done when no list shows it any more.

RT cannot remove an asset over REST (`DELETE /asset/N` answers 500, RT 5.0.3, 2026-11-22); an asset with
the status `deleted` is in no list any more.
"""

from __future__ import annotations

from connectors.rt.client import Look, Raw, RtClient
from connectors.rt.outcomes import reason
from connectors.rt.read import Reader, version_of
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Outcome, RowState, Write
from synchub.errors import Rejected

DELETED = "deleted"
_MOVED = 412


def delete(client: RtClient, reader: Reader, write: Write, held: Raw | None, look: Look | Outcome) -> Outcome:
    """Delete one asset that is as it was when that was decided.

    Args:
        client: RT.
        reader: Reads again.
        write: The row.
        held: The asset as it is, read after its tag; None when it is gone.
        look: What was read before, with the ETag; an outcome when it was gone then.

    Raises:
        ConnectorError: It could not be sent; sending it again is safe.
    """
    where = f"{client.name}: {write.kind}/{write.object_id}"
    if held is None or isinstance(look, Outcome):
        return _gone(write)
    owner = other_hub(reader.value(held, client.settings.hub_key), write.hub_key)
    if owner is not None:
        message = f"{where}: the asset belongs to hub {owner!r} and is not touched."
        return Outcome(write.row, RowState.CONFLICT, object_id=held["id"], message=message)
    changed = f"{where}: the asset changed since the plan was made."
    if write.expected_version not in (None, version_of(held)):
        return Outcome(write.row, RowState.DRIFTED, object_id=held["id"], message=changed)
    try:
        said = client.put(f"/asset/{held['id']}", {"Status": DELETED}, look.tag)
        step = client.settings.status_steps.get(DELETED)
        if step in look.ways and held["id"] in reader.raw([held["id"]]):  # the lifecycle allows no direct way
            client.put(f"/asset/{held['id']}", {"Status": step}, look.tag)
            said = client.put(f"/asset/{held['id']}", {"Status": DELETED}, client.look(f"/asset/{held['id']}").tag)
    except Rejected as error:
        if error.context.get("status") != _MOVED:
            raise
        if held["id"] in reader.raw([held["id"]]):
            return Outcome(write.row, RowState.DRIFTED, object_id=held["id"], message=changed)
        return _gone(write)  # by ourselves: the answer to the first attempt was lost
    if held["id"] in reader.raw([held["id"]]):
        message = f"{where}: {reason('Status', said)}"
        return Outcome(write.row, RowState.REFUSED, object_id=held["id"], message=message)
    return Outcome(write.row, RowState.APPLIED, object_id=held["id"])


def _gone(write: Write) -> Outcome:
    return Outcome(write.row, RowState.UNCHANGED, object_id=write.object_id, message="it is gone already")
