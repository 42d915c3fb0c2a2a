"""Queues of Windows over a stand-in for win32print: no job is lost without a word. Never run on Windows."""

from __future__ import annotations

import os
import threading
import time

import pytest

from devices.config import WinspoolAddress
from devices.printers import QueuePrinter
from devices.protocols import DeviceError, ReceiptLevel
from devices.registry import printer_at
from devices.winspool import WindowsQueue

LABEL = b"^XA^FDx^FS^XZ"
QUEUE = "ZDesigner ZD421"


class Refused(Exception):
    """As pywintypes.error: number, function, words."""


class Spooler:
    """The module win32print with one queue."""

    error = Refused

    def __init__(self) -> None:
        self.status = 0
        self.jobs: dict[int, int] = {}
        self.content: dict[int, bytes] = {}
        self.titles: list[str] = []
        self.handles = 0
        self.takes_bytes: int | None = None
        self.job_status_after = 0x1000
        self.fails: dict[str, Refused] = {}
        self.hangs = threading.Event()
        self.hangs.set()

    def OpenPrinter(self, name: str) -> int:
        self._step("OpenPrinter")
        if name != QUEUE:
            raise Refused(1801, "OpenPrinter", "The printer name is invalid.")
        self.handles += 1
        return 7

    def ClosePrinter(self, printer: int) -> None:
        self.handles -= 1

    def StartDocPrinter(self, printer: int, level: int, document: tuple[str, None, str]) -> int:
        self._step("StartDocPrinter")
        assert (level, document[1:]) == (1, (None, "RAW"))
        self.titles.append(document[0])
        number = len(self.titles)
        self.jobs[number], self.content[number] = 0x08, b""
        return number

    def StartPagePrinter(self, printer: int) -> None:
        self._step("StartPagePrinter")

    def WritePrinter(self, printer: int, content: bytes) -> int:
        self._step("WritePrinter")
        self.content[len(self.titles)] += content[: self.takes_bytes]
        return len(content[: self.takes_bytes])

    def EndPagePrinter(self, printer: int) -> None:
        self._step("EndPagePrinter")

    def EndDocPrinter(self, printer: int) -> None:
        self._step("EndDocPrinter")
        number = len(self.titles)
        if number in self.jobs:
            self.jobs[number] = self.job_status_after

    def SetJob(self, printer: int, number: int, level: int, info: None, command: int) -> None:
        assert command == 5
        del self.jobs[number]

    def GetPrinter(self, printer: int, level: int) -> dict[str, int]:
        self._step("GetPrinter")
        return {"Status": self.status, "cJobs": len(self.jobs)}

    def EnumJobs(self, printer: int, first: int, count: int, level: int) -> tuple[dict[str, int], ...]:
        return tuple({"JobId": number, "Status": status} for number, status in self.jobs.items())

    def _step(self, name: str) -> None:
        assert self.hangs.wait(30)
        if name in self.fails:
            raise self.fails[name]


@pytest.fixture
def spooler() -> Spooler:
    return Spooler()


def printer_of(spooler: Spooler, queue: str = QUEUE) -> QueuePrinter:
    return QueuePrinter(lambda: WindowsQueue(WinspoolAddress(queue), spooler))


def refusal(spooler: Spooler, queue: str = QUEUE, deadline_s: float = 5.0) -> tuple[str, bool]:
    with pytest.raises(DeviceError) as caught:
        printer_of(spooler, queue).submit(LABEL, "job-7", deadline_s)
    return caught.value.reason, caught.value.transient


def test_a_job_is_handed_over_whole_and_its_id_counts(spooler: Spooler) -> None:
    receipt = printer_of(spooler).submit(LABEL, "job-7", 5.0)
    assert (receipt.level, receipt.detail) == (ReceiptLevel.drained, "1 completed")
    assert (spooler.content, spooler.titles, spooler.handles) == ({1: LABEL}, ["job-7"], 0)


