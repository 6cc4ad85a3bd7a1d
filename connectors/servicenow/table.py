"""Reading tables: whole, by id, by key; each object once, nothing left out silently.

Source: *Table API*, *REST API* (ServiceNow documentation, release Australia, read 2026-11-22). What is minded:

- `sysparm_limit` counts before access rules are applied: a page may be short, even empty, while more follow.
- Rows come and go while pages are read: pages follow the id (`sys_id>last^ORDERBYsys_id`), so neither shifts them.
- Unknown fields in a query are ignored by default and the whole table comes back: answers are checked.
- A table read through its parent shows the parent's columns only; the others are read from each object's own class.
- Fields that this login may not read are missing from the row; empty ones are `""`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.servicenow import batch, query
from connectors.servicenow.client import Cancelled, ServiceNowClient
from connectors.status import error_for
from synchub.domain.hubkey import hub_of
from synchub.domain.plan import TargetObject, Value
from synchub.errors import ContractChanged, NotFound, Unavailable

Row = dict[str, Any]
STAMPS = ("sys_id", "sys_class_name", "sys_mod_count", "sys_updated_on", "sys_updated_by")
SMALLEST_PAGE = 20
_COUNTERPART = {"cmdb": "asset", "alm": "ci"}


class TableReader:
    """Reads the tables of one instance. Safe to use from several threads."""

    def __init__(self, client: ServiceNowClient) -> None:
        self.client = client
        self._never: dict[tuple[str, str], set[str]] = {}  # (asked table, class) -> fields that never come
        self._lock = threading.Lock()

    def pages(self, table: str, fields: Sequence[str], where: str = "") -> Iterator[list[Row]]:
        """Yield all rows of a table that a query selects, ascending by `sys_id`, each once; pages may be empty.

        Raises:
            ConnectorError: The read failed, or the instance repeats itself; nothing may be concluded from before.
        """
        path = f"/api/now/table/{query.table_name(table)}"
        names = ",".join(query.field_name(f) for f in dict.fromkeys(("sys_id", *fields)))
        limit, offset, last = self.client.settings.page, 0, ""
        recent: set[str] = set()
        stuck = 0
        while True:
            terms = query.all_of(where, query.after(last) if last else "", "ORDERBYsys_id")
            params: dict[str, str | int] = {
                "sysparm_query": terms, "sysparm_fields": names, "sysparm_limit": limit, "sysparm_offset": offset,
                "sysparm_exclude_reference_link": "true",
            }  # fmt: skip
            try:
                rows, total = self._page(path, params)
            except (Cancelled, Unavailable):
                if limit <= SMALLEST_PAGE:
                    raise
                limit = max(limit // 2, SMALLEST_PAGE)
                continue
            fresh = [row for row in rows if row["sys_id"] not in recent]
            if rows and not fresh:
                stuck += 1
                if stuck > 3:
                    raise ContractChanged(
                        "the same page comes again and again.", where=f"{self.client.name}: GET {path}"
                    )
                continue
            stuck = 0
            recent = {row["sys_id"] for row in rows}
            yield fresh
            if offset + limit >= total and len(rows) <= total - offset:
                return
            if rows:
                last, offset = rows[-1]["sys_id"], 0
            else:
                offset += limit

    def _page(self, path: str, params: dict[str, str | int]) -> tuple[list[Row], int]:
        where = f"{self.client.name}: GET {path}"
        try:
            result, answer = self.client.get(path, params)
        except NotFound as error:
            if "no record" in error.message.lower():
                return [], 0
            raise
        total = str(answer.headers.get("x-total-count", ""))
        if not total.isascii() or not total.isdigit():
            raise ContractChanged("the answer carries no X-Total-Count, so its end cannot be told.", where=where,
                                  fix="Check proxies in between.")  # fmt: skip
        return _rows(result, where), int(total)

    def by(self, table: str, field: str, values: Iterable[str], fields: Sequence[str]) -> list[Row]:
        """Read the rows whose field has one of the values, in one request whatever their number (up to the limits).

        Values that no query can carry are not asked for. Rows that were not asked for (an unknown field is ignored by
        the instance) are an error.

        Raises:
            ContractChanged: The instance ignored the question.
        """
        names = ",".join(query.field_name(f) for f in dict.fromkeys(("sys_id", field, *fields)))
        path = f"/api/now/table/{query.table_name(table)}"
        wanted = list(dict.fromkeys(values))
        calls = [
            batch.Call("GET", path, {
                "sysparm_query": query.all_of(query.one_of(field, part), "ORDERBYsys_id"), "sysparm_fields": names,
                "sysparm_limit": 10_000, "sysparm_exclude_reference_link": "true",
            })
            for part in query.chunks(wanted)
        ]  # fmt: skip
        asked = {value.casefold() for value in wanted}
        found: dict[str, Row] = {}
        for reply in self._run(calls):
            where = f"{self.client.name}: GET {path}"
            if reply.status == 404:
                continue
            if not reply.ok:
                raise error_for(reply.status or 503, where=where, said=self.client.http.clean(reply.message))
            for row in _rows(reply.result, where):
                if str(row.get(field, "")).casefold() not in asked:
                    raise ContractChanged(
                        f"rows came back that were not asked for: {field!r} is not a field of {table!r}, or hidden.",
                        where=where, fix="Check the table, the field and what this login may read.",
                    )  # fmt: skip
                found[row["sys_id"]] = row
        return list(found.values())

    def _run(self, calls: Sequence[batch.Call]) -> list[batch.Reply]:
        """Carry out reads: a single one directly, several in a batch."""
        if len(calls) != 1:
            return batch.run(self.client, calls, again=True)
        try:
            result, _ = self.client.get(calls[0].path, calls[0].params)
        except NotFound:
            return [batch.Reply(404)]
        return [batch.Reply(200, {"result": result})]

    def objects(
        self, kind: str, fields: Sequence[str], since: int | None, *, mark: str | None = None
    ) -> Iterator[list[TargetObject]]:
        """Yield pages of objects, as `synchub.ports.Target.objects` promises; `mark` is the hub key's field."""
        plain = read_fields(kind, fields, mark)
        for rows in self.pages(kind, plain, query.since(since) if since is not None else ""):
            if since is not None:
                rows = [row for row in rows if moment(row.get("sys_updated_on")) >= since]
            self._complete(kind, rows, fields)
            yield [to_object(kind, row, fields, mark) for row in rows]

    def fetch(
        self, kind: str, fields: Sequence[str], ids: Sequence[str], *, mark: str | None = None
    ) -> dict[str, TargetObject]:
        """Re-read objects by id, whatever class they are of by now, as `synchub.ports.Target.fetch` promises."""
        wanted = [i for i in dict.fromkeys(ids) if i]
        if not wanted:
            return {}
        plain = read_fields(kind, fields, mark)
        rows = self.by(kind, "sys_id", wanted, plain)
        missing = set(wanted) - {row["sys_id"] for row in rows}
        root = root_of(kind)
        if missing and root != kind:
            rows += self.by(root, "sys_id", sorted(missing), plain)
        self._complete(kind, rows, fields)
        return {row["sys_id"]: to_object(kind, row, fields, mark) for row in rows}

    def _complete(self, kind: str, rows: Sequence[Row], fields: Sequence[str]) -> None:
        """Read from each object's own class what its parent table does not show."""
        groups: dict[str, list[Row]] = {}
        for row in rows:
            cls = str(row.get("sys_class_name") or kind)
            known = self._never.get((kind, cls), set())
            if cls != kind and any(f not in row and f not in known for f in fields):
                groups.setdefault(cls, []).append(row)
        for cls, members in groups.items():
            missing = [f for f in fields if any(f not in row for row in members)]
            own = {row["sys_id"]: row for row in self.by(cls, "sys_id", [row["sys_id"] for row in members], missing)}
            shown: set[str] = set()
            for row in members:
                extra = own.get(row["sys_id"], {})
                shown |= extra.keys()
                for name in missing:
                    if name in extra:
                        row.setdefault(name, extra[name])
            if len(members) >= 20:  # on a handful of rows a row-level rule may hide what others show
                with self._lock:
                    self._never.setdefault((kind, cls), set()).update(f for f in missing if f not in shown)


