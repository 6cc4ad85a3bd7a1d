"""Reading issues as target objects: by type, by id, by hub key; people by e-mail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.jira_issues import jql
from connectors.jira_issues.client import MOST_MINUTES, IssuesClient, Raw
from connectors.jira_issues.fields import COMMENT, Fields
from synchub.domain.plan import TargetObject
from synchub.errors import ContractChanged

_CHUNK = 40  # hub keys per query: it travels in the address
_LAG_MINUTES = 3


class Reader:
    """Reads issues of one project. Safe to use from several threads."""

    def __init__(self, client: IssuesClient, fields: Fields) -> None:
        self._client = client
        self._fields = fields

    def objects(self, kind: str, names: Sequence[str], since: int | None) -> Iterator[list[TargetObject]]:
        """Yield pages of the issues of a type, each once; all, or those changed at or after a moment."""
        terms = self._client.scope(kind)
        oldest = (since or 0) - _LAG_MINUTES * 60
        if since is not None:
            minutes = max(self._client.server_time() - since, 0) // 60 + 1 + _LAG_MINUTES
            if minutes <= MOST_MINUTES:
                terms.append(jql.changed_within(minutes))
        seen: set[str] = set()
        for page, _ in self._client.search(jql.all_of(*terms), self._fields.asked(names)):
            rows = [row for row in map(self.row, page) if row["id"] not in seen]
            seen.update(row["id"] for row in rows)
            found = [self.parse(row, kind, names) for row in rows]
            found = [item for item in found if item.updated_at >= oldest] if since is not None else found
            if found:
                yield found

    def fetch(self, kind: str, names: Sequence[str], ids: Iterable[str]) -> dict[str, TargetObject]:
        """Read issues by id; those that are gone, hidden or moved to another project are missing."""
        return {i: self.parse(row, kind, names) for i, row in self.raw(ids, names).items()}

    def raw(self, ids: Iterable[str], names: Sequence[str]) -> dict[str, Raw]:
        """Read issues by id as the API gives them."""
        wanted = list(ids)
        found = self._client.fetch(wanted, self._fields.asked(names)) if wanted else {}
        rows = {i: self.row(issue) for i, issue in found.items()}
        return {i: row for i, row in rows.items() if project_of(row) == self._client.settings.project}

    def marked(self, hub_keys: Iterable[str], names: Sequence[str]) -> dict[str, Raw]:
        """Find issues by the hub key they carry; of several with one key (a clone made by a person) the oldest."""
        wanted = sorted({key for key in hub_keys if jql.is_mark(key)})
        mark, found = self._fields.mark(), dict[str, Raw]()
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            query = jql.all_of(*self._client.scope(), jql.one_of(mark, part))
            for page, _ in self._client.search(query, self._fields.asked(names)):
                for row in map(self.row, page):
                    for key in self._fields.marks(row):
                        if key in part and (key not in found or int(row["id"]) < int(found[key]["id"])):
                            found[key] = row
        return found

    def row(self, issue: Any) -> Raw:
        """Check what is an issue.

        Raises:
            ContractChanged: It has no id or no fields.
        """
        if not isinstance(issue, dict) or not str(issue.get("id") or "").isdecimal():
            raise ContractChanged("an issue has no id.", where=self._client.name, fix="Check `url`.")
        if not isinstance(issue.get("fields"), dict):
            raise ContractChanged("an issue came without its fields.", where=self._client.name, fix="Check `url`.")
        return {**issue, "id": str(issue["id"])}

    def parse(self, row: Raw, kind: str, names: Sequence[str]) -> TargetObject:
        """Turn an issue into the hub's form; fields hidden from this login are absent."""
        values = {n: self._fields.value(row, n) for n in names if n == COMMENT or self._there(row, n)}
        type_ = (row["fields"].get("issuetype") or {}).get("name")
        return TargetObject(
            kind=kind, id=row["id"], fields=values, version=version_of(row), updated_at=moment(version_of(row)),
            cls=str(type_) if type_ else None, mark=next(iter(self._fields.marks(row)), None),
        )  # fmt: skip

    def _there(self, row: Raw, name: str) -> bool:
        if name in ("key", "site", "status_category"):
            return True
        return self._fields.id(name) in row["fields"]

    def people(self, emails: Sequence[str]) -> dict[str, str]:
        """Resolve e-mail addresses to account ids; who hides the address from this login is not found."""
        found: dict[str, str] = {}
        for email in sorted({e for e in emails if jql.is_safe(e) and "@" in e}):
            listed = self._client.call(lambda library, email=email: library.people(email))  # type: ignore[misc]
            ids = {
                str(p["accountId"])
                for p in (listed if isinstance(listed, list) else ())
                if isinstance(p, dict) and p.get("accountId")
                and str(p.get("emailAddress") or "").casefold() == email.casefold()
            }  # fmt: skip
            if len(ids) == 1:
                found[email] = ids.pop()
        return found


def version_of(row: Raw) -> str | None:
    """Return what changes with every edit: the moment of the last one, to the millisecond."""
    return str(row["fields"].get("updated") or "") or None


def project_of(row: Raw) -> str:
    """Return the key of the project that an issue is in."""
    found = row["fields"].get("project")
    return str(found.get("key") or "") if isinstance(found, dict) else ""


def moment(text: str | None) -> int:
    """Read a moment of the API into seconds since 1970 UTC; 0 when it cannot be read."""
    try:
        return int(datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
        return 0
