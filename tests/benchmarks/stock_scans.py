"""Figures of the scan path: `python -m tests.benchmarks.stock_scans [--quick] [--json FILE]`.

A scan is one of a stop's three (location, item, tote), all of it: identity, permission, idempotency, dialogue,
FIFO, ledger, audit, durable commit. Everything that is compared runs in turn in the same rounds; what is told are
medians of the rounds, as shares of each other, because how fast the machine is today is nobody's merit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from fulfillment.hot import Tx
from fulfillment.services.scan_path import scans
from fulfillment.services.verifying.verify import verify
from tests.benchmarks import orm_scan, scan_floor
from tests.benchmarks.http_load import Load, Server, drive, endless, post, slow_disk
from tests.benchmarks.scan_floor import SAID_AT, PickFloor, Pull

KINDS = ("location", "item", "tote")
QUEUED = 50
STATIONS = 16  # of those that scan without HTTP: each kind of scan as often


def rows(quick: bool, engines: Sequence[str]) -> list[dict[str, Any]]:
    """The figures, each with its goal and whether it was met; quick ones show that the path works, not how fast."""
    if "sqlite" not in engines:
        return []
    rounds, stations, stops = (2, 32, 16) if quick else (5, 128, 40)
    with tempfile.TemporaryDirectory() as folder:
        ground = scan_floor.build(_new(Path(folder) / "ground"), stations, stops)
        found = [*in_process(ground, Path(folder), rounds), *over_http(ground, Path(folder), rounds)]
    for row in found:
        row["engine"] = "sqlite"
        if quick and isinstance(row["goal"], float):
            row["ok"] = True  # a machine that tests at the same time decides nothing
    return found


def in_process(ground: PickFloor, folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Processor time of a scan without HTTP, beside a straightforward build of the same on the ORM."""
    ours, theirs = ground.copy(folder / "ours"), ground.copy(folder / "theirs")
    floor = scan_floor.floor_of(ours)
    spent: dict[str, list[float]] = {kind: [] for kind in KINDS}
    orm: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with orm_scan.Build(theirs.settings) as build:
        our_pulls, orm_pulls = ours.in_turn(STATIONS), theirs.in_turn(STATIONS)
        for _ in range(rounds):
            for pull in islice(our_pulls, 2 * len(KINDS) * STATIONS):
                spent[pull.kind].append(
                    _cpu_ms(lambda pull=pull: floor.writer.write(lambda tx: scans.handle_scan(tx, pull.request())))
                )
            for pull in islice(orm_pulls, len(KINDS) * STATIONS):
                orm[pull.kind].append(_cpu_ms(lambda pull=pull: build.handle_scan(pull.request())))
    floor.close()
    found = [_row(f"CPU ms of a {kind} scan", median(spent[kind]), None) for kind in KINDS]
    mean = sum(median(spent[kind]) for kind in KINDS) / len(KINDS)
    plain = sum(median(orm[kind]) for kind in KINDS) / len(KINDS)
    found.append(_row("CPU ms of a scan", mean, None))
    found.append(_row("CPU ms of a scan on the ORM", plain, None))
    found.append(_row("CPU of a scan as a share of the ORM's", mean / plain, 1 / 6, at_most=True))
    return found


def _cpu_ms(act: Callable[[], dict[str, Any]]) -> float:
    started = time.process_time_ns()
    answer = act()
    spent = (time.process_time_ns() - started) / 1_000_000
    assert answer["outcome"] == "applied", answer
    return spent


