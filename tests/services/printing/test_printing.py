"""Rules of printing, with real bytes to simulated printers: once, in order, and nobody waits for a dead printer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from devices.protocols import DeviceError, Receipt, ReceiptLevel
from devices.spooler import PrintJob
from fulfillment.domain.codes import sscc
from fulfillment.services.printing import outbox, print_attempts, printing
from fulfillment.services.printing.printing import Timing
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter
from tests.factories import FloorHand
from tests.services.packing.a_bench import BENCH, at_bench, code_of, pick_into, place, prints

LABEL, SLIP = 1, 2
QUICK = Timing(poll_s=0.01, look_for_printers_s=0.1, check_idle_s=5.0, delivery_s=2.0, lease_ms=4_000)

ADDRESS = {"name": "Jo Buyer", "address1": "1 Road", "city": "Town", "postcode": "T1 1TT", "country": "GB"}


@pytest.fixture
def zpl(tmp_path: Path, hand: FloorHand) -> Iterator[ZplPrinter]:
    """A label printer on a free port, LABEL-1's address."""
    with ZplPrinter(tmp_path / "labels") as printer:
        hand.write(
            lambda tx: tx.run("UPDATE printer SET address = :a WHERE warehouse_id = :w AND id = 1", a=printer.address)
        )
        yield printer


@pytest.fixture
def slips(tmp_path: Path, hand: FloorHand) -> Iterator[ReceiptPrinter]:
    """A receipt printer on a free port, SLIP-1's address."""
    with ReceiptPrinter(tmp_path / "slips") as printer:
        hand.write(
            lambda tx: tx.run("UPDATE printer SET address = :a WHERE warehouse_id = :w AND id = 2", a=printer.address)
        )
        yield printer


@contextmanager
def working(hand: FloorHand, timing: Timing = QUICK, **options: Any) -> Iterator[threading.Event]:
    """A worker process's printing loop, in a thread."""
    stop = threading.Event()
    thread = threading.Thread(target=printing.print_worker, args=(hand.floor, stop, timing), kwargs=options)
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


def label(hand: FloorHand, serial: int = 1, **changes: Any) -> str:
    """Intend a label; its parcel's number."""
    number = sscc("0614141", serial)
    fields = {
        "ship_from": ADDRESS, "ship_to": ADDRESS, "carrier": "Post", "order": "SO-1", "parcel_n": 1, "sscc": number,
        **changes,
    }  # fmt: skip
    hand.write(lambda tx: outbox.queue_print(tx, number, f"label:{number}:0", LABEL, "shipping_4x6", fields))
    return number


def row(hand: FloorHand, subject: str) -> dict[str, Any]:
    """The last print of a subject."""
    sql = "SELECT * FROM outbox WHERE warehouse_id = :w AND subject = :s ORDER BY id DESC LIMIT 1"
    return dict(hand.one(sql, s=subject))


def tries(hand: FloorHand, subject: str) -> list[dict[str, Any]]:
    """The attempts of the last print of a subject."""
    found = row(hand, subject)["id"]
    told: list[dict[str, Any]] = hand.floor.read(lambda tx: print_attempts.of_print(tx, found))["tries"]
    return told


def printer(hand: FloorHand, printer_id: int = LABEL) -> tuple[str, str]:
    """State and reason as the board shows them."""
    seen = hand.one("SELECT state, reason FROM printer WHERE warehouse_id = :w AND id = :id", id=printer_id)
    return seen["state"], seen["reason"]


def wait_until(happened: Callable[[], bool], timeout_s: float = 10.0) -> None:
    """Look again and again; fail loudly when it does not come."""
    end_s = monotonic() + timeout_s
    while not happened():
        assert monotonic() < end_s, "it did not happen"
        sleep(0.01)


def test_a_parcel_closed_at_the_bench_gets_its_label_and_its_slip(
    hand: FloorHand, zpl: ZplPrinter, slips: ReceiptPrinter
) -> None:
    hand.item("MUG")
    hand.stock("MUG", 1)
    hand.order("SO-1", ("MUG", 1))
    pick_into(hand)
    with working(hand):
        at_bench(hand)
        hand.scan(BENCH, "MUG")
        assert place(hand) == ("pack", "label")
        number = hand.step()["fields"]["parcel"]["number"]
        out = zpl.wait_for(1)
        slips.wait_for(1)
        wait_until(lambda: {state for _, state, _ in prints(hand, number)} == {"confirmed"})
    assert number.encode() in out[0].content.replace(b">", b"")
    hand.scan(BENCH, "00" + number)
    assert (code_of(hand), hand.step()["fields"]["print"]["state"]) == (None, "confirmed")
    kept = hand.one("SELECT * FROM outbox WHERE warehouse_id = :w AND template = 'shipping_4x6'")
    assert kept["receipt_level"] == "printed"
    assert out[0].content in kept["content"]
    assert len(kept["content_sha256"]) == 64
    assert (printer(hand, LABEL), printer(hand, SLIP)) == (("ready", ""), ("ready", ""))


