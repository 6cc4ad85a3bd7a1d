"""Both switches of summer time: local times that are none are told, and every span counts elapsed seconds.

The clock of the process stands in the zone of the case, so that whoever asked it for local time would be an hour wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mapping.target import load_target_map
from state.store import SqlState
from synchub.engine.heartbeat import send_heartbeats
from synchub.engine.watch import StreamFacts, freshness
from synchub.prune import prune
from synchub.reconcile.diff import Action, decide, parse_policy
from synchub.settings.load import load_settings
from synchub.steps import begin_run, pull_source
from synchub.wiring import Hub, open_hub
from tests.support import world as worlds
from tests.support.fakes import FakeClock
from tests.support.world import World

DAY = 86_400


@dataclass(frozen=True)
class Switch:
    """One switch of one zone.

    Attributes:
        zone: IANA name.
        day: The day of the switch.
        spring: The clocks go forward.
        hour: That is passed over in spring, and shown twice in autumn.
    """

    zone: str
    day: str
    spring: bool
    hour: str

    def at(self, days: int, clock: str) -> int:
        """Return the moment when clocks show this, so many days from the day of the switch."""
        day = datetime.fromisoformat(self.day).toordinal() + days
        shown = datetime.fromisoformat(f"{datetime.fromordinal(day).date()}T{clock}")
        return int(shown.replace(tzinfo=ZoneInfo(self.zone)).timestamp())


_SWITCHES = [
    Switch("Europe/Berlin", "2026-03-29", True, "02"),
    Switch("Europe/Berlin", "2026-10-25", False, "02"),
    Switch("America/New_York", "2026-03-08", True, "02"),
    Switch("America/New_York", "2026-11-01", False, "01"),
]


@pytest.fixture(params=_SWITCHES, ids=lambda s: f"{s.zone}-{'spring' if s.spring else 'autumn'}")
def switch(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Switch]:
    """Provide each switch; the process lives in its zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param.zone)
        time.tzset()
        yield request.param
    time.tzset()


_FILES = """
version: 1
hub: {{id: t{hub}}}
sources:
  mdm:
    connector: files
    root: .
    role: mdm
    streams: {{devices: {{glob: "*.ndjson", complete_when: always{stream}}}}}
"""


@pytest.mark.parametrize("said_by", ["hub", "stream"])
def test_a_time_that_is_none_or_two_is_told_and_the_record_is_taken(
    switch: Switch, said_by: str, tmp_path: Path
) -> None:
    """Between two times that are sure, records go on; a guessed one would be older than the last and be refused."""
    config, text = tmp_path / "synchub.yaml", f", timezone: {switch.zone}"
    config.write_text(_FILES.format(**{"hub": "", "stream": "", said_by: text}))
    clock = FakeClock(switch.at(5, "12:00"))
    before = "03:50:00" if switch.spring else f"{switch.hour}:50:00"  # in autumn with its offset: the first of two
    offset = "" if switch.spring else datetime.fromtimestamp(switch.at(0, before), ZoneInfo(switch.zone)).strftime("%z")
    hub = open_hub(config, clock=clock)
    found, told = [], []
    for name, shown in (("a", before + offset), ("b", f"{switch.hour}:30:00"), ("c", "12:00:00")):
        row = {"id": "1", "deviceName": name, "operatingSystem": "Windows", "lastSyncDateTime": f"{switch.day}T{shown}"}
        (tmp_path / "devices.ndjson").write_text(json.dumps(row) + "\n")
        counts = pull_source(hub, "mdm", begin_run(hub, "pull"))["devices"]
        with hub.state.database.read() as tx:
            [(number, doc, observed)] = tx.rows("select id, doc, observed_at from record")
        found.append((json.loads(doc)["hostname"], observed, counts["rejected"]))
        told.append([field for field, _, _ in hub.state.reports.warnings_of([number]).get(number, [])])
    hub.close()
    assert found == [("a", switch.at(0, before), 0), ("b", 0, 0), ("c", switch.at(0, "12:00"), 0)]
    assert told == [[], ["observed_at", "last_seen_at"], []]


