"""Reads the employees of one company: everybody now and then, and between only who changed.

A full read takes the dataset `employee` page by page, ordered by the employee's number, with everybody in it: active,
left, still to come. A read of changes asks who changed since the last one and takes those from the same dataset, so
that one employee looks the same either way. To both come the dated rows of `employmentStatus`, from which
`employment.facts` works out state, start and end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import xxhash

from connectors.auth import BasicKey
from connectors.bamboohr.api import BATCH, Api, DataPage, any_of, said
from connectors.bamboohr.employment import Row, facts
from connectors.bamboohr.settings import BambooSettings, EmployeeOptions
from connectors.cursor import Cursor, timed
from connectors.http import HttpClient
from connectors.registry import Context, Rate
from synchub.domain.records import CHANGES_ONLY, End, Page, Rejected
from synchub.errors import ConfigError, PermissionDenied
from synchub.errors import Rejected as Refused
from synchub.ports import StreamInfo

STREAM = "employees"
# What the shipped map and `employment.facts` read, and nothing else: no birthdays, pay or government ids.
FIELDS = (
    "eeid", "employeeNumber", "firstName", "lastName", "email", "status", "employmentStatus", "hireDate",
    "terminationDate", "jobInformationJobTitle", "jobInformationDepartment", "jobInformationLocation", "supervisorId",
    "workPhone",
)  # fmt: skip
_NEEDED = ("eeid", "status")
# The dataset shows what holds today, and of somebody who is still to come that is nothing: dataset name -> name of
# "Get Employee", which looks ahead.
AHEAD = {
    "jobInformationDepartment": "department",
    "jobInformationJobTitle": "jobTitle",
    "jobInformationLocation": "location",
    "supervisorId": "supervisorId",
}
# Named, because a list without a condition is not documented to hold who left and who is still to come.
EVERYBODY = "status in ('Active','Inactive')"
_MOST_CHANGED = 1000  # beyond, a full read costs less than reading by number
_COMPANY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_FIXES = {
    401: "Check `api_key` and `company`; a key works only while its owner's access is enabled.",
    403: "Give the key's owner an access level that sees these fields of all employees, and reports (datasets). See "
    "docs/connectors/bamboohr.md.",
    404: "Check `company`, and that the key's owner may use reports (datasets).",
    422: "Check `fields` of the stream against the field list of the account.",
}


@dataclass(slots=True)
class _Tally:
    """What one read has seen so far."""

    most: int = 0
    seen: set[str] = field(default_factory=set)
    repeated: int = 0
    rejected: int = 0
    unknown: int = 0
    warnings: list[str] = field(default_factory=list)

    def read(self) -> int:
        return len(self.seen) + self.rejected


@dataclass(frozen=True, slots=True)
class _Ask:
    """One read: what is asked for, when it started by the server's clock, and the history of the employees.

    `timed`: that clock can be read by the next time.
    """

    fields: list[str]
    started: int
    timed: bool
    scope: str
    history: Mapping[str, Sequence[Row]]
    limit: int | None


class BambooSource:
    """The reading side of a BambooHR connection (`synchub.ports.Source`).

    Args:
        connection: Configured name.
        settings: Its settings.
        api: Client of the API.
        company: Subdomain of the company.
    """

    def __init__(self, connection: str, settings: BambooSettings, api: Api, company: str) -> None:
        self._connection, self._settings, self._api, self._company = connection, settings, api, company
        self._options = settings.streams.employees or EmployeeOptions()
        self._leave = frozenset(status.strip().lower() for status in self._options.leave_statuses)

    @classmethod
    def open(cls, connection: str, settings: BambooSettings, context: Context) -> BambooSource:
        """Make the client; talks to nobody yet.

        Raises:
            ConfigError: The address, a reference or the company cannot be used.
        """
        company = settings.company.read(context.resolve)
        if not _COMPANY.fullmatch(company):
            raise ConfigError(
                "`company` is no subdomain of BambooHR.", where=connection,
                fix="Write what stands before .bamboohr.com when you log in.",
            )  # fmt: skip
        ceiling = settings.requests_per_second
        rate = Rate(per_second=ceiling, burst=max(int(ceiling), 1)) if ceiling else None
        auth = BasicKey(settings.api_key.read(context.resolve))
        client = HttpClient.open(
            connection, settings.url or f"https://{company}.bamboohr.com/api", context, auth=auth,
            budget=context.budget(f"bamboohr:{company}", rate), fixes=_FIXES, said=said,
            said_header="X-BambooHR-Error-Message",
        )  # fmt: skip
        return cls(connection, settings, Api(client), company)

    def streams(self) -> Mapping[str, StreamInfo]:
        """List the stream, if it is configured."""
        if self._settings.streams.employees is None:
            return {}
        return {STREAM: StreamInfo(STREAM, "employees.yaml", cursor="updated_since", personal=True)}

    def read(self, stream: str, *, cursor: str | None = None, limit: int | None = None) -> Iterator[Page]:
        """Yield the pages of a full read or of one of changes; see `synchub.ports.Source.read`.

        One payload per employee, unique by `eeid`, keys sorted; the fields that were asked for, and `_employment` with
        what `employment.facts` found. A full read is complete when the page without a next link was reached, as many
        employees came as the server ever said there are, and none was deleted meanwhile. A read of changes is never
        complete. The cursor holds the server's time before the first record was asked for.

        Raises:
            ConfigError: The stream is not configured.
            PermissionDenied: The key is not offered the fields without which nothing can be said.
            ConnectorError: BambooHR, or the way to it, failed.
        """
        if stream not in self.streams():
            raise ConfigError(f"the stream {stream!r} is not configured.", where=self._connection,
                              fix=f"Configured: {', '.join(self.streams()) or 'none'}.")  # fmt: skip
        tally = _Tally()
        clock = self._api.client.clock
        offered, told = self._api.fields()
        by_time, started = timed(told, clock), told or clock.now()
        if not told:
            tally.warnings.append(f"{self._connection}: the answers carry no date, so everybody is read")
        fields = self._fields(offered, tally)
        scope = xxhash.xxh3_64_hexdigest(",".join(fields).encode())
        last = Cursor.parse(cursor)
        if last is not None and (
            not by_time or last.scope != scope or last.since > started or self._due(last.full, started)
        ):
            last = None
        since = last.since - self._settings.overlap_minutes * 60 if last else None
        changes = self._api.changed(since) if since is not None else None
        if changes is not None and (changes.deleted or len(changes.present) > _MOST_CHANGED):
            since = changes = None  # a deleted record is known to be gone only from a full read
        ask = _Ask(fields, started, by_time, scope, self._history(since, tally), limit)
        if last is not None and changes is not None:
            try:
                yield from self._changed(ask, changes.present, last, tally)
                return
            except Refused as error:
                if tally.read():
                    raise
                tally.warnings.append(
                    f"{self._connection}: people cannot be asked for by number, so everybody is read: {error.message}"
                )
                ask = replace(ask, history=self._history(None, tally))
        yield from self._everybody(ask, cursor, tally)

    def close(self) -> None:
        """Give connections back."""
        self._api.client.close()

    def _due(self, full: int, now: int) -> bool:
        return now - full >= self._settings.full_every_hours * 3600

    def _fields(self, offered: set[str], tally: _Tally) -> list[str]:
        """Pick what is asked for out of what this key is offered; a field it is not offered would fail the request."""
        wanted = sorted({*FIELDS, *self._options.fields})
        missing = [name for name in wanted if name not in offered]
        if any(name in missing for name in _NEEDED):
            raise PermissionDenied(
                f"the field list holds no {' and no '.join(n for n in _NEEDED if n in missing)}.",
                where=f"{self._connection}: fields of the dataset employee", fix=_FIXES[403],
            )  # fmt: skip
        if missing:
            tally.warnings.append(
                f"{self._connection}: not offered to this API key, so unknown for everybody: {', '.join(missing)}"
            )
        return [name for name in wanted if name in offered]

    def _history(self, since: int | None, tally: _Tally) -> Mapping[str, Sequence[Row]]:
        found = self._api.history(since)
        if found is None:
            tally.warnings.append(
                f"{self._connection}: the table employmentStatus is hidden from this API key: terminations that are "
                f"still to come are not seen"
            )
        return found or {}

    def _everybody(self, ask: _Ask, cursor: str | None, tally: _Tally) -> Iterator[Page]:
        size = self._size(ask.limit)
        for page in self._api.pages(ask.fields, EVERYBODY, size):
            made = self._page(page, ask, tally)
            if self._stopped(ask, tally):
                yield self._last(made, self._limited(ask, cursor), tally)
                return
            if page.last:
                yield self._last(made, self._end(ask, tally), tally)
            else:
                yield made

    def _changed(self, ask: _Ask, numbers: list[str], last: Cursor, tally: _Tally) -> Iterator[Page]:
        """Read employees by number; those that do not come are hidden from this key."""
        since = datetime.fromtimestamp(last.since, UTC).strftime("%Y-%m-%d %H:%M")
        for start in range(0, len(numbers), BATCH):
            for page in self._api.pages(ask.fields, any_of(numbers[start : start + BATCH]), BATCH):
                made = self._page(page, ask, tally)
                if self._stopped(ask, tally):
                    yield self._last(made, self._limited(ask, last.text()), tally)
                    return
                yield made
        hidden = len(set(numbers) - tally.seen)
        if hidden:
            tally.warnings.append(
                f"{self._connection}: {hidden} employees changed that this API key does not see, or no longer"
            )
        proof = f"{CHANGES_ONLY} since {since} UTC: {tally.read():,} {STREAM}"
        end = End(False, proof, _cursor(ask, last.full), self._scope())
        yield self._last(Page(origin=f"{self._connection}: {STREAM}"), end, tally)

    def _page(self, page: DataPage, ask: _Ask, tally: _Tally) -> Page:
        tally.most = max(tally.most, page.total or 0)
        payloads: list[bytes] = []
        positions: list[int] = []
        rejected: list[Rejected] = []
        for number, item in enumerate(page.items, start=1):
            if self._stopped(ask, tally):
                break
            fields = item.get("fields") if isinstance(item, dict) else None
            key = str(fields.get("eeid") or "") if isinstance(fields, dict) else ""
            if not isinstance(fields, dict) or not key:
                tally.rejected += 1
                rejected.append(_rejected(f"{page.where} item {number}", item, fields))
            elif key in tally.seen:
                tally.repeated += 1
            else:
                tally.seen.add(key)
                payloads.append(self._payload(fields, ask.history.get(key, ()), ask.started, tally))
                positions.append(number)
        return Page(payloads=payloads, origin=page.where, positions=positions, rejected=rejected)

    def _payload(self, fields: Mapping[str, Any], rows: Sequence[Row], now: int, tally: _Tally) -> bytes:
        moment, span = datetime.fromtimestamp(now, UTC), timedelta(days=1)
        around = (moment - span).strftime("%Y-%m-%d"), (moment + span).strftime("%Y-%m-%d")
        employment = facts(fields, rows, today=around, leave=self._leave)
        ahead = self._ahead(fields, tally) if employment["state"] == "prehire" else {}
        return orjson.dumps({**fields, **ahead, "_employment": employment}, option=orjson.OPT_SORT_KEYS)

    def _ahead(self, fields: Mapping[str, Any], tally: _Tally) -> dict[str, Any]:
        """Read the job of somebody who is still to come."""
        names = {name: alias for name, alias in AHEAD.items() if name in fields}
        found = self._api.ahead(str(fields["eeid"]), list(names.values()))
        if found is None:
            tally.unknown += 1
            return {}
        return {name: str(found[alias]) for name, alias in names.items() if found.get(alias)}

    def _end(self, ask: _Ask, tally: _Tally) -> End:
        """Judge a full read that came to its last page."""
        gone = len(self._api.changed(ask.started - 1, "deleted").deleted)
        cursor, read = _cursor(ask, ask.started), tally.read()
        if gone:  # who is deleted moves the others forward: one of them may have slipped past between two pages
            return End(False, f"{gone} employees were deleted while the list was read", cursor, self._scope())
        if read < tally.most:
            return End(False, f"server total {tally.most:,}, but {read:,} read", cursor, self._scope())
        return End(True, f"server total {tally.most:,}", cursor, self._scope())

    def _limited(self, ask: _Ask, cursor: str | None) -> End:
        return End(False, f"stopped after {ask.limit:,} as asked", cursor, self._scope())

    def _last(self, page: Page, end: End, tally: _Tally) -> Page:
        warnings = [*self._api.client.warnings(), *tally.warnings]
        if tally.repeated:
            warnings.append(
                f"{self._connection}: {tally.repeated} entries came twice: the list moved while it was read"
            )
        if tally.unknown:
            warnings.append(f"{self._connection}: the jobs of {tally.unknown} people who are still to come are hidden")
        return Page(page.payloads, page.origin, page.positions, rejected=page.rejected, warnings=warnings, end=end)

    def _stopped(self, ask: _Ask, tally: _Tally) -> bool:
        return ask.limit is not None and len(tally.seen) >= ask.limit

    def _size(self, limit: int | None) -> int:
        return min(self._settings.page_size, max(limit, 1)) if limit is not None else self._settings.page_size

    def _scope(self) -> str:
        return f"company {self._company} {STREAM}"


def _cursor(ask: _Ask, full: int) -> str | None:
    return Cursor(ask.started, full, ask.scope).text() if ask.timed else None


def _rejected(where: str, item: Any, fields: Any) -> Rejected:
    if not isinstance(item, dict) or not isinstance(fields, dict):
        return Rejected(where, "not_an_object", "The list holds an entry without `fields`. Tell who runs the system.")
    return Rejected(
        where, "no_key", "The entry has no `eeid`, so it cannot be told from others. Tell who runs the system."
    )
