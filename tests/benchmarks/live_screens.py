"""Many live screens on one board: `python -m tests.benchmarks.live_screens [--screens 250] [--quick] [--engine …]`.

A floor with its web and its live screens as `floor run` starts them. Pickers scan at a pace, and orders come in all
the while; rounds with and without screens take turns. Told: how many screens were connected and got every view of the
board that was sent; how long after the look that found a change (the coalescing tick), and after the request that
made it, each screen had it; and the scans' latency with and without them. Orders are counted from before they are
sent, so that figure is above the one from the commit. `--quick` checks that all is delivered, its times mean nothing.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import re
import selectors
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.domain.roles import TokenRole
from fulfillment.processes import LIVE, free_port
from fulfillment.services.set_up import setting_up
from fulfillment.settings import Settings
from tests.benchmarks.http_load import Connection, Server, at, post
from tests.benchmarks.scan_floor import SAID_AT, PickFloor, build_on

GOAL_TICK_MS, GOAL_COMMIT_MS, GOAL_SCAN = 250.0, 1_300.0, 1.25
MARK_EVERY_S = 0.37  # not in step with the second a view is made at
LATE_S = 5.0  # what is not there so long after the last scan counts as lost
_MADE = re.compile(rb'"made_ms":(\d+)')
_HELD = re.compile(rb'"lanes":\{[^}]*"hold":(\d+)')


@dataclass
class Seen:
    """What the screens of one round saw. `views`: per screen, event id → wall ms it was there."""

    connected: int
    views: list[dict[str, int]]
    made_ms: dict[str, int]
    held: dict[str, int]

    def delivered(self) -> float:
        """The share of all (screen, view) pairs since everybody was connected that arrived."""
        everywhere = set().union(*self.views) if self.views else set()
        if not everywhere:
            return 0.0
        return sum(len(views) for views in self.views) / (len(everywhere) * len(self.views))

    def after_tick_ms(self) -> list[float]:
        """From the look that found a change to each screen that shows it."""
        return [float(came - self.made_ms[view]) for views in self.views for view, came in views.items()]

    def after_orders_ms(self, sent_ms: Sequence[int], first: int) -> tuple[list[float], int]:
        """From sending each order to each screen that counts it, and how many never did."""
        found, missing = [], 0
        for views in self.views:
            counted = sorted((self.held[view], came) for view, came in views.items() if view in self.held)
            for number, sent in enumerate(sent_ms, start=first + 1):
                came = next((came for held, came in counted if held >= number), None)
                if came is None:
                    missing += 1
                else:
                    found.append(float(came - sent))
        return found, missing


def look(port: int, token: str, screens: int, pipe: Any) -> None:
    """A process of its own: open the streams, say when all are there, write down what comes until told to end."""
    os.nice(10)  # screens stand elsewhere: what they cost here must not be taken from the floor
    request = (
        f"GET /live/board HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
        "Accept: text/event-stream\r\n\r\n"
    ).encode()
    views: list[dict[str, int]] = [{} for _ in range(screens)]
    heard = [bytearray() for _ in range(screens)]
    made_ms, held = dict[str, int](), dict[str, int]()
    selector, open_ones = selectors.DefaultSelector(), 0
    for number in range(screens):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(request)
        one.setblocking(False)
        selector.register(one, selectors.EVENT_READ, number)
    selector.register(pipe, selectors.EVENT_READ, None)
    began, is_told, whole_ms = time.monotonic(), False, 0
    while True:
        for key, _ in selector.select(0.5):
            if key.data is None:
                pipe.recv()
                refused = [bytes(said[:60]) for said in heard if said.startswith(b"HTTP/1.1 5")]
                due = [{view: when for view, when in some.items() if made_ms[view] > whole_ms} for some in views]
                pipe.send((open_ones, due, made_ms, held, refused))
                return
            one: Any = key.fileobj
            piece = one.recv(1 << 20)
            came = time.time_ns() // 1_000_000
            if not piece:
                selector.unregister(one)
                continue
            buffer = heard[key.data]
            buffer += piece
            while (end := buffer.find(b"\n\n")) >= 0:
                message, head = bytes(buffer[:end]), buffer.find(b"id: ", 0, end)
                del buffer[: end + 2]
                if head < 0 or b"event: board" not in message:
                    continue
                view = message[head + 4 : message.index(b"\n", head)].decode()
                if not views[key.data]:
                    open_ones += 1
                views[key.data][view] = came
                if view not in made_ms:
                    found, lanes = _MADE.search(message), _HELD.search(message)
                    made_ms[view] = int(found.group(1)) if found else 0
                    if lanes:
                        held[view] = int(lanes.group(1))
        if not is_told and (open_ones == screens or time.monotonic() - began > 60):
            is_told = True
            whole_ms = time.time_ns() // 1_000_000  # what is looked at from here on reaches all of them
            pipe.send(open_ones)


@contextmanager
def screens_open(port: int, token: str, screens: int) -> Iterator[list[Seen]]:
    """So many screens during the block; what they saw is in the list after it."""
    seen: list[Seen] = []
    if not screens:
        yield seen
        return
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=look, args=(port, token, screens, theirs), daemon=True)
    process.start()
    try:
        ours.recv()
        yield seen
        ours.send("end")
        connected, views, made_ms, held, refused = ours.recv()
        if refused:
            print(f"refused: {len(refused)}, {refused[0]!r}")
        seen.append(Seen(connected, views, made_ms, held))
    finally:
        process.join(10)
        process.kill()


@dataclass
class Orders:
    """Orders of an unknown item, one after another: each is one more in the lane of what is held."""

    port: int
    token: str
    sent_ms: list[int] = field(default_factory=list)
    count: int = 0

    def send_until(self, stop: threading.Event) -> None:
        """One each MARK_EVERY_S."""
        while not stop.wait(MARK_EVERY_S):
            self.count += 1
            body = {"number": f"MARK-{self.count}", "ordered_at": SAID_AT, "lines": [{"sku": "UNKNOWN", "qty_each": 1}]}
            sent = time.time_ns() // 1_000_000
            with socket.create_connection(("127.0.0.1", self.port)) as one:
                one.sendall(post("/api/v1/orders", json.dumps(body).encode(), self.token))
                if not one.recv(65_536).startswith(b"HTTP/1.1 201"):
                    raise RuntimeError("an order was not taken in")
            self.sent_ms.append(sent)


def paced(server: Server, streams: Sequence[Iterator[bytes]], every_s: float, seconds: float) -> list[float]:
    """Each stream sends one request every so often; how long each answer took, in milliseconds."""
    connections = [Connection(server.port, stream) for stream in streams]
    begun, latencies = time.monotonic(), list[float]()
    due = [begun + every_s * place / len(connections) for place in range(len(connections))]
    waiting: set[int] = set()
    with selectors.DefaultSelector() as selector:
        for place, connection in enumerate(connections):
            selector.register(connection.socket, selectors.EVENT_READ, place)
        while waiting or time.monotonic() < begun + seconds:
            now = time.monotonic()
            for place, connection in enumerate(connections):
                if place not in waiting and due[place] <= now < begun + seconds:
                    due[place] = max(due[place] + every_s, now)
                    if connection.send():
                        waiting.add(place)
            for key, _ in selector.select(0.002):
                if connections[key.data].hear():
                    waiting.discard(key.data)
                    latencies.append((time.perf_counter() - connections[key.data].sent_at) * 1000)
    for connection in connections:
        connection.socket.close()
    return latencies


@dataclass(frozen=True)
class Round:
    """What one round came to."""

    scans_ms: list[float]
    tick_ms: list[float]
    orders_ms: list[float]
    connected: int
    delivered: float
    missing: int


def one_round(
    web: Server, live: Server, orders: Orders, board: str, streams: Sequence[Iterator[bytes]], screens: int,
    every_s: float, seconds: float,
) -> Round:  # fmt: skip
    """Scans and orders for so long, with so many screens (or none) looking on."""
    first, stop = orders.count, threading.Event()
    orders.sent_ms.clear()
    sender = threading.Thread(target=orders.send_until, args=(stop,))
    with screens_open(live.port, board, screens) as seen:
        sender.start()
        scans = paced(web, streams, every_s, seconds)
        stop.set()
        sender.join()
        if screens:
            time.sleep(min(LATE_S, 1.0 + seconds / 2))
    if not seen:
        return Round(scans, [], [], 0, 1.0, 0)
    after, missing = seen[0].after_orders_ms(orders.sent_ms, first)
    return Round(scans, seen[0].after_tick_ms(), after, seen[0].connected, seen[0].delivered(), missing)


def measure(
    ground: PickFloor, screens: int, rounds: int, seconds: float, scans_per_s: float
) -> list[tuple[Round, Round]]:  # fmt: skip
    """Pairs of rounds: without screens, with them."""
    settings = replace(ground.settings, live_port=free_port())
    floor = open_floor(settings)
    board = floor.writer.write(lambda tx: setting_up.add_station(tx, "BOARD-1", "board"))["token"]
    program = floor.writer.write(lambda tx: setting_up.add_token(tx, "orders", TokenRole.API))
    floor.close()
    streams = [_requests(ground, station) for station in sorted(ground.streams)]
    every_s = len(streams) / scans_per_s
    found = []
    with Server(settings) as web, Server(settings, part=LIVE) as live:
        orders = Orders(web.port, program)
        for number in range(rounds):
            pair = {}
            for count in (0, screens) if number % 2 == 0 else (screens, 0):
                pair[count] = one_round(web, live, orders, board, streams, count, every_s, seconds)
            found.append((pair[0], pair[screens]))
    return found


def _requests(ground: PickFloor, station: str) -> Iterator[bytes]:
    for pull in ground.streams[station]:
        body = {"scan_id": pull.scan_id, "station": station, "code": pull.code, "occurred_at": SAID_AT}
        yield post("/api/v1/scans", json.dumps(body).encode(), ground.tokens[station])


def told(found: Sequence[tuple[Round, Round]], screens: int, is_timed: bool) -> bool:
    """Print the figures; whether all was delivered and (when times count) in time."""
    seen = [with_them for _, with_them in found]
    tick = list(itertools.chain.from_iterable(one.tick_ms for one in seen))
    orders = list(itertools.chain.from_iterable(one.orders_ms for one in seen))
    without, beside = ([at(one[place].scans_ms, 0.99) for one in found] for place in (0, 1))
    ratio = median(beside) / median(without)
    connected, missing = min(one.connected for one in seen), sum(one.missing for one in seen)
    delivered = min(one.delivered for one in seen)
    load = os.getloadavg()[0]
    print(f"screens connected           {connected} of {screens}")
    print(f"views delivered             {delivered:.4%} of {len(tick)}; orders never shown: {missing} of {len(orders)}")
    waits = (("the look that found it", tick, GOAL_TICK_MS), ("sending the order", orders, GOAL_COMMIT_MS))
    for name, some, goal in waits:
        print(f"from {name:22} p50 {median(some):7.1f} ms  p99 {at(some, 0.99):7.1f} ms  goal {goal:.0f}")
    print(f"scan p99, median of rounds  without {median(without):6.1f} ms  with {median(beside):6.1f} ms"
          f"  {ratio:.2f} x  goal {GOAL_SCAN} x; scans {sum(len(a.scans_ms) + len(b.scans_ms) for a, b in found)}")
    print(f"load {load:.1f} on {os.cpu_count()} cores")
    is_whole = connected == screens and delivered == 1.0 and missing == 0
    is_in_time = at(tick, 0.99) <= GOAL_TICK_MS and at(orders, 0.99) <= GOAL_COMMIT_MS and ratio <= GOAL_SCAN
    return is_whole and (is_in_time or not is_timed)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when every screen got everything (and, without --quick, every goal is kept)."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.live_screens", description=__doc__)
    parser.add_argument("--screens", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=6, help="pairs of rounds, without and with screens")
    parser.add_argument("--seconds", type=float, default=12.0, help="of scans, each round")
    parser.add_argument("--pickers", type=int, default=16)
    parser.add_argument("--scans-per-s", type=float, default=32.0, help="of all pickers together")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--quick", action="store_true", help="20 screens, one short pair: is all delivered?")
    asked = parser.parse_args(arguments)
    if asked.quick:
        asked.screens, asked.rounds, asked.seconds, asked.pickers = min(asked.screens, 20), 1, 4.0, 4
        asked.scans_per_s = 8.0
    pulls = asked.rounds * 2 * (asked.seconds + 1) * asked.scans_per_s / asked.pickers
    with tempfile.TemporaryDirectory() as name, _database(asked.engine, Path(name)) as url:
        settings = Settings(Path(name), url)
        migrate(settings)
        ground = build_on(settings, asked.pickers, 8 * (int(pulls / 3) // 8 + 1))
        found = measure(ground, asked.screens, asked.rounds, asked.seconds, asked.scans_per_s)
    return 0 if told(found, asked.screens, not asked.quick) else 1


@contextmanager
def _database(engine: str, home: Path) -> Iterator[str]:
    if engine == "sqlite":
        yield f"sqlite:///{home / 'floor.sqlite'}"
        return
    from tests.postgresql import PostgresServer

    server = PostgresServer(is_durable=True)
    try:
        yield server.create("floor")
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