def test_fresh_within_counts_elapsed_seconds(switch: Switch) -> None:
    """A day after noon of the day before is eleven or one o'clock."""
    read = switch.at(-1, "12:00")
    stream = StreamFacts("mdm", "devices", read, DAY)
    assert [freshness(now, stream, None)[1] for now in (read + DAY, read + DAY + 1)] == ["fresh", "stale"]


def test_target_for_counts_elapsed_seconds(switch: Switch) -> None:
    """Their edit stands as long on either side of the switch."""
    edited, policy = switch.at(-1, "12:00"), parse_policy("target_for: 7d")
    said = [decide("B", "Y", "B", True, policy, now=edited + 7 * DAY - early, edited_at=edited) for early in (1, 0)]
    assert [found.action for found in said] == [Action.THEIR_EDIT, Action.WRITE]
    assert said[0].due_at == edited + 7 * DAY


def test_absence_counts_elapsed_seconds(switch: Switch, state: SqlState) -> None:
    """Missed for seven times 24 hours, not until the clocks show the same."""
    world = World(state)
    world.clock.time = switch.at(-4, "12:00")
    for n in (1, 2, 3):
        world.say("mdm", str(n), serial_number=f"5CG81F000{n}", manufacturer="HP", hostname=f"nb-{n}")
    world.update()
    world.forget("mdm", "3")
    gone = world.clock.time
    found = []
    for later in (60, 120, 7 * DAY - 1, 7 * DAY):
        world.clock.time = gone + later
        world.update()
        found.append(world.query("select count(*) from entity where missing_at is not null")[0][0])
    since_first_miss = 60
    assert found == [0, 0, 0, 0]
    world.clock.time = gone + since_first_miss + 7 * DAY
    world.update()
    assert world.query("select count(*) from entity where missing_at is not null") == [(1,)]


def _utc(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_a_weekly_run_tells_last_seen_in_the_week_of_the_switch(
    switch: Switch, state: SqlState, tmp_path: Path
) -> None:
    """Not a week later, though that week has an hour less and the run before took minutes; and once."""
    world = World(state)
    overlay = tmp_path / "target.yaml"
    overlay.write_text("version: 1\nclasses: {computer: {ci: {heartbeat: {field: seen, to: datetime}}}}\n")
    world.maps = load_target_map([Path(worlds.__file__).with_name("target.yaml")], [overlay])
    world.say("mdm", "1", serial_number="5CG81F0001", manufacturer="HP", last_seen_at=_utc(switch.at(-9, "00:00")))
    world.clock.time = switch.at(-3, "02:00")
    world.sync()
    sent = []
    for days, clock in ((-3, "02:10"), (3, "02:00"), (4, "02:00"), (4, "02:10")):
        world.clock.time = switch.at(days, clock)
        seen = _utc(world.clock.time - 60)
        world.say("mdm", "1", serial_number="5CG81F0001", manufacturer="HP", last_seen_at=seen)
        world.update()
        sent.append(send_heartbeats(world.job(), state, world.clock).sent)
    assert sent == [1, 0, 1, 0]


def test_retention_counts_elapsed_seconds_and_days_of_work_end_at_the_hubs_midnight(
    switch: Switch, state: SqlState, tmp_path: Path
) -> None:
    """A dead letter goes after ten times 24 hours; who left goes that long after their last day ended here."""
    config = tmp_path / "synchub.yaml"
    config.write_text(
        f"version: 1\nhub: {{id: t, timezone: {switch.zone}}}\nretention: {{dead_letters: 10d, leaver_data: 60d}}\n"
    )
    world = World(state)
    hub = Hub(load_settings(config), world.clock, {}, _state=state)
    world.clock.time = written = switch.at(-1, "12:00")
    world.say("scan", "", serial_number="x")  # has no key: a dead letter
    world.say("hr", "E1", "person", worker_id="E1", email="e1@x.example", ends_on=switch.day)
    world.sync()
    letters, people = [], []
    for late in (0, 1):
        world.clock.time = written + 10 * DAY + late
        letters.append(prune(hub)["gone"]["dead_letters"])
        world.clock.time = switch.at(1, "00:00") + 60 * DAY - 1 + late
        people.append(prune(hub, dry=True)["people"])
    assert (letters, people) == ([0, 1], [0, 1])
