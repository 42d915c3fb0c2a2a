"""Every device has its own thread, its own state and its own misfortunes, and comes back from all of them."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from devices import supervisor as supervision
from devices.duties import ScannerDuty
from devices.protocols import DeviceError
from devices.registry import scanner_at
from devices.scanners import ScanEvent
from devices.states import READY, DeviceState, DeviceStatus
from devices.supervisor import Supervisor
from tests.devices.plugs import Board, Plug


class Scripted:
    """A duty whose turns are given: a status, or an error to raise. The last one is repeated."""

    pause_s = 0.01

    def __init__(self, *turns: DeviceStatus | BaseException, opening: BaseException | None = None) -> None:
        self.turns = list(turns)
        self.opening = opening
        self.opened = self.closed = 0

    def open(self, deadline_s: float) -> DeviceStatus:
        self.opened += 1
        if self.opening is not None:
            raise self.opening
        return READY

    def turn(self, deadline_s: float) -> DeviceStatus:
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if isinstance(turn, BaseException):
            raise turn
        return turn

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def floor(board: Board) -> Iterator[Supervisor]:
    with Supervisor(board.report, turn_s=0.05) as floor:
        yield floor
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("device ")]


LOST = DeviceError("connection_lost", transient=True, detail="unplugged")
PAPER_OUT = DeviceStatus(DeviceState.FAULTED, "paper_out")


def test_what_is_reported_is_every_change_once(floor: Supervisor, board: Board) -> None:
    floor.add("p", Scripted(READY, READY, PAPER_OUT, PAPER_OUT, READY), is_local=True)
    board.wait(lambda: len(board.heard) >= 3)
    assert board.words("p") == ["ready", "faulted paper_out", "ready"]
    assert floor.reconnects("p") == 0


@pytest.mark.parametrize("crash", [ZeroDivisionError("bug"), SystemExit(3), AssertionError()], ids=repr)
def test_a_crash_of_one_driver_is_a_fault_of_its_device_and_is_tried_again(
    floor: Supervisor, board: Board, crash: BaseException
) -> None:
    crashing = Scripted(READY, crash, READY)
    floor.add("well", Scripted(READY), is_local=True)
    floor.add("crashing", crashing, is_local=True)
    board.wait(lambda: len(board.words("crashing")) >= 3)
    assert board.words("crashing") == ["ready", "faulted crashed", "ready"]
    assert type(crash).__name__ in next(status.detail for _, status in board.heard if status.reason == "crashed")
    assert board.words("well") == ["ready"]
    assert (crashing.opened, crashing.closed) == (2, 1)
    assert floor.reconnects("crashing") == 1


def test_a_driver_that_crashes_while_closing_is_tried_again(floor: Supervisor, board: Board) -> None:
    class Sticky(Scripted):
        def close(self) -> None:
            super().close()
            raise RuntimeError("cannot let go")

    floor.add("p", Sticky(READY, LOST, READY), is_local=True)
    board.wait(lambda: len(board.words("p")) >= 3)
    assert board.words("p") == ["ready", "offline connection_lost", "ready"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DeviceError("unreachable", True), "offline unreachable"),
        (DeviceError("timeout", True), "offline timeout"),
        (DeviceError("no_permission", False), "faulted no_permission"),
        (DeviceError("silent", True), "faulted silent"),
    ],
)
def test_what_is_not_there_is_offline_and_what_is_there_and_does_not_work_is_faulted(
    floor: Supervisor, board: Board, error: DeviceError, words: str
) -> None:
    duty = Scripted(READY, opening=error)
    floor.add("p", duty, is_local=True)
    board.wait_for("p", words)
    board.wait(lambda: duty.opened >= 3)
    assert board.words("p") == [words]  # that it is tried again is no news
    assert floor.reconnects("p") == 0
    duty.opening = None
    board.wait_for("p", "ready")
    assert floor.statuses() == {"p": READY}


def test_a_report_that_was_not_taken_is_made_again() -> None:
    board = Board()
    refusals = iter([OSError("the database is away")])

    def report(name: str, status: DeviceStatus) -> None:
        for refusal in refusals:
            raise refusal
        board.report(name, status)

    with Supervisor(report) as floor:
        floor.add("p", Scripted(READY), is_local=True)
        board.wait_for("p", "ready")


def test_a_device_taken_out_of_use_is_let_go_and_left_alone(floor: Supervisor, board: Board) -> None:
    duty = Scripted(READY)
    floor.add("p", duty, is_local=True)
    board.wait_for("p", "ready")
    floor.disable("p")
    board.wait_for("p", "disabled")
    assert (duty.opened, duty.closed) == (1, 1)
    floor.enable("p")
    board.wait_for("p", "ready")
    assert board.words("p") == ["ready", "disabled", "connecting", "ready"]
    assert duty.opened == 2


def test_a_device_that_begins_out_of_use_is_not_opened(floor: Supervisor, board: Board) -> None:
    duty = Scripted(READY)
    floor.add("p", duty, is_local=True, is_enabled=False)
    board.wait_for("p", "disabled")
    floor.remove("p")
    assert duty.opened == 0


def test_who_disables_a_device_does_not_wait_for_its_next_attempt(
    floor: Supervisor, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    duty = Scripted(READY, opening=DeviceError("unreachable", True))
    floor.add("p", duty, is_local=False)
    board.wait_for("p", "offline unreachable")
    floor.disable("p")
    board.wait_for("p", "disabled")
    assert duty.opened == 1


def test_somebody_who_stands_before_it_can_have_it_tried_at_once(
    floor: Supervisor, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch)
    duty = Scripted(READY, opening=DeviceError("unreachable", True))
    floor.add("p", duty, is_local=False)
    board.wait_for("p", "offline unreachable")
    duty.opening = None
    floor.try_now("p")
    board.wait_for("p", "ready")
    assert duty.opened == 2


def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses of ten minutes: what comes sooner came because it was asked for."""

    class Patient:
        def next_s(self) -> float:
            return 600.0

    monkeypatch.setattr(supervision, "for_network", lambda dice: Patient())


