"""A sync that is killed at any moment: the next runs finish it, nothing is doubled, nothing is lost.

The child process kills itself with SIGKILL at a chosen event: before or after a commit of the state, or before or after
the target commits a batch. The events are counted in a run that is not killed, and a seeded choice of them is tried,
some with a second kill of the run that resumes.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bench.null_target import NullTarget
from mapping.target import load_target_map
from state.db import Database, open_engine
from state.store import SqlState
from synchub.domain.plan import Outcome
from synchub.ports import Capabilities
from tests.support.states import Databases
from tests.support.world import World

_BENCH_MAP = Path(__file__).parents[3] / "bench" / "maps" / "null.yaml"
_KILLS = {"sqlite": 12, "postgresql": 5}


class KilledTarget(NullTarget):
    """Tells about each batch, before and after it is committed."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        super().__init__(path)
        self._tell = tell

    def capabilities(self) -> Capabilities:
        """Take small batches."""
        return Capabilities(batch=40, workers=1)

    def write(self, writes: Any) -> list[Outcome]:
        """Store and acknowledge."""
        self._tell("write")
        done = super().write(writes)  # which refuses a create that is sent twice
        self._tell("written")
        return done


def _fill(world: World) -> None:
    """Let four sources speak of 90 devices and 40 people: 400 records, with clones, docks, typing errors and merges."""
    chance = random.Random(7)
    for n in range(90):
        serial, name = f"{n * 7919 % 1000:03}QX{n:03}KL", f"nb-{n}"
        mac = f"02:00:00:00:{n // 16:02x}:{n % 16:02x}"
        maker: dict[str, Any] = {"manufacturer": "HP", "model": f"EliteBook {840 + n % 4}"}
        world.say("erp", f"l{n}", serial_number=serial, price=f"{n}.50", at=n, **maker)
        world.say(
            "mdm", f"d{n}", serial_number=serial, hostname=name, assigned_to=f"p{n % 40}@x.example", at=n, **maker
        )
        world.say(
            "scan", f"h{n}", hostname=name, mac_addresses=[mac], uuid=f"5171718d-dcfb-4146-b2d1-{n:012x}", **maker
        )
        if chance.random() < 0.7:
            world.say("scan", f"g{n}", serial_number=serial, hostname=name, mac_addresses=[mac], os_version=f"{n}")
    for n in range(40):
        world.say("hr", f"e{n}", "person", worker_id=f"E{n}", email=f"p{n}@x.example", manager=f"E{n // 3}")
    for n in range(12):  # docks that go round, and pairs that only a person can tell
        world.say("scan", f"k{n}", hostname=f"dock-{n}", mac_addresses=["00:50:56:bf:bb:17"], assigned_to=f"x{n}")
        world.say(
            "erp",
            f"o{n}",
            serial_number=f"{n:03}PROP{n * 31:04}",
            model="Precision",
            manufacturer="Dell",
            assigned_to=f"w{n}",
        )
        world.say(
            "mdm", f"o{n}", hostname=f"ws-{n}", model="Precision", manufacturer="Dell", assigned_to=f"w{n}@x.example"
        )


def _change(world: World) -> None:
    """A second day: values change, edges are lost and gained, records come."""
    for n in range(0, 90, 9):
        world.say("mdm", f"d{n}", serial_number=f"ZZ{n:04}NEW", hostname=f"nb-{n}", at=500)
        world.say(
            "erp", f"l{n + 1}", serial_number=f"{n * 7919 % 1000:03}QX{n:03}KL", price="1.00", manufacturer="HP", at=500
        )
        world.say(
            "scan", f"n{n}", hostname=f"new-{n}", serial_number=f"NW{n:05}", manufacturer="Dell", model="Latitude"
        )
    for n in range(12):
        world.say(
            "scan",
            f"k{n}",
            hostname=f"dock-{n}",
            mac_addresses=[f"00:50:56:bf:bb:{17 + n // 3}"],
            assigned_to=f"x{n}",
            at=500,
        )
    for n in range(4):
        world.say(
            "mdm", f"o{n}", hostname=f"ws-{n}", model="Precision", manufacturer="Dell", assigned_to=f"w{n + 6}", at=500
        )
    for n in range(0, 40, 8):
        world.say("hr", f"e{n}", "person", worker_id=f"E{n}", email=f"p{n}@x.example", manager="E1", job_title="Clerk")


