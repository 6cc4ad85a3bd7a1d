"""Reads the issues of one project: all of them now and then, and between only what changed.

Pages come by token, ordered by key, which no edit changes. Changes are asked for by age (`updated >= "-15m"`): a JQL
moment would be read in the time zone of the account and to the minute, so that reads of changes reach back further than
needed and overlap. Issues that were deleted or moved away are noticed by a full read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson
import xxhash

from connectors.cursor import Cursor, timed
from connectors.jira_issues import adf, jql
from connectors.jira_issues.client import MOST_MINUTES, IssuesClient
from connectors.jira_issues.fields import category
from connectors.jira_issues.settings import JiraIssuesSettings
from connectors.registry import Context
from synchub.domain.records import CHANGES_ONLY, End, Page, Rejected
from synchub.errors import ConfigError
from synchub.ports import StreamInfo

STREAM = "issues"
FIELDS = (
    "assignee", "created", "description", "duedate", "issuetype", "labels", "priority", "reporter", "status", "summary",
    "updated",
)  # fmt: skip
_LONGEST = 4000  # characters of a document: what a canonical text holds
_PERSON = ("accountId", "emailAddress", "active")  # what is kept of people


@dataclass(slots=True)
class _Tally:
    """What one read has seen so far."""

    seen: set[str] = field(default_factory=set)
    rejected: int = 0
    repeated: int = 0


class JiraIssuesSource:
    """The reading side of a Jira connection (`synchub.ports.Source`)."""

    def __init__(self, name: str, settings: JiraIssuesSettings, context: Context) -> None:
        self._name = name
        self._settings = settings
        self._client = IssuesClient(name, settings, context)

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the stream, if it is configured."""
        if self._settings.streams.issues is None:
            return {}
        return {STREAM: StreamInfo(STREAM, "issues.yaml", cursor="updated_since", personal=True)}

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:
        """Yield the pages of a full read or of one of changes; see `synchub.ports.Source.read`.

        One payload per issue, unique by `id`, keys sorted: `id`, `key`, its fields, documents as plain text, `_site`
        and `_category`. A full read is complete when the last page says so. The cursor holds the site's time before the
        first issue was asked for.

        Raises:
            ConfigError: The stream is not configured.
            ConnectorError: Jira, or the way to it, failed.
        """
        if stream not in self.streams():
            raise ConfigError(f"the stream {stream!r} is not configured.", where=self._name,
                              fix=f"Configured: {', '.join(self.streams()) or 'none'}.")  # fmt: skip
        started, tally = self._client.server_time(), _Tally()
        scope = xxhash.xxh3_64_hexdigest(orjson.dumps([FIELDS, self._settings.issue_types]))
        last = self._changes(Cursor.parse(cursor), started, scope)
        terms = self._client.scope(*self._settings.issue_types)
        if last is not None:
            terms.append(jql.changed_within(self._minutes(last, started)))
        for number, (issues, final) in enumerate(self._client.search(jql.all_of(*terms), FIELDS), start=1):
            page = self._page(issues, f"{self._name}: GET search/jql page {number}", tally, limit)
            if limit is not None and len(tally.seen) >= limit:
                yield self._last(page, End(False, f"stopped after {limit:,} as asked", cursor, self._scope()), tally)
                return
            yield self._last(page, self._end(started, last, scope, tally), tally) if final else page

    def close(self) -> None:
        """Give connections back."""
        self._client.close()

    def _changes(self, last: Cursor | None, now: int, scope: str) -> Cursor | None:
        """Return where a read of changes starts; None when everything is to be read."""
        if not timed(now, self._client.clock):
            return None
        if last is None or last.scope != scope or last.since > now or self._minutes(last, now) > MOST_MINUTES:
            return None
        return None if now - last.full >= self._settings.full_every_hours * 3600 else last

    def _minutes(self, last: Cursor, now: int) -> int:
        """Say how far back to look: whole minutes, rounded up, and the overlap."""
        return max(now - last.since, 0) // 60 + 1 + self._settings.overlap_minutes

    def _end(self, started: int, last: Cursor | None, scope: str, tally: _Tally) -> End:
        read = len(tally.seen) + tally.rejected
        if last is None:
            cursor = Cursor(started, started, scope).text() if timed(started, self._client.clock) else None
            return End(True, f"last page reached, {read:,} {STREAM}", cursor, self._scope())
        since = datetime.fromtimestamp(last.since, UTC).strftime("%Y-%m-%d %H:%M")
        proof = f"{CHANGES_ONLY} since {since} UTC: {read:,} {STREAM}"
        return End(False, proof, Cursor(started, last.full, scope).text(), self._scope())

    def _page(self, issues: list[Any], where: str, tally: _Tally, limit: int | None) -> Page:
        payloads: list[bytes] = []
        positions: list[int] = []
        rejected: list[Rejected] = []
        for number, issue in enumerate(issues, start=1):
            if limit is not None and len(tally.seen) >= limit:
                break
            fields = issue.get("fields") if isinstance(issue, dict) else None
            key = str(issue.get("id") or "") if isinstance(issue, dict) else ""
            if not isinstance(fields, dict) or not key:
                tally.rejected += 1
                rejected.append(_rejected(f"{where} item {number}", fields))
            elif key in tally.seen:
                tally.repeated += 1
            else:
                tally.seen.add(key)
                payloads.append(self._payload(issue, fields))
                positions.append(number)
        return Page(payloads=payloads, origin=where, positions=positions, rejected=rejected)

    def _payload(self, issue: Mapping[str, Any], fields: Mapping[str, Any]) -> bytes:
        found = {name: _plain(value) for name, value in fields.items()}
        for name in ("assignee", "reporter"):
            if isinstance(found.get(name), dict):
                found[name] = {key: found[name][key] for key in _PERSON if key in found[name]}
        outer = {name: issue[name] for name in ("id", "key") if name in issue}
        made = {"_site": self._client.host, "_category": category(issue)}
        return orjson.dumps({**found, **outer, **made}, option=orjson.OPT_SORT_KEYS)

    def _last(self, page: Page, end: End, tally: _Tally) -> Page:
        warnings = self._client.session.warnings()
        if tally.repeated:
            warnings.append(f"{self._name}: {tally.repeated} issues came twice: the list moved while it was read")
        return Page(page.payloads, page.origin, page.positions, rejected=page.rejected, warnings=warnings, end=end)

    def _scope(self) -> str:
        types = f" ({', '.join(self._settings.issue_types)})" if self._settings.issue_types else ""
        return f"{self._client.host} project {self._settings.project}{types}"


def _plain(value: Any) -> Any:
    return adf.plain(value)[:_LONGEST] if isinstance(value, dict) and value.get("type") == "doc" else value


def _rejected(where: str, fields: Any) -> Rejected:
    if not isinstance(fields, dict):
        return Rejected(where, "not_an_object", "The list holds an entry without `fields`. Tell who runs the site.")
    return Rejected(where, "no_key", "The issue has no `id`, so it cannot be told from others. Tell who runs the site.")