def test_labels_come_out_in_the_order_they_were_wanted(hand: FloorHand, zpl: ZplPrinter) -> None:
    numbers = [label(hand, serial) for serial in range(1, 6)]
    with working(hand):
        out = zpl.wait_for(5)
        wait_until(lambda: row(hand, numbers[-1])["state"] == "confirmed")
    for number, job in zip(numbers, out, strict=True):
        assert number.encode() in job.content.replace(b">", b"")


def test_a_printer_without_paper_holds_its_labels_and_prints_each_once_when_it_has_some(
    hand: FloorHand, zpl: ZplPrinter
) -> None:
    zpl.set_fault("paper_out")
    number = label(hand)
    with working(hand):
        wait_until(lambda: row(hand, number)["state"] == "held")
        assert (row(hand, number)["result"], zpl.jobs) == ("paper_out", [])
        wait_until(lambda: printer(hand) == ("faulted", "paper_out"))
        zpl.set_fault("paper_out", False)
        wait_until(lambda: row(hand, number)["state"] == "confirmed")
    assert len(zpl.jobs) == 1
    assert printer(hand) == ("ready", "")


def test_a_printer_nobody_can_reach_holds_its_labels(hand: FloorHand, tmp_path: Path) -> None:
    number = label(hand)
    with working(hand):
        wait_until(lambda: row(hand, number)["state"] == "held")
        wait_until(lambda: printer(hand) == ("offline", "unreachable"))
        with ZplPrinter(tmp_path / "labels") as machine:
            hand.write(
                lambda tx: tx.run("UPDATE printer SET address = :a WHERE warehouse_id = :w", a=machine.address)
            )
            wait_until(lambda: row(hand, number)["state"] == "confirmed")
            assert len(machine.jobs) == 1


def test_a_dead_printer_keeps_nobody_else_waiting(hand: FloorHand, zpl: ZplPrinter) -> None:
    stuck, done = threading.Event(), []

    def deliver_job(job: PrintJob, deadline_s: float) -> Receipt:
        if job.language == "escpos":
            job.begin()
            stuck.wait(8.0)
            raise DeviceError("timeout", transient=True)
        done.append(job.job_id)
        return Receipt(ReceiptLevel.printed, job.job_id, len(job.content))

    slip = {"order": "SO-1", "parcel": "1", "parcel_n": 1, "ship_to": ADDRESS, "lines": []}
    hand.write(lambda tx: outbox.queue_print(tx, "1", "slip:1:0", SLIP, "packing_slip", slip))
    with working(hand, deliver_job=deliver_job):
        wait_until(lambda: row(hand, "1")["state"] == "sending")
        numbers = [label(hand, serial) for serial in range(1, 4)]
        wait_until(lambda: all(row(hand, number)["state"] == "confirmed" for number in numbers))
        assert row(hand, "1")["state"] == "sending"
        stuck.set()
        wait_until(lambda: row(hand, "1")["state"] == "held")
    assert len(done) == 3


def test_a_label_proven_unprinted_is_sent_again_and_comes_out_once(hand: FloorHand, zpl: ZplPrinter) -> None:
    zpl.set_fault("reset_after_bytes", 200)
    first, second = label(hand, 1), label(hand, 2)
    with working(hand, Timing(poll_s=0.01, delivery_s=20.0)):
        wait_until(lambda: row(hand, second)["state"] == "confirmed")
    assert (row(hand, first)["state"], row(hand, first)["attempts"]) == ("confirmed", 2)
    assert [attempt["outcome"] for attempt in tries(hand, first)] == ["unprinted", "confirmed"]
    assert len(zpl.jobs) == 2


def test_bytes_that_may_have_been_printed_are_never_sent_again(hand: FloorHand, zpl: ZplPrinter) -> None:
    class Forgetful(ZplPrinter):
        def getvar(self, name: str) -> bytes:
            return b'"?"'

    with Forgetful(zpl.tape.folder.parent / "old") as old:
        sql = "UPDATE printer SET address = :a WHERE warehouse_id = :w AND id = 1"
        hand.write(lambda tx: tx.run(sql, a=old.address))
        old.set_fault("reset_after_bytes", 200)
        first, second = label(hand, 1), label(hand, 2)
        with working(hand, Timing(poll_s=0.01, delivery_s=20.0)):
            # The printer dropped its half with the connection: the labels behind it go on, that one is not repeated.
            wait_until(lambda: row(hand, second)["state"] == "confirmed")
        assert (row(hand, first)["state"], row(hand, first)["attempts"]) == ("uncertain", 1)
        assert len(old.jobs) == 1


