"""The database as Flask-SQLAlchemy sees it: engine options, naming convention, pragmas.

Screens and reports read through `db.session`. Everything that writes goes through `fulfillment.hot`,
which owns the one writing connection of a process: two writers in one process would fight through
SQLite's busy handler and the slower scan would wait for seconds.
"""

from __future__ import annotations

import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pysqlite3
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import MetaData, event
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError

from fulfillment.domain.chaining import sha256
from fulfillment.hot.sqlite import close_in_turn
from fulfillment.settings import SettingError

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


LOCK_TIMEOUT_MS = 10_000
IDLE_IN_TURN_MS = 5_000
TCP_USER_TIMEOUT_MS = 3_000
POOL_SIZE = 16


class UnsafeSqlite(RuntimeError):
    """The SQLite library found can corrupt a database that several connections write."""


def engine_options(database_url: str) -> dict[str, Any]:
    """`create_engine` options for a database address; SQLite always through the `pysqlite3` wheel.

    Raises:
        SettingError: neither SQLite nor PostgreSQL, or the driver of PostgreSQL is not installed.
    """
    address_of(database_url)
    if not is_sqlite(database_url):
        return postgresql_options(database_url)
    check_sqlite_library(pysqlite3.sqlite_version_info)
    arguments = {"timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": CACHED_STATEMENTS}
    return {"module": pysqlite3, "connect_args": arguments}


def address_of(database_url: str) -> URL:
    """An address, parsed.

    Raises:
        SettingError: it is none; what it holds is not repeated, for it may be a password.
    """
    try:
        return make_url(database_url)
    except (ArgumentError, ValueError):
        raise SettingError("FLOOR_DATABASE: not an address: sqlite:///… or postgresql+psycopg://…") from None


def without_password(database_url: str) -> str:
    """An address to be shown to people."""
    address = address_of(database_url)
    if "password" in address.query:
        address = address.update_query_dict({"password": "***"})
    return address.render_as_string(hide_password=True)


def is_sqlite(database_url: str) -> bool:
    """Whether the address names a SQLite file."""
    return database_url.startswith("sqlite")


def postgresql_options(database_url: str) -> dict[str, Any]:
    """What every connection to PostgreSQL is opened with: short patience with the dead, time in UTC."""
    if make_url(database_url).drivername != "postgresql+psycopg":
        raise SettingError("FLOOR_DATABASE: sqlite:///… or postgresql+psycopg://…")
    if find_spec("psycopg") is None:
        raise SettingError("FLOOR_DATABASE: PostgreSQL needs its driver: pip install 'floorline[postgresql]'")
    session = {
        "TimeZone": "UTC", "default_transaction_isolation": r"read\ committed", "lock_timeout": LOCK_TIMEOUT_MS,
        # A server cut off in the middle of its turn must not keep the floor waiting for longer than this.
        "idle_in_transaction_session_timeout": IDLE_IN_TURN_MS,
        # The same from the other end: the database lets go of whoever its packets do not reach any more, and of
        # those of them that wait for the turn before they get it, or each would keep it for as long again.
        "tcp_user_timeout": TCP_USER_TIMEOUT_MS, "tcp_keepalives_idle": 1, "tcp_keepalives_interval": 1,
        "tcp_keepalives_count": 2, "client_connection_check_interval": 250,
    }  # fmt: skip
    arguments = {
        "connect_timeout": 3, "application_name": "floorline", "keepalives_idle": 1, "keepalives_interval": 1,
        "keepalives_count": 2, "tcp_user_timeout": TCP_USER_TIMEOUT_MS,
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
    }  # fmt: skip
    # Without recycling on check-out nothing is asked twice: a dead connection is noticed by its first use.
    return {"connect_args": arguments, "pool_size": POOL_SIZE, "max_overflow": POOL_SIZE, "pool_pre_ping": False}


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
    close_in_turn(engine, sqlite_path(str(engine.url)))

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver would start it too late
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA wal_autocheckpoint=0")  # the writer alone checkpoints, in its turn
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        cursor.close()
        connection.create_function("chain_sha256", 1, sha256, deterministic=True)  # PostgreSQL has one of its own

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")


def sqlite_path(database_url: str) -> Path:
    """The file of a `sqlite:///…` address."""
    name = make_url(database_url).database
    if not name or name == ":memory:":
        raise SettingError("FLOOR_DATABASE: a floor needs a SQLite file, not memory: several processes share it")
    return Path(name)
