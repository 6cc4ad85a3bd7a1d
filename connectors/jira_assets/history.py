"""Other people's edits, as the history of an object records them.

Source: *Assets REST API*, `GET /object/{id}/history` (OpenAPI document of 2025-12, read 2026-11-22): one entry per
attribute with actor, moment, old and new value as they are shown; the creation is an entry without an attribute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connectors.jira_assets.client import AssetsClient
from connectors.jira_assets.read import moment
from synchub.domain.plan import Edit
from synchub.errors import ContractChanged, NotFound


class Historian:
    """Reads the history of objects.

    Args:
        client: The connection.
        plain: Tells of an attribute's name whether what is shown is its value.
    """

    def __init__(self, client: AssetsClient, plain: Callable[[str], bool]) -> None:
        self._client, self._plain = client, plain
        self._email = client.email.casefold()

    def edits(self, object_id: str) -> list[Edit]:
        """List the edits of an object, newest first; empty where it is gone or hidden.

        Raises:
            ConnectorError: It cannot be read.
        """
        try:
            rows = self._client.get(f"/object/{object_id}/history", {"asc": "false"})
        except NotFound:
            return []
        if not isinstance(rows, list):
            raise ContractChanged("the history of an object is no list.", where=f"{self._client.name}: history")
        found = [self._edit(row) for row in rows if isinstance(row, dict)]
        return sorted(found, key=lambda edit: -edit.at)

    def _edit(self, row: dict[str, Any]) -> Edit:
        actor = row.get("actor")
        actor = actor if isinstance(actor, dict) else {}
        mail = str(actor.get("emailAddress") or "")
        by = str(actor.get("displayName") or actor.get("name") or actor.get("key") or "")
        field, new = str(row.get("affectedAttribute") or ""), _text(row.get("newValue"))
        told = bool(field) and (new is None or self._plain(field))
        return Edit(
            at=moment(row.get("created")), by=by, field=field, old=_text(row.get("oldValue")), new=new,
            ours=mail.casefold() == self._email, value=new if told else None, told=told,
        )  # fmt: skip


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
