"""The control port: one line in, one line out, while everything runs; a web page elsewhere gets nowhere."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulators.control import ControlPort, ask, main
from simulators.hid_scanner import HidScanner
from simulators.receipt_printer import ReceiptPrinter
from simulators.scale import Scale
from simulators.serial_scanner import SerialScanner
from simulators.ssi_scanner import SsiScanner
from simulators.wedge_scanner import WedgeScanner
from simulators.zpl_printer import ZplPrinter


@pytest.fixture
def printer(tmp_path: Path) -> ZplPrinter:
    return ZplPrinter(tmp_path / "tape")


@pytest.fixture
def control(printer: ZplPrinter) -> Iterator[ControlPort]:
    with ControlPort(printer) as control:
        yield control
    printer.stop_timers()


def test_a_fault_is_switched_by_its_name_and_ends_by_its_name(printer: ZplPrinter, control: ControlPort) -> None:
    for words in ("paper_out", "set head_open 1", "drain_bytes_per_s 100", "power_cycle"):
        assert ask(control.port, words) == "ok"
    state = json.loads(ask(control.port, "state"))
    assert (state["paper_out"], state["head_open"], state["drain_bytes_per_s"], state["boots"]) == (True, True, 100, 1)
    assert ask(control.port, "clear paper_out") == "ok"
    assert (printer.has_fault("paper_out"), printer.has_fault("head_open")) == (False, True)
    assert ask(control.port, "head_open 0") == "ok"
    assert not printer.has_fault("head_open")
    assert ask(control.port, "clear") == "ok"
    assert printer.number("drain_bytes_per_s") == 0


@pytest.mark.parametrize("words", ["", "on_fire", "paper_out 7", "drain_bytes_per_s", "clear on_fire", "set", "état"])
def test_what_it_does_not_know_changes_nothing(printer: ZplPrinter, control: ControlPort, words: str) -> None:
    before = printer.state()
    assert ask(control.port, words).startswith("error")
    assert printer.state() == before


def test_a_fault_can_end_by_itself(printer: ZplPrinter, control: ControlPort) -> None:
    assert ask(control.port, "paper_out for 0.05 s") == "ok"
    assert printer.has_fault("paper_out")
    end = time.monotonic() + 10
    while printer.has_fault("paper_out"):
        assert time.monotonic() < end
        time.sleep(0.005)


def test_every_fault_says_what_it_does(printer: ZplPrinter, control: ControlPort) -> None:
    faults = json.loads(ask(control.port, "faults"))
    assert set(faults) == {*printer.SWITCHES, *printer.NUMBERS, *printer.acts()}
    assert all(fault["says"] for fault in faults.values())


@pytest.mark.parametrize(
    "request_bytes",
    [b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\npaper_out\n", b"GET / HTTP/1.0\n\npaper_out\n",
     b"Host: x\npaper_out\n"],
    ids=["post", "get", "header"],
)  # fmt: skip
def test_a_browser_that_was_made_to_call_is_hung_up_on(
    printer: ZplPrinter, control: ControlPort, request_bytes: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", control.port), timeout=10) as browser:
        browser.sendall(request_bytes)
        said = b""
        try:
            while content := browser.recv(1000):
                said += content
        except ConnectionResetError:
            pass
    assert b"ok" not in said
    assert not printer.has_fault("paper_out")


def test_one_who_watches_does_not_keep_another_from_switching(printer: ZplPrinter, control: ControlPort) -> None:
    with socket.create_connection(("127.0.0.1", control.port), timeout=10) as watcher:
        watcher.sendall(b"state\nsta")
        assert json.loads(watcher.recv(65_536))
        assert ask(control.port, "paper_out") == "ok"
        watcher.sendall(b"te\n")
        assert json.loads(watcher.recv(65_536))["paper_out"] is True


def test_the_command_prints_the_answer_and_fails_when_it_is_refused(
    control: ControlPort, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(control.port), "paper_out", "for", "9", "s"]) == 0
    assert main([f"127.0.0.1:{control.port}", "on_fire"]) == 1
    assert capsys.readouterr().out.startswith("ok\nerror")
    control.stop()
    assert main([str(control.port), "state"]) == 1


@pytest.mark.parametrize(
    "name",
    ["zpl_printer", "receipt_printer", "scale", "serial_scanner", "ssi_scanner", "wedge_scanner", "hid_scanner",
     "control"],
)  # fmt: skip
def test_every_program_says_how_it_is_started(name: str) -> None:
    command = [sys.executable, "-m", f"simulators.{name}", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert f"simulators.{name}" in done.stdout


def test_the_documents_name_every_fault_of_every_device() -> None:
    document = (Path(__file__).parents[2] / "docs" / "simulators.md").read_text("utf-8")
    named = {name for code in re.findall(r"`([^`\n]+)`", document) for name in code.split()}
    for device in (ZplPrinter, ReceiptPrinter, SerialScanner, SsiScanner, WedgeScanner, HidScanner, Scale):
        assert {*device.SWITCHES, *device.NUMBERS} <= named, device.TITLE
