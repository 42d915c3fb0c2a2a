"""The floor a year is played on: founded, served by a real gunicorn, asked by commands, measured by what it spends."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from fulfillment.bootstrap import migrate, open_floor
from fulfillment.domain.roles import TokenRole
from fulfillment.hot import Tx
from fulfillment.processes import environment_of, free_port
from fulfillment.services.set_up import setting_up
from fulfillment.services.verifying import audit as auditing
from fulfillment.services.verifying import verify as verifying
from fulfillment.settings import Settings
from tests.benchmarks.year_lines import Line
from tests.benchmarks.year_play import API, bin_of

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Report:
    """What a check said, the CPU seconds it took, and the largest memory in MB."""

    said: dict[str, Any]
    cpu_s: float
    mb: float


def found_floor(
    stack: ExitStack, home: Path, engine: str, lines: Sequence[Line], skus: Sequence[str]
) -> tuple[Settings, str]:  # fmt: skip
    """A founded warehouse with an item and a bin for every SKU; its settings and a program's token."""
    url = f"sqlite:///{home / 'floor.sqlite'}"
    if engine == "postgresql":
        from tests.postgresql import PostgresServer

        server = PostgresServer(is_durable=True)
        stack.callback(server.stop)
        url = server.create("year")
    settings = Settings(
        home, url, port=free_port(), live_port=free_port(), web_workers=2, web_threads=8, max_line_each=100_000
    )
    migrate(settings)
    floor = open_floor(settings)
    names: dict[str, str] = {}
    for line in lines:
        names.setdefault(line.key, line.name)
    services = {line.key for line in lines if line.is_service}
    try:
        floor.writer.write(lambda tx: _found(tx, settings, skus, names, services))
        return settings, floor.writer.write(lambda tx: setting_up.add_token(tx, "year", TokenRole.API))
    finally:
        floor.close()


def _found(tx: Tx, settings: Settings, skus: Sequence[str], names: dict[str, str], services: set[str]) -> None:
    setting_up.found_warehouse(tx, settings.warehouse, settings.time_zone, settings.gs1_company_prefix)
    for code, kind in (("DOCK-1", "dock"), ("STAGE-1", "staging"), ("LANE-DOM", "ship_lane"), ("LANE-EU", "ship_lane"),
                       ("LANE-WORLD", "ship_lane")):  # fmt: skip
        tx.add("location", code=code, kind=kind)
    setting_up.found_carriers(tx)
    for place, sku in enumerate(skus):
        tx.add(
            "location", code=bin_of(place), kind="bin", aisle=f"{place // 100:02d}", bay=f"{place % 100:02d}", level=1
        )
        tx.add("item", sku=sku, sku_key=sku, name=names[sku] or sku, is_service=int(sku in services))


@contextmanager
def web(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    """The web of `floor run`: gunicorn with as many processes and threads, answering."""
    command = [
        sys.executable, "-m", "gunicorn", "fulfillment.wsgi:make()", "--bind", f"{settings.host}:{settings.port}",
        "--worker-class", "gthread", "--workers", str(settings.web_workers), "--threads", str(settings.web_threads),
        "--preload", "--no-control-socket", "--log-level", "warning", "--keep-alive", "75",
    ]  # fmt: skip
    server = subprocess.Popen(command, env={**os.environ, **environment_of(settings)}, cwd=ROOT)
    try:
        _await(f"http://{settings.host}:{settings.port}{API}/readyz", server)
        yield server
    finally:
        server.terminate()
        server.wait(30)


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            with urlopen(address, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no answer from {address}")


def by_command(name: str, settings: Settings) -> Report:
    """A command of the floor, in a process of its own."""
    report = settings.home / f"{name}.json"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    asked = subprocess.Popen(
        [sys.executable, "-m", "fulfillment.cli", name, "--json", str(report)], cwd=ROOT,
        env={**os.environ, **environment_of(settings)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    # Looked at while it runs: what the kernel says afterwards counts the memory of this process, its parent, too.
    mb = 0.0
    while asked.poll() is None:
        mb = max(mb, _memory_mb(asked.pid))
        time.sleep(0.05)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Report(json.loads(report.read_text("utf-8")), spent_s, mb)


def _memory_mb(pid: int) -> float:
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0.0  # it has just ended
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def within(name: str, settings: Settings) -> Report:
    """The same asked in this process, for a play too small to start Python twice more."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    floor = open_floor(settings)
    try:
        said = floor.read({"verify": verifying.verify, "fifo-audit": auditing.fifo_audit}[name])
    finally:
        floor.close()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return Report(said, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024)


def cpu_s(pids: Sequence[int]) -> float:
    """CPU seconds of processes and all their children, the ended ones too."""
    tick = os.sysconf("SC_CLK_TCK")
    parents: dict[int, list[int]] = defaultdict(list)
    spent: dict[int, int] = {}
    for folder in os.listdir("/proc"):
        if folder.isdigit():
            try:
                fields = Path(f"/proc/{folder}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(fields[1])].append(int(folder))
            spent[int(folder)] = sum(int(one) for one in fields[11:15])
    todo, total = list(pids), 0
    while todo:
        pid = todo.pop()
        total += spent.get(pid, 0)
        todo += parents[pid]
    return total / tick
