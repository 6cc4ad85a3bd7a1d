"""What a simulated Request Tracker holds: catalogs, custom fields, users, assets and their transactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from simulators.clock import SimClock

ROLES = ("HeldBy", "Contact", "Owner")
# The lifecycle `assets` as RT ships it; under "" what a new asset may be.
TRANSITIONS: dict[str, tuple[str, ...]] = {
    "": ("new", "allocated", "in-use"), "new": ("allocated", "in-use", "stolen", "deleted"),
    "allocated": ("in-use", "recycled", "stolen", "deleted"), "in-use": ("allocated", "recycled", "stolen", "deleted"),
    "recycled": ("allocated",), "stolen": ("allocated",), "deleted": ("allocated",),
}  # fmt: skip
STATUSES = tuple(TRANSITIONS)[1:]
OFFERED = ("allocated", "in-use", "recycled", "stolen")  # statuses to which the lifecycle has an action
USER_FIELDS = (
    "Name", "EmailAddress", "RealName", "NickName", "Organization", "Address1", "Address2", "City", "State", "Zip",
    "Country", "HomePhone", "WorkPhone", "MobilePhone", "PagerPhone", "Comments", "Gecos",
)  # fmt: skip
CUT = 255
NOBODY = 6


@dataclass(slots=True)
class Field:
    """A custom field; `catalogs` None applies it to all of them."""

    id: int
    name: str
    type: str = "Freeform"
    many: bool = False
    unique: bool = False
    values: tuple[str, ...] = ()
    catalogs: tuple[int, ...] | None = None


@dataclass(slots=True)
class Asset:
    """An asset. `custom` holds the values by id of the custom field; an empty one is None, as RT stores it."""

    id: int
    catalog: int
    name: str = ""
    description: str = ""
    status: str = "new"
    roles: dict[str, list[int]] = field(default_factory=lambda: {"HeldBy": [], "Contact": [], "Owner": [NOBODY]})
    custom: dict[int, list[str | None]] = field(default_factory=dict)
    created: float = 0
    updated: float = 0
    updated_by: int = 1


@dataclass(slots=True)
class Transaction:
    """One entry of the record of changes."""

    id: int
    object_type: str
    object_id: int
    type: str
    field: str
    old: str
    new: str
    creator: int
    created: float


class Store:
    """All data. The caller holds the server's lock."""

    def __init__(self, clock: SimClock) -> None:
        self.clock = clock
        self.began = clock.now()
        self.catalogs: dict[int, str] = {1: "General assets"}
        self.fields: dict[int, Field] = {}
        self.users: dict[int, dict[str, Any]] = {}
        self.assets: dict[int, Asset] = {}
        self.transactions: list[Transaction] = []
        self._principal = 0
        for number, name, mail in ((1, "RT_System", ""), (NOBODY, "Nobody", ""), (14, "root", "root@localhost")):
            self._principal = number - 1
            self.user(name, mail)

    # --- making -------------------------------------------------------------------------------------------------------

    def catalog(self, name: str) -> int:
        """Add a catalog; return its id."""
        number = max(self.catalogs) + 1
        self.catalogs[number] = name
        return number

    def field(self, name: str, kind: str = "Freeform", **settings: Any) -> Field:
        """Add a custom field for assets."""
        made = Field(max(self.fields, default=1) + 1, name, kind, **settings)
        self.fields[made.id] = made
        return made

    def user(self, name: str, mail: str = "", **fields: Any) -> int:
        """Add a user; return the id."""
        self._principal += 1
        made = dict.fromkeys(USER_FIELDS, "") | {"Name": name, "EmailAddress": mail, **fields}
        self.users[self._principal] = made | {"Updated": self.clock.now(), "Disabled": 0}
        self.record("RT::User", self._principal, "Create", "", "", "", 1)
        return self._principal

    def asset(self, catalog: int, by: int) -> Asset:
        """Add an empty asset."""
        now = self.clock.now()
        made = Asset(max(self.assets, default=0) + 1, catalog, created=now, updated=now, updated_by=by)
        self.assets[made.id] = made
        return made

    def record(self, kind: str, number: int, what: str, name: str, old: Any, new: Any, by: int) -> None:
        """Note a change, and when it was."""
        now = self.clock.now()
        entry = Transaction(
            len(self.transactions) + 20, kind, number, what, name, str(old or ""), str(new or ""), by, now
        )
        self.transactions.append(entry)
        if kind == "RT::Asset":
            self.assets[number].updated, self.assets[number].updated_by = now, by
        else:
            self.users[number]["Updated"] = now

    # --- asking -------------------------------------------------------------------------------------------------------

    def tag(self, kind: str, number: int) -> str:
        """Return the ETag of a record: its last transaction."""
        last = next((t.id for t in reversed(self.transactions) if (t.object_type, t.object_id) == (kind, number)), 0)
        return f'"{last}"'

    def applied(self, catalog: int) -> list[Field]:
        """List the custom fields of a catalog's assets."""
        return [f for f in self.fields.values() if f.catalogs is None or catalog in f.catalogs]

    def find_field(self, identifier: str, catalog: int) -> Field | None:
        """Find a custom field of a catalog by id or name."""
        return next((f for f in self.applied(catalog) if identifier in (str(f.id), f.name)), None)

    def find_user(self, text: str) -> int | None:
        """Find a user by id, or by name whatever its case."""
        if text.isdigit():
            return int(text) if int(text) in self.users else None
        return next((i for i, u in self.users.items() if u["Name"].casefold() == text.casefold()), None)

    def find_catalog(self, text: str) -> int | None:
        """Find a catalog by id or name."""
        if text.isdigit() and int(text) in self.catalogs:
            return int(text)
        return next((i for i, name in self.catalogs.items() if name.casefold() == text.casefold()), None)

    def taken(self, custom: Field, value: str, but: int) -> bool:
        """Tell whether another asset that is not deleted holds a value."""
        return any(
            value in a.custom.get(custom.id, ()) for a in self.assets.values() if a.id != but and a.status != "deleted"
        )

    def fit(self, custom: Field, value: str) -> str | None:
        """Bring a value into the form that RT stores; None where it refuses it."""
        if custom.type == "Date":
            return _date(value)
        if custom.type == "Select" and value and value not in custom.values:
            return None
        if custom.type == "IPAddress" and value:
            try:
                return str(ip_address(value).compressed)
            except ValueError:
                return None
        return value


def iso(moment: float) -> str:
    """Write a moment as RT does, to the second."""
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _date(text: str) -> str:
    """Read a date as RT does: what cannot be read is 1970-01-01, an impossible day the next possible."""
    try:
        year, month, day = (int(part) for part in text[:10].split("-"))
        return (date(year, month, 1) + timedelta(days=day - 1)).isoformat()
    except (ValueError, OverflowError):
        return "1970-01-01"