def root_of(table: str) -> str:
    """Return the base table in which every object of a kind of table is found, whatever its class."""
    if table.startswith("cmdb_ci"):
        return "cmdb_ci"
    return "alm_asset" if table.startswith("alm_") else table


def is_ci(table: str) -> bool:
    """Say whether objects of this table are CIs, identified by the instance itself."""
    return root_of(table) == "cmdb_ci"


def counterpart_field(table: str) -> str | None:
    """Name the reference from a CI to its asset, or from an asset to its CI; None for other tables."""
    return _COUNTERPART.get(table.partition("_")[0]) if is_ci(table) or table.startswith("alm_") else None


def read_fields(kind: str, fields: Sequence[str], mark: str | None = None) -> list[str]:
    """List what to read for an object of a kind: its fields, its stamps, its counterpart and its hub key."""
    return list(dict.fromkeys((*STAMPS, *fields, *filter(None, (counterpart_field(kind), mark)))))


def plain(value: Any) -> Value:
    """Turn a value of the API into ours: a reference in any of its forms into its id, `""` into None."""
    if isinstance(value, dict):
        if "value" in value:
            value = value["value"]
        else:
            value = str(value.get("link") or "").rpartition("/")[2]
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def moment(text: Any) -> int:
    """Read a stamp of the instance (`YYYY-MM-DD HH:MM:SS`, UTC) into seconds since 1970; 0 when it is none."""
    try:
        return int(datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return 0


def to_object(kind: str, row: Row, fields: Iterable[str], mark: str | None = None) -> TargetObject:
    """Turn a row into a target object."""
    extra = counterpart_field(kind)
    cls = plain(row.get("sys_class_name"))
    mate = plain(row.get(extra)) if extra else None
    by = plain(row.get("sys_updated_by"))
    version = plain(row.get("sys_mod_count"))
    return TargetObject(
        kind=kind,
        id=row["sys_id"],
        fields={name: plain(row[name]) for name in fields if name in row},
        version=str(version) if version is not None else None,
        updated_at=moment(row.get("sys_updated_on")),
        updated_by=str(by) if by else None,
        counterpart=str(mate) if mate else None,
        cls=str(cls) if cls and cls != kind else None,
        mark=str(key) if mark and hub_of(key := plain(row.get(mark))) else None,
    )


def _rows(result: Any, where: str) -> list[Row]:
    if isinstance(result, dict):
        result = [result]
    if not isinstance(result, list):
        raise ContractChanged("`result` is no list of rows.", where=where, fix="Check the API version.")
    for row in result:
        if not isinstance(row, dict) or not isinstance(row.get("sys_id"), (str, dict)) or not plain(row["sys_id"]):
            raise ContractChanged("a row carries no sys_id.", where=where, fix="Check what this login may read.")
        row["sys_id"] = str(plain(row["sys_id"]))
    return result
