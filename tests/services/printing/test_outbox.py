"""Rules of the outbox: a print is claimed by one, a lost lease writes nothing, what may have left stays uncertain."""

from __future__ import annotations

import time
from typing import Any

import pytest

from fulfillment.services.printing import outbox
from fulfillment.services.printing.outbox import Claim
from tests.factories import FloorHand

LABEL, SLIP = 1, 2  # ids of the printers of a founded floor


def intend(hand: FloorHand, subject: str, printer_id: int | None = LABEL) -> int:
    """A label for a subject."""
    return hand.write(
        lambda tx: outbox.queue_print(tx, subject, f"label:{subject}:0", printer_id, "shipping_4x6", {"sscc": subject})
    )


def claim(hand: FloorHand, printer_id: int = LABEL, lease_ms: int = 60_000) -> Claim | None:
    return hand.write(lambda tx: outbox.claim(tx, printer_id, lease_ms))


def claimed(hand: FloorHand, lease_ms: int = 60_000) -> Claim:
    """A claim that there must be."""
    job = claim(hand, LABEL, lease_ms)
    assert job is not None
    return job


def send(hand: FloorHand, job: Claim, lease_ms: int = 60_000) -> bool:
    return hand.write(lambda tx: outbox.start_sending(tx, job, b"^XA^XZ", "sha", lease_ms))


def row(hand: FloorHand, effect_id: int) -> dict[str, Any]:
    return dict(hand.one("SELECT * FROM outbox WHERE warehouse_id = :w AND id = :id", id=effect_id))


def due(hand: FloorHand) -> set[int]:
    return hand.floor.read(outbox.due_printers)


@pytest.fixture(autouse=True)
def _two_addresses(hand: FloorHand) -> None:
    """The founded printers share an address; here they are two machines."""
    sql = "UPDATE printer SET address = 'tcp://127.0.0.1:10' WHERE warehouse_id = :w AND id = 2"
    hand.write(lambda tx: tx.run(sql))


def test_the_oldest_print_is_claimed_first(hand: FloorHand) -> None:
    first = intend(hand, "a")
    intend(hand, "b")
    job = claimed(hand)
    assert (job.effect_id, job.fence, job.attempts, job.subject) == (first, 1, 1, "a")
    assert (job.address, job.language, job.dpi, job.fields) == ("tcp://127.0.0.1:9", "zpl", 203, {"sscc": "a"})


def test_one_print_at_a_time_goes_to_a_printer(hand: FloorHand) -> None:
    intend(hand, "a")
    intend(hand, "b")
    job = claimed(hand)
    assert claim(hand) is None
    send(hand, job)
    assert claim(hand) is None
    hand.write(lambda tx: outbox.complete(tx, job, "printed", True, ""))
    assert claimed(hand).subject == "b"


def test_two_printers_work_at_the_same_time(hand: FloorHand) -> None:
    intend(hand, "a")
    intend(hand, "b", SLIP)
    assert due(hand) == {LABEL, SLIP}
    assert claim(hand) is not None
    assert claim(hand, SLIP) is not None


def test_two_names_of_one_machine_are_one_printer(hand: FloorHand) -> None:
    hand.write(lambda tx: tx.run("UPDATE printer SET address = 'tcp://127.0.0.1:9' WHERE warehouse_id = :w"))
    intend(hand, "a")
    intend(hand, "b", SLIP)
    assert claim(hand) is not None
    assert claim(hand, SLIP) is None


def test_the_same_print_is_intended_once(hand: FloorHand) -> None:
    intend(hand, "a")
    with pytest.raises(Exception, match=r"UNIQUE|duplicate key"):
        intend(hand, "a")


def test_a_print_without_a_printer_waits_for_a_person(hand: FloorHand) -> None:
    effect_id = intend(hand, "a", None)
    assert (row(hand, effect_id)["state"], row(hand, effect_id)["result"]) == ("held", "no_printer")
    assert due(hand) == set()


def test_a_disabled_printer_is_left_alone(hand: FloorHand) -> None:
    intend(hand, "a")
    hand.write(lambda tx: tx.run("UPDATE printer SET state = 'disabled' WHERE warehouse_id = :w AND id = 1"))
    assert due(hand) == set()
    assert claim(hand) is None
    hand.write(lambda tx: outbox.see_printer(tx, LABEL, "ready", ""))
    assert hand.one("SELECT state FROM printer WHERE warehouse_id = :w AND id = 1")["state"] == "disabled"


def test_what_is_sent_is_kept_before_the_first_byte(hand: FloorHand) -> None:
    intend(hand, "a")
    job = claimed(hand)
    assert send(hand, job)
    kept = row(hand, job.effect_id)
    assert (kept["state"], kept["content"], kept["content_sha256"]) == ("sending", b"^XA^XZ", "sha")


