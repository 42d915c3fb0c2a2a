"""A small warehouse of two benches: founded by the product's own commands, furnished over HTTP, as a person would.

    bench A   guns, a label printer on TCP, one on a serial line        both behind agent BENCH-A
    bench B   guns, a label printer on TCP                              behind agent BENCH-B
    desk      two label printers that the server's outbox worker calls itself

Owns everything that has to be closed again. Each printer has a dock station that begins pallets; the guns of a bench
receive goods at a station of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulators.chaos.feeders import BLIND, LPN, RECEIVE, Feeder, scan
from simulators.chaos.guns import GTIN, Gun
from simulators.chaos.line import FaultyLine
from simulators.chaos.options import ChaosOptions
from simulators.chaos.printers import NotingPrinter, SerialPrinter
from simulators.chaos.processes import READY_S, AgentProcess, FloorProcesses, wait_until
from simulators.client import FloorHttp, ServerRefused

BENCHES = ("BENCH-A", "BENCH-B")
_AGENT_PRINTERS = {"AGENT-TCP-1": "BENCH-A", "AGENT-SERIAL": "BENCH-A", "AGENT-TCP-2": "BENCH-B"}
_OWN_PRINTERS = ("SERVER-TCP-1", "SERVER-TCP-2")


class ChaosBench:
    """Everything of a run. `printers`, `feeders` by the printer's code; `guns` in their order."""

    def __init__(self, options: ChaosOptions, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.floor = FloorProcesses(folder / "floor", options.patience_percent)
        self.printers: dict[str, NotingPrinter] = {}
        self.agents: list[AgentProcess] = []
        self.lines: dict[str, FaultyLine] = {}
        self.guns: list[Gun] = []
        self.feeders: list[Feeder] = []
        self._stack = ExitStack()
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for worker in self.workers:
            worker.stop()
        self.stop_product()
        self._stack.close()

    def build(self, say: Callable[[str], None]) -> None:
        """Found the floor, start everything, sign everybody in.

        Raises:
            NotStarted: something of the product did not come up.
        """
        self.floor.home.mkdir(parents=True)
        self._make_printers()
        self._make_guns()
        items, locations = self.folder / "items.csv", self.folder / "locations.csv"
        items.write_text(f"sku,name,barcodes\nMUG,Mug,each:{GTIN.removeprefix('0')}\n", "utf-8")
        locations.write_text("code,kind,access\nDOCK-1,dock,any\n", "utf-8")
        say("founding the warehouse")
        self.floor.do(["init"])
        self.floor.start()
        self.floor.do(["import", "items", str(items)], ["import", "locations", str(locations)])
        self.floor.await_ready()
        admin = self.floor.admin()
        badge = admin.post("/api/v1/operators", {"badge": "1001", "name": "R", "role": "receiver"})["barcode"]
        stations = {bench: self._station(admin, f"GOODS-{bench}", badge, None) for bench in BENCHES}
        say("adding the benches' agents")
        for code in BENCHES:
            self._make_agent(code)
        self.floor.do(
            *(
                ["agent", "add", agent.code, "--station", f"GOODS-{agent.code}", "--token-file", str(agent.token_file)]
                for agent in self.agents
            )
        )
        for agent in self.agents:
            agent.start(self.lines[agent.code].address if self.options.has_faults else self.floor.address)
        for code in _OWN_PRINTERS:
            body = {"code": code, "address": self.printers[code].address, "language": "zpl"}
            admin.post("/api/v1/printers", body)
        say("waiting for the devices")
        wait_until(lambda: self._are_ready(admin), READY_S, "not all devices are ready")
        for code in self.printers:
            stations[code] = self._station(admin, f"PALLETS-{code}", badge, code)
        admin.close()
        self._make_feeders(stations)

    def stop_product(self) -> None:
        for agent in self.agents:
            agent.ask_to_stop()
        for agent in self.agents:
            agent.stop()
        self.floor.stop()

    @property
    def workers(self) -> list[Gun | Feeder]:
        """Whoever pulls triggers or asks for labels."""
        return [*self.guns, *self.feeders]

    @property
    def progress(self) -> float:
        """How much of what is to be done is done, 0 to 1."""
        total = self.options.scans + self.options.jobs
        return (sum(gun.done for gun in self.guns) + sum(feeder.done for feeder in self.feeders)) / total

    @property
    def is_finished(self) -> bool:
        return all(worker.is_finished for worker in self.workers)

    def board(self) -> Mapping[str, Any]:
        """What the board says; empty when nobody answers just now."""
        try:
            admin = self.floor.admin()
            try:
                board: Mapping[str, Any] = admin.get("/api/v1/board")
                return board
            finally:
                admin.close()
        except (OSError, ServerRefused, ValueError):
            return {}

    def taken_scans(self) -> int:
        """How many scans of the agents' journals the server has."""
        try:
            admin = self.floor.admin()
            try:
                return sum(int(one["last_event"]) for one in admin.get("/api/v1/devices")["agents"])
            finally:
                admin.close()
        except (OSError, ServerRefused, ValueError):
            return -1

    def _make_printers(self) -> None:
        for number, code in enumerate((*_AGENT_PRINTERS, *_OWN_PRINTERS)):
            tape, speed = self.folder / "tapes" / code, self.options.labels_per_s
            seed = self.options.seed + number
            printer = (
                SerialPrinter(tape, seed, speed, self.folder / "ports" / code)
                if "SERIAL" in code
                else NotingPrinter(tape, seed, speed)
            )
            self.printers[code] = self._stack.enter_context(printer)

    def _make_guns(self) -> None:
        count = self.options.guns_a_bench * len(BENCHES)
        interval_s = count / self.options.rate if self.options.rate else 0.0
        for number in range(count):
            quota = self.options.scans // count + (number < self.options.scans % count)
            link = self.folder / "ports" / f"gun-{number:02d}"
            gun = Gun(number, link, quota, self.options.seed, interval_s, self.options.has_faults)
            self._stack.enter_context(gun.device)
            self.guns.append(gun)

    def _make_agent(self, code: str) -> None:
        devices = [
            {"code": gun.code, "kind": "scanner", "address": gun.device.address}
            for gun in self.guns
            if BENCHES[gun.number % len(BENCHES)] == code
        ]
        devices += [
            {"code": printer, "kind": "printer", "address": self.printers[printer].address, "language": "zpl"}
            for printer, bench in _AGENT_PRINTERS.items()
            if bench == code
        ]
        self.agents.append(AgentProcess(code, self.folder / code, devices))
        self.lines[code] = self._stack.enter_context(FaultyLine(("127.0.0.1", self.floor.port)))

    def _make_feeders(self, stations: Mapping[str, FloorHttp]) -> None:
        for number, code in enumerate(self.printers):
            quota = self.options.jobs // len(self.printers) + (number < self.options.jobs % len(self.printers))
            # One after the other: five labels at the same moment would measure how they wait for one another.
            lag = number / len(self.printers)
            may = lambda asked, quota=quota, lag=lag: asked + lag < quota * self._share_of_scans() + 0.01  # noqa: E731
            self.feeders.append(Feeder(f"PALLETS-{code}", stations[code], LPN, quota, may))
        for bench in BENCHES:
            stations[bench].close()

    def _share_of_scans(self) -> float:
        return sum(gun.done for gun in self.guns) / self.options.scans

    def _station(self, admin: FloorHttp, code: str, badge: str, printer: str | None) -> FloorHttp:
        body = {"code": code, "kind": "dock", "location": "DOCK-1", "label_printer": printer}
        token = admin.post("/api/v1/stations", body)["token"]
        client = FloorHttp(self.floor.address, token, timeout_s=20.0)
        for number, word in enumerate((badge, RECEIVE, BLIND)):
            outcome = scan(client, code, f"{code}-sign-in-{number}", word, self._stop)
            if outcome != "applied":
                raise RuntimeError(f"{code}: {word} was {outcome}")
        return client

    def _are_ready(self, admin: FloorHttp) -> bool:
        devices = admin.get("/api/v1/devices")["devices"]
        ready = {one["code"] for one in devices if one["state"] in ("ready", "degraded")}
        return ready >= {*self.printers, *(gun.code for gun in self.guns)}
