"""Rules of jobs: deferred with their business, once a key, run by one at a time, at least once, to one end."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import pytest

from fulfillment.bootstrap import Floor
from fulfillment.services.working import jobs
from fulfillment.services.working.jobs import Kind
from tests.factories import FloorHand


def defer(hand: FloorHand, key: str = "k", name: str = "add", **arguments: Any) -> bool:
    return hand.write(lambda tx: jobs.defer(tx, name, arguments, key))


def row(hand: FloorHand, key: str = "k") -> dict[str, Any]:
    return hand.one("SELECT * FROM job WHERE warehouse_id = :w AND dedupe_key = :key", key=key)


def kinds(done: list[Any], fails: int = 0) -> dict[str, Kind]:
    """Jobs that note their arguments, the first `fails` of them after breaking."""
    left = [fails]

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("broken")
        done.append(dict(arguments))
        return f"did {len(done)}"

    return {"add": Kind(run, lambda tx, arguments: done.append(("gave up", dict(arguments))))}


def test_a_job_is_run_with_its_arguments_and_its_result_is_kept(hand: FloorHand) -> None:
    done: list[Any] = []
    assert defer(hand, wave=7)
    assert jobs.run_next(hand.floor, kinds(done))
    assert (done, row(hand)["state"], row(hand)["result"]) == ([{"wave": 7}], "done", "did 1")
    assert not jobs.run_next(hand.floor, kinds(done))


def test_a_job_undone_with_its_business_never_runs(hand: FloorHand) -> None:
    def fails(tx: Any) -> None:
        jobs.defer(tx, "add", {}, "k")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        hand.write(fails)
    assert not jobs.run_next(hand.floor, kinds([]))


def test_a_key_is_one_job_for_ever(hand: FloorHand) -> None:
    done: list[Any] = []
    assert (defer(hand), defer(hand)) == (True, False)
    jobs.run_next(hand.floor, kinds(done))
    assert not defer(hand)
    assert (jobs.run_next(hand.floor, kinds(done)), len(done)) == (False, 1)


def test_a_job_is_one_workers_while_its_lease_lasts(hand: FloorHand) -> None:
    defer(hand)
    names = kinds([])
    job = hand.write(lambda tx: jobs.claim(tx, names))
    assert job is not None
    assert hand.write(lambda tx: jobs.claim(tx, names)) is None
    assert hand.write(lambda tx: jobs.claim_one(tx, job.job_id)) is None


def test_a_worker_that_lost_its_lease_writes_nothing(hand: FloorHand) -> None:
    done: list[Any] = []
    defer(hand)
    names = kinds(done)
    late = hand.write(lambda tx: jobs.claim(tx, names))
    assert late is not None
    hand.write(lambda tx: tx.run("UPDATE job SET lease_until_ms = 0 WHERE warehouse_id = :w"))
    assert jobs.run_next(hand.floor, names)
    jobs.run_claimed(hand.floor, kinds(["something else"]), late)
    assert (row(hand)["state"], row(hand)["fence"], row(hand)["result"]) == ("done", 2, "did 1")
    assert not hand.write(lambda tx: jobs.renew(tx, late))


def test_a_lease_is_renewed_while_the_job_lasts(hand: FloorHand) -> None:
    defer(hand)
    seen = threading.Event()

    def run(floor: Floor, arguments: Mapping[str, Any]) -> str:
        first = row(hand)["lease_until_ms"]
        while row(hand)["lease_until_ms"] == first:
            assert not seen.wait(0.02)
        return "renewed"

    assert jobs.run_next(hand.floor, {"add": Kind(run)}, lease_ms=300)
    assert row(hand)["result"] == "renewed"


def test_a_job_that_breaks_is_tried_three_times_and_then_given_up(
    hand: FloorHand, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(jobs, "RETRY_MS", 0)
    done: list[Any] = []
    defer(hand, wave=1)
    names = kinds(done, fails=3)
    while jobs.run_next(hand.floor, names):
        pass
    assert (row(hand)["state"], row(hand)["attempts"]) == ("failed", 3)
    assert done == [("gave up", {"wave": 1})]
    assert "broken" not in row(hand)["result"]
    assert "broken" in caplog.text


def test_a_job_is_not_run_before_its_time(hand: FloorHand) -> None:
    later = hand.floor.clock() + 3_600_000
    hand.write(lambda tx: jobs.defer(tx, "add", {}, "k", run_after_ms=later))
    assert not jobs.run_next(hand.floor, kinds([]))
    assert not hand.floor.read(lambda tx: jobs.is_due(tx, kinds([])))


def test_a_job_finished_with_its_business_is_not_run_again(hand: FloorHand) -> None:
    defer(hand)
    hand.write(lambda tx: jobs.finish_key(tx, "k", "by hand"))
    assert not jobs.run_next(hand.floor, kinds([]))
    assert (row(hand)["state"], row(hand)["result"]) == ("done", "by hand")


def test_a_worker_leaves_jobs_it_does_not_know(hand: FloorHand) -> None:
    defer(hand, name="other")
    assert not jobs.run_next(hand.floor, kinds([]))
    assert row(hand)["state"] == "queued"


def test_two_workers_run_each_job_once(hand: FloorHand) -> None:
    done: list[Any] = []
    for n in range(20):
        defer(hand, key=f"k{n}", n=n)
    stop = threading.Event()
    workers = [
        threading.Thread(target=jobs.job_worker, args=(hand.floor, stop, kinds(done)), daemon=True) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    while hand.one("SELECT COUNT(*) AS n FROM job WHERE warehouse_id = :w AND state <> 'done'")["n"]:
        assert not stop.wait(0.02)
    stop.set()
    for worker in workers:
        worker.join()
    assert sorted(entry["n"] for entry in done) == list(range(20))
