"""The simulated label printer keeps what came out, byte for byte, and answers as the manual says."""

from __future__ import annotations

import json
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.zpl import parse_host_status
from simulators.zpl_printer import ZplPrinter
from simulators.zpl_stream import ZplStream

FIRST = b"^XA\r\n^CI28^FO1,1^FDone_5E^FS\n^XZ"
SECOND = b"^XA^FO1,1^GFB,16,16,2,^XZ~HS^XA~JA^XZ!!^FS^FDtwo^FS^XZ"
THIRD = b"^XA^FX ~ and ^ ^FS^FDthree \xe4\xb8\xad^FS^PQ3^XZ"
STREAM = FIRST + b"\r\n~HS" + SECOND + b'! U1 getvar "appl.name"\r\n' + b"junk^FS^XZ" + THIRD
HOST_STATUS = re.compile(rb"(?:\x02[^\x03]*\x03\r\n){3}")


class Recorder(ZplPrinter):
    """Prints in the test's own thread, so that a split at every byte stays quick."""

    def __init__(self, tape: Path) -> None:
        super().__init__(tape)
        self.formats: list[bytes] = []

    def take_format(self, content: bytes, stream: ZplStream) -> None:
        self.formats.append(content)


def send(printer: ZplPrinter, content: bytes) -> bytes:
    """Send, half close, and hear until the printer closes."""
    with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return hear(connection)


def hear(connection: socket.socket) -> bytes:
    said = b""
    while chunk := connection.recv(4096):
        said += chunk
    return said


def test_the_tape_has_one_file_a_format_byte_for_byte(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        said = send(printer, STREAM)
        printer.wait_for(3)
    assert [path.name for path in sorted((tmp_path / "tape").iterdir())] == ["000001.zpl", "000002.zpl", "000003.zpl"]
    assert [path.read_bytes() for path in sorted((tmp_path / "tape").iterdir())] == [FIRST, SECOND, THIRD]
    assert HOST_STATUS.match(said)
    assert said.endswith(b'"V93.21.26Z"')


@pytest.mark.parametrize("cut", range(len(STREAM) + 1))
def test_the_tape_does_not_depend_on_where_the_stream_is_cut(tmp_path: Path, cut: int) -> None:
    printer, said = Recorder(tmp_path), list[bytes]()
    stream = ZplStream(printer, said.append)
    stream.feed(STREAM[:cut])
    stream.feed(STREAM[cut:])
    stream.end()
    assert printer.formats == [FIRST, SECOND, THIRD]
    assert len(said) == 2


def test_segments_on_a_real_socket_make_the_same_tape(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        with socket.create_connection(("127.0.0.1", printer.port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for value in STREAM:
                connection.sendall(bytes((value,)))
            # Closing with an answer unread would reset the connection, and with it what is still on its way.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        assert [job.content for job in printer.wait_for(3)] == [FIRST, SECOND, THIRD]
        assert [job.copies for job in printer.jobs] == [1, 1, 3]


@settings(deadline=None, derandomize=True)
@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"^XA", b"^XZ", b"~HS", b"^GFB,3,3,1,", b"! U1 getvar"])))
def test_any_bytes_are_taken_and_their_cuts_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    whole, split = Recorder(folder), Recorder(folder)
    for printer, parts in ((whole, [b"".join(pieces)]), (split, pieces)):
        stream = ZplStream(printer, lambda answer: None)
        for part in parts:
            stream.feed(part)
        stream.end()
    assert whole.formats == split.formats
    assert all(content.startswith(b"^XA") and content.endswith(b"^XZ") for content in whole.formats)


def test_half_a_format_is_no_label_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        send(printer, b"^XA^FDnever ended^FS")
        send(printer, FIRST)
        assert [job.content for job in printer.wait_for(1)] == [FIRST]
        assert printer.partial_formats == 1


