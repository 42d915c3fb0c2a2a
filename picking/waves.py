"""Which orders to release now, how they are picked, who walks which tour when, and when it will be done.

Owns the choice of orders and the words for those left out. It refuses orders, shifts and limits that are none,
naming the field. Invariants: every order asked about is released or left out, never both; an order that waits for
goods is never released; orders that can make their departure go before orders that cannot.

The steps: leave out what cannot go, choose the mode, build its tours (picking.modes), give them to pickers
(picking.schedule), simulate the rest of the shift (picking.forecast).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from picking.batches.problem import Cart, PickOrder
from picking.errors import FieldError, check_whole
from picking.forecast import Forecast, ForecastProblem, Rates, TourLeft, forecast
from picking.layout import Layout, Spot
from picking.modes import Mode, ModeBatch, ModePlan, ModeProblem, choose_mode, shortest_dm
from picking.releases import ReleaseProblem, choose_dense
from picking.schedule import Schedule, ScheduleProblem, TourWork, plan_schedule
from picking.shifts import PickerShift, check_shifts
from picking.times import HandlingTimes
from picking.walkways import Walkways

_FARTHEST_MS = 2**53
_FARTHEST_DM = 10**9
DENSE_MS = 0
"""The greedy step alone: a search by the clock would give the same question other answers."""

ALONE_MS = 10
"""The longest an order's own tour is searched for, to see whether it can make its departure at all."""


class LeftOut(StrEnum):
    """Why an order is not in the wave."""

    WAITS = "waits"
    NO_LINES = "no_lines"
    NO_PICKER = "no_picker"
    CUT_OFF = "cut_off"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class WaveOrder:
    """An order, when its carrier leaves (0: no departure), and what it waits for ('' = it can be picked)."""

    order: PickOrder
    due_at_ms: int = 0
    waits_for: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.order, PickOrder):
            raise FieldError("order", f"must be a PickOrder, got {type(self.order).__name__}")
        check_whole("due_at_ms", self.due_at_ms, 0, _FARTHEST_MS)
        if not isinstance(self.waits_for, str):
            raise FieldError("waits_for", f"must be text, got {self.waits_for!r:.60}")


