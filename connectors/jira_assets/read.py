"""Reading objects: whole types page by page, single ones by id, by hub key, by name.

Source: *Assets REST API*, `POST /object/aql` and `/object/aql/totalcount` (OpenAPI document of 2025-12, read
2026-11-22): `startAt`, `maxResults` and `includeAttributes` are query parameters; the last page says `isLast` (or
`last`); a page may hold fewer objects than asked for; `total` is deprecated and capped, the exact number is another
request.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from connectors.jira_assets import aql, wire
from connectors.jira_assets.client import AssetsClient
from connectors.jira_assets.schema import Attribute, Schema, is_last
from synchub.domain.hubkey import hub_of
from synchub.domain.plan import TargetObject, Value
from synchub.errors import ContractChanged, NotFound, Rejected, Unavailable

_PASSES = 5  # times a list that moves is read before it is given up
_EMPTY = 3  # empty pages in a row without the end signal
_CENTURY = 100 * 365 * 24 * 60  # minutes
_LAG_MINUTES = 3  # searches lag behind edits, and `now` moves on while a list is read

Raw = dict[str, Any]


class Reader:
    """Reads objects of one workspace. Safe to use from several threads."""

    def __init__(self, client: AssetsClient, schema: Schema) -> None:
        self._client = client
        self._schema = schema
        self._relative: bool | None = None

    def objects(self, kind: str, fields: Sequence[str], since: int | None) -> Iterator[list[TargetObject]]:
        """Yield the objects of a type and of those below it, each once; nothing where there is no such type."""
        types = self._schema.view().family(kind)
        if not types:
            return
        query, complete = aql.ids("objectTypeId", types), True
        if since is not None and self._knows_changes(query):
            minutes = max(self._client.server_time() - since, 0) // 60 + 1 + _LAG_MINUTES
            query, complete = aql.all_of(query, aql.changed_within(minutes)), False
        oldest = (since or 0) - _LAG_MINUTES * 60
        for rows in self._whole(query, complete=complete):
            some = rows if since is None else [row for row in rows if moment(row.get("updated")) >= oldest]
            if some:
                yield [self.parse(row, kind, fields) for row in some]

    def _knows_changes(self, query: str) -> bool:
        """Tell, once, whether the system understands relative dates in searches: all objects changed within a century.

        A search that silently matches nothing would hide every edit; then everything is read and sifted here.
        """
        if self._relative is None:
            everything = self._count(query)
            if everything == 0:
                return True  # nothing to be missed, and nothing to be learned
            try:
                self._relative = self._count(aql.all_of(query, aql.changed_within(_CENTURY))) >= everything
            except Rejected:
                self._relative = False
        return self._relative

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Read objects by id; those that are gone or hidden are missing from the answer."""
        return {i: self.parse(row, kind, fields) for i, row in self.raw(ids).items()}

    def raw(self, ids: Iterable[str]) -> dict[str, Raw]:
        """Read objects by id as the API gives them."""
        found: dict[str, Raw] = {}
        for part in aql.chunks(sorted({i for i in ids if aql.is_id(i)})):
            for rows in self._some(aql.ids("objectId", part)):
                found |= {row["id"]: row for row in rows if row["id"] in part}
        return found

    def one(self, identifier: str) -> Raw | None:
        """Read one object past the search index, which lags; None when it is gone or hidden."""
        try:
            return _row(self._client.get(f"/object/{identifier}"), self._client.name)
        except NotFound:
            return None

    def by(self, kind: str, attribute: str, values: Iterable[str]) -> Iterator[tuple[str, Raw]]:
        """Yield (value of the attribute, object) where the attribute is one of some texts, case left aside.

        Values that no query can carry match nothing; nor does an attribute that the type does not have.
        """
        first = attribute.partition(".")[0]
        types = self._schema.view().family(kind)
        wanted = sorted({v for v in values if aql.is_safe(v)})
        if not types or not wanted or not self._schema.has(kind, first):
            return
        for part in aql.chunks(wanted):
            for rows in self._some(aql.all_of(aql.ids("objectTypeId", types), aql.one_of(attribute, part))):
                for row in rows:
                    held = self.value(row, attribute)
                    for text in held if isinstance(held, list) else [held]:
                        if text is not None:
                            yield str(text), row

    def parse(self, row: Raw, kind: str, fields: Sequence[str]) -> TargetObject:
        """Turn an object of the API into the hub's form.

        An attribute that the object type does not have yet is empty: the hub proposes to add it.
        """
        return TargetObject(
            kind=kind, id=row["id"], fields={name: self.value(row, name) for name in fields}, version=version_of(row),
            updated_at=moment(row.get("updated")), cls=type_name(row) or None,
            mark=str(mark) if hub_of(mark := self.value(row, self._client.settings.hub_key)) else None,
        )  # fmt: skip

    def value(self, row: Raw, name: str) -> Value:
        """Return what an object holds in an attribute; `Model.Name` is the name of the object it refers to."""
        first, _, rest = name.partition(".")
        attribute = self._schema.attributes(type_id(row)).get(first)
        if attribute is None:
            return None
        values = self.values(row, attribute)
        return wire.label_of(values) if rest else wire.from_wire(attribute, values)

    def values(self, row: Raw, attribute: Attribute) -> list[Raw]:
        """Return the raw values of one attribute of an object."""
        for entry in row["attributes"]:
            if str(entry.get("objectTypeAttributeId")) == attribute.id:
                return [v for v in entry.get("objectAttributeValues") or () if isinstance(v, dict)]
        return []

    # --- pages --------------------------------------------------------------------------------------------------------

    def _whole(self, query: str, *, complete: bool) -> Iterator[list[Raw]]:
        """Read a list that may move meanwhile, yielding each object once.

        Pages overlap by one object: where the next page does not begin with the last object of the one before,
        something was added or taken away in front of it, and the list is read once more for what it hid.
        """
        seen: set[str] = set()
        for _ in range(_PASSES):
            moved = yield from self._pass(query, seen)
            if not moved and not (complete and len(seen) < self._count(query)):
                return
        raise Unavailable(
            "the list of objects keeps moving; not all of it could be read.",
            where=f"{self._client.name}: POST /object/aql",
            fix="Try again when it is quieter.",
        )

    def _pass(self, query: str, seen: set[str]) -> Generator[list[Raw], None, bool]:
        """Read the list once, yielding what was not seen before; returns whether it moved meanwhile."""
        start, last, empty = 0, "", 0
        while True:
            page, rows = self._page(aql.by_key(query), start)
            if last and rows and rows[0]["id"] != last:
                return True
            fresh = [row for row in rows if row["id"] not in seen]
            seen.update(row["id"] for row in fresh)
            if fresh:
                yield fresh
            if is_last(page):
                return False
            moved_on = len(rows) > 1 if last else bool(rows)
            empty = 0 if moved_on else empty + 1
            if empty >= _EMPTY:
                raise ContractChanged("pages stay empty and none says that it is the last.",
                                      where=f"{self._client.name}: POST /object/aql")  # fmt: skip
            if moved_on:
                start, last = start + len(rows) - 1, rows[-1]["id"]

    def _some(self, query: str) -> Iterator[list[Raw]]:
        """Read a short list by its pages."""
        start = 0
        for _ in range(_EMPTY * aql.CHUNK):
            page, rows = self._page(aql.by_key(query), start)
            yield rows
            start += len(rows)
            if is_last(page):
                return
        raise ContractChanged("pages do not end.", where=f"{self._client.name}: POST /object/aql")

    def _page(self, query: str, start: int) -> tuple[Raw, list[Raw]]:
        params: dict[str, str | int] = {
            "startAt": start, "maxResults": self._client.settings.page, "includeAttributes": "true",
        }  # fmt: skip
        page = self._client.search("/object/aql", query, params)
        values = page.get("values") if isinstance(page, dict) else None
        if not isinstance(values, list):
            raise ContractChanged(
                "the answer to a search holds no `values`.", where=f"{self._client.name}: /object/aql"
            )
        return page, [_row(value, self._client.name) for value in values]

    def _count(self, query: str) -> int:
        answer = self._client.search("/object/aql/totalcount", query)
        count = answer.get("totalCount") if isinstance(answer, dict) else None
        if not isinstance(count, int):
            raise ContractChanged("the number of objects cannot be read.", where=f"{self._client.name}: totalcount")
        return count


