"""What each kind of device does in its turns: no scan is lost between the scanner and whoever keeps it."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.backoff import Backoff, for_local_port, for_network
from devices.config import parse_address
from devices.duties import PrinterDuty, ScaleDuty, ScannerDuty, is_local
from devices.framing.ssi import ACK, Opcode, packet
from devices.protocols import DeviceError, PrinterStatus, Receipt, unasked
from devices.registry import printer_at, scale_at, scanner_at
from devices.scales.reading import Reading, Weighing
from devices.scanners import ScanEvent
from devices.states import CONNECTING, READY, DeviceState, DeviceStatus, status_of_printer
from devices.supervisor import Supervisor
from simulators.scale import Scale as SimulatedScale
from simulators.zpl_printer import ZplPrinter
from tests.devices.plugs import Board, Plug


def test_a_scan_that_could_not_be_kept_is_handed_on_again_and_only_then_acknowledged(tmp_path: Path) -> None:
    plug, board = Plug(tmp_path / "scanner"), Board()
    refusals = iter([OSError("disk full"), OSError("disk full")])
    handed: list[ScanEvent] = []
    kept: list[ScanEvent] = []

    def keep(event: ScanEvent) -> None:
        handed.append(event)
        for refusal in refusals:
            os.set_blocking(plug.main, False)
            with pytest.raises(BlockingIOError):
                os.read(plug.main, 1)
            os.set_blocking(plug.main, True)
            raise refusal
        kept.append(event)

    with Supervisor(board.report, turn_s=0.05) as floor:
        floor.add("s", ScannerDuty(scanner_at(f"{plug.address}?proto=ssi"), keep), is_local=True)
        board.wait_for("s", "ready")
        plug.say(packet(Opcode.DECODE_DATA, b"\x03TOTE-7", source=0))
        board.wait(lambda: len(kept) == 1)
        assert plug.told(len(ACK)) == ACK
        board.wait_for("s", "ready")
    assert [event.raw for event in handed] == [b"TOTE-7"] * 3
    assert len({event.scan_id for event in handed}) == 1
    assert "faulted crashed" in board.words("s")
    plug.pull()


def test_what_was_read_before_the_end_is_kept_all_the_same(tmp_path: Path) -> None:
    plug = Plug(tmp_path / "scanner")
    kept: list[bytes] = []
    duty = ScannerDuty(scanner_at(plug.address), lambda event: kept.append(event.raw))
    duty.open(1.0)
    plug.say(b"A\rB\rC\rhalf")
    duty.turn(5.0)
    duty.close()
    assert kept == [b"A", b"B", b"C"]
    plug.pull()


def test_a_scan_kept_before_a_crash_and_sent_again_after_it_is_answered_and_not_kept_twice(tmp_path: Path) -> None:
    plug = Plug(tmp_path / "scanner")
    kept: list[bytes] = []
    duty = ScannerDuty(scanner_at(f"{plug.address}?proto=ssi", kept=b"TOTE-7"), lambda event: kept.append(event.raw))
    duty.open(1.0)
    plug.say(packet(Opcode.DECODE_DATA, b"\x03TOTE-7", status=1, source=0))
    duty.turn(0.05)
    assert plug.told(len(ACK)) == ACK
    assert kept == []
    plug.say(packet(Opcode.DECODE_DATA, b"\x03TOTE-7", source=0))  # another pull on the same code
    duty.turn(5.0)
    assert kept == [b"TOTE-7"]
    duty.close()
    plug.pull()


def test_a_scan_whose_acknowledgement_found_no_line_is_answered_when_it_comes_again(tmp_path: Path) -> None:
    plug = Plug(tmp_path / "scanner")
    kept: list[bytes] = []

    def keep(event: ScanEvent) -> None:
        kept.append(event.raw)
        plug.pull()

    duty = ScannerDuty(scanner_at(f"{plug.address}?proto=ssi"), keep)
    duty.open(1.0)
    plug.say(packet(Opcode.DECODE_DATA, b"\x03TOTE-7", source=0))
    duty.turn(5.0)
    duty.close()
    plug.put_in()
    duty.open(1.0)
    plug.say(packet(Opcode.DECODE_DATA, b"\x03TOTE-7", status=1, source=0))
    duty.turn(0.05)
    assert plug.told(len(ACK)) == ACK
    assert kept == [b"TOTE-7"]
    duty.close()
    plug.pull()


def test_a_place_to_call_awaits_its_scanner_and_says_when_it_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    board = Board()
    kept: list[bytes] = []
    with Supervisor(board.report, turn_s=0.05) as floor:
        duty = ScannerDuty(scanner_at(f"tcp-listen://:{port}"), lambda event: kept.append(event.raw))
        floor.add("s", duty, is_local=True)
        board.wait_for("s", "connecting awaits_call")
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(b"A\r")
            board.wait(lambda: kept == [b"A"])
            board.wait_for("s", "ready")
        board.wait_for("s", "connecting awaits_call")
        assert floor.reconnects("s") == 0


def test_a_scale_shows_what_it_says_and_comes_back(tmp_path: Path) -> None:
    board = Board()
    shown: list[Reading] = []
    with SimulatedScale(tmp_path / "scale", settle_s=0) as simulated, Supervisor(board.report) as floor:
        simulated.put(500)
        duty = ScaleDuty(scale_at(simulated.address), shown.append, every_s=0.02)
        floor.add("scale", duty, is_local=is_local(parse_address(simulated.address)))
        board.wait_for("scale", "ready")
        board.wait(lambda: shown[-1:] == [Reading(Weighing.STABLE, 500)])
        simulated.unplug()
        board.wait(lambda: board.words_now("scale").startswith("offline"))
        simulated.plug()
        board.wait_for("scale", "ready")
        assert floor.reconnects("scale") == 1


class SaysInTurn:
    """A scale whose answers are given, each with the number of answers nobody could read until then."""

    def __init__(self, *answers: tuple[Reading, int]) -> None:
        self._answers = list(answers)
        self.garbled = 0

    def open(self, deadline_s: float) -> None:
        """It is there."""

    def read(self, deadline_s: float) -> Reading:
        reading, self.garbled = self._answers.pop(0)
        return reading

    def close(self) -> None:
        """It stays there."""


def test_a_scale_that_cannot_weigh_is_at_fault_and_one_that_garbles_is_degraded() -> None:
    still = Reading(Weighing.STABLE, 1)
    scale = SaysInTurn((still, 0), (Reading(Weighing.FAULT, detail="not calibrated"), 0), (still, 2), (still, 2))
    duty = ScaleDuty(scale, lambda reading: None)  # type: ignore[arg-type]
    assert duty.open(1.0) == CONNECTING
    said = [duty.turn(1.0) for _ in range(4)]
    assert [status.state for status in said] == ["ready", "faulted", "degraded", "ready"]
    assert said[1].detail == "not calibrated"


def test_a_printer_without_paper_is_at_fault_until_it_has_paper(label_printer: ZplPrinter) -> None:
    board = Board()
    with Supervisor(board.report) as floor:
        floor.add("p", PrinterDuty(printer_at(label_printer.address, "zpl"), every_s=0.02), is_local=False)
        board.wait_for("p", "ready")
        label_printer.set_fault("paper_out")
        board.wait_for("p", "faulted paper_out")
        label_printer.clear_faults()
        board.wait_for("p", "ready")
    assert label_printer.jobs == []


class Counted:
    """A printer that counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def status(self, deadline_s: float = 3.0) -> PrinterStatus:
        self.asked += 1
        return PrinterStatus("ready", ("paper_near_end",))

    def submit(
        self, job_bytes: bytes, job_id: str, deadline_s: float, begin: Callable[[], None] = unasked
    ) -> Receipt:
        raise DeviceError("never", transient=True)


