"""Figures of whole simulated days: `python -m tests.benchmarks.day --json -`.

Runs `floor simulate --fast` on two hours, a day, or a week of the busy real week (`--week FILE`, the file
uci_online_retail_week_2011-11-14.csv.gz) or, without it, on the smaller day that ships with the project.
Times are those of one run on this machine with its load printed beside them; nothing here is a test.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SHIPPED_DAY = ROOT / "simulators" / "data" / "uci_online_retail_day.csv"
HEADINGS = "order=order_id,sku=sku,qty=qty,ordered_at=ts"

# name → (which rows of the week, wall goal in seconds)
CUTS: dict[str, tuple[Callable[[str], bool], float | None]] = {
    "two hours": (lambda ts: ts[:13] in ("2011-11-14 11", "2011-11-14 12"), 40.0),
    "day": (lambda ts: ts[:10] == "2011-11-14", 300.0),
    "week": (lambda ts: True, None),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--week", type=Path, help="uci_online_retail_week_2011-11-14.csv.gz")
    parser.add_argument("--cut", choices=sorted(CUTS), action="append", help="default: two hours and day")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", default="-", metavar="FILE")
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        if asked.week is None:
            rows += measure("shipped day", SHIPPED_DAY, None, asked.workers, asked.seed, Path(folder))
        else:
            for name in asked.cut or ["two hours", "day"]:
                keep, goal = CUTS[name]
                orders = cut(asked.week, Path(folder) / f"{name}.csv", keep)
                rows += measure(name, orders, goal, asked.workers, asked.seed, Path(folder))
    result = {"rows": rows, "ok": all(row["ok"] for row in rows), "load": os.getloadavg(), "cores": os.cpu_count()}
    text = json.dumps(result, indent=2) + "\n"
    if asked.json == "-":
        sys.stdout.write(text)
    else:
        Path(asked.json).write_text(text, "utf-8")
    return 0 if result["ok"] else 1


def cut(week: Path, target: Path, keep: Callable[[str], bool]) -> Path:
    """The rows of a part of the week, as a file of their own."""
    with gzip.open(week, "rt", encoding="utf-8", newline="") as source, target.open("w", newline="") as part:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(part, reader.fieldnames or [])
        writer.writeheader()
        writer.writerows(row for row in reader if keep(row["ts"]))
    return target


def measure(
    name: str, orders: Path, wall_goal_s: float | None, workers: int, seed: int, folder: Path
) -> list[dict[str, Any]]:
    """One simulated run and its figures against their goals."""
    report_file = folder / "report.json"
    started = time.monotonic()
    run = subprocess.run(
        [sys.executable, "-m", "fulfillment.cli", "simulate", "--orders", str(orders), "--map", HEADINGS, "--fast",
         "--workers", str(workers), "--seed", str(seed), "--json", str(report_file)],
        check=False, stdout=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    whole_s = time.monotonic() - started
    report = json.loads(report_file.read_text("utf-8"))
    rows = [
        row(f"{name}: exit code", run.returncode, 0, run.returncode == 0),
        row(f"{name}: shippable orders not shipped", report["orders_shippable"] - report["orders_shipped"], 0),
        row(f"{name}: world differences", report["world_differences"], 0),
        row(f"{name}: FIFO violations", report["fifo_violations"], 0),
        row(f"{name}: labels unread or wrong", report["labels_sent"] - (report["labels_decoded"] or 0), 0),
        row(f"{name}: scan p95 ms", report["scan_ms_p95"], 100.0),
        row(f"{name}: orders import s", report["stage_s"].get("import"), 30.0),
        row(f"{name}: wall s (command, with start and reading labels back)", round(whole_s, 1), wall_goal_s),
    ]
    for figure in ("scans", "scans_per_s", "parcels", "scan_ms_p50", "scan_ms_p99", "walk_dm", "walk_s_shape_dm",
                   "walk_location_order_dm", "walk_fifo_s_shape_dm", "tours", "tours_proven",
                   "tours_planned_again"):  # fmt: skip
        rows.append(row(f"{name}: {figure}", report[figure], None))
    return rows


def row(name: str, value: Any, goal: float | None, ok: bool | None = None) -> dict[str, Any]:
    """One line of a benchmark; without a goal it is told, not judged."""
    if ok is None:
        ok = goal is None or (value is not None and value <= goal)
    return {"name": name, "value": value, "goal": goal, "ok": ok}


if __name__ == "__main__":
    sys.exit(main())
