"""Open the state database and run statements in transactions.

SQLite runs in WAL mode with explicit `BEGIN IMMEDIATE`, so that two writers queue instead of failing half-way; its
files are created 0600. PostgreSQL comes by URL. Statements are written once, with `?` for parameters, and go to the
driver's cursor as tuples: dict rows cost three times as much (docs/performance.md).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url

from synchub.errors import ConfigError, LeaseLost, StateError

_PRAGMAS = (
    "journal_mode=wal",
    "synchronous=normal",
    "cache_size=-32768",
    "wal_autocheckpoint=16000",  # pages; scattered inserts meet again in the log before they go to the file
    "busy_timeout=60000",
    "foreign_keys=on",
    "temp_store=file",
)
_CHUNK = 900  # values in one IN list

Row = Any  # a tuple of column values, as the driver gives it


def open_engine(url: str) -> Engine:
    """Open the database behind a URL.

    Args:
        url: `sqlite:///relative.db`, `sqlite:////absolute.db` or `postgresql://user@host/db`. A remote PostgreSQL must
            say `sslmode=verify-full`.

    Raises:
        ConfigError: The URL is of another kind, or would talk to a remote server without checking who it is.
    """
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError:
        raise ConfigError(
            "the state URL cannot be read.", where="state", fix="Use sqlite:///path or postgresql://host/db."
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed)
    if parsed.get_backend_name() == "postgresql":
        return _open_postgres(parsed)
    raise ConfigError(
        f"state cannot live in {parsed.get_backend_name()!r}.",
        where="state",
        fix="Use sqlite:///path or postgresql://host/db.",
    )


def _open_sqlite(url: URL) -> Engine:
    if url.database and url.database != ":memory:":
        path = Path(url.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        except OSError as exc:
            raise StateError(
                f"the state cannot be made in {path.parent} ({exc.strerror}).", where="state",
                fix="Make the folder writable for the user that runs the hub, or name another in `state:`.",
            ) from None  # fmt: skip
    engine = sa.create_engine(url)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late to keep two writers apart
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"pragma {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("synchub_read", False)
        connection.exec_driver_sql("begin" if reading else "begin immediate")

    return engine


def _open_postgres(url: URL) -> Engine:
    local = not url.host or url.host in {"localhost", "127.0.0.1", "::1"} or url.host.startswith("/")
    if not local and url.query.get("sslmode") != "verify-full" and "host" not in url.query:
        raise ConfigError(
            f"PostgreSQL at {url.host} would be used without checking its certificate.",
            where="state",
            fix="Add ?sslmode=verify-full&sslrootcert=/path/to/ca.pem to the URL.",
        )
    return sa.create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)


class Tx:
    """Statements within one transaction. `?` marks parameters on both databases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._postgres = connection.dialect.name == "postgresql"
        self._cursor = connection.connection.cursor()

    @property
    def postgres(self) -> bool:
        """Whether this is PostgreSQL."""
        return self._postgres

    def _sql(self, statement: str) -> str:
        return statement.replace("%", "%%").replace("?", "%s") if self._postgres else statement

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Execute one statement; returns the number of rows it changed."""
        self._cursor.execute(self._sql(statement), parameters)
        return int(self._cursor.rowcount)

    def many(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row of parameters."""
        self._cursor.executemany(self._sql(statement), rows if isinstance(rows, list) else list(rows))

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Fetch all rows as tuples."""
        self._cursor.execute(self._sql(statement), parameters)
        return list(self._cursor.fetchall())

    def first(self, statement: str, parameters: Sequence[Any] = ()) -> Row | None:
        """Fetch the first row, or None."""
        self._cursor.execute(self._sql(statement), parameters)
        return self._cursor.fetchone()

    def value(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        """Fetch the first column of the first row, or None."""
        row = self.first(statement, parameters)
        return row[0] if row else None

    def iterate(self, statement: str, parameters: Sequence[Any] = (), *, size: int = 20_000) -> Iterator[Row]:
        """Yield rows as tuples, a slice in memory at a time. Write nothing to the table while iterating."""
        if self._postgres:
            cursor = self._connection.connection.dbapi_connection.cursor(name="synchub_iterate")  # type: ignore[union-attr]
        else:
            cursor = self._connection.connection.cursor()
        try:
            cursor.execute(self._sql(statement), parameters)
            while rows := cursor.fetchmany(size):
                yield from rows
        finally:
            cursor.close()

    def select_in(self, statement: str, values: Iterable[Any], *, before: Sequence[Any] = ()) -> list[Row]:
        """Fetch the rows whose column is one of `values`; `{in}` in the statement becomes the list.

        Values are sent in slices, so there may be any number of them. `before` are parameters that precede the list.
        """
        values = values if isinstance(values, list) else list(values)
        result: list[Row] = []
        for start in range(0, len(values), _CHUNK):
            part = values[start : start + _CHUNK]
            sql = statement.replace("{in}", f"({','.join('?' * len(part))})")
            result.extend(self.rows(sql, [*before, *part]))
        return result

    def run_in(self, statement: str, values: Iterable[Any], *, before: Sequence[Any] = ()) -> None:
        """Execute a statement for the rows whose column is one of `values`; see `select_in`."""
        values = values if isinstance(values, list) else list(values)
        for start in range(0, len(values), _CHUNK):
            part = values[start : start + _CHUNK]
            self.run(statement.replace("{in}", f"({','.join('?' * len(part))})"), [*before, *part])

    def allocate(self, name: str, count: int) -> int:
        """Reserve `count` numbers of a sequence; returns the first. Never gives a number twice, even after a kill."""
        first = self.value(
            "insert into sequence(name, next) values (?, ?) on conflict (name) do update set next = sequence.next +"
            " excluded.next - 1"
            " returning next",
            (name, 1 + count),
        )
        return int(first) - count


class Database:
    """The state database; hands out transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.leases: dict[str, str] = {}  # scope -> owner: what is written is written under these

    @contextmanager
    def begin(self, *, fenced: bool = True) -> Iterator[Tx]:
        """Open a transaction; committed at the end, rolled back on an exception.

        Args:
            fenced: Only while the leases this database works under are held. Nobody can take one over before the end of
                the transaction.

        Raises:
            LeaseLost: Another owner has one of the leases by now; nothing was written.
            StateError: The database does not answer or refuses a statement.
        """
        try:
            with self.engine.begin() as connection:
                tx = Tx(connection)
                if fenced and self.leases:
                    self._check_leases(tx)
                yield tx
        except sa.exc.DBAPIError as exc:
            raise self._error(exc) from exc
        except Exception as exc:
            if type(exc).__module__.split(".")[0] in {"sqlite3", "psycopg"}:
                raise self._error(exc) from exc
            raise

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that only reads: it waits for no writer and sees one moment of the state."""
        try:
            with self.engine.connect().execution_options(synchub_read=True) as connection, connection.begin():
                yield Tx(connection)
        except sa.exc.DBAPIError as exc:
            raise self._error(exc) from exc

    def _check_leases(self, tx: Tx) -> None:
        lock = " for share" if tx.postgres else ""  # SQLite has one writer at a time
        for scope, owner in self.leases.items():
            holder = tx.value(f"select owner from lease where scope=?{lock}", (scope,))
            if holder != owner:
                raise LeaseLost(
                    f"the lease on {scope!r} ended, and {holder or 'another run'} took over.",
                    where="state",
                    fix="Nothing: the other run goes on from what was stored.",
                )

    def _error(self, exc: Exception) -> StateError:
        reason = str(getattr(exc, "orig", exc)).splitlines()[0][:300]
        where = f"state ({self.engine.url.render_as_string(hide_password=True)})"
        return StateError(f"the database refused: {reason}.", where=where, fix="See docs/operations.md#state.")

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()
