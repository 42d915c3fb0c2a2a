"""Every attempt to print is told: what the printer said before and after, what came of it, and who decides the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devices.protocols import PrinterStatus
from fulfillment.domain.codes import sscc
from fulfillment.domain.reasons import Conflict, DomainError, NotFound
from fulfillment.services.printing import hand_prints, outbox, print_attempts, print_decisions, printing, stand_ins
from fulfillment.services.printing.outbox import NO_OUTPUT_MOST, UNPRINTED_MOST, Claim
from fulfillment.services.printing.print_attempts import Seen
from tests.factories import FloorHand

LABEL, SLIP = 1, 2
BEFORE = PrinterStatus("ready", (), 0, 0, 10, 3)
AFTER = PrinterStatus("held", ("paper_out",), 1, 1, 11, 3)
DAY_MS = 86_400_000
ADDRESS = {"name": "Jo Buyer", "address1": "1 Road", "city": "Town", "postcode": "T1 1TT", "country": "GB"}


def intend(hand: FloorHand, subject: str, printer_id: int = LABEL) -> int:
    return hand.write(
        lambda tx: outbox.queue_print(tx, subject, f"label:{subject}:0", printer_id, "shipping_4x6", {"sscc": subject})
    )


def sending(hand: FloorHand, printer_id: int = LABEL, lease_ms: int = 60_000) -> Claim:
    """The next print of a printer, its bytes on their way."""
    hand.write(lambda tx: tx.run("UPDATE outbox SET run_after_ms = 0 WHERE warehouse_id = :w"))
    job = hand.write(lambda tx: outbox.claim(tx, printer_id, 60_000))
    assert job is not None
    assert hand.write(lambda tx: outbox.start_sending(tx, job, b"^XA^XZ", "sha", lease_ms))
    return job


def row(hand: FloorHand, effect_id: int) -> dict[str, Any]:
    return dict(hand.one("SELECT * FROM outbox WHERE warehouse_id = :w AND id = :id", id=effect_id))


def tries(hand: FloorHand, effect_id: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = hand.floor.read(lambda tx: print_attempts.of_print(tx, effect_id))["tries"]
    return found


def test_an_attempt_tells_what_the_printer_said_before_and_after(hand: FloorHand) -> None:
    job_id = intend(hand, "a")
    job = sending(hand)
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain: paper ended", Seen(BEFORE, AFTER)))
    (attempt,) = tries(hand, job_id)
    assert attempt["before_status"] == {
        "state": "ready", "reasons": [], "odometer": 10, "boot": 3, "buffered_formats": 0, "labels_remaining": 0,
    }  # fmt: skip
    assert (attempt["after_status"]["reasons"], attempt["after_status"]["odometer"]) == (["paper_out"], 11)
    assert (attempt["outcome"], attempt["fence"], attempt["printer"]) == ("uncertain", 1, "LABEL-1")
    assert attempt["ended_at_ms"] >= attempt["began_at_ms"] > 0


def test_a_confirmed_attempt_has_its_level(hand: FloorHand) -> None:
    job_id = intend(hand, "a")
    job = sending(hand)
    hand.write(lambda tx: outbox.complete(tx, job, "printed", True, "1 of 1 labels reported", Seen(BEFORE, BEFORE)))
    assert [(told["outcome"], told["receipt_level"]) for told in tries(hand, job_id)] == [("confirmed", "printed")]


def test_a_printer_without_paper_all_night_adds_one_row(hand: FloorHand) -> None:
    job_id = intend(hand, "a")
    for reason in ("paper_out", "paper_out", "paper_out", "head_open", "paper_out"):
        job = sending(hand)
        hand.write(lambda tx, job=job, reason=reason: outbox.hold(tx, job, reason, Seen(AFTER, None, reason)))
    assert [told["detail"] for told in tries(hand, job_id)] == ["paper_out", "head_open", "paper_out"]


def test_a_worker_that_is_lost_leaves_an_attempt_too(hand: FloorHand) -> None:
    job_id = intend(hand, "a")
    sending(hand, lease_ms=-1)
    hand.write(outbox.end_leases)
    assert [(told["outcome"], told["detail"]) for told in tries(hand, job_id)] == [
        ("uncertain", "lease_ended while sending")
    ]


def test_a_worker_that_lost_its_lease_adds_no_attempt(hand: FloorHand) -> None:
    job_id = intend(hand, "a")
    lost = sending(hand, lease_ms=-1)
    hand.write(outbox.end_leases)
    assert not hand.write(lambda tx: outbox.complete(tx, lost, "printed", True, "late"))
    assert len(tries(hand, job_id)) == 1


@pytest.mark.parametrize(("reason", "times"), [("no_output", NO_OUTPUT_MOST), ("unprinted", UNPRINTED_MOST)])
def test_a_job_that_prints_nothing_again_and_again_is_set_aside_and_those_behind_it_go_on(
    hand: FloorHand, reason: str, times: int
) -> None:
    poison, _ = intend(hand, "a"), intend(hand, "b")
    for _ in range(times):
        job = sending(hand)
        assert job.subject == "a"
        seen = Seen(BEFORE, BEFORE, "sent, ready, odometer rose by 0 of 1")
        hand.write(lambda tx, job=job, seen=seen: outbox.hold(tx, job, reason, seen))
    assert row(hand, poison)["state"] == "failed"
    assert row(hand, poison)["result"].startswith(f"sent {times} times and nothing came out: sent, ready")
    assert [told["outcome"] for told in tries(hand, poison)] == [reason] * (times - 1) + ["failed"]
    assert sending(hand).subject == "b"


def test_a_job_that_is_held_for_long_is_no_poison(hand: FloorHand) -> None:
    job_id = intend(hand, "a")
    for _ in range(2 * UNPRINTED_MOST):
        job = sending(hand)
        hand.write(lambda tx, job=job: outbox.hold(tx, job, "paper_out"))
    assert row(hand, job_id)["state"] == "held"


def test_what_is_said_about_an_address_makes_no_second_machine_of_it(hand: FloorHand) -> None:
    sql = "UPDATE printer SET address = :a, language = 'zpl' WHERE warehouse_id = :w AND id = :id"
    hand.write(lambda tx: tx.run(sql, id=LABEL, a="tcp://10.0.0.9:9100"))
    hand.write(lambda tx: tx.run(sql, id=SLIP, a="tcp://10.0.0.9:9100?status=9200"))
    intend(hand, "a")
    intend(hand, "b", SLIP)
    sending(hand)
    assert hand.write(lambda tx: outbox.claim(tx, SLIP)) is None


def test_what_proves_a_label_is_found_out_once_and_kept(hand: FloorHand) -> None:
    intend(hand, "a")
    hand.write(lambda tx: outbox.learn_proof(tx, LABEL, False))
    hand.write(lambda tx: outbox.learn_proof(tx, LABEL, True))
    assert sending(hand).proof == "counter"


def test_a_printer_that_is_at_work_is_not_called_for_its_health(hand: FloorHand) -> None:
    intend(hand, "a")
    sending(hand)
    printing.check_printer(hand.floor, LABEL)
    assert hand.one("SELECT checked_at_ms AS at FROM printer WHERE warehouse_id = :w AND id = 1")["at"] is None


def test_old_attempts_are_let_go_of_and_the_print_stays(hand: FloorHand) -> None:
    job_id = intend(hand, "a")
    job = sending(hand)
    hand.write(lambda tx: outbox.complete(tx, job, "printed", True, ""))
    assert hand.write(lambda tx: print_attempts.forget(tx, 30)) == 0
    sql = "UPDATE print_attempt SET ended_at_ms = ended_at_ms - :old WHERE warehouse_id = :w"
    hand.write(lambda tx: tx.run(sql, old=31 * DAY_MS))
    assert hand.write(lambda tx: print_attempts.forget(tx, 0)) == 0
    assert hand.write(lambda tx: print_attempts.forget(tx, 30)) == 1
    assert (tries(hand, job_id), row(hand, job_id)["state"]) == ([], "confirmed")


def test_a_print_nobody_knows_is_not_found(hand: FloorHand) -> None:
    with pytest.raises(NotFound):
        hand.floor.read(lambda tx: print_attempts.of_print(tx, 99))


# -- decisions


def uncertain_sign(hand: FloorHand) -> int:
    """A label asked for by hand, and nobody knows whether it came out."""
    fields = {
        "ship_from": ADDRESS, "ship_to": ADDRESS, "carrier": "Post", "order": "SO-1", "parcel_n": 1,
        "sscc": sscc("0614141", 1),
    }  # fmt: skip
    asked = hand.write(lambda tx: hand_prints.queue(tx, "shipping_4x6", fields, "LABEL-1"))
    job = sending(hand)
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain"))
    found: int = asked["prints"][0]
    return found


def test_somebody_holds_the_paper_so_it_came_out(hand: FloorHand) -> None:
    effect_id = uncertain_sign(hand)
    hand.write(lambda tx: print_decisions.seen(tx, effect_id))
    done = row(hand, effect_id)
    assert (done["state"], done["receipt_level"]) == ("confirmed", "scanned")
    with pytest.raises(Conflict):
        hand.write(lambda tx: print_decisions.again(tx, effect_id))


def test_nobody_has_the_paper_so_it_is_printed_again_and_marked(hand: FloorHand) -> None:
    effect_id = uncertain_sign(hand)
    fresh = hand.write(lambda tx: print_decisions.again(tx, effect_id))["print"]
    assert (row(hand, effect_id)["state"], row(hand, effect_id)["result"]) == ("superseded", "not_in_hand")
    assert (row(hand, fresh)["state"], json.loads(row(hand, fresh)["fields"])["reprint"]) == ("queued", 1)
    with pytest.raises(Conflict):
        hand.write(lambda tx: print_decisions.again(tx, effect_id))


def test_the_label_of_a_parcel_is_asked_about_at_a_bench(hand: FloorHand) -> None:
    effect_id = intend(hand, "a")
    job = sending(hand)
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain"))
    with pytest.raises(Conflict, match="bench"):
        hand.write(lambda tx: print_decisions.again(tx, effect_id))


def test_a_no_at_the_bench_needs_a_print_nobody_knows_the_fate_of(hand: FloorHand) -> None:
    intend(hand, "a")
    assert not hand.write(lambda tx: outbox.deny(tx, "a", "shipping_4x6"))
    job = sending(hand)
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain"))
    assert hand.write(lambda tx: outbox.deny(tx, "a", "shipping_4x6"))


def test_a_scan_of_the_label_is_the_highest_proof(hand: FloorHand) -> None:
    effect_id = intend(hand, "a")
    job = sending(hand)
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain"))
    hand.write(lambda tx: outbox.confirm_seen(tx, "a", "shipping_4x6"))
    assert (row(hand, effect_id)["state"], row(hand, effect_id)["receipt_level"]) == ("confirmed", "scanned")


# -- other printers


@pytest.fixture
def second(hand: FloorHand) -> int:
    """LABEL-2, ready, stands in for LABEL-1."""
    printer_id: int = hand.write(
        lambda tx: tx.insert(
            "printer", code="LABEL-2", address="tcp://127.0.0.1:11", language="zpl", dpi=203, state="ready"
        )
    )
    hand.write(lambda tx: stand_ins.set_stand_in(tx, "LABEL-1", "LABEL-2"))
    return printer_id


def try_often(hand: FloorHand, times: int) -> None:
    for _ in range(times):
        job = sending(hand)
        hand.write(lambda tx, job=job: outbox.hold(tx, job, "unreachable"))
    hand.write(lambda tx: outbox.see_printer(tx, LABEL, "offline", "unreachable"))


def test_what_waits_for_a_printer_that_cannot_goes_to_its_stand_in_in_order(hand: FloorHand, second: int) -> None:
    first, last = intend(hand, "a"), intend(hand, "b")
    try_often(hand, stand_ins.TRIED_TIMES - 1)
    assert hand.write(stand_ins.move_stuck) == 0
    try_often(hand, 1)
    assert hand.write(stand_ins.move_stuck) == 2
    assert sending(hand, second).effect_id == first
    assert row(hand, last)["printer_id"] == second
    assert row(hand, last)["result"] == "moved from LABEL-1"


def test_nothing_goes_to_a_stand_in_that_cannot_either(hand: FloorHand, second: int) -> None:
    intend(hand, "a")
    hand.write(lambda tx: outbox.see_printer(tx, second, "faulted", "paper_out"))
    try_often(hand, stand_ins.TRIED_TIMES)
    assert hand.write(stand_ins.move_stuck) == 0


def test_what_may_have_left_is_not_moved(hand: FloorHand, second: int) -> None:
    doubted = intend(hand, "a")
    job = sending(hand)
    hand.write(lambda tx: outbox.make_uncertain(tx, job, "uncertain"))
    intend(hand, "b")
    try_often(hand, stand_ins.TRIED_TIMES)
    assert hand.write(stand_ins.move_stuck) == 1
    assert row(hand, doubted)["printer_id"] == LABEL
    with pytest.raises(Conflict):
        hand.write(lambda tx: stand_ins.move(tx, doubted, "LABEL-2"))


def test_a_waiting_print_is_moved_by_hand(hand: FloorHand, second: int) -> None:
    effect_id = intend(hand, "a")
    assert hand.write(lambda tx: stand_ins.move(tx, effect_id, "LABEL-2"))["printer"] == "LABEL-2"
    assert sending(hand, second).effect_id == effect_id


@pytest.mark.parametrize("other", ["LABEL-1", "SLIP-1"])
def test_a_stand_in_is_another_printer_of_the_same_language(hand: FloorHand, other: str) -> None:
    hand.write(lambda tx: tx.run("UPDATE printer SET language = 'escpos' WHERE warehouse_id = :w AND id = 2"))
    with pytest.raises(DomainError):
        hand.write(lambda tx: stand_ins.set_stand_in(tx, "LABEL-1", other))
