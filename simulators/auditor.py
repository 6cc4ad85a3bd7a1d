"""An independent look at what a hub did to a ServiceNow: reads the simulator's tables and request log, and the truth.

It knows nothing of the hub. Rows are read through the Table API, the log through `/_sim/log`; both are left out of the
figures. What was there at `snapshot()` belongs to others. Sketch of use:

    auditor = Auditor(url, auth=("admin", "admin"), truth=estate.truth)
    auditor.snapshot()
    auditor.begin()
    ...                                   # the run
    report = auditor.end("first")         # Report: counts, requests, devices, what must not have happened
    print(report.table())

For later runs call `begin` and `end` again. When the sources change, tell it: `auditor.learn(later)`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx

from simulators.audit_report import Overwrite, Report, Takeover, Tally
from simulators.estate.model import Estate, Truth, plain
from simulators.followed import Followed

__all__ = ["Auditor", "Overwrite", "Report", "Takeover", "Tally"]

Rows = dict[str, dict[str, str]]

_PAGE = 2000
_FOUNDATION = ("core_company", "cmdb_model", "cmn_location", "cmn_department", "cmn_cost_center", "cmdb_model_category")
# Written by the platform itself: stamps, computed names, and what IRE sets on every look.
_PLATFORM = {"discovery_source", "first_discovered", "last_discovered", "display_name", "old_status", "old_substatus"}
_IDENTITY = (("serial_number", "serial"), ("asset_tag", "asset_tag"), ("mac_address", "mac"), ("imei", "imei"))
_NAMED = (*_IDENTITY, ("name", "name"))
_COMMON = 3  # an identity value of more devices than this identifies none


@dataclass(slots=True)
class _State:
    """All rows the auditor looks at, by sys_id."""

    cis: Rows = field(default_factory=dict)
    assets: Rows = field(default_factory=dict)
    users: Rows = field(default_factory=dict)
    foundation: dict[str, dict[str, str]] = field(default_factory=dict)  # table -> sys_id -> name


class Auditor:
    """Audits one simulated ServiceNow.

    Args:
        url: Of the simulator.
        truth: Of the estate.
        auth: User and password that may read everything.
        allowed: Fields whose overwriting a policy allows; they are not reported.
        timeout: Seconds per request.
    """

    def __init__(
        self, url: str, truth: Truth, *, auth: tuple[str, str], allowed: Iterable[str] = (), timeout: float = 60
    ) -> None:
        self.truth = truth
        self._followed = Followed(truth)
        self._allowed = frozenset(allowed)
        self._http = httpx.Client(base_url=url, auth=auth, timeout=timeout, trust_env=False)
        self._first: _State | None = None
        self._before = _State()
        self._mark = 0

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def learn(self, later: Estate) -> None:
        """Take the estate as it became by changes at the sources: values of others that were equal may follow them."""
        self.truth, self._followed = later.truth, Followed(later.truth, later.changes)

    def snapshot(self) -> None:
        """Take what is there now as the others' state."""
        self._first = self._before = self._read()
        self._mark = self._last_entry()

    def begin(self) -> None:
        """Start a run: changes made since the last look are nobody's business."""
        if self._first is None:
            self.snapshot()
        else:
            self._before = self._read()
        self._mark = self._last_entry()

    def end(self, name: str) -> Report:
        """Look again and report on the run since `begin`.

        Raises:
            RuntimeError: `begin` was not called.
        """
        if self._first is None:
            msg = "begin() comes before end()"
            raise RuntimeError(msg)
        report = Report(name)
        self._count_requests(report)
        now = self._read()
        for kind in ("cis", "assets", "users"):
            setattr(report, kind, _compare(getattr(self._before, kind), getattr(now, kind)))
        report.foundation_created = {
            table: n
            for table, names in now.foundation.items()
            if (n := len(names) - len(self._before.foundation.get(table, ())))
        }
        owners = _Owners(self.truth, now)
        self._judge_devices(report, owners)
        self._judge_people(report, now)
        report.takeovers = _takeovers(self.truth, self._first, now)
        names = {sys_id: name for rows in now.foundation.values() for sys_id, name in rows.items()}
        report.overwritten = [
            one
            for one in _overwritten(self._first, now)
            if one.field not in self._allowed and not self._follows(one, names)
        ]
        self._before = now
        self._mark = self._last_entry()
        return report

    def _judge_devices(self, report: Report, owners: _Owners) -> None:
        truth, first = self.truth, self._first
        assert first is not None
        expected = {d for d in truth.known_in_sources() if truth.kinds[d] != "vm"}
        report.devices = len(expected)
        for device in expected:
            cis, assets = owners.cis.get(device, []), owners.assets.get(device, [])
            report.one_each += len(cis) == 1 and len(assets) == 1
            report.no_ci += not cis
            report.anonymous_without_ci += not cis and device in truth.anonymous
            report.no_asset += not assets
            if len(cis) > 1 or len(assets) > 1:
                ours = [i for i in cis if i not in first.cis] if len(cis) > 1 else []
                ours += [i for i in assets if i not in first.assets] if len(assets) > 1 else []
                report.several_now += bool(ours)
                report.several_before += not ours
        for created, known in ((owners.cis, self._before.cis), (owners.assets, self._before.assets)):
            for ids in created.values():
                new = sum(1 for i in ids if i not in known)
                report.duplicates_created += min(new, len(ids) - 1) if new else 0
        made = {device for device, ids in owners.cis.items() if any(i not in first.cis for i in ids)}
        report.personal_created = len(made & truth.personal)
        report.unknown_created = sum(1 for i in owners.unknown if i not in self._before.cis)

    def _judge_people(self, report: Report, now: _State) -> None:
        found: Counter[str] = Counter()
        for sys_id, row in now.users.items():
            person = self.truth.users.get(sys_id) or self._person(row)
            if person:
                found[person] += 1
        people = set(self.truth.people.values())
        report.people = len(people)
        report.one_user = sum(1 for person in people if found[person] == 1)

    def _person(self, row: Mapping[str, str]) -> str:
        for name, kind in (("employee_number", "employee_id"), ("email", "email"), ("user_name", "login")):
            people = self.truth.identities.get((kind, plain(row.get(name, ""))), set())
            if len(people) == 1:
                return next(iter(people))
        return ""

    def _follows(self, one: Overwrite, names: Mapping[str, str]) -> bool:
        """Tell whether a changed value was what a source said and is what it says now; references go by `names`."""
        truth = self.truth
        thing = truth.cis.get(one.sys_id) or truth.assets.get(one.sys_id) or truth.users.get(one.sys_id) or ""
        before, after = (names.get(value, value) for value in (one.before, one.after))
        return self._followed.explains(thing, before, after)

    def _last_entry(self) -> int:
        return int(self._http.get("/_sim/counters").raise_for_status().json()["last"])

    def _count_requests(self, report: Report) -> None:
        entries = self._http.get("/_sim/log", params={"after": self._mark}).raise_for_status().json()
        for entry in entries:
            report.records_written += entry["writes"]
            if not entry["via"]:
                report.requests += 1
                report.refused += entry["status"] >= 400
        writing = {entry["via"] or entry["n"] for entry in entries if entry["writes"]}
        report.writes = len(writing)
        report.reads = report.requests - report.writes

    def _read(self) -> _State:
        state = _State(assets=self._table("alm_hardware"), users=self._table("sys_user"))
        for base in ("cmdb_ci_hardware", "cmdb_ci_vm_instance"):
            classes = {row["sys_class_name"] for row in self._table(base, fields="sys_id,sys_class_name").values()}
            for name in sorted(classes):  # a base table shows only its own columns
                state.cis |= self._table(name, query=f"sys_class_name={name}")
        for table in _FOUNDATION:
            rows = self._table(table, fields="sys_id,name")
            state.foundation[table] = {sys_id: row.get("name", "") for sys_id, row in rows.items()}
        return state

    def _table(self, table: str, *, fields: str = "", query: str = "") -> Rows:
        """Read all rows of a table, by offset until the total the server states."""
        params = {"sysparm_limit": str(_PAGE), "sysparm_exclude_reference_link": "true"}
        params["sysparm_query"] = f"{query}^ORDERBYsys_id".removeprefix("^")
        if fields:
            params["sysparm_fields"] = fields
        rows: Rows = {}
        offset, total = 0, 1
        while offset < total:
            answer = self._http.get(f"/api/now/table/{table}", params=params | {"sysparm_offset": str(offset)})
            answer.raise_for_status()
            total = int(answer.headers["x-total-count"])
            rows |= {row["sys_id"]: row for row in answer.json()["result"]}
            offset += _PAGE
        return rows


