"""Other people's edits, as the audit table of the instance records them.

Source: *Auditing* and `sys_audit` (product documentation, read 2026-11-22): one row per field and update with
`documentkey`, `fieldname`, `oldvalue`, `newvalue` (values as they are stored), `user` (login) and `record_checkpoint`
(the record's `sys_mod_count` afterwards). A table is audited where its dictionary entry says so; reading `sys_audit`
needs a role.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from connectors.servicenow import query
from connectors.servicenow.client import ServiceNowClient
from connectors.servicenow.table import moment, plain
from synchub.domain.plan import Edit
from synchub.errors import NotFound, PermissionDenied

_MOST = 200  # rows per object: the last updates
_FIELDS = "fieldname,oldvalue,newvalue,user,sys_created_on,record_checkpoint"


class Historian:
    """Reads audit rows of objects.

    Args:
        client: The connection.
        login: User name of this login; None where the settings do not tell: then answers to its writes do.
    """

    def __init__(self, client: ServiceNowClient, login: str | None) -> None:
        self._client, self._login = client, login
        self._logins: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._closed = False

    def learn(self, version: str | None, answer: Mapping[str, Any]) -> None:
        """Take the last writer from the answer to an update that moved the version: it is this login.

        Args:
            version: `sys_mod_count` before.
            answer: The record right after, with `sys_mod_count` and `sys_updated_by`.
        """
        by, now = plain(answer.get("sys_updated_by")), plain(answer.get("sys_mod_count"))
        if self._login is None and by and now is not None and str(now) != version:
            with self._lock:
                self._logins[str(by)] += 1

    @property
    def login(self) -> str | None:
        """This login's user name; None while it is not known."""
        if self._login is not None:
            return self._login
        with self._lock:
            return self._logins.most_common(1)[0][0] if self._logins else None

    def edits(self, sys_id: str) -> list[Edit]:
        """List the last edits of an object, newest first; empty where nothing is audited or the table may not be read.

        Raises:
            ConnectorError: The instance does not answer.
        """
        login = self.login
        if self._closed or login is None:
            return []
        terms = query.all_of(query.one_of("documentkey", [query.sys_id(sys_id)]), "ORDERBYDESCsys_created_on")
        params: dict[str, str | int] = {
            "sysparm_query": terms, "sysparm_fields": _FIELDS, "sysparm_limit": _MOST,
            "sysparm_exclude_reference_link": "true",
        }  # fmt: skip
        try:
            rows, _ = self._client.get("/api/now/table/sys_audit", params)
        except NotFound:
            return []
        except PermissionDenied:
            self._closed = True
            return []
        found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        found.sort(key=lambda row: (moment(plain(row.get("sys_created_on"))), _number(row)), reverse=True)
        return [_edit(row, login) for row in found]


def _edit(row: Mapping[str, Any], login: str) -> Edit:
    old, new, by = (_text(row.get(name)) for name in ("oldvalue", "newvalue", "user"))
    at, field = moment(plain(row.get("sys_created_on"))), str(plain(row.get("fieldname")) or "")
    return Edit(at, by or "", field, old, new, by == login, new, told=True)


def _number(row: Mapping[str, Any]) -> int:
    text = str(plain(row.get("record_checkpoint")) or "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _text(value: Any) -> str | None:
    held = plain(value)
    return None if held in (None, "") else str(held)
