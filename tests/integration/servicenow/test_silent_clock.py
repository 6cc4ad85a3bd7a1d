"""Ninety simulated days in which devices only check in: freshness is told, nothing else is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from simulators.servicenow import ServiceNow
from synchub.steps import begin_run, end_run, identify_all, plan_target, pull_source, sync_target
from synchub.wiring import Hub, Selection, open_hub
from tests.support.fakes import FakeClock

START = 1_795_370_400  # 2026-11-22 18:00:00 UTC
DAY = 86_400
DEVICES = 6
SILENT = 5  # number of the device that stops checking in on day 30
_CONFIGURATION = """\
version: 1
hub: {{id: clock}}
state: sqlite:///state.db
sources:
  mdm:
    connector: files
    role: mdm
    root: .
    streams: {{devices: {{glob: "devices.ndjson", complete_when: always}}}}
targets:
  snow:
    connector: servicenow
    url: "{url}"
    auth: {{user: hub, password: env:SNOW_PASSWORD}}
    mode: write
"""


class Silence:
    """A hub, its clock and an instance whose clock goes along."""

    def __init__(self, folder: Path, sim: ServiceNow) -> None:
        self.folder, self.sim, self.clock = folder, sim, FakeClock(START)
        self.config = folder / "synchub.yaml"
        self.config.write_text(_CONFIGURATION.format(url=sim.url))
        self.seen = dict.fromkeys(range(DEVICES), START)

    def check_in(self, day: int) -> None:
        """Let devices check in at some hour of the day before, all but the silent one."""
        for n in range(DEVICES):
            if n != SILENT or day < 30:
                self.seen[n] = self.clock.time - (n * 5 + day) % 24 * 3600
        rows = [_device(n, self.seen[n]) for n in range(DEVICES)]
        (self.folder / "devices.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def open(self) -> Hub:
        """Open the hub."""
        return open_hub(self.config, clock=self.clock, environ={"SNOW_PASSWORD": "hub-password"})

    def sync(self) -> dict[str, Any]:
        """Run once; returns the target's report."""
        hub = self.open()
        run = begin_run(hub, "sync")
        pull_source(hub, "mdm", run)
        identify_all(hub, run)
        report = sync_target(hub, "snow", run, Selection()).as_dict()
        end_run(hub, run, "done")
        hub.close()
        return report

    def pass_time(self, seconds: int) -> None:
        """Move both clocks on."""
        self.clock.time += seconds
        self.sim.clock.advance(self.sim_behind())

    def sim_behind(self) -> float:
        """Return by how much the instance's clock is behind the hub's, which also moves when the hub waits."""
        return self.clock.time - self.sim.clock.now()

    def told(self) -> dict[str, int]:
        """Return device name -> moment that the instance shows."""
        rows = self.sim.dump("cmdb_ci_computer")
        return {row["name"].upper(): _moment(row["last_discovered"]) for row in rows if row.get("last_discovered")}


def _moment(text: str) -> int:
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp())


def _device(n: int, seen: int) -> dict[str, Any]:
    return {
        "id": f"00000000-0000-4000-8000-00000000000{n}", "deviceName": f"NB-{n}", "managedDeviceOwnerType": "company",
        "enrolledDateTime": "2025-06-17T12:06:41Z", "operatingSystem": "Windows", "osVersion": "10.0.22631.3593",
        "lastSyncDateTime": datetime.fromtimestamp(seen, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "manufacturer": "Dell Inc.", "model": "Latitude 7450", "serialNumber": f"5CGTEST{n}",
        "wiFiMacAddress": f"71456CD215B{n}", "complianceState": "compliant", "isEncrypted": True,
        "managementState": "managed",
    }  # fmt: skip


@pytest.fixture
def silence(tmp_path: Path) -> Iterator[Silence]:
    """An instance that holds one of the devices already."""
    with ServiceNow(seed=5, start="2026-11-22 18:00:00", frozen=True) as sim:
        [dell] = sim.seed("core_company", [{"name": "Dell", "manufacturer": "true"}])
        sim.seed("cmdb_hardware_product_model", [{"name": "Latitude 7450", "manufacturer": dell}])
        sim.seed("cmdb_ci_computer", [{"name": "NB-0", "serial_number": "5CGTEST0", "manufacturer": dell}])
        yield Silence(tmp_path, sim)


def test_ninety_days_of_check_ins(silence: Silence) -> None:
    """Freshness in the target is never older than eight days, each is told at most weekly, nothing else moves."""
    silence.check_in(0)
    first = silence.sync()
    silence.sim.settle()
    assert first["applied"], "the devices are linked and created"
    assert first["heartbeats"]["sent"] == 1, "what was created is fresh, what was linked is told"
    silence.pass_time(600)
    silence.sync()  # what the instance's own synchronisation left over
    mark = len(silence.sim.store.journal)
    beats = 0
    for day in range(1, 91):
        silence.pass_time(DAY)
        silence.check_in(day)
        report = silence.sync()
        assert report["applied"] == {}, f"day {day}"
        assert report["summary"]["cost"]["writes"] == 0
        assert report["changed_by_others"] == 0
        beats += report["heartbeats"]["sent"]
        told = silence.told()
        ages = {n: silence.clock.time - told[f"NB-{n}"] for n in range(DEVICES) if n != SILENT or day < 30}
        assert max(ages.values()) <= 8 * DAY, f"day {day}: {ages}"
    changed = silence.sim.store.journal[mark:]
    assert {field for change in changed for field in change.fields} == {"last_discovered"}
    assert len(changed) == beats
    per_device = beats / (DEVICES - 1)
    assert 11 <= per_device <= 14, "at most weekly"
    assert silence.told()[f"NB-{SILENT}"] <= START + 30 * DAY, "a silent device's value grows old"


def test_a_plan_counts_heartbeats_apart(silence: Silence) -> None:
    """A plan of a later day says how many are due, has no row for them, and sends nothing."""
    silence.check_in(0)
    silence.sync()
    silence.pass_time(8 * DAY)
    silence.check_in(8)
    mark = len(silence.sim.store.journal)
    hub = silence.open()
    run = begin_run(hub, "plan")
    pull_source(hub, "mdm", run)
    identify_all(hub, run)
    report = plan_target(hub, "snow", run, Selection()).as_dict()
    hub.close()
    assert report["heartbeats"] == {"due": DEVICES, "sent": 0, "newer": 0, "failed": 0}
    assert report["summary"]["cost"]["writes"] == 0
    assert not silence.sim.store.journal[mark:]


def test_a_later_moment_in_the_target_stays(silence: Silence) -> None:
    """What somebody else's discovery saw later is not put back."""
    silence.check_in(0)
    silence.sync()
    silence.pass_time(8 * DAY)
    [ci] = [row["sys_id"] for row in silence.sim.dump("cmdb_ci_computer") if row["name"].upper() == "NB-2"]
    later = datetime.fromtimestamp(silence.clock.time, UTC).strftime("%Y-%m-%d %H:%M:%S")
    silence.sim.edit("cmdb_ci_computer", ci, {"last_discovered": later}, "discovery")
    silence.check_in(8)
    report = silence.sync()
    assert report["heartbeats"]["newer"] == 1
    assert silence.told()["NB-2"] == silence.clock.time
