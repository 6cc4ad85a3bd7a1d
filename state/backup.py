"""Copies of the whole state: one file for both databases, checked before it is used.

The file is gzip over lines of JSON: a head, for each table a line with its columns and then one line per row, and at
the end the number of rows and a SHA-256 of everything before. It holds what the state holds, people included.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from sqlalchemy import LargeBinary
from sqlalchemy.engine import Connection, Engine

from state.db import Tx
from state.migrate import alembic_config, versions
from state.schema import metadata
from synchub.errors import InputError, StateError

_FORMAT = 1
_APART = {"lease", "budget"}  # of the moment
_LINE = 64 * 1024 * 1024  # bytes of the longest row that is read back
_BATCH = 2000


class Backup(NamedTuple):
    """What a backup holds.

    Attributes:
        at: When it was made, seconds since 1970 UTC.
        schema: Of the state.
        rows: How many, in all tables.
    """

    at: int
    schema: str
    rows: int


def backup(engine: Engine, path: Path, at: int) -> Backup:
    """Write a copy of one moment of the state while others may go on working; memory stays flat.

    The file is readable by its owner only and appears under its name when it is whole.

    Raises:
        StateError: The state is empty, of another schema, or does not answer.
        InputError: The file cannot be written.
    """
    have, need = versions(engine)
    if have is None or have != need:
        raise StateError(
            f"the state has schema {have or 'none'}, this program needs {need}.",
            where="backup", fix="Make the backup with the program that the state belongs to.",
        )  # fmt: skip
    part = path.with_name(f".{path.name}.part")
    try:
        with _written(part) as file, _moment(engine) as tx:
            out = _Out(file)
            out.line({"synchub_state": _FORMAT, "schema": have, "at": at})
            for table in metadata.sorted_tables:
                if table.name not in _APART:
                    _write_table(out, tx, table)
            rows = out.rows
            out.close()
        part.replace(path)
    except OSError as exc:
        raise InputError(
            f"it cannot be written: {exc.strerror}.", where=str(path), fix="Choose another place."
        ) from exc
    finally:
        part.unlink(missing_ok=True)
    return Backup(at, have, rows)


def restore(engine: Engine, path: Path, *, replace: bool = False) -> Backup:
    """Bring the state back, in one transaction: killed at any moment, the state is as before.

    An older schema is upgraded. Everything is planned anew and every target is read whole with the next run: what the
    hub wrote after the backup is found by the hub key it carries.

    Args:
        engine: Of the state.
        path: The file.
        replace: The state holds something, which goes.

    Raises:
        InputError: The file is no backup, damaged, or cut off; nothing was changed.
        StateError: The state is not empty, or the backup is of a newer schema; nothing was changed.
    """
    from alembic import command

    found = inspect_backup(path)
    have, need = versions(engine)
    if have is not None and not replace:
        raise StateError(
            "the state is not empty.", where="restore", fix="Say --replace to lose what it holds, or configure another."
        )
    if max(found.schema, have or "") > need:
        raise StateError(
            f"the backup has schema {found.schema}, the state {have or 'none'}, this program knows {need}.",
            where=str(path), fix="Restore it with the program that made it, or a newer one.",
        )  # fmt: skip
    with engine.begin() as connection:
        config = alembic_config(connection)
        if have is not None:
            command.downgrade(config, "base")
        command.upgrade(config, found.schema)
        _read_tables(connection, path)
        command.upgrade(config, "head")
        tx = Tx(connection)
        tx.run("update target set read_since=null, looks=null, planned_rev=0")
        tx.run("update plan set state='superseded' where state in ('open', 'applying')")
    return found


def inspect_backup(path: Path) -> Backup:
    """Read a backup from end to end and make sure that it is whole.

    Raises:
        InputError: It is not.
    """
    head: dict[str, Any] = {}
    rows = 0
    for line in _lines(path):
        if not head:
            head = line if isinstance(line, dict) and line.get("synchub_state") == _FORMAT else {}
            if not head:
                raise _damaged(path, "it is no backup of this format")
        rows += isinstance(line, list)
    return Backup(int(head["at"]), str(head["schema"]), rows)


class _Out:
    """Writes lines and keeps count."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file, self._hash, self.rows = file, hashlib.sha256(), 0

    def line(self, content: Any) -> None:
        """Write one line."""
        data = orjson.dumps(content) + b"\n"
        self._hash.update(data)
        self._file.write(data)

    def close(self) -> None:
        """Write the end."""
        self._file.write(orjson.dumps({"end": self.rows, "sha256": self._hash.hexdigest()}) + b"\n")


def _write_table(out: _Out, tx: Tx, table: Any) -> None:
    columns = [column.name for column in table.columns]
    blobs = [n for n, column in enumerate(table.columns) if isinstance(column.type, LargeBinary)]
    out.line({"table": table.name, "columns": columns, "blobs": blobs})
    for row in tx.iterate(f"select {', '.join(columns)} from {table.name}"):
        values = list(row)
        for n in blobs:
            if values[n] is not None:
                values[n] = base64.b64encode(values[n]).decode()
        out.line(values)
        out.rows += 1


def _read_tables(connection: Connection, path: Path) -> None:
    tx, statement = Tx(connection), ""
    blobs: list[int] = []
    batch: list[list[Any]] = []
    for line in _lines(path):
        if isinstance(line, list):
            for n in blobs:
                if line[n] is not None:
                    line[n] = base64.b64decode(line[n])
            batch.append(line)
        if batch and (len(batch) == _BATCH or isinstance(line, dict)):
            tx.many(statement, batch)
            batch.clear()
        if isinstance(line, dict) and "table" in line:
            statement, blobs = _insert(path, line), line["blobs"]
    if batch:
        tx.many(statement, batch)


def _insert(path: Path, head: dict[str, Any]) -> str:
    """Make the statement for a table; names come from this program's schema, never from the file."""
    names = {t.name: {c.name for c in t.columns} for t in metadata.sorted_tables}
    table, columns = head["table"], head["columns"]
    if not set(columns) <= names.get(table, set()) or not columns:
        raise _damaged(path, f"this program knows no table {str(table)[:40]!r} of that form")
    return f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})"


def _lines(path: Path) -> Iterator[Any]:
    """Yield the lines before the end, which is checked."""
    seen, rows = hashlib.sha256(), 0
    try:
        with gzip.open(path, "rb") as file:
            while data := file.readline(_LINE):
                line = orjson.loads(data)
                if isinstance(line, dict) and "end" in line:
                    if line != {"end": rows, "sha256": seen.hexdigest()} or file.read(1):
                        raise _damaged(path, "its check sum is another")
                    return
                seen.update(data)
                rows += isinstance(line, list)
                yield line
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError) as exc:
        raise _damaged(path, str(exc)[:200] or "it ends too early") from exc
    raise _damaged(path, "it ends too early")


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"it cannot be used: {why}.", where=str(path), fix="Take another backup; nothing was changed.")


@contextmanager
def _written(path: Path) -> Iterator[gzip.GzipFile]:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=5, mtime=0) as file:
            yield file
        raw.flush()
        os.fsync(raw.fileno())


@contextmanager
def _moment(engine: Engine) -> Iterator[Tx]:
    """Read one moment of the state."""
    options: dict[str, Any] = {"synchub_read": True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    with engine.connect().execution_options(**options) as connection, connection.begin():
        yield Tx(connection)
