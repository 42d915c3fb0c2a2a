"""Jobs on PostgreSQL: Procrastinate hands out what our transaction deferred, again when a worker has died."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fulfillment.bootstrap import Floor, migrate
from fulfillment.migrations.job_queue import newer_migrations
from fulfillment.services.releasing import planning, waves
from fulfillment.services.working import jobs, shared_jobs
from fulfillment.services.working.jobs import Kind
from tests.factories import NOBODY, FloorHand

pytestmark = pytest.mark.engine("postgresql")


def wait_until(happened: Callable[[], bool], seconds: float = 30.0) -> None:
    waited = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if happened():
            return
        waited.wait(0.05)
    raise AssertionError("it did not happen")


@pytest.fixture
def clean(hand: FloorHand) -> FloorHand:
    """A floor with nothing left in Procrastinate's queue."""
    hand.write(lambda tx: tx.run("DELETE FROM procrastinate.procrastinate_jobs"))
    return hand


def handed_out(hand: FloorHand) -> list[dict[str, Any]]:
    return hand.all(
        "SELECT id, status::text AS status, args->>'job' AS job, queue_name, scheduled_at IS NULL AS at_once"
        f" FROM procrastinate.procrastinate_jobs WHERE task_name = '{jobs.TASK}' ORDER BY id"
    )


def state(hand: FloorHand, key: str) -> str:
    return hand.one("SELECT state FROM job WHERE warehouse_id = :w AND dedupe_key = :key", key=key)["state"]


def test_a_job_is_handed_out_in_the_transaction_that_wants_it(clean: FloorHand) -> None:
    clean.write(lambda tx: jobs.defer(tx, "add", {}, "a"))
    clean.write(lambda tx: jobs.defer(tx, "add", {}, "a"))
    clean.write(lambda tx: jobs.defer(tx, "add", {}, "later", run_after_ms=tx.now_ms + 60_000))

    def fails(tx: Any) -> None:
        jobs.defer(tx, "add", {}, "never")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        clean.write(fails)
    rows = handed_out(clean)
    assert [(row["status"], row["queue_name"], row["at_once"]) for row in rows] == [
        ("todo", "floor-1", True), ("todo", "floor-1", False),
    ]  # fmt: skip
    ids = clean.all("SELECT id FROM job WHERE warehouse_id = :w ORDER BY id")
    assert [row["job"] for row in rows] == [str(row["id"]) for row in ids]


def test_the_planner_plans_what_procrastinate_hands_out(clean: FloorHand) -> None:
    clean.item("MUG")
    clean.stock("MUG", 5)
    clean.order("1", ("MUG", 2))
    wave = clean.write(lambda tx: waves.release(tx, NOBODY))["wave"]
    stop = threading.Event()
    worker = threading.Thread(target=planning.planner_worker, args=(clean.floor, stop, 5))
    worker.start()
    try:
        wait_until(lambda: clean.write(lambda tx: waves.describe(tx, wave))["state"] == "released")
        # The wave's own job, and what else was asked for with it.
        wait_until(lambda: {row["status"] for row in handed_out(clean)} == {"succeeded"})
    finally:
        stop.set()
        worker.join(20)
    assert not worker.is_alive()
    assert state(clean, f"plan:{wave}") == "done"


def test_a_job_handed_out_twice_is_run_once(clean: FloorHand) -> None:
    done: list[int] = []

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        done.append(1)
        return ""

    clean.write(lambda tx: jobs.defer(tx, "add", {}, "a"))
    job_id = int(handed_out(clean)[0]["job"])
    for _ in range(3):
        shared_jobs.run_handed_out(clean.floor, {"add": Kind(run)}, job_id)
    assert (len(done), state(clean, "a")) == (1, "done")


def test_a_job_another_worker_holds_is_handed_out_again(clean: FloorHand) -> None:
    clean.write(lambda tx: jobs.defer(tx, "add", {}, "a"))
    job_id = int(handed_out(clean)[0]["job"])
    clean.write(lambda tx: jobs.claim_one(tx, job_id))
    with pytest.raises(shared_jobs.NotNow):
        shared_jobs.run_handed_out(clean.floor, {}, job_id)


def test_a_job_whose_worker_died_is_brought_back(clean: FloorHand) -> None:
    """Procrastinate leaves it "doing" for ever by itself: its documentation tells to add this."""
    clean.write(lambda tx: jobs.defer(tx, "add", {}, "a"))
    clean.write(
        lambda tx: tx.run(
            "WITH dead AS (INSERT INTO procrastinate.procrastinate_workers (last_heartbeat)"
            " VALUES (NOW() - INTERVAL '5 minutes') RETURNING id) UPDATE procrastinate.procrastinate_jobs"
            " SET status = 'doing', worker_id = (SELECT id FROM dead)"
        )
    )
    app = shared_jobs.make_app(clean.floor, {})

    async def bring_back() -> int:
        async with app.open_async():
            return await shared_jobs.bring_back(app, jobs.queue_of(1))

    with ThreadPoolExecutor(1) as apart:  # a browser that was tested before may have left its loop in this thread
        assert apart.submit(lambda: asyncio.run(bring_back())).result() == 1
    assert [row["status"] for row in handed_out(clean)] == ["todo"]


def test_a_job_nobody_hands_out_any_more_is_handed_out_again(clean: FloorHand) -> None:
    """Procrastinate gave it up, or the rows came from another database without it."""
    for key in ("lost", "given_up", "handed_out", "done"):
        clean.write(lambda tx, key=key: jobs.defer(tx, "add", {}, key))
    clean.write(lambda tx: jobs.defer(tx, "add", {}, "later", run_after_ms=tx.now_ms + 60_000))
    lost, given_up, kept, done, later = (int(row["job"]) for row in handed_out(clean))
    table = f"{jobs.SCHEMA}.procrastinate_jobs"
    clean.write(lambda tx: tx.run(f"DELETE FROM {table} WHERE args->>'job' IN ('{lost}', '{done}', '{later}')"))
    clean.write(lambda tx: tx.run(f"UPDATE {table} SET status = 'failed' WHERE args->>'job' = '{given_up}'"))
    clean.write(lambda tx: jobs.finish_key(tx, "done", ""))
    assert shared_jobs.hand_out_lost(clean.floor) == 2
    assert [int(row["job"]) for row in handed_out(clean) if row["status"] == "todo"] == [kept, lost, given_up]
    assert shared_jobs.hand_out_lost(clean.floor) == 0


def test_migrating_again_leaves_the_queue_as_it_is(clean: FloorHand) -> None:
    clean.write(lambda tx: jobs.defer(tx, "add", {}, "a"))
    migrate(clean.floor.settings)
    assert len(handed_out(clean)) == 1


def test_only_newer_scripts_bring_an_older_queue_up(tmp_path: Path) -> None:
    names = ["02.10.00_01_a.sql", "03.02.00_01_pre_b.sql", "03.02.00_50_post_b.sql", "03.10.00_01_c.sql"]
    for name in reversed(names):
        (tmp_path / name).write_text("SELECT 1")
    assert [file.name for file in newer_migrations(tmp_path, "3.0.0")] == names[1:]
    assert newer_migrations(tmp_path, "3.10.0") == []
