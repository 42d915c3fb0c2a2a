"""All a shift knows, and the plumbing its parts share: threads of the crew, progress, the API.

Owns the crew's threads and what is kept over a restart. Invariant: who cannot go on is named in the report.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulators.catalogue import OpeningReceipt, Order
from simulators.client import FloorHttp, ScanStation, ServerGone, ServerRefused
from simulators.faults import ErrorLog
from simulators.report import ShiftReport, compare
from simulators.shift.options import (
    PlantHook,
    ShiftGoods,
    ShiftOptions,
    ShiftServer,
)
from simulators.warehouse import STORAGE_KINDS, FloorPlan
from simulators.workers import Bench, Floor, Pace, ShiftOver, Stuck, Surprises, Worker
from simulators.world import (
    Equipment,
    NotThere,
    World,
    supplier_place,
)
from simulators.zpl_printer import ZplPrinter

RESTARTS_MAX = 5
RESTART_S = 3.0

@dataclass(slots=True)
class _Stage:
    """What the crew may do now."""

    is_shipping: bool = False
    is_loading_all: bool = False
    is_counting: bool = False
    pick_dry_until: float = 0.0
    busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class ShiftState(ABC):
    """The floor, its people and its devices, as this run knows them."""

    def __init__(
        self,
        options: ShiftOptions,
        server: ShiftServer,
        goods: ShiftGoods,
        *,
        plant: PlantHook | None = None,
        stop: threading.Event | None = None,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.options, self.server, self.goods = options, server, goods
        self.stop = stop or threading.Event()
        self.report = ShiftReport()
        self.errors = ErrorLog()
        self.plan = FloorPlan(goods.locations)
        self.world = World({code: loc.access for code, loc in self.plan.locations.items()})
        self.gear = Equipment()
        self.surprises = Surprises()
        self.crew: list[Worker] = []
        self._posts: dict[str, str] = {}  # worker → lane, '' = wherever there is work
        self._stations: list[ScanStation] = []
        self._halt = threading.Event()  # ends the crew; `stop` is the caller's wish, this is our doing
        self._plant_hook = plant
        self._progress = progress or _to_stderr
        self._pace = Pace(options.speed, self._halt)
        self._floor = Floor(
            world=self.world,
            equipment=self.gear,
            plan=self.plan,
            items={it.sku.upper(): it for it in goods.items},
            benches={},
            surprises=self.surprises,
            pace=self._pace,
            adopt_tote=self._fill_foreign_tote,
        )
        self._benches: dict[str, Bench] = {}
        self._tote_barcodes: dict[str, str] = {}
        self._stage = _Stage()
        self._lane_locks: dict[str, threading.Lock] = {}
        self._count_lock = threading.Lock()
        self._deliveries: deque[tuple[str, str]] = deque()
        self._putaway_tries: Counter[str] = Counter()
        self._waves: list[Any] = []
        self._open_waves: list[Any] = []
        self._retired: set[str] = set()
        self._begun_at = 0.0  # when the first wave could be picked, 0 = not yet
        self._has_counted = False
        self._started = time.monotonic()
        self._told = 0.0
        self._run = (
            f"{int(time.time()) % 100_000_000:08d}"  # receipts of this run, told apart from the last one's
        )
        self._dice = random.Random(f"{options.seed}:shift")
        self._cancel_queue: list[str] = []
        self._top_ups = 0
        self._topped_up: Counter[str] = Counter()
        self._cycle = 1
        self._is_restocking = False
        self._arrivals: deque[tuple[float, Order]] = deque()
        self._printers: list[ZplPrinter] = []
        keep = options.keep_file
        self._kept: dict[str, Any] = json.loads(keep.read_text("utf-8")) if keep and keep.exists() else {}
        self._was_left = bool(self._kept)

    def _once(self, key: str, act: Callable[[], Any]) -> Any:
        """What the floor got at its first start it still has at the next one."""
        if key not in self._kept:
            self._kept[key] = act()
            if self.options.keep_file is not None:
                part = self.options.keep_file.with_suffix(".part")
                part.touch(mode=0o600)  # it holds tokens
                part.write_text(json.dumps(self._kept), "utf-8")
                part.replace(self.options.keep_file)
        return self._kept[key]

    def _done(self, milestone: str) -> None:
        """Remember that the day has come so far, unless it was stopped before."""
        if not self.stop.is_set():
            self._once(milestone, lambda: True)

    def _announce(self, receipts: Iterable[OpeningReceipt]) -> None:
        """The supplier's advice comes over the API, and the goods stand at the dock doors."""
        api = self._admin()
        for receipt in receipts:
            key = f"receipt {receipt.number}"
            if key in self._kept:
                continue  # announced before this floor was left; `_resume` looked what of it is still to come
            body = {
                "number": receipt.number,
                "received_on": receipt.received_on.isoformat(),
                "lines": [{"sku": sku, "qty_each": qty} for sku, qty in receipt.lines],
            }
            answer = self._once(key, partial(_announced, api, body))
            self._deliver(
                receipt.number, str(answer["barcode"]), receipt.received_on.isoformat(), receipt.lines
            )

    def _deliver(self, number: str, barcode: str, received_on: str, lines: Iterable[tuple[str, int]]) -> None:
        place = supplier_place(number)
        for sku, qty_each in lines:
            self.world.bring(place, self._floor.item(sku).sku, received_on, qty_each)
        self._deliveries.append((barcode, place))

    def _plant(self, moment: str) -> None:
        if self.options.plant == "lost-unit" and moment == "shipped":
            self._lose_a_unit()
        elif (
            self.options.plant == "fifo-break"
            and self._plant_hook is not None
            and self.report.planted is None
        ):
            planted = self._plant_hook(moment)
            if planted:
                self.report.planted = {"plant": "fifo-break", **planted}

    def _is_storage(self, place: str) -> bool:
        loc = self.plan.locations.get(place)
        return loc is not None and loc.kind in STORAGE_KINDS

    def _compare(self, api: FloorHttp) -> Any:
        return compare(
            self.world,
            self._stock_rows(api),
            tote_barcodes=self._tote_barcodes,
            touched_skus=self.errors.touched_skus(),
            spelling={key: item.sku for key, item in self._floor.items.items()},
        )

    def _stock_rows(self, api: FloorHttp) -> Iterator[Mapping[str, Any]]:
        after: object = None
        while True:
            page = api.get("/api/v1/stock?limit=1000" + (f"&after={quote(str(after))}" if after else ""))
            yield from page["rows"]
            after = page.get("next")
            if not after:
                return

    def _all_hands(self, act: Callable[[Worker], None]) -> None:
        threads = [self._start(worker, act) for worker in self.crew if worker.name not in self._retired]
        while any(thread.is_alive() for thread in threads):
            self._tell()
            if self.stop.wait(0.05):
                self._halt.set()
        for thread in threads:
            thread.join()

    def _start(self, worker: Worker, act: Callable[[Worker], None]) -> threading.Thread:
        def start_over(worker: Worker) -> None:
            worker.handheld.refresh()
            worker.resume()
            act(worker)

        def run() -> None:
            if self._goes_on(worker, act):
                return
            # On a floor that never closes, who could not go on collects himself and tries again.
            tries = RESTARTS_MAX if self.options.loop else 0
            while tries and not self._halt.wait(RESTART_S):
                if self._goes_on(worker, start_over):
                    return
                tries -= 1
            self._retired.add(worker.name)

        thread = threading.Thread(target=run, name=worker.name, daemon=True)
        thread.start()
        return thread

    def _goes_on(self, worker: Worker, act: Callable[[Worker], None]) -> bool:
        """Whether the worker came to the end; one who cannot go on does not stop the others, and is named."""
        try:
            act(worker)
        except ShiftOver:
            return True
        except (Stuck, ServerRefused, ServerGone, NotThere, LookupError, ValueError, TypeError) as trouble:
            said = f"{type(trouble).__name__}: {trouble}"[:1500] + _where(trouble)
            self.report.stuck.append(said)
            if not self._halt.is_set():
                self._progress(f"{worker.name} cannot go on: {said[:300]}")
            return False
        return True

    def _line(self) -> str:
        seconds = time.monotonic() - self._started
        parcels = sum(len(p) for p in self.gear.lanes.values())
        return (
            f"{seconds:6.1f} s  scans {self._scans()}"
            f"  waves {len(self._waves)} ({len(self._open_waves)} open)"
            f"  totes staged {len(self.gear.staged)}  parcels {len(self._floor.parcel_orders)}"
            f" ({parcels} in lanes)  busy {self._stage.busy}  stuck {len(self.report.stuck)}"
        )

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self._told >= 1.0:
            self._told = now
            self._progress(self._line())

    def _scans(self) -> int:
        return sum(station.tally.scans for station in self._stations)

    def _timed(self, stage: str, act: Callable[[], None]) -> None:
        if self.stop.is_set():
            return
        began = time.monotonic()
        try:
            act()
        finally:
            self.report.stage_s[stage] = round(time.monotonic() - began, 2)

    def _admin(self) -> FloorHttp:
        return FloorHttp(self.server.base_url, self.server.admin_token)

    # What one part of a shift asks of another.

    @abstractmethod
    def _lead(self) -> None: ...

    @abstractmethod
    def _let_orders_arrive(self, api: FloorHttp) -> None: ...

    @abstractmethod
    def _next_cycle(self, api: FloorHttp) -> None: ...

    @abstractmethod
    def _totes_suffice(self) -> bool: ...

    @abstractmethod
    def _fetch_totes(self, api: FloorHttp, count: int) -> None: ...

    @abstractmethod
    def _fill_foreign_tote(self, barcode: str) -> None: ...

    @abstractmethod
    def _lose_a_unit(self) -> None: ...


def _announced(api: FloorHttp, body: Mapping[str, Any]) -> dict[str, str]:
    return {"barcode": str(api.post("/api/v1/receipts", body)["barcode"])}


def _where(trouble: BaseException) -> str:
    frame = trouble.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f" [{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}]" if frame else ""


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
