"""Records of a small, quarrelsome world: few values, so that they collide all the time."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from synchub.domain.model import FIELDS
from synchub.domain.records import CLEAR, Contribution

SERIALS = ("5CG81F02QX", "5CG81F02OX", "5CG81F03AB", "PF1ABCDE", "TO BE FILLED BY O.E.M.", "0", "DEFAULTSTRING")
MAKERS = ("HP", "Hewlett-Packard", "Dell", "System manufacturer")
MODELS = ("EliteBook 840 G10", "EliteBook 840 G10 Notebook PC", "Latitude 5440", "System Product Name")
TAGS = ("A204117", "A204118", "No Asset Tag")
MACS = ("00:50:56:bf:bb:17", "00:50:56:bf:bb:18", "00:50:56:bf:bb:19", "0a:00:27:00:00:00", "fe:ff:ff:ff:ff:ff")
HOSTS = ("nb-1", "nb-2", "localhost", "win-golden")
UUIDS = (
    "8d717151-fbdc-4641-b2d1-0f8e4d1ce1a2",
    "5171718d-dcfb-4146-b2d1-0f8e4d1ce1a2",  # the same in the other byte order
    "8d717151-fbdc-4641-b2d1-0f8e4d1ce1a3",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
)
OWNERS = ("anna.novak@corp.example", "anna.novak", "ben.kim@corp.example")
PLACEHOLDERS = frozenset({"TOBEFILLEDBYOEM", "0", "DEFAULTSTRING", "localhost", "wingolden", *MACS[3:]})
SOURCES = {"erp": "procurement", "mdm": "mdm", "scan": "discovery", "hr": "hr"}


def _maybe(values: tuple[str, ...]) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values)


HARDWARE_FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "serial_number": _maybe(SERIALS),
        "manufacturer": _maybe(MAKERS),
        "model": _maybe(MODELS),
        "asset_tag": _maybe(TAGS),
        "uuid": _maybe(UUIDS),
        "hostname": _maybe(HOSTS),
        "mac_addresses": st.none() | st.lists(st.sampled_from(MACS), min_size=1, max_size=2, unique=True).map(sorted),
        "imei": _maybe(("356938035643809", "356938035643810", "000000000000000")),
        "assigned_to": _maybe(OWNERS),
        "management_id": _maybe(("6f0c1e2a-0000-4000-8000-000000000001",)),
    }
).map(lambda fields: {name: value for name, value in fields.items() if value is not None})

MERGE_FIELDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "serial_number": _maybe(SERIALS),
        "name": _maybe(("x", "y", CLEAR)),
        "price": _maybe(("12.00", "9.50", "100", CLEAR)),
        "currency": _maybe(("EUR", "USD")),
        "assigned_to": _maybe((*OWNERS, CLEAR)),
        "ram_mib": st.none() | st.sampled_from([4096, 8192, 16384]),
        "os_version": _maybe(("10.0", "9.1")),
        "location": _maybe(("BER", "MUC")),
        "lifecycle": _maybe(("deployed", "in_stock")),
        "mac_addresses": st.none() | st.lists(st.sampled_from(MACS), min_size=1, max_size=3, unique=True).map(sorted),
        "last_seen_at": _maybe(("2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z", "2026-11-21T23:59:59Z")),
    }
).map(lambda fields: {name: value for name, value in fields.items() if value is not None})

CLASSES = st.sampled_from(["computer", "computer", "computer", "server", "mobile_device", "hardware"])


def _of_class(cls: str, values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in FIELDS[cls]}


def contributions(
    fields: st.SearchStrategy[dict[str, Any]] = HARDWARE_FIELDS, *, min_size: int = 1, max_size: int = 10
) -> st.SearchStrategy[list[Contribution]]:
    """Lists of records with distinct ids and distinct native keys."""
    one = st.tuples(st.sampled_from(sorted(SOURCES)), CLASSES, fields, st.integers(0, 4), st.integers(0, 10**6))
    return st.lists(one, min_size=min_size, max_size=max_size).map(
        lambda rows: [
            Contribution(i + 1, source, "s", f"{salt}-{i}", cls, _of_class(cls, values), at * 1000)
            for i, (source, cls, values, at, salt) in enumerate(rows)
        ]
    )
