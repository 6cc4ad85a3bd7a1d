"""Judges first contact by the estate's truth: what could be linked, and whether what the hub wants to link is right.

The truth knows which device each source record, CI and asset is about. Of the hub only its decisions are read (plan
rows, and which records it holds for one thing), never its counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulators.estate import Estate
from simulators.estate.catalogue import PLACEHOLDERS
from simulators.estate.model import plain
from synchub.domain.plan import Op, PlanRow, RowState

SOURCES = {"erp": "procurement", "mdm": "mdm", "scan": "discovery"}
_PLACEHOLDERS = {plain(text) for text in PLACEHOLDERS}
_IDENTITY = {"name", "serial_number", "asset_tag", "mac_address", "imei"}
_STAMPED = {"last_discovered"}


@dataclass(frozen=True, slots=True)
class Holders:
    """Which devices have a CI before the hub comes.

    Attributes:
        with_ci: Devices that a source knows and others entered.
        linkable: Of these, those of which a CI carries an identity that a source record of the device carries as well:
            serial number, asset tag, network card, IMEI, or a name that no other device of a source or CI has.
    """

    with_ci: frozenset[str]
    linkable: frozenset[str]


def holders(estate: Estate) -> Holders:
    """Find out what can be linked at all."""
    truth = estate.truth
    said = _said(estate)
    names: dict[str, set[str]] = defaultdict(set)
    for device, values in said.items():
        for kind, value in values:
            if kind == "name":
                names[value].add(device)
    cis = [(truth.cis[row["sys_id"]], row) for t, rows in estate.servicenow.items() if t in _CI for row in rows]
    for device, row in cis:
        names[plain(row["name"])].add(device)
    known = truth.known_in_sources()
    linkable = {
        device
        for device, row in cis
        if device in known
        and any(
            pair in said[device] and (pair[0] != "name" or names[pair[1]] == {device})
            for pair in _pairs(
                serial=row["serial_number"], asset_tag=row["asset_tag"], mac=row["mac_address"], name=row["name"]
            )
        )
    }
    return Holders(frozenset(d for d, _ in cis if d in known), frozenset(linkable))


_CI = ("cmdb_ci_computer", "cmdb_ci_handheld_computing", "cmdb_ci_server", "cmdb_ci_netgear", "cmdb_ci_printer")


def _said(estate: Estate) -> dict[str, set[tuple[str, str]]]:
    """Collect what the source records say of each device, by kind of identity."""
    truth = estate.truth
    said: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in estate.procurement:
        device = truth.device_of("procurement", row["po_line_id"])
        if device:
            said[device] |= _pairs(serial=row["serial_number"], asset_tag=row["asset_tag"])
    for item in estate.intune_devices:
        pairs = _pairs(serial=item["serialNumber"], name=item["deviceName"], mac=item["wiFiMacAddress"])
        said[truth.records["mdm", item["id"]]] |= pairs | _pairs(mac=item["ethernetMacAddress"] or "")
    for agent in estate.agents:
        device = truth.records["discovery", agent.document["deviceid"]]
        content = agent.document["content"]
        if "network_device" in content:
            said[device] |= _pairs(serial=content["network_device"]["serial"], name=content["network_device"]["name"])
            macs = [str(port.get("mac") or "") for port in content["network_ports"]]
        else:
            said[device] |= _pairs(serial=content["bios"]["ssn"], name=content["hardware"]["name"])
            macs = [str(card.get("mac") or "") for card in content["networks"]]
        for mac in macs:
            said[device] |= _pairs(mac=mac)
    return said


def _pairs(**values: str) -> set[tuple[str, str]]:
    found = {(kind, plain(value)) for kind, value in values.items() if value}
    return {(kind, value) for kind, value in found if value and value not in _PLACEHOLDERS}


@dataclass(slots=True)
class Judge:
    """Judges the rows of a plan.

    Args:
        estate: Holds the truth.
        membership: (source, native key, entity) of every record.
        present: sys_id -> row of everything the instance holds now.
    """

    estate: Estate
    membership: Iterable[tuple[str, str, int]]
    present: Mapping[str, Mapping[str, str]]

    def first_plan(self, rows: Sequence[PlanRow]) -> dict[str, Any]:
        """Return the figures of a first plan."""
        truth, devices = self.estate.truth, self._devices()
        owner = {**truth.cis, **truth.assets}
        live = [r for r in rows if _is_live(r)]
        links = [r for r in live if r.op is Op.LINK and r.object_id in owner]
        wrong = [r for r in links if owner[r.object_id or ""] not in devices.get(r.entity, ())]
        bad = {r.n for r in wrong}
        linked = {truth.cis[r.object_id] for r in links if r.object_id in truth.cis and r.n not in bad}
        held = holders(self.estate)
        existing = [r for r in live if r.object_id in self.present]
        touched = Counter(r.object_id for r in links)
        return {
            "rows": dict(Counter(r.op.value if _is_live(r) else r.state.value for r in rows)),
            "retirements": sum(r.op.value not in ("link", "create", "insert", "update") for r in rows)
            + sum(_retires(r) for r in existing),
            "overwrites": sum(len(self._overwritten(r)) for r in existing),
            "name_takeovers": sum(bool(_IDENTITY & r.changes.keys()) for r in wrong),
            "with_ci": len(held.with_ci),
            "linkable": len(held.linkable),
            "linked": len(linked),
            "linked_of_linkable": _share(len(linked & held.linkable), len(held.linkable)),
            "linked_of_with_ci": _share(len(linked & held.with_ci), len(held.with_ci)),
            "links": len(links),
            "wrong_links": len(wrong),
            "wrong": _share(len(wrong), len(links)),
            "linked_twice": sum(n > 1 for n in touched.values()),
        }

    def missed(self, rows: Sequence[PlanRow]) -> list[tuple[str, list[PlanRow]]]:
        """List the linkable devices that were not linked, with the rows of their entities: for whoever asks why."""
        truth, devices = self.estate.truth, self._devices()
        by_device: dict[str, list[PlanRow]] = defaultdict(list)
        linked = set()
        for row in rows:
            for device in devices.get(row.entity, ()):
                by_device[device].append(row)
            if row.op is Op.LINK and row.state in (RowState.PENDING, RowState.WAITING) and row.object_id in truth.cis:
                linked.add(truth.cis[row.object_id])
        return [(d, by_device[d]) for d in sorted(holders(self.estate).linkable - linked)]

    def _devices(self) -> dict[int, set[str]]:
        found: dict[int, set[str]] = defaultdict(set)
        for source, key, entity in self.membership:
            # One agent asks many network devices: there the hub's key is the agent's id and the device's.
            known = SOURCES.get(source, source)
            device = self.estate.truth.device_of(known, key) or self.estate.truth.device_of(known, key.split("|")[0])
            if device:
                found[entity].add(device)
        return found

    def _overwritten(self, row: PlanRow) -> list[str]:
        held = self.present[row.object_id or ""]
        return [name for name in row.changes if held.get(name, "") not in ("", "0") and name not in _STAMPED]


def _is_live(row: PlanRow) -> bool:
    return row.state in (RowState.PENDING, RowState.WAITING)


def _retires(row: PlanRow) -> bool:
    return any(
        str(row.changes[name].new) in values
        for name, values in (("install_status", {"7", "100"}), ("operational_status", {"6"}))
        if name in row.changes and row.changes[name].old not in (None, "")
    )


def pairs(
    cis: Iterable[Mapping[str, str]], assets: Iterable[Mapping[str, str]], present: Iterable[Mapping[str, str]]
) -> dict[str, int]:
    """Count how CIs and assets point at each other.

    Args:
        cis: The linked ones.
        assets: All there are.
        present: All CIs there are.

    Returns:
        `one_to_one` CIs have exactly one asset, and it has exactly them. `without_identity` have none, and no serial
        number (else tag) of their own, by which alone the instance would know to which CI a new asset belongs: none at
        all, a placeholder, or one that another CI without an asset has as well.
    """
    of_ci = Counter(row["ci"] for row in assets if row.get("ci"))
    asset_ci = {row["sys_id"]: row.get("ci", "") for row in assets}
    rows = list(cis)
    alone = Counter(value for r in present if not of_ci[r["sys_id"]] for value in _numbers(r))
    mutual = sum(of_ci[r["sys_id"]] == 1 and asset_ci.get(r.get("asset", "")) == r["sys_id"] for r in rows)
    return {
        "cis": len(rows),
        "assets": len(asset_ci),
        "one_to_one": mutual,
        "cis_without_asset": sum(not of_ci[r["sys_id"]] for r in rows),
        "without_identity": sum(
            not of_ci[r["sys_id"]] and (not _numbers(r) or alone[_numbers(r)[0]] > 1) for r in rows
        ),
        "cis_with_several_assets": sum(of_ci[r["sys_id"]] > 1 for r in rows),
        "assets_without_ci": sum(not ci for ci in asset_ci.values()),
    }


def _numbers(ci: Mapping[str, str]) -> list[tuple[str, str]]:
    values = [(name, str(ci.get(name) or "").casefold()) for name in ("serial_number", "asset_tag")]
    return [(name, value) for name, value in values if value and plain(value) not in _PLACEHOLDERS]


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 1.0
