"""The database as Flask-SQLAlchemy sees it: engine options, naming convention, pragmas.

Screens and reports read through `db.session`. Everything that writes goes through `fulfillment.hot`,
which owns the one writing connection of a process: two writers in one process would fight through
SQLite's busy handler and the slower scan would wait for seconds.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pysqlite3
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, event
from sqlalchemy.engine import Engine, make_url

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

db = SQLAlchemy(metadata=MetaData(naming_convention=NAMING))

# Source: https://www.sqlite.org/wal.html#walresetbug -- releases in which two connections that write or
# checkpoint at once cannot reset the WAL under each other.
WAL_RESET_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))

BUSY_TIMEOUT_MS = 10_000

# The driver keeps 128 by default; a floor that packs, picks and prints uses more different statements, and
# each scan would compile its two dozen again: twice the time.
CACHED_STATEMENTS = 1_000


class UnsafeSqlite(RuntimeError):
    """The SQLite library found can corrupt a database that several connections write."""


def engine_options(database_url: str) -> dict[str, Any]:
    """`create_engine` options for a database address; SQLite always through the `pysqlite3` wheel."""
    if not database_url.startswith("sqlite"):
        return {}
    check_sqlite_library(pysqlite3.sqlite_version_info)
    arguments = {"timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": CACHED_STATEMENTS}
    return {"module": pysqlite3, "connect_args": arguments}


def check_sqlite_library(version: tuple[int, ...]) -> None:
    """Refuse a library with the WAL-reset race, naming it.

    Raises:
        UnsafeSqlite: the version is older than the fix on its branch.
    """
    newest, *backports = WAL_RESET_FIXED
    if version >= newest or any(version[:2] == fixed[:2] and version >= fixed for fixed in backports):
        return
    found = ".".join(map(str, version))
    raise UnsafeSqlite(f"SQLite {found} has the WAL-reset race; install pysqlite3 >= 0.6.1")


def configure_engine(engine: Engine) -> None:
    """Attach the pragmas that make a SQLite commit durable, and real BEGINs for consistent reads."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver would start it too late
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")


def sqlite_path(database_url: str) -> Path:
    """The file of a `sqlite:///…` address."""
    name = make_url(database_url).database
    if not name or name == ":memory:":
        raise ValueError("database: a floor needs a SQLite file, not memory: several processes share it")
    return Path(name)
