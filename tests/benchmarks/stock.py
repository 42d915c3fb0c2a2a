"""Figures of stock that is never lost or doubled: `python -m tests.benchmarks.stock --json -`.

    python -m tests.benchmarks.stock [--quick] [--engine sqlite|postgresql] [--only races|scans|…] [--json FILE]

Collects the rows of the modules beside it, each of which measures one promise (`rows(quick, engines)`). `--quick`
is the rows of correctness, in QUICK_S. Exit 1 when a row misses its goal, or when one could not be measured.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import platform
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pysqlite3

ENGINES = ("sqlite", "postgresql")
QUICK_S = 45.0

# Module beside this one → what it shows.
PARTS = {
    "races": "orders released at once on the last stock; units, asks, clients",
    "scans": "a complete pick scan: its rate, its CPU, its tail, slow disks, queued scans",
    "events": "events through the cursor",
    "verify": "verify over a million moves",
    "backup": "backup under load, restore, verify",
    "kills": "kills of workers and of the master under load",
    "year": "a whole real year through the API",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the rows of correctness only")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="default: both")
    parser.add_argument("--only", choices=sorted(PARTS), action="append", help="default: all")
    parser.add_argument("--json", metavar="FILE", help="also write the rows there; - for the output")
    asked = parser.parse_args(arguments)
    engines = [engine for engine in ENGINES if engine in (asked.engine or ENGINES)]
    before, started = os.getloadavg(), time.monotonic()
    rows: list[dict[str, Any]] = []
    for name in asked.only or PARTS:
        began = time.monotonic()
        print(f"--- {name}: {PARTS[name]}", file=sys.stderr)
        for row in measure(name, asked.quick, engines):
            rows.append({"part": name, **row})
            print(in_words(row), file=sys.stderr, flush=True)
        print(f"    ({time.monotonic() - began:.1f} s)", file=sys.stderr)
    took_s = round(time.monotonic() - started, 1)
    if asked.quick and not asked.only:
        rows.append({"part": "all", "name": "the rows of correctness together, s", "value": took_s, "goal": QUICK_S,
                     "ok": took_s <= QUICK_S})  # fmt: skip
        print(in_words(rows[-1]), file=sys.stderr)
    result = {
        "ok": all(row["ok"] for row in rows), "quick": asked.quick, "engines": engines, "took_s": took_s,
        "machine": machine(), "load_before": before, "load_after": os.getloadavg(), "rows": rows,
    }  # fmt: skip
    print(f"{'ok' if result['ok'] else 'BROKEN'}; load {before[0]:.1f} before, {result['load_after'][0]:.1f} after;"
          f" {result['machine']}", file=sys.stderr)  # fmt: skip
    text = json.dumps(result, indent=2) + "\n"
    if asked.json == "-":
        sys.stdout.write(text)
    elif asked.json:
        Path(asked.json).write_text(text, "utf-8")
    return 0 if result["ok"] else 1


def measure(name: str, quick: bool, engines: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of one part; one that is missing or falls over is a row that is not ok."""
    module = f"tests.benchmarks.stock_{name}"
    if importlib.util.find_spec(module) is None:
        return [not_measured(f"{name}: not measured, there is no {module}")]
    try:
        return list(importlib.import_module(module).rows(quick, list(engines)))
    except Exception as error:
        traceback.print_exc()
        return [not_measured(f"{name}: not measured, {type(error).__name__}: {error}")]


def not_measured(why: str) -> dict[str, Any]:
    """A figure nobody has."""
    return {"name": why, "value": None, "goal": None, "ok": False}


def in_words(row: dict[str, Any]) -> str:
    """A row as a line."""
    goal = "" if row.get("goal") is None else f" (goal {row['goal']})"
    name = row.get("name") or f"{row['figure']} ({row['engine']})"
    return f"{'  ' if row['ok'] else '!!'} {name}: {row['value']}{goal}"


def machine() -> str:
    """What the figures were taken on."""
    model = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "?"
    )
    return (
        f"{os.cpu_count()} cores ({model}), Python {platform.python_version()},"
        f" SQLite {pysqlite3.sqlite_version}, {platform.system()} {platform.release()}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