def test_a_worker_killed_while_sending_leaves_an_uncertain_print(hand: FloorHand, zpl: ZplPrinter) -> None:
    number = label(hand)
    killed = hand.write(lambda tx: outbox.claim(tx, LABEL, 50))
    assert killed is not None
    assert hand.write(lambda tx: outbox.start_sending(tx, killed, b"^XA^FDx^FS^XZ", "sha", 50))
    following = label(hand, 2)
    with working(hand):
        wait_until(lambda: row(hand, following)["state"] == "confirmed")
    assert row(hand, number)["state"] == "uncertain"
    assert len(zpl.jobs) == 1


def test_a_print_is_not_sending_while_its_printer_is_busy(hand: FloorHand, zpl: ZplPrinter) -> None:
    """A worker that dies then leaves a print that is free again, and nothing for a person to look for."""
    zpl.mark_partial(True)
    number = label(hand)
    with working(hand):
        wait_until(lambda: row(hand, number)["state"] == "claimed")
        assert row(hand, number)["content"] is None
        zpl.mark_partial(False)
        wait_until(lambda: row(hand, number)["state"] == "confirmed")


def test_two_workers_never_print_one_label_twice(hand: FloorHand, zpl: ZplPrinter) -> None:
    numbers = [label(hand, serial) for serial in range(1, 13)]
    with working(hand), working(hand):
        wait_until(lambda: all(row(hand, number)["state"] == "confirmed" for number in numbers))
    assert len(zpl.jobs) == len(numbers)
    assert {row(hand, number)["attempts"] for number in numbers} == {1}


def test_a_label_that_cannot_be_drawn_fails_and_lets_the_next_one_through(hand: FloorHand, zpl: ZplPrinter) -> None:
    broken, fine = label(hand, 1, parcel_n=-1), label(hand, 2)
    with working(hand):
        wait_until(lambda: row(hand, fine)["state"] == "confirmed")
    assert row(hand, broken)["state"] == "failed"
    assert "parcel_n" in row(hand, broken)["result"]
    assert len(zpl.jobs) == 1


def test_an_address_nobody_can_mean_fails(hand: FloorHand) -> None:
    hand.write(lambda tx: tx.run("UPDATE printer SET address = 'lpt1' WHERE warehouse_id = :w AND id = 1"))
    number = label(hand)
    with working(hand):
        wait_until(lambda: row(hand, number)["state"] == "failed")
        wait_until(lambda: printer(hand) == ("faulted", "bad_address"))


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (DeviceError("head_open", transient=True), "held"),
        (DeviceError("queue_missing", transient=False), "failed"),
        (DeviceError("uncertain", transient=False), "uncertain"),
        (ZeroDivisionError("a bug"), "uncertain"),
    ],
)
def test_what_the_device_says_decides(hand: FloorHand, error: Exception, state: str) -> None:
    def deliver_job(job: PrintJob, deadline_s: float) -> Receipt:
        raise error

    number = label(hand)
    assert printing.print_next(hand.floor, LABEL, QUICK, deliver_job)
    assert (row(hand, number)["state"], row(hand, number)["attempts"]) == (state, 1)
    assert not printing.print_next(hand.floor, LABEL, QUICK, deliver_job)


def test_a_job_only_handed_over_is_sent_not_confirmed(hand: FloorHand) -> None:
    def deliver_job(job: PrintJob, deadline_s: float) -> Receipt:
        return Receipt(ReceiptLevel.drained, job.job_id, len(job.content), detail="q-17 completed")

    number = label(hand)
    printing.print_next(hand.floor, LABEL, QUICK, deliver_job)
    assert (row(hand, number)["state"], row(hand, number)["receipt_level"]) == ("sent", "drained")


def test_a_printer_is_asked_how_it_is_before_anything_waits_for_it(hand: FloorHand, zpl: ZplPrinter) -> None:
    zpl.set_fault("head_open")
    with working(hand):
        wait_until(lambda: printer(hand) == ("faulted", "head_open"))


def test_a_printer_added_later_is_served_too(hand: FloorHand, tmp_path: Path) -> None:
    with working(hand), ZplPrinter(tmp_path / "labels") as machine:
        printer_id = hand.write(
            lambda tx: tx.insert("printer", code="LABEL-2", address=machine.address, language="zpl", dpi=203)
        )
        fields = {
            "ship_from": ADDRESS, "ship_to": ADDRESS, "carrier": "Post", "order": "SO-1", "parcel_n": 1,
            "sscc": sscc("0614141", 9),
        }  # fmt: skip
        hand.write(lambda tx: outbox.queue_print(tx, "9", "label:9:0", printer_id, "shipping_4x6", fields))
        machine.wait_for(1)
        wait_until(lambda: row(hand, "9")["state"] == "confirmed")