def _compare(before: Rows, now: Rows) -> Tally:
    tally = Tally(created=len(now.keys() - before.keys()), deleted=len(before.keys() - now.keys()))
    for sys_id in before.keys() & now.keys():
        if _differences(before[sys_id], now[sys_id]):
            tally.updated += 1
        else:
            tally.unchanged += 1
    return tally


def _differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    if before == now:
        return []
    return [
        name
        for name in {*before, *now}
        if before.get(name, "") != now.get(name, "") and not name.startswith("sys_") and name not in _PLATFORM
    ]


class _Owners:
    """Which device every CI and asset belongs to now.

    Attributes:
        cis: Device -> sys_ids.
        assets: Device -> sys_ids.
        unknown: CIs that are no device of the truth.
    """

    def __init__(self, truth: Truth, now: _State) -> None:
        self.cis: dict[str, list[str]] = defaultdict(list)
        self.assets: dict[str, list[str]] = defaultdict(list)
        self.unknown: list[str] = []
        of_ci: dict[str, str] = {}
        for sys_id, row in sorted(now.cis.items(), key=lambda item: item[0] not in truth.cis):
            device = truth.cis.get(sys_id) or device_of(truth, row, self.cis, _NAMED)
            if device:
                of_ci[sys_id] = device
                self.cis[device].append(sys_id)
            else:
                self.unknown.append(sys_id)
        for sys_id, row in now.assets.items():
            known = truth.assets.get(sys_id) or of_ci.get(row.get("ci", ""))
            device = known or device_of(truth, row, self.assets, _NAMED)
            if device:
                self.assets[device].append(sys_id)


