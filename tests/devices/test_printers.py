"""Rules of a delivery, against simulated printers on real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from devices.patience import Patience
from devices.protocols import Deadline, DeviceError, ReceiptLevel
from devices.registry import printer_at
from devices.spooler import PrintJob, deliver
from simulators.printer_port import Reply
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter
from simulators.zpl_stream import ZplStream

LABEL = b"^XA^PW400^LL200^FO20,20^A0N,30,30^FDhello^FS^XZ"
SLIP = b"\x1b@one slip\n\x1dV\x00\x1dr\x01"


def label_job(printer: ZplPrinter, content: bytes = LABEL) -> PrintJob:
    return PrintJob("job-1", printer.address, "zpl", content)


def slip_job(printer: ReceiptPrinter, content: bytes = SLIP) -> PrintJob:
    return PrintJob("slip-1", printer.address, "escpos", content)


def refusal(job: PrintJob, deadline_s: float = 5.0) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        deliver(job, deadline_s)
    return caught.value


@contextmanager
def answering(*answers: bytes) -> Iterator[str]:
    """A thing on a port that answers the first bytes of each connection, and each ~HS, with the next of `answers`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.settimeout(5)
                    content = connection.recv(65536)
                    connection.sendall(answer)
                    while content:
                        content = connection.recv(65536)
                        if b"~HS" in content:
                            connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


# -- labels


def test_a_label_that_came_out_is_printed_by_the_printers_own_count(label_printer: ZplPrinter) -> None:
    receipt = deliver(label_job(label_printer))
    assert receipt.level is ReceiptLevel.printed
    assert (receipt.odometer_before, receipt.odometer_after) == (0, 1)
    assert [job.content for job in label_printer.wait_for(1)] == [LABEL]


def test_three_copies_are_printed_when_the_count_rose_by_three(label_printer: ZplPrinter) -> None:
    receipt = deliver(label_job(label_printer, b"^XA^FDx^FS^PQ3^XZ"))
    assert (receipt.level, receipt.odometer_after) == (ReceiptLevel.printed, 3)


def test_several_labels_in_one_job_are_all_waited_for(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "slow", ips=60) as printer:
        receipt = deliver(label_job(printer, LABEL * 3))
        assert (receipt.level, receipt.odometer_after) == (ReceiptLevel.printed, 3)


def test_a_format_that_prints_nothing_is_parsed(label_printer: ZplPrinter) -> None:
    assert deliver(label_job(label_printer, b"^XA^MNY^XZ")).level is ReceiptLevel.parsed


@pytest.mark.parametrize("fault", ["paper_out", "ribbon_out", "head_open", "paused"])
def test_an_unready_printer_gets_no_byte_of_the_job(label_printer: ZplPrinter, fault: str) -> None:
    label_printer.set_fault(fault)
    error = refusal(label_job(label_printer))
    assert (error.reason, error.transient) == (fault, True)
    label_printer.clear_faults()
    assert deliver(label_job(label_printer)).odometer_after == 1
    assert len(label_printer.jobs) == 1


def test_half_a_format_of_a_sender_that_is_gone_is_dropped(
    label_printer: ZplPrinter,
) -> None:
    label_printer.mark_partial(True)
    assert refusal(label_job(label_printer), deadline_s=0.3).reason == "busy"
    hurried = partial(printer_at, patience=Patience(20))
    assert deliver(label_job(label_printer), 10.0, hurried).odometer_after == 1


def test_a_printer_that_started_anew_on_a_line_nobody_hangs_up_has_printed_nothing(tmp_path: Path) -> None:
    """As on a serial line: the question it was asked meanwhile is never answered, and no end of the line says so."""

    class Restarting(ZplPrinter):
        def take_format(self, content: bytes, stream: ZplStream) -> None:
            self.tape.switch_on()
            self.command("silent for 0.3 s")

    with Restarting(tmp_path / "tape") as printer:
        hurried = partial(printer_at, patience=Patience(40))
        with pytest.raises(DeviceError) as refused:
            deliver(label_job(printer), 4.0, hurried)
        assert refused.value.reason == "unprinted"


def test_a_job_begins_once_when_its_printer_is_ready_and_before_its_first_byte(label_printer: ZplPrinter) -> None:
    seen: list[int] = []
    job = replace(label_job(label_printer), begin=lambda: seen.append(label_printer.odometer))
    label_printer.set_fault("paper_out")
    assert refusal(job).reason == "paper_out"
    assert seen == []
    label_printer.clear_faults()
    deliver(job)
    assert (seen, label_printer.odometer) == ([0], 1)


