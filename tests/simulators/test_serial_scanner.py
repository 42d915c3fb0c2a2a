"""The simulated scanner is a real serial line to whoever opens it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from simulators.serial_scanner import SerialScanner


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
