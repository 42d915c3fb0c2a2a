"""The simulated Zebra scanner waits for its ACK, sends again with the bit, does as it is told; its tape is true."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from devices.framing.signals import Signal
from devices.framing.ssi import ACK, NAK, SCAN_DISABLE, SCAN_ENABLE, Decode, Packets, beep, led, packet
from simulators.ssi_scanner import SsiScanner
from tests.simulators.readers import eventually, reading


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[SsiScanner]:
    with SsiScanner(tmp_path / "scanner", ack_timeout_s=0.15, tries=0, seed=4) as simulated:
        yield simulated


@pytest.fixture
def port(simulated: SsiScanner) -> Iterator[serial.Serial]:
    with serial.Serial(str(simulated.link), 9600, timeout=5) as port:
        yield port


def decodes(port: serial.Serial, count: int) -> list[Decode]:
    packets, found = Packets(), []
    while len(found) < count:
        content = port.read(1)
        assert content, "nothing came"
        found += [event for event in packets.feed(content, 0.0) if isinstance(event, Decode)]
    return found


def test_a_scan_is_settled_when_the_host_has_acknowledged_it(simulated: SsiScanner) -> None:
    with reading(simulated) as reader:
        for number in range(20):
            assert simulated.settled(simulated.scan(f"T-{number:06d}-K")) == "acknowledged"
        assert reader.raws == [scanned.code for scanned in simulated.tape]
        assert [scanned.sends for scanned in simulated.tape] == [1] * 20


def test_without_an_answer_the_same_packet_comes_again_with_the_bit(simulated: SsiScanner, port: serial.Serial) -> None:
    simulated.scan("T-1")
    simulated.scan("T-2")
    first, second, third = decodes(port, 3)
    assert (first.payload, first.is_again) == (b"T-1", False)
    assert (second.payload, second.is_again) == (third.payload, third.is_again) == (b"T-1", True)
    port.write(ACK)
    fresh = [decode for decode in decodes(port, 2) if decode.payload == b"T-2"]
    assert not fresh[0].is_again


def test_a_nak_asks_for_the_same_packet_and_another_one_drops_it(simulated: SsiScanner, port: serial.Serial) -> None:
    scanned = simulated.scan("T-1")
    decodes(port, 1)
    port.write(NAK)
    assert decodes(port, 1)[0].is_again
    port.write(packet(0xD1, b"\x02"))
    assert simulated.settled(scanned) == "denied"


def test_after_its_tries_it_gives_up_and_goes_on(tmp_path: Path) -> None:
    with SsiScanner(tmp_path / "scanner", ack_timeout_s=0.02, tries=3) as simulated:
        first, second = simulated.scan("T-1"), simulated.scan("T-2")
        assert (simulated.settled(first), simulated.settled(second)) == ("given_up", "given_up")
        assert (first.sends, second.sends) == (3, 3)


def test_what_the_host_says_is_kept_with_its_time_and_done(simulated: SsiScanner, port: serial.Serial) -> None:
    before = time.monotonic()
    port.write(b"\x00" + beep(5) + led(True, 3) + led(False, 1) + SCAN_DISABLE)
    eventually(lambda: not simulated.is_enabled)
    assert simulated.words_since(before) == ["BEEP", "LED_ON", "LED_OFF", "SCAN_DISABLE"]
    assert [heard.data for heard in simulated.heard] == [b"\x05", b"\x03", b"\x01", b""]
    assert simulated.lights == 2
    assert port.read(24) == packet(0xD0, source=0) * 4
    assert simulated.scan("T-1").outcome == "refused"
    port.write(SCAN_ENABLE)
    eventually(lambda: simulated.is_enabled)
    assert simulated.scan("T-2").outcome == ""


def test_the_drivers_signals_reach_the_scanner(simulated: SsiScanner) -> None:
    with reading(simulated) as reader:
        simulated.settled(simulated.scan("T-1"))
        for signal_ in (Signal.GOOD, Signal.BAD):
            assert reader.scanner.signal(signal_)
        eventually(lambda: simulated.words_since(0).count("BEEP") == 2)


def test_a_garbled_command_is_asked_for_again(simulated: SsiScanner, port: serial.Serial) -> None:
    port.write(beep(1)[:-1] + b"\x00")
    assert port.read(7) == packet(0xD1, b"\x01", source=0)
    assert simulated.heard == []


@pytest.mark.parametrize("fault", ["lost_ack", "bad_checksum", "half", "garbage"])
def test_trouble_on_the_line_costs_time_and_no_scan(simulated: SsiScanner, fault: str) -> None:
    with reading(simulated) as reader:
        simulated.set_fault(fault, 3)
        scanned = [simulated.scan(f"T-{number}") for number in range(6)]
        assert {simulated.settled(entry, 20) for entry in scanned} == {"acknowledged"}
        assert reader.raws == [entry.code for entry in scanned]
        if fault == "lost_ack":
            assert sum(entry.sends for entry in scanned) == 9


def test_a_bounce_is_a_second_scan_for_whoever_reads(simulated: SsiScanner) -> None:
    """The same packet twice without the bit: nothing on the line tells it from two pulls."""
    with reading(simulated) as reader:
        simulated.set_fault("bounce", 1)
        simulated.settled(simulated.scan("T-1"))
        simulated.settled(simulated.scan("T-2"))
        eventually(lambda: len(reader.events) == 3)
        assert reader.raws == [b"T-1", b"T-1", b"T-2"]


def test_a_code_that_was_not_acknowledged_is_sent_again_after_the_replug(simulated: SsiScanner) -> None:
    link = simulated.link
    with reading(simulated) as reader:
        simulated.settled(simulated.scan("T-1"))
        simulated.set_fault("lost_ack", 1)
        scanned = simulated.scan("T-2")
        eventually(lambda: len(reader.events) == 2)
        simulated.unplug()
        with pytest.raises(OSError, match="not plugged in"):
            simulated.scan("T-3")
        simulated.plug()
        assert simulated.link == link
        assert simulated.settled(scanned) == "acknowledged"
        simulated.settled(simulated.scan("T-4"))
        assert reader.raws == [b"T-1", b"T-2", b"T-4"]


def test_slow_characters_are_one_code(simulated: SsiScanner) -> None:
    with reading(simulated) as reader:
        simulated.set_fault("character_delay_ms", 3)
        simulated.settled(simulated.scan("T-000123-K"))
        assert reader.raws == [b"T-000123-K"]


def test_a_long_code_comes_in_parts_each_acknowledged(tmp_path: Path) -> None:
    with (
        SsiScanner(tmp_path / "scanner", ack_timeout_s=5, tries=0) as simulated,
        serial.Serial(str(simulated.link), 9600, timeout=5) as port,
    ):
        scanned = simulated.scan("9" * 600)
        parts = []
        for length, status in ((255, 2), (255, 2), (105, 0)):
            whole = port.read(length + 2)
            assert (whole[0], whole[3]) == (length, status)
            parts.append(whole[5:-2])
            port.write(ACK)
        assert b"".join(parts) == scanned.code
        assert simulated.settled(scanned) == "acknowledged"


def test_the_driver_acknowledges_each_part(simulated: SsiScanner) -> None:
    with reading(simulated) as reader:
        assert simulated.settled(simulated.scan("7" * 600)) == "acknowledged"
        eventually(lambda: reader.events)
        assert (reader.raws, simulated.words_since(0)) == ([b"7" * 600], ["ACK"] * 3)


def test_a_long_code_can_come_at_once(tmp_path: Path) -> None:
    with (
        SsiScanner(tmp_path / "scanner", ack_timeout_s=1, tries=0, is_streamed=True) as simulated,
        reading(simulated) as reader,
    ):
        assert simulated.settled(simulated.scan("8" * 600)) == "acknowledged"
        assert reader.raws == [b"8" * 600]


def test_the_tape_on_disk_has_every_scan_and_every_word(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with (
        SsiScanner(tmp_path / "scanner", ack_timeout_s=0.5, tries=0, tape_file=tape) as simulated,
        reading(simulated) as reader,
    ):
        simulated.settled(simulated.scan("T-1"))
        reader.scanner.signal(Signal.GOOD)
        eventually(lambda: "BEEP" in simulated.words_since(0))
    entries = [json.loads(line) for line in tape.read_text("utf-8").splitlines()]
    assert [entry["code"] for entry in entries if "scan" in entry] == ["T-1"]
    assert [entry["heard"] for entry in entries if "heard" in entry][:2] == ["ACK", "BEEP"]
    assert all("time" in entry for entry in entries)


def test_it_runs_as_a_program_and_waits_for_the_last_answer(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators.ssi_scanner", "--link", str(tmp_path / "s"), "--ack-timeout-s", "0.1",
               "--tries", "0"]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert "proto=ssi" in process.stdout.readline()
        process.stdin.write("T-1\n")
        process.stdin.close()
        with serial.Serial(str(tmp_path / "s"), 9600, timeout=10) as port:
            assert decodes(port, 1)[0].payload == b"T-1"
            port.write(ACK)
            assert process.wait(timeout=10) == 0


def test_it_ends_on_ctrl_c_while_it_waits(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators.ssi_scanner", "--link", str(tmp_path / "s"), "--tries", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write("T-1\n")
        process.stdin.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
