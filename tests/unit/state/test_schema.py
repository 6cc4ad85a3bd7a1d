"""The schema: what a migration gives is what the tables say; other versions are refused; files are private."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from state.db import open_engine
from state.migrate import upgrade
from state.schema import metadata
from state.store import open_state
from synchub.errors import ConfigError, StateError
from tests.support.states import Databases


def test_upgrading_an_empty_database_gives_the_tables(databases: Databases) -> None:
    """No difference between the migrations and the metadata, column types included."""
    engine = open_engine(databases.empty_url())
    upgrade(engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_opening_twice_changes_nothing(databases: Databases) -> None:
    """The second opening finds the right version."""
    url = databases.empty_url()
    open_state(url).close()
    state = open_state(url)
    assert state.entities.count() == {}
    state.close()


def test_a_newer_state_is_refused_with_the_way_out(databases: Databases) -> None:
    """Nothing is changed in it."""
    url = databases.empty_url()
    open_state(url).close()
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num='9999'"))
    engine.dispose()
    with pytest.raises(StateError, match="update the program") as caught:
        open_state(url)
    assert "9999" in str(caught.value)


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    """The database, its journal and the folder that had to be made."""
    url = f"sqlite:///{tmp_path / 'new' / 'state.db'}"
    state = open_state(url)
    state.targets.target("x")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").iterdir()}
    assert set(modes) == {"state.db", "state.db-wal", "state.db-shm"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    state.close()


def test_a_remote_server_must_prove_who_it_is() -> None:
    """Without `sslmode=verify-full` the URL is refused, and the password is in no message."""
    with pytest.raises(ConfigError, match="certificate") as caught:
        open_engine("postgresql://hub:secret@db.example/hub")
    assert "secret" not in str(caught.value)
    with pytest.raises(ConfigError, match="mysql"):
        open_engine("mysql://x/y")


def test_a_database_that_does_not_answer_is_a_state_error(tmp_path: Path) -> None:
    """Not the library's own exception, which would come as a traceback."""
    with pytest.raises(StateError, match="cannot be opened"):
        open_state(f"sqlite:///{tmp_path}")
