"""Which values of a record may identify it.

An identifier is a kind and a value in one comparable form. *Joining* kinds pull records into one component, which
`cluster` then decides; they are supersets of what really joins (a serial number alone pulls, serial number and
manufacturer join). *Proposing* kinds only bring entities before `propose`.

Nothing is read from native keys, order numbers of hardware or the order of records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import xxhash

from synchub.domain.model import CLASSES
from synchub.domain.records import CLEAR
from synchub.reconcile import placeholders as no
from synchub.reconcile.comparable import dell_tag, host_key, maker_key, model_key, serial_key, tag_key, usable_uuid


class Kind(IntEnum):
    """Kinds of identifiers; the numbers are stored, so they never change meaning."""

    SERIAL = 1  # serial number alone; `cluster` asks for manufacturer and model as well
    UUID = 2  # SMBIOS UUID, both byte orders brought to one value
    IMEI = 3
    ASSET_TAG = 4
    MANAGEMENT_ID = 5
    MAC = 6
    HOST_MODEL = 7  # host name + model
    OWNER_MODEL = 8  # proposes: login part of the user + model
    SERIAL_NEAR = 9  # proposes: every other character of the serial + model; one wrong character leaves one half equal
    FQDN = 10  # proposes: host name + domain
    TICKET = 11  # number + the system that issued it
    WORKER_ID = 20
    DIRECTORY_ID = 21
    EMAIL = 22  # e-mail, and logins that have the form of one
    LOGIN = 23
    PERSON_NAME = 24  # proposes: given and family name
    ORDER = 27  # order number
    RECEIPT = 28  # number + vendor, announced and received apart
    INVOICE = 29  # number + vendor, invoices and credit notes apart
    ORDER_LINE = 30  # order number + line


class Identifier(NamedTuple):
    """A kind and a value in comparable form."""

    kind: Kind
    value: str


JOINING = frozenset(
    {
        Kind.SERIAL, Kind.UUID, Kind.IMEI, Kind.ASSET_TAG, Kind.MANAGEMENT_ID, Kind.MAC, Kind.HOST_MODEL,
        Kind.WORKER_ID, Kind.DIRECTORY_ID, Kind.EMAIL, Kind.LOGIN, Kind.ORDER, Kind.RECEIPT,
        Kind.INVOICE, Kind.ORDER_LINE, Kind.TICKET,
    }
)  # fmt: skip
PROPOSING = frozenset(Kind) - JOINING

# How many records may hold a value before it is taken for shared. Four sources with a second record each are eight.
_LIMITS: dict[Kind, int] = {
    Kind.SERIAL: 12,
    Kind.UUID: 8,
    Kind.IMEI: 8,
    Kind.ASSET_TAG: 8,
    Kind.MANAGEMENT_ID: 8,
    Kind.MAC: 4,
    Kind.HOST_MODEL: 6,
    Kind.OWNER_MODEL: 24,
    Kind.SERIAL_NEAR: 40,
    Kind.FQDN: 8,
    Kind.WORKER_ID: 8,
    Kind.DIRECTORY_ID: 8,
    Kind.EMAIL: 8,
    Kind.LOGIN: 8,
    Kind.PERSON_NAME: 24,
    Kind.ORDER: 500,  # each change, confirmation, delivery and invoice of an order is a document that names it
    Kind.RECEIPT: 8,
    Kind.INVOICE: 8,
    Kind.ORDER_LINE: 500,
    Kind.TICKET: 8,
}


def limit(kind: int) -> int:
    """Return how many records may hold one value of a kind; a value that more of them hold is shared: not eligible.

    Eligibility is a function of the current counts only, so that it does not depend on the order of arrival.
    """
    return _LIMITS[Kind(kind)]


_KIND_BITS = 31
_NOT_KIND = ~_KIND_BITS
_HIGH = 1 << 63


def identifier_hash(kind: int, value: str) -> int:
    """Hash an identifier to a signed 64-bit number, the kind in its lowest five bits (`kind_of`).

    A collision only makes a component too large; `cluster` compares the values themselves.
    """
    raw = xxhash.xxh3_64_intdigest(value.encode("utf-8", "surrogatepass"), kind)
    return int((raw & ~_KIND_BITS | kind) - _HIGH)


def hash_all(pairs: Sequence[tuple[int, str]]) -> list[int]:
    """Hash (kind, value) pairs like `identifier_hash`."""
    digest = xxhash.xxh3_64_intdigest
    try:
        return [(digest(value.encode(), kind) & _NOT_KIND | kind) - _HIGH for kind, value in pairs]
    except UnicodeEncodeError:
        return [identifier_hash(kind, value) for kind, value in pairs]


def kind_of(hash_: int) -> int:
    """Return the kind of an identifier from its hash.

    >>> kind_of(identifier_hash(Kind.MAC, "00:50:56:bf:bb:17")) == Kind.MAC
    True
    """
    return hash_ & _KIND_BITS


_DELL = frozenset({"dell", "dellemc", "alienware"})
_mac_is_placeholder = lru_cache(maxsize=16_384)(no.placeholder_mac)


def _may_be_dell(get: Callable[[str], Any]) -> bool:
    """Tell whether a record says Dell or nothing; hypervisors, which count as no manufacturer, say something."""
    value = get("manufacturer")
    return not value or value == CLEAR or maker_key(value) in _DELL


class Traits:
    """What identification looks at in one hardware record; empty strings stand for unknown or not usable.

    `born` is the serial number that the UUID of a Dell was made of, where the record has none of its own. It joins like
    one, and contradicts nothing.
    """

    __slots__ = (
        "born", "fqdn", "host", "imei", "macs", "maker", "management", "model", "owner", "serial", "tag", "uuid",
    )  # fmt: skip

    def __init__(self, fields: Mapping[str, Any]) -> None:
        get = fields.get
        value = get("manufacturer")
        self.maker = maker = maker_key(value) if value and value != CLEAR else ""
        value = get("model")
        self.model = model_key(value, maker) if value and value != CLEAR else ""
        value = get("serial_number")
        self.serial, uuid = serial_key(value) if value and value != CLEAR else ("", "")
        value = get("uuid")
        self.uuid = (usable_uuid(value) if value and value != CLEAR else "") or uuid
        self.born = dell_tag(self.uuid) if self.uuid and not self.serial and _may_be_dell(get) else ""
        value = get("imei")
        self.imei = "" if not value or value == CLEAR or no.placeholder_imei(value) else value
        value = get("asset_tag")
        self.tag = tag_key(value) if value and value != CLEAR else ""
        value = get("management_id")
        self.management = "" if not value or value == CLEAR or no.placeholder_id(value) else value.lower()
        value = get("mac_addresses")
        self.macs: tuple[str, ...] = (
            tuple([mac for mac in value if not _mac_is_placeholder(mac)]) if value and value != CLEAR else ()
        )
        value = get("hostname")
        self.host = host_key(value) if value and value != CLEAR else ""
        value = get("fqdn")
        self.fqdn = value.lower() if value and "." in value and (self.host or host_key(value)) else ""
        value = get("assigned_to")
        self.owner = value.lower() if value and value != CLEAR else ""

    def joining(self) -> list[tuple[int, str]]:
        """List (kind, value) of the joining identifiers."""
        out: list[tuple[int, str]] = []
        if self.serial or self.born:
            out.append((1, self.serial or self.born))
        if self.uuid:
            out.append((2, self.uuid))
        if self.imei:
            out.append((3, self.imei))
        if self.tag:
            out.append((4, self.tag))
        if self.management:
            out.append((5, self.management))
        out.extend([(6, mac) for mac in self.macs])
        if self.host and self.model:
            out.append((7, f"{self.host}|{self.model}"))
        return out

    def proposing(self) -> list[tuple[int, str]]:
        """List (kind, value) of the proposing identifiers."""
        out: list[tuple[int, str]] = []
        if self.model:
            if self.owner:
                out.append((8, f"{self.owner.partition('@')[0]}|{self.model}"))
            if len(self.serial) >= 6:
                out.append((9, f"0{self.serial[::2]}|{self.model}"))
                out.append((9, f"1{self.serial[1::2]}|{self.model}"))
        if self.fqdn:
            out.append((10, self.fqdn))
        return out


@lru_cache(maxsize=8192)
def _usable(value: str | None) -> str:
    """Bring an id to comparable form; empty when it says nothing."""
    return "" if not value or value == CLEAR or no.placeholder_id(value) else value.lower()


class PersonTraits:
    """What identification looks at in one record of a person."""

    __slots__ = ("directory", "email", "family", "given", "login", "worker")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        get = fields.get
        self.worker = _usable(get("worker_id"))
        self.directory = _usable(get("directory_id"))
        self.email = _usable(get("email"))
        self.login = _usable(get("login"))
        self.given = name_key(fields.get("given_name"))
        self.family = name_key(fields.get("family_name"))

    def joining(self) -> list[tuple[int, str]]:
        """List (kind, value) of the joining identifiers."""
        out: list[tuple[int, str]] = []
        if self.worker:
            out.append((20, self.worker))
        if self.directory:
            out.append((21, self.directory))
        mails = {value for value in (self.email, self.login) if "@" in value}
        out.extend((22, value) for value in sorted(mails))
        if self.login and "@" not in self.login:
            out.append((23, self.login))
        return out

    def proposing(self) -> list[tuple[int, str]]:
        """List (kind, value) of the proposing identifiers."""
        return [(24, f"{self.given}|{self.family}")] if self.given and self.family else []


@lru_cache(maxsize=8192)
def name_key(value: str | None) -> str:
    """Bring a part of a person's name to comparable form: letters only, case and accents ignored.

    >>> name_key("Müller-Lüdenscheidt")
    'mullerludenscheidt'
    """
    import unicodedata

    if not value or value == CLEAR:
        return ""
    plain = unicodedata.normalize("NFKD", value.casefold())
    return "".join(c for c in plain if c.isalnum())


def _number(value: Any) -> str:
    """Bring the number of an order or document to comparable form; empty when it says nothing."""
    text = str(value) if value and value != CLEAR else ""
    return "" if not text or no.placeholder_id(text) else text.upper()


class PaperTraits:
    """What identification looks at in one record of an order, a line, a receipt, an invoice or a ticket."""

    __slots__ = ("kind", "number")

    def __init__(self, kind: int, number: str) -> None:
        self.kind, self.number = kind, number

    def joining(self) -> list[tuple[int, str]]:
        """List (kind, value) of the joining identifiers."""
        return [(self.kind, self.number)] if self.number else []

    def proposing(self) -> list[tuple[int, str]]:
        """Papers are never proposed."""
        return []


def _order(fields: Mapping[str, Any]) -> PaperTraits:
    return PaperTraits(27, _number(fields.get("order_number")))


def _order_line(fields: Mapping[str, Any]) -> PaperTraits:
    order, line = _number(fields.get("order_number")), fields.get("line_number")
    return PaperTraits(30, f"{order}|{line}" if order and line and line != CLEAR else "")


def _receipt(fields: Mapping[str, Any]) -> PaperTraits:
    return PaperTraits(28, _of_vendor(fields, "receipt_number"))


def _invoice(fields: Mapping[str, Any]) -> PaperTraits:
    return PaperTraits(29, _of_vendor(fields, "invoice_number"))


def _ticket(fields: Mapping[str, Any]) -> PaperTraits:
    """Every system counts by itself: two desks both have a ticket 1042."""
    number, tracker = _number(fields.get("ticket_number")), fields.get("tracker")
    return PaperTraits(11, f"{number}|{tracker.lower()}" if number and tracker and tracker != CLEAR else "")


def _of_vendor(fields: Mapping[str, Any], number: str) -> str:
    """Every vendor counts by itself, and what answers a document may repeat its number."""
    vendor = fields.get("vendor")
    maker = maker_key(vendor) if vendor and vendor != CLEAR else ""
    known = _number(fields.get(number))
    return f"{known}|{maker}|{fields.get('kind') or ''}" if known and maker else ""


AnyTraits = Traits | PersonTraits | PaperTraits
_FAMILY: dict[str, Callable[[Mapping[str, Any]], AnyTraits]] = {
    "hardware": Traits,
    "person": PersonTraits,
    "purchase_order": _order,
    "purchase_order_line": _order_line,
    "receipt": _receipt,
    "invoice": _invoice,
    "ticket": _ticket,
}
_MAKE = {name: _FAMILY[model.family] for name, model in CLASSES.items()}
_KINDS = {int(kind): kind for kind in Kind}


def traits(cls: str, fields: Mapping[str, Any]) -> AnyTraits:
    """Read what identification looks at.

    Raises:
        KeyError: The class is not one of `CLASSES`.
    """
    return _MAKE[cls](fields)


def hashes_of(cls: str, fields: Mapping[str, Any]) -> tuple[list[int], list[int]]:
    """Hash what `identifiers` lists: (joining, proposing)."""
    found = _MAKE[cls](fields)
    return hash_all(found.joining()), hash_all(found.proposing())


def identifiable(cls: str, fields: Mapping[str, Any]) -> bool:
    """Tell whether a record has any joining identifier."""
    for name, comparable in _SUFFICIENT.get(_MAKE[cls], ()):  # mostly the first one answers
        if name in fields and comparable(fields[name]):
            return True
    return bool(_MAKE[cls](fields).joining())


# Fields of which one usable value is a joining identifier by itself.
_SUFFICIENT: dict[Any, tuple[tuple[str, Callable[[str], Any]], ...]] = {
    Traits: (("serial_number", lambda value: value != CLEAR and any(serial_key(value))),),
    PersonTraits: (("worker_id", _usable),),
}


def joining_hashes(cls: str, fields: Mapping[str, Any]) -> list[int]:
    """Hash the joining identifiers of a record."""
    return hash_all(_MAKE[cls](fields).joining())


def proposing_hashes(cls: str, fields: Mapping[str, Any]) -> list[int]:
    """Hash the proposing identifiers of a record."""
    return hash_all(_MAKE[cls](fields).proposing())


def identifiers(cls: str, fields: Mapping[str, Any]) -> list[Identifier]:
    """List the values of a record that may identify it, joining kinds first; placeholders are left out.

    Args:
        cls: Canonical class.
        fields: Canonical fields as in `CanonicalRecord`.

    >>> identifiers("computer", {"serial_number": "0", "asset_tag": "A204117"})
    [Identifier(kind=<Kind.ASSET_TAG: 4>, value='A204117')]
    """
    found = _MAKE[cls](fields)
    new = tuple.__new__
    return [new(Identifier, (_KINDS[kind], value)) for kind, value in (*found.joining(), *found.proposing())]
