"""What this RT has: catalogs, and the custom fields of their assets. Asked for once and kept until `forget`.

Source: `RT::REST2::Resource::Catalogs`, `::CustomFields` of RT 5.0.3 and a running 5.0.3 (2026-11-22). Custom fields
can be created over REST but not applied to a catalog, so the hub adds none: `synchub check` names what is missing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.rt import sql
from connectors.rt.client import Raw, RtClient
from synchub.errors import ConfigError, ContractChanged

_PAGES = 200


@dataclass(frozen=True, slots=True)
class CustomField:
    """One custom field.

    Attributes:
        id: RT's id.
        name: As people see it.
        type: `Freeform`, `Select`, `Date`, `IPAddress` …
        many: Takes more than one value.
        unique: RT refuses a value that another live asset holds.
    """

    id: str
    name: str
    type: str
    many: bool
    unique: bool


class Schema:
    """Knows catalogs and custom fields. Safe to use from several threads."""

    def __init__(self, client: RtClient) -> None:
        self._client = client
        self._catalogs: dict[str, str] | None = None
        self._fields: dict[str, dict[str, CustomField]] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Ask again from now on."""
        with self._lock:
            self._catalogs = None
            self._fields.clear()

    def catalogs(self) -> dict[str, str]:
        """Return name -> id of the catalogs that this login sees and that are not disabled."""
        with self._lock:
            if self._catalogs is None:
                rows = self._all("/catalogs/all", {"fields": "Name,Disabled"})
                self._catalogs = {str(r.get("Name")): r["id"] for r in rows if str(r.get("Disabled")) != "1"}
            return self._catalogs

    def catalog_of(self, kind: str) -> str | None:
        """Return the id of the catalog in which assets of a type are created; None where RT has no such catalog."""
        return self.catalogs().get(self.catalog_name(kind))

    def catalog_name(self, kind: str) -> str:
        """Return the name of the catalog in which assets of a type are created."""
        settings = self._client.settings
        return settings.catalogs.get(kind, settings.catalog)

    def read(self) -> list[str]:
        """Return the ids of all configured catalogs.

        Raises:
            ConfigError: One of them is not there, or hidden from this login.
        """
        settings = self._client.settings
        wanted = dict.fromkeys([settings.catalog, *settings.catalogs.values()])
        have = self.catalogs()
        missing = [name for name in wanted if name not in have]
        if missing:
            raise ConfigError(
                f"RT has no catalog {', '.join(map(repr, missing))}, or hides it from this login.",
                where=f"{self._client.name}: catalogs",
                fix=f"It shows: {', '.join(sorted(have)[:10]) or 'none'}. Grant ShowCatalog, or correct the names.",
            )
        return [have[name] for name in wanted]

    def fields(self, catalog: str) -> dict[str, CustomField]:
        """Return name -> custom field of the assets of a catalog; of several with one name the oldest."""
        with self._lock:
            if catalog not in self._fields:
                params = {"fields": "Name,Type,MaxValues,UniqueValues"}
                rows = self._all(f"/catalog/{catalog}/customfields", params)
                found = [_field(row) for row in sorted(rows, key=lambda row: -int(row["id"]))]
                self._fields[catalog] = {field.name: field for field in found}
            return self._fields[catalog]

    def field(self, name: str) -> CustomField | None:
        """Return the custom field of a name in the first configured catalog that has it."""
        return next((f for c in self.read() if (f := self.fields(c).get(name)) is not None), None)

    def names(self) -> dict[str, str]:
        """Return id -> name of the custom fields known so far; the history of an asset names them by id."""
        return {f.id: f.name for fields in self._fields.values() for f in fields.values()}

    def _all(self, path: str, params: dict[str, str]) -> list[Raw]:
        return [row for rows in pages(self._client, path, {**params, "orderby": "id", "order": "ASC"}) for row in rows]


def pages(client: RtClient, path: str, params: dict[str, Any], terms: list[Raw] | None = None) -> Iterator[list[Raw]]:
    """Read a short list page by page until RT says that it is over; each item has a numeric `id`.

    Raises:
        ContractChanged: RT does not say how many pages there are, or they do not end.
    """
    for number in range(1, _PAGES + 1):
        page = client.search(path, {**params, "per_page": client.settings.page, "page": number}, terms)
        yield items(page, f"{client.name}: {path}")
        if not isinstance(page.get("pages"), (int, float)):
            raise ContractChanged("RT does not say how many pages there are.", where=f"{client.name}: {path}",
                                  fix="Grant the rights that docs/connectors/rt.md names globally.")  # fmt: skip
        if number >= page["pages"]:
            return
    raise ContractChanged("pages do not end.", where=f"{client.name}: {path}")


def items(page: Raw, where: str) -> list[Raw]:
    """Return the items of a page with their ids as texts.

    Raises:
        ContractChanged: One of them has no id.
    """
    found = []
    for item in page["items"]:
        identifier = str(item.get("id")) if isinstance(item, dict) else ""
        if not sql.is_id(identifier):
            raise ContractChanged("an item of a list has no numeric id.", where=where, fix="Check `url`.")
        found.append({**item, "id": identifier})
    return found


def _field(row: Raw) -> CustomField:
    return CustomField(
        row["id"], str(row.get("Name") or ""), str(row.get("Type") or ""),
        many=str(row.get("MaxValues")) != "1", unique=str(row.get("UniqueValues")) == "1",
    )  # fmt: skip
