"""Backups of the state: whole or refused, the same for both databases, and nothing is made twice after one."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import orjson
import pytest
from alembic import command
from sqlalchemy import inspect

from state.backup import backup, inspect_backup, restore
from state.db import open_engine
from state.migrate import alembic_config, versions
from state.store import SqlState
from synchub.errors import InputError, StateError
from tests.support.states import Databases
from tests.support.world import World

_AT = 1_800_000_000


def _filled(state: SqlState, devices: int = 4) -> World:
    world = World(state)
    for n in range(devices):
        _say(world, n)
    world.say("hr", "e1", "person", worker_id="E1", email="anna@x.example")
    world.sync()
    return world


def _say(world: World, n: int) -> None:
    serial = f"5CG{7131 + 617 * n}QX"
    world.say("mdm", f"d{n}", serial_number=serial, manufacturer="HP", hostname=f"nb-{n}", at=n)


def _made(state: SqlState, path: Path) -> Path:
    backup(state.database.engine, path, _AT)
    return path


def test_a_restored_state_holds_the_same_rows(databases: Databases, tmp_path: Path) -> None:
    """Every row of every table, into an empty database and over a full one."""
    state = databases.open()
    world = _filled(state)
    path = _made(state, tmp_path / "copy.gz")
    before = world.dump()
    assert before["entity"]
    url = databases.empty_url()
    engine = open_engine(url)
    assert restore(engine, path) == inspect_backup(path)
    engine.dispose()
    _same(World(databases.open(url)).dump(), before)
    _say(world, 9)
    world.sync()
    restore(state.database.engine, path, replace=True)
    _same(world.dump(), before)


def _same(after: dict[str, list[str]], before: dict[str, list[str]]) -> None:
    apart = {"target", "lease", "budget"}  # targets are looked at from the beginning
    assert {k: v for k, v in after.items() if k not in apart} == {k: v for k, v in before.items() if k not in apart}


def test_a_file_is_readable_by_its_owner_only(databases: Databases, tmp_path: Path) -> None:
    """It holds people; nothing half-written stays beside it."""
    path = _made(_filled(databases.open()).state, tmp_path / "copy.gz")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.suffix in (".gz", ".part")] == ["copy.gz"]


def test_one_database_is_restored_into_the_other(databases: Databases, tmp_path: Path) -> None:
    """The form is the same; here into SQLite, whatever it came from."""
    world = _filled(databases.open())
    path = _made(world.state, tmp_path / "copy.gz")
    engine = open_engine(f"sqlite:///{tmp_path / 'other.db'}")
    restore(engine, path)
    engine.dispose()
    other = databases.open(f"sqlite:///{tmp_path / 'other.db'}")
    _same(World(other).dump(), world.dump())


def test_nothing_is_made_twice_after_an_older_backup(databases: Databases, tmp_path: Path) -> None:
    """What the hub created since is found by its hub key, linked, and left as it is."""
    world = _filled(databases.open())
    path = _made(world.state, tmp_path / "copy.gz")
    for n in (7, 8):
        _say(world, n)
    world.sync()
    world.sync()
    held, written = len(world.target.held), len(world.target.log)
    restore(world.state.database.engine, path, replace=True)
    for _ in range(2):
        world.sync()
    assert len(world.target.held) == held
    assert world.target.log[written:] == []
    linked = world.query("select count(*) from target_object where entity is not null")
    assert linked == [(held,)]


@pytest.mark.parametrize("keep", [0, 1, 20, -9, -1])
def test_a_damaged_file_changes_nothing(databases: Databases, tmp_path: Path, keep: int) -> None:
    """Cut off anywhere, it is refused before the state is touched."""
    world = _filled(databases.open())
    path = _made(world.state, tmp_path / "copy.gz")
    path.write_bytes(path.read_bytes()[:keep])
    before = world.dump()
    with pytest.raises(InputError, match="cannot be used"):
        restore(world.state.database.engine, path, replace=True)
    assert world.dump() == before


@pytest.mark.parametrize("change", ["value", "row", "table", "tail"])
def test_a_file_edited_by_hand_is_refused(databases: Databases, tmp_path: Path, change: str) -> None:
    """The check sum is over everything."""
    world = _filled(databases.open())
    path = _made(world.state, tmp_path / "copy.gz")
    lines = gzip.decompress(path.read_bytes()).splitlines()
    if change == "value":
        lines = [line.replace(b"live", b"gone") for line in lines]
    elif change == "row":
        del lines[next(n for n, line in enumerate(lines) if line.startswith(b"["))]
    elif change == "table":
        lines[1] = lines[1].replace(b'"columns"', b'"Columns"')
    else:
        lines.append(lines[-1])
    path.write_bytes(gzip.compress(b"\n".join(lines) + b"\n"))
    before = world.dump()
    with pytest.raises(InputError):
        restore(world.state.database.engine, path, replace=True)
    assert world.dump() == before


def test_a_full_state_is_lost_only_when_asked(databases: Databases, tmp_path: Path) -> None:
    """Without `--replace` it is refused, with the way out."""
    world = _filled(databases.open())
    path = _made(world.state, tmp_path / "copy.gz")
    with pytest.raises(StateError, match="not empty") as caught:
        restore(world.state.database.engine, path)
    assert "--replace" in caught.value.fix


def test_a_newer_backup_is_refused(databases: Databases, tmp_path: Path) -> None:
    """What this program does not know it does not load."""
    state = databases.open()
    path = _made(state, tmp_path / "copy.gz")
    head, *rest = gzip.decompress(path.read_bytes()).splitlines()
    lines = [orjson.dumps({**orjson.loads(head), "schema": "9999"}), *rest[:-1]]
    data = b"".join(line + b"\n" for line in lines)
    end = orjson.loads(rest[-1])["end"]
    tail = orjson.dumps({"end": end, "sha256": hashlib.sha256(data).hexdigest()}) + b"\n"
    path.write_bytes(gzip.compress(data + tail))
    with pytest.raises(StateError, match="schema 9999"):
        restore(state.database.engine, path, replace=True)


def test_an_older_backup_is_upgraded(databases: Databases, tmp_path: Path) -> None:
    """A file of schema 0001 becomes a state of this program."""
    url = databases.empty_url()
    engine = open_engine(url)
    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0001")
        connection.exec_driver_sql("insert into meta(name, value) values ('k', 'v')")
        columns = [c["name"] for c in inspect(connection).get_columns("meta")]
    lines = [
        orjson.dumps({"synchub_state": 1, "schema": "0001", "at": _AT}),
        orjson.dumps({"table": "meta", "columns": columns, "blobs": []}),
        orjson.dumps(["k", "v"]),
    ]
    data = b"".join(line + b"\n" for line in lines)
    path = tmp_path / "old.gz"
    tail = orjson.dumps({"end": 1, "sha256": hashlib.sha256(data).hexdigest()}) + b"\n"
    path.write_bytes(gzip.compress(data + tail))
    restore(engine, path, replace=True)
    have, need = versions(engine)
    engine.dispose()
    assert have == need
    assert World(databases.open(url)).query("select name, value from meta where name='k'") == [("k", "v")]


def test_a_place_that_cannot_be_written_is_named(databases: Databases, tmp_path: Path) -> None:
    """No stack trace, no half a file."""
    with pytest.raises(InputError, match="cannot be written"):
        backup(databases.open().database.engine, tmp_path / "none" / "copy.gz", _AT)
