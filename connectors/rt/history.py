"""Other people's edits, as the transactions of an asset record them.

Source: `RT::REST2` (`/asset/N/history`) of RT 5.0.3 and a running 5.0.3 (2026-11-22): one transaction per change with
author, moment, old and new value; custom fields are named by id, people by the id of their user.
"""

from __future__ import annotations

from connectors.rt import sql, wire
from connectors.rt.client import Raw, RtClient
from connectors.rt.read import moment
from connectors.rt.schema import Schema
from synchub.domain.plan import Edit
from synchub.errors import NotFound

_FIELDS: dict[str, str | int] = {
    "fields": "Type,Field,OldValue,NewValue,Creator,Created", "orderby": "id", "order": "DESC", "per_page": 100,
}  # fmt: skip
_PAGES = 5  # of 100 transactions; what is older tells nothing about the last edit


class Historian:
    """Reads the history of assets."""

    def __init__(self, client: RtClient, schema: Schema) -> None:
        self._client = client
        self._schema = schema

    def edits(self, object_id: str) -> list[Edit]:
        """List the latest edits of an asset, newest first; empty where it is gone or hidden.

        Raises:
            ConnectorError: It cannot be read.
        """
        if not sql.is_id(object_id):
            return []
        found: list[Raw] = []
        try:
            for number in range(1, _PAGES + 1):
                page = self._client.search(f"/asset/{object_id}/history", {**_FIELDS, "page": number})
                found += [item for item in page["items"] if isinstance(item, dict)]
                if number >= (page.get("pages") or 0):
                    break
        except NotFound:
            return []
        self._schema.field("")  # has the names of custom fields read
        names, own = self._schema.names(), self._client.own_name()
        edits = [_edit(item, names, own) for item in found]
        return sorted(edits, key=lambda edit: -edit.at)


def _edit(item: Raw, names: dict[str, str], own: str | None) -> Edit:
    creator = item.get("Creator")
    by = str(creator.get("id") or "") if isinstance(creator, dict) else ""
    kind, field = str(item.get("Type") or ""), str(item.get("Field") or "")
    if kind == "CustomField":
        field = names.get(field, field)
    elif kind in ("Create", "AddLink", "DeleteLink", "Comment", "Correspond"):
        field = ""
    elif kind == "Status":
        field = "Status"
    elif field not in wire.CORE:
        field = field or kind
    # A person is a plain id there, beside others who hold the same asset: what the field as a whole holds is not told.
    told = bool(field) and field not in wire.ROLES and kind in ("Set", "Status", "CustomField")
    new = _text(item.get("NewValue"))
    return Edit(
        at=moment(item.get("Created")), by=by, field=field, old=_text(item.get("OldValue")),
        new=new, ours=own is not None and by == own, value=new if told else None, told=told,
    )  # fmt: skip


def _text(value: object) -> str | None:
    return None if value in (None, "") else str(value)
