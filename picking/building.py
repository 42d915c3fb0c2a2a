"""Questions put together piece by piece: a floor, then what is to be done on it, then the frozen problem.

Owns the pieces until they are a problem. Each piece is checked when it is added, so the error comes from the line that
is wrong and names the argument as the caller wrote it; what only shows in the whole (an order whose lines stand on two
floors) is refused by the problem itself. Nothing that was handed out changes when more is added.

    plan = PlanBuilder()
    for x_dm in (0, 35, 70):
        plan.add_aisle(x_dm)
    plan.add_cross_aisle(0)
    plan.add_cross_aisle(180)
    plan.set_start("depot", 35, -20)
    plan.add_location("A01", 0, 33)
    plan.add_location("B07", 35, 120)
    tour = plan_tour(plan.tour(stops=("A01", "B07")))
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from picking.batches.problem import BatchProblem, Cart, PickLine, PickOrder
from picking.cartons import CartonProblem, CartonType, Piece
from picking.errors import FieldError
from picking.layout import Closed, ClosedCross, Layout, OneWay, Spot, infer_layout
from picking.problem import TourProblem
from picking.scattered import BinProblem, StockedBin, WantedItem
from picking.shifts import PickerShift
from picking.waves import WaveOrder, WaveProblem


class PlanBuilder:
    """Add aisles or only locations (the aisles then follow from where these stand), a start, and what to do."""

    def __init__(self) -> None:
        self._aisle_x_dm: set[int] = set()
        self._cross_aisle_y_dm: set[int] = set()
        self._one_way: list[OneWay] = []
        self._closed: list[Closed] = []
        self._closed_cross: list[ClosedCross] = []
        self._busy_dm: list[tuple[int, int, int]] = []
        self._locations: dict[str, Spot] = {}
        self._start: Spot | None = None
        self._end: Spot | None = None
        self._cart: Cart | None = None
        self._orders: dict[str, PickOrder] = {}
        self._due_at_ms: dict[str, int] = {}
        self._pickers: dict[str, PickerShift] = {}
        self._stock: list[StockedBin] = []
        self._wanted: dict[str, WantedItem] = {}
        self._carton_types: list[CartonType] = []
        self._pieces: list[Piece] = []

    def add_aisle(self, x_dm: int) -> None:
        """An aisle along y at this x. In any order; adding it twice changes nothing."""
        Spot("aisle", x_dm, 0)
        self._aisle_x_dm.add(x_dm)

    def add_cross_aisle(self, y_dm: int) -> None:
        Spot("cross-aisle", 0, y_dm)
        self._cross_aisle_y_dm.add(y_dm)

    def add_location(self, name: str, x_dm: int, y_dm: int, level: int = 0) -> Spot:
        """A bin by its name, which orders, stock and stops then use."""
        if name in self._locations:
            raise FieldError("name", f"{name!r} is used twice")
        self._locations[name] = Spot(name, x_dm, y_dm, level)
        return self._locations[name]

    def add_one_way(self, aisle: int, is_up: bool, block: int | None = None) -> None:
        """An aisle (numbered from the lowest x) that is walked in one direction, in one block or in all."""
        self._one_way.append(OneWay(aisle, is_up, block))

    def add_closed_cross(self, cross: int, from_dm: int, to_dm: int) -> None:
        """Nobody walks along this stretch of a cross-aisle."""
        self._closed_cross.append(ClosedCross(cross, from_dm, to_dm))

    def add_closed(self, aisle: int, from_dm: int, to_dm: int) -> None:
        """A stretch of an aisle that nobody passes."""
        self._closed.append(Closed(aisle, from_dm, to_dm))

    def add_busy(self, aisle: int, block: int, extra_dm: int) -> None:
        """A sub-aisle somebody works in: what entering it costs on top of the walk."""
        self._busy_dm.append((aisle, block, extra_dm))

    def set_start(self, name: str, x_dm: int, y_dm: int) -> None:
        self._start = Spot(name, x_dm, y_dm)

    def set_end(self, name: str, x_dm: int, y_dm: int) -> None:
        """Where tours end; without it they end where they start."""
        self._end = Spot(name, x_dm, y_dm)

    def set_cart(self, positions: int, tote_volume_ml: int, tote_weight_g: int, most_lines: int | None = None) -> None:
        self._cart = Cart(positions, tote_volume_ml, tote_weight_g, most_lines)

    def add_order(self, order_id: str, cutoff_rank: int = 0, priority_rank: int = 0, due_at_ms: int = 0) -> None:
        """An order without lines yet. `due_at_ms` is when it leaves; only waves ask for it."""
        if order_id in self._orders:
            raise FieldError("order_id", f"{order_id!r} is used twice")
        order = PickOrder(order_id, (), cutoff_rank, priority_rank)
        WaveOrder(order, due_at_ms)
        self._orders[order_id] = order
        self._due_at_ms[order_id] = due_at_ms

    def add_line(
        self,
        order_id: str,
        location: str,
        qty_each: int,
        each_volume_ml: int = 0,
        each_weight_g: int = 0,
        zone: str = "",
    ) -> None:
        """A line of an order that was added; lines are numbered as they come."""
        if order_id not in self._orders:
            raise FieldError("order_id", f"{order_id!r} is not known; add the order before its lines")
        order = self._orders[order_id]
        number = str(len(order.lines) + 1)
        line = PickLine(number, self._at("location", location), qty_each, each_volume_ml, each_weight_g, zone)
        self._orders[order_id] = replace(order, lines=(*order.lines, line))

    def add_picker(self, name: str, from_ms: int, until_ms: int, breaks: Iterable[tuple[int, int]] = ()) -> None:
        if name in self._pickers:
            raise FieldError("name", f"{name!r} is used twice")
        self._pickers[name] = PickerShift(name, from_ms, until_ms, tuple(breaks))

    def add_stock(self, item: str, location: str, qty_each: int, fifo_rank: int = 0) -> None:
        """Units of an item in a bin; those of a lower rank leave first."""
        self._stock.append(StockedBin(item, self._at("location", location), qty_each, fifo_rank))

    def add_wanted(self, item: str, qty_each: int) -> None:
        if item in self._wanted:
            raise FieldError("item", f"{item!r} is wanted twice")
        self._wanted[item] = WantedItem(item, qty_each)

    def add_carton_type(self, carton_type: CartonType) -> None:
        if any(known.code == carton_type.code for known in self._carton_types):
            raise FieldError("carton_type.code", f"{carton_type.code!r} is used twice")
        self._carton_types.append(carton_type)

    def add_piece(self, piece: Piece) -> None:
        self._pieces.append(piece)

    def layout(self) -> Layout:
        """The floor so far; without aisles the one that the locations imply."""
        if self._aisle_x_dm:
            layout = Layout(tuple(sorted(self._aisle_x_dm)), tuple(sorted(self._cross_aisle_y_dm)))
        else:
            crosses = sorted(self._cross_aisle_y_dm) or None
            layout = infer_layout(self._locations.values(), crosses)
        return replace(
            layout, one_way=tuple(self._one_way), closed=tuple(self._closed), busy_dm=tuple(self._busy_dm),
            closed_cross=tuple(self._closed_cross),
        )  # fmt: skip

    def tour(self, stops: Iterable[str], level_penalty_dm: int = 0, reach_level: int = 1) -> TourProblem:
        """One tour over these locations."""
        spots = tuple(self._at(f"stops[{at}]", name) for at, name in enumerate(stops))
        return TourProblem(self.layout(), *self._ends(), spots, level_penalty_dm, reach_level)

    def bins(self) -> BinProblem:
        """Which of the stock serves what is wanted."""
        return BinProblem(self.layout(), *self._ends(), tuple(self._stock), tuple(self._wanted.values()))

    def batch(self, cutoff_slack: int = 0, priority_slack: int | None = None) -> BatchProblem:
        """The orders to carts."""
        orders = tuple(self._orders.values())
        return BatchProblem(self.layout(), *self._ends(), self._carts(), orders, cutoff_slack, priority_slack)

    def wave(self, now_ms: int, carts: int = 1) -> WaveProblem:
        """Which of the orders to release now, to the pickers."""
        orders = tuple(WaveOrder(order, self._due_at_ms[order.order_id]) for order in self._orders.values())
        pickers = tuple(self._pickers.values())
        return WaveProblem(self.layout(), *self._ends(), self._carts(), orders, pickers, now_ms, carts)

    def cartons(self) -> CartonProblem:
        """What of the pieces goes into which cartons."""
        return CartonProblem(tuple(self._carton_types), tuple(self._pieces))

    def _at(self, field: str, name: str) -> Spot:
        if name not in self._locations:
            raise FieldError(field, f"{name!r} is none of the locations; add it first")
        return self._locations[name]

    def _ends(self) -> tuple[Spot, Spot]:
        if self._start is None:
            raise FieldError("start", "is missing; set_start says where tours begin")
        return self._start, self._start if self._end is None else self._end

    def _carts(self) -> Cart:
        if self._cart is None:
            raise FieldError("cart", "is missing; set_cart says what a cart holds")
        return self._cart
