"""A whole shift on the simulated floor, over HTTP from the first badge to the last audit.

Owns the crew, the devices, the order of the day (receive, put away, release, pick, pack, load, count,
release what came back) and the judgement at the end. It decides no rule of stock: the server does, and the
world keeps count. Invariant: the report is `ok` only if every shippable order left, the ledger verifies,
the world and the database agree and every label read back names its parcel.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulators import label_reader
from simulators.catalogue import CatalogueItem, OpeningReceipt, Order, OrderBook, opening_stock, units_needed
from simulators.client import FloorHttp, ScanStation, ServerGone, ServerRefused
from simulators.faults import ErrorLog, ErrorRates, Fallibility
from simulators.receipt_printer import ReceiptPrinter
from simulators.report import ShiftReport, add_tallies, compare
from simulators.warehouse import STORAGE_KINDS, FloorLocation, FloorPlan
from simulators.worker import Bench, Floor, Pace, ShiftOver, Stuck, Surprises, Worker
from simulators.world import (
    ASIDE,
    LOST,
    Equipment,
    LabelTray,
    NotThere,
    StagedTote,
    World,
    box_place,
    parcel_place,
    supplier_place,
    tote_place,
)
from simulators.zpl_printer import ZplPrinter

PLANTS = ("fifo-break", "lost-unit")
LOAD_AT_PARCELS = 25
PUTAWAY_TRIES = 3
TOP_UPS_MAX = 4
RESTARTS_MAX = 5
RESTART_S = 3.0
QUIET_S = 0.4
WATCH_S = 0.3
RELEASE_S = 8.0  # the demo gathers orders this long before it releases what has come
TOTES_PATIENCE_S = 3.0  # with all totes full or on carts, nobody can start a walk: fetch some from the store
TOTES_MAX = 5000
COUNTRY_CODES = {
    "United Kingdom": "GB", "France": "FR", "Germany": "DE", "EIRE": "IE", "Cyprus": "CY", "Belgium": "BE",
    "Spain": "ES", "Italy": "IT", "Denmark": "DK", "Switzerland": "CH", "Norway": "NO", "Austria": "AT",
    "Japan": "JP", "Australia": "AU", "Finland": "FI", "Portugal": "PT", "Sweden": "SE", "Netherlands": "NL",
    "Malta": "MT", "Channel Islands": "JE", "Czech Republic": "CZ", "Poland": "PL", "Hong Kong": "HK",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShiftServer:
    """Where the floor server answers, and the token that may set a floor up."""

    base_url: str
    admin_token: str


@dataclass(frozen=True, slots=True)
class ShiftGoods:
    """What the warehouse is and deals in. Items and locations must be known to the server already."""

    items: tuple[CatalogueItem, ...]
    locations: tuple[FloorLocation, ...]
    book: OrderBook
    receipts: tuple[OpeningReceipt, ...] = ()


@dataclass(frozen=True, slots=True)
class ShiftOptions:
    tape_dir: Path
    workers: int = 8
    seed: int = 7
    speed: float | None = None  # times life speed; None is --fast: no walking and handling time
    rates: ErrorRates = field(default_factory=ErrorRates)
    plant: str | None = None
    totes: int = 600
    positions_a_cart: int = 8
    orders_a_wave: int = 40
    waves_ahead: int = 2
    cancelled_orders: int = 0  # customers who change their mind while their goods are being picked
    stall_s: float = 90.0
    read_labels: bool = True
    read_processes: int = 2
    loop: bool = False  # the demo: when the day is done, its orders come again
    hurry_opening: bool = False  # opening stock without handling time: who looks in wants to see orders move
    # A floor that is left and entered again (the demo): its equipment and tokens are kept in this file, and
    # if the file is there the world starts as the database says.
    keep_file: Path | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ValueError("a shift needs at least one worker")
        if self.plant not in (None, *PLANTS):
            raise ValueError(f"--plant {self.plant}: one of {', '.join(PLANTS)}")


PlantHook = Callable[[str], Mapping[str, Any] | None]


def run_shift(
    options: ShiftOptions,
    server: ShiftServer,
    goods: ShiftGoods,
    *,
    import_orders: Callable[[], None] | None = None,
    plant: PlantHook | None = None,
    stop: threading.Event | None = None,
    progress: Callable[[str], None] | None = None,
) -> ShiftReport:
    """Run the day to its end and judge it.

    `import_orders` is called once the opening stock lies in its bins; without it the orders are taken as
    imported. `plant` is for faults that need the database: it is called with "stocked", "released" and
    "shipped" when the shift has come so far, and returns what it planted (with its `sku`), or None.
    """
    shift = Shift(options, server, goods, plant=plant, stop=stop, progress=progress)
    with contextlib.ExitStack() as devices:
        shift.set_up(devices)
        return shift.run(import_orders)


@dataclass(slots=True)
class _Stage:
    """What the crew may do now."""

    is_shipping: bool = False
    is_loading_all: bool = False
    is_counting: bool = False
    pick_dry_until: float = 0.0
    busy: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class Shift:
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

    # --- setting up ----------------------------------------------------------------------------------------

    def set_up(self, devices: contextlib.ExitStack) -> None:
        """People, stations, totes, carts and printers, all through the API; the devices start to listen."""
        docks = self.plan.codes("dock")
        stations = self.plan.codes("station")
        if not docks or not stations:
            raise ValueError("the locations have no dock or no bench (kind station)")
        self._equip(self._admin())
        for place in stations[: max(1, self.options.workers)]:
            self._open_bench(devices, place)
        self._floor.benches = self._benches
        self.gear.benches.extend(self._benches)
        for n in range(1, self.options.workers + 1):
            self._hire(n, docks[(n - 1) % len(docks)])

    def _equip(self, api: FloorHttp) -> None:
        self._fetch_totes(api, self.options.totes)
        body = {"count": self.options.workers, "positions": self.options.positions_a_cart}
        carts = self._once("carts", lambda: api.post("/api/v1/carts", body))
        self.gear.carts.extend(str(c["barcode"]) for c in _listed(carts, "carts"))

    def _fetch_totes(self, api: FloorHttp, count: int) -> None:
        """New totes from the store, numbered by the floor; at a second start all that were ever fetched."""
        known = [key for key in self._kept if key.startswith("totes ")]
        new = f"totes {len(known) + 1}"
        if not known or self._tote_barcodes:
            self._once(new, lambda: api.post("/api/v1/totes", {"count": count}))
            known = [new]
        for key in known:
            fetched = {str(t["code"]): str(t["barcode"]) for t in _listed(self._kept[key], "totes")}
            self._tote_barcodes |= fetched
            self.gear.empty_totes.extend(fetched.values())

    def _open_bench(self, devices: contextlib.ExitStack, place: str) -> None:
        tape, slips = self.options.tape_dir / f"labels-{place}", self.options.tape_dir / f"slips-{place}"
        tray = LabelTray(tape)
        labels = devices.enter_context(ZplPrinter(tape, self._kept_port(f"printer ZPL-{place}")))
        receipts = devices.enter_context(ReceiptPrinter(slips, self._kept_port(f"printer SLIP-{place}")))
        self._printers.append(labels)
        api = self._admin()
        for code, device, language in (
            (f"ZPL-{place}", labels, "zpl"),
            (f"SLIP-{place}", receipts, "escpos"),
        ):
            body = {"code": code, "address": device.address, "language": language, "dpi": 203}
            self._once(f"printer {code}", partial(api.post, "/api/v1/printers", body))
        token = self._station(
            {"code": f"PACK-{place}", "kind": "bench", "name": f"Bench {place}", "location": place}
            | {"label_printer": f"ZPL-{place}", "slip_printer": f"SLIP-{place}"}
        )
        errs = Fallibility(self.options.rates, self.options.seed, place, self.errors)
        station = ScanStation(
            self.server.base_url, f"PACK-{place}", token, mishap=errs.mishap, stop=self._halt
        )
        self._stations.append(station)
        self._benches[place] = Bench(station, tray, place)

    def _hire(self, n: int, dock: str) -> None:
        name = f"W{n}"
        body = {"badge": str(9000 + n), "name": f"Simulated {n}", "role": "supervisor"}
        operator = self._once(f"operator {n}", lambda: self._admin().post("/api/v1/operators", body))
        token = self._station(
            {"code": f"SIM-{n}", "kind": "handheld", "name": f"Handheld {n}", "location": dock}
            | {"label_printer": None, "slip_printer": f"SLIP-{next(iter(self._benches))}"}
        )
        errs = Fallibility(self.options.rates, self.options.seed, name, self.errors)
        station = ScanStation(self.server.base_url, f"SIM-{n}", token, mishap=errs.mishap, stop=self._halt)
        self._stations.append(station)
        self.crew.append(Worker(name, str(operator["barcode"]), station, dock, self._floor, errs))

    def _station(self, body: Mapping[str, Any]) -> str:
        made = self._once(f"station {body['code']}", lambda: self._admin().post("/api/v1/stations", body))
        return str(made["token"])

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

    def _kept_port(self, key: str) -> int:
        """The port a printer was registered with, or 0 for a free one."""
        return int(str(self._kept[key]["address"]).rpartition(":")[2]) if key in self._kept else 0

    # --- the day -------------------------------------------------------------------------------------------

    def run(self, import_orders: Callable[[], None] | None) -> ShiftReport:
        self._started = time.monotonic()
        try:
            if self._was_left:
                self._timed("resume", self._resume)
            if "stocked" not in self._kept:
                self._announce(self.goods.receipts)
            with self._pace.hurry() if self.options.hurry_opening else contextlib.nullcontext():
                self._timed("receive", lambda: self._all_hands(self._receive_all))
                self._timed("putaway", lambda: self._all_hands(self._put_away_all))
            self._done("stocked")
            self._plant("stocked")
            if import_orders is not None and "imported" not in self._kept:
                self._timed("import", import_orders)
            self._done("imported")
            self._choose_cancellations()
            self._timed("ship", self._ship)
            self._plant("shipped")
            self._find_lost_unit()
        finally:
            self._halt.set()
        if not self.options.loop:
            self._timed("audit", self._judge)
        self.report.wall_s = round(time.monotonic() - self._started, 2)
        return self.report

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

    def _receive_all(self, worker: Worker) -> None:
        while True:
            try:
                barcode, place = self._deliveries.popleft()
            except IndexError:
                return
            worker.receive(barcode, place)

    def _put_away_all(self, worker: Worker) -> None:
        while self._put_away_one(worker):
            pass

    def _put_away_one(self, worker: Worker) -> bool:
        sku = self.gear.take_sku_at_dock(worker.dock)
        if sku is None:
            return False
        if not worker.put_away(sku):
            self._putaway_tries[sku] += 1
            if self._putaway_tries[sku] < PUTAWAY_TRIES:
                with self.gear.lock:
                    self.gear.docks[worker.dock].append(sku)
            else:
                self.surprises.note(f"{sku} cannot be put away from {worker.dock}")
        return True

    def _ship(self) -> None:
        """The crew works by itself; this thread is the lead: releases, watches, decides when it is over."""
        self._stage.is_shipping = True
        threads = [
            self._start(worker, self._work) for worker in self.crew if worker.name not in self._retired
        ]
        try:
            self._lead()
        finally:
            self._stage.is_shipping = False
            if self.stop.is_set():
                self._halt.set()
            for thread in threads:
                thread.join()

    def _work(self, worker: Worker) -> None:
        while self._stage.is_shipping and not self._halt.is_set():
            with self._stage.lock:
                job = self._next_job(worker)
                self._stage.busy += job is not None
            if job is None:
                self._halt.wait(self._pace.idle_s)
                continue
            try:
                job()
            finally:
                with self._stage.lock:
                    self._stage.busy -= 1

    def _next_job(self, worker: Worker) -> Callable[[], None] | None:
        gear, stage = self.gear, self._stage
        if stage.is_counting:
            return (lambda: self._count_round(worker)) if self._count_lock.acquire(blocking=False) else None
        if gear.to_put_back:
            tote = gear.to_put_back.popleft()
            return lambda: _ignore(worker.put_back(tote))
        if gear.benches and (tote_due := self._tote_for_bench()) is not None:
            bench = self._benches[gear.benches.popleft()]
            bench.order = tote_due.order  # spoken for: its other totes come to this bench
            return lambda: self._at_bench(worker, bench, tote_due)
        if (lane := self._lane_to_load()) is not None:
            return lambda: self._at_lane(worker, lane)
        if (
            gear.carts
            and (self._open_waves or self._was_left)  # walks of an earlier run may still wait
            and self._totes_suffice()
            and time.monotonic() >= stage.pick_dry_until
        ):
            return lambda: self._on_tour(worker)
        if self._deliveries:
            barcode, place = self._deliveries.popleft()
            return lambda: worker.receive(barcode, place)
        if gear.docks.get(worker.dock):
            return lambda: _ignore(self._put_away_one(worker))
        return None

    def _totes_suffice(self) -> bool:
        return len(self.gear.empty_totes) >= self.options.positions_a_cart

    def _at_bench(self, worker: Worker, bench: Bench, tote: StagedTote) -> None:
        try:
            while worker.pack(bench, tote):
                if self._halt.is_set():
                    return
                following = self._tote_for_bench()
                if following is None:
                    return
                tote, bench.order = following, following.order
        finally:
            bench.order = ""
            if bench.station.step.at == "pack.tote" or self._halt.is_set():
                self.gear.benches.append(bench.place)
            self._stage.pick_dry_until = 0.0

    def _tote_for_bench(self) -> StagedTote | None:
        packed_now = {bench.order for bench in self._benches.values() if bench.order}
        return self.gear.take_staged(elsewhere=packed_now)

    def _on_tour(self, worker: Worker) -> None:
        if worker.pick_tour():
            self.gear.stir_staged()
        else:
            self._stage.pick_dry_until = time.monotonic() + (0.5 if self.options.speed is None else 2.0)

    def _lane_to_load(self) -> str | None:
        least = 1 if self._stage.is_loading_all else LOAD_AT_PARCELS
        for lane, parcels in self.gear.lanes.items():
            if len(parcels) >= least and not self._lane_locks.setdefault(lane, threading.Lock()).locked():
                self._lane_locks[lane].acquire()
                return lane
        return None

    def _at_lane(self, worker: Worker, lane: str) -> None:
        try:
            worker.load(lane)
        finally:
            self._lane_locks[lane].release()

    # --- the lead ------------------------------------------------------------------------------------------

    def _lead(self) -> None:
        api = self._admin()
        quiet_since: float | None = None
        watch_at, release_at, starved_since = 0.0, 0.0, time.monotonic()
        last_acts, last_change = -1, time.monotonic()
        has_more = True
        while not self.stop.is_set() and len(self._retired) < len(self.crew):
            now = time.monotonic()
            self._tell()
            if self.world.acts != last_acts:  # scans alone are no progress: people can ask in vain all day
                last_acts, last_change = self.world.acts, now
            if now >= watch_at:  # a wave is long; asking for it all the time would keep scans waiting
                self._watch_waves(api)
                watch_at = time.monotonic() + WATCH_S
            self._let_orders_arrive(api)
            if self.options.loop and now >= release_at:
                has_more, release_at = True, now + RELEASE_S  # orders have come in meanwhile
            if has_more and len(self._open_waves) < self.options.waves_ahead:
                has_more = self._release(api)
            if self._totes_suffice():
                starved_since = now
            elif now - starved_since > TOTES_PATIENCE_S and len(self._tote_barcodes) < TOTES_MAX:
                starved_since = now
                self._fetch_totes(api, 50)
            is_quiet = self._is_quiet()
            quiet_since = (quiet_since or now) if is_quiet else None
            if quiet_since and now - quiet_since > QUIET_S:
                quiet_since = None
                has_more = self._when_quiet(api)
                if not has_more:
                    return
            if now - last_change > self.options.stall_s and not self.options.loop:
                self.report.failures.append(f"nothing moved for {self.options.stall_s:.0f} s: {self._line()}")
                self._halt.set()
                return
            self.stop.wait(0.05 if self.options.speed is None else 0.2)

    def _release(self, api: FloorHttp) -> bool:
        try:
            wave = api.post("/api/v1/waves", {"max_orders": self.options.orders_a_wave})
        except ServerRefused as refused:
            if refused.status in (404, 409, 422):
                return False  # nothing that could be released
            raise
        if not int(wave.get("orders") or 0):
            return False
        self._waves.append(wave["wave"])
        self._open_waves.append(wave["wave"])
        if len(self._waves) == 1:
            self._plant("released")
        return True

    def _watch_waves(self, api: FloorHttp) -> None:
        for wave in list(self._open_waves):
            state = api.get(f"/api/v1/waves/{wave}")["state"]
            if state == "planning":
                continue
            self._stage.pick_dry_until = min(self._stage.pick_dry_until, time.monotonic() + 0.05)
            if state == "done":
                self._open_waves.remove(wave)
            elif self._cancel_queue:
                self._cancel(api, self._cancel_queue.pop())

    def _cancel(self, api: FloorHttp, number: str) -> None:
        try:
            api.post(f"/api/v1/orders/{quote(number)}/cancel", {})
        except ServerRefused as refused:
            if refused.status not in (404, 409):
                raise
            return  # too late: it is in its box, or it was never taken in
        self.errors.note("order_cancelled", "customer", detail=number)

    def _is_quiet(self) -> bool:
        stage, gear = self._stage, self.gear
        has_goods_in = bool(self._deliveries) or any(gear.docks.values())
        return not (stage.busy or self._open_waves or gear.staged_due() or stage.is_counting or has_goods_in)

    def _when_quiet(self, api: FloorHttp) -> bool:
        """Nobody has anything to do. Whether that is because something was left undone."""
        stage = self._stage
        if self.gear.wake_staged():
            return True
        if any(self.gear.lanes.values()) and not stage.is_loading_all:
            stage.is_loading_all = True
            return True
        stage.is_loading_all = False
        if not self._has_counted:
            # Bins are counted when nobody has units of them in hand: a count beside a picker finds ghosts.
            self._has_counted = stage.is_counting = True
            return True
        self._has_counted = False
        if self._release(api) or self._top_up(api):
            return True
        if self.options.loop:
            self._next_cycle(api)
            return True
        return False

    def _count_round(self, worker: Worker) -> None:
        try:
            for bench in self._benches.values():
                worker.close_carton(bench)
            while worker.return_aside():
                pass
            while worker.count_open():
                self.report.counts_done += 1
            for location in list(self.gear.to_count):
                self.report.counts_done += worker.count(location)
                self.gear.to_count.pop(location, None)
            self.gear.stir_staged()
        finally:
            self._stage.is_counting = False
            self._count_lock.release()

    def _top_up(self, api: FloorHttp) -> bool:
        """Orders wait for what was lost or damaged: the buyer gets it again, once a unit."""
        gone = Counter({pile.sku: 0 for pile in self.world.look(LOST)})
        for pile in (*self.world.look(LOST), *self.world.look(ASIDE)):
            gone[pile.sku] += pile.qty_each
        wanted = gone - self._topped_up
        if not wanted or self._top_ups >= TOP_UPS_MAX or not self._unshipped(api):
            return False
        self._top_ups += 1
        self._topped_up += wanted
        self.report.top_up_units += wanted.total()
        today = datetime.now(UTC).date()
        self._announce(
            [OpeningReceipt(f"TOPUP-{self._run}-{self._top_ups}", today, tuple(sorted(wanted.items())))]
        )
        return True

    def _unshipped(self, api: FloorHttp) -> bool:
        lanes = api.get("/api/v1/board")["lanes"]
        return any(_number_of(lanes.get(lane)) for lane in ("waiting", "allocated", "short", "picked"))

    # --- the demo's endless day ----------------------------------------------------------------------------

    def _next_cycle(self, api: FloorHttp) -> None:
        """The day is done: its orders come again, under new numbers, at the times of day they came at."""
        if self._arrivals or self._is_restocking:
            return
        self._cycle += 1
        for truck in self.world.places(where=lambda place: place.startswith("truck:")):
            self.world.carry_away(truck)
        tag = f"{self._run}{self._cycle:02d}"
        needed = units_needed(self.goods.book, self.goods.items)
        receipts = opening_stock(
            needed, seed=self.options.seed + self._cycle, today=datetime.now(UTC).date(), surplus=0.0
        )
        self._announce(
            OpeningReceipt(f"NEXT-{tag}-{r.number.removeprefix('OPEN-')}", r.received_on, r.lines)
            for r in receipts
        )
        self._is_restocking = True
        if self.options.hurry_opening:
            self._pace.speed = None

    def _begin_day(self) -> None:
        """The goods lie in their bins: now the customers come."""
        self._is_restocking = False
        self._pace.speed = self.options.speed
        tag = f"{self._run}{self._cycle:02d}"
        orders = sorted(self.goods.book.orders, key=lambda order: order.ordered_at)
        first = _moment(orders[0].ordered_at) if orders else datetime.now(UTC)
        started, speed = time.monotonic(), self.options.speed or 3600.0
        self._arrivals.extend(
            (
                started + (_moment(order.ordered_at) - first).total_seconds() / speed,
                Order(f"{order.number}-{tag}", order.ordered_at, order.country, order.lines),
            )
            for order in orders
        )

    def _let_orders_arrive(self, api: FloorHttp) -> None:
        if self._is_restocking and not (
            self._deliveries or any(self.gear.docks.values()) or self._stage.busy
        ):
            self._begin_day()
        while self._arrivals and self._arrivals[0][0] <= time.monotonic():
            api.post("/api/v1/orders", order_body(self._arrivals.popleft()[1], datetime.now(UTC)))

    def _resume(self) -> None:
        """A floor that was left and is entered again: it is taken to be as the database says."""
        api = self._admin()
        self._adopt_stock()
        for key in [key for key in self._kept if key.startswith("receipt ")]:
            receipt = api.get(f"/api/v1/receipts/{quote(key.removeprefix('receipt '))}")
            to_come = [
                (str(line["sku"]), int(line["expected_each"]) - int(line["received_each"]))
                for line in receipt["lines"]
                if int(line["expected_each"]) > int(line["received_each"])
            ]
            if receipt["state"] == "open" and to_come:
                self._deliver(
                    str(receipt["number"]), str(receipt["barcode"]), str(receipt["received_on"])[:10], to_come
                )
        self._all_hands(Worker.resume)

    def _adopt_stock(self) -> None:
        for row in self._stock_rows(self._admin()):
            location, lpn = str(row["location"]), str(row.get("lpn") or "")
            place = location
            if row.get("kind") == "virtual":
                continue
            if lpn in self._tote_barcodes:
                place = tote_place(self._tote_barcodes[lpn])
                self._adopt_tote(self._tote_barcodes[lpn], str(row.get("kind")))
            elif lpn not in ("", "0"):
                number = lpn if len(lpn) == 20 else f"00{lpn}"
                in_lane = row.get("kind") == "ship_lane"
                place = parcel_place(number) if in_lane else self._box_of(location, number)
                if in_lane and number not in self.gear.lanes.setdefault(location, []):
                    self.gear.lanes[location].append(number)
            sku = self._floor.item(str(row["sku"])).sku
            self.world.bring(place, sku, str(row["received_on"])[:10], int(row["on_hand_each"]))
            if row.get("kind") == "dock" and sku not in self.gear.docks.setdefault(location, deque()):
                self.gear.docks[location].append(sku)

    def _fill_foreign_tote(self, barcode: str) -> None:
        """A tote of somebody who is no part of this world (a visitor at the demo) comes to a bench.

        What is in it was taken from the bins without this world's knowledge: it is taken from there now.
        """
        if barcode in self._tote_barcodes.values() or self.world.count(tote_place(barcode)):
            return
        code = barcode[2:-2]
        for row in self._stock_rows(self._admin()):
            if row.get("lpn") != code:
                continue
            sku, wanted = self._floor.item(str(row["sku"])).sku, int(row["on_hand_each"])
            for place in filter(self._is_storage, self.world.places_of(sku)):
                taken = min(wanted, self.world.count(place, sku))
                if taken:
                    self.world.move(place, tote_place(barcode), sku, taken)
                    wanted -= taken

    def _box_of(self, bench: str, parcel: str) -> str:
        described = self._admin().get(f"/api/v1/parcels/{parcel.removeprefix('00')}")
        return box_place(bench, str(described["order"]))

    def _adopt_tote(self, barcode: str, kind: str) -> None:
        with contextlib.suppress(ValueError):
            self.gear.empty_totes.remove(barcode)
        if kind in ("staging", "station") and all(tote.barcode != barcode for tote in self.gear.staged):
            self.gear.staged.append(StagedTote(barcode))

    # --- planted faults, and the end -----------------------------------------------------------------------

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

    def _lose_a_unit(self) -> None:
        """One unit is gone from a bin nobody works at any more."""
        bins = sorted(p for p in self.world.places(where=self._is_storage) if p in self.gear.signs)
        if not bins:
            self.report.failures.append("lost-unit: no bin with stock left to lose a unit from")
            return
        place = self._dice.choice(bins)
        pile = self._dice.choice(self.world.look(place))
        self.world.lose(place, pile.sku, 1, pile.received_on)
        self.report.planted = {"plant": "lost-unit", "location": place, "sku": pile.sku}

    def _find_lost_unit(self) -> None:
        """A wall-to-wall count, by the count flow, must find the unit; before, the books disagree."""
        planted = self.report.planted
        if self.options.plant != "lost-unit" or planted is None:
            return
        before = {(d.place, d.sku) for d in self._compare(self._admin()).differences}
        locations = deque(
            sorted(p for p in self.world.places(where=self._is_storage) if p in self.gear.signs)
        )

        def count_all(worker: Worker) -> None:
            while locations:
                with contextlib.suppress(IndexError):
                    self.report.counts_done += worker.count(locations.popleft())

        self._timed("wall_to_wall", lambda: self._all_hands(count_all))
        self.errors.note("lost_unit", "plant", place=str(planted["location"]), sku=str(planted["sku"]))
        after = {(d.place, d.sku) for d in self._compare(self._admin()).differences}
        where = (planted["location"], planted["sku"])
        self.report.planted_found = where in before and where not in after

    def _is_storage(self, place: str) -> bool:
        loc = self.plan.locations.get(place)
        return loc is not None and loc.kind in STORAGE_KINDS

    def _judge(self) -> None:
        api = self._admin()
        report = self.report
        report.waves = len(self._waves)
        add_tallies(report, (station.tally for station in self._stations))
        shipping_s = sum(report.stage_s.get(k, 0.0) for k in ("receive", "putaway", "ship"))
        report.scans_per_s = round(report.scans / shipping_s, 1) if shipping_s else 0.0
        report.walked_dm = sum(worker.walked_dm for worker in self.crew)
        report.errors_injected = dict(self.errors.by_kind())
        report.surprises = list(self.surprises.entries)
        self._add_walks(api)
        self._add_orders(api)
        self._add_audits(api)
        self._add_labels()
        self._find_failures()

    def _add_walks(self, api: FloorHttp) -> None:
        for wave in self._waves:
            for tour in api.get(f"/api/v1/waves/{wave}")["tours"]:
                self.report.walk_dm += int(tour.get("distance_dm") or 0)
                self.report.walk_s_shape_dm += int(tour.get("s_shape_dm") or 0)
                self.report.walk_location_order_dm += int(tour.get("location_order_dm") or 0)

    def _add_orders(self, api: FloorHttp) -> None:
        """What each customer was owed against what is really on the trucks."""
        delivered = self._delivered()
        services = {it.sku for it in self.goods.items if it.is_service}
        report = self.report
        for order in self.goods.book.orders:
            try:
                state = str(api.get(f"/api/v1/orders/{quote(order.number)}")["state"])
            except ServerRefused as refused:
                if refused.status != 404:
                    raise
                continue
            lines = [line for line in order.lines if line.sku not in services]
            units_each = sum(line.qty_each for line in lines)
            report.orders_imported += 1
            report.lines_imported += len(lines)
            report.units_imported += units_each
            got = delivered.pop(order.number, Counter())
            if state in ("hold", "cancelled") or not lines:
                report.deliveries_wrong += bool(got)
                continue
            self._add_shippable(order, lines, state, got)
        report.deliveries_wrong += len(delivered)

    def _add_shippable(self, order: Order, lines: Sequence[Any], state: str, got: Counter[str]) -> None:
        report = self.report
        owed: Counter[str] = Counter()
        for line in lines:
            owed[line.sku] += line.qty_each
        report.orders_shippable += 1
        report.lines_shippable += len(lines)
        report.units_shippable += owed.total()
        left = got.copy()
        for line in lines:
            served = min(left[line.sku], line.qty_each)
            left[line.sku] -= served
            report.units_shipped += served
            report.lines_shipped += served == line.qty_each
        is_whole = got == owed
        if state == "shipped" and is_whole:
            report.orders_shipped += 1
        else:
            report.orders_short += 1
        report.deliveries_wrong += (state == "shipped") != is_whole or bool(got - owed)
        report.lines_short = report.lines_shippable - report.lines_shipped
        report.units_short = report.units_shippable - report.units_shipped

    def _delivered(self) -> dict[str, Counter[str]]:
        delivered: dict[str, Counter[str]] = {}
        for place in self.world.places(where=lambda p: p.startswith("truck:")):
            parcel = place.rsplit(":", 1)[1]
            order = self._floor.parcel_orders.get(parcel, "?")
            for pile in self.world.look(place):
                delivered.setdefault(order, Counter())[pile.sku] += pile.qty_each
        return delivered

    def _add_audits(self, api: FloorHttp) -> None:
        report = self.report
        audit = api.get("/api/v1/fifo-audit")
        report.fifo_violations = _number_of(audit.get("violations"))
        found = audit.get("violations")
        report.fifo_found = found[:20] if isinstance(found, list) else []
        verified = api.get("/api/v1/ledger/verify")
        report.verify_ok = bool(verified["ok"])
        report.verify_found = [str(check) for check in verified.get("checks", ()) if not check["ok"]]
        self.world.check()
        compared = self._compare(api)
        differences = compared.differences
        report.world_differences = len(differences)
        report.dates_explained = compared.dates_explained
        report.differences = [
            {"place": d.place, "sku": d.sku, "received_on": d.received_on}
            | {"world_each": d.world_each, "database_each": d.database_each}
            | {"errors": [f"{e.kind} {e.place} {e.detail}" for e in self.errors.entries if e.sku == d.sku]}
            for d in differences[:100]
        ]
        if self.options.plant == "fifo-break":
            report.planted_found = report.planted is not None and report.fifo_violations > 0

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

    def _add_labels(self) -> None:
        """Every label that came out, rendered and decoded, must name a parcel it was stuck on, and back."""
        report = self.report
        parcels = set(self._floor.parcel_orders)
        report.parcels = len(parcels)
        report.labels_sent = sum(len(printer.jobs) for printer in self._printers)
        if not self.options.read_labels or not label_reader.can_read():
            return
        paths = [job.path for printer in self._printers for job in printer.jobs]
        reads = label_reader.read_labels(sorted(paths), self.options.read_processes)
        decoded: set[str] = set()
        report.labels_decoded = 0
        for read in reads or ():
            ssccs = {
                digits for text in read.texts if len(digits := _digits(text)) == 20 and digits[:2] == "00"
            }
            report.labels_decoded += len(ssccs) == 1
            decoded |= ssccs
        report.label_mismatches = len(parcels ^ decoded)

    def _find_failures(self) -> None:
        report = self.report
        checks = (
            (report.orders_short > 0, f"{report.orders_short} shippable orders did not ship whole"),
            (not report.verify_ok, "the ledger does not verify"),
            (
                report.world_differences > 0,
                f"{report.world_differences} unexplained differences to the world",
            ),
            (report.deliveries_wrong > 0, f"{report.deliveries_wrong} customers got the wrong goods"),
            (report.fifo_violations > 0 and self.options.plant != "fifo-break", "FIFO was violated"),
            (bool(report.replay_mismatches), "a replayed scan had another outcome"),
            (bool(report.stuck), "a worker could not go on"),
            (report.planted_found is False, "the planted fault was not found"),
            (self.options.plant is not None and report.planted is None, "nothing was planted"),
            (report.label_mismatches > 0, f"{report.label_mismatches} labels and parcels do not pair"),
            (
                report.labels_decoded is not None and report.labels_decoded != report.labels_sent,
                "not every label could be read back",
            ),
        )
        report.failures += [text for is_failed, text in checks if is_failed]
        report.ok = not report.failures

    # --- plumbing ------------------------------------------------------------------------------------------

    def _choose_cancellations(self) -> None:
        numbers = sorted(order.number for order in self.goods.book.orders)
        self._cancel_queue = self._dice.sample(numbers, min(self.options.cancelled_orders, len(numbers)))

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


def order_body(order: Order, ordered_at: datetime) -> dict[str, Any]:
    """An order as a channel would post it. The file names no person, so neither does this address."""
    return {
        "number": order.number,
        "channel": "demo",
        "policy": "ship_partial",
        "ordered_at": ordered_at.isoformat(timespec="seconds"),
        "ship_to": {
            "name": f"Customer of {order.number}",
            "address1": "1 Sample Street",
            "city": "Sampletown",
            "postcode": "00000",
            "country": COUNTRY_CODES.get(order.country, "GB"),
        },
        "lines": [
            {
                "sku": line.sku,
                "qty_each": line.qty_each,
                "unit_price_minor": line.price_minor,
                "currency": "GBP",
                "name": line.name,
            }
            for line in order.lines
        ],
    }


def _announced(api: FloorHttp, body: Mapping[str, Any]) -> dict[str, str]:
    return {"barcode": str(api.post("/api/v1/receipts", body)["barcode"])}


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _listed(answer: Any, key: str) -> list[Mapping[str, Any]]:
    return list(answer[key] if isinstance(answer, Mapping) else answer)


def _number_of(found: object) -> int:
    return found if isinstance(found, int) else len(found) if isinstance(found, list) else 0


def _digits(text: str) -> str:
    return "".join(c for c in text.removeprefix("]C1") if c.isdigit())


def _where(trouble: BaseException) -> str:
    frame = trouble.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f" [{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}]" if frame else ""


def _ignore(_: object) -> None:
    return None


def _to_stderr(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
