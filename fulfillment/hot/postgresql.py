"""PostgreSQL: one writer thread a process, group commit, and one turn a warehouse across all of them.

A group of waiting scans begins by locking its warehouse's row: the warehouse's *turn*. It is an ordinary row lock
at READ COMMITTED, freed by the commit or by the server when the holder's connection dies. With it ids are dense
and in commit order, as on SQLite, and a service may read before it writes. Stock is safe without it: a decrease is
a conditional UPDATE whose row count is read, beside CHECK and UNIQUE.

What nobody waits for (`put`, `add`, savepoints, BEGIN, the turn, COMMIT) is kept back and sent in one pipeline with
the next read: a scan that loads once and then only writes costs two round trips.
"""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.errors import UniqueViolation
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from fulfillment.hot import OutcomeUnknown, wall_clock_ms
from fulfillment.hot.postgresql_driver import IS_NULL, compiled, pipelined, prepare
from fulfillment.hot.writing import GROUP_MAX, Piece, WriterThread, forget_ids, tell

log = logging.getLogger(__name__)

LOST_IDS_MAX = 100  # tries for an id when no turn is taken; each means that somebody else got on
# No more work joins a group after this. Shorter than on SQLite: whoever waits here waits for another process's group,
# then for his own.
GROUP_MS = 8
FATE_S = 6.0  # how long the server may need to notice that a connection has died

# The number is asked for outside of the locking query, hence after the wait: numbers rise in the order of turns.
# NO KEY: a row that names the warehouse, inserted by somebody else without a turn, does not stop the floor.
_TURN = "SELECT pg_current_xact_id()::text AS xid FROM (SELECT id FROM warehouse WHERE id = :w FOR NO KEY UPDATE) turn"
_NO_TURN = "SELECT pg_current_xact_id()::text AS xid"


