"""SQLite: one writer thread a process, group commit, one `flock` across processes.

Each piece of work runs in a savepoint of its own, so a failing scan takes nothing with it; the commit that
makes it durable is shared by all that were waiting (one fsync for up to `GROUP_MAX` scans). The kernel lock
is held around begin … commit, hence no two processes ever write or checkpoint at once, and nobody waits in
SQLite's busy handler.
"""

from __future__ import annotations

import fcntl
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy.engine import Engine

from fulfillment.hot import Question, wall_clock_ms
from fulfillment.hot.writing import GROUP_MAX, Piece, WriterThread, forget_ids, tell

CACHE_KIB = 32_768  # the driver's two megabytes do not hold the inner pages of a year's indexes
# A checkpoint is a commit that takes twenty times as long. At 1,000 pages every 60th scan would be that one.
CHECKPOINT_PAGES = 4_000
# No more work joins a group after this: the first in it would wait too long for its commit. Much less, and a slow disk
# commits less than it could.
GROUP_MS = 20


class SqliteTx:
    """A transaction on the writer's connection; see `fulfillment.hot.Tx`.

    `last_ids` are the newest ids of tables this group has written to: nobody else writes while it has its turn, so
    they need reading once. Whatever is undone or numbers its rows itself makes them unknown again.
    """

    dialect = "sqlite"

    def __init__(
        self, connection: Any, warehouse_id: int, now_ms: int, last_ids: dict[str, int] | None = None
    ) -> None:  # fmt: skip
        self._connection = connection
        self._execute = connection.execute
        self._last_ids = {} if last_ids is None else last_ids
        self.warehouse_id = warehouse_id
        self.now_ms = now_ms

    def one(self, sql: str, **params: Any) -> Any:
        params["w"] = self.warehouse_id
        cursor = self._execute(sql, params)
        row = cursor.fetchone()
        return None if row is None else dict(zip([column[0] for column in cursor.description], row, strict=True))

    def all(self, sql: str, **params: Any) -> Sequence[Any]:
        params["w"] = self.warehouse_id
        return _rows(self._execute(sql, params))

    def ask(self, *questions: Question) -> list[Sequence[Any]]:
        return [_rows(self._execute(sql, {"w": self.warehouse_id, **params})) for sql, params in questions]

    def run(self, sql: str, **params: Any) -> int:
        forget_ids(self._last_ids, sql)
        params["w"] = self.warehouse_id
        return self._execute(sql, params).rowcount

    def put(self, sql: str, **params: Any) -> None:
        forget_ids(self._last_ids, sql)
        params["w"] = self.warehouse_id
        self._execute(sql, params)

    def claim(self, otherwise: Callable[[], Exception], sql: str, **params: Any) -> None:
        if self.run(sql, **params) != 1:
            raise otherwise()

    def claims_later(self) -> AbstractContextManager[None]:
        return nullcontext()  # here finding out at once costs nothing

    def insert(self, table: str, **values: Any) -> int:
        key = (table, *values)
        sql = _INSERTS.get(key)
        if sql is None:
            sql = _INSERTS[key] = _insert_sql(table, tuple(values))
        new_id = self._last_ids.get(table)
        if new_id is None:
            values["w"] = self.warehouse_id
            new_id = self._execute(f"SELECT MAX(id) FROM {table} WHERE warehouse_id = :w", values).fetchone()[0] or 0
        values["w"], values["id"] = self.warehouse_id, new_id + 1
        self._execute(sql, values)
        self._last_ids[table] = new_id + 1
        return new_id + 1

    def add(self, table: str, **values: Any) -> None:
        self.insert(table, **values)

    def add_all(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        first = self.insert(table, **rows[0])
        sql = _INSERTS[(table, *rows[0])]
        self._connection.executemany(
            sql, [{**row, "w": self.warehouse_id, "id": first + place} for place, row in enumerate(rows) if place]
        )
        self._last_ids[table] = first + len(rows) - 1

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """A cursor over the rows of one statement, for readers that stream."""
        cursor = self._execute(sql, {"w": self.warehouse_id, **(params or {})})
        cursor.row_factory = pysqlite3.Row
        return cursor

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        self._execute("SAVEPOINT part")
        try:
            yield
        except Exception:
            self._last_ids.clear()
            if self._connection.in_transaction:
                self._execute("ROLLBACK TO part")
                self._execute("RELEASE part")
            raise
        self._execute("RELEASE part")


def _rows(cursor: Any) -> list[dict[str, Any]]:
    # Not the driver's own Row: it finds a name by comparing it with every column's, and a screen asks a wide row
    # for forty of them.
    if cursor.description is None:
        return []
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


_INSERTS: dict[tuple[str, ...], str] = {}


def _insert_sql(table: str, columns: tuple[str, ...]) -> str:
    # The id is given inside the write transaction, which is the only one there is: ids are dense and in commit
    # order, so "order by id" is the server's sequence.
    names = ", ".join(("warehouse_id", "id", *columns))
    marks = "".join(f", :{column}" for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES (:w, :id{marks})"


@contextmanager
def reading(
    engine: Engine, warehouse_id: int = 1, clock: Callable[[], int] | None = None
) -> Iterator[SqliteTx]:
    """A transaction on a pooled connection that sees one snapshot; writing in it is refused by SQLite."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    is_whole = False
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("BEGIN")
        try:
            yield SqliteTx(connection, warehouse_id, (clock or wall_clock_ms)())
        finally:
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA query_only=OFF")
            is_whole = True
    finally:
        if not is_whole:
            pooled.invalidate()  # who gets it next could not write, or would read yesterday
        pooled.close()


_turn = threading.local()  # .path: the lock this thread holds


def lock_path(database: Path) -> Path:
    """The file whose kernel lock is a process's turn to write, checkpoint or close."""
    return database.with_name(database.name + ".writer-lock")


@contextmanager
def turn(database: Path) -> Iterator[None]:
    """The writers' turn, for who writes without a writer: a migration."""
    with lock_path(database).open("a") as lock:
        _turn.path = lock_path(database)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            _turn.path = None


def close_in_turn(engine: Engine, database: Path) -> None:
    """Let every connection of this engine close under the writers' lock: closing the last one checkpoints."""
    close = engine.dialect.do_close

    def do_close(connection: Any) -> None:
        if getattr(_turn, "path", None) == lock_path(database):
            # A connection nobody closed, cleared away in the middle of our own turn: waiting for it would be for ever.
            close(connection)
            return
        try:
            lock = lock_path(database).open("a")
        except OSError:  # no folder any more, or none to write in: nothing can be checkpointed there either
            close(connection)
            return
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            close(connection)

    engine.dialect.do_close = do_close  # type: ignore[method-assign]


class SqliteWriter(WriterThread):
    """The one writing connection of this process; see `WriterThread`."""

    def __init__(
        self, engine: Engine, path: Path, warehouse_id: int = 1, clock: Callable[[], int] | None = None
    ) -> None:
        super().__init__(warehouse_id, clock)
        self._engine = engine
        self._lock_path = lock_path(path)

    def _run(self) -> None:
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        pooled: Any = None
        with self._lock_path.open("a") as lock:
            try:
                going_on = True
                while going_on:
                    first = self._queue.get()
                    if first is None:
                        break
                    try:
                        pooled = pooled or self._open()
                    except Exception as error:  # no disk, no file: this scan is told so, the next one tries again
                        first.tell(None, error)
                        continue
                    going_on = self._run_group(pooled, lock, first)
                    if not pooled.is_valid:
                        pooled = None
            finally:
                if pooled is not None:
                    pooled.driver_connection.execute("PRAGMA wal_autocheckpoint=0")
                    pooled.close()

    def _open(self) -> Any:
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        try:
            connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
            # Only this connection checkpoints, at a COMMIT, and it commits under the lock.
            connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        except BaseException:
            pooled.invalidate()
            raise
        return pooled

    def _run_group(self, pooled: Any, lock: Any, first: Piece) -> bool:
        """One flock, one BEGIN, up to GROUP_MAX pieces of work, one COMMIT; False when told to stop.

        The connection of a group that fails is closed.
        """
        connection = pooled.driver_connection
        fcntl.flock(lock, fcntl.LOCK_EX)
        _turn.path = self._lock_path
        going_on = True
        done: list[tuple[Piece, Any]] = []
        refused: list[tuple[Piece, BaseException]] = []
        last_ids: dict[str, int] = {}
        piece: Piece | None = first
        try:
            connection.execute("BEGIN IMMEDIATE")
            started = time.monotonic()
            while piece is not None:
                connection.execute("SAVEPOINT piece")
                try:
                    answer = piece.work(SqliteTx(connection, self._warehouse_id, self._clock(), last_ids))
                except Exception as error:
                    if not connection.in_transaction:
                        # SQLite rolls the whole group back by itself when the disk is full or failing;
                        # a ROLLBACK of ours would raise and hide that.
                        raise
                    last_ids.clear()
                    connection.execute("ROLLBACK TO piece")
                    connection.execute("RELEASE piece")
                    refused.append((piece, error))
                else:
                    connection.execute("RELEASE piece")
                    done.append((piece, answer))
                piece = None
                if len(done) + len(refused) < GROUP_MAX and (time.monotonic() - started) * 1000 < GROUP_MS:
                    try:
                        piece = self._queue.get_nowait()
                    except queue.Empty:
                        pass
                    else:
                        going_on = piece is not None
            began_s = time.monotonic()
            connection.execute("COMMIT")
            commit_s = time.monotonic() - began_s
        except BaseException as error:
            with suppress(pysqlite3.Error):  # a connection that is gone has rolled back, or will when it is closed
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            self._end_turn(lock)
            # Nobody knows what it still believes of the file. And before anybody is told: the error holds cursors of
            # it, and letting go of one in the caller's thread while this one is closing crashes the driver.
            pooled.invalidate()
            for lost in [one for one, _ in done] + ([piece] if piece is not None else []):
                lost.tell(None, error)
            tell((), refused)
            if not isinstance(error, Exception):
                raise
        else:
            self._end_turn(lock)  # others may write while we wake those who wait
            self._committed(len(done) + len(refused), commit_s)
            tell(done, refused)
        return going_on

    def _end_turn(self, lock: Any) -> None:
        _turn.path = None
        fcntl.flock(lock, fcntl.LOCK_UN)
