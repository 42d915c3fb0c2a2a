"""The simulated scanner is a real serial line to whoever opens it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
import serial

from devices.framing import LineFramer
from simulators.serial_scanner import SerialScanner
from tests.simulators.readers import eventually, reading


def test_a_reader_gets_prefix_code_and_suffix(tmp_path: Path) -> None:
    with (
        SerialScanner(tmp_path / "by-id" / "scanner-1", suffix=b"\r\n", prefix=b"\x02") as scanner,
        serial.Serial(str(scanner.link), 9600, timeout=5, exclusive=True) as port,
    ):
        scanner.scan("L-A03-07-2-X")
        assert port.read(15) == b"\x02L-A03-07-2-X\r\n"
        scanner.scan(b"01\x1d10")
        assert port.read(8) == b"\x0201\x1d10\r\n"
        assert scanner.scanned == [b"L-A03-07-2-X", b"01\x1d10"]


def test_a_pulled_cable_fails_the_read_and_the_name_is_gone_until_it_is_back(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner:
        with serial.Serial(str(scanner.link), 9600, timeout=5) as port:
            scanner.unplug()
            assert not scanner.link.exists()
            with pytest.raises((serial.SerialException, TypeError)):
                port.read(1)
        with pytest.raises(OSError, match="not plugged in"):
            scanner.scan("A")
        scanner.plug()
        with serial.Serial(str(scanner.link), 9600, timeout=5) as port:
            scanner.scan("A")
            assert port.read(2) == b"A\r"


def test_plugging_twice_changes_nothing(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner:
        target = scanner.link.readlink()
        scanner.plug()
        assert scanner.link.readlink() == target
        scanner.unplug()
        scanner.unplug()
        assert not scanner.is_plugged


def test_a_code_nobody_reads_is_never_lost_quietly(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner, pytest.raises(TimeoutError, match="nobody reads"):
        scanner.scan("9" * 200_000, timeout_s=0.2)


def test_characters_can_take_their_time(tmp_path: Path) -> None:
    with (
        SerialScanner(tmp_path / "scanner", character_delay_s=0.001) as scanner,
        serial.Serial(str(scanner.link), 9600, timeout=5) as port,
    ):
        scanner.scan("T-000123-K")
        assert port.read(11) == b"T-000123-K\r"


def test_it_runs_as_a_program_with_codes_on_its_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators.serial_scanner", "--link", str(tmp_path / "s"), "--suffix", "lf"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "serial://" in process.stdout.readline()
        with serial.Serial(str(tmp_path / "s"), 9600, timeout=10) as port:
            process.stdin.write("B-1001-Q\n")
            process.stdin.flush()
            assert port.read(9) == b"B-1001-Q\n"
        process.stdin.close()
        end = time.monotonic() + 10
        while process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        assert process.returncode == 0


def test_a_bounce_sends_the_code_twice_and_says_so_on_the_tape(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with SerialScanner(tmp_path / "scanner", tape_file=tape) as scanner, reading(scanner) as reader:
        scanner.set_fault("bounce", 1)
        scanner.scan("T-1")
        scanner.scan("T-2")
        eventually(lambda: len(reader.events) == 3)
        assert reader.raws == [b"T-1", b"T-1", b"T-2"]
    entries = [json.loads(line) for line in tape.read_text("utf-8").splitlines()]
    assert [(entry["code"], entry["sends"], entry["outcome"]) for entry in entries] == [
        ("T-1", 2, "sent"),
        ("T-2", 1, "sent"),
    ]


def test_noise_before_a_code_does_not_end_it_and_its_prefix_tells_them_apart(tmp_path: Path) -> None:
    with (
        SerialScanner(tmp_path / "scanner", prefix=b"\x02", seed=2) as scanner,
        serial.Serial(str(scanner.link), 9600, timeout=5) as port,
    ):
        scanner.set_fault("garbage", 1)
        scanner.scan("T-1")
        content = port.read_until(b"\r")
        assert content.endswith(b"\x02T-1\r")
        assert len(content) > 5
        frames = LineFramer(prefix=b"\x02").feed(content, 0.0)
        assert [frame.payload for frame in frames] == [b"T-1"]


def test_half_a_code_and_silence_is_no_scan(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner, reading(scanner) as reader:
        scanner.set_fault("half", 1)
        assert scanner.scan("T-000123-K").outcome == "cut"
        time.sleep(0.6)  # the reader's idle gap: longer than this nobody takes over one code
        scanner.scan("T-2")
        eventually(lambda: reader.events)
        assert reader.raws == [b"T-2"]


def test_a_cable_is_pulled_for_a_while_by_command(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner, reading(scanner) as reader:
        assert scanner.command("unplug for 0.05 s") == "ok"
        assert "not plugged in" in scanner.command("scan T-1")
        eventually(lambda: scanner.is_plugged)
        eventually(lambda: reader.scanner.is_connected)
        assert scanner.command("scan T-2") == "ok"
        eventually(lambda: reader.events)
        assert (reader.raws, scanner.scanned) == ([b"T-2"], [b"T-2"])


def test_a_cable_pulled_in_the_middle_of_a_code_is_an_error_for_who_scans(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner", character_delay_s=0.02) as scanner, reading(scanner) as reader:
        puller = threading.Timer(0.1, scanner.unplug)
        puller.start()
        with pytest.raises(OSError, match="not plugged in"):
            scanner.scan("9" * 50)
        puller.join()
        assert (reader.raws, scanner.scanned) == ([], [])


def test_the_cable_can_be_pulled_while_nobody_reads(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner:
        puller = threading.Timer(0.1, scanner.unplug)
        puller.start()
        with pytest.raises(OSError, match="not plugged in"):
            scanner.scan("9" * 200_000, timeout_s=30)
        puller.join()


def test_plugging_and_reading_and_scanning_at_once_never_meets_a_closed_line(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner, reading(scanner) as reader:
        pulled = threading.Event()

        def pull() -> None:
            for _ in range(50):
                scanner.unplug()
                scanner.plug()
            pulled.set()

        puller = threading.Thread(target=pull)
        puller.start()
        while not pulled.is_set():
            with suppress(OSError):
                scanner.scan("T-1")
        puller.join()
        eventually(lambda: reader.scanner.is_connected)
        assert scanner.line.plugs == 51