@dataclass(frozen=True)
class WaveProblem:
    """Open orders, who is on shift, and how much may be released.

    Tours begin within `horizon_ms` from `now_ms`; `pack_ms` is what packing and loading need between the end of
    a tour and the departure. `carts` are free ones. At most `most_orders` are released.
    """

    layout: Layout | Walkways
    start: Spot
    end: Spot
    cart: Cart
    orders: tuple[WaveOrder, ...]
    pickers: tuple[PickerShift, ...]
    now_ms: int
    carts: int = 1
    times: HandlingTimes = field(default_factory=HandlingTimes)
    rates: Rates = field(default_factory=Rates)
    pack_ms: int = 600_000
    horizon_ms: int = 7_200_000
    most_orders: int = 1_000
    wall_slots: int = 0
    zones: tuple[tuple[int, ...], ...] = ()
    hand_overs: tuple[Spot, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.orders, tuple) or not all(isinstance(order, WaveOrder) for order in self.orders):
            raise FieldError("orders", "must be a tuple of WaveOrder")
        check_shifts("pickers", self.pickers)
        check_whole("now_ms", self.now_ms, 0, _FARTHEST_MS)
        check_whole("carts", self.carts, 0, 10_000)
        check_whole("pack_ms", self.pack_ms, 0, _FARTHEST_MS)
        check_whole("horizon_ms", self.horizon_ms, 0, _FARTHEST_MS)
        check_whole("most_orders", self.most_orders, 1, 100_000)
        if not isinstance(self.rates, Rates):
            raise FieldError("rates", f"must be Rates, got {type(self.rates).__name__}")
        # The rest is checked where it is used first, under the same names.
        self.modes(tuple(order.order for order in self.orders))

    def modes(self, orders: tuple[PickOrder, ...]) -> ModeProblem:
        return ModeProblem(
            self.layout, self.start, self.end, self.cart, orders, self.times, self.wall_slots, self.zones,
            self.hand_overs,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class OrderLeftOut:
    """`minutes`: of CUT_OFF how late it would be at best; of FULL how long nobody can begin it, 0 where others went
    first."""

    order_id: str
    reason: LeftOut
    words: str
    minutes: int = 0


@dataclass(frozen=True, slots=True)
class WaveTour:
    """A tour of the wave, by whom and when; `due_at_ms` is when it must be done for its first departure."""

    batch: ModeBatch
    lines: int
    picker: str
    from_ms: int
    until_ms: int
    due_at_ms: int

    @property
    def late_ms(self) -> int:
        return max(0, self.until_ms - self.due_at_ms) if self.due_at_ms else 0


@dataclass(frozen=True, slots=True)
class WavePlan:
    """The proposal. `mode` is None and `forecast` has no times when nothing is released."""

    order_ids: tuple[str, ...]
    left_out: tuple[OrderLeftOut, ...]
    tours: tuple[WaveTour, ...]
    pickers: tuple[PickerShift, ...]
    mode: ModePlan | None
    forecast: Forecast
    schedule: Schedule | None
    now_ms: int
    seed: int
    elapsed_ms: int

    @property
    def lines(self) -> int:
        return sum(tour.lines for tour in self.tours)

    @property
    def distance_dm(self) -> int:
        return sum(tour.batch.distance_dm for tour in self.tours)

    def summary(self) -> str:
        if not self.tours or self.mode is None or self.schedule is None:
            return f"nothing to release: {_counted(self.left_out)}"
        words = [
            f"{len(self.order_ids)} orders, {self.lines} lines, {len(self.tours)} tours"
            f" ({self.mode.chosen.mode}), {self.distance_dm / 10:.0f} m",
            f"finished in {(self.forecast.p50_at_ms - self.now_ms) / 60_000:.0f} min (half of the time),"
            f" {(self.forecast.p90_at_ms - self.now_ms) / 60_000:.0f} min (nine times in ten)",
            f"{self.schedule.solver}, at most {self.schedule.gap_percent:.1f} % above the best plan,"
            f" seed {self.seed}, {self.elapsed_ms} ms",
        ]
        words += [
            f"departure in {(risk.due_at_ms - self.now_ms) / 60_000:.0f} min: late in {risk.late_percent} % of shifts"
            for risk in self.forecast.at_risk
        ]
        if self.left_out:
            words.append(f"left out: {_counted(self.left_out)}")
        return "\n".join(words)

    def picture(self) -> str:
        """The plan as SVG: a row for each picker, a bar for each tour, breaks hatched, departures marked."""
        from picking.wave_picture import draw_wave

        return draw_wave(self)


def plan_wave(problem: WaveProblem, time_limit_ms: int = 5_000, seed: int = 0) -> WavePlan:
    """Propose a wave; the search for the schedule ends within the limit, and on aisles one seed has one answer.

    Orders that cannot make their departure are left out while there are others to pick; when there are none,
    they are what is released.
    """
    check_whole("time_limit_ms", time_limit_ms, 0, 3_600_000)
    check_whole("seed", seed, 0, 2**31 - 1)
    began = time.perf_counter()
    left_out: list[OrderLeftOut] = []
    candidates = _candidates(problem, left_out)
    mode: ModePlan | None = None
    schedule: Schedule | None = None
    tours: tuple[WaveTour, ...] = ()
    if candidates:
        mode = choose_mode(problem.modes(tuple(order.order for order in candidates)))
        left_ms = max(0, time_limit_ms - round((time.perf_counter() - began) * 1_000))
        batches = mode.chosen.batches
        schedule = plan_schedule(_schedule(problem, batches, candidates), left_ms, seed)
        tours = _tours(problem, schedule, batches, candidates)
    released = {order_id for tour in tours for order_id in tour.batch.order_ids}
    if schedule is not None and mode is not None:
        # An order cut over several carts goes with the first; its other carts are in the plan when they fit.
        left_out += [_full(problem, order) for order in candidates if order.order.order_id not in released]
    return WavePlan(
        tuple(order.order.order_id for order in candidates if order.order.order_id in released),
        tuple(left_out), tours, problem.pickers, mode, _forecast(problem, tours, mode, seed), schedule, problem.now_ms,
        seed, round((time.perf_counter() - began) * 1_000),
    )  # fmt: skip


def _candidates(problem: WaveProblem, left_out: list[OrderLeftOut]) -> list[WaveOrder]:
    """What may go, most urgent first."""
    able: list[WaveOrder] = []
    for order in problem.orders:
        if order.waits_for:
            left_out.append(OrderLeftOut(order.order.order_id, LeftOut.WAITS, f"waits for {order.waits_for}"))
        elif not order.order.lines:
            left_out.append(OrderLeftOut(order.order.order_id, LeftOut.NO_LINES, "has nothing to pick"))
        else:
            able.append(order)
    free_at_ms = _free_at_ms(problem)
    if free_at_ms is None:
        words = "no cart is free" if not problem.carts else "no picker is on shift within the time of this wave"
        left_out += [OrderLeftOut(order.order.order_id, LeftOut.NO_PICKER, words) for order in able]
        return []
    late = {order.order.order_id: late_ms for order in able if (late_ms := _late_ms(problem, order, free_at_ms)) > 0}
    timely = [order for order in able if order.order.order_id not in late]
    if timely:
        left_out += [
            OrderLeftOut(
                order_id, LeftOut.CUT_OFF,
                f"cannot make its departure: ready {-(-ms // 60_000)} min after it even if picked at once",
                -(-ms // 60_000),
            )
            for order_id, ms in late.items()
        ]  # fmt: skip
    urgent = sorted(timely or able, key=_urgency)
    if len(urgent) > problem.most_orders:
        urgent = _dense_at_the_limit(problem, urgent)
    left_out += [
        OrderLeftOut(
            order.order.order_id, LeftOut.FULL, f"a wave takes {problem.most_orders} orders, more urgent ones go first"
        )
        for order in urgent[problem.most_orders :]
    ]
    return urgent[: problem.most_orders]


def _dense_at_the_limit(problem: WaveProblem, urgent: list[WaveOrder]) -> list[WaveOrder]:
    """Of equally urgent orders of which only some have room, first those that need the fewest sub-aisles visited, or
    walkways."""
    room = problem.most_orders
    at_limit = _urgency(urgent[room])[:2]
    before = [order for order in urgent[:room] if _urgency(order)[:2] != at_limit]
    equal = [order for order in urgent if _urgency(order)[:2] == at_limit]
    wanted: list[set[int]] = []
    for order in equal:
        wanted.append({_sub_aisle(problem.layout, line.spot) for line in order.order.lines})
    # An order asks for a unit of each sub-aisle it needs; visiting one serves all orders there are.
    aisles_used = sorted(set().union(*wanted))
    choice = choose_dense(
        ReleaseProblem(
            tuple(tuple((aisle, 1) for aisle in sorted(needs)) for needs in wanted),
            tuple(((aisle, len(equal)),) for aisle in aisles_used), room - len(before), room - len(before),
            (1,) * len(equal),
        ),
        DENSE_MS,
    )  # fmt: skip
    chosen = set(choice.orders)
    first = [order for at, order in enumerate(equal) if at in chosen]
    rest = [order for at, order in enumerate(equal) if at not in chosen]
    later = [order for order in urgent[room:] if _urgency(order)[:2] != at_limit]
    return [*before, *first, *rest, *later]


def _sub_aisle(layout: Layout | Walkways, spot: Spot) -> int:
    if isinstance(layout, Walkways):
        return layout.stretch(spot)
    return layout.block_of(spot.y_dm) * len(layout.aisle_x_dm) + layout.nearest_aisle(spot.x_dm)


def _urgency(order: WaveOrder) -> tuple[int, int, int, str]:
    pick = order.order
    return pick.priority_rank, order.due_at_ms or _FARTHEST_MS, pick.cutoff_rank, pick.order_id


def _free_at_ms(problem: WaveProblem) -> int | None:
    """When the first picker can begin; None when nobody can within the horizon."""
    if not problem.carts:
        return None
    begins = [picker.first_fit(problem.now_ms, 1) for picker in problem.pickers]
    known = [begin for begin in begins if begin is not None and begin <= problem.now_ms + problem.horizon_ms]
    return min(known, default=None)


def _late_ms(problem: WaveProblem, order: WaveOrder, free_at_ms: int) -> int:
    """How late the order would be if a picker walked for it alone, at once; at most 0 when it is not."""
    if not order.due_at_ms:
        return 0
    times = problem.times
    lines = order.order.lines
    work_ms = times.set_up_ms(1) + times.pick_ms(len(lines), sum(line.qty_each for line in lines))
    spare_ms = order.due_at_ms - problem.pack_ms - free_at_ms - work_ms
    if spare_ms > times.walk_ms(_walk_at_most_dm(problem, order.order)):
        return 0
    spots = tuple(line.spot for line in lines)
    return times.walk_ms(shortest_dm(problem.layout, problem.start, problem.end, spots, ALONE_MS)) - spare_ms


def _walk_at_most_dm(problem: WaveProblem, order: PickOrder) -> int:
    """More than any tour of so many stops: to each bin and back along both sides of the floor; on walkways the walk
    from line to line."""
    layout = problem.layout
    if isinstance(layout, Walkways):
        try:
            return layout.walk_dm([problem.start, *(line.spot for line in order.lines), problem.end])
        except FieldError:
            return _FARTHEST_DM  # one-way walkways forbid this order of the lines; a tour finds another
    xs = [*layout.aisle_x_dm, problem.start.x_dm, problem.end.x_dm]
    ys = [*layout.cross_aisle_y_dm, problem.start.y_dm, problem.end.y_dm, *(line.spot.y_dm for line in order.lines)]
    return (len(order.lines) + 1) * 2 * (max(xs) - min(xs) + max(ys) - min(ys))


def _due_at_ms(problem: WaveProblem, batch: ModeBatch, due: dict[str, int]) -> int:
    """When a tour must be done for the first departure among its orders."""
    dues = [due[order_id] for order_id in batch.order_ids if due[order_id]]
    return max(0, min(dues) - problem.pack_ms) if dues else 0


def _dues(orders: Iterable[WaveOrder]) -> dict[str, int]:
    return {order.order.order_id: order.due_at_ms for order in orders}


def _schedule(problem: WaveProblem, batches: Sequence[ModeBatch], orders: Sequence[WaveOrder]) -> ScheduleProblem:
    due = _dues(orders)
    tours = tuple(
        TourWork(f"tour {number}", batch.work_ms, _due_at_ms(problem, batch, due), len(batch.order_ids))
        for number, batch in enumerate(batches, start=1)
    )
    return ScheduleProblem(tours, problem.pickers, problem.carts, problem.now_ms, problem.now_ms + problem.horizon_ms)


def _tours(
    problem: WaveProblem, schedule: Schedule, batches: Sequence[ModeBatch], orders: Sequence[WaveOrder]
) -> tuple[WaveTour, ...]:
    due = _dues(orders)
    lines = {order.order.order_id: len(order.order.lines) for order in orders}
    counted: set[str] = set()
    tours: list[WaveTour] = []
    for each in schedule.assignments:
        batch = batches[each.tour]
        # The lines of an order on several carts are counted once, with the first.
        mine = [order_id for order_id in batch.order_ids if order_id not in counted]
        counted.update(mine)
        tours.append(
            WaveTour(
                batch, sum(lines[order_id] for order_id in mine), problem.pickers[each.picker].name,
                each.from_ms, each.until_ms, _due_at_ms(problem, batch, due),
            )
        )  # fmt: skip
    return tuple(tours)


def _full(problem: WaveProblem, order: WaveOrder) -> OrderLeftOut:
    minutes = round(problem.horizon_ms / 60_000)
    words = f"no picker can begin it within {minutes} min or finish it before the end of the shift"
    return OrderLeftOut(order.order.order_id, LeftOut.FULL, words, minutes)


def _forecast(problem: WaveProblem, tours: Sequence[WaveTour], mode: ModePlan | None, seed: int) -> Forecast:
    is_sorted = mode is not None and mode.chosen.mode is Mode.BATCH
    units = {
        each.order.order_id: sum(line.qty_each for line in each.order.lines) if is_sorted else 0
        for each in problem.orders
    }
    left = tuple(
        TourLeft(
            f"tour {number}", tour.batch.distance_dm, tour.lines, tour.batch.totes,
            tour.due_at_ms + problem.pack_ms if tour.due_at_ms else 0, tour.picker,
            sum(units[order_id] for order_id in tour.batch.order_ids),
        )
        for number, tour in enumerate(tours, start=1)
    )  # fmt: skip
    return forecast(ForecastProblem(left, problem.pickers, problem.now_ms, problem.rates, problem.pack_ms), seed)


def _counted(left_out: Sequence[OrderLeftOut]) -> str:
    counts = Counter(each.reason for each in left_out)
    named = {
        LeftOut.WAITS: "wait for goods", LeftOut.NO_LINES: "have nothing to pick",
        LeftOut.NO_PICKER: "have no picker or cart", LeftOut.CUT_OFF: "cannot make their departure",
        LeftOut.FULL: "go with a later wave",
    }  # fmt: skip
    return ", ".join(f"{counts[reason]} {named[reason]}" for reason in LeftOut if counts[reason]) or "no orders"
