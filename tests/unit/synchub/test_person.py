"""Erasing a person: no byte of the state names them any more, and they do not come back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from state.store import SqlState
from synchub.domain.mentions import Mentions
from synchub.errors import InputError, PlanError
from synchub.person import called, erase, long_gone, person_of
from synchub.settings.load import load_settings
from synchub.wiring import Hub
from tests.support.states import Databases
from tests.support.world import World

_NAMES = ("anna.novak@x.example", "E100213", "Novak", "+49 30 555")


class _Desk:
    """A hub over a small world: a person, her device, a colleague, and traces of her everywhere."""

    def __init__(self, state: SqlState, folder: Path) -> None:
        config = folder / "synchub.yaml"
        config.write_text("version: 1\nhub: {id: test}\n")
        self.world = World(state)
        self.hub = Hub(load_settings(config), self.world.clock, {}, _state=state)
        world = self.world
        world.say(
            "hr", "E100213", "person", worker_id="E100213", email=_NAMES[0], given_name="Anna", family_name="Novak",
            phone="+49 30 555", job_title="Analyst", ends_on="2026-01-31",
        )  # fmt: skip
        world.say("hr", "E2", "person", worker_id="E2", email="ben@x.example", given_name="Ben", manager="E100213")
        world.say("mdm", "d1", serial_number="5CG7131QX", manufacturer="HP", hostname="nb-1", assigned_to=_NAMES[0])
        world.sync()
        world.say(
            "mdm", "d1", serial_number="5CG7131QX", manufacturer="HP", hostname="nb-1", assigned_to="ben@x.example",
            description="was Anna Novak's, mail ANNA.NOVAK@x.example",
        )  # fmt: skip
        world.say("hr", "E100213", "person", worker_id="E100213", email=_NAMES[0], given_name="Anna",
                  family_name="Novak", phone="+49 30 555", job_title="Lead", ends_on="2026-01-31", at=5)  # fmt: skip
        world.sync()
        run = world.begin()
        state.runs.audit(world.clock.now(), run, _NAMES[0], "test", {"about": "Anna Novak"})


@pytest.fixture
def desk(databases: Databases, tmp_path: Path) -> _Desk:
    """Provide one."""
    return _Desk(databases.open(), tmp_path)


def _grep(desk: _Desk, words: tuple[str, ...]) -> list[str]:
    """Search every value of every table, whatever the code under test knows of it."""
    found = []
    for table, rows in _everything(desk.world).items():
        for row in rows:
            text = "\n".join(
                bytes(v).decode("utf-8", "replace") if isinstance(v, bytes | memoryview) else str(v) for v in row
            ).casefold()
            found += [f"{table}: {word}" for word in words if word.casefold() in text]
    return found


def _everything(world: World) -> dict[str, list[Any]]:
    from state.schema import metadata

    return {t.name: world.query(str(t.select())) for t in metadata.sorted_tables}


def test_nothing_names_an_erased_person(desk: _Desk) -> None:
    """A search of every value of every table finds neither address nor name, worker id or telephone."""
    assert len({line.partition(":")[0] for line in _grep(desk, _NAMES)}) > 5
    found = erase(desk.hub, person_of(desk.hub, "E100213"), "ben", "asked for it")
    assert _grep(desk, _NAMES) == []
    assert found["left"] == {}
    assert found["rows"]["record"] >= 1


def test_the_database_file_does_not_hold_them_either(desk: _Desk, databases: Databases) -> None:
    """What was deleted is overwritten: a grep over the files proves it."""
    path = desk.hub.state.database.engine.url.database
    if databases.kind != "sqlite":
        pytest.skip("the files belong to the server")
    assert path is not None
    assert b"anna.novak" in b"".join(p.read_bytes() for p in Path(path).parent.glob(Path(path).name + "*"))
    erase(desk.hub, person_of(desk.hub, "E100213"), "ben", "")
    files = b"".join(p.read_bytes() for p in Path(path).parent.glob(Path(path).name + "*")).lower()
    assert [word for word in _NAMES if word.lower().encode() in files] == []


def test_an_erased_person_does_not_come_back(desk: _Desk) -> None:
    """Neither their record nor their object is stored again (what else mentions them has to be cleared where it is)."""
    before = {i.id: dict(i.fields) for i in desk.world.target.of("user")}
    erase(desk.hub, person_of(desk.hub, "E100213"), "ben", "")
    for _ in range(2):
        desk.world.sync()
    assert _grep(desk, ("E100213", "+49 30 555")) == []
    assert {i.id: i.fields for i in desk.world.target.of("user")} == before
    assert person_of(desk.hub, "E2")
    with pytest.raises(InputError):
        person_of(desk.hub, "E100213")


def test_a_legal_hold_keeps_a_person(desk: _Desk) -> None:
    """Nothing changes until it is ended; the message says whose it is."""
    entity = person_of(desk.hub, "E100213")
    desk.hub.state.erasure.hold(entity, "case 7", "legal", 5)
    before = _everything(desk.world)
    with pytest.raises(PlanError, match="legal: case 7"):
        erase(desk.hub, entity, "ben", "")
    assert _everything(desk.world) == before
    assert long_gone(desk.hub, 0) == []
    assert desk.hub.state.erasure.release(entity)
    assert erase(desk.hub, entity, "ben", "")["left"] == {}


def test_who_left_long_ago_is_found(desk: _Desk) -> None:
    """By the last day of work; people without one stay."""
    entity = person_of(desk.hub, "E100213")
    assert long_gone(desk.hub, 86_400) == [entity]
    assert long_gone(desk.hub, 86_400 * 365 * 3) == []


def test_only_people_are_erased(desk: _Desk) -> None:
    """A device is no person."""
    with pytest.raises(InputError, match="no person"):
        person_of(desk.hub, "nb-1")


def test_a_person_is_called_by_what_any_record_says(desk: _Desk) -> None:
    """Also the telephone and the name in either order."""
    mentions = called(desk.hub, person_of(desk.hub, "E100213"))
    assert all(mentions.among(text) for text in (*(_NAMES[0], _NAMES[1], _NAMES[3]), "Novak, Anna", "x Anna Novak y"))
    assert not mentions.among("Annan Novakova")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b'{"a":["E1","E12","x anna@x.example y"],"anna@x.example":1}', b'{"a":["-","E12","x - y"],"-":1}'),
        (b'{"n":"Jos\\u00e9 Lima"}', b'{"n":"-"}'),
        (b"csv;ANNA@X.example;1", b"csv;-;1"),
        (b"\xff\x00raw", b"\xff\x00raw"),
        ("e1", "-"),
        ("E1000", "E1000"),
        (7, 7),
        (None, None),
    ],
)
def test_values_are_cleared_whatever_their_form(value: Any, expected: Any) -> None:
    """JSON by its strings, escaped or not; other bytes as text; short values only where they stand alone."""
    assert Mentions(["E1", "anna@x.example", "José Lima"], "-").cleared(value) == expected


def test_json_stays_json() -> None:
    """What is not about the person is not touched, down to the bytes."""
    data = orjson.dumps({"a": [1, 2.5, None, True, "é"], "b": {"c": "d"}})
    assert Mentions(["nobody@x.example"], "-").cleared(data) is data
