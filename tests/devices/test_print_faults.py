"""Every fault a printer can have while a label is on its way: what was proven is compared with the paper that came out.

A label is delivered as the floor delivers it: again when it was held or proven unprinted, never when it is uncertain.
Then all faults end, and the pieces of paper are counted: printed is exactly one, uncertain at most one.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from devices import label_printer as driver
from devices.config import parse_address
from devices.protocols import DeviceError, Receipt, ReceiptLevel
from devices.registry import printer_at, transport_to
from devices.spooler import PrintJob, deliver
from devices.zpl_queries import with_proof
from simulators.printer_tape import labels_of
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter

LABEL = b"^XA^PW400^LL200^FO20,20^A0N,30,30^FDparcel %d^FS^XZ\r\n"
TRIES = 30


def quick(address: str, language: str) -> driver.ZplPrinter:
    """A driver that takes a printer for silent, and what it says for settled, sooner."""
    return driver.ZplPrinter(lambda: transport_to(parse_address(address)), status_s=0.5, settle_s=0.5)


class Spool:
    """One label after the other to one printer; `said` is what the floor would have in its database."""

    def __init__(self, printer: ZplPrinter, has_proof: bool, deadline_s: float = 1.2) -> None:
        self.printer = printer
        self.has_proof = has_proof
        self.deadline_s = deadline_s
        self.said: dict[int, str] = {}
        self.words: list[str] = []

    def send(self, number: int) -> Receipt | None:
        for attempt in range(TRIES):
            job_id, content = f"floor-{number}-{attempt}", LABEL % number
            if self.has_proof:
                content = with_proof(content, job_id)
            try:
                receipt = deliver(PrintJob(job_id, self.printer.address, "zpl", content), self.deadline_s, quick)
            except DeviceError as error:
                self.words.append(str(error))
                if error.transient:
                    time.sleep(0.02)
                    continue
                self.said[number] = error.reason
                return None
            self.said[number] = receipt.level.name
            return receipt
        self.said[number] = "held"
        return None

    def paper(self) -> Counter[int]:
        """Whole labels that came out, by number, once nothing more can."""
        self.printer.clear_faults()
        end_s = time.monotonic() + 10
        while (self.printer.waiting() or self.printer._is_taken) and time.monotonic() < end_s:
            time.sleep(0.01)
        assert not self.printer.waiting()
        contents = [job.content for job in self.printer.jobs]
        return Counter(int(content.split(b"parcel ")[1].split(b"^")[0]) for content in contents)

    def check(self) -> None:
        paper = self.paper()
        for number, said in self.said.items():
            allowed = {"printed": (1,), "uncertain": (0, 1), "held": (0,)}[said]
            assert paper[number] in allowed, f"label {number} is {said}, {paper[number]} came out: {self.words}"


def later(seconds: float, act: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


FAULTS = {
    "paper_out_within_label": 1, "power_cycle_within_label": 1, "reset_after_bytes": 60, "half_open": True,
    "never_read": True, "silent": True, "garbage": True, "paper_out": True, "head_open": True, "paused": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("fault", "has_proof"),
    [*((fault, True) for fault in FAULTS), ("paper_out_within_label", False), ("power_cycle_within_label", False),
     ("reset_after_bytes", False), ("half_open", False), ("silent", False)],
)  # fmt: skip
def test_a_fault_while_the_label_is_printed(tmp_path: Path, fault: str, has_proof: bool) -> None:
    """It begins with the label under way, and goes away soon; the label after it finds a printer at work."""
    with ZplPrinter(tmp_path / "tape", labels_per_s=10) as printer:
        spool = Spool(printer, has_proof)
        if isinstance(FAULTS[fault], bool):
            begins = later(0.06, lambda: printer.set_fault(fault))
        else:
            printer.set_fault(fault, FAULTS[fault])
            begins = later(0, lambda: None)
        ends = later(0.35, printer.clear_faults)
        spool.send(1)
        begins.join()
        ends.join()
        spool.deadline_s = 20.0
        spool.send(2)
        assert spool.said[2] == "printed"
        spool.check()


@pytest.mark.parametrize(
    ("fault", "value", "said"),
    [
        ("paper_out_within_label", 1, "printed"),  # it reports itself once it was printed again
        ("power_cycle_within_label", 1, "printed"),  # proven lost, and sent again
        ("reset_after_bytes", 30, "printed"),
        ("half_open", True, "printed"),  # the network is back, the printer knows nothing of the job
        ("never_read", True, "printed"),
        ("silent", True, "printed"),
    ],
)
def test_with_labels_that_report_themselves_hardly_anything_stays_uncertain(
    tmp_path: Path, fault: str, value: int | bool, said: str
) -> None:
    with ZplPrinter(tmp_path / "tape", labels_per_s=8) as printer:
        spool = Spool(printer, has_proof=True, deadline_s=20.0)
        printer.set_fault(fault, value)
        ends = later(0.6, printer.clear_faults)
        spool.send(1)
        ends.join()
        assert spool.said == {1: said}, spool.words
        spool.check()


def test_a_spoilt_label_that_is_not_printed_again_is_never_called_printed(tmp_path: Path) -> None:
    """With ^JZN the odometer has counted it and nothing is pending: only its own report would prove it."""

    class NeverAgain(ZplPrinter):
        def take_format(self, content: bytes, stream: object) -> None:
            super().take_format(content.replace(b"^JZY", b"^JZN"), stream)  # type: ignore[arg-type]

    with NeverAgain(tmp_path / "tape", labels_per_s=10) as printer:
        spool = Spool(printer, has_proof=True, deadline_s=2.0)
        printer.set_fault("paper_out_within_label", 1)
        ends = later(0.6, printer.clear_faults)
        spool.send(1)
        ends.join()
        assert spool.said == {1: "uncertain"}
        assert [label.is_spoilt for label in labels_of(printer.tape.labels_path)] == [True]


def test_a_fault_in_which_the_printer_says_nothing_is_told_by_its_status_port(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape", status_port=0) as printer:
        printer.set_fault("silent_in_fault")
        printer.set_fault("paper_out")
        address = f"{printer.address}?status={printer.status_port}"
        with pytest.raises(DeviceError) as caught:
            printer_at(address, "zpl").submit(LABEL % 1, "floor-1-1", 6.0)
        assert (caught.value.reason, caught.value.transient) == ("paper_out", True)
        assert printer.jobs == []


def test_the_printer_counts_its_boots_and_labels_for_the_record(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        receipt = Spool(printer, has_proof=True).send(1)
        assert receipt is not None
        assert (receipt.level, receipt.is_reporting) == (ReceiptLevel.printed, True)
        assert receipt.before is not None
        assert (receipt.before.odometer, receipt.before.boot) == (0, 1)
        silent = Spool(printer, has_proof=False).send(2)
        assert silent is not None
        assert silent.is_reporting is None


def test_a_printer_that_knows_no_report_is_found_out_by_its_odometer(tmp_path: Path) -> None:
    class Plain(ZplPrinter):
        def take_format(self, content: bytes, stream: object) -> None:
            super().take_format(content.replace(b"^HV", b"^XX"), stream)  # type: ignore[arg-type]

    with Plain(tmp_path / "tape") as printer:
        receipt = Spool(printer, has_proof=True).send(1)
        assert receipt is not None
        assert (receipt.level, receipt.is_reporting) == (ReceiptLevel.printed, False)


# -- slips


SLIP = b"\x1b@slip %d\n\x1dV\x00\x1dr\x01"


@pytest.mark.parametrize(
    ("fault", "value"),
    [("reset_after_bytes", 5), ("half_open", True), ("never_read", True), ("paper_out_within_commands", 3),
     ("silent", True), ("garbage", True)],
)  # fmt: skip
def test_a_slip_that_was_not_answered_is_uncertain_and_its_paper_at_most_once(
    tmp_path: Path, fault: str, value: int | bool
) -> None:
    with ReceiptPrinter(tmp_path / "slips") as printer:
        printer.set_fault(fault, value)
        ends = later(0.4, printer.clear_faults)
        job = PrintJob("floor-1-1", printer.address, "escpos", SLIP % 1)
        said = "held"
        for _ in range(TRIES):
            try:
                said = deliver(job, 0.8).level.name
                break
            except DeviceError as error:
                said = error.reason
                if not error.transient:
                    break
                time.sleep(0.05)
        ends.join()
        printer.clear_faults()
        assert deliver(PrintJob("floor-2-1", printer.address, "escpos", SLIP % 2), 5.0).level is ReceiptLevel.parsed
        whole = [out.content for out in printer.jobs].count(SLIP % 1)
        assert said in ("parsed", "uncertain")
        assert whole == 1 if said == "parsed" else whole <= 1


def test_an_automatic_status_is_no_answer_to_the_question_at_the_end_of_a_slip(tmp_path: Path) -> None:
    """GS a makes the printer say four bytes by itself, three of which look like `GS r: paper is there`."""
    with ReceiptPrinter(tmp_path / "slips") as printer:
        printer.set_fault("paper_out_within_commands", 6)
        content = b"\x1b@\x1da\xffslip\n\x1dV\x00\x1dr\x01"
        with pytest.raises(DeviceError) as caught:
            deliver(PrintJob("floor-1-1", printer.address, "escpos", content), 1.0)
        assert caught.value.reason == "uncertain"
        assert printer.jobs == []