def test_a_job_that_may_not_begin_leaves_no_byte(label_printer: ZplPrinter) -> None:
    class NotOurs(Exception):
        pass

    def begin() -> None:
        raise NotOurs

    with pytest.raises(NotOurs):
        deliver(replace(label_job(label_printer), begin=begin))
    deliver(label_job(label_printer))
    assert label_printer.odometer == 1


def test_a_silent_printer_gets_no_byte_of_the_job(label_printer: ZplPrinter) -> None:
    label_printer.set_fault("silent")
    error = refusal(label_job(label_printer), deadline_s=0.3)
    assert (error.reason, error.transient) == ("silent", True)
    label_printer.clear_faults()
    assert label_printer.jobs == []


def test_nobody_on_the_port_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    error = refusal(PrintJob("j", f"tcp://127.0.0.1:{port}", "zpl", LABEL))
    assert (error.reason, error.transient) == ("unreachable", True)


def test_a_port_that_never_accepts_is_silent_though_connecting_works() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        error = refusal(PrintJob("j", f"tcp://127.0.0.1:{listener.getsockname()[1]}", "zpl", LABEL), 0.3)
    assert (error.reason, error.transient) == ("silent", True)


def test_a_job_cut_off_by_a_reset_is_proven_unprinted_and_may_go_again(label_printer: ZplPrinter) -> None:
    label_printer.set_fault("reset_after_bytes", 10)
    error = refusal(label_job(label_printer), deadline_s=20)
    assert (error.reason, error.transient) == ("unprinted", True)
    assert [status and status.odometer for status in (error.before, error.after)] == [0, 0]
    assert deliver(label_job(label_printer)).odometer_after == 1
    assert len(label_printer.jobs) == 1


def test_a_reset_after_the_whole_job_is_printed_by_the_printers_own_count(label_printer: ZplPrinter) -> None:
    label_printer.set_fault("reset_after_bytes", len(LABEL))
    receipt = deliver(label_job(label_printer), 5)
    assert (receipt.level, receipt.odometer_after) == (ReceiptLevel.printed, 1)
    assert len(label_printer.jobs) == 1


def test_a_reset_after_the_first_of_two_labels_is_uncertain(label_printer: ZplPrinter) -> None:
    label_printer.set_fault("reset_after_bytes", len(LABEL) + 5)
    error = refusal(label_job(label_printer, LABEL * 2), deadline_s=1)
    assert (error.reason, error.transient) == ("uncertain", False)
    assert "odometer rose by 1 of 2" in error.detail


def test_a_printer_that_does_not_read_to_the_end_is_uncertain(label_printer: ZplPrinter) -> None:
    label_printer.set_fault("drain_bytes_per_s", 2000)
    error = refusal(label_job(label_printer, LABEL * 40), deadline_s=0.5)
    assert (error.reason, error.transient) == ("uncertain", False)


def test_paper_that_ends_after_the_job_was_taken_is_uncertain(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "slow", ips=12) as printer:
        first = b"^XA^LL1218^FDx^FS^XZ"
        failed: list[DeviceError] = []
        sender = threading.Thread(target=lambda: failed.append(refusal(label_job(printer, first * 2), 1.5)))
        sender.start()
        printer.wait_for(1)
        printer.set_fault("paper_out")
        sender.join()
        assert failed[0].reason == "uncertain"
        assert "paper_out" in failed[0].detail


def test_the_next_job_waits_for_the_labels_before_it(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "slow", ips=60) as printer:
        with socket.create_connection(("127.0.0.1", printer.port)) as other:
            other.sendall(b"^XA^FDother^FS^XZ" * 2)
        receipt = deliver(label_job(printer))
        assert (receipt.odometer_before, receipt.odometer_after) == (2, 3)


def test_a_printer_that_stays_busy_gets_no_byte(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "slow", ips=0.5) as printer:
        with socket.create_connection(("127.0.0.1", printer.port)) as other:
            other.sendall(b"^XA^FDother^FS^XZ")
        error = refusal(label_job(printer), deadline_s=0.4)
        assert (error.reason, error.transient) == ("busy", True)


READY = b"\x02030,0,0,1218,000,0,0,0,000,0,0,0\x03\r\n\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n\x021234,0\x03\r\n"


def test_a_printer_without_an_odometer_reaches_parsed() -> None:
    answer = READY + b'"?"\r\n'
    with answering(answer) as address:
        receipt = deliver(PrintJob("j", address, "zpl", LABEL))
    assert (receipt.level, receipt.odometer_after) == (ReceiptLevel.parsed, None)


