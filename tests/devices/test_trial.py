"""The test of an address: one look, nothing changed, and words a person can act on."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path

import pytest

from devices.config import AddressError
from devices.registry import DeviceType
from devices.trial import main, try_out
from simulators.receipt_printer import ReceiptPrinter
from simulators.scale import Scale as SimulatedScale
from simulators.zpl_printer import ZplPrinter
from tests.devices.conftest import CupsServer
from tests.devices.plugs import Plug


def words(kind: DeviceType, address: str, language: str = "", within_s: float = 5.0) -> str:
    status = try_out(kind, address, language, within_s).status
    return f"{status.state} {status.reason}".strip()


def test_a_label_printer_says_how_and_what_it_is_and_prints_nothing(label_printer: ZplPrinter) -> None:
    trial = try_out(DeviceType.PRINTER, label_printer.address, "zpl")
    assert (trial.driver, trial.status.state) == ("label printer on ZPL", "ready")
    assert "dots/mm" in trial.said
    label_printer.set_fault("paper_out")
    assert words(DeviceType.PRINTER, label_printer.address, "zpl") == "faulted paper_out"
    assert label_printer.jobs == []


def test_a_receipt_printer_says_how_it_is(receipt_printer: ReceiptPrinter) -> None:
    assert words(DeviceType.PRINTER, receipt_printer.address, "escpos") == "ready"


def test_a_queue_says_how_it_is(cups: CupsServer, label_printer: ZplPrinter) -> None:
    assert words(DeviceType.PRINTER, cups.queue("tried", label_printer.port), "zpl") == "ready"
    assert words(DeviceType.PRINTER, "cups://nowhere", "zpl") == "faulted queue_missing"


def test_a_scale_says_what_lies_on_it(tmp_path: Path) -> None:
    with SimulatedScale(tmp_path / "scale", settle_s=0) as simulated:
        simulated.put(1_234)
        trial = try_out(DeviceType.SCALE, simulated.address)
    assert (trial.status.state, trial.said) == ("ready", "stable 1234 g")


def test_at_a_scanner_somebody_pulls_the_trigger(tmp_path: Path) -> None:
    plug = Plug(tmp_path / "scanner")
    before = len(os.listdir("/proc/self/fd"))
    trials: list[str] = []
    looking = threading.Thread(target=lambda: trials.append(try_out(DeviceType.SCANNER, plug.address, "", 30).said))
    looking.start()
    while looking.is_alive():  # what is said before the line is open is lost, as on real ports
        plug.say(b"]C1T-000001-A\r")
        looking.join(0.05)
    assert trials == ["read ']C1T-000001-A'"]
    assert len(os.listdir("/proc/self/fd")) == before
    assert words(DeviceType.SCANNER, plug.address, within_s=0.05) == "degraded no_scan"
    plug.pull()
    assert words(DeviceType.SCANNER, plug.address, within_s=0.05) == "offline unreachable"


def test_a_scanner_that_has_to_call_and_does_not_is_awaited() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert words(DeviceType.SCANNER, f"tcp-listen://:{port}", within_s=0.05) == "connecting awaits_call"


def test_what_has_no_driver_is_an_address_error() -> None:
    with pytest.raises(AddressError, match="language"):
        try_out(DeviceType.PRINTER, "tcp://127.0.0.1", "")


def test_the_command_answers_with_words_json_and_its_end(
    label_printer: ZplPrinter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["printer", label_printer.address, "--language", "zpl"]) == 0
    assert capsys.readouterr().out.startswith("label printer on ZPL: ready: ")
    assert main(["scanner", f"sim://{tmp_path}/nobody", "--seconds", "0.05", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["status"]["reason"] == "unreachable"
    assert main(["scale", "cups://labels"]) == 2
    assert "scheme" in capsys.readouterr().err
