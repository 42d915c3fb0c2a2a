"""Many steps of the floor on which anything may happen: `python -m tests.benchmarks.any_stock --steps 50000`.

Prints how many steps were taken, after each of which every invariant was checked, and how many broke. A step is
one rule of `tests.services.any_stock`; each may be up to 25 scans.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from fulfillment.bootstrap import Floor, migrate, open_floor
from fulfillment.settings import Settings
from tests.services.any_stock import AnyStock

STEPS_A_DAY = 50
PHASES = (Phase.generate, Phase.shrink)


def play(first_seed: int, steps: int, shrinks: bool) -> tuple[int, int, Counter[str], Counter[str], str]:
    """Days of STEPS_A_DAY steps until `steps` are taken: steps, scans, their outcomes, what happened, what broke."""
    home = Path(tempfile.mkdtemp(prefix="any_stock"))
    migrate(Settings(home, f"sqlite:///{home / 'floor.sqlite'}"))
    migrated = (home / "floor.sqlite").read_bytes()
    days = itertools.count(1)

    def open_empty(clock: Callable[[], int]) -> Floor:
        own = home / f"day-{next(days)}"
        own.mkdir()
        (own / "floor.sqlite").write_bytes(migrated)
        return open_floor(Settings(own, f"sqlite:///{own / 'floor.sqlite'}"), clock=clock)

    number = first_seed
    while AnyStock.steps < steps:
        machine = seed(number)(lambda: AnyStock(open_empty))
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=40, stateful_step_count=STEPS_A_DAY, deadline=None, database=None,
                    phases=PHASES if shrinks else PHASES[:1], suppress_health_check=list(HealthCheck), print_blob=False,
                ),
            )  # fmt: skip
        except Exception:
            return (
                AnyStock.steps,
                AnyStock.scans,
                AnyStock.outcomes,
                AnyStock.happened,
                f"seed {number}\n{traceback.format_exc()[-6000:]}",
            )
        number += 1
    return AnyStock.steps, AnyStock.scans, AnyStock.outcomes, AnyStock.happened, ""


def main() -> None:
    """Play on two processes and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shrink", action="store_true", help="make what broke as short as can be; takes minutes")
    wanted = parser.parse_args()
    started = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(wanted.processes) as pool:
        parts = pool.starmap(
            play,
            [
                (wanted.seed + 100_000 * n, wanted.steps // wanted.processes, wanted.shrink)
                for n in range(wanted.processes)
            ],
        )
    broken = [words for *_, words in parts if words]
    outcomes: Counter[str] = sum((part[2] for part in parts), Counter())
    print(f"steps {sum(part[0] for part in parts)}, scans {sum(part[1] for part in parts)}, broken {len(broken)},"
          f" {time.monotonic() - started:.0f} s, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    happened: Counter[str] = sum((part[3] for part in parts), Counter())
    print("what happened: " + ", ".join(f"{what} {n}" for what, n in happened.most_common()))
    print("outcomes of scans: " + ", ".join(f"{code} {n}" for code, n in outcomes.most_common()))
    for words in broken:
        print(words)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
