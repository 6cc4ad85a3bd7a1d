"""`synchub db upgrade`: a state of the first release, with real rows, goes on where it was; nothing is made twice."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from state.db import open_engine
from state.migrate import alembic_config, versions
from state.schema import metadata
from state.store import SqlState, open_state
from synchub.cli.main import run
from synchub.errors import StateError
from tests.support.states import Databases
from tests.support.world import World

_FIRST = "0001"


def _say(world: World, n: int, **fields: Any) -> None:
    world.say("mdm", f"d{n}", serial_number=f"5CG{7131 + 617 * n}QX", manufacturer="HP", hostname=f"nb-{n}", **fields)


def _office(state: SqlState) -> World:
    """Return a hub with a delivered target and a plan that nobody has applied."""
    world = World(state)
    world.policies = {"default": "hub"}
    for n in range(4):
        _say(world, n, assigned_to="anna@x.example")
    world.say("hr", "e1", "person", worker_id="E1", email="anna@x.example")
    world.sync()
    world.sync()
    _say(world, 0, assigned_to="anna@x.example", description="changed, and planned only")
    world.update()
    world.plan()
    return world


def _as_first_release(databases: Databases, world: World) -> str:
    """Fill a database of the first schema with the rows of a state, as far as it knew them, and rename the objects."""
    old = open_engine(databases.empty_url())
    with old.begin() as connection:
        command.upgrade(alembic_config(connection), _FIRST)
    known = sa.inspect(old)
    tables = [table.name for table in metadata.sorted_tables if known.has_table(table.name)]
    columns = {table: ", ".join(f'"{column["name"]}"' for column in known.get_columns(table)) for table in tables}
    with old.begin() as connection:
        for table, names in columns.items():
            connection.exec_driver_sql(f"delete from {table}")  # noqa: S608
            rows = world.query(f"select {names} from {table}")  # noqa: S608
            if rows:
                places = ", ".join(["?" if databases.kind == "sqlite" else "%s"] * len(rows[0]))
                statement = f"insert into {table}({names}) values ({places})"  # noqa: S608
                connection.exec_driver_sql(statement, [tuple(row) for row in rows])
    url = old.url.render_as_string(hide_password=False)
    old.dispose()
    owners = dict(world.query("select object_id, entity from target_object where origin='created'"))
    for item in world.target.held.values():
        if item.id in owners:
            item.hub_key = f"hub1:{owners[item.id]}"  # such were the keys then
    return url


def _cli(tmp_path: Path, url: str, *arguments: str) -> tuple[int, str]:
    config = tmp_path / "synchub.yaml"
    config.write_text(f"version: 1\nhub: {{id: hub1}}\nstate: {url!r}\n")
    told = io.StringIO()
    with redirect_stdout(told), redirect_stderr(told):
        code = run([*arguments, "--config", str(config)])
    return code, told.getvalue()


def _upgraded(databases: Databases, world: World, tmp_path: Path) -> World:
    """Upgrade by the command line; the same sources and target, the upgraded state."""
    url = _as_first_release(databases, world)
    with pytest.raises(StateError, match="db upgrade"):
        open_state(url)
    code, told = _cli(tmp_path, url, "status")
    assert (code, "has schema 0001" in told, "synchub db upgrade" in told) == (1, True, True), told
    code, told = _cli(tmp_path, url, "db", "upgrade")
    assert (code, "it was 0001" in told) == (0, True), told
    code, told = _cli(tmp_path, url, "db", "upgrade")
    assert (code, "already" in told) == (0, True), told
    after = World(databases.open(url))
    after.target, after.clock, after.said, after.policies = world.target, world.clock, world.said, world.policies
    return after


def test_a_state_of_the_first_release_goes_on(databases: Databases, tmp_path: Path) -> None:
    """The pending change is written, nothing else; links, history and numbers are what they were."""
    world = _office(databases.open())
    before, objects = world.dump(), len(world.target.held)
    after = _upgraded(databases, world, tmp_path)
    assert after.dump()["member"] == before["member"]
    report = after.sync()
    assert report.applied == {"update": 1}
    assert len(after.target.held) == objects
    assert after.sync().summary["counts"] == {}


def test_hub_keys_of_old_things_stay_numbers(databases: Databases, tmp_path: Path) -> None:
    """Their objects carry those; what is new gets a key made of its record."""
    world = _office(databases.open())
    after = _upgraded(databases, world, tmp_path)
    _say(after, 9)
    after.sync()
    keys = dict(after.query("select id, hub_key from entity"))
    new = max(keys)
    assert {number: key for number, key in keys.items() if number != new} == {n: str(n) for n in keys if n != new}
    assert len(keys[new]) == 16


def test_a_create_whose_answer_was_lost_before_the_upgrade_is_found(databases: Databases, tmp_path: Path) -> None:
    """By the number that the object carries; it is not made a second time."""
    world = _office(databases.open())
    entity, thing = world.query("select entity, object_id from target_object where facet='ci' order by entity")[0]
    row = "entity=:entity and op='create' and facet='ci'"
    with world.state.database.engine.begin() as connection:
        for statement in (
            "update plan set state='done' where state='open'",
            f"update plan set state='applying' where id=(select plan from plan_row where {row})",  # noqa: S608
            f"update plan_row set state='sent', object_id=null where {row}",  # noqa: S608
            "delete from target_object where object_id=:thing",
        ):
            connection.execute(sa.text(statement), {"entity": entity, "thing": thing})
    objects = len(world.target.held)
    for name in ("serial", "tag", "mac", "name"):
        world.target.held[thing].fields[name] = None  # nothing but its key tells what it is
    world.target.held[thing].hub_key = f"hub1:{entity}"
    after = _upgraded(databases, world, tmp_path)
    after.sync()
    assert len(after.target.held) == objects
    assert after.query("select entity from target_object where object_id=?", thing) == [(entity,)]


def test_a_newer_state_is_refused_by_every_command(databases: Databases, tmp_path: Path) -> None:
    """An older program touches nothing, `db upgrade` included."""
    url = databases.empty_url()
    open_state(url).close()
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num='9999'"))
    for command_ in (("status",), ("db", "upgrade"), ("prune",)):
        code, told = _cli(tmp_path, url, *command_)
        assert (code, "9999" in told, "pdate the program" in told) == (1, True, True), (command_, told)
    assert versions(engine)[0] == "9999"
    engine.dispose()