def over_http(ground: PickFloor, folder: Path, rounds: int) -> list[dict[str, Any]]:
    """Requests a second, tails, a slow disk, a queue."""
    normal, slowed = ground.copy(folder / "normal"), ground.copy(folder / "slowed")
    few, many = min(16, len(ground.streams)), min(64, len(ground.streams))
    loads: dict[str, list[Load]] = {}
    with Server(normal.settings) as server, Server(slowed.settings, slow_disk(folder)) as slow:
        streams, slow_streams = _Streams(normal), _Streams(slowed)
        pulls = len(next(iter(ground.streams.values())))
        part = pulls * len(ground.streams) // many // (rounds * 5)  # of each station's stream, a case and round
        queued = min(QUEUED, pulls // 2)
        ping = post("/api/v1/ping", b"{}")
        drive(server, [endless(ping, 50)] * few)
        for one in range(rounds):
            cases: dict[str, Callable[[], Load]] = {
                "ping": lambda: drive(server, [endless(ping, part * 4) for _ in range(few)]),
                "scan": lambda: drive(server, streams.take(few, part * 2, _json)),
                "fragment": lambda: drive(server, streams.take(few, part, _fragment)),
                "scan many": lambda: drive(server, streams.take(many, part, _json)),
                "slow many": lambda: drive(slow, slow_streams.take(many, part, _json)),
                "one": lambda: drive(server, streams.take(1, queued, _json)),
                "queue": lambda: drive(server, streams.queue(queued)),
            }
            for name in list(cases) if one % 2 else reversed(list(cases)):
                loads.setdefault(name, []).append(cases[name]())
    for copy in (normal, slowed):
        floor = scan_floor.floor_of(copy)
        checked, mistakes = floor.read(verify), floor.read(_mistakes)
        floor.close()
        assert checked["ok"], [check for check in checked["checks"] if not check["ok"]]
        assert mistakes == 0, "what is measured is scans that apply"
    return _figures(loads, few, many, queued)


def _mistakes(tx: Tx) -> int:
    return tx.one("SELECT COUNT(*) AS n FROM scan WHERE warehouse_id = :w AND rejection <> ''")["n"]


def _figures(loads: dict[str, list[Load]], few: int, many: int, queued: int) -> list[dict[str, Any]]:
    def share(name: str, of: str, of_load: Callable[[Load], float] = lambda load: load.per_s) -> float:
        return median(of_load(a) / of_load(b) for a, b in zip(loads[name], loads[of], strict=True))

    def tail(name: str) -> float:
        return median(load.at(0.99) / load.at(0.5) for load in loads[name])

    found = [
        _row("pick scan over HTTP as a share of an empty JSON POST", share("scan", "ping"), 0.4),
        _row("the same by the server's CPU", share("ping", "scan", lambda load: load.cpu_ms), None),
        _row("the same as a fragment", share("fragment", "ping"), None),
        _row(f"p99 / p50 at {few} clients", tail("scan"), 3.0, at_most=True),
        _row(f"p99 / p50 at {many} clients", tail("scan many"), 3.0, at_most=True),
        _row(f"throughput with 4 ms fsync, {many} clients", share("slow many", "scan many"), 0.7),
        _row(f"{queued} queued scans in one request against one by one", queued * share("queue", "one"), 5.0),
    ]
    for name, load in loads.items():
        found.append(_row(f"{name}: requests/s", median(one.per_s for one in load), None))
        found.append(_row(f"{name}: server CPU ms a request", median(one.cpu_ms for one in load), None))
        found.append(_row(f"{name}: p50 ms", median(one.at(0.5) for one in load), None))
        found.append(_row(f"{name}: p99 ms", median(one.at(0.99) for one in load), None))
    return found


class _Streams:
    """What each station has still to scan."""

    def __init__(self, ground: PickFloor) -> None:
        self._ground = ground
        self._left = {name: list(pulls) for name, pulls in sorted(ground.streams.items())}

    def take(
        self, stations: int, pulls: int, request: Callable[[Pull, str], bytes]
    ) -> list[Iterator[bytes]]:  # fmt: skip
        """Up to so many pulls of so many stations, of those with the most left."""
        return [
            (request(pull, self._ground.tokens[pull.station]) for pull in self._next(name, pulls))
            for name in self._fullest()[:stations]
        ]

    def _fullest(self) -> list[str]:
        return sorted(self._left, key=lambda name: -len(self._left[name]))

    def _next(self, name: str, pulls: int) -> Iterator[Pull]:
        # Taken as they are sent: a case ends when its first station is done, and what the others have not scanned
        # comes next, or all they scan from then on would be mistakes.
        for _ in range(pulls):
            assert self._left[name], "the floor is too small for so many rounds"
            yield self._left[name].pop(0)

    def queue(self, pulls: int) -> list[Iterator[bytes]]:
        """One station's next pulls as one request."""
        name = self._fullest()[0]
        rows = [{"scan_id": pull.scan_id, "code": pull.code, "occurred_at": SAID_AT}
                for pull in self._next(name, pulls)]  # fmt: skip
        body = json.dumps({"station": name, "scans": rows}).encode()
        return [iter([post("/api/v1/scans/queue", body, self._ground.tokens[name])])]


def _json(pull: Pull, token: str) -> bytes:
    body = {"scan_id": pull.scan_id, "station": pull.station, "code": pull.code, "occurred_at": SAID_AT}
    return post("/api/v1/scans", json.dumps(body).encode(), token)


def _fragment(pull: Pull, token: str) -> bytes:
    body = {"scan_id": pull.scan_id, "code": pull.code, "occurred_at": SAID_AT}
    return post(f"/kiosk/{pull.station}/scan", json.dumps(body).encode(), token)


def _row(figure: str, value: float, goal: float | None, *, at_most: bool = False) -> dict[str, Any]:
    ok = goal is None or (value <= goal if at_most else value >= goal)
    return {"figure": figure, "value": round(value, 3), "goal": goal, "ok": ok}


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main() -> int:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", default="-", metavar="FILE")
    asked = parser.parse_args()
    before = os.getloadavg()
    found = rows(asked.quick, ("sqlite",))
    result = {"rows": found, "ok": all(row["ok"] for row in found), "load": [before, os.getloadavg()]}
    text = json.dumps(result, indent=2) + "\n"
    if asked.json == "-":
        sys.stdout.write(text)
    else:
        Path(asked.json).write_text(text, "utf-8")
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
