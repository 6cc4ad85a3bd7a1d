"""State databases for tests, the same on SQLite and PostgreSQL. Loaded as a pytest plugin by `tests/conftest.py`."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from state.db import Database, open_engine
from state.migrate import ensure
from state.schema import metadata
from state.store import SqlState
from tests.support.postgres import PostgresServer

_numbers = itertools.count(1)


class Databases:
    """Makes migrated, empty state databases of one kind."""

    def __init__(self, kind: str, folder: Path, server: PostgresServer | None) -> None:
        self.kind, self._folder, self._server = kind, folder, server
        self._open: list[SqlState] = []
        self._urls: list[str] = []

    def url(self) -> str:
        """Make an empty, migrated database; returns its URL."""
        number = next(_numbers)
        if self._server is None:
            path = self._folder / f"state{number}.db"
            shutil.copyfile(_sqlite_template(self._folder), path)
            path.chmod(0o600)
            return f"sqlite:///{path}"
        name = f"synchub_test_{id(self._server):x}_{number}"
        self._urls.append(name)
        return self._server.create(name, template=_postgres_template(self._server))

    def empty_url(self) -> str:
        """Make a database without tables; returns its URL. On SQLite the file does not exist yet."""
        number = next(_numbers)
        if self._server is None:
            return f"sqlite:///{self._folder / f'empty{number}.db'}"
        name = f"synchub_empty_{id(self._server):x}_{number}"
        self._urls.append(name)
        return self._server.create(name)

    def open(self, url: str | None = None) -> SqlState:
        """Open a database (a new one without `url`); closed at the end of the test."""
        state = SqlState(Database(open_engine(url or self.url())))
        self._open.append(state)
        return state

    def wipe(self, state: SqlState) -> None:
        """Empty every table: cheaper than a new database where a test needs many."""
        with state.database.engine.begin() as connection:
            for table in metadata.sorted_tables:
                connection.exec_driver_sql(f"delete from {table.name}")

    def close(self) -> None:
        """Close and remove everything."""
        for state in self._open:
            state.close()
        for name in self._urls:
            if self._server is not None:
                self._server.drop(name)


_templates: dict[object, str] = {}


def _sqlite_template(folder: Path) -> Path:
    if "sqlite" not in _templates:
        path = folder.parent / "template.db"
        engine = open_engine(f"sqlite:///{path}")
        ensure(engine)
        engine.dispose()  # closing the last connection folds the journal in
        _templates["sqlite"] = str(path)
    return Path(_templates["sqlite"])


def _postgres_template(server: PostgresServer) -> str:
    name = f"synchub_template_{id(server):x}"
    if server not in _templates:
        engine = open_engine(server.create(name))
        ensure(engine)
        engine.dispose()
        _templates[server] = name
    return name


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL for the session."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Empty state databases, once on each kind of database."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    made = Databases(request.param, tmp_path_factory.mktemp("state"), server)
    yield made
    made.close()


@pytest.fixture
def postgres_databases(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Databases]:
    """Empty state databases on PostgreSQL only, for what SQLite cannot do."""
    made = Databases("postgresql", tmp_path_factory.mktemp("state"), postgres_server)
    yield made
    made.close()


@pytest.fixture
def state(databases: Databases) -> SqlState:
    """An empty state, once on each kind of database."""
    return databases.open()
