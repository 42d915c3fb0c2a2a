"""What a run is given."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

LATENCY = "latency"
CHAOS = "chaos"


@dataclass(frozen=True, slots=True)
class ChaosOptions:
    """`rate`: scans a second in all, 0 for as fast as each is acknowledged. `patience_percent`: how long printers are
    waited for, in percent of what real ones need (FLOOR_PRINTER_PATIENCE_PERCENT). `folder`: kept when it is given."""

    seed: int = 7
    jobs: int = 400
    scans: int = 4000
    rate: float = 0.0
    has_faults: bool = True
    guns_a_bench: int = 4
    patience_percent: int = 20
    labels_per_s: float = 200.0
    settle_s: float = 60.0
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.jobs < 0 or self.scans < 1 or self.rate < 0 or self.guns_a_bench < 1:
            raise ValueError("--jobs is 0 or more, --scans and --guns 1 or more, --rate 0 or more")


def read_options(arguments: list[str] | None) -> tuple[ChaosOptions, str | None]:
    """The options, and where the report goes as JSON: a file, "-" or nowhere."""
    parser = argparse.ArgumentParser(prog="python -m simulators.chaos", description="A real floor under chaos.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--jobs", type=int, default=400, help="labels to print")
    parser.add_argument("--scans", type=int, default=4000, help="triggers to pull")
    parser.add_argument("--rate", type=float, help="scans a second in all; else as fast as they are acknowledged")
    parser.add_argument("--only", choices=(CHAOS, LATENCY), default=CHAOS, help="latency: paced, without faults")
    parser.add_argument("--faults", action="store_true", help="faults in the latency row, too")
    parser.add_argument("--guns", type=int, default=4, help="scanners at each of the two benches")
    parser.add_argument("--patience", type=int, default=20, metavar="PERCENT", help="of the time real printers need")
    parser.add_argument("--labels-per-s", type=float, default=200.0, help="how fast a printer prints, 0: at once")
    parser.add_argument("--settle-s", type=float, default=60.0, help="how long nothing may move at the end")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep database, tapes and logs there")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON (- = standard output)")
    given = parser.parse_args(arguments)
    is_latency = given.only == LATENCY
    rate = given.rate if given.rate is not None else (50.0 if is_latency else 0.0)
    try:
        options = ChaosOptions(
            given.seed, given.jobs, given.scans, rate, not is_latency or given.faults, given.guns, given.patience,
            given.labels_per_s, given.settle_s, given.keep,
        )  # fmt: skip
    except ValueError as error:
        parser.error(str(error))
    return options, given.json
