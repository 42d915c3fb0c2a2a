"""SQLite: one writer thread a process, group commit, one `flock` across processes.

Each piece of work runs in a savepoint of its own, so a failing scan takes nothing with it; the commit that
makes it durable is shared by all that were waiting (one fsync for up to `GROUP_MAX` scans). The kernel lock
is held around begin … commit, hence no two processes ever write or checkpoint at once, and nobody waits in
SQLite's busy handler.
"""

from __future__ import annotations

import fcntl
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pysqlite3
from sqlalchemy.engine import Engine

T = TypeVar("T")

GROUP_MAX = 64
GROUP_MS = 20  # no more work joins a group after this: the first in it would wait too long for its commit


def wall_clock_ms() -> int:
    """Milliseconds since 1970, as this machine believes."""
    return time.time_ns() // 1_000_000


class WriterClosed(RuntimeError):
    """Work arrived after the writer was told to stop."""


class SqliteTx:
    """A transaction on the writer's connection; see `fulfillment.hot.Tx`."""

    def __init__(self, connection: Any, warehouse_id: int, now_ms: int) -> None:
        self._connection = connection
        self.warehouse_id = warehouse_id
        self.now_ms = now_ms

    def one(self, sql: str, **params: Any) -> Any:
        params["w"] = self.warehouse_id
        return self._connection.execute(sql, params).fetchone()

    def all(self, sql: str, **params: Any) -> Sequence[Any]:
        params["w"] = self.warehouse_id
        return self._connection.execute(sql, params).fetchall()

    def run(self, sql: str, **params: Any) -> int:
        params["w"] = self.warehouse_id
        return self._connection.execute(sql, params).rowcount

    def insert(self, table: str, **values: Any) -> int:
        sql = _INSERTS.get((table, *values))
        if sql is None:
            sql = _INSERTS[(table, *values)] = _insert_sql(table, tuple(values))
        values["w"] = self.warehouse_id
        return self._connection.execute(sql, values).fetchone()[0]

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._connection.execute("SAVEPOINT part")
        try:
            yield
        except Exception:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK TO part")
                self._connection.execute("RELEASE part")
            raise
        self._connection.execute("RELEASE part")


_INSERTS: dict[tuple[str, ...], str] = {}


def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    # The next id is read inside the write transaction, which is the only one there is: ids are dense and
    # in commit order, so "order by id" is the server's sequence.
    names = ", ".join(("warehouse_id", "id", *columns))
    marks = ", ".join(f":{column}" for column in columns)
    next_id = f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table} WHERE warehouse_id = :w)"
    return f"INSERT INTO {table} ({names}) VALUES (:w, {next_id}, {marks}) RETURNING id"


@contextmanager
def reading(
    engine: Engine, warehouse_id: int = 1, clock: Callable[[], int] | None = None
) -> Iterator[SqliteTx]:
    """A transaction on a pooled connection that sees one snapshot; writing in it is refused by SQLite."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    connection.row_factory = pysqlite3.Row
    connection.execute("PRAGMA query_only=ON")
    connection.execute("BEGIN")
    try:
        yield SqliteTx(connection, warehouse_id, (clock or wall_clock_ms)())
    finally:
        connection.execute("ROLLBACK")
        connection.execute("PRAGMA query_only=OFF")
        connection.row_factory = None
        pooled.close()


class SqliteWriter:
    """The one writing connection of this process, driven by its own thread.

    The thread starts at the first write, not at construction: under `gunicorn --preload` the object is made
    before the fork and a thread would be lost in it.
    """

    def __init__(
        self, engine: Engine, path: Path, warehouse_id: int = 1, clock: Callable[[], int] | None = None
    ) -> None:
        self._engine = engine
        self._lock_path = path.with_name(path.name + ".writer-lock")
        self._warehouse_id = warehouse_id
        self._clock = clock or wall_clock_ms
        self._start_lock = threading.Lock()
        self._queue: queue.SimpleQueue[tuple[Callable[[Any], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._closed = False

    def write(self, work: Callable[[Any], T]) -> T:
        if self._closed:
            raise WriterClosed("the writer is closed")
        if not self._is_running():
            self._start()
        future: Future[T] = Future()
        self._queue.put((work, future))
        return future.result()

    def close(self) -> None:
        self._closed = True
        if self._thread is not None and self._pid == os.getpid():
            self._queue.put(None)
            self._thread.join()

    def _is_running(self) -> bool:
        # After a fork the thread is the parent's: a child starts its own.
        return self._pid == os.getpid() and self._thread is not None and self._thread.is_alive()

    def _start(self) -> None:
        with self._start_lock:
            if self._is_running():
                return
            self._queue = queue.SimpleQueue()
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="floor-writer", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        pooled = self._engine.raw_connection()
        connection = pooled.driver_connection
        assert connection is not None
        connection.row_factory = pysqlite3.Row
        with self._lock_path.open("a") as lock:
            try:
                going_on = True
                while going_on:
                    first = self._queue.get()
                    if first is None:
                        break
                    going_on = self._run_group(connection, lock, first)
            finally:
                connection.row_factory = None
                fcntl.flock(lock, fcntl.LOCK_EX)  # closing the last connection checkpoints
                pooled.close()

    def _run_group(self, connection: Any, lock: Any, first: tuple[Callable[[Any], Any], Future[Any]]) -> bool:
        """One flock, one BEGIN, up to GROUP_MAX pieces of work, one COMMIT; False when told to stop."""
        fcntl.flock(lock, fcntl.LOCK_EX)
        going_on = True
        answers: list[tuple[Future[Any], Any]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            piece: tuple[Callable[[Any], Any], Future[Any]] | None = first
            while piece is not None:
                work, future = piece
                connection.execute("SAVEPOINT piece")
                try:
                    answer = work(SqliteTx(connection, self._warehouse_id, self._clock()))
                except Exception as error:
                    if not connection.in_transaction:
                        # SQLite rolls the whole group back by itself when the disk is full or failing;
                        # a ROLLBACK of ours would raise and hide that.
                        raise
                    connection.execute("ROLLBACK TO piece")
                    connection.execute("RELEASE piece")
                    future.set_exception(error)
                else:
                    connection.execute("RELEASE piece")
                    answers.append((future, answer))
                piece = None
                if len(answers) < GROUP_MAX and (time.monotonic() - started) * 1000 < GROUP_MS:
                    try:
                        piece = self._queue.get_nowait()
                    except queue.Empty:
                        piece = None
                    else:
                        going_on = piece is not None
            connection.execute("COMMIT")
        except BaseException as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for future in [future for future, _ in answers] + [first[1]] + ([piece[1]] if piece else []):
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise
        else:
            for future, answer in answers:
                future.set_result(answer)
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        return going_on
