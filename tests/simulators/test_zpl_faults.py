"""What goes wrong with a label printer goes wrong with the simulated one, and its tape says what came of it."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.protocols import DeviceError, ReceiptLevel
from devices.registry import printer_at
from devices.spooler import PrintJob, deliver
from devices.zpl import parse_host_status
from devices.zpl_queries import ProofFeed, ask_json, parse_error_status, parse_json, proof_of
from simulators.printer_tape import labels_of
from simulators.zpl_formats import read_format
from simulators.zpl_printer import ZplPrinter

LABEL = b"^XA^LL203^FDone^FS^XZ"
OTHER = b"^XA^LL203^FDother^FS^XZ"


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[ZplPrinter]:
    with ZplPrinter(tmp_path / "tape") as printer:
        yield printer


@contextmanager
def connected(printer: ZplPrinter) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as connection:
        yield connection


def send(printer: ZplPrinter, content: bytes) -> bytes:
    with connected(printer) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        said = b""
        while chunk := connection.recv(4096):
            said += chunk
    return said


def eventually(holds: Callable[[], object], within_s: float = 10.0) -> None:
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)


def answers(printer: ZplPrinter) -> bool:
    """Whether it takes a caller now: one it resets is no answer."""
    try:
        return b"ZD621" in send(printer, b"~HI")
    except OSError:
        return False


def paper(printer: ZplPrinter) -> list[tuple[str, bool, int, int]]:
    """Every piece of paper: which job it is of, spoilt or not, in which boot, what the odometer said."""
    names = {hashlib.sha256(content).hexdigest(): name for content, name in ((LABEL, "one"), (OTHER, "other"))}
    return [
        (names.get(label.sha256, "?"), label.is_spoilt, label.boot, label.odometer)
        for label in labels_of(printer.tape.labels_path)
    ]


# -- spoilt labels


def test_paper_that_ends_within_a_label_spoils_it_and_it_is_printed_again(printer: ZplPrinter) -> None:
    printer.set_fault("paper_out_within_label", 2)
    send(printer, LABEL + OTHER)
    printer.wait_for(1)
    eventually(lambda: len(paper(printer)) == 2)
    status = parse_host_status(send(printer, b"~HS"))
    assert (status.is_paper_out, status.labels_remaining, printer.odometer) == (True, 1, 2)
    printer.clear_faults()
    assert [job.content for job in printer.wait_for(2)] == [LABEL, OTHER]
    assert paper(printer) == [("one", False, 1, 1), ("other", True, 1, 2), ("other", False, 1, 3)]


def test_without_the_reprint_a_spoilt_label_is_lost_though_it_was_counted(printer: ZplPrinter) -> None:
    printer.set_fault("paper_out_within_label", 1)
    send(printer, b"^XA^JZN^XZ" + LABEL + OTHER)
    eventually(lambda: len(paper(printer)) == 1)
    printer.clear_faults()
    assert [job.content for job in printer.wait_for(2)] == [b"^XA^JZN^XZ", OTHER]
    assert paper(printer) == [("one", True, 1, 1), ("other", False, 1, 2)]


def test_a_head_that_is_opened_spoils_the_label_under_it(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape", labels_per_s=0.5) as printer:
        send(printer, LABEL)
        eventually(lambda: printer.state()["labels_remaining"] == 1)
        printer.set_fault("head_open")
        eventually(lambda: paper(printer) == [("one", True, 1, 1)])


def test_a_pause_lets_the_label_under_way_finish(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape", labels_per_s=10) as printer:
        send(printer, LABEL + OTHER)
        eventually(lambda: printer.state()["labels_remaining"] == 1)
        printer.set_fault("paused")
        printer.wait_for(1)
        assert paper(printer) == [("one", False, 1, 1)]


def test_a_spoilt_label_is_no_proof_for_the_driver(printer: ZplPrinter) -> None:
    printer.set_fault("paper_out_within_label", 1)
    with pytest.raises(DeviceError, match="uncertain") as caught:
        deliver(PrintJob("job-1", printer.address, "zpl", LABEL), 1.0)
    assert "odometer rose by 1 of 1" in caught.value.detail
    printer.clear_faults()
    printer.wait_for(1)
    assert deliver(PrintJob("job-2", printer.address, "zpl", OTHER), 5.0).level is ReceiptLevel.printed


# -- power


def test_a_power_cycle_loses_the_buffer_and_is_remembered(printer: ZplPrinter) -> None:
    printer.set_fault("paper_out")
    send(printer, LABEL + OTHER)
    printer.power_cycle()
    printer.clear_faults()
    assert parse_host_status(send(printer, b"~HS")).buffered_formats == 0
    send(printer, OTHER)
    assert [job.content for job in printer.wait_for(1)] == [OTHER]
    assert paper(printer) == [("other", False, 2, 1)]
    assert send(printer, b'! U1 getvar "simulator.boots"\r\n') == b'"2"'


def test_power_that_goes_within_a_label_leaves_half_of_it_uncounted(printer: ZplPrinter) -> None:
    printer.set_fault("power_cycle_within_label", 1)
    with connected(printer) as connection:
        connection.sendall(LABEL)
        with pytest.raises(ConnectionResetError):
            connection.recv(10)
    assert (paper(printer), printer.jobs, printer.boots) == ([("one", True, 1, 0)], [], 2)


def test_power_that_goes_while_a_sender_waits_for_the_end_is_no_orderly_end(tmp_path: Path) -> None:
    """An end without a reset would tell him that everything was read and done."""
    with ZplPrinter(tmp_path / "tape", labels_per_s=0.5) as printer, connected(printer) as connection:
        connection.sendall(b"^XA^FDx^FS" + proof_of("job-9") + b"^XZ")
        connection.shutdown(socket.SHUT_WR)
        eventually(lambda: printer.state()["labels_remaining"] == 1)
        printer.power_cycle()
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_half_a_format_does_not_outlive_the_power(printer: ZplPrinter) -> None:
    with connected(printer) as connection:
        connection.sendall(b"^XA^FDhalf")
        eventually(lambda: parse_host_status(printer.do(b"HS")).is_partial_format)
        connection.sendall(b"~JR^FS^XZ")
        with pytest.raises(ConnectionResetError):
            connection.recv(10)
    send(printer, LABEL)
    assert [job.content for job in printer.wait_for(1)] == [LABEL]


def test_while_it_boots_it_resets_whoever_calls(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape", boot_s=0.4) as printer:
        printer.power_cycle()
        with pytest.raises(ConnectionResetError), connected(printer) as connection:
            connection.recv(10)
        eventually(lambda: answers(printer))


def test_odometer_boots_and_label_numbers_outlive_the_program(tmp_path: Path) -> None:
    for _ in range(2):
        with ZplPrinter(tmp_path / "tape") as printer:
            send(printer, LABEL)
            printer.wait_for(1)
    with ZplPrinter(tmp_path / "tape") as printer:
        assert (printer.odometer, printer.boots) == (2, 3)
        with printer.tape.labels_path.open("a") as lines:
            lines.write('{"label": 3, "sha')  # killed within a line
    with ZplPrinter(tmp_path / "tape") as printer:
        send(printer, LABEL)
        printer.wait_for(1)
        assert [label.label for label in labels_of(printer.tape.labels_path)] == [1, 2, 3]


# -- the line


def test_a_printer_that_never_reads_takes_the_connection_and_no_byte(printer: ZplPrinter) -> None:
    printer.set_fault("never_read")
    with connected(printer) as connection:
        connection.sendall(LABEL)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        assert printer.received_bytes == 0
        printer.clear_faults()
        assert [job.content for job in printer.wait_for(1)] == [LABEL]


def test_what_was_sent_into_a_gone_network_is_lost_and_reset_when_it_is_back(printer: ZplPrinter) -> None:
    with connected(printer) as connection:
        connection.sendall(b"~HI")
        assert connection.recv(100)
        printer.set_fault("half_open")
        connection.sendall(LABEL)
        connection.settimeout(0.2)
        with pytest.raises(TimeoutError):
            connection.recv(10)
        printer.clear_faults()
        connection.settimeout(10)
        with pytest.raises(ConnectionResetError):
            connection.recv(10)
    send(printer, OTHER)
    assert [job.content for job in printer.wait_for(1)] == [OTHER]


def test_a_second_caller_waits_until_the_first_is_done(printer: ZplPrinter) -> None:
    with connected(printer) as first, connected(printer) as second:
        first.sendall(b"~HI")
        assert first.recv(100)
        second.sendall(b"~HI")
        second.settimeout(0.2)
        with pytest.raises(TimeoutError):
            second.recv(100)
        first.close()
        second.settimeout(10)
        assert b"ZD621" in second.recv(100)


def test_a_second_caller_can_be_refused(printer: ZplPrinter) -> None:
    printer.set_fault("refuse_second")
    with connected(printer) as first:
        first.sendall(b"~HI")
        assert first.recv(100)
        with pytest.raises(ConnectionResetError), connected(printer) as second:
            second.recv(100)
        first.sendall(LABEL)
        printer.wait_for(1)
    eventually(lambda: answers(printer))


def test_garbage_is_no_answer_to_the_driver_and_the_same_for_the_same_seed(tmp_path: Path) -> None:
    said = []
    for name in ("one", "two"):
        with ZplPrinter(tmp_path / name, seed=7) as printer:
            printer.set_fault("garbage")
            said.append(send(printer, b"~HS"))
            with pytest.raises(DeviceError, match=r"silent|bad_reply|timeout"):
                printer_at(printer.address, "zpl").status(0.5)
    assert said[0] == said[1]


def test_it_can_be_silent_exactly_when_it_is_needed(printer: ZplPrinter) -> None:
    printer.set_fault("silent_in_fault")
    assert parse_host_status(send(printer, b"~HS")).is_paper_out is False
    printer.set_fault("paper_out")
    assert send(printer, b"~HS") == b""
    printer.set_fault("paper_out", False)
    printer.set_fault("paused")
    assert parse_host_status(send(printer, b"~HS")).is_paused


def test_the_kernel_takes_little_more_than_the_buffer(tmp_path: Path) -> None:
    """A printer with a small buffer must not seem to swallow megabytes."""
    with ZplPrinter(tmp_path / "tape", buffer_bytes=8_192) as printer:
        printer.set_fault("paper_out")
        with connected(printer) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8_192)
            connection.settimeout(0.3)
            taken = 0
            with suppress(TimeoutError):
                while taken < 4_000_000:
                    taken += connection.send(LABEL * 100)
        assert taken < 300_000


# -- answers


def test_each_label_sends_its_proof_back_once(printer: ZplPrinter) -> None:
    job = b"^XA^FDx^FS" + proof_of("job-7") + b"^PQ3^XZ"
    assert ProofFeed().feed(send(printer, job)) == ["job-7"] * 3


def test_a_spoilt_label_sends_no_proof_until_it_is_printed_again(printer: ZplPrinter) -> None:
    printer.set_fault("paper_out_within_label", 1)
    with connected(printer) as connection:
        connection.sendall(b"^XA^FDx^FS" + proof_of("job-8") + b"^XZ")
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(100)
        printer.clear_faults()
        connection.settimeout(10)
        assert ProofFeed().feed(connection.recv(100)) == ["job-8"]


def test_a_verification_of_the_format_is_said_once_and_with_what_is_around_it() -> None:
    """The example of the manual, and the same for a format."""
    content = b"^XA^FN0^FD12345678^FS^FH_^HV0,8,EPC[,]_0D_0A,%s^FS^PQ2^XZ"
    assert read_format(content % b"L").of_label == b"EPC[12345678]\r\n"
    assert read_format(content % b"F").of_format == b"EPC[12345678]\r\n"
    assert read_format(content % b"").of_format == b"EPC[12345678]\r\n"
    assert read_format(b"^XA^FN3^FDabc^FS^HV3,2^FS^XZ").of_format == b"ab"
    assert read_format(b"^XA^HV^HVx,y,z^FS^XZ").of_format == b"z"


@settings(deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=20) | st.sampled_from([b"^PQ", b"9" * 5000, b"^HV", b",", b"^FH_", b"^FN"])))
def test_no_format_can_break_the_printer(pieces: list[bytes]) -> None:
    assert read_format(b"^XA" + b"".join(pieces) + b"^XZ").copies >= 0


def test_the_errors_and_the_serial_number_are_told(printer: ZplPrinter) -> None:
    printer.set_fault("head_open")
    printer.set_fault("ribbon_out")
    assert parse_error_status(send(printer, b"~HQES\r\n")) == (["ribbon_out", "head_open"], False)
    assert b"SIM000000001" in send(printer, b"~HQSN")
    assert b"TOTAL LABELS:   0" in send(printer, b"~HQOD")


def test_the_status_port_answers_while_the_other_is_taken(tmp_path: Path) -> None:
    asked = ask_json("odometer.total_label_count", "device.host_status", "no.such.thing")
    with ZplPrinter(tmp_path / "tape", status_port=0) as printer, connected(printer) as busy:
        busy.sendall(LABEL)
        printer.wait_for(1)
        with socket.create_connection(("127.0.0.1", printer.status_port or 0), timeout=10) as status:
            for place in range(1, len(asked), 7):  # in two segments, wherever the cut is
                status.sendall(asked[:place])
                time.sleep(0.001)
                status.sendall(asked[place:])
                settings = parse_json(status.recv(4096))
                assert settings["odometer.total_label_count"] == "1"
                assert not parse_host_status(settings["device.host_status"].encode()).is_paper_out
                assert "no.such.thing" not in settings
            printer.set_fault("status_port_silent")
            status.sendall(asked)
            status.settimeout(0.2)
            with pytest.raises(TimeoutError):
                status.recv(10)


def test_a_batch_that_is_cancelled_stops_after_the_label_under_way(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape", labels_per_s=10) as printer:
        send(printer, b"^XA^FDmany^FS^PQ500^XZ")
        eventually(lambda: len(paper(printer)) >= 1)
        send(printer, b"~JA")
        eventually(lambda: parse_host_status(printer.do(b"HS")).labels_remaining == 0)
        count = len(paper(printer))
        send(printer, LABEL)
        assert [job.content for job in printer.wait_for(1)] == [LABEL]
        assert len(paper(printer)) <= count + 2


def test_a_script_breaks_the_printer_at_the_same_jobs_for_the_same_seed(tmp_path: Path) -> None:
    tapes = []
    for name in ("one", "two"):
        with ZplPrinter(tmp_path / name, seed=3) as printer:
            printer.follow("1 in 4 events: power_cycle\nafter 5-9 events: drain_bytes_per_s 5000")
            for number in range(20):
                with connected(printer) as connection:
                    connection.sendall(b"^XA^FD%d^FS^XZ" % number)
                    eventually(lambda number=number: printer.events > number and not printer.waiting())
            assert printer.number("drain_bytes_per_s") == 5000
            tapes.append(([job.content for job in printer.jobs], printer.boots))
    assert tapes[0] == tapes[1]
    assert 1 < tapes[0][1] < 15


def test_two_threads_of_faults_and_jobs_do_not_lose_a_label(printer: ZplPrinter) -> None:
    """Faults that come and go while jobs run: every job comes out once, spoilt ones besides."""
    stop = threading.Event()

    def meddle() -> None:
        while not stop.is_set():
            printer.set_fault("paper_out", printer.chance.random() < 0.5)
            printer.set_fault("paper_out_within_label", printer.chance.randint(0, 3))

    meddler = threading.Thread(target=meddle)
    meddler.start()
    jobs = [b"^XA^FDjob %d^FS^XZ" % number for number in range(100)]
    try:
        send(printer, b"".join(jobs))
    finally:
        stop.set()
        meddler.join()
    printer.clear_faults()
    assert [job.content for job in printer.wait_for(100)] == jobs
    good = [label.sha256 for label in labels_of(printer.tape.labels_path) if not label.is_spoilt]
    assert good == [hashlib.sha256(job).hexdigest() for job in jobs]


def test_the_state_shows_every_fault_and_the_tape(printer: ZplPrinter) -> None:
    send(printer, LABEL)
    printer.wait_for(1)
    state = json.loads(printer.command("state"))
    assert {*printer.SWITCHES, *printer.NUMBERS, "odometer", "boots", "events"} <= set(state)
    assert json.loads(printer.command("tape 5"))[0]["is_spoilt"] is False
