"""Races between an answer and the commit that keeps it, and between processes for one SQLite file."""

from __future__ import annotations

import fcntl
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from pathlib import Path
from typing import Any

import pysqlite3
import pytest

from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.hot import Tx
from fulfillment.services.common.running import next_number
from fulfillment.services.records import audit_log
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.hot.racing import open_floors, waiting_for_a_lock
from tests.services.acts import at

sqlite_only = pytest.mark.engine("sqlite")
postgresql_only = pytest.mark.engine("postgresql")

PATIENCE_S = 60.0


def note(tx: Tx, kind: str) -> int:
    return tx.insert("event", topic="test", kind=kind, recorded_at_ms=tx.now_ms)


def noted(hand: FloorHand) -> list[str]:
    return [row["kind"] for row in hand.all("SELECT kind FROM event WHERE warehouse_id = :w AND topic = 'test'"
                                            " ORDER BY id")]  # fmt: skip


def two_in_one_commit(hand: FloorHand, first: Any, second: Any) -> list[Future[Any]]:
    """`first` goes on only when `second` waits behind it: they share a commit."""
    waiting = hand.floor.writer._queue  # type: ignore[attr-defined]

    def begin(tx: Tx) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while waiting.qsize() == 0 and time.monotonic() < deadline:
            time.sleep(0)
        return first(tx)

    with ThreadPoolExecutor(2) as people:
        one = people.submit(hand.write, begin)
        while not one.running():
            time.sleep(0)
        other = people.submit(hand.write, second)
        wait_for([one, other])
    return [one, other]


def break_the_commit(tx: Tx) -> None:
    """Every statement is taken, the COMMIT is not: as when the disk is full at the last moment."""
    tx.run("PRAGMA defer_foreign_keys=ON")
    tx.put(
        "INSERT INTO stock_balance (warehouse_id, location_id, layer_id, lpn_id, status, item_id, on_hand_each)"
        " VALUES (:w, 999999, 999999, 0, 'available', 999999, 1)"
    )


@sqlite_only
def test_nobody_is_answered_before_the_commit_that_keeps_what_was_done(hand: FloorHand) -> None:
    hand.write(lambda tx: note(tx, "before"))
    one, other = two_in_one_commit(hand, lambda tx: note(tx, "mine"), break_the_commit)
    with pytest.raises(pysqlite3.IntegrityError):
        other.result()
    was_told = one.exception() is None
    assert was_told == ("mine" in noted(hand))
    assert hand.write(lambda tx: note(tx, "after")) == len(hand.all("SELECT id FROM event WHERE warehouse_id = :w"))


@sqlite_only
def test_a_scan_that_fails_takes_no_other_of_its_commit_with_it_and_leaves_nothing(hand: FloorHand) -> None:
    def half(tx: Tx) -> None:
        note(tx, "half")
        raise ZeroDivisionError

    one, other = two_in_one_commit(hand, lambda tx: note(tx, "whole"), half)
    assert one.exception() is None
    with pytest.raises(ZeroDivisionError):
        other.result()
    assert noted(hand) == ["whole"]


def test_what_a_scan_did_goes_with_the_scan_that_cannot_be_written_down(
    hand: FloorHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand.item("MUG")
    hand.stock("MUG", 3)
    hand.sign_in("HAND-1", "MOVE")
    hand.scan("HAND-1", at("A01-01-1"))
    before = [hand.all(f"SELECT * FROM {table} WHERE warehouse_id = :w") for table in ("stock_move", "scan")]

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(audit_log, "append_scan", fail)
        with pytest.raises(ZeroDivisionError):
            hand.scan("HAND-1", "MUG", 2, "the-pull")
    assert [hand.all(f"SELECT * FROM {table} WHERE warehouse_id = :w") for table in ("stock_move", "scan")] == before
    assert hand.scan("HAND-1", "MUG", 2, "the-pull")["replayed"] is False
    assert hand.on_hand("A01-01-1") == 1


def test_a_claim_whose_outcome_is_looked_at_later_undoes_what_was_done_after_it(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        with tx.claims_later():
            tx.claim(
                lambda: Refused(Rejected(Reject.SHORT_STOCK)),
                "UPDATE stock_balance SET on_hand_each = on_hand_each - 1 WHERE warehouse_id = :w AND layer_id = 0",
            )
            note(tx, "taken")

    with pytest.raises(Refused, match="short_stock"):
        hand.write(work)
    assert noted(hand) == []


@sqlite_only
def test_a_process_waits_while_another_writes_or_checkpoints(hand: FloorHand, settings: Settings) -> None:
    """Two that write or checkpoint at once is what SQLite's own WAL bug needs; the kernel's lock is before it."""
    lock_path = Path(settings.home / "floor.sqlite.writer-lock")
    hand.write(lambda tx: note(tx, "before"))
    with lock_path.open("a") as lock, ThreadPoolExecutor(1) as people:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as another process's writer would
        try:
            written = people.submit(hand.write, lambda tx: note(tx, "mine"))
            inode = f":{lock_path.stat().st_ino} "
            deadline = time.monotonic() + PATIENCE_S
            while not (waits := _somebody_waits_for(inode)) and not written.done() and time.monotonic() < deadline:
                time.sleep(0.001)
            assert waits
            assert not written.done()
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        written.result(PATIENCE_S)
    assert noted(hand) == ["before", "mine"]


@postgresql_only
def test_a_process_waits_for_its_turn_while_another_has_it(hand: FloorHand, settings: Settings) -> None:
    """Ids are the highest and one more, and services read before they write: so nobody writes beside another."""
    has_turn, may_commit = threading.Event(), threading.Event()

    def hold_the_turn(tx: Tx) -> int:
        number = next_number(tx, "mine")
        has_turn.set()
        may_commit.wait(PATIENCE_S)
        return number

    with open_floors(settings, hand.floor, 2) as floors, ThreadPoolExecutor(2) as people:
        try:
            one = people.submit(floors[0].writer.write, hold_the_turn)
            assert has_turn.wait(PATIENCE_S)
            # Nothing of it is in the first one's way but the turn.
            other = people.submit(floors[1].writer.write, lambda tx: next_number(tx, "other"))
            deadline = time.monotonic() + PATIENCE_S
            while not other.done() and not hand.floor.read(waiting_for_a_lock) and time.monotonic() < deadline:
                time.sleep(0.001)
            assert not other.done()
        finally:
            may_commit.set()
        assert (one.result(PATIENCE_S), other.result(PATIENCE_S)) == (1, 1)


def _somebody_waits_for(inode: str) -> bool:
    """Whether the kernel lists a process that wants this file's lock and has not got it: the lines with an arrow."""
    return any("->" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())
