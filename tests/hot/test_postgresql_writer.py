"""Rules of the writer on PostgreSQL: what is refused takes nothing with it, what is answered is kept, a dead
connection loses and doubles nothing, and a statement nobody waits for costs no round trip."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.doctor import BAD
from fulfillment.doctor_database import look_at_database
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.hot import OutcomeUnknown, Tx, WriterClosed, postgresql
from fulfillment.hot.postgresql import PostgresTx, PostgresWriter
from fulfillment.hot.postgresql_driver import compiled
from fulfillment.services.common.running import next_number, tell
from tests.factories import REFUSED_BY_DATABASE, FloorHand
from tests.postgresql import PostgresServer

pytestmark = pytest.mark.engine("postgresql")


def note(tx: Tx, word: str) -> None:
    tell(tx, "test", word)


def words(hand: FloorHand) -> list[str]:
    rows = hand.all("SELECT kind FROM event WHERE warehouse_id = :w AND topic = 'test' ORDER BY id")
    return [row["kind"] for row in rows]


def together(floor: Floor, works: list[Callable[[Tx], Any]]) -> list[Any]:
    """All works in one group: they queue up behind a first one that waits for them."""
    is_waiting, may_go = threading.Event(), threading.Event()

    def first(tx: Tx) -> None:
        is_waiting.set()
        may_go.wait(10)

    def ask(work: Callable[[Tx], Any]) -> Any:
        try:
            return floor.writer.write(work)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works) + 1) as people:
        head = people.submit(ask, first)
        is_waiting.wait(10)
        waiting = [people.submit(ask, work) for work in works]
        while floor.writer._queue.qsize() < len(works):  # type: ignore[attr-defined]
            pass
        may_go.set()
        head.result()
        return [one.result() for one in waiting]


def refuse(tx: Tx) -> None:
    note(tx, "refused")
    tx.one("SELECT 1 AS one FROM warehouse WHERE id = :w")
    raise Refused(Rejected(Reject.NO_WORK))


def refuse_unsent(tx: Tx) -> None:
    note(tx, "never sent")
    raise Refused(Rejected(Reject.NO_WORK))


def break_a_check(tx: Tx) -> None:
    note(tx, "broken")
    tx.put("UPDATE warehouse SET code = NULL WHERE id = :w")


def test_a_refused_piece_takes_nothing_with_it(hand: FloorHand) -> None:
    answers = together(hand.floor, [lambda tx: note(tx, "a"), refuse, lambda tx: note(tx, "b")])
    assert [type(answer) for answer in answers] == [type(None), Refused, type(None)]
    assert words(hand) == ["a", "b"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_what_breaks_late_is_told_to_the_piece_that_broke_it(hand: FloorHand, place: int) -> None:
    works: list[Callable[[Tx], Any]] = [lambda tx: note(tx, "a"), lambda tx: note(tx, "b")]
    works.insert(place, break_a_check)
    answers = together(hand.floor, works)
    assert isinstance(answers[place], REFUSED_BY_DATABASE)
    assert [answer for answer in answers if not isinstance(answer, Exception)] == [None, None]
    assert words(hand) == ["a", "b"]


def test_who_waits_for_the_next_group_is_not_run_again_with_this_one(
    hand: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "GROUP_MS", -1)  # every piece is a group of its own
    lose(monkeypatch, is_committed=False, after=1)  # the one behind which the others wait is the first
    tries: list[str] = []

    def work(word: str) -> Callable[[Tx], None]:
        return lambda tx: (tries.append(word), note(tx, word))[1]

    assert together(hand.floor, [work("a"), work("b"), work("c")]) == [None, None, None]
    assert (sorted(tries), sorted(words(hand))) == (["a", "a", "b", "c"], ["a", "b", "c"])


def test_who_comes_while_a_turn_is_held_shares_its_commit(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "GROUP_MS", 60_000)
    is_waiting, may_go = threading.Event(), threading.Event()

    def turn(tx: Tx) -> str:
        xid = tx.one("SELECT pg_current_xact_id()::text AS xid")["xid"]
        is_waiting.set()
        may_go.wait(10)
        return str(xid)

    with ThreadPoolExecutor(2) as people:
        first = people.submit(hand.floor.writer.write, turn)
        is_waiting.wait(10)
        second = people.submit(hand.floor.writer.write, turn)
        while not hand.floor.writer._queue.qsize():  # type: ignore[attr-defined]
            pass
        may_go.set()
        assert first.result() == second.result()


def test_ids_are_dense_in_the_order_of_commits(hand: FloorHand) -> None:
    floors = [open_floor(hand.floor.settings) for _ in range(3)]

    def until_done(floor: Floor) -> None:
        for turn in range(12):
            work = refuse if turn % 3 == 2 else lambda tx: note(tx, "kept")
            with contextlib.suppress(Refused):
                floor.writer.write(work)

    with ThreadPoolExecutor(len(floors)) as people:
        list(people.map(until_done, floors))
    for floor in floors:
        floor.close()
    rows = hand.all("SELECT id, xid FROM event WHERE warehouse_id = :w ORDER BY id")
    assert [row["id"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["xid"] for row in rows] == sorted(row["xid"] for row in rows)
    assert len(words(hand)) == 3 * 8


def test_a_part_that_failed_leaves_the_rest(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        note(tx, "before")
        with pytest.raises(Refused), tx.savepoint():
            refuse(tx)
        with pytest.raises(Refused), tx.savepoint():
            refuse_unsent(tx)
        note(tx, "after")

    hand.write(work)
    assert words(hand) == ["before", "after"]


def test_one_load_and_what_nobody_waits_for_are_two_round_trips(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        place, people = tx.ask(
            ("SELECT COUNT(*) AS n FROM location WHERE warehouse_id = :w", {}),
            ("SELECT badge FROM operator WHERE warehouse_id = :w AND role = :role ORDER BY badge", {"role": "picker"}),
        )
        assert (place[0]["n"] > 5, [row["badge"] for row in people]) == (True, ["1002"])
        with tx.savepoint():
            note(tx, "one")
        tx.put("UPDATE station SET name = 'x' WHERE warehouse_id = :w")
        note(tx, "two")

    hand.write(work)
    assert hand.floor.writer.round_trips == 2  # type: ignore[attr-defined]
    assert words(hand) == ["one", "two"]


def test_ids_after_the_first_are_not_asked_for(hand: FloorHand) -> None:
    trips = []

    def work(tx: PostgresTx) -> None:
        for _ in range(3):
            tx.insert("event", topic="test", kind="x", recorded_at_ms=1)
            trips.append(tx.round_trips)

    hand.write(work)
    assert trips == [1, 1, 1]


def test_a_refusal_forgets_no_prepared_statement(hand: FloorHand) -> None:
    def prepared(tx: Tx) -> int:
        return tx.one("SELECT COUNT(*) AS n FROM pg_prepared_statements")["n"]

    hand.write(lambda tx: next_number(tx, "x"))
    before = hand.write(prepared)
    with pytest.raises(Refused):
        hand.write(refuse)
    assert hand.write(prepared) >= before > 0


def terminate(postgres: PostgresServer, tx: Tx) -> None:
    pid = tx.one("SELECT pg_backend_pid() AS pid")["pid"]
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(%s)", [pid])


def test_work_whose_connection_dies_is_done_once_on_another(hand: FloorHand, postgres: PostgresServer) -> None:
    tries = []

    def work(tx: Tx) -> str:
        note(tx, "kept")
        tries.append(1)
        if len(tries) == 1:
            terminate(postgres, tx)
        tx.one("SELECT 1 AS one FROM warehouse WHERE id = :w")
        return "done"

    assert hand.write(work) == "done"
    assert (len(tries), words(hand)) == (2, ["kept"])


def lose(monkeypatch: pytest.MonkeyPatch, *, is_committed: bool, after: int = 0) -> None:
    """The connection dies at a COMMIT: before it arrives, or after it was done and before it is told."""
    flush, commits = PostgresTx.flush, []

    def cut(tx: PostgresTx, *last: bytes) -> None:
        if last == (b"COMMIT",):
            commits.append(1)
        if last != (b"COMMIT",) or len(commits) != after + 1:
            return flush(tx, *last)
        if is_committed:
            flush(tx, *last)
        tx._connection.close()
        raise psycopg.OperationalError("the connection is gone")

    monkeypatch.setattr(PostgresTx, "flush", cut)


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_commit_nobody_answered_is_asked_for(
    hand: FloorHand, monkeypatch: pytest.MonkeyPatch, is_committed: bool
) -> None:
    tries = []

    def work(tx: Tx) -> str:
        tries.append(1)
        note(tx, "kept")
        return "done"

    lose(monkeypatch, is_committed=is_committed)
    assert hand.write(work) == "done"
    assert (len(tries), words(hand)) == (1 if is_committed else 2, ["kept"])


def test_an_unknown_fate_is_said_and_nothing_is_run_again(hand: FloorHand, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[str] = []

    def work(word: str) -> Callable[[Tx], None]:
        return lambda tx: (tries.append(word), note(tx, word))[1]

    def nobody_knows(writer: PostgresWriter, xid: str) -> bool:
        raise OutcomeUnknown(xid)

    monkeypatch.setattr(PostgresWriter, "_was_committed", nobody_knows)
    hand.write(lambda tx: None)
    lose(monkeypatch, is_committed=True)
    with pytest.raises(OutcomeUnknown):
        hand.write(work("a"))
    assert (tries, words(hand)) == (["a"], ["a"])


def test_a_reader_sees_one_moment_and_cannot_write(hand: FloorHand) -> None:
    def look(tx: Tx) -> tuple[int, int]:
        first = tx.one("SELECT COUNT(*) AS n FROM event WHERE warehouse_id = :w")["n"]
        hand.write(lambda tx: note(tx, "meanwhile"))
        return first, tx.one("SELECT COUNT(*) AS n FROM event WHERE warehouse_id = :w")["n"]

    first, second = hand.floor.read(look)
    assert first == second

    def forbidden(tx: Tx) -> None:
        tx.run("DELETE FROM event WHERE warehouse_id = :w")

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        hand.floor.read(forbidden)
    hand.write(lambda tx: note(tx, "and the pool is writable afterwards"))


def test_a_database_without_a_floor_is_named_as_such(postgres: PostgresServer, hand: FloorHand) -> None:
    floor = open_floor(replace(hand.floor.settings, database_url=postgres.create("bare")))
    try:
        with pytest.raises(psycopg.errors.UndefinedTable):
            floor.writer.write(lambda tx: tx.one("SELECT 1 AS one"))
        assert [(found.check, found.state) for found in look_at_database(floor)] == [("database", BAD)]
    finally:
        floor.close()
        postgres.drop("bare")


def test_a_closed_writer_takes_no_work(hand: FloorHand) -> None:
    floor = open_floor(hand.floor.settings)
    floor.writer.write(lambda tx: note(tx, "last"))
    floor.close()
    with pytest.raises(WriterClosed):
        floor.writer.write(lambda tx: note(tx, "too late"))


@pytest.mark.parametrize(
    ("sql", "statement", "names"),
    [
        ("SELECT :a, :b, :a", b"SELECT $1, $2, $1", ("a", "b")),
        ("SELECT ':a', x::text, 'it''s :b' WHERE c = :c", b"SELECT ':a', x::text, 'it''s :b' WHERE c = $1", ("c",)),
        ("WHERE (:a IS NULL OR x = :a)", b"WHERE ($1::int8 IS NULL OR x = $2)", ("a?", "a")),
        ("WHERE :a IS NOT NULL", b"WHERE $1::int8 IS NOT NULL", ("a?",)),
    ],
)  # fmt: skip
def test_names_become_numbers(sql: str, statement: bytes, names: tuple[str, ...]) -> None:
    assert compiled(sql) == (statement, names)
