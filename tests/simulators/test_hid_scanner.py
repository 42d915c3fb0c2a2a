"""The simulated HID POS scanner: reports as the maker draws them, read by the driver as from hidraw."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.framing.hid_pos import Reports
from simulators.hid_scanner import HidScanner, reports_of
from tests.simulators.readers import eventually, reading


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[HidScanner]:
    with HidScanner(tmp_path / "hid-1", seed=5) as simulated:
        yield simulated


def test_the_driver_reads_what_was_scanned_with_its_aim_identifier(simulated: HidScanner) -> None:
    long = "]d2" + "01095060001343" * 20
    with reading(simulated) as reader:
        for code in ("T-000123-K", "]C1010950600013435210L7\x1d", long, "Größe 中"):
            simulated.scan(code)
        eventually(lambda: len(reader.events) == 4)
        assert [(event.aim, event.raw.decode()) for event in reader.events] == [
            ("]C0", "T-000123-K"), ("]C1", "010950600013435210L7\x1d"), ("]d2", long[3:]), ("]C0", "Größe 中"),
        ]  # fmt: skip


def test_a_read_is_a_report_however_quick_they_come(simulated: HidScanner) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as port:
        port.settimeout(5)
        port.connect(str(simulated.link))
        simulated.scan("A" * 100)
        assert [len(port.recv(4096)), len(port.recv(4096))] == [64, 64]


def test_half_reports_other_reports_and_bounces_are_what_they_are(simulated: HidScanner) -> None:
    with reading(simulated) as reader:
        for fault in ("half", "garbage", "bounce"):
            simulated.set_fault(fault, 1)
        assert simulated.scan("T-1").outcome == "cut"  # its report is cut; before it another kind of report came
        assert simulated.scan("T-2").sends == 2
        eventually(lambda: len(reader.events) == 2)
        assert reader.raws == [b"T-2", b"T-2"]


def test_a_code_whose_last_report_did_not_come_is_not_glued_to_the_next(simulated: HidScanner) -> None:
    with reading(simulated) as reader:
        simulated.set_fault("half", 1)
        simulated.scan("A" * 100)
        time.sleep(0.6)  # the reader's idle gap
        simulated.scan("T-2")
        eventually(lambda: reader.events)
        assert reader.raws == [b"T-2"]


def test_a_pulled_cable_comes_back(simulated: HidScanner) -> None:
    with reading(simulated) as reader:
        simulated.unplug()
        eventually(lambda: not reader.scanner.is_connected)
        simulated.plug()
        eventually(lambda: reader.scanner.is_connected)
        simulated.scan("T-3")
        eventually(lambda: reader.events)
        assert reader.raws == [b"T-3"]


def test_it_runs_as_a_program_and_is_found_where_it_says(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators.hid_scanner", "--link", str(tmp_path / "h"), "--control-port", "0"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert f"sim://{tmp_path}/h?proto=hid-pos, control 127.0.0.1:" in said
        process.terminate()
        assert process.wait(10) == 0


@settings(deadline=None, derandomize=True)
@given(st.binary(min_size=1, max_size=200))
def test_any_code_comes_through_the_reports(code: bytes) -> None:
    reports = Reports()
    frames = [frame for report in reports_of(b"]C0" + code) if (frame := reports.feed(report, 1.0)) is not None]
    assert [(frame.aim, frame.payload) for frame in frames] == [("]C0", code)]