def test_a_job_the_spooler_still_holds_is_only_written(spooler: Spooler) -> None:
    spooler.job_status_after = 0x20 | 0x40  # offline, paper out: it waits
    receipt = printer_of(spooler).submit(LABEL, "job-7", 0.2)
    assert (receipt.level, receipt.detail) == (ReceiptLevel.written, "1 pending")


def test_a_job_that_is_no_longer_listed_is_only_written(spooler: Spooler) -> None:
    spooler.EnumJobs = lambda *_: ()  # type: ignore[method-assign]
    receipt = printer_of(spooler).submit(LABEL, "job-7", 1.0)
    assert (receipt.level, receipt.detail) == (ReceiptLevel.written, "1 unknown")


def test_a_job_that_was_deleted_in_the_queue_is_uncertain(spooler: Spooler) -> None:
    spooler.job_status_after = 0x0100
    assert refusal(spooler) == ("uncertain", False)


def test_a_short_write_is_uncertain_and_its_half_is_taken_back(spooler: Spooler) -> None:
    spooler.takes_bytes = 5
    assert refusal(spooler) == ("uncertain", False)
    assert (spooler.jobs, spooler.handles) == ({}, 0)


@pytest.mark.parametrize("step", ["StartPagePrinter", "WritePrinter", "EndPagePrinter", "EndDocPrinter"])
def test_a_failure_once_the_job_was_begun_is_uncertain(spooler: Spooler, step: str) -> None:
    spooler.fails[step] = Refused(6, step, "The handle is invalid.")
    assert refusal(spooler) == ("uncertain", False)
    assert spooler.handles == 0


@pytest.mark.parametrize(
    ("number", "reason", "transient"),
    [(1722, "unreachable", True), (5, "no_permission", False), (1804, "refused", False)],
)
def test_a_failure_before_the_job_was_begun_says_what_it_is(
    spooler: Spooler, number: int, reason: str, transient: bool
) -> None:
    spooler.fails["StartDocPrinter"] = Refused(number, "StartDocPrinter", "words")
    assert refusal(spooler) == (reason, transient)
    assert spooler.handles == 0


def test_a_queue_that_does_not_exist_is_an_error_and_never_a_lost_job(spooler: Spooler) -> None:
    assert refusal(spooler, "no such queue") == ("queue_missing", False)


@pytest.mark.parametrize(
    ("bits", "state", "reasons"),
    [
        (0, "ready", ()),
        (0x400, "ready", ()),
        (0x10, "held", ("paper_out",)),
        (0x0040_0000 | 0x80 | 0x1000, "held", ("head_open", "offline")),
        (0x1, "held", ("paused",)),
    ],
)
def test_a_queue_is_as_the_spooler_says(spooler: Spooler, bits: int, state: str, reasons: tuple[str, ...]) -> None:
    spooler.status = bits
    status = printer_of(spooler).status()
    assert (status.state, status.reasons, status.buffered_formats) == (state, reasons, 0)


def test_a_queue_with_jobs_is_busy(spooler: Spooler) -> None:
    spooler.jobs[3] = 0x10
    status = printer_of(spooler).status()
    assert (status.state, status.buffered_formats) == ("busy", 1)


def test_a_spooler_that_does_not_come_back_is_uncertain_for_a_job_and_a_timeout_for_a_question(
    spooler: Spooler,
) -> None:
    spooler.hangs.clear()
    assert refusal(spooler, deadline_s=0.1) == ("uncertain", False)
    with pytest.raises(DeviceError, match="timeout"):
        printer_of(spooler).status(0.1)
    spooler.hangs.set()
    end = time.monotonic() + 10
    while any(thread.name.startswith("winspool") for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.skipif(os.name == "nt", reason="this is the other kind of machine")
def test_on_any_other_machine_it_is_refused_and_says_what_to_use() -> None:
    printer = printer_at("winspool://labels", "zpl")
    for call in (lambda: printer.status(), lambda: printer.submit(LABEL, "j", 5.0)):
        with pytest.raises(DeviceError, match=r"not_windows: .*cups://") as caught:
            call()
        assert not caught.value.transient
