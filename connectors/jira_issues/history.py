"""Other people's edits, as the change log of an issue records them.

Source: Jira Cloud platform REST API v3, `GET /issue/{id}/changelog` (oldest first, 100 a page; items with `fieldId`,
`from`/`to` as ids and `fromString`/`toString` as shown; OpenAPI document of 2025-12, read 2026-11-22). Comments and the
status category are no values that are written over: they are left out.
"""

from __future__ import annotations

from typing import Any

from connectors.jira_issues.client import IssuesClient, Raw
from connectors.jira_issues.fields import ASSETS, Fields
from connectors.jira_issues.jql import is_mark
from connectors.jira_issues.read import moment
from synchub.domain.plan import Edit, Value
from synchub.errors import ContractChanged, NotFound

_SIZE = 100
_SHOWN = ("text", "named", "option", "number", "labels")  # kinds whose text is their value
_BY_ID = ("user", "date")


class Historian:
    """Reads the change logs of issues."""

    def __init__(self, client: IssuesClient, fields: Fields) -> None:
        self._client, self._fields = client, fields

    def edits(self, issue: str) -> list[Edit]:
        """List the last edits of an issue (100 to 200), newest first; empty where it is gone or hidden.

        A field is told under each name that a target map may have for it.

        Raises:
            ConnectorError: It cannot be read.
        """
        try:
            page = self._page(issue, 0)
            rows, total = self._rows(page), int(page.get("total") or 0)
            if total > _SIZE:
                rows += self._rows(self._page(issue, max(_SIZE, total - _SIZE)))
        except NotFound:
            return []
        found = [edit for row in reversed(rows) for edit in self._edits(row)]
        return sorted(found, key=lambda edit: -edit.at)

    def _page(self, issue: str, start: int) -> Raw:
        page: Any = self._client.call(lambda library: library.changelog(issue, start, _SIZE))
        if not isinstance(page, dict) or not isinstance(page.get("values"), list):
            raise ContractChanged(
                "the change log of an issue holds no `values`.", where=f"{self._client.name}: changelog"
            )
        return page

    def _rows(self, page: Raw) -> list[Raw]:
        return [row for row in page["values"] if isinstance(row, dict)]

    def _edits(self, row: Raw) -> list[Edit]:
        author = row.get("author")
        author = author if isinstance(author, dict) else {}
        by = str(author.get("displayName") or author.get("accountId") or "")
        at, ours = moment(row.get("created")), author.get("accountId") == self._client.account()
        found = []
        for item in row.get("items") or ():
            if not isinstance(item, dict) or not item.get("fieldId"):
                continue
            number = str(item["fieldId"])
            value, told = self._value(number, item)
            names = {number, str(item.get("field") or number)}
            if number == self._fields.id(ASSETS):
                names.add(ASSETS)
            old, new = _text(item.get("fromString")), _text(item.get("toString"))
            found += [Edit(at, by, name, old, new, ours, value, told) for name in sorted(names)]
        return found

    def _value(self, number: str, item: Raw) -> tuple[Value, bool]:
        shown, kind = _text(item.get("toString")), self._fields.kind(number)
        if shown is None and _text(item.get("to")) is None:
            return None, True
        if kind == "labels":
            return sorted(t for t in (shown or "").split() if not is_mark(t)) or None, True
        if kind in _BY_ID:
            return _text(item.get("to")) or shown, True
        if kind == "number":
            try:
                return float(shown or ""), True
            except ValueError:
                return shown, False
        return shown, kind in _SHOWN


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
