"""A whole real year through the API: `python -m tests.benchmarks.stock_year --file lines.parquet --json -`.

Receipts, orders, allocation, shipments by line, cancels, returns and adjustments, day by day, from several client
processes over keep-alive HTTP to a real gunicorn. Then `floor verify`, `floor fifo-audit`, and the final stock against
two recomputations: by layer from the answers, and by age from what was asked, first in first out. Every line of the
file ends in one row of the table. `--lines N` plays the first N, without `--file` the day that ships with the project.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.benchmarks.year_clients import Clients
from tests.benchmarks.year_floor import ROOT, by_command, cpu_s, found_floor, web, within
from tests.benchmarks.year_lines import Line, days, read
from tests.benchmarks.year_play import Year

SHIPPED_DAY = ROOT / "simulators" / "data" / "uci_online_retail_day.csv"
SEED = 7
RATE_GOAL = 300.0
GROWTH_GOAL = 1.3
TENTHS = 10
CONNECTIONS = 4  # of each client process
BROKEN_SHOWN = 20


def rows(
    quick: bool, engines: Sequence[str], file: Path | None = None, lines: int | None = None, clients: int = 2
) -> list[dict[str, Any]]:  # fmt: skip
    """The figures of a play an engine: of `file` (or what YEAR_LINES names), else of the day that ships."""
    if file is None:
        file = Path(os.environ["YEAR_LINES"]) if "YEAR_LINES" in os.environ and not quick else SHIPPED_DAY
    found = []
    for engine in engines:
        with tempfile.TemporaryDirectory(prefix="year-") as home:
            found += play(Path(home), engine, read(file, lines), clients, is_judged=file != SHIPPED_DAY)
    return found


@dataclass(frozen=True)
class Mark:
    """How far a play had come when, what the server had spent by then, and how slow the machine was just then."""

    lines: int
    at_s: float
    server_s: float
    slow_s: float


def play(home: Path, engine: str, lines: Sequence[Line], clients: int, *, is_judged: bool) -> list[dict[str, Any]]:
    """Play, check, and say what it took."""
    skus = sorted({line.key for line in lines})
    year = Year(lines, days(lines, SEED), skus)
    with ExitStack() as stack:
        settings, token = found_floor(stack, home, engine, lines, skus)
        servers = [stack.enter_context(web(settings)).pid]
        callers = stack.enter_context(Clients(settings.host, settings.port, token, clients, CONNECTIONS))
        marks = [_mark(0, servers)]
        before_s = _own_s(callers)
        done = 0
        for day in year.days:
            year.play(callers, day)
            done += day.lines
            if done > marks[-1].lines and done >= len(lines) * len(marks) / TENTHS:
                marks.append(_mark(done, servers))
                _tell(*marks[-2:])
        year.finish()
        end = _mark(done, servers)
        clients_s = _own_s(callers) - before_s
        differences = year.compare()
        # The commands of the floor; a small play asks what they ask without starting Python twice more.
        ask = by_command if is_judged else within
        verify, audit = ask("verify", settings), ask("fifo-audit", settings)
    _print(engine, year, callers, end.at_s - marks[0].at_s)
    say = _Say(engine)
    wrong = ", ".join(check["name"] for check in verify.said["checks"] if not check["ok"])
    count = max(1, len(lines))
    rate = round(count / (end.at_s - marks[0].at_s), 1)
    return [
        say.told("lines", len(lines)),
        say.none("lines without an outcome", year.became.count("")),
        say.none("answers 5xx", sum(n for status, n in callers.answers.items() if status >= 500)),
        say.none("things that should not have been refused", len(year.broken)),
        say.none("checks of verify that found something", wrong or 0),
        say.none("FIFO violations", len(audit.said["violations"])),
        say.none("stock by layer differs from the answers", differences[0]),
        say.none("stock by age differs from first in, first out", differences[1]),
        say.row("lines/s", rate, RATE_GOAL, rate >= RATE_GOAL) if is_judged else say.told("lines/s", rate),
        say.told("CPU ms a line, server", round((end.server_s - marks[0].server_s) * 1000 / count, 3)),
        say.told("CPU ms a line, clients", round(clients_s * 1000 / count, 3)),
        *_growth(say, marks, is_judged=is_judged),
        say.told("moves", verify.said["moves"]),
        say.told("verify, CPU s", round(verify.cpu_s, 1)),
        say.told("fifo-audit, CPU s", round(audit.cpu_s, 1)),
        say.told("fifo-audit, MB", round(audit.mb)),
    ]


def _mark(lines: int, servers: Sequence[int]) -> Mark:
    at_s, server_s = time.monotonic(), cpu_s(servers)
    return Mark(lines, at_s, server_s, min(_slowness() for _ in range(3)))


def _slowness() -> float:
    """CPU seconds of the same small work: others on the machine make every second of it do less."""
    before = time.thread_time()
    json.loads(json.dumps([{"line": n, "sku": str(n), "units": [n, n + 1]} for n in range(4_000)]))
    return time.thread_time() - before


def _own_s(callers: Clients) -> float:
    mine = resource.getrusage(resource.RUSAGE_SELF)
    return cpu_s(callers.pids) + mine.ru_utime + mine.ru_stime


class _Say:
    """Rows of one engine."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def row(self, figure: str, value: Any, goal: float | None, ok: bool) -> dict[str, Any]:
        """One figure against its goal."""
        return {
            "name": f"the year: {figure} ({self._engine})", "figure": figure, "engine": self._engine, "value": value,
            "goal": goal, "ok": ok,
        }  # fmt: skip

    def none(self, figure: str, value: Any) -> dict[str, Any]:
        """A figure that must be nothing."""
        return self.row(figure, value, 0, value == 0)

    def told(self, figure: str, value: Any) -> dict[str, Any]:
        """A figure that is told, not judged."""
        return self.row(figure, value, None, True)