def test_pauses_begin_anew_once_a_device_was_well_for_long(
    floor: Supervisor, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervision, "HEALTHY_S", 0.0)
    floor.add("p", Scripted(LOST, LOST, READY), is_local=False)
    board.wait(lambda: board.words("p")[-2:] == ["offline connection_lost", "ready"])
    line = floor._watch("p")._line
    end = time.monotonic() + 10
    while line._last_s != 0.2 and time.monotonic() < end:
        time.sleep(0.01)
    assert line._last_s == 0.2


def test_what_is_lost_again_and_again_is_degraded_even_when_it_is_there(floor: Supervisor, board: Board) -> None:
    floor.add("p", Scripted(*[READY, LOST] * supervision.UNSTABLE_TIMES, READY), is_local=True)
    board.wait_for("p", "degraded unstable")
    assert board.words("p").count("offline connection_lost") == supervision.UNSTABLE_TIMES


def test_stopping_ends_within_its_deadline_and_names_what_hangs(board: Board) -> None:
    release = threading.Event()

    class Hanging(Scripted):
        def turn(self, deadline_s: float) -> DeviceStatus:
            release.wait(30)
            return READY

    floor = Supervisor(board.report)
    hanging, well = Hanging(READY), Scripted(READY)
    floor.add("hanging", hanging, is_local=True)
    floor.add("well", well, is_local=True)
    board.wait(lambda: {name for name, _ in board.heard} == {"hanging", "well"})
    assert floor.stop(0.3) == ("hanging",)
    assert well.closed == 1
    with pytest.raises(ValueError, match="stopped"):
        floor.add("late", Scripted(READY), is_local=True)
    release.set()
    board.wait_for("hanging", "offline not_watched")
    assert hanging.closed == 1


def test_after_the_end_nobody_is_told_that_a_device_is_ready(board: Board) -> None:
    with Supervisor(board.report) as floor:
        floor.add("p", Scripted(READY), is_local=True)
        board.wait_for("p", "ready")
    assert board.words("p") == ["ready", "offline not_watched"]


def test_a_name_belongs_to_one_device(floor: Supervisor) -> None:
    floor.add("p", Scripted(READY), is_local=True)
    with pytest.raises(ValueError, match="there already"):
        floor.add("p", Scripted(READY), is_local=True)
    assert floor.remove("p")
    floor.add("p", Scripted(READY), is_local=True)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_twenty_devices_come_and_go_and_leave_nothing_behind(tmp_path: Path, board: Board) -> None:
    plugs = [Plug(tmp_path / f"scanner-{number}") for number in range(20)]
    before = (threading.active_count(), descriptors())
    for _ in range(2):
        with Supervisor(board.report, turn_s=0.05) as floor:
            for number, plug in enumerate(plugs):
                floor.add(f"s{number}", ScannerDuty(scanner_at(plug.address), lambda event: None), is_local=True)
            board.wait(lambda: all(board.words_now(f"s{number}") == "ready" for number in range(20)))
            assert threading.active_count() == before[0] + 20
        assert (threading.active_count(), descriptors()) == before
    for plug in plugs:
        plug.pull()


def test_unplugged_and_plugged_in_again_a_scanner_scans_within_a_second(
    tmp_path: Path, board: Board, floor: Supervisor
) -> None:
    plug, other = Plug(tmp_path / "scanner"), Plug(tmp_path / "other")
    heard: list[bytes] = []
    others: list[bytes] = []
    floor.add("s", ScannerDuty(scanner_at(plug.address), taking(heard)), is_local=True)
    floor.add("o", ScannerDuty(scanner_at(other.address), taking(others)), is_local=True)
    board.wait_for("o", "ready")  # what is said before a line is opened is lost, as on a real one
    took_s = []
    for number in range(supervision.UNSTABLE_TIMES - 1):
        board.wait_for("s", "ready")
        plug.say(b"half")
        plug.pull()
        board.wait(lambda: board.words_now("s").startswith("offline"))
        other.say(b"%d\r" % number)  # one device's death is not another's
        board.wait(partial(ends_in, others, b"%d" % number))
        began_s = time.monotonic()
        plug.put_in()
        board.wait_for("s", "ready")
        plug.say(b"code %d\r" % number)
        board.wait(partial(ends_in, heard, b"code %d" % number))
        took_s.append(time.monotonic() - began_s)
    assert heard == [b"code %d" % number for number in range(len(took_s))]
    assert statistics.median(took_s) <= 1.0
    assert floor.reconnects("s") == len(took_s)
    assert board.words("o") == ["ready"]
    floor.stop()
    plug.pull()
    other.pull()


def ends_in(heard: list[bytes], code: bytes) -> bool:
    return heard[-1:] == [code]


def taking(heard: list[bytes]) -> Callable[[ScanEvent], None]:
    return lambda event: heard.append(event.raw)
