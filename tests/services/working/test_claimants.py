"""A worker that was killed: what it held is free again at once, what it had begun to send is uncertain."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from fulfillment.services.printing import outbox
from fulfillment.services.working.claimants import end_claims_of_the_dead, is_dead, this_process
from tests.factories import FloorHand

SAY_AND_WAIT = (
    "from fulfillment.services.working.claimants import this_process;"
    " print(this_process(), flush=True); input()"
)


@pytest.fixture
def other() -> Iterator[subprocess.Popen[str]]:
    """A process that waits, and its name on `name`."""
    with subprocess.Popen(
        [sys.executable, "-c", SAY_AND_WAIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def name_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def printed(hand: FloorHand, subject: str) -> Any:
    return hand.one("SELECT * FROM outbox WHERE warehouse_id = :w AND subject = :s", s=subject)


def claimed(hand: FloorHand, subject: str, claimant: str, is_sent: bool = False) -> None:
    """A print in the hands of somebody."""
    hand.write(lambda tx: outbox.queue_print(tx, subject, subject, 1, "shipping_4x6", {}))
    job = hand.write(lambda tx: outbox.claim(tx, 1))
    assert job is not None
    assert printed(hand, subject)["claimed_by"] == this_process()
    if is_sent:
        assert hand.write(lambda tx: outbox.start_sending(tx, job, b"^XA^XZ", "0" * 64))
    hand.write(
        lambda tx: tx.run("UPDATE outbox SET claimed_by = :c WHERE warehouse_id = :w AND id = :id", c=claimant,
                          id=job.effect_id)
    )  # fmt: skip


def test_who_lives_is_not_dead_and_who_was_killed_is(other: subprocess.Popen[str]) -> None:
    name = name_of(other)
    assert [is_dead(name), is_dead(this_process())] == [False, False]
    other.kill()
    other.wait()
    assert is_dead(name)


@pytest.mark.parametrize("claimant", ["", "somewhere/else/1@2", "x", "/1@2"])
def test_nothing_is_concluded_about_a_process_elsewhere(claimant: str) -> None:
    assert not is_dead(claimant)


def test_a_number_that_went_to_another_process_does_not_keep_the_claim() -> None:
    place, _, process = this_process().rpartition("/")
    assert is_dead(f"{place}/{process.partition('@')[0]}@1")


@pytest.mark.parametrize(("is_sent", "state"), [(False, "claimed"), (True, "uncertain")])
def test_the_claims_of_a_killed_worker_end_at_once(
    hand: FloorHand, other: subprocess.Popen[str], is_sent: bool, state: str
) -> None:
    name = name_of(other)
    claimed(hand, "A", name, is_sent)
    assert end_claims_of_the_dead(hand.floor) == 0
    assert hand.write(lambda tx: outbox.claim(tx, 1)) is None, "its worker is at it"
    other.kill()
    other.wait()
    assert end_claims_of_the_dead(hand.floor) == 1
    again = hand.write(lambda tx: outbox.claim(tx, 1))
    assert (again is not None, printed(hand, "A")["state"]) == (not is_sent, state)
    assert end_claims_of_the_dead(hand.floor) == 0