def _row(value: Any, connection: str) -> Raw:
    if not isinstance(value, dict) or not aql.is_id(str(value.get("id"))) or not aql.is_id(type_id(value)):
        raise ContractChanged("an object has no id or no type.", where=connection, fix="Check `api`.")
    attributes = value.get("attributes")
    if not isinstance(attributes, list):
        raise ContractChanged("an object came without its attributes.", where=connection, fix="Check `api`.")
    return {**value, "id": str(value["id"]), "attributes": [a for a in attributes if isinstance(a, dict)]}


def version_of(row: Raw) -> str | None:
    """Return what changes with every edit of an object: the moment of the last one, to the millisecond."""
    return str(row.get("updated") or row.get("timestamp") or "") or None


def type_id(row: Raw) -> str:
    """Return the id of an object's type; empty when there is none."""
    found = row.get("objectType")
    return str(found.get("id") or "") if isinstance(found, dict) else ""


def type_name(row: Raw) -> str:
    """Return the name of an object's type."""
    found = row.get("objectType")
    return str(found.get("name") or "") if isinstance(found, dict) else ""


def moment(text: Any) -> int:
    """Read a moment of the API (ISO 8601) into seconds since 1970 UTC; 0 when it cannot be read."""
    try:
        return int(datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
        return 0
