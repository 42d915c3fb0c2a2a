"""Rules of a CUPS queue, with a real CUPS server of our own."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from devices.config import CupsAddress
from devices.print_queues import CupsQueue
from devices.protocols import Deadline, DeviceError, ReceiptLevel
from devices.registry import printer_at
from devices.spooler import PrintJob, deliver
from label_templates import TEMPLATES, render
from label_templates.samples import SAMPLES, Sample
from simulators.receipt_printer import ReceiptPrinter
from simulators.zpl_printer import ZplPrinter
from tests.devices.conftest import CupsServer

LABEL = b"^XA^FO1,1^FDthrough CUPS^FS^XZ"


def refusal(job: PrintJob, deadline_s: float = 10.0) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        deliver(job, deadline_s)
    return caught.value


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.template}-{sample.name}")
def test_what_arrives_at_the_printer_is_what_was_sent_byte_for_byte(
    cups: CupsServer, label_printer: ZplPrinter, receipt_printer: ReceiptPrinter, sample: Sample
) -> None:
    language = TEMPLATES[sample.template].language
    printer = label_printer if language == "zpl" else receipt_printer
    address = cups.queue(f"{language}-queue", printer.port)
    content = render(sample.template, sample.fields)
    receipt = deliver(PrintJob("job 7; -o x", address, language, content), 15)
    assert [job.content for job in printer.wait_for(1)] == [content]
    assert receipt.level is ReceiptLevel.drained
    assert receipt.sent_bytes == len(content)
    assert receipt.detail.startswith(f"{language}-queue-")


def test_a_queue_that_does_not_exist_is_an_error_and_never_a_lost_job(cups: CupsServer) -> None:
    error = refusal(PrintJob("j", "cups://no-such-queue", "zpl", LABEL))
    assert (error.reason, error.transient) == ("queue_missing", False)
    with pytest.raises(DeviceError, match="queue_missing"):
        printer_at("cups://no-such-queue", "zpl").status()


def test_without_its_server_a_queue_is_unreachable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "nobody.sock"))
    error = refusal(PrintJob("j", "cups://label", "zpl", LABEL))
    assert (error.reason, error.transient) == ("unreachable", True)


def test_without_the_commands_the_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refusal(PrintJob("j", "cups://label", "zpl", LABEL))
    assert (error.reason, error.transient) == ("cups_missing", False)
    assert "cups-client" in error.detail


def test_a_queue_that_takes_no_jobs_holds_the_job_back(cups: CupsServer, label_printer: ZplPrinter) -> None:
    address = cups.queue("closed", label_printer.port)
    cups.run("cupsreject", "closed")
    error = refusal(PrintJob("j", address, "zpl", LABEL))
    assert (error.reason, error.transient) == ("paused", True)
    assert label_printer.jobs == []


def test_a_job_that_cups_still_holds_is_only_written(cups: CupsServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    address = cups.queue("nobody-there", port)
    receipt = deliver(PrintJob("j", address, "zpl", LABEL), 0.5)
    assert receipt.level is ReceiptLevel.written
    assert receipt.detail.endswith("pending")
    assert printer_at(address, "zpl").status().buffered_formats == 1
    cups.run("cancel", "-a", "nobody-there")


def test_a_job_cancelled_in_cups_is_uncertain(cups: CupsServer, label_printer: ZplPrinter) -> None:
    label_printer.set_fault("drain_bytes_per_s", 2000)
    address = cups.queue("cancelled", label_printer.port)
    failed: list[DeviceError] = []
    sender = threading.Thread(target=lambda: failed.append(refusal(PrintJob("j", address, "zpl", LABEL * 999))))
    sender.start()
    end = time.monotonic() + 10
    while label_printer.received_bytes == 0 and time.monotonic() < end:
        time.sleep(0.02)
    cups.run("cancel", "-a", "cancelled")
    sender.join()
    assert (failed[0].reason, failed[0].transient) == ("uncertain", False)


def test_a_disabled_queue_is_held_and_an_idle_one_ready(cups: CupsServer, label_printer: ZplPrinter) -> None:
    address = cups.queue("idle", label_printer.port)
    assert printer_at(address, "zpl").status().state == "ready"
    cups.run("cupsdisable", "idle")
    status = printer_at(address, "zpl").status()
    assert (status.state, status.reasons) == ("held", ("paused",))


def test_lp_that_does_not_come_back_is_uncertain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lp").write_text("#!/bin/sh\nexec /bin/sleep 5\n")
    (tmp_path / "lp").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    error = refusal(PrintJob("j", "cups://label", "zpl", LABEL), 0.2)
    assert (error.reason, error.transient) == ("uncertain", False)


def test_lp_without_a_request_id_is_uncertain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "lp").write_text("#!/bin/sh\nexec /bin/cat >/dev/null\n")
    (tmp_path / "lp").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="uncertain"):
        CupsQueue(CupsAddress("label")).send(LABEL, "t", Deadline.after(5))
