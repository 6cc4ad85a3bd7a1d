"""Bring a state database to this version's schema, or refuse to touch it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError

from synchub.errors import StateError

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent


def alembic_config(connection: Connection | None = None) -> Config:
    """Return what Alembic needs; with the connection on which its commands work.

    Alembic is imported only where a schema is changed: it costs a command a fifth of its start.
    """
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE / "migrations"))
    if connection is not None:
        config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine) -> None:
    """Create the tables in an empty database, or bring older ones up to this version."""
    from alembic import command

    with engine.begin() as connection:
        command.upgrade(alembic_config(connection), "head")


def versions(engine: Engine) -> tuple[str | None, str]:
    """Return the schema version the database has (None: empty) and the one this program needs.

    Raises:
        StateError: The database does not answer.
    """
    try:
        with engine.connect() as connection:
            have = None
            if inspect(connection).has_table("alembic_version"):
                have = connection.exec_driver_sql("select version_num from alembic_version").scalar()
    except DBAPIError as exc:
        raise StateError(
            f"the database cannot be opened: {str(exc.orig).splitlines()[0][:300]}.",
            where=f"state ({engine.url.render_as_string(hide_password=True)})", fix="See docs/operations.md#state.",
        ) from exc  # fmt: skip
    return have, max(path.name[:4] for path in (_HERE / "migrations" / "versions").glob("[0-9]*.py"))


def ensure(engine: Engine) -> None:
    """Create an empty database's tables; accept the right version; refuse any other.

    Raises:
        StateError: The database is of another version; nothing was changed.
    """
    have, need = versions(engine)
    if have is None:
        upgrade(engine)
    elif have != need:
        raise StateError(
            f"the state has schema {have}, this program needs {need}.",
            where=f"state ({engine.url.render_as_string(hide_password=True)})",
            fix="If the program is newer: back up, then run `synchub db upgrade`. If the state is newer: update the"
            " program.",
        )