def test_a_format_begun_within_another_takes_its_place(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        send(printer, b"^XA^FDlost" + FIRST)
        assert [job.content for job in printer.wait_for(1)] == [FIRST]


@pytest.mark.parametrize(
    ("fault", "line", "place"),
    [("paper_out", 0, 1), ("paused", 0, 2), ("head_open", 1, 2), ("ribbon_out", 1, 3)],
)
def test_a_fault_shows_in_its_field_and_holds_the_labels(tmp_path: Path, fault: str, line: int, place: int) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        printer.set_fault(fault)
        said = send(printer, FIRST + b"~HS")
        fields = said.replace(b"\x02", b"").split(b"\x03\r\n")[line].split(b",")
        assert fields[place] == b"1"
        assert said.split(b",")[4] == b"001"
        assert printer.jobs == []
        printer.clear_faults()
        assert len(printer.wait_for(1)) == 1


def test_a_silent_printer_prints_and_says_nothing(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        printer.set_fault("silent")
        assert send(printer, FIRST + b'~HS~HI~HQES\r\n! U1 getvar "odometer.total_label_count"\r\n') == b""
        assert len(printer.wait_for(1)) == 1


def test_the_other_questions_are_answered(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        assert b"ZD621-203dpi" in send(printer, b"~HI")
        printer.set_fault("paper_out")
        assert b"ERRORS:         1 00000000 00000001" in send(printer, b"~HQES\r\n")
        assert send(printer, b'! U1 getvar "no.such.thing"\r\n') == b'"?"'


def test_pause_and_resume_and_clearing_by_command(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        send(printer, b"~PP" + FIRST)
        assert printer.jobs == []
        send(printer, b"~JA~PS" + THIRD)
        assert [job.content for job in printer.wait_for(1)] == [THIRD]


def test_the_odometer_and_the_numbers_outlive_the_printer(tmp_path: Path) -> None:
    for _ in range(2):
        with ZplPrinter(tmp_path / "tape") as printer:
            send(printer, FIRST + THIRD)
            printer.wait_for(2)
    with ZplPrinter(tmp_path / "tape") as printer:
        assert send(printer, b'! U1 getvar "odometer.total_label_count"\r\n') == b'"8"'
        assert sorted(path.stem for path in (tmp_path / "tape").iterdir()) == ["000001", "000002", "000003", "000004"]


def test_a_reset_comes_after_so_many_bytes_of_a_job(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        printer.set_fault("reset_after_bytes", 12)
        with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as connection:
            connection.sendall(b"~HS" + FIRST)
            with pytest.raises(ConnectionResetError):
                hear(connection)
        assert parse_host_status(send(printer, b"~HS")).is_partial_format is False
        send(printer, SECOND)
        assert [job.content for job in printer.wait_for(1)] == [SECOND]


def test_a_sender_that_dies_leaves_no_half_format(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "tape") as printer:
        with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(b"^XA^FDhalf a lab")
            while not parse_host_status(printer.do(b"HS")).is_partial_format:
                time.sleep(0.01)
        assert parse_host_status(send(printer, b"~HS")).is_partial_format is False


def test_a_full_buffer_stops_reading_until_paper_is_back(tmp_path: Path) -> None:
    label = b"^XA^FD" + b"x" * 5000 + b"^FS^XZ"
    with ZplPrinter(tmp_path / "tape", buffer_bytes=20_000) as printer:
        printer.set_fault("paper_out")
        sender = threading.Thread(target=lambda: send(printer, label * 100))
        sender.start()
        while not printer.is_buffer_full():
            printer.rest(0.01)
        assert printer.received_bytes < 100 * len(label)
        printer.clear_faults()
        sender.join()
        assert {job.content for job in printer.wait_for(100)} == {label}


def test_an_unknown_fault_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="on_fire"):
        ZplPrinter(tmp_path).set_fault("on_fire")


def test_faults_are_set_over_the_control_line(tmp_path: Path) -> None:
    with (
        ZplPrinter(tmp_path / "tape", control_port=0) as printer,
        socket.create_connection(("127.0.0.1", printer.control_port or 0), timeout=10) as control,
        control.makefile("rw") as lines,
    ):
        for command, answer in (
            ("set paper_out 1", "ok"),
            ("set on_fire 1", "error"),
            ("dance", "error"),
            ("set drain_bytes_per_s 100", "ok"),
        ):
            lines.write(f"{command}\n")
            lines.flush()
            assert lines.readline().startswith(answer)
        lines.write("state\n")
        lines.flush()
        state = json.loads(lines.readline())
        assert (state["paper_out"], state["drain_bytes_per_s"], state["odometer"]) == (True, 100, 0)
        lines.write("clear\n")
        lines.flush()
        assert lines.readline() == "ok\n"
        assert not printer.has_fault("paper_out")


def test_it_runs_as_a_program_and_stops_on_a_signal(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "simulators.zpl_printer", "--port", "0", "--tape", str(tmp_path / "tape")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().partition("tcp://127.0.0.1:")[2].partition(",")[0])
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(STREAM)
            connection.shutdown(socket.SHUT_WR)
            hear(connection)
        while not (tmp_path / "tape" / "000003.zpl").exists():
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0
    assert (tmp_path / "tape" / "000001.zpl").read_bytes() == FIRST


def test_a_port_that_is_taken_is_said_and_ends_with_an_error(tmp_path: Path) -> None:
    with ZplPrinter(tmp_path / "one") as printer:
        command = [
            sys.executable,
            "-m",
            "simulators.zpl_printer",
            "--port",
            str(printer.port),
            "--tape",
            str(tmp_path / "two"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert str(printer.port) in done.stderr