def test_a_printer_is_not_asked_while_a_job_is_under_way() -> None:
    printer, in_use = Counted(), threading.Lock()
    duty = PrinterDuty(printer, in_use=in_use)
    near_end = DeviceStatus(DeviceState.DEGRADED, "paper_near_end", "paper_near_end")
    assert duty.open(1.0) == CONNECTING
    with in_use:
        assert duty.turn(0.1) == CONNECTING
    assert duty.turn(0.1) == near_end
    with in_use:
        assert duty.turn(0.1) == near_end
    assert printer.asked == 1


def test_a_printer_that_works_is_ready_and_one_that_is_busy_works() -> None:
    assert status_of_printer(PrinterStatus("ready")) == READY
    assert status_of_printer(PrinterStatus("busy", ("partial_format",))) == READY


@pytest.mark.parametrize("state", [DeviceState.DEGRADED, DeviceState.FAULTED, DeviceState.OFFLINE])
def test_what_does_not_work_says_why(state: DeviceState) -> None:
    with pytest.raises(ValueError, match="has a reason"):
        DeviceStatus(state)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("serial:///dev/ttyS0", True), ("evdev:///dev/input/event3", True), ("hidraw://05e0:1900", True),
        ("usb://04b8:0202", True), ("sim:///run/x", True), ("tcp-listen://:9004", True),
        ("tcp://10.0.0.5", False), ("cups://q", False), ("winspool://q", False),
    ],
)  # fmt: skip
def test_ports_of_this_machine_are_looked_at_more_often(address: str, expected: bool) -> None:
    assert is_local(parse_address(address)) is expected


@settings(deadline=None, derandomize=True)
@given(st.integers(), st.integers(1, 60))
def test_every_pause_is_between_the_first_and_the_longest_and_at_most_three_times_the_last(
    seed: int, times: int
) -> None:
    backoff = for_network(random.Random(seed))
    last = 0.2
    for _ in range(times):
        pause = backoff.next_s()
        assert 0.2 <= pause <= min(30.0, last * 3)
        last = pause
    backoff.reset()
    assert backoff.next_s() <= 0.6


@settings(deadline=None, derandomize=True)
@given(st.integers())
def test_a_port_of_this_machine_is_looked_at_at_least_twice_a_second(seed: int) -> None:
    backoff = for_local_port(random.Random(seed))
    assert all(backoff.next_s() <= 0.5 for _ in range(50))


def test_pauses_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="pauses"):
        Backoff(1.0, 0.5, random.Random(1))
