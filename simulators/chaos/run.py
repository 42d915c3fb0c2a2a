"""One run from an empty folder to the report."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from simulators.chaos.bench import ChaosBench
from simulators.chaos.guns import Gun
from simulators.chaos.judgement import Judgement, journal_waits, judge
from simulators.chaos.options import ChaosOptions
from simulators.chaos.stolen_time import StolenTime
from simulators.chaos.trouble import Sizes, Trouble

_OPEN = ("queued", "claimed", "sending", "held")
_TELL_EVERY_S = 1.0
Say = Callable[[str], None]


def run(options: ChaosOptions, say: Say) -> tuple[dict[str, Any], bool]:
    """The report, and whether everything is as it has to be.

    Raises:
        NotStarted: the product did not come up.
    """
    began_s, load_before = time.monotonic(), os.getloadavg()
    with ExitStack() as stack:
        if options.folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", ignore_cleanup_errors=True)))
        else:
            folder = options.folder
            folder.mkdir(parents=True)
        bench = stack.enter_context(ChaosBench(options, folder))
        bench.build(say)
        built_s = time.monotonic()
        host = stack.enter_context(StolenTime())
        trouble = _trouble(bench, options)
        stack.callback(trouble.end)
        for worker in bench.workers:
            worker.start()
        if options.has_faults:
            trouble.start()
        _wait_for_all(bench, trouble, say)
        worked_s = time.monotonic()
        host.end()
        trouble.end()
        is_settled = _settle(bench, options.settle_s, say)
        settled_s = time.monotonic()
        say("pulling cables")
        with ThreadPoolExecutor(len(bench.agents)) as hands:  # one pair of hands a bench
            list(hands.map(Gun.replug, bench.guns))
        _settle(bench, 20.0, say)
        bench.stop_product()
        waiting = sum(journal_waits(agent.journal) for agent in bench.agents)
        say("comparing paper and tapes with the database")
        found = _judged(bench)
        if not is_settled:
            found.wrong.append(f"nothing moved for {options.settle_s:.0f} s, and not everything had come to an end")
        if waiting:
            found.wrong.append(f"{waiting} scans wait in the agents' journals")
        found.wrong += [f"{feeder.station}: {words}" for feeder in bench.feeders for words in feeder.refused[:3]]
        report = {
            "seed": options.seed, **found.told(),
            "faults": dict(sorted(_faults(bench, trouble).items())), "kills": trouble.kills,
            **(_latencies(bench, found, host) if options.rate else {}),
            "replug_to_safe_scan_ms": _percentiles([wait for gun in bench.guns for wait in gun.replug_ms]),
            "pieces_of_paper": dict(sum((printer.pieces() for printer in bench.printers.values()), Counter())),
            "scans_per_s": round(options.scans / (worked_s - built_s), 1),
            "took_s": {
                "in_all": round(time.monotonic() - began_s, 1), "setting_up": round(built_s - began_s, 1),
                "working": round(worked_s - built_s, 1), "settling": round(settled_s - worked_s, 1),
            },
            "rate": options.rate, "patience_percent": options.patience_percent,
            "labels_per_s": options.labels_per_s, "load_before": [round(one, 1) for one in load_before],
            "stolen_percent": host.percent, "load_after": [round(one, 1) for one in os.getloadavg()],
        }  # fmt: skip
        return report, found.is_right


def _trouble(bench: ChaosBench, options: ChaosOptions) -> Trouble:
    sizes = Sizes.of(options.jobs, options.scans)
    lease_s = 0.45 * options.patience_percent
    printers = list(bench.printers.values())
    return Trouble(
        options.seed, sizes, bench.floor, bench.agents, bench.lines, printers, lambda: bench.progress, lease_s
    )


def _wait_for_all(bench: ChaosBench, trouble: Trouble, say: Say) -> None:
    told_s, began_s, moved_s, last = 0.0, time.monotonic(), time.monotonic(), -1.0
    while not bench.is_finished:
        now_s, progress = time.monotonic(), bench.progress
        if progress != last:
            last, moved_s = progress, now_s
        if now_s - moved_s > 120.0:
            return  # judged all the same: what is not finished is named
        if now_s - told_s >= _TELL_EVERY_S:
            told_s = now_s
            scans, jobs = sum(gun.done for gun in bench.guns), sum(feeder.done for feeder in bench.feeders)
            say(f"{now_s - began_s:4.0f} s  {scans} scans, {jobs} labels asked for, {trouble.kills} kills")
        time.sleep(0.05)


def _settle(bench: ChaosBench, still_s: float, say: Say) -> bool:
    """Until no print is under way, no printer holds anything and the server has all scans; False when nothing moved
    for `still_s` before."""
    told_s, moved_s, last = 0.0, time.monotonic(), (0, 0)
    safe = sum(len(gun.pulls) for gun in bench.guns)
    while time.monotonic() - moved_s < still_s:
        board, taken = bench.board(), bench.taken_scans()
        counts = board["prints"]["counts"] if board else {}
        is_idle = all(printer.is_idle for printer in bench.printers.values())
        waiting = sum(counts.get(state, 0) for state in _OPEN)
        # Twice the same: what bounced comes after all that is safe.
        if board and is_idle and not waiting and taken >= safe and last == (waiting, taken):
            return True
        if last != (waiting, taken):
            last, moved_s = (waiting, taken), time.monotonic()
        if time.monotonic() - told_s >= _TELL_EVERY_S:
            told_s = time.monotonic()
            left = ", ".join(f"{counts[state]} {state}" for state in _OPEN if counts.get(state)) or "…"
            say(f"settling: {left}, {taken} scans")
        time.sleep(0.3)
    return False


def _judged(bench: ChaosBench) -> Judgement:
    paper = {code: printer.paper() for code, printer in bench.printers.items()}
    first_byte_s = {
        pallet: at_s for printer in bench.printers.values() for pallet, at_s in printer.first_byte_s.items()
    }
    jobs = sum(feeder.done for feeder in bench.feeders)
    return judge(bench.floor.database, paper, bench.guns, first_byte_s, jobs)


def _faults(bench: ChaosBench, trouble: Trouble) -> Counter[str]:
    counts = Counter(trouble.counts)
    for line in bench.lines.values():
        counts.update(line.counts)
    for gun in bench.guns:
        counts.update(gun.counts)
    return counts


def _latencies(bench: ChaosBench, found: Judgement, host: StolenTime) -> dict[str, Any]:
    """Of all scans and labels, and of those in seconds in which the machine's host kept next to nothing for itself."""
    of_guns = [gun.beeps_ms() for gun in bench.guns]
    beeps = [] if None in of_guns else [one for waits in of_guns for one in waits or ()]
    told = {"scan_to_beep_ms": beeps, "commit_to_first_byte_ms": found.first_byte_ms}
    return {name: _percentiles([ms for _, ms in waits]) for name, waits in told.items()} | {
        f"{name}_undisturbed": _percentiles([ms for at_s, ms in waits if host.is_undisturbed(at_s)])
        for name, waits in told.items()
    }


def _percentiles(values: Sequence[float]) -> dict[str, float] | None:
    """p50, p99 and the worst of milliseconds; None when nothing was measured."""
    if not values:
        return None
    ordered = sorted(values)
    return {
        "n": len(ordered), "p50": round(ordered[len(ordered) // 2], 1),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 1), "worst": round(ordered[-1], 1),
    }  # fmt: skip
