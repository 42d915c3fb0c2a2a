"""Which pieces of an order go into which tote, and where an order that no cart holds is cut.

Owns the filling of totes along the walk. Invariant: every piece is in exactly one tote; no tote is over its limits
unless it is oversize; an order is cut only where its zone changes or its cart is full. The work grows with the lines
alone: each looks at OPEN_TOTES totes at most and makes TOTES_A_LINE at most, whatever its quantity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from picking.batches.problem import MOST, BatchProblem, Cart, PickLine, PickOrder
from picking.errors import check_whole
from picking.heuristics import s_shape
from picking.layout import Spot
from picking.problem import TourProblem
from picking.walkways import Walkways

OPEN_TOTES = 64
"""So many of the totes begun last on a cart a line is tried in. However few they are: a tote is begun because a line
did not fit the one before (the two hold more than one tote, volume and weight added) or is more than half filled by
what began it; so a cart has at most twice its volume and weight, both measured in totes, and one more, oversize apart.
"""

TOTES_A_LINE = 1_000
"""A line that fills more rides as one load by itself, as a piece larger than a tote does: no cart run takes so many."""


@dataclass(frozen=True, slots=True)
class TotePick:
    """Pieces of one line that go into one tote."""

    line_id: str
    spot: Spot
    qty_each: int


@dataclass(frozen=True, slots=True)
class PackedTote:
    """The picks of one tote along the walk.

    Oversize: a piece larger than a tote, or a line of more than TOTES_A_LINE totes, which travels by itself.
    """

    picks: tuple[TotePick, ...]
    volume_ml: int
    weight_g: int
    is_oversize: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What of one order goes on one cart; for most orders, all of it."""

    order: PickOrder
    totes: tuple[PackedTote, ...]
    lines: int
    zone: str


def pack_totes(lines: Sequence[PickLine], tote_volume_ml: int, tote_weight_g: int) -> tuple[PackedTote, ...]:
    """The lines of one order, in the order of the walk, into as few totes as first fit gives.

    A line stays whole when an empty tote could hold it: a second tote means a second scan. A line that exceeds a
    tote fills whole totes and its rest is placed like any other. A piece larger than a tote gets a tote of its own, and
    so does all of a line that would fill more than TOTES_A_LINE.
    """
    check_whole("tote_volume_ml", tote_volume_ml, 1, MOST)
    check_whole("tote_weight_g", tote_weight_g, 1, MOST)
    carts = _pack(lines, tote_volume_ml, tote_weight_g, None, None)
    return tuple(tote for totes in carts for tote in totes)


def parts_of(problem: BatchProblem) -> list[Part]:
    """Every order as the parts that ride on carts, the most urgent order first, otherwise as given."""
    parts: list[Part] = []
    for order in sorted(problem.orders, key=lambda order: (order.cutoff_rank, order.priority_rank)):
        parts.extend(parts_of_order(problem, order))
    return parts


def parts_of_order(problem: BatchProblem, order: PickOrder) -> list[Part]:
    """One part where a cart can hold the order; else cut by zone, and along the walk where a cart is full."""
    zones = dict.fromkeys(line.zone for line in order.lines)
    if len(zones) <= 1:
        return _parts_in_zone(problem, order, order.lines)
    return [
        part
        for zone in zones
        for part in _parts_in_zone(problem, order, tuple(line for line in order.lines if line.zone == zone))
    ]


def _parts_in_zone(problem: BatchProblem, order: PickOrder, lines: tuple[PickLine, ...]) -> list[Part]:
    if not lines:
        return []
    cart = problem.cart
    if _fits_one_tote(lines, cart):
        picks = tuple([TotePick(line.line_id, line.spot, line.qty_each) for line in lines])
        volume_ml = sum([line.qty_each * line.each_volume_ml for line in lines])
        weight_g = sum([line.qty_each * line.each_weight_g for line in lines])
        return [Part(order, (PackedTote(picks, volume_ml, weight_g),), len(lines), lines[0].zone)]
    at = {spot: number for number, spot in enumerate(_on_the_way(problem, [line.spot for line in lines]))}
    carts = _pack(
        sorted(lines, key=lambda line: at[line.spot]),
        cart.tote_volume_ml,
        cart.tote_weight_g,
        cart.positions,
        cart.most_lines,
    )
    return [Part(order, totes, sum(len(tote.picks) for tote in totes), lines[0].zone) for totes in carts]


