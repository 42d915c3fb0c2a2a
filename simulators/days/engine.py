"""The days themselves: what the crew does from morning to evening, one act after the other.

Owns the order of a day and what is asked of whom. Decides no rule of stock: the floor does, and the world
keeps count. A person who cannot go on is named in the report and the day goes on without that act. Invariant:
everything that happens follows from the seed and the floor's answers.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from simulators.days import plants
from simulators.days.figures import Accuracy, DaysReport, book_by_place, measure
from simulators.days.goods import DaysItem
from simulators.days.station import PortStation, ScanPort, ScreenTray, StepPort
from simulators.days.stream import DayOrder, DayPlan, Delivery, Goods, Stream, line_body, merged, receipt_body
from simulators.faults import ErrorLog, ErrorRates, Fallibility
from simulators.warehouse import STORAGE_KINDS, FloorLocation, FloorPlan
from simulators.workers import Bench, Floor, Pace, Stuck, Surprises, Worker
from simulators.world import (
    Equipment,
    NotThere,
    Pile,
    StagedTote,
    World,
    pallet_place,
    supplier_place,
)

FIRST_DAY = date(2026, 3, 2)  # thirty days from here go over the clock change of 29 March
SCAN_S = 2  # what the clock of the days goes on by with every scan
ORDERS_A_WAVE = 30
TOTES, CARTS, POSITIONS = 300, 4, 6
CLASS_DAYS = {"A": 2, "B": 3, "C": 4}  # how often a place is counted, by the class of what lies there
RETURN_SHARE = 0.03
BENCH, DOCK, QUARANTINE = "BENCH-1", "DOCK-1", "QUAR-1"


class Refused(RuntimeError):
    """The floor refused a program's wish."""


