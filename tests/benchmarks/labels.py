"""Labels by the thousand through the print oracle: whatever is filled in, what was meant is read.

    python -m tests.benchmarks.labels --count 10000 [--processes 2] [--seed 1] [--json FILE]

Each label: a template, its fields and a resolution at random (tests/labels/strategies.py: long, foreign and hostile
texts, codes of every printable character, lots of every character GS1 allows), rendered, sent over TCP to a simulated
printer, drawn from the bytes that arrived, decoded, measured. Prints how many a second, and every failure with the
fields that make it; exit 1 on any. The rate is this machine's, with whatever else runs on it.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from fulfillment.commands.labels import Oracle, oracle_open
from simulators.label_reader import MISSING_EXTRA, can_read
from tests.labels.strategies import labels

# A fresh pair of printers after so many: they remember every job.
_BATCH = 250


def judged(job: tuple[int, int]) -> tuple[Counter[str], list[dict[str, Any]]]:
    """So many labels from one seed: how many of each template, and what was wrong with which."""
    count, seed_number = job
    seen: Counter[str] = Counter()
    failures: list[dict[str, Any]] = []
    with oracle_open() as oracle:
        _run(oracle, count, seed_number, seen, failures)
    return seen, failures


def _run(
    oracle: Oracle, count: int, seed_number: int, seen: Counter[str], failures: list[dict[str, Any]]
) -> None:  # fmt: skip
    @seed(seed_number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(label=labels())
    def judge(label: tuple[str, dict[str, Any], int]) -> None:
        template, fields, dpi = label
        seen[f"{template} {dpi}"] += 1
        try:
            faults = oracle.judge(template, fields, dpi)
        except Exception as error:
            faults = [f"{type(error).__name__}: {error}"]
        if faults:
            failures.append({"template": template, "dpi": dpi, "fields": fields, "faults": faults})

    judge()


def jobs(count: int, first_seed: int) -> list[tuple[int, int]]:
    """The count in batches, a seed each."""
    sizes = [min(_BATCH, count - at) for at in range(0, count, _BATCH)]
    return [(size, first_seed * 100_000 + number) for number, size in enumerate(sizes)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.labels", description=__doc__.split("\n")[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the report as JSON")
    options = parser.parse_args(arguments)
    if not can_read():
        print(MISSING_EXTRA, file=sys.stderr)
        return 3
    load, began_s = os.getloadavg()[0], time.monotonic()
    seen: Counter[str] = Counter()
    failures: list[dict[str, Any]] = []
    with multiprocessing.get_context("spawn").Pool(options.processes) as pool:
        for counted, failed in pool.imap_unordered(judged, jobs(options.count, options.seed)):
            seen += counted
            failures += failed
    elapsed_s = time.monotonic() - began_s
    total = sum(seen.values())
    for name, count in sorted(seen.items()):
        print(f"{name:20} {count:6}")
    for failure in failures:
        print("FAULT", json.dumps(failure, ensure_ascii=False))
    print(
        f"{total} labels of {len(seen)} kinds in {elapsed_s:.1f} s, {total / elapsed_s:.1f} a second with"
        f" {options.processes} processes (load before: {load:.1f}), {len(failures)} not as they should be"
    )
    if options.json:
        report = {
            "labels": total, "seen": seen, "elapsed_s": round(elapsed_s, 1), "processes": options.processes,
            "seed": options.seed, "load_before": load, "failures": failures,
        }  # fmt: skip
        options.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return 1 if failures or total < options.count else 0


if __name__ == "__main__":
    sys.exit(main())
