"""Every fault at every statement: `python -m tests.benchmarks.fail_grid [--engine E] [--fault F] [--json FILE]`.

The tests give each statement one of the machine's faults and kill at a sample; this gives each statement all of them.
A row says how many statements there are, how many were broken, and what was wrong afterwards.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.settings import Settings
from tests.faults.a_day import live_a_day
from tests.faults.breaking import Found, break_day, first_of_each_shape
from tests.faults.dying import kill_day
from tests.faults.recorded import Act, Recording, StandingClock
from tests.faults.wires import Fault, Wire, tap_postgresql, tap_sqlite

FAULTS = {
    "sqlite": tuple(Fault),
    "postgresql": (Fault.EXCEPTION, Fault.LOST, Fault.KILLED, Fault.ANSWER_LOST),  # the rest is SQLite's own
}

Reopen = Callable[[], tuple[Floor, StandingClock, Wire]]


def rows(quick: bool, engines: Sequence[str], faults: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """A row for each engine and fault; `quick` breaks one act in eight."""
    found = []
    for engine in engines:
        with _floors(engine) as fresh:
            day = _live(fresh())
            asked = set(sorted(first_of_each_shape(day))[:: 8 if quick else 1])
            for fault in FAULTS[engine]:
                if faults and fault not in faults:
                    continue
                began = time.perf_counter()
                one = _break(fresh(), day, asked, fault)
                found.append({
                    "figure": f"{fault} at every statement of {len(asked)} transactions: books not made whole",
                    "engine": engine, "value": len(one.wrong), "goal": 0, "statements": one.statements,
                    "tried": one.tried, "took_s": round(time.perf_counter() - began, 1), "wrong": one.wrong[:5],
                    "ok": not one.wrong and one.tried + one.spent == one.statements,
                })  # fmt: skip
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the rows; exit 1 when one is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one transaction in eight")
    parser.add_argument("--engine", action="append", choices=tuple(FAULTS))
    parser.add_argument("--fault", action="append", choices=tuple(Fault))
    parser.add_argument("--json", metavar="FILE")
    asked = parser.parse_args(arguments)
    found = rows(asked.quick, asked.engine or list(FAULTS), asked.fault)
    for row in found:
        print(f"{'ok ' if row['ok'] else 'BAD'} {row['engine']:10} {row['figure']}: {row['value']}"
              f" ({row['tried']} of {row['statements']} statements, {row['took_s']} s)")  # fmt: skip
        for words in row["wrong"]:
            print(f"      {words}")
    if asked.json:
        text = json.dumps(found, indent=1)
        sys.stdout.write(text + "\n") if asked.json == "-" else Path(asked.json).write_text(text, "utf-8")
    return 0 if all(row["ok"] for row in found) else 1


def _break(reopen: Reopen, day: Sequence[Act], asked: set[int], fault: Fault) -> Found:
    def places(number: int) -> Collection[int]:
        return range(1, len(day[number].statements) + 1) if number in asked else ()

    if fault == Fault.KILLED:
        return kill_day(reopen, day, places)
    floor, clock, wire = reopen()
    try:
        return break_day(floor, clock, wire, day, (fault,), places)
    finally:
        floor.close()


def _live(reopen: Reopen) -> Sequence[Act]:
    floor, clock, wire = reopen()
    recording = Recording(floor, clock, wire.heard)
    live_a_day(recording)
    floor.close()
    return recording.acts


@contextlib.contextmanager
def _floors(engine: str) -> Iterator[Callable[[], Reopen]]:
    """Empty floors at the newest schema, as many as asked for; each is told by how it is opened."""
    numbers = itertools.count(1)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="grid-")))
        if engine == "postgresql":
            from tests.postgresql import PostgresServer

            server = PostgresServer()
            stack.callback(server.stop)

        def fresh() -> Reopen:
            name = f"floor_{next(numbers)}"
            home = folder / name
            home.mkdir()
            url = f"sqlite:///{home / 'floor.sqlite'}" if engine == "sqlite" else server.create(name)
            settings = Settings(home, url)
            migrate(settings)

            def reopen() -> tuple[Floor, StandingClock, Wire]:
                clock, wire = StandingClock(), Wire()
                floor = open_floor(settings, clock=clock)
                if engine == "sqlite":
                    tap_sqlite(floor.engine, wire)
                else:
                    tap_postgresql(floor.engine, wire, server.dsn(name))
                return floor, clock, wire

            return reopen

        yield fresh


if __name__ == "__main__":
    raise SystemExit(main())