@dataclass(frozen=True, slots=True)
class Ports:
    """All the engine knows of a floor: scans, screens, the API, its planner and its clock."""

    scan: ScanPort
    show: StepPort
    call: Callable[[str, str, Mapping[str, Any] | None], tuple[int, Any]]
    plan_wave: Callable[[int], int]  # wave → its tours
    set_time: Callable[[datetime], None]
    plant: Callable[[str], Mapping[str, Any] | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class DaysOptions:
    days: int = 30
    seed: int = 1
    orders_a_day: int = 70
    counts: bool = True
    rates: ErrorRates = field(default_factory=ErrorRates.trained)
    plants: tuple[str, ...] = ()
    class_days: Mapping[str, int] = field(default_factory=lambda: dict(CLASS_DAYS))

    def __post_init__(self) -> None:
        unknown = [kind for kind in self.plants if kind not in plants.KINDS]
        if unknown:
            raise ValueError(f"--plant {unknown[0]}: one of {', '.join(plants.KINDS)}")
        if self.days < 1:
            raise ValueError("at least one day")


class DayWorker(Worker):
    """A worker in a day without clocks and colleagues: nobody is waited for."""

    def _fetch_staged(self, tote: str) -> None:
        self._gear.take_staged(tote)

    def offers(self, command: str) -> bool:
        """Whether the floor's menu has this work at all."""
        self._sign_in(self.handheld, "")
        self.go_home()
        return self._can(self.handheld.step, command)


class Days:
    """One run. Built with its ports, run once."""

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
        self._returned: set[str] = set()
        self._offers: dict[str, bool] = {}

    # --- setting up ----------------------------------------------------------------------------------------

    def run(self) -> DaysReport:
        started = time.monotonic()
        self._set_up()
        for delivery in self.stream.opening():
            self._at(date.fromisoformat(delivery.received_on), 8)
            self._take_in(delivery)
        for number in range(self.options.days):
            began = time.monotonic()
            self._play(self.stream.day(number), number)
            self.report.day_s.append(round(time.monotonic() - began, 2))
            self.progress(self._line(number))
        self._judge()
        self.report.wall_s = round(time.monotonic() - started, 1)
        return self.report

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
        for code, language in (("LABELS", "zpl"), ("SLIPS", "escpos")):
            body = {"code": code, "address": "tcp://127.0.0.1:9", "language": language, "dpi": 203}
            self._must("POST", "/api/v1/printers", body)
        station = self._station("PACK-1", "bench", BENCH, self._fallibility("bench"))
        floor.benches = {BENCH: Bench(station, ScreenTray(station), BENCH)}  # type: ignore[arg-type,dict-item]
        for n in range(1, 5):
            name = f"W{n}"
            body = {"badge": str(9000 + n), "name": f"Simulated {n}", "role": "supervisor"}
            badge = self._must("POST", "/api/v1/operators", body)["barcode"]
            errs = self._fallibility(name)
            handheld = self._station(f"SIM-{n}", "handheld", DOCK, errs)
            self.crew.append(DayWorker(name, str(badge), handheld, DOCK, floor, errs))  # type: ignore[arg-type]

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

    # --- a day ---------------------------------------------------------------------------------------------

    def _play(self, plan: DayPlan, number: int) -> None:
        self._at(plan.day, 6)
        for delivery in plan.deliveries[:1]:
            self._take_in(delivery)
        half = len(plan.orders) // 2
        self._order(plan.orders[:half])
        self._plant(number, "ordered")
        self._refill()
        self._pick_and_pack(plan.orders[:half])
        self._at(plan.day, 11)
        for delivery in plan.deliveries[1:]:
            self._take_in(delivery)
        self._bring_back(number)
        self._tidy_up(number)
        self._at(plan.day, 13)
        self._order(plan.orders[half:])
        self._refill()
        self._pick_and_pack(plan.orders[half:])
        self._send_away(number)
        self._at(plan.day, 17)
        self._load()
        self._plant(number, "evening")
        if self.options.counts:
            self._count(number)
        self._put_aside_back()
        self.report.accuracy_by_day.append(round(self._measure().share, 4))

    def _take_in(self, delivery: Delivery) -> None:
        """Announce a delivery, unload it and put everything away."""
        self.report.deliveries += 1
        self.report.pallets += len(delivery.pallets)
        self.report.top_ups += sum(bool(self.world.places_of(goods.sku)) for goods in delivery.announced())
        place = supplier_place(delivery.number)
        answer = self._announce(delivery)
        for goods in delivery.loose:
            self.world.bring(place, goods.sku, delivery.received_on, goods.qty_each, goods.mark)
        for pallet in delivery.pallets:
            for goods in pallet.real:
                here = pallet_place(pallet.sscc)
                self.world.bring(here, goods.sku, delivery.received_on, goods.qty_each, goods.mark)
        receiver = self.crew[0]
        ssccs = [pallet.sscc for pallet in delivery.pallets]
        self._try(lambda: receiver.receive(str(answer["barcode"]), place, ssccs))
        self._put_all_away()

    def _announce(self, delivery: Delivery) -> Any:
        body = receipt_body(delivery)
        status, answer = self._call("POST", "/api/v1/receipts", body)
        if status in (400, 422) and delivery.pallets:
            self._miss(f"receipts with handling units ({status} {str(answer)[:200]})")
            body.pop("units")
            body["lines"] = [line_body(goods) for goods in merged(delivery.announced())]
            return self._must("POST", "/api/v1/receipts", body)
        if status >= 400:
            raise Refused(f"{delivery.number}: {status} {answer}")
        return answer

    def _put_all_away(self) -> None:
        receiver = self.crew[0]
        pallets = self.gear.pallets.setdefault(DOCK, deque())
        while pallets:
            sscc = pallets.popleft()
            self._try(lambda sscc=sscc: receiver.put_away_pallet(sscc))
        waiting = self.gear.docks.setdefault(DOCK, deque())
        tries: Counter[str] = Counter()
        while waiting:
            sku = waiting.popleft()
            tries[sku] += 1
            before = self.world.acts
            done = self._try(lambda sku=sku: receiver.put_away(sku))
            if done is False and self.world.count(DOCK, sku):
                if tries[sku] < 3 and self.world.acts != before:
                    waiting.append(sku)
                else:
                    self.surprises.note(f"{sku} cannot be put away")

    def _order(self, orders: Sequence[DayOrder]) -> None:
        for order in orders:
            self.orders[order.number] = order
            self.report.orders += 1
            self.report.units_ordered += sum(qty for _, qty in order.lines)
            self._must("POST", "/api/v1/orders", _order_body(order, self.now))
        for order in orders:
            if order.fate == "early":
                self._cancel(order)

    def _cancel(self, order: DayOrder) -> None:
        status, answer = self._call("POST", f"/api/v1/orders/{quote(order.number)}/cancel", {})
        if status >= 400 and status not in (404, 409):
            raise Refused(f"cancelling {order.number}: {status} {answer}")
        if status < 400:
            self.errors.note("order_cancelled", "customer", detail=order.number)

    def _pick_and_pack(self, orders: Sequence[DayOrder]) -> None:
        late = [order for order in orders if order.fate == "late"]
        pickers = self.crew[1:3]
        for _ in range(6):
            waves = list(self._release())
            tours = 0
            while self._try(pickers[tours % len(pickers)].pick_tour):
                tours += 1
                if late:
                    self._cancel(late.pop())
            self._put_back()
            self._pack_all()
            if not waves and not tours:
                break
        for order in late:
            self._cancel(order)
        self._put_back()

    def _release(self) -> Iterator[int]:
        while True:
            status, answer = self._call("POST", "/api/v1/waves", {"max_orders": ORDERS_A_WAVE})
            if status in (404, 409, 422):
                return
            if status >= 400:
                raise Refused(f"releasing: {status} {answer}")
            self.ports.plan_wave(int(answer["wave"]))
            yield int(answer["wave"])

    def _pack_all(self) -> None:
        packer, bench = self.crew[3], self.floor.benches[BENCH]
        self.gear.wake_staged()
        for _ in range(len(self.gear.staged) * 2):
            tote = self.gear.take_staged()
            if tote is None:
                break
            self._try(lambda tote=tote: self._pack(packer, bench, tote))
        self._try(lambda: packer.close_carton(bench))
        self.gear.stir_staged()

    def _pack(self, packer: DayWorker, bench: Bench, tote: StagedTote) -> None:
        packer.pack(bench, tote)

    def _put_back(self) -> None:
        while self.gear.to_put_back:
            tote = self.gear.to_put_back.popleft()
            self._try(lambda tote=tote: self.crew[0].put_back(tote))

    def _load(self) -> None:
        for lane in [lane for lane, parcels in self.gear.lanes.items() if parcels]:
            self._try(lambda lane=lane: self.crew[3].load(lane))
        for place in self.world.places(where=lambda place: place.startswith("truck:")):
            number = self.floor.parcel_orders.get(place.rsplit(":", 1)[1], "")
            self.report.units_shipped += self.world.count(place)
            self._sold.setdefault(number, []).extend(self.world.look(place))
            self.world.carry_away(place)

    # --- what else happens ---------------------------------------------------------------------------------

    def _refill(self) -> None:
        if not self._can("REPLENISH"):
            return
        while self._try(self.crew[0].replenish):
            self.report.refills += 1
            if self.report.refills > 5000:
                raise Refused("refills without end")

    def _bring_back(self, number: int) -> None:
        """Customers send things back; they go on with the date they first came."""
        for order in [order for order in self._sold if order and order not in self._returned]:
            if self.dice.random() >= RETURN_SHARE:
                continue
            self._returned.add(order)
            pile = self.dice.choice(self._sold[order])
            qty_each = 1 if pile.mark.startswith("21") else self.dice.randint(1, pile.qty_each)
            line = line_body(Goods(pile.sku, qty_each, pile.mark))
            body = {"number": f"RET-{order}", "kind": "return", "order": order, "lines": [line]}
            status, answer = self._call("POST", "/api/v1/receipts", body)
            if status >= 400:
                self._miss(f"returns ({status} {str(answer)[:200]})")
                return
            place = supplier_place(str(body["number"]))
            self.world.bring(place, pile.sku, pile.received_on, qty_each, pile.mark)
            self._try(lambda answer=answer, place=place: self.crew[0].receive(str(answer["barcode"]), place))
            self._put_all_away()
            self.report.returns += 1

    def _tidy_up(self, number: int) -> None:
        """Somebody joins two half-empty places, and somebody finds a unit that is not fit for sale."""
        if not self._can("MOVE"):
            return
        worker = self.crew[1]
        for _ in range(2):
            places = [place for place in self.storage if self.world.look(place)]
            here = self.dice.choice(places)
            sku = self.world.look(here)[0].sku
            others = [place for place in self.world.places_of(sku) if place in places and place != here]
            if others:
                there, qty_each = self.dice.choice(others), self.world.count(here, sku)
                moved = self._try(
                    lambda here=here, sku=sku, qty=qty_each, there=there: worker.move_goods(here, sku, qty, there)
                )
                self.report.moves += bool(moved)
        here = self.dice.choice(sorted(place for place in self.storage if self.world.count(place) > 2))
        sku = self.world.look(here)[0].sku
        why = self.dice.choice(("DAMAGED", "QUALITY"))
        command = "DAMAGED" if why == "DAMAGED" else "HOLD"
        self.report.set_aside += bool(self._try(lambda: worker.set_aside(here, sku, 1, command, why)))

    def _send_away(self, number: int) -> None:
        """Now and then the other house wants something."""
        if number % 5 != 4 or not self._can("SEND"):
            return
        plain = [sku for sku, item in self.items.items() if item.kind == "plain"]
        lines = [{"sku": sku, "qty_each": 3} for sku in self.dice.sample(plain, 2)]
        body = {"number": f"TO-{number + 1:02d}", "to_warehouse": "NORTH", "lines": lines}
        status, answer = self._call("POST", "/api/v1/transfers", body)
        if status >= 400:
            self._miss(f"transfers ({status} {str(answer)[:200]})")
            return
        self.report.transfers += bool(self._try(lambda: self.crew[0].send(str(answer["barcode"]))))

    def _count(self, number: int) -> None:
        """The plan of the day, then everything anybody wants counted, by whoever may count it."""
        self._ask_for_counts(number)
        counters = self.crew[1:4]
        for _ in range(4):
            before = self.report.counts_done
            for location in list(self.gear.to_count):
                self.report.counts_done += bool(self._try(lambda at=location: counters[0].count(at)))
                self.gear.to_count.pop(location, None)
            for counter in counters:
                while self._try(counter.count_open):
                    self.report.counts_done += 1
            if self.report.counts_done == before:
                break

    def _ask_for_counts(self, number: int) -> None:
        for cause in ("zero", "class"):
            body: dict[str, Any] = {"cause": cause, "limit": 200}
            if cause == "class":
                body["class_days"] = dict(self.options.class_days)
            status, answer = self._call("POST", "/api/v1/counts", body)
            if status >= 400:
                self._miss(f"count plans ({status} {str(answer)[:200]})")
                return

    def _put_aside_back(self) -> None:
        while self._try(self.crew[0].return_aside):
            pass

    # --- the end -------------------------------------------------------------------------------------------

    def _measure(self) -> Accuracy:
        return measure(self.world, self.storage, book_by_place(self.stock_rows()))

    def stock_rows(self) -> Iterator[Mapping[str, Any]]:
        after: object = None
        while True:
            page = self._must("GET", "/api/v1/stock?limit=5000" + (f"&after={quote(str(after))}" if after else ""))
            yield from page["rows"]
            after = page.get("next")
            if not after:
                return

    def _judge(self) -> None:
        report = self.report
        self.world.check()
        for station in self.stations:
            report.scans += station.tally.scans
            report.scans_rejected += station.tally.rejected
            for code, n in station.tally.rejected_by_code.items():
                report.rejected_by_code[code] = report.rejected_by_code.get(code, 0) + n
            report.surprises += station.tally.replay_mismatches
        report.surprises += self.surprises.entries
        report.errors_injected = dict(self.errors.by_kind())
        report.taken_from_behind = report.errors_injected.get("behind", 0)
        report.accuracy = self._measure().as_json()
        for number in self.orders:
            state = str(self._must("GET", f"/api/v1/orders/{quote(number)}")["state"])
            report.orders_shipped += state == "shipped"
            report.orders_cancelled += state == "cancelled"
            report.orders_open += state not in ("shipped", "cancelled")
        audit = self._must("GET", "/api/v1/fifo-audit")
        report.fifo_found = list(audit["violations"])
        report.fifo_violations = len(report.fifo_found)
        report.promises = int(audit.get("promises") or 0)
        verified = self._must("GET", "/api/v1/ledger/verify")
        report.verify_ok = bool(verified["ok"])
        report.verify_found = [check for check in verified["checks"] if not check["ok"]]
        report.failures += plants.judge(self)
        checks = (
            (not report.verify_ok and not plants.breaks_book(self.options.plants), "the ledger does not verify"),
            (bool(report.stuck), f"{len(report.stuck)} times somebody could not go on"),
            (bool(report.missing), "the floor does not offer " + ", ".join(report.missing)),
            (
                report.fifo_violations > plants.fifo_expected(report.planted),
                f"{report.fifo_violations} violations of FIFO without an override",
            ),
        )
        report.failures += [words for is_failed, words in checks if is_failed]
        report.ok = not report.failures

    def _plant(self, number: int, moment: str) -> None:
        plants.plant(self, number, moment)

    # --- plumbing ------------------------------------------------------------------------------------------

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

    def _line(self, number: int) -> str:
        report = self.report
        scans = sum(station.tally.scans for station in self.stations)
        return (
            f"day {number + 1:2d}  {report.day_s[-1]:5.1f} s  scans {scans}  orders {report.orders}"
            f"  units out {report.units_shipped}  counts {report.counts_done}"
            f"  right {report.accuracy_by_day[-1]:.2%}  stuck {len(report.stuck)}"
        )


def _order_body(order: DayOrder, now: datetime) -> dict[str, Any]:
    return {
        "number": order.number, "channel": "days", "policy": order.policy, "ordered_at": now.isoformat(),
        "ship_to": {"name": f"Customer of {order.number}", "address1": "1 Sample Street", "city": "Sampletown",
                    "postcode": "00000", "country": "GB"},
        "lines": [{"sku": sku, "qty_each": qty_each} for sku, qty_each in order.lines],
    }  # fmt: skip


def _where(trouble: BaseException) -> str:
    frame = trouble.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f" [{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}]" if frame else ""
