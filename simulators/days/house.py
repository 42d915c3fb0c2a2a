"""The building, its people and its clock, and how acts are tried.

Owns the crew, the stations and the way to the floor's API. A person who cannot go on is named in the report and
the day goes on without that act; a wish the floor refuses a program ends the run.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulators.days.figures import DaysReport
from simulators.days.goods import DaysItem
from simulators.days.ports import RECOUNT_ABOVE_EACH, DaysOptions, Ports, Refused
from simulators.days.station import PortStation, ScreenTray
from simulators.days.stream import DayOrder, Stream
from simulators.faults import ErrorLog, ErrorRates, Fallibility
from simulators.warehouse import STORAGE_KINDS, FloorLocation, FloorPlan
from simulators.workers import Bench, Floor, Pace, Stuck, Surprises, Worker
from simulators.world import (
    Equipment,
    NotThere,
    Pile,
    World,
)

FIRST_DAY = date(2026, 3, 2)  # thirty days from here go over the clock change of 29 March
SCAN_S = 2  # what the clock of the days goes on by with every scan
TOTES, CARTS, POSITIONS = 300, 4, 6
BENCH, DOCK, QUARANTINE = "BENCH-1", "DOCK-1", "QUAR-1"


class DayWorker(Worker):
    """A worker in a day without clocks and colleagues: nobody is waited for."""

    def _fetch_staged(self, tote: str) -> None:
        self._gear.take_staged(tote)

    def offers(self, command: str) -> bool:
        """Whether the floor's menu has this work at all."""
        self._sign_in(self.handheld, "")
        self.go_home()
        return self._can(self.handheld.step, command)


