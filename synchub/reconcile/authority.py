"""The shipped authority matrix: which kind of source is believed first, per field.

Cost and purchase come from procurement, who works here from HR, who uses a device from its management, operating system
and encryption from device management, network from discovery. The table in `docs/identification.md` is made of this
module.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from synchub.domain.model import FIELDS


class Role(StrEnum):
    """What kind of system a source is."""

    PROCUREMENT = "procurement"
    HR = "hr"
    MDM = "mdm"
    DISCOVERY = "discovery"
    OTHER = "other"


class How(StrEnum):
    """How a field's value is chosen."""

    ORDERED = "ordered"  # the first source in order that has a value
    NEWEST = "newest"  # the latest observation
    LARGEST = "largest"  # the largest value
    MOST_REPORTED = "most_reported"  # the value that most sources give
    UNION = "union"  # all values of a list


class Shipped(NamedTuple):
    """One rule of the matrix: how, and for `ORDERED` the roles, best first."""

    how: How
    roles: tuple[Role, ...] = ()


_P, _H, _M, _D, _O = Role.PROCUREMENT, Role.HR, Role.MDM, Role.DISCOVERY, Role.OTHER
_MANAGED = Shipped(How.ORDERED, (_M, _D, _P, _O, _H))
_BOUGHT = Shipped(How.ORDERED, (_P, _O, _M, _D, _H))
_SCANNED = Shipped(How.ORDERED, (_D, _M, _O, _P, _H))
_WORKS = Shipped(How.ORDERED, (_H, _O, _M, _D, _P))
_USED = Shipped(How.ORDERED, (_M, _H, _P, _O, _D))
_DESK = Shipped(How.ORDERED, (_O, _M, _H, _P, _D))  # where the ticket lives is none of the other roles
_LATEST = Shipped(How.LARGEST)
_ALL = Shipped(How.UNION)

# Family -> field -> rule; `default` holds for the rest.
SHIPPED: dict[str, dict[str, Shipped]] = {
    "hardware": {
        "default": _MANAGED,
        **dict.fromkeys(
            (
                "asset_tag", "part_number", "vendor", "price", "currency", "ordered_on", "received_on",
                "warranty_ends_on", "order_number", "invoice_number", "cost_centre", "location", "description",
            ),
            _BOUGHT,
        ),
        **dict.fromkeys(("fqdn", "cpu_model", "cpu_cores", "ram_mib", "uuid"), _SCANNED),
        "assigned_to": _USED,
        "department": _WORKS,
        "last_seen_at": _LATEST,
        "mac_addresses": _ALL,
        "ip_addresses": _ALL,
    },
    "person": {"default": _WORKS},
    "purchase_order": {"default": _BOUGHT},
    "purchase_order_line": {"default": _BOUGHT},
    "receipt": {"default": _BOUGHT},
    "invoice": {"default": _BOUGHT},
    "ticket": {"default": _DESK, "changed_at": _LATEST},
}  # fmt: skip

# Which record speaks for the class of an entity; a class below `hardware` always wins over `hardware`.
CLASS_ORDER = _MANAGED

# A field that means nothing without another: it comes from the same record.
FOLLOWS = {"currency": "price"}


def matrix_table() -> str:
    """Render the matrix as Markdown, one row per family and rule."""
    lines = ["| family | fields | who is believed |", "|---|---|---|"]
    for family, rules in SHIPPED.items():
        grouped: dict[Shipped, list[str]] = {}
        for name, rule in rules.items():
            grouped.setdefault(rule, []).append(name)
        for rule, names in grouped.items():
            fields = "all other fields" if "default" in names else ", ".join(f"`{n}`" for n in sorted(names))
            extra = sorted(n for n in names if n != "default") if "default" in names else []
            fields += f", {', '.join(extra)}" if extra else ""
            text = ", then ".join(rule.roles) if rule.roles else rule.how.replace("_", " ")
            lines.append(f"| {family} | {fields} | {text} |")
    return "\n".join(lines)


KNOWN_FIELDS = {name: frozenset(fields) for name, fields in FIELDS.items()}
