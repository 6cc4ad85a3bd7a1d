"""Reading assets: whole catalogs, single ones by id, by hub key, by name.

Source: `RT::REST2` of RT 5.0.3 and a running 5.0.3 (2026-11-22). Lists are read in the order of ids, each page asking
for what comes after the last id seen, so that nothing that is added or taken away meanwhile moves the rest. `total` is
how many there still are; it is `null` for a login that does not hold ShowAsset globally: then the highest id is asked
for first and read up to. Deleted assets are in no list.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import orjson

from connectors.rt import sql, wire
from connectors.rt.client import Raw, RtClient
from connectors.rt.schema import Schema, items
from synchub.domain.plan import TargetObject, Value
from synchub.errors import ContractChanged, PermissionDenied

_FIELDS: dict[str, str | int] = {
    "fields": "Name,Description,Status,Catalog,HeldBy,Owner,Contact,CustomFields,Created,LastUpdated,LastUpdatedBy",
    "fields[HeldBy]": "id", "fields[Owner]": "id,Name", "fields[Contact]": "id", "orderby": "id",
}  # fmt: skip
_NEWEST: dict[str, str | int] = {"orderby": "LastUpdated", "order": "DESC", "per_page": 1}
_LAG = 120  # seconds read again beside what the caller asked for
_HIDDEN = 50  # pages in a row of which this login may see nothing


class Reader:
    """Reads assets. Safe to use from several threads."""

    def __init__(self, client: RtClient, schema: Schema) -> None:
        self._client = client
        self._schema = schema

    def objects(self, kind: str, fields: Sequence[str], since: int | None) -> Iterator[list[TargetObject]]:
        """Yield the assets of all configured catalogs, each once."""
        query = sql.catalogs(self._schema.read())
        if since is not None:
            narrowed = self._changed(query, since)
            if narrowed is None:
                return
            query = narrowed
        for rows in self._walk(query):
            # What RT cannot read in a query may match everything: the answer is sifted.
            some = [r for r in rows if since is None or moment(r.get("LastUpdated")) >= since - _LAG]
            if some:
                yield [self.parse(row, kind, fields) for row in some]

    def _changed(self, query: str, since: int) -> str | None:
        """Narrow a query to what was changed since a moment; None where nothing was.

        RT may take a time for another one without a word. So the asset that was changed last is asked for first, and
        the condition is used only if it finds that one; else everything is read.
        """
        page = self._client.search("/assets", {**_FIELDS, **_NEWEST, "query": query})
        rows = items(page, f"{self._client.name}: /assets")
        if not rows:
            return None if page.get("total") == 0 else query
        if moment(rows[0].get("LastUpdated")) < since - _LAG:
            return None
        condition = sql.changed_within(max(self._client.server_time() - since, 0) + _LAG)
        found = condition and self._page(sql.all_of(sql.ids([rows[0]["id"]]), condition), 0)
        return sql.all_of(query, condition) if found and found["items"] else query

    def raw(self, ids: Iterable[str]) -> dict[str, Raw]:
        """Read assets by id as RT gives them; deleted and hidden ones are missing."""
        found: dict[str, Raw] = {}
        for part in sql.chunks(sorted({i for i in ids if sql.is_id(i)}, key=int)):
            for rows in self._walk(sql.ids(part)):
                found |= {row["id"]: row for row in rows if row["id"] in part}
        return found

    def fetch(self, kind: str, fields: Sequence[str], ids: Sequence[str]) -> dict[str, TargetObject]:
        """Read assets by id; those that are gone or hidden are missing from the answer."""
        return {i: self.parse(row, kind, fields) for i, row in self.raw(ids).items()}

    def by(self, name: str, values: Iterable[str]) -> Iterator[tuple[str, Raw]]:
        """Yield (value, asset) where a field is one of some texts, case left aside.

        Values that no query can carry match nothing; nor does a field that RT does not have.
        """
        wanted = sorted({v for v in values if sql.is_safe(v)})
        folded = {v.casefold() for v in wanted}
        field = None if name in wire.TEXTS else self._schema.field(name)
        if not wanted or (field is None and name not in wire.TEXTS):
            return
        for part in sql.chunks(wanted):
            term = sql.field_is(field.id, part) if field else sql.text_is(name, part)
            for rows in self._walk(sql.all_of(sql.catalogs(self._schema.read()), term)):
                for row in rows:
                    for text in wire.listed(self.value(row, name)):
                        if text.casefold() in folded:
                            yield text, row

    def parse(self, row: Raw, kind: str, fields: Sequence[str]) -> TargetObject:
        """Turn an asset into the hub's form; custom fields that its catalog does not have are absent."""
        customs = {str(f.get("name")) for f in _customs(row)}
        return TargetObject(
            kind=kind, id=row["id"], version=version_of(row), updated_at=moment(row.get("LastUpdated")),
            updated_by=_name(row.get("LastUpdatedBy")), mark=_text(self.value(row, self._client.settings.hub_key)),
            fields={n: self.value(row, n) for n in fields if n in wire.CORE or n in customs},
        )  # fmt: skip

    def value(self, row: Raw, name: str) -> Value:
        """Return what an asset holds in a field: ids of users for roles, the id of the catalog."""
        if name in wire.ROLES:
            return _people(row.get(name))
        if name == "Catalog":
            return catalog_of(row)
        if name in wire.CORE:
            return str(row.get(name) or "") or None
        for field in _customs(row):
            if field.get("name") == name:
                known = self._schema.fields(catalog_of(row)).get(name) if sql.is_id(catalog_of(row)) else None
                return wire.from_custom(known.type if known else "", field.get("values"))
        return None

    # --- pages --------------------------------------------------------------------------------------------------------

    def _walk(self, query: str) -> Iterator[list[Raw]]:
        """Yield the assets of a query by ascending id."""
        last, ahead, highest = 0, 1, None
        while True:
            page = self._page(query, last, ahead)
            rows = items(page, f"{self._client.name}: /assets")
            numbers = [int(row["id"]) for row in rows]
            if numbers != sorted(set(numbers)) or (numbers and numbers[0] <= last):
                raise ContractChanged("a list does not keep the order that was asked for.",
                                      where=f"{self._client.name}: /assets")  # fmt: skip
            if rows:
                yield rows
                last, ahead = numbers[-1], 1
            total = page.get("total")
            if isinstance(total, int):
                if len(rows) >= total:
                    return
                if not rows:
                    raise ContractChanged("a page is empty though more is said to come.",
                                          where=f"{self._client.name}: /assets")  # fmt: skip
                continue
            highest = self._highest(query) if highest is None else highest
            if last >= highest:
                return
            if not rows:
                ahead += 1
            if ahead > _HIDDEN:
                raise PermissionDenied("RT hides most assets of the configured catalogs from this login.",
                                       where=f"{self._client.name}: /assets",
                                       fix="Grant ShowAsset globally, or for the whole catalogs.")  # fmt: skip

    def _page(self, query: str, last: int, ahead: int = 1, order: str = "ASC") -> Raw:
        asked = sql.all_of(sql.above(last), query)
        params = {**_FIELDS, "query": asked, "order": order, "per_page": self._client.settings.page, "page": ahead}
        return self._client.search("/assets", params)

    def _highest(self, query: str) -> int:
        """Return the highest id of a query that this login may see; 0 for none."""
        for ahead in range(1, 4):
            rows = items(self._page(query, 0, ahead, "DESC"), f"{self._client.name}: /assets")
            if rows:
                return max(int(row["id"]) for row in rows)
        return 0


