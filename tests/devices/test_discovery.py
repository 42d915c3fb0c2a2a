"""Discovery looks and proposes; it binds nothing, and says where it could not look."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serial.tools.list_ports_common import ListPortInfo

from devices.config import parse_address
from devices.discovery import (
    MAKERS,
    Proposal,
    cups_queues,
    discover,
    hid_devices,
    key_devices,
    main,
    serial_ports,
    simulator_sockets,
    usage_pages,
)
from devices.probe import MOST_HOSTS, ProbeRefused, hosts_of, probe
from simulators.zpl_printer import ZplPrinter
from tests.devices.conftest import CupsServer

SCANNER_PAGE = bytes.fromhex("058c 0902 a101 0912 a102 1500 26ff00 7508 9504 8102 c0 c0".replace(" ", ""))
SCALE_PAGE = bytes.fromhex("06 8d00 0920 a101 c0".replace(" ", ""))
KEYBOARD_PAGE = bytes.fromhex("0501 0906 a101 0507 c0".replace(" ", ""))


def hid(root: Path, number: int, ids: str, name: str, descriptor: bytes) -> None:
    device = root / f"sys/class/hidraw/hidraw{number}/device"
    device.mkdir(parents=True)
    (device / "uevent").write_text(f"DRIVER=hid-generic\nHID_ID={ids}\nHID_NAME={name}\nHID_UNIQ=\n")
    (device / "report_descriptor").write_bytes(descriptor)


def port(device: str, vid: int | None = None, pid: int = 0x1900, maker: str | None = None) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid, info.pid, info.manufacturer, info.product = vid, pid, maker, "DS2208"
    return info


def test_usb_devices_are_proposed_by_what_their_descriptor_says_they_are(tmp_path: Path) -> None:
    hid(tmp_path, 0, "0003:0000046D:0000C31C", "a keyboard", KEYBOARD_PAGE)
    hid(tmp_path, 1, "0003:000005E0:00001900", "Zebra DS2208", SCANNER_PAGE)
    hid(tmp_path, 2, "0003:00000922:00008003", "Dymo M10", SCALE_PAGE)
    assert list(hid_devices(tmp_path)) == [
        Proposal("hidraw://05e0:1900?proto=hid-pos", "scanner", "USB scanner, Zebra DS2208"),
        Proposal("hidraw://0922:8003?proto=hid-scale", "scale", "USB scale, Dymo M10"),
    ]


def test_two_alike_are_told_apart_by_their_nodes(tmp_path: Path) -> None:
    for number in (2, 10):
        hid(tmp_path, number, "0003:000005E0:00001900", "Zebra DS2208", SCANNER_PAGE)
    assert [found.address for found in hid_devices(tmp_path)] == [
        "hidraw:///dev/hidraw2?proto=hid-pos",
        "hidraw:///dev/hidraw10?proto=hid-pos",
    ]


def test_a_device_pulled_while_we_look_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "sys/class/hidraw/hidraw0/device").mkdir(parents=True)
    assert list(hid_devices(tmp_path)) == []


@settings(deadline=None, derandomize=True)
@given(st.binary(max_size=200))
def test_any_descriptor_has_its_pages_or_none(descriptor: bytes) -> None:
    assert all(0 <= page < 1 << 32 for page in usage_pages(descriptor))
    for end in range(len(descriptor)):
        assert usage_pages(descriptor[:end]) == usage_pages(descriptor)[: len(usage_pages(descriptor[:end]))]


def test_a_long_item_is_stepped_over() -> None:
    assert usage_pages(bytes((0xFE, 2, 0, 0x05, 0x8C)) + SCALE_PAGE) == [0x8D]


def test_what_types_is_proposed_whatever_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "dev/input/by-id"
    folder.mkdir(parents=True)
    for name in ("usb-Honeywell_Scanner_1234-event-kbd", "usb-Honeywell_Scanner_1234-kbd", "usb-Mouse-event-mouse"):
        (folder / name).symlink_to("../event3")
    assert list(key_devices(tmp_path)) == [
        Proposal(
            "evdev:///dev/input/by-id/usb-Honeywell_Scanner_1234-event-kbd?grab=1&layout=us",
            "scanner",
            "wedge scanner or keyboard, Honeywell Scanner 1234",
        )
    ]


def test_a_serial_port_is_proposed_by_the_name_that_stays(tmp_path: Path) -> None:
    folder = tmp_path / "dev/serial/by-id"
    folder.mkdir(parents=True)
    node = tmp_path / "dev/ttyACM0"
    node.touch()
    (folder / "usb-Symbol_DS2208-if00").symlink_to(node)
    ports = [port(str(node), 0x05E0), port("/dev/ttyS0"), port("/dev/ttyUSB0", 0x1A86, 0x7523, "QinHeng")]
    found = list(serial_ports(tmp_path, lambda: ports))
    assert [(proposal.address, proposal.kind) for proposal in found] == [
        ("serial:///dev/ttyUSB0?baud=9600&framing=8N1", ""),
        ("serial:///dev/serial/by-id/usb-Symbol_DS2208-if00?baud=9600&framing=8N1", "scanner"),
    ]
    assert found[0].words == "serial port, QinHeng DS2208 (1a86:7523)"
    assert found[1].words == "serial port, Zebra DS2208 (05e0:1900)"


def test_the_sockets_of_simulators_are_proposed_and_other_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "scale 1"))
        found = list(simulator_sockets(tmp_path))
    assert [proposal.address for proposal in found] == [f"sim://{tmp_path}/scale%201"]
    assert parse_address(found[0].address).scheme == "sim"


def test_queues_are_proposed_with_where_they_lead(cups: CupsServer) -> None:
    cups.queue("discovered", 9)
    assert Proposal("cups://discovered", "printer", "CUPS queue to socket://127.0.0.1:9") in list(cups_queues())


def test_a_place_that_could_not_be_looked_at_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = discover(tmp_path, simulators=tmp_path / "nowhere", ports=list)
    assert found.proposals == ()
    assert [missed.partition(":")[0] for missed in found.missed] == ["CUPS queues", f"simulators in {tmp_path}/nowhere"]


# --- the probe ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "subnet",
    [
        "8.8.8.0/24", "192.0.2.0/24", "169.254.0.0/24", "2001:db8::/120", "0.0.0.0/0", "10.0.0.0/23", "fd00::/64",
        "10.0.0.1/24", "printer", "",
    ],
)  # fmt: skip
def test_no_public_and_no_large_network_is_probed(subnet: str) -> None:
    with pytest.raises(ProbeRefused):
        hosts_of(subnet)


@settings(deadline=None, derandomize=True)
@given(st.sampled_from(["10.9.8.0", "172.16.3.0", "192.168.1.0", "127.0.0.0"]), st.integers(24, 32))
def test_a_small_private_network_is(first: str, length: int) -> None:
    assert 1 <= len(hosts_of(f"{first}/{length}")) <= MOST_HOSTS


@contextmanager
def answering(address: str, port: int, answer: bytes | None) -> Iterator[list[bytes]]:
    """One who takes each call, hears one question, says this (None: nothing) and hangs up."""
    heard: list[bytes] = []
    with socket.create_server((address, port)) as server:

        def serve() -> None:
            line, _ = server.accept()
            with line:
                heard.append(line.recv(100))
                if answer is not None:
                    line.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        thread.join()


def test_who_answers_is_named_with_what_it_says_it_is(label_printer: ZplPrinter) -> None:
    port = label_printer.port
    with answering("127.0.0.2", port, b"what?\x03") as asked, answering("127.0.0.3", port, None):
        found = probe("127.0.0.0/29", port)
    assert [answer.address for answer in found] == [f"tcp://127.0.0.{last}:{port}" for last in (1, 2, 3)]
    assert "dots/mm" in found[0].words
    assert "its answer to ~HI is none" in found[1].words
    assert asked == [b"~HI\r\n"]
    assert label_printer.jobs == []


def test_one_who_takes_the_call_and_says_nothing_is_named_and_nothing_is_left_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = (threading.active_count(), len(os.listdir("/proc/self/fd")))
        found = probe("127.0.0.0/29", server.getsockname()[1])
        assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == before
    assert len(found) == 1
    assert "timeout when asked what it is" in found[0].words


def test_a_probe_whose_time_is_over_asks_nobody(label_printer: ZplPrinter) -> None:
    assert probe("127.0.0.1/32", label_printer.port, deadline_s=0.0) == []


# --- the command ----------------------------------------------------------------------------------------------


def test_the_command_says_what_it_found_as_text_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "scanner-1"))
        assert main(["--simulators", str(tmp_path)]) == 0
        assert f"?        sim://{tmp_path}/scanner-1  socket of a simulator, scanner-1\n" in capsys.readouterr().out
        assert main(["--simulators", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert {"address": f"sim://{tmp_path}/scanner-1", "kind": "", "words": "socket of a simulator, scanner-1"} in said[
        "proposals"
    ]
    assert isinstance(said["missed"], list)


def test_the_command_refuses_a_network_it_does_not_probe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--probe", "8.8.8.0/24"]) == 2
    assert "no private network" in capsys.readouterr().err


def test_the_makers_of_the_table_are_those_the_rules_of_udev_let_in() -> None:
    rules = (Path(__file__).resolve().parents[2] / "docs/deploy/60-floorline-devices.rules").read_text("utf-8")
    listed = [line for line in rules.splitlines() if line.startswith("SUBSYSTEM==") and "idVendor" in line]
    for maker, (kind, name) in MAKERS.items():
        assert any(maker in line for line in listed), f"{maker} {name}"
        of_keys = [line for line in listed if "LIBINPUT" in line and maker in line]
        assert bool(of_keys) is (kind == "scanner"), f"{name}: only scanners' keys are taken from the desktop"
