"""The question: these orders, these carts, this floor, and which orders may ride together.

Owns what may be asked. It refuses quantities, volumes and weights that are no whole numbers, names used twice and
a cart that holds nothing, naming order and line. Where the picks lie is given, first in first out settled before:
nothing here swaps one location for another.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from picking.errors import FieldError, check_name, check_whole
from picking.layout import Layout, Spot
from picking.walkways import Walkways

MOST = 10**9
"""Of pieces, millilitres and grams: more is a typing mistake, and sums stay far inside 64 bits."""


@dataclass(frozen=True, slots=True)
class PickLine:
    """One task: so many pieces of one item from one spot. Volume and weight 0 mean not known: takes no room.

    Lines of different zones never share a cart.
    """

    line_id: str
    spot: Spot
    qty_each: int
    each_volume_ml: int = 0
    each_weight_g: int = 0
    zone: str = ""

    def __post_init__(self) -> None:
        check_name("line_id", self.line_id)
        if not isinstance(self.spot, Spot):
            raise FieldError("spot", f"must be a Spot, got {type(self.spot).__name__}")
        check_whole("qty_each", self.qty_each, 1, MOST)
        check_whole("each_volume_ml", self.each_volume_ml, 0, MOST)
        check_whole("each_weight_g", self.each_weight_g, 0, MOST)
        if not isinstance(self.zone, str):
            raise FieldError("zone", f"must be text, got {self.zone!r:.60}")


@dataclass(frozen=True, slots=True)
class PickOrder:
    """What one order still needs. Ranks: the lower goes first; equal cutoff_rank = leaves with the same departure."""

    order_id: str
    lines: tuple[PickLine, ...]
    cutoff_rank: int = 0
    priority_rank: int = 0

    def __post_init__(self) -> None:
        check_name("order_id", self.order_id)
        if not isinstance(self.lines, tuple) or not all(isinstance(line, PickLine) for line in self.lines):
            raise FieldError("lines", f"must be a tuple of PickLine (order {self.order_id})")
        check_whole("cutoff_rank", self.cutoff_rank, -MOST, MOST)
        check_whole("priority_rank", self.priority_rank, -MOST, MOST)
        seen: set[str] = set()
        for at, line in enumerate(self.lines):
            if line.line_id in seen:
                raise FieldError(f"lines[{at}].line_id", f"{line.line_id!r} is used twice in order {self.order_id}")
            seen.add(line.line_id)


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart with so many positions, each for one tote that holds so much; most_lines: of its whole pick list."""

    positions: int
    tote_volume_ml: int
    tote_weight_g: int
    most_lines: int | None = None

    def __post_init__(self) -> None:
        check_whole("positions", self.positions, 1, 1000)
        check_whole("tote_volume_ml", self.tote_volume_ml, 1, MOST)
        check_whole("tote_weight_g", self.tote_weight_g, 1, MOST)
        if self.most_lines is not None:
            check_whole("most_lines", self.most_lines, 1, MOST)


@dataclass(frozen=True, slots=True)
class BatchProblem:
    """Orders to carts: every tour from start to end, with the least walk in all.

    cutoff_slack: how many ranks the departures of orders on one cart may lie apart, so that a cart is not held up
    for later ones; priority_slack the same for priorities, None for any. Orders without lines take part in nothing.
    """

    layout: Layout | Walkways
    start: Spot
    end: Spot
    cart: Cart
    orders: tuple[PickOrder, ...]
    cutoff_slack: int = 0
    priority_slack: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.layout, Layout | Walkways):
            raise FieldError("layout", f"must be a Layout or Walkways, got {type(self.layout).__name__}")
        for name in ("start", "end"):
            if not isinstance(getattr(self, name), Spot):
                raise FieldError(name, f"must be a Spot, got {type(getattr(self, name)).__name__}")
        if not isinstance(self.cart, Cart):
            raise FieldError("cart", f"must be a Cart, got {type(self.cart).__name__}")
        if not isinstance(self.orders, tuple):
            raise FieldError("orders", f"must be a tuple of PickOrder, got {type(self.orders).__name__}")
        check_whole("cutoff_slack", self.cutoff_slack, 0, 2 * MOST)
        if self.priority_slack is not None:
            check_whole("priority_slack", self.priority_slack, 0, 2 * MOST)
        seen: set[str] = set()
        places: dict[str, Spot] = {}
        for at, order in enumerate(self.orders):
            if not isinstance(order, PickOrder):
                raise FieldError(f"orders[{at}]", f"must be a PickOrder, got {type(order).__name__}")
            if order.order_id in seen:
                raise FieldError(f"orders[{at}].order_id", f"{order.order_id!r} is used twice")
            seen.add(order.order_id)
            for number, line in enumerate(order.lines):
                spot = line.spot
                known = places.setdefault(spot.name, spot)
                if known is not spot and known != spot:
                    raise FieldError(
                        f"orders[{at}].lines[{number}].spot.name", f"{spot.name!r} stands at two different places"
                    )


def with_order(problem: BatchProblem, order: PickOrder) -> BatchProblem:
    """The same question with one order more. Only what is new is checked: a late order must not wait for the rest."""
    if not isinstance(order, PickOrder):
        raise FieldError("order", f"must be a PickOrder, got {type(order).__name__}")
    places = {line.spot.name: line.spot for line in order.lines}
    for number, line in enumerate(order.lines):
        if places[line.spot.name] != line.spot:
            raise FieldError(f"order.lines[{number}].spot.name", f"{line.spot.name!r} stands at two different places")
    for known in problem.orders:
        if known.order_id == order.order_id:
            raise FieldError("order.order_id", f"{order.order_id!r} is used twice")
        for line in known.lines:
            if line.spot.name in places and places[line.spot.name] != line.spot:
                raise FieldError("order.lines", f"{line.spot.name!r} stands at two different places")
    longer = copy(problem)
    object.__setattr__(longer, "orders", (*problem.orders, order))
    return longer
