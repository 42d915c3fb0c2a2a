"""The fault page: a button for every fault, without a script, and only for a person at this machine."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from simulators.control import ask
from simulators.fault_page import FaultPage
from simulators.scale import Scale
from simulators.serial_scanner import SerialScanner
from simulators.zpl_printer import ZplPrinter


@pytest.fixture
def printer(tmp_path: Path) -> Iterator[ZplPrinter]:
    with ZplPrinter(tmp_path / "tape") as printer:
        yield printer


@pytest.fixture
def page(printer: ZplPrinter) -> Iterator[FaultPage]:
    with FaultPage(printer) as page:
        yield page


def call(page: FaultPage, path: str = "/", form: dict[str, str] | None = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    body = None if form is None else urlencode(form)
    sent = {"Host": f"127.0.0.1:{page.port}", "Content-Type": "application/x-www-form-urlencoded", **headers}
    sent = {name.replace("_", "-"): value for name, value in sent.items()}
    connection.request("GET" if form is None else "POST", path, body, sent)
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    return answer.status, said


def press(page: FaultPage, name: str, argument: str = "", **headers: str) -> int:
    return call(page, form={"token": page.token, "name": name, "argument": argument}, **headers)[0]


def test_there_is_a_button_for_every_fault_and_no_script(page: FaultPage, printer: ZplPrinter) -> None:
    status, said = call(page)
    assert status == 200
    for name in (*printer.SWITCHES, *printer.NUMBERS, *printer.acts(), "clear"):
        assert f'name="name" value="{name}"' in said
    assert "<script" not in said
    assert 'class="on"' not in said


def test_a_button_switches_the_fault_and_the_page_says_so(page: FaultPage, printer: ZplPrinter) -> None:
    assert press(page, "paper_out", "1") == 303
    assert printer.has_fault("paper_out")
    said = call(page)[1]
    assert 'class="on"' in said
    assert "paper_out 1: ok" in said
    assert "paper_out" in call(page, "/now")[1]
    assert press(page, "drain_bytes_per_s", "50") == 303
    assert "drain_bytes_per_s 50" in call(page, "/now")[1]
    assert press(page, "clear") == 303
    assert "No fault is on." in call(page, "/now")[1]
    assert press(page, "power_cycle") == 303
    assert printer.boots == 2


def test_what_cannot_be_done_is_said(page: FaultPage, printer: ZplPrinter) -> None:
    assert press(page, "on_fire") == 303
    assert "error" in call(page)[1]
    assert press(page, "drain_bytes_per_s", "many") == 303
    assert printer.number("drain_bytes_per_s") == 0


def test_counters_and_the_end_of_the_tape_are_shown(page: FaultPage, printer: ZplPrinter) -> None:
    with socket.create_connection(("127.0.0.1", printer.port), timeout=10) as sender:
        sender.sendall(b"^XA^FDx^FS^XZ")
        printer.wait_for(1)
    said = call(page, "/now")[1]
    assert "<dt>odometer</dt><dd>1</dd>" in said
    assert "is_spoilt no" in said


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "printers.example:80"}, {"Host": "127.0.0.1"}, {"Host": "127.0.0.1.example:9180"},
        {"Origin": "http://elsewhere.example"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"},
    ],
)  # fmt: skip
def test_another_page_can_neither_read_nor_switch(
    page: FaultPage, printer: ZplPrinter, headers: dict[str, str]
) -> None:
    assert call(page, **headers)[0] == 403
    assert call(page, "/now", **headers)[0] == 403
    assert press(page, "paper_out", "1", **headers) == 403
    assert not printer.has_fault("paper_out")


def test_a_button_without_the_pages_token_does_nothing(page: FaultPage, printer: ZplPrinter) -> None:
    for token in ("", "x" * 22, "é"):
        assert call(page, form={"token": token, "name": "paper_out", "argument": "1"})[0] == 403
    assert call(page, form={"name": "paper_out"})[0] == 403
    assert not printer.has_fault("paper_out")


def test_the_browser_of_this_machine_is_let_in_by_both_names(page: FaultPage, printer: ZplPrinter) -> None:
    for host in (f"127.0.0.1:{page.port}", f"localhost:{page.port}"):
        assert press(page, "paper_out", "1", Host=host, Origin=f"http://{host}", Sec_Fetch_Site="same-origin") == 303
    assert printer.has_fault("paper_out")


def test_requests_that_are_no_form_are_refused(page: FaultPage) -> None:
    assert call(page, "/etc/passwd")[0] == 404
    assert call(page, form={"token": page.token, "name": "x" * 20_000})[0] == 413
    with socket.create_connection(("127.0.0.1", page.port), timeout=10) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nContent-Length: -5\r\n\r\n".encode())
        assert b"413" in connection.recv(200)


def test_it_listens_on_this_machine_alone(page: FaultPage) -> None:
    assert page.url == f"http://127.0.0.1:{page.port}/"
    with pytest.raises(OSError, match="in use"), FaultPage(page.device, page.port):
        pass


def test_what_a_scanner_scanned_is_text_on_the_page(tmp_path: Path) -> None:
    with SerialScanner(tmp_path / "scanner") as scanner, FaultPage(scanner) as page:
        assert press(page, "scan", "<script>alert(1)</script>") == 303
        for path in ("/", "/now"):
            said = call(page, path)[1]
            assert "<script>" not in said
            assert "&lt;script&gt;" in said
        assert scanner.scanned == [b"<script>alert(1)</script>"]


def test_a_scale_is_loaded_from_its_page(tmp_path: Path) -> None:
    with Scale(tmp_path / "scale", settle_s=0) as scale, FaultPage(scale) as page:
        assert press(page, "put", "750") == 303
        assert scale.weight_g() == (750, True)
        assert press(page, "put", "a lot") == 303
        assert "error" in call(page)[1]
        assert scale.weight_g() == (750, True)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("zpl_printer", ["--port", "0", "--tape", "tape", "--status-port", "0", "--labels-per-s", "2"]),
        ("receipt_printer", ["--port", "0", "--tape", "tape", "--boot-s", "1"]),
        ("scale", ["--link", "scale", "--proto", "hid-scale"]),
        ("serial_scanner", ["--link", "scanner", "--suffix", "crlf", "--tape", "tape.jsonl"]),
        ("ssi_scanner", ["--link", "scanner", "--parts", "streamed", "--tape", "tape.jsonl"]),
        ("wedge_scanner", ["--link", "scanner", "--suffix", "tab", "--tape", "tape.jsonl"]),
        ("hid_scanner", ["--link", "scanner", "--tape", "tape.jsonl"]),
    ],
)
def test_every_program_serves_its_page_follows_its_script_and_ends_on_ctrl_c(
    tmp_path: Path, name: str, options: list[str]
) -> None:
    (tmp_path / "script").write_text("after 3 events: garbage 1\n")
    command = [
        sys.executable, "-m", f"simulators.{name}", *options, "--fault-page", "0", "--control-port", "0", "--seed", "4",
        "--script", "script",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        port = int(line.partition("fault page http://127.0.0.1:")[2].partition("/")[0])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        control = int(line.partition("control 127.0.0.1:")[2].partition(",")[0])
        assert "events" in ask(control, "state")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0


def test_a_script_that_nobody_understands_is_said_and_ends_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("after 3 events: on_fire\n")
    for options in (["zpl_printer", "--port", "0", "--tape", str(tmp_path / "tape")],
                    ["serial_scanner", "--link", str(tmp_path / "scanner")]):  # fmt: skip
        command = [sys.executable, "-m", f"simulators.{options[0]}", *options[1:], "--script", str(tmp_path / "script")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, input="")
        assert done.returncode == 1
        assert "script line 1" in done.stderr
