"""What verify costs over a million moves, and what scans feel of it: `rows(quick, engines)`.

A floor with a long past (`big_floor`) is verified in a process of its own, as `floor verify` is. Its CPU is that
process's, on PostgreSQL with that of the server process that answers it. Scans go on in this process in turns with
and without a verify beside them; the figure is the median of the ratios. `--quick` is the correctness: a small floor
verifies, and a unit nobody moved is found.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.db import is_sqlite
from fulfillment.domain.codes import own_code
from fulfillment.services.scan_path import scans
from fulfillment.services.verifying.verify import RESTS, verify
from fulfillment.settings import Settings
from tests.benchmarks import big_floor
from tests.factories import FloorHand
from tests.postgresql import PostgresServer

MOVES, QUICK_MOVES = 1_000_000, 20_000
CPU_S_MAX = 2.0
SLOWED_MAX = 0.10
RUNS = 5
TURN_S = 3.0

# One verify as its own process; its CPU and that of the server process it asked, in seconds.
ONE = """
import json, os, sys, time
from pathlib import Path
from fulfillment.bootstrap import open_floor
from fulfillment.services.verifying.verify import verify
from fulfillment.settings import Settings

def server_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

os.nice(19)
floor = open_floor(Settings(Path(sys.argv[1]), sys.argv[2]))
def work(tx):
    pid = None if tx.dialect == "sqlite" else tx.one("SELECT pg_backend_pid() AS pid")["pid"]
    before = time.process_time(), server_s(pid) if pid else 0.0
    report = verify(tx, rests=float(sys.argv[3]))
    after = time.process_time(), server_s(pid) if pid else 0.0
    print(json.dumps({"ok": report["ok"], "moves": report["moves"], "cpu_s": sum(after) - sum(before)}))
floor.read(work)
floor.close()
"""


def rows(quick: bool, engines: Sequence[str]) -> list[dict[str, Any]]:
    """The figures of each engine."""
    found = []
    for engine in engines:
        with standing(engine, QUICK_MOVES if quick else MOVES) as (floor, size):
            found += _quick(engine, floor, size) if quick else _long(engine, floor, size)
    return found


@contextmanager
def standing(engine: str, moves: int) -> Iterator[tuple[Floor, big_floor.Size]]:
    """An open floor with so long a past."""
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(is_durable=True) if engine == "postgresql" else None
        url = server.create("floor") if server else f"sqlite:///{Path(folder) / 'floor.sqlite'}"
        settings = Settings(Path(folder), url)
        try:
            migrate(settings)
            floor = open_floor(settings)
            size = big_floor.fill(floor, moves)
            if server:
                _analyze(server)
            yield floor, size
            floor.close()
        finally:
            if server:
                server.stop()


def row(figure: str, engine: str, value: Any, goal: Any, ok: bool) -> dict[str, Any]:
    """A line of the report."""
    return {"name": f"{figure} ({engine})", "figure": figure, "engine": engine, "value": value, "goal": goal, "ok": ok}


def _quick(engine: str, floor: Floor, size: big_floor.Size) -> list[dict[str, Any]]:
    report = floor.read(verify)
    floor.writer.write(
        lambda tx: tx.put(
            "UPDATE stock_balance SET on_hand_each = on_hand_each + 1 WHERE warehouse_id = :w AND layer_id = 1"
        )
    )
    found = [check["name"] for check in floor.read(verify)["checks"] if not check["ok"]]
    return [
        row(f"verify over {size.moves} moves finds", engine, [c["name"] for c in report["checks"] if not c["ok"]], [],
            report["ok"]),
        row("verify finds a unit nobody moved", engine, found, ["balances_equal_ledger"],
            found == ["balances_equal_ledger"]),
    ]  # fmt: skip


def _long(engine: str, floor: Floor, size: big_floor.Size) -> list[dict[str, Any]]:
    runs = [_verify(floor) for _ in range(RUNS)]
    cpu_s = statistics.median(run["cpu_s"] for run in runs)
    is_right = all(run["ok"] and run["moves"] == size.moves for run in runs)
    slowed = _slowed(floor)
    after = _verify(floor)
    return [
        row(f"verify over {size.moves} moves, CPU s", engine, round(cpu_s, 2), f"<= {CPU_S_MAX}",
            is_right and cpu_s <= CPU_S_MAX),
        row("scans slowed while verify runs", engine, round(slowed, 3), f"<= {SLOWED_MAX}",
            after["ok"] and slowed <= SLOWED_MAX),
    ]  # fmt: skip


def _command(floor: Floor) -> list[str]:
    """As `floor verify` does it."""
    rests = 0.0 if is_sqlite(floor.settings.database_url) else RESTS
    return [sys.executable, "-c", ONE, str(floor.settings.home), floor.settings.database_url, str(rests)]


def _verify(floor: Floor) -> dict[str, Any]:
    run = subprocess.run(_command(floor), capture_output=True, text=True, check=True)
    return dict(json.loads(run.stdout))


def _slowed(floor: Floor) -> float:
    """How much fewer scans there are beside a verify: median over turns, each with one just before without."""
    station, number = _at_a_dock(floor), 0

    def rate() -> float:
        nonlocal number
        began = time.monotonic()
        first = number
        while time.monotonic() - began < TURN_S:
            number += 1
            request = scans.ScanRequest(f"beside-{number}", station, "ITEM-1", 1_760_000_000_000, 1)
            floor.writer.write(lambda tx, one=request: scans.handle_scan(tx, one))
        return (number - first) / (time.monotonic() - began)

    ratios = []
    rate()
    for _ in range(RUNS):
        alone = rate()
        beside = subprocess.Popen(
            ["sh", "-c", 'while :; do "$@" > /dev/null; done', "sh", *_command(floor)], start_new_session=True
        )
        try:
            ratios.append(1 - rate() / alone)
        finally:
            subprocess.run(["kill", "--", f"-{beside.pid}"], check=False)
            beside.wait()
    return statistics.median(ratios)


def _at_a_dock(floor: Floor) -> str:
    hand = FloorHand.__new__(FloorHand)
    hand.__dict__.update(floor=replace(floor), code="MAIN", answer={})
    for number, code in enumerate((own_code("B", "1001"), own_code("C", "RECEIVE"), own_code("C", "BLIND"))):
        request = scans.ScanRequest(f"dock-{number}", "DOCK-1", code, 1_760_000_000_000)
        hand.write(lambda tx, one=request: scans.handle_scan(tx, one))
    return "DOCK-1"


def _analyze(server: PostgresServer) -> None:
    import psycopg

    with psycopg.connect(server.dsn("floor"), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def main() -> None:
    """Measure both engines and print."""
    for one in rows("--quick" in sys.argv, ("sqlite", "postgresql") if "--all" in sys.argv else ("sqlite",)):
        print(one)


if __name__ == "__main__":
    main()