def version_of(row: Raw) -> str:
    """Return what changes with every edit: the moment of the last one (to the second) and a sum over the values."""
    customs = sorted((str(f.get("id")), f.get("values")) for f in _customs(row))
    held = [row.get("Name"), row.get("Description"), row.get("Status"), catalog_of(row),
            [_people(row.get(role)) for role in wire.ROLES], customs]  # fmt: skip
    return f"{row.get('LastUpdated')}/{zlib.crc32(orjson.dumps(held)):08x}"


def catalog_of(row: Raw) -> str:
    """Return the id of an asset's catalog; empty when there is none."""
    found = row.get("Catalog")
    return str(found.get("id") or "") if isinstance(found, dict) else ""


def moment(text: Any) -> int:
    """Read a moment of RT (ISO 8601) into seconds since 1970 UTC; 0 when it cannot be read."""
    try:
        return int(datetime.fromisoformat(str(text)).timestamp())
    except (ValueError, OverflowError):
        return 0


def _customs(row: Raw) -> list[Raw]:
    found = row.get("CustomFields")
    return [f for f in found if isinstance(f, dict)] if isinstance(found, list) else []


def _people(members: Any) -> Value:
    """Return the ids of who has a role; a group counts as `group <id>`, nobody as nothing."""
    some = members if isinstance(members, list) else [members] if isinstance(members, dict) else []
    found = [
        str(m.get("id")) if m.get("type") == "user" else f"{m.get('type')} {m.get('id')}"
        for m in some
        if isinstance(m, dict) and wire.NOBODY not in (m.get("Name"), m.get("id"))
    ]
    if not found:
        return None
    return found[0] if len(found) == 1 else sorted(found)


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) else None


def _name(user: Any) -> str | None:
    return str(user.get("id") or "") or None if isinstance(user, dict) else None
