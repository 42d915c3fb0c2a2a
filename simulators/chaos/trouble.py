"""What goes wrong, when: a plan drawn from the seed, in parts of the way, and carried out as the run gets there.

Owns the plan. The same seed draws the same acts in the same order at the same progress; what else is going on in that
moment is the machine's. Invariant: nothing is left broken after `end`.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from simulators.chaos.line import FaultyLine
from simulators.chaos.printers import NotingPrinter, SerialPrinter
from simulators.chaos.processes import AgentProcess, FloorProcesses

# Commands of the printers, as on their control port. What stays on is cleared after a moment.
PRINTER_FAULTS = (
    "reset_after_bytes 120", "paper_out for 0.3 s", "power_cycle", "head_open for 0.2 s", "half_open for 0.3 s",
    "paper_out_within_label 1", "ribbon_out for 0.3 s", "silent for 0.4 s", "power_cycle_within_label 1",
    "never_read for 0.3 s", "paused for 0.3 s", "drain_bytes_per_s 6000 for 0.4 s", "garbage for 0.2 s",
    "reset_after_bytes 700", "silent_in_fault for 0.6 s",
)  # fmt: skip
SERIAL_FAULTS = (
    "paper_out for 0.3 s", "power_cycle", "paper_out_within_label 1", "head_open for 0.2 s", "unplug",
    "power_cycle_within_label 1", "paused for 0.3 s", "silent for 0.4 s", "ribbon_out for 0.3 s",
)  # fmt: skip
AGENT_KILL, AGENT_LEASE = "kill -9 agent", "agent frozen past its leases"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How often what happens in a run."""

    agent_kills: int
    web_worker_kills: int
    web_master_kills: int
    outbox_kills: int
    cuts: int
    lost_answers: int
    doubled: int
    leases: int
    printer_faults: int

    @classmethod
    def of(cls, jobs: int, scans: int) -> Sizes:
        """A kill of whoever prints leaves the label in hand to a person, so there is one in 400 labels."""
        return cls(
            agent_kills=max(1, jobs // 600), web_worker_kills=max(1, scans // 5000),
            web_master_kills=max(1, scans // 50_000), outbox_kills=max(1, jobs // 1000), cuts=max(2, scans // 2000),
            lost_answers=max(4, scans // 500), doubled=max(6, scans // 300), leases=jobs // 2500,
            printer_faults=max(6, jobs // 25) if jobs else 0,
        )  # fmt: skip


class Trouble:
    """start(), then it happens as `progress()` goes from 0 to 1. `counts`: kinds of what was done, and how often."""

    def __init__(
        self,
        seed: int,
        sizes: Sizes,
        floor: FloorProcesses,
        agents: Sequence[AgentProcess],
        lines: Mapping[str, FaultyLine],
        printers: Sequence[NotingPrinter],
        progress: Callable[[], float],
        lease_s: float,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._chance = random.Random(f"{seed}:trouble")
        self._floor, self._agents, self._lines, self._printers = floor, agents, lines, printers
        self._progress, self._lease_s = progress, lease_s
        self._stop = threading.Event()
        self._plans = [self._plan_of_processes(sizes), *self._plans_of_printers(sizes)]
        self._threads = [threading.Thread(target=self._follow, args=(plan,), daemon=True) for plan in self._plans]

    @property
    def kills(self) -> int:
        return sum(count for kind, count in self.counts.items() if kind.startswith("kill"))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Everything whole again; what the plan still held is not done any more."""
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        for line in self._lines.values():
            line.lost = line.doubled = 0
            line.mend()
        for printer in self._printers:
            printer.stop_timers()
            printer.clear_faults()
            if isinstance(printer, SerialPrinter):
                printer.line.plug()

    def _plan_of_processes(self, sizes: Sizes) -> list[tuple[float, Callable[[], None]]]:
        acts: list[Callable[[], None]] = []
        for number in range(sizes.agent_kills):
            acts.append(self._agent_killer(self._agents[number % len(self._agents)]))
        for number in range(sizes.leases):
            acts.append(self._freezer(self._agents[number % len(self._agents)]))
        for what, times in (
            ("web worker", sizes.web_worker_kills), ("web master", sizes.web_master_kills),
            ("outbox", sizes.outbox_kills),
        ):  # fmt: skip
            acts += [self._floor_killer(what)] * times
        lines = list(self._lines.values())
        acts += [self._cutter(self._chance.choice(lines)) for _ in range(sizes.cuts)]
        acts += [self._liar(self._chance.choice(lines), "lost") for _ in range(sizes.lost_answers)]
        acts += [self._liar(self._chance.choice(lines), "doubled") for _ in range(sizes.doubled)]
        return sorted(((self._chance.uniform(0.02, 0.93), act) for act in acts), key=lambda one: one[0])

    def _plans_of_printers(self, sizes: Sizes) -> list[list[tuple[float, Callable[[], None]]]]:
        plans = []
        for number, printer in enumerate(self._printers):
            known = SERIAL_FAULTS if isinstance(printer, SerialPrinter) else PRINTER_FAULTS
            times = -(-sizes.printer_faults // len(self._printers))
            first = self._chance.randrange(len(known)) + number
            acts = [self._breaker(printer, known[(first + turn) % len(known)]) for turn in range(times)]
            plans.append(
                sorted(((self._chance.uniform(0.02, 0.95), act) for act in acts), key=lambda one: one[0])
            )
        return plans

    def _follow(self, plan: list[tuple[float, Callable[[], None]]]) -> None:
        for at, act in plan:
            while self._progress() < at:
                if self._stop.wait(0.01):
                    return
            act()

    # -- acts

    def _agent_killer(self, agent: AgentProcess) -> Callable[[], None]:
        def act() -> None:
            agent.kill()
            self.counts[AGENT_KILL] += 1
            self._stop.wait(self._chance.choice((0.0, 0.0, 0.3)))
            agent.start(self._lines[agent.code].address)

        return act

    def _freezer(self, agent: AgentProcess) -> Callable[[], None]:
        def thaw() -> None:
            self._stop.wait(self._lease_s + 1.0)
            agent.thaw()

        def act() -> None:
            agent.freeze()
            self.counts[AGENT_LEASE] += 1
            thawing = threading.Thread(target=thaw, daemon=True)
            self._threads.append(thawing)
            thawing.start()

        return act

    def _floor_killer(self, what: str) -> Callable[[], None]:
        def act() -> None:
            deadline = time.monotonic() + 10.0
            while not self._floor.kill(what) and time.monotonic() < deadline:
                if self._stop.wait(0.05):  # it is starting again after the last kill
                    return
            self.counts[f"kill -9 {what}"] += 1

        return act

    def _cutter(self, line: FaultyLine) -> Callable[[], None]:
        def act() -> None:
            line.cut()
            self._stop.wait(self._chance.uniform(0.05, 0.6))
            line.mend()

        return act

    def _liar(self, line: FaultyLine, how: str) -> Callable[[], None]:
        def act() -> None:
            setattr(line, how, getattr(line, how) + 1)

        return act

    def _breaker(self, printer: NotingPrinter, command: str) -> Callable[[], None]:
        def act() -> None:
            self.counts[f"printer {command.split()[0]}"] += 1
            if command == "unplug" and isinstance(printer, SerialPrinter):
                printer.line.unplug()
                self._stop.wait(0.3)
                printer.line.plug()
                return
            if command.startswith("silent_in_fault"):
                printer.command("head_open for 0.4 s")
            printer.command(command)
            if command.startswith("paper_out_within"):
                # Somebody comes with a new roll once the label is spoilt.
                deadline = time.monotonic() + 3.0
                while not printer.has_fault("paper_out") and time.monotonic() < deadline:
                    if self._stop.wait(0.05):
                        return
                self._stop.wait(0.2)
                printer.set_fault("paper_out_within_label", 0)
                printer.set_fault("paper_out", False)

        return act
