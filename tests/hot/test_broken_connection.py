"""Rules of a writer whose disk or connection fails: everybody waiting is told, and the next scan goes on."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import pysqlite3
import pytest
from sqlalchemy import event

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.hot import Tx
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.faults.wires import Fault, Wire, tap_sqlite

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def tapped(settings: Settings, wire: Wire) -> Iterator[FloorHand]:
    """A floor whose connection breaks when told to."""
    floor = open_floor(settings)
    tap_sqlite(floor.engine, wire)
    yield FloorHand(floor)
    floor.close()


def note(tx: Tx) -> int:
    return tx.insert("event", topic="test", kind="noted", recorded_at_ms=tx.now_ms)


def noted(hand: FloorHand) -> int:
    return int(hand.one("SELECT COUNT(*) AS n FROM event WHERE warehouse_id = :w AND topic = 'test'")["n"])


def test_a_broken_connection_is_closed_before_anybody_hears_of_it(tapped: FloorHand, wire: Wire) -> None:
    """The error holds cursors; the driver crashes when one is let go of while another thread closes the connection."""
    closed: list[float] = []

    def close_slowly(*_: Any) -> None:
        time.sleep(0.2)
        closed.append(time.monotonic())

    event.listen(tapped.floor.engine, "close", close_slowly)
    wire.arm(Fault.FULL, 3)
    with pytest.raises(pysqlite3.OperationalError):
        tapped.write(note)
    assert len(closed) == 1


@pytest.mark.parametrize("fault", [Fault.EXCEPTION, Fault.IO_ERROR, Fault.LOST])
def test_a_transaction_that_cannot_begin_is_told_to_who_waits_for_it(
    tapped: FloorHand, wire: Wire, fault: Fault
) -> None:
    wire.arm(fault, 1)
    with pytest.raises((RuntimeError, pysqlite3.Error)):
        tapped.write(note)
    assert noted(tapped) == 0
    tapped.write(note)
    assert noted(tapped) == 1


@pytest.mark.parametrize("at", range(1, 6))
def test_a_connection_that_is_gone_is_replaced(tapped: FloorHand, wire: Wire, at: int) -> None:
    wire.arm(Fault.LOST, at)
    with pytest.raises(pysqlite3.Error):
        tapped.write(note)
    assert wire.has_fired
    tapped.write(note)
    assert noted(tapped) == 1


def test_all_who_share_a_commit_that_fails_are_told_and_none_is_kept(tapped: FloorHand, wire: Wire) -> None:
    gate, begun = threading.Event(), threading.Event()
    told: list[Any] = []

    def first(tx: Tx) -> int:
        begun.set()
        gate.wait(10)
        wire.arm(Fault.FULL, 4)  # RELEASE, the next one's SAVEPOINT, its INSERT, its RELEASE
        return note(tx)

    def run(work: Any) -> None:
        try:
            told.append(tapped.write(work))
        except pysqlite3.OperationalError as error:
            told.append(str(error))

    threads = [threading.Thread(target=run, args=(work,)) for work in (first, note)]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    while tapped.floor.writer._queue.empty():  # type: ignore[attr-defined]
        threads[1].join(0.001)
    gate.set()
    for thread in threads:
        thread.join()
    assert told == ["database or disk is full"] * 2
    assert noted(tapped) == 0


def test_a_file_that_cannot_be_opened_is_told_and_tried_again(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Any:
        raise pysqlite3.OperationalError("unable to open database file")

    with monkeypatch.context() as broken:
        broken.setattr(floor.engine, "raw_connection", refuse)
        with pytest.raises(pysqlite3.OperationalError, match="unable to open"):
            floor.writer.write(note)
    assert FloorHand(floor).write(note) == 1


def test_a_connection_that_breaks_while_it_is_opened_is_let_go(tapped: FloorHand, wire: Wire) -> None:
    wire.arm(Fault.LOST, 1)
    with pytest.raises(pysqlite3.Error):
        tapped.write(note)
    wire.arm(Fault.LOST, 1)  # the first word of the next connection
    with pytest.raises(pysqlite3.Error):
        tapped.write(note)
    assert wire.heard[0].startswith("PRAGMA")
    assert tapped.floor.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    tapped.write(note)
    assert noted(tapped) == 1


@pytest.mark.parametrize("word", ["PRAGMA query_only=ON", "BEGIN", "SELECT", "ROLLBACK", "PRAGMA query_only=OFF"])
def test_a_reader_whose_connection_breaks_lets_go_of_it(tapped: FloorHand, wire: Wire, word: str) -> None:
    def look(tx: Tx) -> Any:
        return tx.one("SELECT COUNT(*) AS n FROM event WHERE warehouse_id = :w")

    before = tapped.floor.engine.pool.checkedout()  # type: ignore[attr-defined]
    tapped.floor.read(look)
    words = ("PRAGMA query_only=ON", "BEGIN", "SELECT", "ROLLBACK", "PRAGMA query_only=OFF")
    wire.arm(Fault.IO_ERROR, words.index(word) + 1)
    with pytest.raises(pysqlite3.OperationalError):
        tapped.floor.read(look)
    assert wire.heard[words.index(word)].startswith(word)
    assert tapped.floor.engine.pool.checkedout() == before  # type: ignore[attr-defined]
    tapped.write(note)
    assert noted(tapped) == 1


def test_a_connection_nobody_closed_does_not_stop_the_writer_that_clears_it_away(tapped: FloorHand) -> None:
    """Python may clear it away in the middle of the writer's turn; closing wants the turn, which is taken: by us."""
    left: list[Any] = [tapped.floor.engine.raw_connection()]
    left[0].driver_connection.close()

    def forget(tx: Tx) -> int:
        left.clear()
        gc.collect()
        return note(tx)

    tapped.write(forget)
    assert noted(tapped) == 1