def test_a_confirmed_print_says_how_far_it_was_proven(hand: FloorHand) -> None:
    intend(hand, "a")
    job = claimed(hand)
    send(hand, job)
    assert hand.write(lambda tx: outbox.complete(tx, job, "printed", True, "odometer rose by 1 of 1"))
    done = row(hand, job.effect_id)
    assert (done["state"], done["receipt_level"], done["result"]) == ("confirmed", "printed", "odometer rose by 1 of 1")
    assert done["done_at_ms"] is not None


def test_a_print_handed_over_without_proof_is_only_sent(hand: FloorHand) -> None:
    intend(hand, "a")
    job = claimed(hand)
    send(hand, job)
    hand.write(lambda tx: outbox.complete(tx, job, "drained", False, ""))
    assert row(hand, job.effect_id)["state"] == "sent"


def test_a_held_print_waits_longer_each_time_and_keeps_its_place(hand: FloorHand) -> None:
    intend(hand, "a")
    intend(hand, "b")
    waits = []
    for _ in range(5):
        job = claimed(hand)
        send(hand, job)
        hand.write(lambda tx, job=job: outbox.hold(tx, job, "paper_out"))
        held = row(hand, job.effect_id)
        assert (held["state"], held["result"]) == ("held", "paper_out")
        now_ms = time.time_ns() // 1_000_000
        waits.append(held["run_after_ms"] - now_ms)
        assert (claim(hand), due(hand)) == (None, set())
        hand.write(lambda tx: tx.run("UPDATE outbox SET run_after_ms = 0 WHERE warehouse_id = :w"))
        assert due(hand) == {LABEL}
    assert [round(wait / 250) for wait in waits] == [1, 2, 4, 8, 8]
    assert claimed(hand).subject == "a"


def test_an_unsent_claim_whose_lease_ran_out_is_open_again(hand: FloorHand) -> None:
    intend(hand, "a")
    lost = claimed(hand, lease_ms=-1)
    assert due(hand) == {LABEL}
    again = claimed(hand)
    assert (again.effect_id, again.fence) == (lost.effect_id, lost.fence + 1)
    assert not send(hand, lost)
    assert send(hand, again)


def test_a_worker_that_lost_its_lease_writes_nothing(hand: FloorHand) -> None:
    intend(hand, "a")
    lost = claimed(hand, lease_ms=-1)
    again = claimed(hand)
    send(hand, again)
    assert not hand.write(lambda tx: outbox.complete(tx, lost, "printed", True, ""))
    assert not hand.write(lambda tx: outbox.hold(tx, lost, "paper_out"))
    assert not hand.write(lambda tx: outbox.make_uncertain(tx, lost, "?"))
    assert not hand.write(lambda tx: outbox.fail(tx, lost, "?"))
    assert row(hand, lost.effect_id)["state"] == "sending"


def test_a_lease_that_ran_out_while_sending_is_uncertain_and_stays_so(hand: FloorHand) -> None:
    intend(hand, "a")
    intend(hand, "b")
    killed = claimed(hand)
    send(hand, killed, lease_ms=-1)
    assert due(hand) == {LABEL}
    assert claimed(hand).subject == "b"
    left = row(hand, killed.effect_id)
    assert (left["state"], left["result"]) == ("uncertain", "lease_ended while sending")
    assert not hand.write(lambda tx: outbox.complete(tx, killed, "printed", True, ""))
    assert row(hand, killed.effect_id)["state"] == "uncertain"


def test_a_print_nobody_wants_any_more_is_not_printed(hand: FloorHand) -> None:
    first = intend(hand, "a")
    hand.write(lambda tx: outbox.supersede(tx, "a", "shipping_4x6"))
    assert row(hand, first)["state"] == "superseded"
    assert claim(hand) is None


def test_a_print_on_its_way_cannot_be_called_back(hand: FloorHand) -> None:
    first = intend(hand, "a")
    send(hand, claimed(hand))
    hand.write(lambda tx: outbox.supersede(tx, "a", "shipping_4x6"))
    assert row(hand, first)["state"] == "sending"


def test_what_was_seen_of_a_printer_is_told_when_it_changes(hand: FloorHand) -> None:
    for state, reason in (("faulted", "paper_out"), ("faulted", "paper_out"), ("ready", "")):
        hand.write(lambda tx, state=state, reason=reason: outbox.see_printer(tx, LABEL, state, reason))
    seen = hand.all("SELECT payload FROM event WHERE warehouse_id = :w AND kind = 'PrinterSeen' ORDER BY id")
    assert [text["payload"] for text in seen] == [
        '{"printer":1,"state":"faulted","reason":"paper_out"}', '{"printer":1,"state":"ready","reason":""}',
    ]  # fmt: skip