def device_of(
    truth: Truth, row: Mapping[str, str], taken: Mapping[str, list[str]], identity: Iterable[tuple[str, str]]
) -> str:
    """Find the device of a row by its identity values; of several, one that has none yet; empty for none.

    Args:
        truth: Of the estate.
        row: What a target holds.
        taken: Device -> rows that are its already.
        identity: (field, kind of identity of the truth), the strongest first.
    """
    left: set[str] = set()
    for name, kind in identity:
        found = truth.identities.get((kind, plain(row.get(name, ""))), set()) if row.get(name) else set()
        if found and len(found) <= _COMMON:
            left = (left & found) or left or set(found)
            if len(left) == 1:
                break
    return min(left, key=lambda device: (bool(taken.get(device)), device), default="")


def _takeovers(truth: Truth, first: _State, now: _State) -> list[Takeover]:
    found = []
    for table, known, before, rows in (
        ("ci", truth.cis, first.cis, now.cis),
        ("asset", truth.assets, first.assets, now.assets),
    ):
        for sys_id in before.keys() & rows.keys() & known.keys():
            device, row = known[sys_id], rows[sys_id]
            for name, kind in _IDENTITY:
                value = row.get(name, "")
                if not value or value == before[sys_id].get(name, ""):
                    continue
                holders = truth.identities.get((kind, plain(value)), set())
                if holders and device not in holders:
                    found.append(Takeover(table, sys_id, name, device, tuple(sorted(holders))))
    return found


def _overwritten(first: _State, now: _State) -> Iterable[Overwrite]:
    for table, before, rows in (
        ("cmdb_ci", first.cis, now.cis),
        ("alm_hardware", first.assets, now.assets),
        ("sys_user", first.users, now.users),
    ):
        for sys_id in before.keys() & rows.keys():
            for name in _differences(before[sys_id], rows[sys_id]):
                old, new = before[sys_id].get(name, ""), rows[sys_id].get(name, "")
                if old and not (table == "sys_user" and name == "name"):
                    yield Overwrite(table, sys_id, name, old, new)
