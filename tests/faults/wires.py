"""Connections that break at the n-th statement, as disks, networks and colleagues break them.

A `Wire` is between a floor's engine and its driver: it hears every statement, BEGIN and COMMIT included, and at the
one it was told to it does what its `Fault` does. It fires once; what is sent afterwards gets through.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import pysqlite3
from sqlalchemy import event
from sqlalchemy.engine import Engine


class Fault(StrEnum):
    """What happens at a statement."""

    EXCEPTION = "exception"  # the program itself fails there
    FULL = "full"  # SQLITE_FULL: SQLite has rolled everything back already
    IO_ERROR = "io_error"  # SQLITE_IOERR: this statement failed, the transaction is still open
    LOST = "lost"  # the connection is gone, nobody said goodbye
    KILLED = "killed"  # kill -9 of this process before the statement leaves it
    ANSWER_LOST = "answer_lost"  # the statement was done, its answer never came


class Broken(RuntimeError):
    """A program error planted at a statement."""


class Wire:
    """Hears statements; breaks at the n-th once armed."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.has_fired = False
        self._fault: Fault | None = None
        self._at = 0
        self._is_paused = False

    def arm(self, fault: Fault, at: int) -> None:
        """Break at the `at`-th statement from now (1 is the next)."""
        del self.heard[:]
        self.has_fired, self._fault, self._at = False, fault, at

    def disarm(self) -> None:
        """Let everything through again."""
        self._fault = None

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """What is sent meanwhile is the test's own."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False

    def before(self, sql: str) -> Fault | None:
        """Hear one statement; which fault it meets, if any."""
        if self._is_paused:
            return None
        self.heard.append(sql)
        if self._fault is None or self.has_fired or len(self.heard) != self._at:
            return None
        self.has_fired = True
        if self._fault == Fault.KILLED:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._fault == Fault.EXCEPTION:
            raise Broken(f"broken at {sql[:80]}")
        return self._fault


def tap_sqlite(engine: Engine, wire: Wire) -> None:
    """Put the wire under every connection this engine opens from now on."""

    class Cursor(pysqlite3.Cursor):  # type: ignore[misc]
        def execute(self, sql: str, *params: Any) -> Any:
            fault = wire.before(sql)
            if fault is None:
                return super().execute(sql, *params)
            if fault == Fault.ANSWER_LOST:
                super().execute(sql, *params)
                raise _error("disk I/O error", 10)
            if fault == Fault.FULL:
                if self.connection.in_transaction:
                    super().execute("ROLLBACK")
                raise _error("database or disk is full", 13)
            if fault == Fault.LOST:
                self.connection.close()
                raise pysqlite3.ProgrammingError("Cannot operate on a closed database.")
            raise _error("disk I/O error", 10)

    class Connection(pysqlite3.Connection):  # type: ignore[misc]
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, _args: Any, params: dict[str, Any]) -> None:
        params["factory"] = Connection


def tap_postgresql(engine: Engine, wire: Wire, dsn: str) -> None:
    """The same for PostgreSQL. Its server ends a connection that is to be lost; SQLite's own faults cannot happen."""
    import psycopg
    from psycopg import RawCursor

    class Cursor(RawCursor[Any]):
        def execute(self, query: Any, params: Any = None, **how: Any) -> Any:
            fault = wire.before(query.decode() if isinstance(query, bytes) else str(query))
            if fault is None:
                return super().execute(query, params, **how)
            if fault == Fault.ANSWER_LOST:
                super().execute(query, params, **how)
                with self.connection.pipeline():
                    pass  # leaving it waits until the server has done what was sent
                self.connection.close()
                raise psycopg.OperationalError("the connection is lost")
            with psycopg.connect(dsn, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 10000)", [self.connection.info.backend_pid])
            return super().execute(query, params, **how)

    class Connection(psycopg.Connection[Any]):
        def cursor(self, *args: Any, **how: Any) -> Any:
            if self.cursor_factory is not RawCursor or args or how:
                return super().cursor(*args, **how)
            return Cursor(self, row_factory=self.row_factory)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, params: dict[str, Any]) -> Any:
        return Connection.connect(*args, **params)


def _error(words: str, code: int) -> Exception:
    error = pysqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error
