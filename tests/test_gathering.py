"""A web server that nobody can stop by being slow, and that says so when it has too much to do."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from fulfillment.bootstrap import Floor, open_floor
from fulfillment.gathered import BODY_MAX, BODY_SMALL
from fulfillment.gathering import WAITING_MAX
from fulfillment.processes import free_port
from fulfillment.settings import Settings
from tests.factories import FloorHand
from tests.serving import Receiver, check_kept, crew, docks, floor_run, get, total, wait_for

pytestmark = [pytest.mark.engine("sqlite"), pytest.mark.scenario]

SCAN = b"POST /api/v1/scans HTTP/1.1\r\nHost: floor\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, port=free_port(), live_port=free_port(), web_workers=2, web_threads=4)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, migrated: bytes) -> Iterator[str]:
    """One server for all tests that only talk to it."""
    home = tmp_path_factory.mktemp("served")
    (home / "floor.sqlite").write_bytes(migrated)
    settings = Settings(home, f"sqlite:///{home / 'floor.sqlite'}", port=free_port(), live_port=free_port())
    floor = open_floor(settings)
    FloorHand(floor)
    floor.close()
    with floor_run(settings, "--only", "web"):
        yield f"http://127.0.0.1:{settings.port}"


def dial(address: str) -> socket.socket:
    host, _, port = urlsplit(address).netloc.partition(":")
    line = socket.create_connection((host, int(port)), timeout=20)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def answer(line: socket.socket) -> bytes:
    said = b""
    while piece := line.recv(65536):
        said += piece
    return said


def test_forty_half_sent_requests_hold_nobody_up(settings: Settings, hand: FloorHand) -> None:
    tokens = docks(hand, 4)
    address = f"http://127.0.0.1:{settings.port}"
    with floor_run(settings, "--only", "web"), ExitStack() as lines:
        for number in range(40):
            # Nothing, a piece of the head, all of the head, a piece of the body.
            line = lines.enter_context(dial(address))
            line.sendall([b"", SCAN[:20], SCAN[:-1], SCAN][number % 4])
        receivers = [Receiver(code, token, [address]) for code, token in tokens.items()]
        for receiver in receivers:
            receiver.sign_in()
        with crew(receivers):
            wait_for(lambda: total(receivers) > 300)
        assert not sum((receiver.unanswered for receiver in receivers), start=receivers[0].unanswered)
    check_kept(settings, hand, receivers)


def test_a_request_a_byte_at_a_time_is_answered(address: str) -> None:
    with dial(address) as line:
        for byte in b"GET /api/v1/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n":
            line.sendall(bytes([byte]))
        assert answer(line).startswith(b"HTTP/1.1 200 ")


def test_several_requests_sent_at_once_are_answered_in_their_order(address: str) -> None:
    paths = [b"livez", b"nothing", b"readyz", b"board", b"livez"]
    with dial(address) as line:
        for path in paths[:-1]:
            line.sendall(b"GET /api/v1/" + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        line.sendall(b"GET /api/v1/livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = answer(line)
    assert [int(status[:3]) for status in said.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200, 401, 200]


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "length_needed"),
        (b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (BODY_MAX + 1), 413, "body_too_large"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000, 431, "head_too_large"),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "bad_length"),
    ],
)
def test_what_can_never_be_one_is_refused_with_a_reason(address: str, sent: bytes, status: int, code: str) -> None:
    with dial(address) as line:
        line.sendall(sent)
        head, _, body = answer(line).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert (json.loads(body)["code"], json.loads(body)["status"]) == (code, status)


def test_a_body_is_sent_after_the_go_ahead(address: str) -> None:
    with dial(address) as line:
        line.sendall(
            b"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert line.recv(100).startswith(b"HTTP/1.1 100 ")
        line.sendall(b"{}")
        assert b"HTTP/1.1 401 " in answer(line)


def test_a_device_says_nothing_that_needs_more_than_64_kb(settings: Settings, hand: FloorHand) -> None:
    token = docks(hand, 1)["GATE-1"]
    with floor_run(settings, "--only", "web"), dial(f"http://127.0.0.1:{settings.port}") as line:
        line.sendall(
            b"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
            + f"Authorization: Bearer {token}\r\nContent-Length: {BODY_SMALL + 1}\r\n\r\n".encode()
            + b" " * (BODY_SMALL + 1)
        )
        assert answer(line).startswith(b"HTTP/1.1 413 ")


def test_a_server_with_too_much_to_do_says_so_and_loses_nothing(settings: Settings, hand: FloorHand) -> None:
    """One worker with one thread, whose database is locked for a while, and more requests than may wait."""
    settings = replace(settings, web_workers=1, web_threads=1)
    token = docks(hand, 1)["GATE-1"]
    address = f"http://127.0.0.1:{settings.port}"
    receiver = Receiver("GATE-1", token, [address])
    with floor_run(settings, "--only", "web"), ExitStack() as stack:
        receiver.sign_in()
        receiver.close()
        writer_lock = stack.enter_context(locked(hand.floor))
        lines = [stack.enter_context(dial(address)) for _ in range(WAITING_MAX + 60)]
        body = json.dumps(
            {"station": "GATE-1", "code": "MUG", "qty_each": 3, "occurred_at": "2026-11-22T08:00:00+00:00"}
        )  # fmt: skip
        for number, line in enumerate(lines):
            text = body.replace("{", f'{{"scan_id": "burst-{number}", ', 1)
            receiver.sent.append(f"burst-{number}")
            line.sendall(
                f"POST /api/v1/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
                f"Authorization: Bearer {token}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()
            )
        refused_first = answer(lines[-1])
        assert refused_first.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nRetry-After: 1\r\n" in refused_first
        assert json.loads(refused_first.partition(b"\r\n\r\n")[2])["code"] == "busy"
        writer_lock.close()
        with ThreadPoolExecutor(16) as readers:
            answers = list(readers.map(answer, lines[:-1]))
        statuses = [int(said[9:12]) for said in answers]
        assert set(statuses) == {200, 503}
        assert statuses.count(200) + statuses.count(503) == len(lines) - 1
        for number, said in enumerate(answers):
            if said.startswith(b"HTTP/1.1 200 "):
                receiver.answered[f"burst-{number}"] = json.loads(said.partition(b"\r\n\r\n")[2])["outcome"]
        assert get(address, "/api/v1/readyz")[0] == 200
    check_kept(settings, hand, [receiver])


def locked(floor: Floor) -> ExitStack:
    """Hold the kernel lock that every writer of this database takes; `close` lets go of it."""
    import fcntl

    stack = ExitStack()
    lock = stack.enter_context((floor.settings.home / "floor.sqlite.writer-lock").open("a"))
    fcntl.flock(lock, fcntl.LOCK_EX)
    return stack