def _growth(say: _Say, marks: Sequence[Mark], *, is_judged: bool) -> list[dict[str, Any]]:
    """Whether a line costs more at the end than in the beginning, on a machine that may be busier by then."""
    if not is_judged or len(marks) < TENTHS:
        return []
    costs = [
        (two.server_s - one.server_s) / max(1, two.lines - one.lines) / (one.slow_s + two.slow_s)
        for one, two in pairwise(marks)
    ]
    ratio = round(costs[-1] / costs[0], 2)
    return [say.row("server CPU a line, last tenth to first", ratio, GROWTH_GOAL, ratio <= GROWTH_GOAL)]


def _tell(one: Mark, two: Mark) -> None:
    lines = max(1, two.lines - one.lines)
    print(
        f"  {two.lines:>7} lines, {lines / (two.at_s - one.at_s):6.0f} lines/s,"
        f" server {(two.server_s - one.server_s) * 1000 / lines:.3f} ms CPU a line, load {os.getloadavg()[0]:.1f},"
        f" {two.slow_s * 1000:.1f} ms for the same small work",
        file=sys.stderr, flush=True,
    )  # fmt: skip


def _print(engine: str, year: Year, callers: Clients, wall_s: float) -> None:
    """What became of every line."""
    table = Counter(year.became)
    out = [f"{engine}: {len(year.became)} lines in {wall_s:.0f} s; answers {dict(sorted(callers.answers.items()))}"]
    out += [f"  {count:>8}  {outcome or 'WITHOUT AN OUTCOME'}" for outcome, count in table.most_common()]
    out.append(f"  {sum(table.values()):>8}  lines in all")
    out += [f"  !! {words}" for words in year.broken[:BROKEN_SHOWN]]
    print("\n".join(out), file=sys.stderr, flush=True)


def main() -> int:
    """Play the year, print its table and its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="the lines as parquet, CSV or CSV.gz")
    parser.add_argument("--lines", type=int, help="only the first so many")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append", help="default: sqlite")
    parser.add_argument("--clients", type=int, default=2, help="client processes, four connections each")
    parser.add_argument("--quick", action="store_true", help="the day that ships, correctness only")
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args()
    before = os.getloadavg()
    found = rows(asked.quick, asked.engine or ["sqlite"], asked.file, asked.lines, asked.clients)
    result = {"rows": found, "ok": all(row["ok"] for row in found), "load_before": before,
              "load_after": os.getloadavg(), "cores": os.cpu_count()}  # fmt: skip
    for row in found:
        goal = "" if row["goal"] is None else f" (goal {row['goal']})"
        print(f"{'  ' if row['ok'] else '!!'} {row['name']}: {row['value']}{goal}", file=sys.stderr)
    text = json.dumps(result, indent=2) + "\n"
    if asked.json == "-":
        sys.stdout.write(text)
    elif asked.json:
        Path(asked.json).write_text(text, "utf-8")
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
