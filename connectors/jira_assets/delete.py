"""Deleting objects: judge what is there, `DELETE /object/{id}`, done when it is gone.

Source: *Assets REST API*, `DELETE /object/{id}` (Atlassian documentation, read 2026-11-22): 200, and 404 for an object
that is not there. Sending it twice has the effect of sending it once.
"""

from __future__ import annotations

from connectors.jira_assets.client import AssetsClient
from connectors.jira_assets.read import Raw, Reader, version_of
from synchub.domain.hubkey import other_hub
from synchub.domain.plan import Outcome, RowState, Write
from synchub.errors import NotFound


def delete(client: AssetsClient, reader: Reader, write: Write, held: Raw | None) -> Outcome:
    """Delete one object that is as it was when that was decided.

    Args:
        client: The site.
        reader: Reads again.
        write: The row.
        held: The object as it is; None when it is gone.

    Raises:
        ConnectorError: It could not be sent; sending it again is safe.
    """
    where = f"{client.name}: {write.kind}/{write.object_id}"
    if held is None:
        return Outcome(write.row, RowState.UNCHANGED, object_id=write.object_id, message="it is gone already")
    owner = other_hub(reader.value(held, client.settings.hub_key), write.hub_key)
    if owner is not None:
        message = f"{where}: the object belongs to hub {owner!r} and is not touched."
        return Outcome(write.row, RowState.CONFLICT, object_id=held["id"], message=message)
    if write.expected_version not in (None, version_of(held)):
        message = f"{where}: the object changed since the plan was made."
        return Outcome(write.row, RowState.DRIFTED, object_id=held["id"], message=message)
    try:
        client.delete(f"/object/{held['id']}")
    except NotFound:
        return Outcome(write.row, RowState.UNCHANGED, object_id=held["id"], message="it is gone already")
    if reader.one(held["id"]) is not None:
        message = f"{where}: the system kept it (permission or automation rule)."
        return Outcome(write.row, RowState.REFUSED, object_id=held["id"], message=message)
    return Outcome(write.row, RowState.APPLIED, object_id=held["id"])
