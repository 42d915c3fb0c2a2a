"""Whether the floor names the lane that is slow: whole shifts of `floor simulate`, each with another one.

    python -m tests.benchmarks.slow_lane --slow pick=3 --slow pack=3 --slow ship=8

A real server, printers over TCP, seven people over HTTP at fifteen times life: about four minutes a shift. The input
is drawn from a seed: 120 orders of one to three of forty items.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HEADINGS = "order=order_id,sku=sku,qty=qty,ordered_at=ts"
SLOW = ("pick=3", "pack=3", "ship=8")
ORDERS, ITEMS, LINES_MAX, SEED = 120, 40, 3, 5


def write_orders(path: Path) -> None:
    """An order file of short orders."""
    dice = random.Random(SEED)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("order_id", "sku", "description", "qty", "ts", "unit_price_gbp", "customer_id", "country"))
        for order in range(ORDERS):
            for item in sorted(dice.sample(range(1, ITEMS + 1), dice.randint(1, LINES_MAX))):
                out.writerow((9000 + order, f"SKU{item:03d}", f"Thing {item}", dice.randint(1, 2),
                              f"2026-11-20 08:{order % 60:02d}:00", "1.50", order, "United Kingdom"))  # fmt: skip


def run(folder: Path, slow: str, speed: float) -> dict[str, Any]:
    """One shift; what came of it, and what the floor named."""
    report = folder / f"{slow}.json"
    subprocess.run(
        [sys.executable, "-m", "fulfillment.cli", "simulate", "--orders", str(folder / "orders.csv"), "--map",
         HEADINGS, "--workers", "7", "--speed", str(speed), "--slow-lane", slow, "--cancel", "0", "--json",
         str(report)],
        check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    found = json.loads(report.read_text("utf-8"))
    of_shift = {name: found[name] for name in ("ok", "failures", "stuck", "wall_s")}
    return {**of_shift, **found["bottleneck"]}


def main() -> int:
    """Exit 1 when a shift failed or another lane was named."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slow", action="append", metavar="LANE=TIMES", help=f"{', '.join(SLOW)} unless said")
    parser.add_argument("--speed", type=float, default=15.0, help="times life")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        write_orders(Path(home) / "orders.csv")
        found = [run(Path(home), slow, asked.speed) for slow in asked.slow or SLOW]
    print(json.dumps(found, indent=2))
    return 0 if all(one["ok"] and one["is_right"] for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
