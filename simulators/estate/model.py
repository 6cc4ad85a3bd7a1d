"""What an estate consists of. Plain data; nothing here talks to anybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

Row = dict[str, str]

# Characters that people and systems put into serials without meaning anything by them.
_NOISE = str.maketrans("", "", " -_./:")
SOURCES: dict[str, str] = {"procurement": "po_line_id", "hr": "employee_id", "mdm": "id", "discovery": "deviceid"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who works here, did, or will; `former_id` is the number of an earlier employment."""

    id: str
    employee_id: str
    given_name: str
    family_name: str
    email: str
    department: str
    cost_centre: str
    site: str
    manager_id: str
    job_title: str
    status: str
    starts_on: date
    ends_on: date | None
    phone: str
    former_id: str | None = None

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class Device:
    """A true device, as it is. `sources` holds the first letters of the sources that know it (`"pmd"`).

    MACs are 12 lower-case hexadecimal digits, `uuid` is lower case with dashes, `price` is in cents of EUR.
    `kind` is laptop, desktop, phone, server, network, printer or vm; `personal` marks a device its owner brought.
    """

    id: str
    kind: str
    manufacturer: str
    model: str
    part_number: str
    serial: str
    asset_tag: str
    host: str
    uuid: str
    wifi: str
    ethernet: str
    imei: str
    os_name: str
    os_version: str
    cpu: str
    cores: int
    ram_mib: int
    disk_gb: int
    owner: Person | None
    site: str
    vendor: str
    price: int
    bought_on: date
    sources: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One record that `mutate` changed; `field` is a dotted path inside the record."""

    source: str
    key: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A procurement row that cannot be read as a record: the 1-based `line` of `file`, and what is wrong."""

    file: str
    line: int
    why: str


@dataclass(frozen=True, slots=True)
class Drops:
    """Folders that `Estate.write` filled."""

    erp: Path
    hr: Path
    agents: Path


@dataclass(frozen=True, slots=True)
class Agent:
    """One inventory: its file name (`.xml` or `.json`) and its content in the GLPI native JSON form."""

    file: str
    document: dict[str, Any]


def plain(value: str) -> str:
    """Bring an identity value into the form in which the truth compares it (upper case, letters and digits)."""
    value = value.strip().upper()
    return value.removeprefix("S/N:").translate(_NOISE)


@dataclass(slots=True)
class AssetRow:
    """One object.

    Attributes:
        kind: Name of its type.
        values: Attribute -> text; references by the Name of what they refer to (people by e-mail address), statuses by
            name, people with an account by e-mail address.
        about: Device or person it is about; empty for companies, places and the like.
        by: E-mail address of who typed it.
        days: How many days ago.
        edits: Values somebody put in place of others later, by hand.
    """

    kind: str
    values: dict[str, str]
    about: str = ""
    by: str = ""
    days: int = 100
    edits: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Shelf:
    """What fills a site: accounts as (e-mail, name, address visible), and objects, each after those it refers to."""

    accounts: list[tuple[str, str, bool]] = field(default_factory=list)
    rows: list[AssetRow] = field(default_factory=list)


@dataclass(slots=True)
class Truth:
    """Which device (or person) every record is about.

    Attributes:
        records: (source, native key) -> device id. Order lines that are no device are absent.
        people: employee id -> person id; the two employments of a rehired person share one.
        cis: sys_id of a CI that was in ServiceNow before -> device id.
        assets: the same for assets.
        users: sys_id of a user that was there before -> person id.
        objects: key of a Jira Assets object that was there before -> device or person id; known once it is loaded.
        kinds: device id -> kind.
        personal: devices that must never reach a target.
        anonymous: devices of which no source holds a usable serial, tag, MAC, UUID or IMEI: nobody can tell them apart.
        identities: (kind of identity, plain value) -> devices that carry it in any source or CI. Kinds are serial,
            asset_tag, name, mac, uuid, imei; and email, login, employee_id, which lead to people.
    """

    records: dict[tuple[str, str], str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    cis: dict[str, str] = field(default_factory=dict)
    assets: dict[str, str] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()
    anonymous: frozenset[str] = frozenset()
    identities: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def device_of(self, source: str, key: str) -> str | None:
        """Return the device a source record is about; None where it is about none."""
        return self.records.get((source, key))

    def learn(self, device: str, kind: str, values: Iterable[str | None]) -> None:
        """Note that a device is known under these identity values."""
        for value in values:
            if value and (short := plain(value)):
                self.identities.setdefault((kind, short), set()).add(device)

    def known_in_sources(self) -> set[str]:
        """List the devices at least one source knows, without those people brought themselves."""
        return set(self.records.values()) - self.personal


@dataclass(slots=True)
class Estate:
    """Everything that `build` makes; see the package for what to do with it.

    Attributes:
        procurement: Rows of the orders, values as text in German form.
        broken: Raw CSV lines that stand among the rows, as (position before which it stands, line, why).
        hr: Records of people.
        intune_devices: Graph managedDevice objects with their real values, also those that a LIST hides.
        intune_users: Graph user objects.
        agents: Inventories.
        servicenow: Table name -> rows; every row has a `sys_id`, values are strings.
        changes: What `mutate` did, empty for a built estate.
        assets: What other people typed into Jira Assets, and who has an Atlassian account.
    """

    seed: int
    today: date
    people: list[Person]
    devices: list[Device]
    procurement: list[Row]
    broken: list[tuple[int, str, str]]
    hr: list[dict[str, Any]]
    intune_devices: list[dict[str, Any]]
    intune_users: list[dict[str, Any]]
    agents: list[Agent]
    servicenow: dict[str, list[Row]]
    truth: Truth
    changes: list[Change] = field(default_factory=list)
    hr_format: str = "ndjson"
    assets: Shelf = field(default_factory=Shelf)

    def counts(self) -> dict[str, int]:
        """Count the records of each source, without broken rows."""
        return {
            "procurement": len(self.procurement),
            "hr": len(self.hr),
            "mdm": len(self.intune_devices),
            "discovery": len(self.agents),
        }

    def write(self, root: Path) -> Drops:
        """Write the drops below `root`; files whose bytes would not change are left alone.

        Returns:
            The folders `erp`, `hr` and `agents` below `root`.
        """
        from simulators.estate.drops import write

        return write(self, root)
