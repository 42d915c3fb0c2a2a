"""Every row of one database into another, of whichever engine, and a sum by which both can be compared.

The sum of a table adds up the hashes of its rows, so it says nothing about their order and everything about their
content. What belongs to the engine and not to the floor is left behind: the transaction number of an event. Into
PostgreSQL all goes in one transaction, foreign keys taken down before and put up again, which checks them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.engine import Engine

BATCH_ROWS = 2_000
NOT_COPIED = frozenset({"alembic_version", "sqlite_stat1"})
NUMBER_OF_ENGINE = ("event", "xid")  # of the server an event was written on: 0 says that it is visible


@dataclass(frozen=True)
class Table:
    """A table and its columns, in the order both sides are read in."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Sum:
    """What a table holds: its rows, and the hash of all of them in any order."""

    rows: int
    sha256: str


class Counting:
    """Rows on their way, counted and hashed."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = rows
        self.count = 0
        self._total = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._rows:
            self.count += 1
            self._total += int.from_bytes(hashlib.sha256(_said(row)).digest(), "big")
            yield row

    @property
    def sum(self) -> Sum:
        """Of what has passed."""
        return Sum(self.count, f"{self._total % 2**256:064x}")


def tables_of(engine: Engine) -> list[Table]:
    """All tables that hold rows of the floor. Others in the same database (a job queue's) are left alone."""
    from fulfillment import models

    inspector = inspect(engine)
    there = set(inspector.get_table_names()) - NOT_COPIED
    # A schema older than this program's may have tables the models no longer know.
    known = set(models.db.metadata.tables) if engine.dialect.name != "sqlite" else there
    return [
        Table(name, tuple(sorted(column["name"] for column in inspector.get_columns(name))))
        for name in sorted(there & known)
    ]


@contextmanager
def snapshot(engine: Engine) -> Iterator[Any]:
    """A driver connection that sees one moment of all tables."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    connection.row_factory = None if engine.dialect.name == "sqlite" else _plain_rows()
    try:
        if engine.dialect.name == "sqlite":
            connection.execute("BEGIN")
        else:
            connection.rollback()
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield connection
    finally:
        connection.rollback()
        pooled.close()


def rows_of(connection: Any, engine: Engine, table: Table) -> Iterator[Sequence[Any]]:
    """The rows of a table as plain values."""
    columns = ", ".join("0" if (table.name, column) == NUMBER_OF_ENGINE else column for column in table.columns)
    sql = f"SELECT {columns} FROM {table.name}"
    if engine.dialect.name == "sqlite":
        yield from connection.execute(sql)
        return
    with connection.cursor(name="copying") as cursor:
        cursor.itersize = BATCH_ROWS
        yield from cursor.execute(sql)


def sums_of(connection: Any, engine: Engine, tables: Sequence[Table]) -> dict[str, Sum]:
    """The sum of each table."""
    found = {}
    for table in tables:
        counting = Counting(rows_of(connection, engine, table))
        for _ in counting:
            pass
        found[table.name] = counting.sum
    return found


def copy(source: Engine, target: Engine) -> dict[str, Sum]:
    """All rows of one database into an empty one of the same schema, in one transaction; what each table held.

    Raises:
        ValueError: what arrived is not what was sent. Nothing is kept then.
    """
    tables = tables_of(source)
    with snapshot(source) as reader:
        sent: dict[str, Sum] = {}
        with _filling(target) as writer:
            for table in tables:
                counting = Counting(rows_of(reader, source, table))
                _fill(writer, target, table, counting)
                sent[table.name] = counting.sum
            arrived = sums_of(writer, target, tables)
            differing = sorted(name for name in sent if sent[name] != arrived[name])
            if differing:
                raise ValueError(f"what arrived is not what was sent: {', '.join(differing)}")
    return sent


@contextmanager
def _filling(engine: Engine) -> Iterator[Any]:
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    if engine.dialect.name == "sqlite":
        connection.row_factory = None
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("BEGIN IMMEDIATE")
        down = _take_down_triggers(connection)
    else:
        connection.row_factory = _plain_rows()
        connection.rollback()
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        down = _take_down_foreign_keys(connection)
    try:
        yield connection
        for statement in down:
            connection.execute(statement)
        if engine.dialect.name == "sqlite" and connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
            raise ValueError("a row names another that is not there")
        connection.commit()
    finally:
        connection.rollback()
        pooled.invalidate()  # its settings were changed: nobody else shall use it
        pooled.close()


def _fill(connection: Any, engine: Engine, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    columns = ", ".join(table.columns)
    connection.execute(f"DELETE FROM {table.name}")  # rows a revision puts into an empty database
    if engine.dialect.name == "sqlite":
        marks = ", ".join("?" for _ in table.columns)
        connection.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", rows)
        return
    with connection.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as stream:
        for row in rows:
            stream.write_row(row)


def _take_down_triggers(connection: Any) -> list[str]:
    found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in found:
        connection.execute(f"DROP TRIGGER {name}")
    return [sql for _, sql in found]


def _take_down_foreign_keys(connection: Any) -> list[str]:
    found = connection.execute(
        "SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c"
        " WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace ORDER BY 1, 2"
    ).fetchall()
    triggers = connection.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2"
    ).fetchall()
    for table, name, _ in found:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for table, name in triggers:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {name}")
    return [
        *(f"ALTER TABLE {table} ADD CONSTRAINT {name} {words}" for table, name, words in found),
        *(f"ALTER TABLE {table} ENABLE TRIGGER {name}" for table, name in triggers),
    ]


def _plain_rows() -> Any:
    from psycopg.rows import tuple_row  # the driver is an extra

    return tuple_row


def _said(row: Sequence[Any]) -> bytes:
    # Type and length before each value: no two rows say the same.
    parts = []
    for value in row:
        if value is None:
            parts.append(b"n")
        elif isinstance(value, bytes | memoryview):
            parts.append(b"b%d:%b" % (len(value), bytes(value)))
        elif isinstance(value, str):
            text = value.encode()
            parts.append(b"t%d:%b" % (len(text), text))
        else:
            parts.append(b"i%d;" % value)
    return b"".join(parts)