class PostgresTx:
    """A transaction on the writer's connection; see `fulfillment.hot.Tx`.

    `round_trips` counts how often the server was waited for.
    """

    dialect = "postgresql"

    def __init__(self, connection: Any, warehouse_id: int, now_ms: int = 0, has_turn: bool = False) -> None:
        self._connection = connection
        self._cursors = connection.cursor
        self._turn_at: int | None = None
        self.xid: str | None = None  # set by the first round trip of a writer's group
        self.warehouse_id = warehouse_id
        self.now_ms = now_ms
        self.round_trips = 0
        self._has_turn = has_turn
        self._kept: list[tuple[bytes, Sequence[Any]]] = []
        # Whoever holds the turn is the only one who gives ids out: after the first they need no reading.
        self._last_ids: dict[str, int] = {}
        self._finds_out_later = False
        self._claims: list[tuple[object, Callable[[], Exception]]] = []

    def one(self, sql: str, **params: Any) -> Any:
        return self._ask(sql, params).fetchone()

    def all(self, sql: str, **params: Any) -> Sequence[Any]:
        return self._ask(sql, params).fetchall()

    def ask(self, *questions: tuple[str, Mapping[str, Any]]) -> list[Sequence[Any]]:
        for sql, params in questions[:-1]:
            self._keep(sql, params)
        first = len(self._kept) - len(questions) + 1
        sql, params = questions[-1]
        return [cursor.fetchall() for cursor in self._send([*self._kept, self._bind(sql, params)])[first:]]

    def run(self, sql: str, **params: Any) -> int:
        forget_ids(self._last_ids, sql)
        return self._ask(sql, params).rowcount

    def put(self, sql: str, **params: Any) -> None:
        forget_ids(self._last_ids, sql)
        self._keep(sql, params)

    def claim(self, otherwise: Callable[[], Exception], sql: str, **params: Any) -> None:
        if not self._finds_out_later:
            if self.run(sql, **params) != 1:
                raise otherwise()
            return
        self.put(sql, **params)
        self._claims.append((self._kept[-1], otherwise))

    @contextmanager
    def claims_later(self) -> Iterator[None]:
        self._finds_out_later = True
        try:
            yield
        finally:
            self._finds_out_later = False

    def insert(self, table: str, **values: Any) -> int:
        last = self._last_ids.get(table)
        if last is None:
            new_id = self._ask(_insert_sql(table, tuple(values), reads_id=True), values).fetchone()["id"]
        else:
            new_id = last + 1
            self._keep(_insert_sql(table, tuple(values), reads_id=False), {**values, "id": new_id})
        if self._has_turn:
            self._last_ids[table] = new_id
        return new_id

    def add(self, table: str, **values: Any) -> None:
        if table in self._last_ids:
            self.insert(table, **values)
        else:
            self._keep(_insert_sql(table, tuple(values), reads_id=True), values)

    def add_all(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        for row in rows:
            self.add(table, **row)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        mark = self.mark("part")
        try:
            yield
        except Exception:
            self.back_to(mark, "part")
            self._kept.append((b"RELEASE part", ()))
            raise
        self._kept.append((b"RELEASE part", ()))

    # What follows is the engine's own: services never call it.

    def execute(self, sql: str, params: Mapping[str, Any] | None = None) -> Any:
        """A cursor over the rows of one statement, for readers that stream."""
        return self._send([self._bind(sql, params or {})])[-1]

    def mark(self, name: str) -> object:
        """Begin a part that may be undone; nothing is sent for it."""
        savepoint = (b"SAVEPOINT " + name.encode(), ())
        self._kept.append(savepoint)
        return savepoint

    def back_to(self, mark: object, name: str) -> None:
        """Undo all since `mark`."""
        self._last_ids.clear()
        self._claims.clear()
        places = [place for place, statement in enumerate(self._kept) if statement is mark]
        if places:  # never sent: nothing but what was kept since then is to be undone
            del self._kept[places[0] + 1 :]
            return
        self._kept = [(b"ROLLBACK TO " + name.encode(), ())]

    @property
    def has_claims(self) -> bool:
        """Whether a claim is still to be looked at."""
        return bool(self._claims)

    def keep_raw(self, statement: bytes) -> None:
        """Send a word of the protocol (RELEASE …) with the next statement."""
        self._kept.append((statement, ()))

    def flush(self, *last: bytes) -> None:
        """Send what was kept back, then `last`, and wait until the server has done it."""
        if self._claims and last:
            self._send(self._kept)  # nothing is committed before it is known that each claim found its row
        statements = [*self._kept, *((word, ()) for word in last)]
        if statements:
            self._send(statements)

    def begin(self, takes_turns: bool) -> None:
        """Keep BEGIN and the warehouse's turn back for the first round trip."""
        self._kept.append((b"BEGIN", ()))
        self._keep(_TURN if takes_turns else _NO_TURN, {} if not takes_turns else {"w": self.warehouse_id})
        self._turn_at = len(self._kept) - 1

    def _ask(self, sql: str, params: Mapping[str, Any]) -> Any:
        return self._send([*self._kept, self._bind(sql, params)])[-1]

    def _keep(self, sql: str, params: Mapping[str, Any]) -> None:
        self._kept.append(self._bind(sql, params))

    def _bind(self, sql: str, params: Mapping[str, Any]) -> tuple[bytes, Sequence[Any]]:
        statement, names = compiled(sql)
        values = {"w": self.warehouse_id, **params}
        return statement, [
            (None if values[name[:-1]] is None else 1) if name[-1] == IS_NULL else values[name] for name in names
        ]

    def _send(self, statements: Sequence[tuple[bytes, Sequence[Any]]]) -> list[Any]:
        self._kept = []
        self.round_trips += 1
        turn_at, self._turn_at = self._turn_at, None
        cursors = []
        if len(statements) == 1:
            cursors = [self._cursors()]
            cursors[0].execute(*statements[0], prepare=True)
            self._look_at_claims(statements, cursors)
            return cursors
        with pipelined(self._connection):
            for statement, values in statements:
                cursor = self._cursors()
                cursor.execute(statement, values, prepare=bool(values))
                cursors.append(cursor)
        if turn_at is not None:
            row = cursors[turn_at].fetchone()
            self.xid = row["xid"] if row is not None else None
        self._look_at_claims(statements, cursors)
        return cursors

    def _look_at_claims(self, statements: Sequence[object], cursors: Sequence[Any]) -> None:
        if not self._claims:
            return
        claims, self._claims = self._claims, []
        touched = {id(statement): cursor.rowcount for statement, cursor in zip(statements, cursors, strict=True)}
        for statement, otherwise in claims:
            if touched[id(statement)] != 1:
                raise otherwise()


_INSERTS: dict[tuple[Any, ...], str] = {}


def _insert_sql(table: str, columns: tuple[str, ...], reads_id: bool) -> str:
    key = (table, reads_id, *columns)
    sql = _INSERTS.get(key)
    if sql is None:
        names = ", ".join(("warehouse_id", "id", *columns))
        marks = "".join(f", :{column}" for column in columns)
        new_id = f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table} WHERE warehouse_id = :w)" if reads_id else ":id"
        returning = " RETURNING id" if reads_id else ""
        sql = _INSERTS[key] = f"INSERT INTO {table} ({names}) VALUES (:w, {new_id}{marks}){returning}"
    return sql


