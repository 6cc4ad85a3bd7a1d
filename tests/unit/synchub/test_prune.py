"""Retention: what is old goes, the rest and what makes the hub careful stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from state.schema import metadata
from synchub.prune import prune
from synchub.settings.load import load_settings
from synchub.wiring import Hub
from tests.support.states import Databases
from tests.support.world import World

_DAY = 86_400
_CONFIG = """\
version: 1
hub: {id: test}
retention: {history: 100d, pre_images: 30d, dead_letters: 10d, leaver_data: 60d}
"""


class _Desk:
    def __init__(self, databases: Databases, folder: Path) -> None:
        config = folder / "synchub.yaml"
        config.write_text(_CONFIG)
        state = databases.open()
        self.world = World(state)
        self.hub = Hub(load_settings(config), self.world.clock, {}, _state=state)
        for step in range(3):
            self.say(step)
            self.world.say("scan", "", serial_number="x", at=step)  # has no key: a dead letter
            self.world.sync()
            for number in (self.world.runs, self.world.runs - 1, self.world.runs - 2):
                state.runs.end(number, self.world.clock.now(), "done")
            self.world.clock.time += 20 * _DAY

    def say(self, step: int) -> None:
        self.world.say("mdm", "d1", serial_number="5CG7131QX", manufacturer="HP", os_name=f"OS {step}", at=step)

    def count(self, table: str) -> int:
        found: int = self.world.query(str(select(func.count()).select_from(metadata.tables[table])))[0][0]
        return found


@pytest.fixture
def desk(databases: Databases, tmp_path: Path) -> _Desk:
    """Provide a hub with changes 60, 40 and 20 days ago."""
    return _Desk(databases, tmp_path)


def test_only_what_is_old_goes(desk: _Desk) -> None:
    """Pre-images after 30 days, dead letters after ten, history after a hundred; the last plan stays."""
    rows, changes = desk.count("plan_row"), desk.count("entity_change")
    found = prune(desk.hub)
    assert found["gone"]["pre_images"] == 2
    assert desk.count("plan_row") == rows - 2
    assert desk.count("entity_change") == changes
    assert desk.count("dead_letter") == 0
    desk.world.clock.time += 200 * _DAY
    prune(desk.hub)
    assert (desk.count("plan_row"), desk.count("plan"), desk.count("entity_change"), desk.count("run")) == (0, 0, 0, 0)


def test_a_dry_run_tells_the_same_and_changes_nothing(desk: _Desk) -> None:
    """What it counts is what goes afterwards."""
    desk.world.clock.time += 15 * _DAY
    before = desk.world.dump()
    counted = prune(desk.hub, dry=True)
    assert desk.world.dump() == before
    gone = prune(desk.hub)["gone"]
    assert {k: v for k, v in gone.items() if k != "plans"} == {k: v for k, v in counted["gone"].items() if k != "plans"}
    assert sum(prune(desk.hub)["gone"].values()) == 0


def test_nothing_is_planned_anew_by_it(desk: _Desk) -> None:
    """Links and bases stay: the next sync writes nothing."""
    desk.world.clock.time += 400 * _DAY
    prune(desk.hub)
    written = len(desk.world.target.log)
    desk.world.sync()
    assert len(desk.world.target.log) == written
    assert desk.count("audit") == 1


def test_who_left_long_ago_is_erased_unless_kept(desk: _Desk) -> None:
    """By the last day of work; a legal hold keeps them."""
    people: list[Any] = [("E1", "2020-01-31"), ("E2", "2020-01-31"), ("E3", "2099-01-31"), ("E4", None)]
    for key, ends in people:
        said: dict[str, Any] = {"ends_on": ends} if ends else {}
        desk.world.say("hr", key, "person", worker_id=key, email=f"{key}@x.example", **said)
    desk.world.sync()
    kept = desk.world.query("select id from entity where family='person' order by id")[1][0]
    desk.hub.state.erasure.hold(kept, "case", "legal", 1)
    assert prune(desk.hub)["people"] == 1
    left = desk.world.query("select key from record where cls='person' order by key")
    assert left == [("E2",), ("E3",), ("E4",)]


def test_unchanged_runs_leave_no_rows_but_their_own(desk: _Desk) -> None:
    """A hundred of them, and the state is as large as before, up to runs and their empty plans."""
    desk.world.sync()
    before = {k: len(v) for k, v in desk.world.dump().items()}
    for _ in range(100):
        desk.world.sync()
    assert {k: len(v) for k, v in desk.world.dump().items()} == before
    assert desk.count("plan_row") <= 10
