"""An independent look at what a hub did to a Jira Assets workspace: reads the simulator's state, history and log.

It knows nothing of the hub but the name of the attribute that carries its key. State and history come from `/_sim/`,
which is not in the log. What was there at `snapshot()` belongs to others; so does what others change later. Use it like
`simulators.auditor.Auditor`:

    auditor = AssetsAuditor(site.url, truth=estate.truth)
    auditor.snapshot()
    auditor.begin()
    ...                                   # the run
    report = auditor.end("first")         # AssetsReport
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx

from simulators.audit_report import Overwrite, Takeover, Tally, most
from simulators.auditor import device_of
from simulators.estate.model import Estate, Truth, plain
from simulators.followed import Followed

_IDENTITY = (("Serial Number", "serial"), ("Asset Tag", "asset_tag"), ("MAC Addresses", "mac"), ("IMEI", "imei"))
_NAMED = (*_IDENTITY, ("Name", "name"))
_PEOPLE = (("Worker Id", "employee_id"), ("Email", "email"), ("Login", "login"))
_SYSTEM = {"Key", "Created", "Updated"}
_LOOKED_UP = {"Manufacturer", "Vendor", "Location", "Department", "Model"}

Row = dict[str, str]


@dataclass(slots=True)
class AssetsReport:
    """What one run did to a workspace.

    Attributes:
        name: Of the run.
        devices_tally: Objects that are devices.
        people_tally: Objects of type Person.
        foundation_created: Type -> companies, models, places … that were created.
        attributes_created: Attributes (and so types) that were added to the structure.
        requests: HTTP requests.
        searches: Of these, AQL searches.
        writes: Requests that wrote.
        refused: Requests answered with 4xx or 5xx.
        throttled: Of these, 429.
        devices: True hardware devices the sources know, without people's own and virtual ones.
        one_each: Of these, those with exactly one object.
        none: Those without one (`anonymous_without` of them cannot be told apart by anybody).
        several_before: Those with several objects, all of which others made.
        several_now: Those with several objects, of which the hub made at least one.
        duplicates_created: Objects created in this run for a device that had one already.
        keyed: Objects that carry a hub key.
        shared_keys: Hub keys that more than one object carries.
        takeovers: Objects of one device that now carry the identity of another; against the snapshot.
        overwritten: Values typed by others that the hub put others in place of, since the snapshot, whether they were
            typed before the snapshot or later; without those that followed a change of the sources (`Followed`).
        personal_created: Objects made for devices people brought themselves.
        unknown_created: Objects of devices created in this run that are no device of the truth.
        deleted: Objects of others that are gone since the snapshot.
        people: People HR knows.
        one_person: Of these, those with exactly one object.
    """

    name: str
    devices_tally: Tally = field(default_factory=Tally)
    people_tally: Tally = field(default_factory=Tally)
    foundation_created: dict[str, int] = field(default_factory=dict)
    attributes_created: int = 0
    requests: int = 0
    searches: int = 0
    writes: int = 0
    refused: int = 0
    throttled: int = 0
    devices: int = 0
    one_each: int = 0
    none: int = 0
    anonymous_without: int = 0
    several_before: int = 0
    several_now: int = 0
    duplicates_created: int = 0
    keyed: int = 0
    shared_keys: list[str] = field(default_factory=list)
    takeovers: list[Takeover] = field(default_factory=list)
    overwritten: list[Overwrite] = field(default_factory=list)
    personal_created: int = 0
    unknown_created: int = 0
    deleted: int = 0
    people: int = 0
    one_person: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return asdict(self)

    def tallies(self) -> list[Tally]:
        """Return what happened to each kind of object."""
        return [self.devices_tally, self.people_tally]

    @property
    def records_written(self) -> int:
        """Records written: the API takes one per request."""
        return self.writes

    def table(self) -> str:
        """Render for people, no colour."""
        lines = [f"{self.name}", f"  {'':14}{'created':>9}{'updated':>9}{'deleted':>9}{'unchanged':>11}"]
        for name, tally in (("devices", self.devices_tally), ("people", self.people_tally)):
            row = f"{tally.created:>9,}{tally.updated:>9,}{tally.deleted:>9,}{tally.unchanged:>11,}"
            lines.append(f"  {name:14}{row}")
        refused = f"{self.refused:,} refused, {self.throttled:,} of them for their rate"
        figures = (
            ("requests", f"{self.requests:,} ({self.searches:,} searches, {self.writes:,} writes, {refused})"),
            ("devices", f"{self.devices:,}, one object each: {self.one_each:,}"),
            ("  without", f"{self.none:,} ({self.anonymous_without:,} nobody can tell apart)"),
            ("  several", f"{self.several_before:,} made by others, {self.several_now:,} with one made by the hub"),
            ("people", f"{self.people:,}, one object each: {self.one_person:,}"),
            ("hub keys", f"{self.keyed:,} objects, {len(self.shared_keys):,} keys on several"),
            ("name takeovers", f"{len(self.takeovers):,}"),
            ("overwritten", f"{len(self.overwritten):,} values others typed{most(self.overwritten)}"),
            ("duplicates created", f"{self.duplicates_created:,}"),
            ("people's own", f"{self.personal_created:,} created"),
            ("of no device", f"{self.unknown_created:,} created"),
            ("deleted", f"{self.deleted:,} objects of others"),
        )
        lines += [f"  {name:20}{text}" for name, text in figures]
        if self.foundation_created:
            lines.append(
                f"  {'other objects':20}" + ", ".join(f"{n:,} {t}" for t, n in self.foundation_created.items())
            )
        return "\n".join(lines)


@dataclass(slots=True)
class _State:
    """All objects by key: type -> key -> values, several joined by a comma."""

    devices: dict[str, Row] = field(default_factory=dict)
    people: dict[str, Row] = field(default_factory=dict)
    others: Counter[str] = field(default_factory=Counter)
    keys: dict[int, str] = field(default_factory=dict)
    attributes: int = 0
    events: int = 0


class AssetsAuditor:
    """Audits one simulated workspace.

    Args:
        url: Of the site.
        truth: Of the estate.
        schema: Key of the object schema to look at.
        hub: E-mail address of the account the hub writes with.
        hub_key: Name of the attribute that carries the hub's key.
        allowed: Attributes whose overwriting a policy allows; they are not reported.
        timeout: Seconds per request.
    """

    def __init__(
        self,
        url: str,
        truth: Truth,
        *,
        schema: str = "ITAM",
        hub: str = "hub@acme.example",
        hub_key: str = "Hub Key",
        allowed: Iterable[str] = (),
        timeout: float = 60,
    ) -> None:
        self.truth = truth
        self._followed = Followed(truth)
        self._schema = schema
        self._hub_key = hub_key
        self._allowed = frozenset(allowed) | {hub_key}
        self._http = httpx.Client(base_url=url, timeout=timeout, trust_env=False)
        self._hub = next(one["account_id"] for one in self._get("accounts") if one["email"] == hub)
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
        """Start a run: changes made since the last look are nobody's business, but stay those who made them."""
        if self._first is None:
            self.snapshot()
        else:
            self._before = self._read()
        self._mark = self._last_entry()

    def end(self, name: str) -> AssetsReport:
        """Look again and report on the run since `begin`.

        Raises:
            RuntimeError: `begin` was not called.
        """
        if self._first is None:
            msg = "begin() comes before end()"
            raise RuntimeError(msg)
        report, now, before, first = AssetsReport(name), self._read(), self._before, self._first
        self._count_requests(report)
        report.devices_tally = _compare(before.devices, now.devices)
        report.people_tally = _compare(before.people, now.people)
        report.foundation_created = {t: n - before.others[t] for t, n in now.others.items() if n > before.others[t]}
        report.attributes_created = now.attributes - before.attributes
        report.deleted = len((first.devices.keys() | first.people.keys()) - (now.devices.keys() | now.people.keys()))
        self._judge_devices(report, first, now)
        self._judge_people(report, now)
        held = Counter(
            row[self._hub_key] for row in (*now.devices.values(), *now.people.values()) if self._hub_key in row
        )
        report.keyed = sum(held.values())
        report.shared_keys = sorted(key for key, count in held.items() if count > 1)
        report.overwritten = [
            one
            for one in self._overwritten(now)
            if one.field not in self._allowed
            and not self._followed.explains(self.truth.objects.get(one.sys_id, ""), one.before, one.after)
        ]
        self._before, self._mark = now, self._last_entry()
        return report

    # -- judging ----------------------------------------------------------

    def _judge_devices(self, report: AssetsReport, first: _State, now: _State) -> None:
        truth = self.truth
        owners: dict[str, list[str]] = defaultdict(list)
        for key, row in sorted(now.devices.items(), key=lambda item: item[0] not in truth.objects):
            device = truth.objects.get(key) or device_of(truth, row, owners, _NAMED)
            if device:
                owners[device].append(key)
            elif key not in self._before.devices:
                report.unknown_created += 1
        expected = {device for device in truth.known_in_sources() if truth.kinds[device] != "vm"}
        report.devices = len(expected)
        for device in expected:
            keys = owners.get(device, [])
            report.one_each += len(keys) == 1
            report.none += not keys
            report.anonymous_without += not keys and device in truth.anonymous
            made = any(key not in first.devices for key in keys)
            report.several_now += len(keys) > 1 and made
            report.several_before += len(keys) > 1 and not made
        for keys in owners.values():
            new = sum(1 for key in keys if key not in self._before.devices)
            report.duplicates_created += min(new, len(keys) - 1) if new else 0
        made_for = {d for d, keys in owners.items() if any(key not in first.devices for key in keys)}
        report.personal_created = len(made_for & truth.personal)
        report.takeovers = list(self._takeovers(first, now))

    def _takeovers(self, first: _State, now: _State) -> Iterable[Takeover]:
        for key in first.devices.keys() & now.devices.keys() & self.truth.objects.keys():
            device, row = self.truth.objects[key], now.devices[key]
            for name, kind in _IDENTITY:
                value = row.get(name, "")
                if not value or value == first.devices[key].get(name, ""):
                    continue
                holders = self.truth.identities.get((kind, plain(value)), set())
                if holders and device not in holders:
                    yield Takeover("object", key, name, device, tuple(sorted(holders)))

    def _judge_people(self, report: AssetsReport, now: _State) -> None:
        found: Counter[str] = Counter()
        for key, row in now.people.items():
            found[self.truth.objects.get(key) or self._person(row)] += 1
        people = set(self.truth.people.values())
        report.people = len(people)
        report.one_person = sum(1 for person in people if found[person] == 1)

    def _person(self, row: Mapping[str, str]) -> str:
        for name, kind in _PEOPLE:
            people = self.truth.identities.get((kind, plain(row.get(name, ""))), set())
            if len(people) == 1:
                return next(iter(people))
        return ""

    def _overwritten(self, now: _State) -> Iterable[Overwrite]:
        """Walk the history since the snapshot: the hub may replace what it wrote itself, nothing else."""
        assert self._first is not None
        ours: dict[tuple[int, str], bool] = {}
        created: set[int] = set()
        for event in self._get("history", after=self._first.events):
            number, name, by_hub = event["object"], event["attribute"], event["actor"] == self._hub
            if not name:
                created.update([number] if by_hub else [])
                continue
            if by_hub and event["old"] and not ours.get((number, name), number in created):
                yield Overwrite("object", now.keys.get(number, str(number)), name, event["old"], event["new"])
            ours[number, name] = by_hub

    # -- reading ----------------------------------------------------------

    def _get(self, path: str, **params: Any) -> Any:
        return self._http.get(f"/_sim/{path}", params=params).raise_for_status().json()

    def _last_entry(self) -> int:
        return int(self._get("counters")["last"])

    def _count_requests(self, report: AssetsReport) -> None:
        for entry in self._get("log", after=self._mark):
            report.requests += 1
            report.searches += "/object/aql" in entry["path"]
            report.writes += bool(entry["writes"])
            report.refused += entry["status"] >= 400
            report.throttled += entry["status"] == 429

    def _read(self) -> _State:
        state = _State(attributes=len(self._get("structure")), events=len(self._get("history")))
        for one in self._get("objects", schema=self._schema):
            row = {name: ", ".join(texts) for name, texts in one["values"].items() if name not in _SYSTEM}
            state.keys[int(one["id"])] = one["key"]
            if one["type"] == "Person":
                state.people[one["key"]] = row
            elif one["type"] in _LOOKED_UP:
                state.others[one["type"]] += 1
            else:
                state.devices[one["key"]] = row
        return state


def _compare(before: Mapping[str, Row], now: Mapping[str, Row]) -> Tally:
    same = before.keys() & now.keys()
    updated = sum(1 for key in same if before[key] != now[key])
    return Tally(len(now.keys() - before.keys()), updated, len(same) - updated, len(before.keys() - now.keys()))