def _sync(url: str, folder: Path, days: int, tell: Callable[[str], None]) -> World:
    """Sync the first day, or the first and then the second."""
    engine = open_engine(url)
    for name in ("commit",):
        event.listen(engine, name, lambda _connection: tell("commit"))
    world = World(SqlState(Database(engine)))
    world.target = KilledTarget(folder / "target.db", tell)  # type: ignore[assignment]
    world.maps = load_target_map([_BENCH_MAP])
    world.classes = world.maps.classes
    world.slice = 150
    _fill(world)
    if days == 2:
        _change(world)
    world.sync()
    return world


def _end(url: str, folder: Path) -> tuple[Any, ...]:
    """Say what state and target hold, up to ids; nothing is left to do."""
    world = _sync(url, folder, 2, lambda _event: None)
    written = world.target.writes  # type: ignore[attr-defined]
    world.sync()
    assert world.target.writes == written  # type: ignore[attr-defined]
    assert world.query("select count(*) from plan_row where state in ('pending', 'sent', 'failed')") == [(0,)]
    members = world.members()
    target: Any = world.target
    objects = target._db.execute("select id, kind, fields from object order by id").fetchall()
    of = world.query("select object_id, entity from target_object where entity is not null")
    linked = {str(i): sorted(members[entity]) for i, entity in of}

    def plain(fields: bytes) -> dict[str, Any]:
        known = {**json.loads(fields)}
        for name in ("assigned_to", "manager"):
            if name in known:
                known[name] = linked[str(known[name])]
        return known

    held = sorted(
        (kind, linked[str(i)], str(sorted(plain(fields).items()))) for i, kind, fields in objects if str(i) in linked
    )
    loose = sum(1 for i, *_ in objects if str(i) not in linked)
    result = (world.golden(), world.proposals(), world.shared(), held, loose, len(objects))
    world.state.close()
    return result


def _child(url: str, folder: Path, days: int, at: int) -> None:
    left = at

    def tell(_event: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    _sync(url, folder, days, tell)
    os._exit(0)


def _run(url: str, folder: Path, days: int, at: int) -> int:
    process = multiprocessing.get_context("fork").Process(target=_child, args=(url, folder, days, at))
    process.start()
    process.join(120)
    assert process.exitcode is not None
    return process.exitcode


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_killed_sync_is_finished_by_the_next(databases: Databases, tmp_path: Path) -> None:
    """State and target are those of an uninterrupted run, with each thing once."""
    events: list[int] = []
    whole = tmp_path / "whole"
    whole.mkdir()
    url = databases.url()
    for days in (1, 2):
        seen: list[str] = []
        _sync(url, whole, days, seen.append).state.close()
        events.append(len(seen))
    expected = _end(url, whole)
    assert len(expected[0]) > 150
    assert expected[1]
    chance = random.Random(11)
    for attempt in range(_KILLS[databases.kind]):
        folder = tmp_path / f"kill{attempt}"
        folder.mkdir()
        url = databases.url()
        days = 1 + attempt % 2
        if days == 2:
            assert _run(url, folder, 1, 10**9) == 0
        first = chance.randint(1, events[days - 1])
        assert _run(url, folder, days, first) == -signal.SIGKILL
        second = chance.randint(1, max(events[days - 1] - first, 2))
        if attempt % 3 == 0:
            _run(url, folder, days, second)
        assert _run(url, folder, 1, 10**9) == 0 if days == 1 else True
        assert _end(url, folder) == expected, f"killed at event {first} of {events[days - 1]} of day {days}"