class House:
    """The building, its people and its clock, as one run has them."""

    def __init__(
        self, options: DaysOptions, ports: Ports, items: Sequence[DaysItem], locations: Sequence[FloorLocation],
        signs: Mapping[str, str], progress: Callable[[str], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.options, self.ports, self.progress = options, ports, progress
        self.items = {item.sku: item for item in items}
        self.plan = FloorPlan(locations)
        self.storage = tuple(loc.code for loc in locations if loc.kind in STORAGE_KINDS)
        self.world = World({code: loc.access for code, loc in self.plan.locations.items()})
        self.gear = Equipment()
        self.gear.signs.update({code: signs[code] for code in self.plan.locations})
        self.errors = ErrorLog()
        self.report = DaysReport(
            days=options.days, seed=options.seed, counts=options.counts, errors=options.rates != ErrorRates.none()
        )
        self.surprises = Surprises()
        self.stream = Stream(items, options.seed, FIRST_DAY, options.orders_a_day, options.rates, self.errors)
        self.dice = random.Random(f"{options.seed}:days")
        self.today = FIRST_DAY
        self.now = datetime.combine(FIRST_DAY, datetime.min.time(), UTC)
        self.crew: list[DayWorker] = []
        self.orders: dict[str, DayOrder] = {}
        self.stations: list[PortStation] = []
        self._sold: dict[str, list[Pile]] = {}
        self._comes_back: dict[str, int] = {}  # order → the day its customer sends something of it back
        self._last_count = 0
        self._offers: dict[str, bool] = {}

    def _set_up(self) -> None:
        self._at(FIRST_DAY - timedelta(days=30), 6)
        pace = Pace(None, threading.Event())
        floor = Floor(
            self.world, self.gear, self.plan, {sku.upper(): item.printed for sku, item in self.items.items()}, {},
            self.surprises, pace,
        )  # fmt: skip
        self.floor = floor
        totes = self._must("POST", "/api/v1/totes", {"count": TOTES})["totes"]
        carts = self._must("POST", "/api/v1/carts", {"count": CARTS, "positions": POSITIONS})["carts"]
        self.gear.empty_totes.extend(str(tote["barcode"]) for tote in totes)
        self.gear.carts.extend(str(cart["barcode"]) for cart in carts)
        thresholds = {"recount_above_each": RECOUNT_ABOVE_EACH, "approve_above_each": None}
        self._must("PUT", "/api/v1/counts/policy", thresholds)
        self._give_classes()
        self._give_faces()
        for code, language in (("LABELS", "zpl"), ("SLIPS", "escpos")):
            body = {"code": code, "address": "tcp://127.0.0.1:9", "language": language, "dpi": 203}
            self._must("POST", "/api/v1/printers", body)
        station = self._station("PACK-1", "bench", BENCH, self._fallibility("bench"))
        floor.benches = {BENCH: Bench(station, ScreenTray(station), BENCH)}  # type: ignore[arg-type]
        for n in range(1, 5):
            name = f"W{n}"
            body = {"badge": str(9000 + n), "name": f"Simulated {n}", "role": "supervisor"}
            badge = self._must("POST", "/api/v1/operators", body)["barcode"]
            floor.supervisor_badge = str(badge)
            errs = self._fallibility(name)
            handheld = self._station(f"SIM-{n}", "handheld", DOCK, errs)
            self.crew.append(DayWorker(name, str(badge), handheld, DOCK, floor, errs))  # type: ignore[arg-type]

    def _give_classes(self) -> None:
        """A fifth of the items sells fast, three tenths sell well."""
        for rank, item in enumerate(self.items.values()):
            share = rank / len(self.items)
            body: dict[str, Any] = {"velocity": "A" if share < 0.2 else "B" if share < 0.5 else "C"}
            if item.tolerance_days:
                body["tolerance_days"] = item.tolerance_days
            self._must("PUT", f"/api/v1/items/{quote(item.sku)}/policy", body)

    def _give_faces(self) -> None:
        """The fast sellers have a flow rack of their own, refilled from the reserve."""
        racks = [code for code in self.storage if self.plan.locations[code].kind == "flow_rack"]
        sellers = [item for item in self.items.values() if item.kind != "serial"]
        for rack, item in zip(racks, sellers, strict=False):
            daily = self.stream.daily_each(item.sku)
            room = self.plan.locations[rack].capacity_ml // item.printed.volume_ml
            most = max(2, min(round(daily * 4), room))
            body = {"sku": item.sku, "min_each": min(round(daily * 1.5), most - 1), "max_each": most}
            status, answer = self._call("PUT", f"/api/v1/pick-faces/{rack}", body)
            if status >= 400:
                self._miss(f"pick faces ({status} {str(answer)[:200]})")
                return

    def _fallibility(self, who: str) -> Fallibility:
        return Fallibility(self.options.rates, self.options.seed, who, self.errors)

    def _station(self, code: str, kind: str, place: str, errs: Fallibility) -> PortStation:
        body = {
            "code": code, "kind": kind, "location": place, "name": code, "label_printer": "LABELS",
            "slip_printer": "SLIPS",
        }  # fmt: skip
        self._must("POST", "/api/v1/stations", body)
        station = PortStation(code, self.ports.scan, self.ports.show, self._tick, mishap=errs.mishap)
        self.stations.append(station)
        return station

    def _tick(self) -> int:
        self.now += timedelta(seconds=SCAN_S)
        self.ports.set_time(self.now)
        return int(self.now.timestamp() * 1000)

    def _at(self, day: date, hour: int) -> None:
        """The clock goes on to this hour; never back."""
        self.today = day
        self.now = max(self.now, datetime(day.year, day.month, day.day, hour, tzinfo=UTC))
        if self.now.date() > day and not self.crew:
            self.now = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
        self.ports.set_time(self.now)

    def _try(self, act: Callable[[], Any]) -> Any:
        """Do it; who cannot go on is named, lays the handheld down where it is safe, and the day goes on."""
        try:
            return act()
        except (Stuck, NotThere, Refused, LookupError, ValueError, TypeError) as trouble:
            self.report.stuck.append(f"{self.today} {type(trouble).__name__}: {trouble}"[:1500] + _where(trouble))
            self.progress(self.report.stuck[-1][:700])
            if len(self.report.stuck) > 40:
                raise Refused("too many people cannot go on") from trouble
            for worker in self.crew:
                worker.handheld.refresh()
            return None

    def _can(self, command: str) -> bool:
        """Whether the floor offers this work; if not, it is said once, loudly."""
        if command not in self._offers:
            self._offers[command] = self.crew[0].offers(command)
            if not self._offers[command]:
                self.report.missing.append(command)
        return self._offers[command]

    def _miss(self, what: str) -> None:
        if what not in self.report.missing:
            self.report.missing.append(what)

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        self.ports.set_time(self.now)
        return self.ports.call(method, path, body)

    def _must(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        status, answer = self._call(method, path, body)
        if status >= 400:
            raise Refused(f"{method} {path}: {status} {answer}")
        return answer

    def stock_rows(self) -> Iterator[Mapping[str, Any]]:
        after: object = None
        while True:
            page = self._must("GET", "/api/v1/stock?limit=5000" + (f"&after={quote(str(after))}" if after else ""))
            yield from page["rows"]
            after = page.get("next")
            if not after:
                return


def _where(trouble: BaseException) -> str:
    frame = trouble.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f" [{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}]" if frame else ""