def _on_the_way(problem: BatchProblem, spots: Sequence[Spot]) -> Sequence[Spot]:
    """The spots in the order somebody would walk who plans nothing."""
    if isinstance(problem.layout, Walkways):
        return problem.layout.tour(problem.start, problem.end, spots, 0).sequence
    return s_shape(TourProblem(problem.layout, problem.start, problem.end, tuple(spots))).sequence


def _fits_one_tote(lines: tuple[PickLine, ...], cart: Cart) -> bool:
    return (
        (cart.most_lines is None or len(lines) <= cart.most_lines)
        and sum([line.qty_each * line.each_volume_ml for line in lines]) <= cart.tote_volume_ml
        and sum([line.qty_each * line.each_weight_g for line in lines]) <= cart.tote_weight_g
    )


@dataclass(slots=True)
class _OpenTote:
    volume_ml: int
    weight_g: int
    picks: list[TotePick]
    is_oversize: bool = False

    def packed(self) -> PackedTote:
        return PackedTote(tuple(self.picks), self.volume_ml, self.weight_g, self.is_oversize)


class _OpenCart:
    """The totes of one cart while they are filled, those that take more lines, and how many stops its list has."""

    def __init__(self) -> None:
        self.totes: list[_OpenTote] = []
        self.open: list[_OpenTote] = []
        self.picks = 0


def _pack(
    lines: Sequence[PickLine],
    tote_volume_ml: int,
    tote_weight_g: int,
    positions: int | None,
    most_lines: int | None,
) -> list[tuple[PackedTote, ...]]:
    """Totes by cart. A cart is closed when a line finds no room on it: so carts follow the walk."""
    carts = [_OpenCart()]

    def next_cart_if_full(is_new_tote: bool) -> None:
        cart = carts[-1]
        if (is_new_tote and positions is not None and len(cart.totes) == positions) or (
            most_lines is not None and cart.picks == most_lines
        ):
            carts.append(_OpenCart())

    def new_tote(line: PickLine, qty_each: int, is_oversize: bool = False) -> None:
        next_cart_if_full(True)
        carts[-1].totes.append(_OpenTote(0, 0, [], is_oversize))
        if not is_oversize:
            carts[-1].open.append(carts[-1].totes[-1])
        put(carts[-1].totes[-1], line, qty_each)

    def put(tote: _OpenTote, line: PickLine, qty_each: int) -> None:
        tote.picks.append(TotePick(line.line_id, line.spot, qty_each))
        tote.volume_ml += qty_each * line.each_volume_ml
        tote.weight_g += qty_each * line.each_weight_g
        carts[-1].picks += 1

    for line in lines:
        most_each = _most_in_a_tote(line, tote_volume_ml, tote_weight_g)
        if line.qty_each > TOTES_A_LINE * max(1, most_each):
            new_tote(line, line.qty_each, is_oversize=True)
            continue
        if most_each == 0:
            for _ in range(line.qty_each):
                new_tote(line, 1, is_oversize=True)
            continue
        full_totes, rest_each = divmod(line.qty_each, most_each)
        for _ in range(full_totes):
            new_tote(line, most_each)
        if rest_each == 0:
            continue
        most_volume_ml = tote_volume_ml - rest_each * line.each_volume_ml
        most_weight_g = tote_weight_g - rest_each * line.each_weight_g
        next_cart_if_full(False)
        for tote in carts[-1].open[-OPEN_TOTES:]:
            if tote.volume_ml <= most_volume_ml and tote.weight_g <= most_weight_g:
                put(tote, line, rest_each)
                break
        else:
            new_tote(line, rest_each)
    return [tuple(tote.packed() for tote in cart.totes) for cart in carts if cart.totes]


def _most_in_a_tote(line: PickLine, tote_volume_ml: int, tote_weight_g: int) -> int:
    by_volume = tote_volume_ml // line.each_volume_ml if line.each_volume_ml else MOST
    by_weight = tote_weight_g // line.each_weight_g if line.each_weight_g else MOST
    return min(by_volume, by_weight)
