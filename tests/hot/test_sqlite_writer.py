"""The writing connection: what is answered is on disk, and one piece of work takes nothing with it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pysqlite3
import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.db import UnsafeSqlite, check_sqlite_library
from fulfillment.domain.reasons import Refused, Reject, Rejected
from fulfillment.hot import Tx, WriterClosed
from fulfillment.services.common.running import next_number
from fulfillment.settings import Settings
from tests.factories import FloorHand

pytestmark = pytest.mark.engine("sqlite")


def count(tx: Tx) -> int:
    return tx.one("SELECT COUNT(*) AS n FROM event WHERE warehouse_id = :w")["n"]


def note(tx: Tx, kind: str) -> int:
    return tx.insert("event", topic="test", kind=kind, recorded_at_ms=tx.now_ms)


def test_failing_work_takes_nothing_with_it(hand: FloorHand) -> None:
    def half(tx: Tx) -> None:
        note(tx, "half")
        raise ValueError("no")

    before = hand.write(count)
    with pytest.raises(ValueError, match="no"):
        hand.write(half)
    hand.write(lambda tx: note(tx, "whole"))
    assert hand.write(count) == before + 1


def test_work_that_shares_a_commit_with_failing_work_is_kept(hand: FloorHand) -> None:
    gate = threading.Event()
    results: list[Any] = []

    def slow(tx: Tx) -> int:
        gate.wait(5)  # meanwhile the others queue up and join this commit
        return note(tx, "slow")

    def good(tx: Tx) -> int:
        return note(tx, "good")

    def bad(tx: Tx) -> None:
        note(tx, "bad")
        raise ValueError("bad")

    def run(work: Any) -> None:
        try:
            results.append(hand.write(work))
        except ValueError as error:
            results.append(str(error))

    before = hand.write(count)
    threads = [threading.Thread(target=run, args=(work,)) for work in (slow, good, bad, good)]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    gate.set()
    for thread in threads:
        thread.join()
    assert results.count("bad") == 1
    assert hand.write(count) == before + 3


def test_a_refused_part_is_undone_and_the_rest_goes_on(hand: FloorHand) -> None:
    def work(tx: Tx) -> None:
        note(tx, "before")
        try:
            with tx.savepoint():
                note(tx, "inside")
                raise Refused(Rejected(Reject.NO_WORK))
        except Refused:
            note(tx, "after")

    hand.write(work)
    kinds = [row["kind"] for row in hand.all("SELECT kind FROM event WHERE topic = 'test' ORDER BY id")]
    assert kinds == ["before", "after"]


def test_ids_are_dense_and_in_commit_order_under_eight_threads(hand: FloorHand) -> None:
    got: list[int] = []

    def run() -> None:
        for _ in range(25):
            got.append(hand.write(lambda tx: next_number(tx, "test")))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == list(range(1, 201))


def _count_up(home: str, times: int) -> None:
    floor = open_floor(Settings(Path(home), f"sqlite:///{home}/floor.sqlite"))
    for _ in range(times):
        floor.writer.write(lambda tx: next_number(tx, "both"))
    floor.close()


def test_two_processes_take_turns(hand: FloorHand, settings: Settings) -> None:
    context = multiprocessing.get_context("spawn")
    children = [context.Process(target=_count_up, args=(str(settings.home), 60)) for _ in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    assert hand.write(lambda tx: next_number(tx, "both")) == 121


WRITE_UNTIL_KILLED = """
import sys
from pathlib import Path
from fulfillment.bootstrap import open_floor
from fulfillment.services.common.running import next_number
from fulfillment.settings import Settings
home = Path(sys.argv[1])
floor = open_floor(Settings(home, f"sqlite:///{home / 'floor.sqlite'}"))
while True:
    print(floor.writer.write(lambda tx: next_number(tx, "killed")), flush=True)
"""


def test_what_was_answered_survives_a_kill(hand: FloorHand, settings: Settings) -> None:
    command = [sys.executable, "-c", WRITE_UNTIL_KILLED, str(settings.home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        answered = [int(child.stdout.readline()) for _ in range(30)]
        os.kill(child.pid, signal.SIGKILL)
        answered += [int(line) for line in child.stdout.read().split("\n")[:-1] if line]
    following = hand.write(lambda tx: next_number(tx, "killed"))
    # One more may have been committed than was told; none may be missing.
    assert following in (answered[-1] + 1, answered[-1] + 2)
    check = sqlite3.connect(settings.home / "floor.sqlite")
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()


def test_a_reader_sees_one_moment_and_cannot_write(floor: Floor, hand: FloorHand) -> None:
    def look(tx: Tx) -> tuple[int, int]:
        first = count(tx)
        hand.write(lambda tx: note(tx, "meanwhile"))
        return first, count(tx)

    first, second = floor.read(look)
    assert first == second
    with pytest.raises(pysqlite3.OperationalError, match="readonly"):
        floor.read(lambda tx: note(tx, "forbidden"))
    hand.write(lambda tx: note(tx, "and the pool is writable afterwards"))


def test_a_closed_writer_says_so(settings: Settings) -> None:
    floor = open_floor(settings)
    floor.close()
    with pytest.raises(WriterClosed):
        floor.writer.write(count)


def test_commits_are_durable_and_the_file_is_in_wal_mode(hand: FloorHand) -> None:
    def pragmas(tx: Tx) -> tuple[Any, ...]:
        return tuple(tx.one(f"PRAGMA {name}")[name] for name in ("journal_mode", "synchronous", "foreign_keys"))

    assert hand.write(pragmas) == ("wal", 2, 1)


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2), (3, 50, 6), (3, 44, 5), (3, 49, 9)])
def test_a_library_that_can_corrupt_the_file_is_refused_by_name(version: tuple[int, int, int]) -> None:
    with pytest.raises(UnsafeSqlite, match=r"\.".join(map(str, version))):
        check_sqlite_library(version)


@pytest.mark.parametrize("version", [(3, 51, 3), (3, 53, 4), (3, 50, 7), (3, 44, 6), (4, 0, 0)])
def test_a_repaired_library_is_taken(version: tuple[int, int, int]) -> None:
    check_sqlite_library(version)


def test_the_hot_lookups_use_their_indexes_from_the_first_scan(hand: FloorHand) -> None:
    """Keys all start with the warehouse; without statistics SQLite would walk whole tables by it."""
    questions = {
        "tour_tote": "SELECT id FROM tour_tote WHERE warehouse_id = 1 AND tour_id = 5 AND position = 2"
        " ORDER BY id DESC",
        "task": "SELECT id FROM task WHERE warehouse_id = 1 AND tour_id = 5 AND state = 'open' ORDER BY sequence",
        "stock_balance": "SELECT on_hand_each FROM stock_balance WHERE warehouse_id = 1 AND item_id = 3"
        " AND status = 'available'",
        "scan": "SELECT outcome FROM scan WHERE warehouse_id = 1 AND scan_id = 'x'",
        "item_barcode": "SELECT item_id FROM item_barcode WHERE warehouse_id = 1 AND code = 'x'",
    }  # fmt: skip
    for table, question in questions.items():
        plan = hand.write(lambda tx, question=question: tx.one(f"EXPLAIN QUERY PLAN {question}")["detail"])
        assert plan.count("=?") >= 2, (table, plan)