@contextmanager
def reading(
    engine: Engine, warehouse_id: int = 1, clock: Callable[[], int] | None = None
) -> Iterator[PostgresTx]:
    """A transaction on a pooled connection that sees one snapshot; writing in it is refused by the server."""
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    try:
        prepare(connection)
        tx = PostgresTx(connection, warehouse_id, (clock or wall_clock_ms)())
        tx.keep_raw(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield tx
        finally:
            if not _is_lost(connection):
                connection.execute(b"ROLLBACK")
    except psycopg.OperationalError:
        pooled.invalidate()
        raise
    finally:
        pooled.close()


class PostgresWriter(WriterThread):
    """The writing side of this process (see `WriterThread`); a connection from the pool for each group.

    `takes_turns=False` leaves the warehouse's row alone: only tests do that, to show what holds without it.
    """

    def __init__(
        self, engine: Engine, warehouse_id: int = 1, clock: Callable[[], int] | None = None, takes_turns: bool = True
    ) -> None:
        super().__init__(warehouse_id, clock)
        self._engine = engine
        self._takes_turns = takes_turns
        self.round_trips = 0

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            group, going_on = self._gather(first)
            self._answer(group)
            if not going_on:
                return

    def _gather(self, first: Piece) -> tuple[list[Piece], bool]:
        group = [first]
        while len(group) < GROUP_MAX:
            try:
                piece = self._queue.get_nowait()
            except queue.Empty:
                return group, True
            if piece is None:
                return group, False
            group.append(piece)
        return group, True

    def _answer(self, group: list[Piece]) -> None:
        """Run the pieces in one transaction; what breaks it as a whole is run again, each piece alone."""
        try:
            self._run_group(group, takes_along=True)
        except OutcomeUnknown as error:
            # To run it again could be to do it twice: only who asked knows whether that would show.
            _refuse_the_rest(group, error)
        except Exception as error:
            waiting = [piece for piece in group if not piece.is_told]
            if len(group) == 1 and not _is_worth_another_try(error):
                waiting[0].tell(None, error)
                return
            for place, piece in enumerate(waiting):
                if (nobody_there := self._run_alone(piece)) is None:
                    continue
                # Each of the others would wait as long to hear the same.
                _refuse_the_rest(waiting[place + 1 :], nobody_there)
                return

    def _run_alone(self, piece: Piece) -> Exception | None:
        """Answer one piece; what the pool said when there was no connection to be had."""
        for last_try in [False] * (1 if self._takes_turns else LOST_IDS_MAX) + [True]:
            try:
                self._run_group([piece])
                return None
            except Exception as error:
                if piece.is_told:
                    return None
                if last_try or not _is_worth_another_try(error):
                    piece.tell(None, error)
                    return error if isinstance(error, SQLAlchemyError) else None
        return None

    def _run_group(self, group: list[Piece], takes_along: bool = False) -> None:
        """One turn, one BEGIN, all pieces, one COMMIT. An exception means that nothing of it was kept.

        With `takes_along` the group grows by those who come while it has its turn.
        """
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        prepare(connection)
        answers: list[tuple[Piece, Any]] = []
        refusals: list[tuple[Piece, BaseException]] = []
        tx = PostgresTx(connection, self._warehouse_id, has_turn=self._takes_turns)
        is_committing = False
        try:
            tx.begin(self._takes_turns)
            started = time.monotonic()
            for place, piece in enumerate(group):
                if place and (time.monotonic() - started) * 1000 > GROUP_MS:
                    for later in group[place:]:
                        self._queue.put(later)
                    del group[place:]  # theirs is another group: should this one be run again, they are not
                    break
                if place:
                    tx.flush()  # what the piece before kept back breaks there, not here
                mark = tx.mark("piece")
                tx.now_ms = self._clock()
                try:
                    answer = piece.work(tx)
                    if not self._takes_turns or tx.has_claims:
                        tx.flush()
                except (psycopg.OperationalError, UniqueViolation):
                    raise
                except Exception as error:
                    if tx.xid is None and isinstance(error, psycopg.Error):
                        raise  # no turn was had, hence nothing to go back to: no floor is here, or not its schema
                    tx.back_to(mark, "piece")
                    refusals.append((piece, error))
                else:
                    answers.append((piece, answer))
                tx.keep_raw(b"RELEASE piece")
                if takes_along and place == len(group) - 1:
                    self._take_along(group, started)
            if tx.xid is None:
                tx.flush()  # its number is what to ask for should the answer to the COMMIT not come
            is_committing = True
            began_s = time.monotonic()
            tx.flush(b"COMMIT")
            commit_s = time.monotonic() - began_s
        except BaseException as error:
            if not _is_lost(connection):
                connection.execute(b"ROLLBACK")
            elif is_committing and tx.xid is not None:
                pooled.invalidate()
                if self._was_committed(tx.xid):
                    tell(answers, refusals)
                    return
            else:
                pooled.invalidate()
            if not isinstance(error, Exception):
                _refuse_the_rest(group, error)
            raise
        finally:
            self.round_trips = tx.round_trips
            pooled.close()
        self._committed(len(group), commit_s)
        tell(answers, refusals)

    def _take_along(self, group: list[Piece], started: float) -> None:
        """Who has come meanwhile shares this turn and its COMMIT instead of waiting for both."""
        if len(group) >= GROUP_MAX or (time.monotonic() - started) * 1000 > GROUP_MS:
            return
        try:
            piece = self._queue.get_nowait()
        except queue.Empty:
            return
        if piece is None:
            self._queue.put(None)  # told to stop: after this group
        else:
            group.append(piece)

    def _was_committed(self, xid: str) -> bool:
        """What became of a transaction whose COMMIT was sent and not answered.

        Raises:
            OutcomeUnknown: the server cannot be asked, or does not know yet.
        """
        deadline = time.monotonic() + FATE_S
        while True:
            try:
                pooled = self._engine.raw_connection()
                try:
                    connection: Any = pooled.driver_connection
                    prepare(connection)
                    row = connection.execute(b"SELECT pg_xact_status($1::text::xid8) AS fate", [xid]).fetchone()
                finally:
                    pooled.close()
            except (psycopg.OperationalError, OSError) as error:
                log.warning("the database cannot be asked what became of transaction %s: %s", xid, error)
                row = None
            if row is not None and row["fate"] in ("committed", "aborted"):
                return row["fate"] == "committed"
            if time.monotonic() > deadline:
                raise OutcomeUnknown("nobody knows yet whether this was kept; send it again")
            time.sleep(0.1)


def _refuse_the_rest(group: Sequence[Piece], error: BaseException) -> None:
    for piece in group:
        if not piece.is_told:
            piece.tell(None, error)


def _is_lost(connection: Any) -> bool:
    return connection.closed or connection.broken


def _is_worth_another_try(error: Exception) -> bool:
    """The connection died before the COMMIT, or somebody without a turn got the id first."""
    if isinstance(error, UniqueViolation):
        return (error.diag.constraint_name or "").startswith("pk_")
    return isinstance(error, psycopg.OperationalError) and not isinstance(error, psycopg.errors.DiskFull)
