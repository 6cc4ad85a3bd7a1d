"""What the identification engine works with: rules, payload items, results.

Rules: docs_cmdb/class-hardware.md and class-computer.md (the Hardware Rule, also of Computer and Server, with its four
entries in order), c_IdentificationRules.md (dependent classes). Attributes, conditions and "exact count match" of the
Hardware Rule are those of the CMDB Meta example (cmdb-meta-api.md); the IRE examples name `mac_address, name` for the
last entry, class-hardware.md and the Meta example MAC and IP address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.servicenow.store import Row

PARTIAL_ERRORS = frozenset(
    {"MISSING_MATCHING_ATTRIBUTES", "REQUIRED_ATTRIBUTE_EMPTY", "MISSING_DEPENDENCY", "INSERT_NOT_ALLOWED_FOR_SOURCE"}
)
UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """One identifier entry.

    Attributes:
        table: Searched.
        attributes: Criterion attributes, all of which must be given.
        lookup: The table points back to the CI; all lookup records given must be found for it (exact count match).
        condition: What else a lookup row must hold.
        excluded: What a lookup row must not hold.
    """

    table: str
    attributes: tuple[str, ...]
    lookup: bool = False
    condition: tuple[tuple[str, str], ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class IdentifierRule:
    """One identification rule; `host` is the field that points to the CI a dependent class hangs on."""

    name: str
    table: str
    sys_id: str
    entries: tuple[Entry, ...]
    host: str = ""
    relations: tuple[str, ...] = ()


RULES = {
    rule.table: rule
    for rule in (
        IdentifierRule(
            "Hardware Rule",
            "cmdb_ci_hardware",
            "556eb250c3400200d8d4bea192d3ae92",
            (
                Entry(
                    "cmdb_serial_number",
                    ("serial_number", "serial_number_type"),
                    lookup=True,
                    condition=(("valid", "true"),),
                    excluded=(("absent", "true"),),
                ),
                Entry("cmdb_ci_hardware", ("serial_number",)),
                Entry("cmdb_ci_hardware", ("name",)),
                Entry(
                    "cmdb_ci_network_adapter",
                    ("ip_address", "mac_address"),
                    lookup=True,
                    excluded=(("install_status", "100"),),
                ),
            ),
        ),
        IdentifierRule(
            "Virtual Machine Instance Rule",
            "cmdb_ci_vm_instance",
            "5f1c7f3ac3400200d8d4bea192d3ae01",
            (Entry("cmdb_ci_vm_instance", ("bios_uuid",)),),
        ),
        IdentifierRule(
            "Network Adapter Rule",
            "cmdb_ci_network_adapter",
            "5f1c7f3ac3400200d8d4bea192d3ae02",
            (Entry("cmdb_ci_network_adapter", ("mac_address", "name")),),
            host="cmdb_ci",
            relations=("Owns::Owned by",),
        ),
        IdentifierRule(
            "Disk Rule",
            "cmdb_ci_disk",
            "5f1c7f3ac3400200d8d4bea192d3ae03",
            (Entry("cmdb_ci_disk", ("name",)),),
            host="computer",
            relations=("Contains::Contained by",),
        ),
    )
}

# Tables that may stand under `lookup` or `related`, and the field that points back to the CI.
BACK_REFERENCE = {
    "cmdb_serial_number": "cmdb_ci", "cmdb_ci_network_adapter": "cmdb_ci", "cmdb_software_instance": "installed_on",
    "cmdb_ci_disk": "computer",
}  # fmt: skip
SUB_CRITERIA = {
    "cmdb_serial_number": ("serial_number", "serial_number_type"), "cmdb_ci_network_adapter": ("mac_address", "name"),
    "cmdb_software_instance": ("name",), "cmdb_ci_disk": ("name",),
}  # fmt: skip


@dataclass(slots=True)
class Item:
    """One item of a payload on its way.

    Attributes:
        indices: Positions in the payload; more than one after deduplication.
        data: As sent.
        rule: Of its class.
        match: The record found.
        host: The item a dependent one hangs on.
        operation: Outcome.
        table: Class of the record after the operation.
    """

    indices: list[int]
    data: dict[str, Any]
    rule: IdentifierRule | None = None
    match: Row | None = None
    host: Item | None = None
    operation: str = ""
    table: str = ""
    sys_id: str = UNKNOWN
    entry_id: str = UNKNOWN
    values: dict[str, str] = field(default_factory=dict)
    attempts: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, str]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    info: list[dict[str, str]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    subs: list[dict[str, Any]] = field(default_factory=list)
    sub_ids: list[str | None] = field(default_factory=list)
    duplicates: list[Row] = field(default_factory=list)
    stale: bool = False
    processed: bool = False

    @property
    def class_name(self) -> str:
        """Class asked for."""
        return str(self.data.get("className", ""))

    @property
    def source_info(self) -> Mapping[str, Any]:
        """Its `sys_object_source_info`, empty where there is none."""
        info = self.data.get("sys_object_source_info")
        return info if isinstance(info, dict) else {}

    @property
    def source_key(self) -> tuple[str, str] | None:
        """Source name and native key, when both are given."""
        name, key = str(self.source_info.get("source_name", "")), str(self.source_info.get("source_native_key", ""))
        return (name, key) if name and key else None

    def fail(self, error: str, message: str) -> None:
        """Note an error (id-engine-error-messages.md)."""
        self.errors.append({"error": error, "message": message})


def subs_of(data: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    """List an item's `lookup` or `related` records."""
    found = data.get(kind)
    return [sub for sub in found if isinstance(sub, dict)] if isinstance(found, list) else []


def values_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Read the `values` of an item or sub-record."""
    values = data.get("values")
    return values if isinstance(values, dict) else {}