def test_without_an_odometer_a_ready_printer_proves_nothing_after_a_reset(tmp_path: Path) -> None:
    class OldPrinter(ZplPrinter):
        def getvar(self, name: str) -> bytes:
            return b'"?"'

    with OldPrinter(tmp_path / "old") as printer:
        assert deliver(label_job(printer), 5).level is ReceiptLevel.parsed
        printer.set_fault("reset_after_bytes", 10)
        assert refusal(label_job(printer), 5).reason == "uncertain"
        assert len(printer.jobs) == 1


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x02nonsense\x03" * 3, READY + b'"lots"'])
def test_something_else_on_the_port_gets_no_byte_of_the_job(answer: bytes) -> None:
    with answering(answer) as address:
        error = refusal(PrintJob("j", address, "zpl", LABEL), 2)
    assert error.transient
    assert error.reason in ("silent", "bad_reply", "connection_lost")


def test_the_status_of_a_label_printer_has_its_counts(label_printer: ZplPrinter) -> None:
    deliver(label_job(label_printer))
    deadline = time.monotonic() + 10
    status = printer_at(label_printer.address, "zpl").status()
    while status.state == "busy" and time.monotonic() < deadline:  # the label is out, its format not yet forgotten
        status = printer_at(label_printer.address, "zpl").status()
    assert (status.state, status.buffered_formats, status.labels_remaining, status.odometer) == ("ready", 0, 0, 1)


def test_an_empty_job_is_refused_before_anything_is_opened() -> None:
    error = refusal(PrintJob("j", "tcp://127.0.0.1:1", "zpl", b""))
    assert (error.reason, error.transient) == ("empty_job", False)


# -- slips


def test_a_slip_is_parsed_when_the_printer_answered_its_end(receipt_printer: ReceiptPrinter) -> None:
    assert deliver(slip_job(receipt_printer)).level is ReceiptLevel.parsed
    assert [job.content for job in receipt_printer.wait_for(1)] == [SLIP]


def test_a_slip_without_the_question_at_its_end_is_only_drained(receipt_printer: ReceiptPrinter) -> None:
    content = b"\x1b@one slip\n\x1dV\x00"
    assert deliver(slip_job(receipt_printer, content)).level is ReceiptLevel.drained
    assert [job.content for job in receipt_printer.wait_for(1)] == [content]


@pytest.mark.parametrize("fault", ["paper_out", "head_open"])
def test_an_unready_receipt_printer_gets_no_byte_of_the_slip(receipt_printer: ReceiptPrinter, fault: str) -> None:
    receipt_printer.set_fault(fault)
    error = refusal(slip_job(receipt_printer))
    assert (error.reason, error.transient) == (fault, True)
    receipt_printer.clear_faults()
    deliver(slip_job(receipt_printer))
    assert len(receipt_printer.jobs) == 1


def test_paper_near_its_end_still_prints(receipt_printer: ReceiptPrinter) -> None:
    receipt_printer.set_fault("paper_near_end")
    assert deliver(slip_job(receipt_printer)).level is ReceiptLevel.parsed


def test_a_silent_receipt_printer_gets_no_byte_of_the_slip(receipt_printer: ReceiptPrinter) -> None:
    receipt_printer.set_fault("silent")
    error = refusal(slip_job(receipt_printer), 0.3)
    assert (error.reason, error.transient) == ("silent", True)
    assert receipt_printer.jobs == []


def test_a_slip_cut_off_half_way_is_uncertain(receipt_printer: ReceiptPrinter) -> None:
    receipt_printer.set_fault("reset_after_bytes", 5)
    error = refusal(slip_job(receipt_printer), 2)
    assert (error.reason, error.transient) == ("uncertain", False)


class ForgetfulReceiptPrinter(ReceiptPrinter):
    """Prints, and never answers what is asked in its turn."""

    def _execute(self, command: bytes, reply: Reply) -> None:
        super()._execute(command, lambda answer: None)


def test_a_slip_without_its_confirmation_is_uncertain(tmp_path: Path) -> None:
    with ForgetfulReceiptPrinter(tmp_path / "slips") as printer:
        error = refusal(slip_job(printer), 0.5)
        assert (error.reason, error.transient) == ("uncertain", False)
        assert len(printer.wait_for(1)) == 1


# -- transports


def test_a_deadline_is_never_negative_and_can_be_shortened() -> None:
    assert Deadline.after(-1).remaining_s() == 0.0
    assert Deadline.after(60).at_most(1).remaining_s() <= 1.0
    assert Deadline.after(0.5).at_most(60).remaining_s() <= 0.5
